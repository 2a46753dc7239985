/** What the scenario gave and the program read is no wait for what never comes: the report says what was read, where, and which branch went by it last. */
import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/bench/documents/scenario-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, AHB1ENR, APB1ENR, USART3, GPIOB, GPIOC_IDR] = [0x1fff0000, 0x40023830, 0x40023840, 0x40004800, 0x40020400, 0x40020810];
const LINE = 39;
type Result = ReturnType<typeof runBench>;
const run = (t: Thumb, steps: readonly Step[], handler: number | null = null): Result => {
  const [image] = bareImage(t);
  if (handler !== null) new DataView(image!.bytes.buffer).setUint32(4 * (16 + LINE), handler + 1, true);
  const job = plainJob('stm32f405rg', [image!]);
  return runBench(jobInput({ ...job, scenario: { ...job.scenario, steps, until: '60ms' } }));
};
const received = ({ notes }: Result): string[] => notes.filter(({ kind }) => kind === 'received').map(({ text }) => String(text));
const sends = (text: string): Step[] => [{ at: '5ms', do: { uart: { port: 'USART3', text } } }];
/** USART3 on PB10 and PB11, 115,200 baud of 16 MHz; R4 is its base. */
const opens = (t: Thumb, cr1 = 0x200c): Thumb =>
  t
    .constant(0, AHB1ENR)
    .movs(1, 2)
    .str(1, 0)
    .constant(0, APB1ENR)
    .constant(1, 0x40000)
    .str(1, 0)
    .constant(0, GPIOB)
    .constant(1, 0xa00280)
    .str(1, 0)
    .constant(1, 0x7700)
    .str(1, 0, 0x24)
    .constant(4, USART3)
    .movs(1, 0x8b)
    .str(1, 4, 8)
    .constant(1, cr1)
    .str(1, 4, 12);
const jumps = (t: Thumb): Thumb => t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);

