/**
 * Programs that do the same for a long time and then go on: nothing that ends a run early may end theirs. Each family breaks out by another way, at a random time
 * before the deadline, and jumps into the ROM: a run that has no entry was ended by a false proof.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/job.ts';
import type { Scenario } from '../../src/bench/scenario-types.ts';
import { Session } from '../../src/bench/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const CHIP = 'stm32l476';
const ROM = findChip(CHIP)!.rom!.vectorTable.value;
const FLASH = 0x08000000;
const RAM = 0x20000000;
/** A second vector table: that of the flash, but for SysTick. */
const OTHER_VECTORS = 0x800;
const UNTIL = 400;
const CYCLES_PER_MS = 4000;

const SYSTICK = 0xe000e010;
const NVIC_ISER0 = 0xe000e100;
const NVIC_ISER1 = 0xe000e104;
const VTOR = 0xe000ed08;
const RCC_AHB1ENR = 0x40021048;
const RCC_AHB2ENR = 0x4002104c;
const RCC_APB1ENR1 = 0x40021058;
const RCC_BDCR = 0x40021090;
const RCC_CSR = 0x40021094;
const PWR_CR1 = 0x40007000;
const RTC = 0x40002800;
const EXTI = 0x40010400;
const TIM2 = 0x40000000;
const TIM6 = 0x40001000;
const USART2 = 0x40004400;
const DMA1_CH2 = 0x4002001c;
const DMA1_CSELR = 0x400200a8;
const GPIOA = 0x48000000;
const IWDG = 0x40003000;
const WWDG = 0x40002c00;

type Part = (t: Thumb) => unknown;
const nothing: Part = () => {};
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(1, address).constant(0, value).str(0, 1);
/** Into the ROM by its reset vector. */
const jump: Part = (t) => t.constant(3, ROM).ldr(3, 3, 4).bx(3);
const NVIC_ICER0 = 0xe000e180;
/** Nothing interrupts the ROM. */
const quiet: Part = (t) => store(store(store(t, NVIC_ICER0, 0xffffffff), NVIC_ICER0 + 4, 0xffffffff), SYSTICK, 0);
/** RAM comes up with anything in it. */
const clear: Part = (t) => t.constant(1, RAM).constant(2, 0x600).movs(0, 0).label('clear').str(0, 1).adds(1, 4).put(0x3a01).bne('clear');
/** Sets the word that the loops wait for. */
const release: Part = (t) => t.movs(0, 1).str(0, 3, 4);

/** What is waited with, for the word at RAM + 4. `asleep`: only an interrupt ends it. */
const WAITS: Record<string, { readonly asleep: boolean; readonly part: Part }> = {
  poll: { asleep: false, part: (t) => t.label('wait').ldr(0, 7, 4).cmp(0, 0).beq('wait') },
  pointer: { asleep: false, part: (t) => t.adds(7, 4).str(7, 7, 4).label('wait').ldr(0, 7, 4).ldr(0, 0).cmp(0, 0).beq('wait') },
  counts: { asleep: false, part: (t) => t.label('wait').adds(6, 1).ldr(0, 7, 4).cmp(0, 0).beq('wait') },
  masks: { asleep: false, part: (t) => t.label('wait').cpsidI().ldr(0, 7, 4).cpsieI().cmp(0, 0).beq('wait') },
  wfi: { asleep: true, part: (t) => t.label('wait').wfi().ldr(0, 7, 4).cmp(0, 0).beq('wait') },
  wfe: { asleep: true, part: (t) => t.label('wait').wfe().ldr(0, 7, 4).cmp(0, 0).beq('wait') },
};
const wait = fc.constantFrom(...Object.keys(WAITS));
const awake = fc.constantFrom(...Object.keys(WAITS).filter((name) => !WAITS[name]!.asleep));

