/** A function waits for a bit of a port's status that its caller names: of what only sends, no byte is awaited. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { namedImage } from './named-image.ts';
import { plainJob } from './plain-job.ts';

const [APB1ENR, USART2] = [0x40023840, 0x40004400];
const [CR1, DR] = [0x0c, 4];
const UE_TE_RE = 0x200c;
const [TXE, RXNE] = [0x80, 0x20];
/** Where the functions lie: each calls the next one. */
const [CALLER, WAIT, END] = [MAIN + 0x60, MAIN + 0xa0, MAIN + 0xc0];

/** BL to a function behind it. */
function call(t: Thumb, to: number): Thumb {
  const distance = to - (MAIN + 2 * t.length + 4);
  return t.put(0xf000 | (distance >>> 12), 0xf800 | ((distance >>> 1) & 0x7ff));
}
function upTo(t: Thumb, address: number): Thumb {
  while (MAIN + 2 * t.length < address) t.put(0xbf00);
  return t;
}
/** The caller waits for this bit and then has to do with the data register. */
function reads(bit: number, withData: (t: Thumb) => Thumb): readonly string[] {
  const t = new Thumb(MAIN)
    .constant(0, APB1ENR)
    .constant(1, 2 ** 17)
    .str(1, 0)
    .constant(0, USART2)
    .constant(1, UE_TE_RE)
    .str(1, 0, CR1);
  upTo(call(t.label('again'), CALLER).b('again'), CALLER);
  const caller = call(t.push(0, true).movs(1, bit), WAIT);
  upTo(withData(caller).pop(0, true), WAIT);
  upTo(t.label('wait').ldr(3, 0).tst(3, 1).beq('wait').bxLr(), END);
  const images = namedImage(bareImage(t)[0]!.bytes, [
    { name: 'main', address: MAIN, size: CALLER - MAIN },
    { name: 'caller', address: CALLER, size: WAIT - CALLER },
    { name: 'wait_for', address: WAIT, size: END - WAIT },
  ]);
  const job = plainJob('stm32f405rg', images);
  const { notes } = runBench(jobInput({ ...job, scenario: { ...job.scenario, until: '100ms' } }));
  return notes.flatMap(({ text }) => (/USART2/.test(text) ? [text] : []));
}

describe('a status whose bit is an argument', () => {
  it('of a function that only sends is no input', () => {
    expect(reads(TXE, (t) => t.str(2, 0, DR))).toEqual([]);
  });
  it('of one that reads what was received is one', () => {
    expect(reads(RXNE, (t) => t.ldr(2, 0, DR))[0]).toMatch(/^reads USART2\.SR,? /);
  });
});