describe('a program that polls for bytes', () => {
  /** Jumps at this byte; null: it takes each, and asks for none. */
  const polls = (byte: number | null): Thumb => {
    const t = opens(new Thumb(MAIN)).label('wait').ldr(0, 4).movs(1, 0x20).tst(0, 1).beq('wait').ldr(5, 4, 4);
    if (byte === null) return t.movs(5, 0).b('wait');
    return jumps(t.cmp(5, byte).bne('wait'));
  };
  it('and refuses those that come', () => {
    const result = run(polls(0x44), sends('ab\r'));
    expect([result.outcome, received(result)]).toEqual([
      'stuck',
      [
        expect.stringMatching(
          /^USART3 got "ab\\r" \(read at 0x0800\w+\), and no jump came of it: the test at 0x0800\w+ compared 0x0d with 0x44; the other way, the outcome is dfu$/,
        ),
      ],
    ]);
    expect(result.summary).toContain('which reads USART3.SR, and never jumps');
    const report = terminalReport(result).replace(/\s+/g, ' ');
    expect(report).toContain('the firmware read what came at USART3, does not jump, and waits for more');
    expect(report).not.toMatch(/never comes|nothing triggered|add to a scenario/);
  });
  it('and asks for none of them', () => {
    expect(received(run(polls(null), sends('\u0001z')))).toEqual([
      expect.stringMatching(/^USART3 got 01 7a \(read at .*\), and no jump came of it: no branch went by it$/),
    ]);
  });
  it('and jumps at the one that comes', () => {
    const result = run(polls(0x44), sends('D'));
    expect(result.entries).toHaveLength(1);
    expect(received(result)).toEqual([]);
  });
  it('and takes one that decides, behind which it switches the port off: the next byte is lost, and that is no reason', () => {
    const t = opens(new Thumb(MAIN)).label('wait').ldr(0, 4).movs(1, 0x20).tst(0, 1).beq('wait').ldr(5, 4, 4).cmp(5, 0x0d).bne('wait');
    const result = run(
      jumps(t.movs(0, 0).str(0, 4, 12).constant(6, GPIOB).movs(1, 1).label('rest').ldr(0, 6, 0x10).tst(0, 1).beq('rest')),
      sends('\r\n'),
    );
    expect(result.notes.filter(({ kind }) => kind === 'input').map(({ text }) => text)).toEqual([
      'USART3: the byte 0x0a is lost: the receiver was switched off while it came',
    ]);
    expect(terminalReport(result).replace(/\s+/g, ' ')).toMatch(/Why USART3 got "\\r" \(read at/);
  });
  it('and does not listen to the first one: that it is lost is the reason', () => {
    const t = opens(new Thumb(MAIN), 0x2008)
      .label('wait')
      .ldr(0, 4)
      .movs(1, 0x20)
      .tst(0, 1)
      .beq('wait')
      .ldr(5, 4, 4)
      .cmp(5, 0x0d)
      .bne('wait');
    expect(terminalReport(run(jumps(t), sends('\r'))).replace(/\s+/g, ' ')).toMatch(
      /Why USART3: the byte 0x0d is lost: the receiver is off/,
    );
  });
  it('and gets none', () => {
    const result = run(polls(0x44), []);
    expect(received(result)).toEqual([]);
    expect(terminalReport(result)).toContain('only something from outside could change what the firmware does');
  });
});

it('a handler that stores the byte, which the main loop then compares', () => {
  const t = new Thumb(MAIN)
    .b('main')
    .put(0xbf00)
    .label('handler')
    .constant(0, USART3)
    .ldr(1, 0, 4)
    .constant(0, 0x20000040)
    .str(1, 0)
    .bxLr();
  t.label('main').constant(6, 0x20000040).movs(1, 0).str(1, 6);
  opens(t, 0x202c).constant(0, 0xe000e104).movs(1, 1 << (LINE - 32)).str(1, 0); // prettier-ignore
  jumps(t.label('wait').ldr(1, 6).cmp(1, 0x44).bne('wait'));
  expect(received(run(t, sends('x'), MAIN + 4))).toEqual([
    expect.stringMatching(
      /^USART3 got "x" \(read at .*, in the handler of interrupt 39 \(USART3\)\), .* compared 0x78 with 0x44, from 0x20000040, which 0x0800\w+ had stored there; the other way, the outcome is dfu$/,
    ),
  ]);
});

describe('a pin that is moved and let go of', () => {
  const moves: Step[] = [
    { at: '2ms', do: { pin: { name: 'PC13', level: 0 } } },
    { at: '9ms', do: { pin: { name: 'PC13', level: 1 } } },
  ];
  /** Looks at PC13 all the time, and jumps where these bits of the port are 0. */
  const looks = (mask: number): Thumb => {
    const t = new Thumb(MAIN).constant(0, AHB1ENR).movs(1, 4).str(1, 0).constant(4, GPIOC_IDR).constant(5, mask).movs(6, 0);
    return jumps(t.label('wait').put(0x3601).ldr(1, 4).tst(1, 5).bne('wait'));
  };
  it('is read as what it was in between', () => {
    const t = new Thumb(MAIN).constant(0, AHB1ENR).movs(1, 4).str(1, 0).constant(4, GPIOC_IDR).movs(6, 0);
    const result = run(t.label('wait').put(0x3601).ldr(1, 4).movs(1, 0).b('wait'), moves);
    expect(received(result)).toEqual([expect.stringMatching(/^PC13 was 0 \(read at .*\), and no jump came of it: no branch went by it$/)]);
  });
  it('has a branch that goes by one bit of it, which no instruction compares', () => {
    const t = new Thumb(MAIN)
      .constant(0, AHB1ENR)
      .movs(1, 4)
      .str(1, 0)
      .constant(4, GPIOC_IDR)
      .constant(5, 1 << 13)
      .movs(6, 0);
    t.label('wait').put(0x3601).ldr(1, 4).ands(1, 5);
    const branch = (MAIN + 2 * t.length).toString(16);
    const result = run(t.bne('up').movs(2, 1).label('up').movs(1, 0).b('wait'), moves);
    expect(received(result)).toEqual([expect.stringMatching(new RegExp(`: the last branch that went by it is at 0x0${branch}$`))]);
  });
  it('is told as one that nothing looked at, and who did before', () => {
    const looksOnce = (t: Thumb): Thumb =>
      t.constant(0, AHB1ENR).movs(1, 4).str(1, 0).constant(4, GPIOC_IDR).ldr(1, 4).label('on').adds(5, 1).b('on');
    expect(received(run(looksOnce(new Thumb(MAIN)), moves))).toEqual([
      expect.stringMatching(
        /^PC13 was 0 from 2 ms to 9 ms, and nothing looked at it in that time: GPIOC.IDR was read last at 0x0800\w+, at 0\.\d+ ms$/,
      ),
    ]);
    const never = (t: Thumb): Thumb => t.label('on').adds(5, 1).b('on');
    expect(received(run(never(new Thumb(MAIN)), moves.slice(0, 1)))).toEqual([
      'PC13 was 0 from 2 ms on, and nothing looked at it in that time: GPIOC.IDR was never read',
    ]);
  });
  it('is no word where an interrupt looks at it', () => {
    const t = new Thumb(MAIN).constant(0, 0x40023844).constant(1, 0x4000).str(1, 0).constant(0, 0x40013814).movs(1, 0x20).str(1, 0);
    t.constant(0, 0x40013c00).constant(1, 0x2000).str(1, 0).str(1, 0, 12).label('on').adds(5, 1).b('on');
    expect(received(run(t, moves.slice(0, 1)))).toEqual([]);
  });
  it('is no word where the jump comes', () => {
    const result = run(looks(1 << 13), moves);
    expect([result.entries.length, received(result)]).toEqual([1, []]);
  });
});

describe('the test that keeps a program from the jump', () => {
  const MODE = 0x20000040;
  /** Each byte makes the mode 1 or 3; the main loop goes by the mode. */
  const moded = (byte: number, asks: (t: Thumb) => Thumb): Thumb => {
    const t = opens(new Thumb(MAIN)).constant(6, MODE).movs(1, 0).str(1, 6);
    t.label('wait').ldr(0, 4).movs(1, 0x20).tst(0, 1).beq('mode').ldr(5, 4, 4).movs(1, byte).str(1, 6);
    return jumps(asks(t.label('mode').ldr(1, 6)));
  };
  it('is that of a switch, with the value that leads on', () => {
    const t = moded(1, (asks) => asks.cmp(1, 1).beq('wait').cmp(1, 2).bne('wait'));
    expect(received(run(t, sends('u')))).toEqual([
      expect.stringMatching(
        /: the test at 0x\w+ compared 0x01 with 0x01, from 0x20000040, which 0x\w+ had stored there; with 0x02 there, the outcome is dfu$/,
      ),
    ]);
  });
  it('is that of one bit', () => {
    // BMI over the branch back
    const t = moded(2, (asks) => asks.lsls(1, 1, 31).put(0xd400).b('wait'));
    expect(received(run(t, sends('u')))).toEqual([
      expect.stringMatching(/ found bit 0 of 0x02 clear, .*; the other way, the outcome is dfu$/),
    ]);
  });
  it('is the one behind an answer, which says nothing itself', () => {
    // 0 or 1 is answered by branches, and the last one asks that
    const t = moded(7, (asks) => asks.movs(2, 0).cmp(1, 5).bne('no').movs(2, 1).label('no').cmp(2, 0).beq('wait'));
    expect(received(run(t, sends('u')))).toEqual([
      expect.stringMatching(/: the test at 0x\w+ compared 0x07 with 0x05, from 0x20000040, .*; the other way, the outcome is dfu$/),
    ]);
  });
  it('is none that was so before anything came', () => {
    const t = moded(0, (asks) => asks.cmp(1, 0).beq('wait'));
    expect(received(run(t, sends('u')))).toEqual([expect.stringMatching(/: (the last|no) branch /)]);
  });
  it('is told of a request that was found behind the reset, too', () => {
    const [REQUEST, MAGIC] = [0x20000100, 0xb007a11e];
    const t = new Thumb(MAIN)
      .movs(3, 200)
      .movs(0, 1)
      .label('set-up')
      .subs(3, 3, 0)
      .bne('set-up')
      .constant(6, REQUEST)
      .constant(2, MAGIC)
      .ldr(1, 6)
      .cmpRegister(1, 2)
      .bne('ask');
    t.ldr(0, 6, 4)
      .adds(0, 1)
      .str(0, 6, 4)
      .cmp(0, 1)
      .bcc('jump')
      .constant(1, AHB1ENR)
      .movs(2, 4)
      .str(2, 1)
      .constant(1, GPIOC_IDR)
      .movs(2, 1);
    t.label('rest').ldr(0, 1).tst(0, 2).beq('rest').b('rest');
    t.label('ask').str(2, 6).movs(0, 0).str(0, 6, 4).constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('stay').b('stay');
    const result = run(jumps(t.label('jump')), []);
    const [test] = result.notes.filter(({ kind }) => kind === 'failed-test');
    expect(test?.text).toMatch(
      /^the test at 0x\w+ compared 0x01 with 0x01, made of 0x00, from 0x20000104, .*; the other way, the outcome is dfu$/,
    );
    expect(terminalReport(result).replace(/\s+/g, ' ')).toContain('but did not jump into the ROM: the test at 0x');
  });
});