interface Program {
  readonly setUp?: Part;
  readonly wait: Part;
  /** r2 = [RAM], which it counts; r3 = RAM. */
  readonly tick?: Part;
  readonly otherTick?: Part;
  /** Any line of the NVIC; r2 = [RAM + 0x20], which it counts; r3 = RAM. */
  readonly line?: Part;
  readonly fault?: Part;
  readonly steps?: Scenario['steps'];
  readonly until?: number;
}
/** Main jumps into the ROM behind the wait. */
function imageOf({ setUp = nothing, wait, tick, otherTick = nothing, line = nothing, fault }: Program): Uint8Array {
  const main = new Thumb(FLASH + 0x200);
  clear(main);
  main.constant(7, RAM);
  setUp(main);
  if (tick) store(store(main, SYSTICK + 4, CYCLES_PER_MS - 1), SYSTICK, 7);
  wait(main);
  quiet(main);
  jump(main);
  const counting = (at: number, word: number, each: Part): Thumb => {
    const t = new Thumb(FLASH + at).constant(3, RAM).ldr(2, 3, word).adds(2, 1).str(2, 3, word);
    each(t);
    return t.label('out').bxLr();
  };
  const image = new Uint8Array(0xa00);
  const view = new DataView(image.buffer);
  for (const [table, sysTick] of [
    [0, 0x601],
    [OTHER_VECTORS, 0x681],
  ] as const) {
    view.setUint32(table, RAM + 0x4000, true);
    for (let e = 1; e < 98; e++) {
      const handler = e === 1 ? 0x201 : e === 15 ? sysTick : e < 15 ? 0x581 : 0x701;
      view.setUint32(table + 4 * e, FLASH + handler, true);
    }
  }
  const put = (at: number, room: number, t: Thumb): void => {
    const bytes = t.bytes();
    if (bytes.length > room) throw new Error(`code at ${at.toString(16)} is too long`);
    image.set(bytes, at);
  };
  put(0x200, 0x380, main);
  const faulty = new Thumb(FLASH + 0x580);
  (fault ?? ((t: Thumb) => t.label('x').b('x')))(faulty);
  put(0x580, 0x80, faulty);
  put(0x600, 0x80, counting(0x600, 0, tick ?? nothing));
  put(0x680, 0x80, counting(0x680, 0, otherTick));
  put(0x700, 0x100, counting(0x700, 0x20, line));
  return image;
}

/** Runs it as a whole, as a repeated run, and as one without the proof of rounds: none may end before it has come to the ROM. */
function expectEntry(program: Program): void {
  const { steps = [], until = UNTIL } = program;
  const job = plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: imageOf(program) }], { steps });
  const input = jobInput(job);
  const inRom = [true, 'rom-silent', 'deadline'];
  const end = (s: Session, counterfactual: boolean): unknown[] => {
    const { outcome, reason } = s.run({ until: until * MS, counterfactual });
    const came = s.machine.history.entryCount > 0;
    // in the ROM a repeated run may end when its word is known
    return [came, outcome, came && counterfactual ? 'deadline' : reason];
  };
  const whole = new Session(input);
  whole.keepCheckpoints = false;
  const start = whole.save();
  expect(end(whole, false)).toEqual(inRom);
  whole.restore(start);
  expect(end(whole, true)).toEqual(inRom);
  whole.release();
  const plain = new Session({ ...input, withoutShortcuts: ['tick-rounds'] });
  expect(end(plain, true)).toEqual(inRom);
  plain.release();
}
const FEW = { numRuns: 3 };
/** A time in milliseconds, with room for start-up. */
const late = fc.integer({ min: 1, max: 370 });

