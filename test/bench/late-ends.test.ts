/**
 * Programs that do the same for a long time and then go on: nothing that ends a run early may end theirs. Each family breaks out by another way, at a random time
 * before the deadline, and jumps into the ROM: a run that has no entry was ended by a false proof.
 */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Thumb } from '../emu/thumb.ts';
import {
  FLASH,
  RAM,
  OTHER_VECTORS,
  CYCLES_PER_MS,
  NVIC_ISER0,
  NVIC_ISER1,
  VTOR,
  RCC_AHB1ENR,
  RCC_AHB2ENR,
  RCC_APB1ENR1,
  RCC_BDCR,
  RCC_CSR,
  PWR_CR1,
  RTC,
  EXTI,
  TIM2,
  TIM6,
  USART2,
  DMA1_CH2,
  DMA1_CSELR,
  GPIOA,
  IWDG,
  WWDG,
  nothing,
  store,
  jump,
  release,
  WAITS,
  wait,
  awake,
  expectEntry,
  FEW,
  late,
  type Part,
  type Program,
} from './late-program.ts';

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
      { numRuns: 3 * FEW.numRuns },
    );
  });
  it('goes on behind a reset by WWDG', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), hangs, fc.boolean(), (n, part, locks) =>
        expectEntry({ setUp: wwdg(n), wait: go(part), ...(locks && { fault: (t: Thumb) => t.put(0xde00) }) }),
      ),
      { numRuns: 3 * FEW.numRuns },
    );
  });
});
