/** What is said of a loop in which firmware ends: what it reads, and who called it. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { CallFrame } from '../../src/bench/session/call-chain.ts';
import { framesOfLoop } from '../../src/bench/slice/words.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { namedImage } from './named-image.ts';
import { plainJob } from './plain-job.ts';

const [HANDLER, FLAGS] = [MAIN + 0xc0, 0x20000040];
const SVC = 0xdf00;

/** `main`, and the handler of SVCall, which never returns. */
function told(main: Thumb) {
  const { bytes } = bareImage(main)[0]!;
  const handler = new Thumb(HANDLER).label('ends').b('ends').bytes();
  bytes.set(handler, HANDLER - FLASH);
  new DataView(bytes.buffer).setUint32(4 * 11, HANDLER + 1, true);
  const images = namedImage(bytes, [
    { name: 'main', address: MAIN, size: main.bytes().length },
    { name: 'SVC_Handler', address: HANDLER, size: handler.length },
  ]);
  const { stuck, notes } = runBench(jobInput(plainJob('stm32f405rg', images)));
  const callers = notes.flatMap(({ about }) => (about?.is === 'loop' ? about.callers.map(({ text }) => text) : []));
  return { stuck, callers };
}
/** Sets two bytes next to each other, and looks at the second for as long as it is 1. */
const flags = (t: Thumb): Thumb => t.constant(4, FLAGS).movs(0, 0x5a).strb(0, 4).movs(0, 1).strb(0, 4, 1);
const looksAt = (t: Thumb): Thumb => t.put(0x7861).cmp(1, 1);

it('a loop reads a byte: what lies beside it is none of its value', () => {
  const { stuck } = told(
    looksAt(flags(new Thumb(MAIN)).label('wait'))
      .beq('wait')
      .label('end')
      .b('end'),
  );
  expect(stuck).toMatchObject({ address: '0x20000041', value: '0x00000001' });
});
it('what a loop calls has not called it', () => {
  const frame = (name: string, line: number): CallFrame => ({
    ...{ function: name, file: 'main.c', line, pc: FLASH + line, sp: 0, inlined: false, exception: null },
  });
  const [looks, main, reset] = [frame('looks', 3), frame('main', 9), frame('Reset_Handler', 20)] as const;
  const names = (...given: Parameters<typeof framesOfLoop>): string[] => framesOfLoop(...given).map((f) => f.name);
  expect(names('main', [looks, main, reset], [])).toEqual(['main', 'Reset_Handler']);
  expect(names('looks', [looks, main, reset], [])).toEqual(['looks', 'main', 'Reset_Handler']);
  expect(names('main', [looks], [looks, main, reset])).toEqual(['main', 'Reset_Handler']);
  expect(names('main', [{ ...looks, inlined: true }, main, reset], [])).toEqual(['looks', 'main', 'Reset_Handler']);
});
it('nobody has called the handler of an exception: it interrupted a function', () => {
  expect(told(new Thumb(MAIN).put(SVC).label('end').b('end')).callers).toEqual(['an exception in main+0x2']);
});