describe('A wait beside a tick goes on when the handler, late,', () => {
  const at =
    (n: number, then: Part): Part =>
    (t) => (t.constant(1, n).cmpRegister(2, 1).bne('out'), then(t));
  const cases: Record<string, (n: number) => Pick<Program, 'setUp' | 'tick' | 'otherTick' | 'line'>> = {
    'writes the word': (n) => ({ tick: at(n, release) }),
    'names another vector table': (n) => ({ tick: at(n, (t) => store(t, VTOR, FLASH + OTHER_VECTORS)), otherTick: release }),
    'comes to an entry of a list that is not 0': (n) => ({
      setUp: (t) => store(t, RAM + 0x1000 + 4 * n, 1),
      tick: (t) =>
        t
          .lsls(0, 2, 2)
          .constant(1, RAM + 0x1000)
          .add(1, 1, 0)
          .ldr(0, 1)
          .cmp(0, 0)
          .beq('out')
          .str(0, 3, 4),
    }),
    'has walked a chain to its end': (n) => ({
      // [p] = p + 4, but for the last, which is the word itself less 4
      setUp: (t) => {
        t.constant(1, RAM + 0x1000)
          .str(1, 7, 12)
          .constant(2, n)
          .label('link')
          .movs(0, 4)
          .add(0, 1, 0)
          .str(0, 1)
          .adds(1, 4);
        t.put(0x3a01)
          .bne('link')
          .constant(0, RAM + 4)
          .str(0, 1);
      },
      tick: (t) =>
        t
          .ldr(0, 3, 12)
          .ldr(0, 0)
          .cmp(0, 0)
          .beq('out')
          .str(0, 3, 12)
          .constant(1, RAM + 4)
          .cmpRegister(0, 1)
          .bne('out')
          .str(1, 3, 4),
    }),
    'starts a timer whose interrupt writes the word': (n) => ({
      setUp: (t) => store(store(store(t, RCC_APB1ENR1, 1 << 4), TIM6 + 0x2c, 7999), NVIC_ISER1, 1 << (54 - 32)),
      tick: at(n, (t) => store(store(t, TIM6 + 12, 1), TIM6, 1)),
      line: (t) => release(store(t, TIM6 + 16, 0)),
    }),
    'lets another interrupt in': (n) => ({
      setUp: (t) => store(store(t, RCC_APB1ENR1, 1 << 17), USART2, 0x89),
      tick: at(n, (t) => store(t, NVIC_ISER1, 1 << (38 - 32))),
      line: (t) => release(store(t, USART2, 0)),
    }),
    'sends itself elsewhere by the frame': (n) => ({
      // the stacked PC becomes a jump into the ROM, thread code of its own
      tick: at(n, (t) =>
        t
          .constant(0, FLASH + 0x6c0)
          .movFromSp(1)
          .str(0, 1, 24),
      ),
      otherTick: (t) => jump(t.put(...Array<number>(0x20 - t.length).fill(0xbf00))),
    }),
  };
  it.each(Object.keys(cases))('%s', (name) => {
    fc.assert(
      fc.property(late, wait, (n, how) => expectEntry({ wait: WAITS[how]!.part, tick: nothing, ...cases[name]!(n) })),
      FEW,
    );
  });
});

describe('A wait goes on when', () => {
  const timer = (t: Thumb, base: number, line: number, ms: number): void => {
    store(t, RCC_APB1ENR1, base === TIM2 ? 1 : 1 << 4);
    store(store(t, base + 0x28, CYCLES_PER_MS - 1), base + 0x2c, ms);
    // loads the prescaler, which raises UIF
    store(store(t, base + 0x14, 1), base + 0x10, 0);
    if (line > 0) store(store(t, NVIC_ISER0 + 4 * (line >>> 5), 1 << (line & 31)), base + 12, 1);
    store(t, base, 1);
  };
  /** ARR = 0 would stop it. */
  const eachMs = (t: Thumb, base: number): Thumb =>
    store(store(store(t, base + 0x28, CYCLES_PER_MS / 2 - 1), base + 0x2c, 1), base + 0x14, 1);
  it('a timer interrupts', () => {
    fc.assert(
      fc.property(late, wait, fc.boolean(), (n, how, two) =>
        expectEntry({
          wait: WAITS[how]!.part,
          setUp: (t) => timer(t, two ? TIM2 : TIM6, two ? 28 : 54, n),
          line: (t) => release(store(t, (two ? TIM2 : TIM6) + 16, 0)),
        }),
      ),
      FEW,
    );
  });
  it('a timer has interrupted often enough', () => {
    fc.assert(
      fc.property(late, wait, (n, how) =>
        expectEntry({
          wait: WAITS[how]!.part,
          setUp: (t) => {
            timer(t, TIM6, 54, 1);
            eachMs(t, TIM6);
          },
          line: (t) =>
            release(
              store(t, TIM6 + 16, 0)
                .constant(1, n)
                .cmpRegister(2, 1)
                .bne('out'),
            ),
        }),
      ),
      FEW,
    );
  });
  it('a flag of a timer rises that it polls', () => {
    const polls: Part = (t) => t.constant(1, TIM6).label('wait').ldr(0, 1, 16).cmp(0, 0).beq('wait');
    fc.assert(
      fc.property(late, (n) => expectEntry({ wait: polls, setUp: (t) => timer(t, TIM6, 0, n) })),
      FEW,
    );
  });
  it('DMA writes the word at a request of a timer', () => {
    fc.assert(
      fc.property(late, awake, (n, how) =>
        expectEntry({
          wait: WAITS[how]!.part,
          setUp: (t) => {
            store(store(t, RAM + 0x1000 + 4 * n, 1), RCC_AHB1ENR, 0x101);
            store(store(store(t, DMA1_CSELR, 4 << 4), DMA1_CH2 + 4, 0x400), DMA1_CH2 + 8, RAM + 4);
            store(store(t, DMA1_CH2 + 12, RAM + 0x1000), DMA1_CH2, 0xa91);
            timer(t, TIM2, 0, 1);
            eachMs(t, TIM2);
            store(t, TIM2 + 12, 1 << 8);
          },
        }),
      ),
      FEW,
    );
  });
  it("RTC's wake-up timer has run down", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 340 }), wait, (n, how) =>
        expectEntry({
          wait: WAITS[how]!.part,
          setUp: (t) => {
            store(store(store(t, RCC_APB1ENR1, 1 << 28), PWR_CR1, 0x100), RCC_CSR, 1);
            t.label('lsi').ldr(0, 1).lsrs(0, 0, 2).put(0xd3fc);
            store(store(store(t, RCC_BDCR, 0x8200), RTC + 0x24, 0xca), RTC + 0x24, 0x53);
            t.constant(1, RTC).label('wutwf').ldr(0, 1, 12).lsrs(0, 0, 3).put(0xd3fc);
            // 32 kHz / 16
            store(store(t, RTC + 0x14, 2 * n), RTC + 8, 0x4400);
            store(store(store(t, EXTI, 1 << 20), EXTI + 8, 1 << 20), NVIC_ISER0, 1 << 3);
          },
          line: (t) => release(store(store(t, RTC + 12, 0), EXTI + 0x14, 1 << 20)),
        }),
      ),
      FEW,
    );
  });
  it('a step of the scenario comes', () => {
    const polls: Part = (t) => t.constant(1, GPIOA).label('wait').ldr(0, 1, 16).lsrs(0, 0, 1).put(0xd3fc);
    const setUp: Part = (t) => store(store(t, RCC_AHB2ENR, 1), GPIOA, 0xabfffffc);
    fc.assert(
      fc.property(late, (n) => expectEntry({ setUp, wait: polls, steps: [{ at: `${n}ms`, do: { pin: { name: 'PA0', level: 1 } } }] })),
      FEW,
    );
  });
});

describe('A wait that a watchdog ends', () => {
  /** Behind the watchdog's reset it jumps. */
  const unless =
    (bit: number, start: Part): Part =>
    (t) => {
      t.constant(1, RCC_CSR)
        .ldr(0, 1)
        .lsrs(0, 0, bit + 1)
        .put(0xd300);
      t.b('go');
      start(t);
    };
  const go =
    (part: Part): Part =>
    (t) => (part(t), t.label('go'));
  const iwdg = (ms: number): Part =>
    unless(29, (t) => {
      store(store(store(t, IWDG, 0xcccc), IWDG, 0x5555), IWDG + 8, 8 * ms);
      t.constant(1, IWDG).label('busy').ldr(0, 1, 12).cmp(0, 0).bne('busy').constant(0, 0xaaaa).str(0, 1);
    });
  const wwdg = (count: number): Part =>
    unless(30, (t) => {
      store(store(store(t, RCC_APB1ENR1, 1 << 11), WWDG + 4, 0x1ff), WWDG, 0xc0 | count);
    });
  const hangs = fc.constantFrom<Part>(
    (t) => t.label('x').b('x'),
    (t) => t.label('x').wfi().b('x'),
    (t) => t.cpsidI().label('x').wfi().b('x'),
    // into HardFault, whose handler is a loop
    (t) => t.put(0xde00).label('x').b('x'),
    // the handler's own fault locks it up
    (t) => t.put(0xde00, 0xde00),
  );
  it('goes on behind a reset by IWDG', () => {
    fc.assert(
      fc.property(late, hangs, fc.boolean(), (n, part, locks) =>
        expectEntry({ setUp: iwdg(n), wait: go(part), ...(locks && { fault: (t: Thumb) => t.put(0xde00) }) }),
      ),
      { numRuns: 10 },
    );
  });
  it('goes on behind a reset by WWDG', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), hangs, fc.boolean(), (n, part, locks) =>
        expectEntry({ setUp: wwdg(n), wait: go(part), ...(locks && { fault: (t: Thumb) => t.put(0xde00) }) }),
      ),
      { numRuns: 10 },
    );
  });
});
