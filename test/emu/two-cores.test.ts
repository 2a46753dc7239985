/** Cortex-M7 and Cortex-M4 of the STM32H745 on one timeline: boot, turns, semaphores, events, sleep, resets, checkpoints. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { Core } from '../../src/emu/core/core.ts';
import { S } from '../../src/emu/core/state.ts';
import { Machine } from '../../src/emu/machine.ts';
import { MS, US } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { countSkipped } from './skipped.ts';
import { Thumb } from './thumb.ts';

const CM7 = 0x08000000;
const CM4 = 0x08100000;
const AXI = 0x24000000;
const SRAM4 = 0x38000000;
const AHB4ENR = 0x580244e0;
const GCR = 0x580244a0;
const HSEM = 0x58026400;
const HSEMEN = 1 << 25;
type Code = (t: Thumb) => Thumb;
const forever: Code = (t) => t.label('end').b('end');
const CODE = 0x400;

interface Options {
  readonly m4?: Code | null;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly chip?: ChipDescription;
  readonly seed?: number;
  /** Vectors by exception number, for each core. */
  readonly handlers?: Readonly<Record<number, Code>>;
}
function start(m7: Code, { m4 = forever, parameters = {}, chip = STM32H745XI, seed = 1, handlers = {} }: Options = {}): Machine {
  const m = new Machine({ chip, models: MODELS, parameters, seed });
  m.eraseNonVolatile();
  const place = (base: number, code: Code, sp: number): void => {
    m.load(base + CODE, code(new Thumb(base + CODE)).bytes());
    const table = new Uint8Array(CODE);
    const view = new DataView(table.buffer);
    view.setUint32(0, sp, true);
    view.setUint32(4, (base + CODE) | 1, true);
    for (const [n, handler] of Object.entries(handlers)) {
      const at = base + 0x800 + 0x100 * Object.keys(handlers).indexOf(n);
      view.setUint32(4 * Number(n), at | 1, true);
      m.load(at, handler(new Thumb(at)).bytes());
    }
    m.load(base, table);
  };
  place(CM7, m7, 0x20001000);
  if (m4) place(CM4, m4, 0x30001000);
  m.powerOn();
  return m;
}
const word = (m: Machine, address: number): number => m.system.read(address, 4);
/** Counts up in a word for ever. */
const count =
  (address: number): Code =>
  (t) =>
    t.constant(0, address).movs(1, 0).str(1, 0).label('on').adds(1, 1).str(1, 0).b('on');
/** Writes a mark. */
const mark = (t: Thumb, address: number, value: number): Thumb => t.constant(6, address).movs(7, value).str(7, 6);

describe('boot', () => {
  it('each core starts at its own address, CM4 in bank 2', () => {
    const m = start((t) => forever(mark(t, AXI, 7)), { m4: (t) => forever(mark(t, SRAM4, 4)) });
    m.run(20 * US);
    expect([word(m, AXI), word(m, SRAM4)]).toEqual([7, 4]);
  });
  it('BOOT0 high takes the second address of each core', () => {
    const m = start(forever, { parameters: { 'boot0.level': 1, 'option.BOOT_CM7_ADD1': 0x0810, 'option.BOOT_CM4_ADD1': 0x0800 } });
    expect(m.cores.map((c) => c.pc)).toEqual([CM4 + CODE, CM7 + CODE]);
  });
  it('BOOT_CM7_ADD0 = 0x1FF0 starts the ROM', () => {
    const m = start(forever, { parameters: { 'option.BOOT_CM7_ADD0': 0x1ff0 } });
    expect(m.bootVectors()).toBe(0x1ff09800);
  });
  it('without code at its address CM4 locks up at once, costs nothing, and CM7 goes on', () => {
    const m = start(count(AXI), { m4: null });
    m.run(1 * MS);
    expect(m.state.lockups[1]).not.toBeNull();
    expect(m.state.lockup).toBeNull();
    expect(m.cores[1]!.retired()).toBe(0);
    expect(word(m, AXI)).toBeGreaterThan(1000);
  });
  it('the TCMs are the CM7’s alone: CM4 gets a bus fault there', () => {
    const m = start((t) => forever(mark(t, 0x20000000, 7)), {
      m4: (t) => mark(t, SRAM4, 1).constant(0, 0x20000000).ldr(1, 0) && forever(mark(t, SRAM4, 2)),
    });
    m.run(50 * US);
    expect(word(m, 0x20000000)).toBe(7);
    expect(word(m, SRAM4)).toBe(1);
    expect(m.state.lockups[1]).not.toBeNull();
  });
  it('SRAM1 appears at 0x10000000 too', () => {
    const m = start(forever, { m4: (t) => forever(mark(t, 0x10000040, 9)) });
    m.run(20 * US);
    expect(word(m, 0x30000040)).toBe(9);
  });
});

describe('BCM4 = 0', () => {
  const options = { parameters: { 'option.BCM4': 0 }, m4: (t: Thumb) => forever(mark(t, SRAM4, 4)) };
  it('holds CM4 until RCC_GCR.BOOT_C2 is set', () => {
    const m = start((t) => forever(mark(t, AXI, 1).constant(0, GCR).movs(1, 8).str(1, 0)), options);
    m.system.write(SRAM4, 4, 0);
    expect(m.state.booted).toEqual([true, false]);
    m.run(100 * US);
    expect(m.state.booted[1]).toBe(true);
    expect(word(m, SRAM4)).toBe(4);
  });
  it('never starts it otherwise, and holds it again after a reset', () => {
    const m = start(forever, options);
    m.system.write(SRAM4, 4, 0);
    m.run(1 * MS);
    expect(word(m, SRAM4)).toBe(0);
    m.system.write(GCR, 4, 8);
    m.run(2 * MS);
    expect(word(m, SRAM4)).toBe(4);
    m.askReset('pin', m.cores[0]!, true);
    m.run(m.now + 1 * MS);
    expect(m.state.booted[1]).toBe(false);
  });
});

describe('turns', () => {
  const withQuantum = (cycles: number): ChipDescription => ({ ...STM32H745XI, quantum: { clock: 'hclk', cycles } });
  const state = (m: Machine): unknown =>
    m.cores.map((c) => ({ cycles: c.cycles(), retired: c.retired(), pc: c.pc, r: [...c.stateWords().slice(S.R >> 2, S.R15 >> 2)] }));

  it('independent programs do the same whatever the quantum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 2000 }), fc.integer({ min: 8, max: 2000 }), fc.integer({ min: 20, max: 400 }), (a, b, us) => {
        const [x, y] = [a, b].map((q) => {
          const m = start(count(AXI), { m4: count(SRAM4), chip: withQuantum(q) });
          m.run(us * US);
          return [state(m), word(m, AXI), word(m, SRAM4)];
        });
        expect(x).toEqual(y);
      }),
      { numRuns: 12 },
    );
  });
  it('neither core gets ahead of the other by more than a quantum and an instruction', () => {
    const m = start(count(AXI), { m4: count(SRAM4) });
    for (let i = 1; i < 40; i++) {
      m.run(i * 7 * US);
      const [a, b] = m.cores.map((c) => c.now());
      expect(Math.abs(a! - b!)).toBeLessThan(8.2 * US);
    }
  });
  it('two runs are equal, and one that is saved and restored on the way goes on alike', () => {
    const run = (save: boolean): unknown => {
      const m = start(count(AXI), { m4: count(SRAM4) });
      m.run(100 * US);
      if (save) {
        const c = m.save();
        m.run(300 * US);
        m.restore(c);
      }
      m.run(200 * US);
      return [state(m), word(m, AXI), word(m, SRAM4)];
    };
    expect(run(false)).toEqual(run(false));
    expect(run(true)).toEqual(run(false));
  });
  it('loops of both cores are skipped to the next event, with the same result as without', () => {
    // SysTick of CM7 every 50,000 cycles counts in AXI SRAM; both cores do nothing else.
    const m7: Code = (t) =>
      t
        .constant(0, AXI)
        .movs(1, 0)
        .str(1, 0)
        .constant(0, 0xe000e010)
        .constant(1, 49999)
        .str(1, 0, 4)
        .str(1, 0, 8)
        .movs(1, 7)
        .str(1, 0)
        .label('idle')
        .b('idle');
    const tick: Code = (t) => t.constant(0, AXI).ldr(1, 0).adds(1, 1).str(1, 0).bxLr();
    const poll: Code = (t) => t.constant(0, SRAM4).movs(1, 0).str(1, 0).label('on').ldr(1, 0).cmp(1, 1).bne('on');
    const result = (skipping: boolean): unknown => {
      const m = start(m7, { m4: (t) => forever(mark(poll(t), SRAM4 + 4, 9)), handlers: { 15: tick } });
      m.skipping = skipping;
      m.run(10 * MS);
      m.system.write(SRAM4, 4, 1);
      m.run(11 * MS);
      return [state(m), word(m, AXI), word(m, SRAM4 + 4)];
    };
    const skipped = result(true);
    expect(skipped).toEqual(result(false));
    expect((skipped as number[]).slice(1)).toEqual([14, 9]);
  });
  it('code that one core writes is what the other executes next', () => {
    // CM4 calls a function in SRAM4 that first returns 1, then, rewritten by CM7, 2.
    const m4: Code = (t) =>
      t
        .constant(5, SRAM4 + 0x101)
        .constant(6, SRAM4)
        .label('on')
        .blx(5)
        .str(0, 6)
        .b('on');
    const m = start(
      (t) =>
        t
          .constant(0, SRAM4 + 0x100)
          .constant(1, 0x47702002)
          .constant(2, AXI)
          .label('w')
          .ldr(3, 2)
          .cmp(3, 1)
          .bne('w')
          .str(1, 0)
          .label('end')
          .b('end'),
      { m4 },
    );
    m.system.write(SRAM4 + 0x100, 4, 0x47702001);
    m.system.write(AXI, 4, 0);
    m.run(40 * US);
    expect(word(m, SRAM4)).toBe(1);
    m.system.write(AXI, 4, 1);
    m.run(80 * US);
    expect(word(m, SRAM4)).toBe(2);
  });
});

describe('events', () => {
  it('SEV of one core ends WFE of the other, and is kept until then', () => {
    const m7s: readonly Code[] = [(t) => forever(t.sev()), (t) => forever(t.movs(0, 0).label('w').adds(0, 1).cmp(0, 250).bne('w').sev())];
    for (const m7 of m7s) {
      const m = start(m7, { m4: (t) => forever(mark(t.wfe(), SRAM4, 4)) });
      m.system.write(SRAM4, 4, 0);
      m.run(200 * US);
      expect(word(m, SRAM4)).toBe(4);
    }
  });
  it('without SEV the core sleeps on', () => {
    const m = start(forever, { m4: (t) => forever(mark(t.wfe(), SRAM4, 4)) });
    m.system.write(SRAM4, 4, 0);
    m.run(1 * MS);
    expect(word(m, SRAM4)).toBe(0);
    expect(m.cores[1]!.get(S.HALTED)).toBe(3);
  });
  it('a sleeping core comes back at the time of the event, on its own clock', () => {
    const m = start((t) => forever(t.constant(0, 0).label('w').adds(0, 1).cmp(0, 200).bne('w').sev()), {
      m4: (t) => forever(mark(t.wfe(), SRAM4, 4)),
    });
    m.run(500 * US);
    const [a, b] = m.cores;
    expect(Math.abs(a!.now() - b!.now())).toBeLessThan(9 * US);
    expect(word(m, SRAM4)).toBe(4);
  });
});

describe('HSEM', () => {
  const enable = (t: Thumb): Thumb => t.constant(0, AHB4ENR).constant(1, HSEMEN).str(1, 0).ldr(1, 0).constant(0, HSEM);
  const LOCK7 = 0x80000300;
  const LOCK4 = 0x80000100;

  it('CM4 gets a semaphore only after CM7 has let it go', () => {
    // CM7 takes 0 by the two-step write, tells CM4 to begin, works, then releases.
    const m7: Code = (t) =>
      forever(
        mark(
          mark(enable(t).constant(1, LOCK7).str(1, 0).ldr(2, 0), AXI, 1).movs(3, 0).label('w').adds(3, 1).cmp(3, 250).bne('w'),
          AXI + 4,
          1,
        )
          .constant(1, 0x300)
          .str(1, 0),
      );
    const m4: Code = (t) =>
      forever(
        mark(
          enable(t)
            .constant(5, AXI)
            .label('b')
            .ldr(1, 5)
            .cmp(1, 1)
            .bne('b')
            .constant(4, LOCK4)
            .label('try')
            .str(4, 0)
            .ldr(1, 0)
            .cmpRegister(1, 4)
            .bne('try')
            .ldr(2, 5, 4)
            .constant(5, SRAM4)
            .str(2, 5),
          SRAM4 + 4,
          4,
        ),
      );
    const m = start(m7, { m4 });
    for (const a of [AXI, AXI + 4, SRAM4, SRAM4 + 4]) m.system.write(a, 4, 0);
    m.run(500 * US);
    // What CM7 wrote before the release is there when CM4 has the semaphore.
    expect([word(m, SRAM4 + 4), word(m, SRAM4)]).toEqual([4, 1]);
    expect(word(m, HSEM)).toBe(LOCK4);
  });
  it('the release of a semaphore wakes a core that waits for it in WFE', () => {
    const m7: Code = (t) =>
      forever(enable(t).movs(3, 0).label('w').adds(3, 1).cmp(3, 255).bne('w').constant(1, LOCK7).str(1, 0).constant(1, 0x300).str(1, 0));
    const m4: Code = (t) =>
      forever(
        mark(
          enable(t)
            .constant(2, HSEM + 0x110)
            .movs(1, 1)
            .str(1, 2)
            .wfe()
            .ldr(3, 2, 8)
            .constant(5, SRAM4 + 4)
            .str(3, 5),
          SRAM4,
          4,
        ),
      );
    const m = start(m7, { m4 });
    m.system.write(SRAM4, 4, 0);
    m.run(20 * US);
    expect(word(m, SRAM4)).toBe(0);
    m.run(500 * US);
    expect([word(m, SRAM4), word(m, SRAM4 + 4)]).toEqual([4, 1]);
  });
});

describe('clocks and sleep of the domains', () => {
  const CR = 0x58024400;
  const D2CKRDY = 1 << 15;
  const deepSleep = (t: Thumb): Thumb => t.constant(0, 0xe000ed10).movs(1, 4).str(1, 0).wfe();
  it('D2CKRDY falls when CM4 goes to deep sleep and rises when it wakes', () => {
    const m = start((t) => forever(t.constant(0, 0).label('w').adds(0, 1).cmp(0, 255).bne('w').sev()), {
      m4: (t) => forever(mark(deepSleep(t), SRAM4, 4)),
    });
    m.run(5 * US);
    expect(word(m, CR) & D2CKRDY).toBe(0);
    m.run(500 * US);
    expect(word(m, SRAM4)).toBe(4);
    expect(word(m, CR) & D2CKRDY).toBe(D2CKRDY);
  });
  it('the handshake of ST’s start-up code: CM7 waits for D2 to stop, frees a semaphore, waits for D2 to run', () => {
    const m4: Code = (t) =>
      forever(
        mark(
          deepSleep(
            t
              .constant(0, AHB4ENR)
              .constant(1, HSEMEN)
              .str(1, 0)
              .ldr(1, 0)
              .constant(0, HSEM + 0x110)
              .movs(1, 1)
              .str(1, 0),
          ),
          SRAM4,
          4,
        ),
      );
    const m7: Code = (t) =>
      forever(
        mark(
          mark(t.constant(0, CR).constant(1, D2CKRDY).label('stop').ldr(2, 0).tst(2, 1).bne('stop'), AXI, 1)
            .constant(3, AHB4ENR)
            .constant(4, HSEMEN)
            .str(4, 3)
            .ldr(4, 3)
            .constant(3, HSEM)
            .ldr(5, 3, 0)
            .constant(5, HSEM + 0x80)
            .ldr(4, 5)
            .constant(4, 0x300)
            .str(4, 3)
            .label('run')
            .ldr(2, 0)
            .tst(2, 1)
            .beq('run'),
          AXI + 4,
          2,
        ),
      );
    const m = start(m7, { m4 });
    for (const a of [AXI, AXI + 4, SRAM4]) m.system.write(a, 4, 0);
    m.run(1 * MS);
    expect([word(m, AXI), word(m, SRAM4), word(m, AXI + 4)]).toEqual([1, 4, 2]);
  });
  it('it stays while CM7 has a block of D2 allocated', () => {
    const m = start((t) => forever(t.constant(0, 0x580244e8).movs(1, 1).str(1, 0)), { m4: deepSleep });
    m.run(100 * US);
    expect(word(m, CR) & D2CKRDY).toBe(D2CKRDY);
  });
  it('the M4 runs from HCLK, the M7 from the clock before HPRE', () => {
    const m = start((t) => t.constant(0, 0x58024418).movs(1, 8).str(1, 0).label('on').adds(2, 1).b('on'), {
      m4: (t) => t.label('on').adds(2, 1).b('on'),
    });
    m.run(100 * US);
    const before = m.cores.map((c) => c.cycles());
    m.run(1100 * US);
    const [m7, m4] = m.cores.map((c, i) => c.cycles() - before[i]!);
    expect(m7! / m4!).toBeCloseTo(2, 3);
    expect(m7).toBeGreaterThan(63_000);
  });
});

describe('resets', () => {
  const reset = (t: Thumb): Thumb => t.constant(0, 0xe000ed0c).constant(1, 0x05fa0004).str(1, 0).dsb();
  it('a software reset by CM4 resets both and raises SFT2RSTF', () => {
    const once: Code = (t) =>
      t
        .constant(2, 0x580244d0)
        .ldr(3, 2)
        .constant(4, 1 << 25)
        .tst(3, 4)
        .bne('again') && forever(reset(t).label('again'));
    const m = start(forever, { m4: once });
    m.run(2 * MS);
    const own = m.history.resets.filter((r) => r.by === 'software');
    expect(own).toHaveLength(1);
    expect(own[0]!.core).toBe(1);
    expect([...own[0]!.flags].sort()).toEqual(['BORRSTF', 'C1RSTF', 'C2RSTF', 'D1RSTF', 'D2RSTF', 'PINRSTF', 'PORRSTF', 'SFT2RSTF']);
  });
  it('each core clears its own copy of the flags', () => {
    const m = start((t) =>
      forever(
        t
          .constant(0, 0x580244d0)
          .constant(1, 1 << 16)
          .str(1, 0),
      ),
    );
    m.run(50 * US);
    expect(m.fieldValue('RCC.C1_RSR.PORRSTF')).toBe(0);
    expect(m.fieldValue('RCC.C2_RSR.PORRSTF')).toBe(1);
    expect(m.fieldValue('RCC.RSR.PORRSTF')).toBe(0);
  });
  it('enable bits are each core’s own; the block runs while either has set it', () => {
    const m = start((t) => forever(t.constant(0, AHB4ENR).movs(1, 1).str(1, 0).ldr(2, 0).constant(3, AXI).str(2, 3)), {
      m4: (t) => forever(t.constant(0, AHB4ENR).movs(1, 2).str(1, 0).ldr(2, 0).constant(3, SRAM4).str(2, 3)),
    });
    m.run(50 * US);
    expect([word(m, AXI), word(m, SRAM4)]).toEqual([1, 2]);
    expect(['GPIOA', 'GPIOB', 'GPIOC'].map((b) => m.system.isClocked(m.system.block(b)))).toEqual([true, true, false]);
  });
});

describe('history', () => {
  it('says which core wrote last', () => {
    const m = start((t) => forever(t.constant(0, AHB4ENR).movs(1, 1).str(1, 0)), {
      m4: (t) => forever(t.constant(0, AHB4ENR).movs(1, 2).str(1, 0)),
    });
    m.run(50 * US);
    expect(m.history.lastWriter('RCC.AHB4ENR', 1)?.core).toBe(0);
    expect(m.history.lastWriter('RCC.AHB4ENR', 2)?.core).toBe(1);
  });
});

describe('Caches of one core and the memory that both share', () => {
  const SHARED = 0x30000100;
  const CCR = 0xe000ed14;
  const dcacheOn = (m: Machine): void => {
    const m7 = m.cores[0]!;
    for (let way = 0; way < 4; way++) for (let set = 0; set < 128; set++) m7.write(0xe000ef60, 4, ((way << 30) | (set << 5)) >>> 0);
    m7.write(CCR, 4, 0x50200);
  };
  it('CM4 sees what CM7 wrote after CM7 has cleaned the line, CM7 what CM4 wrote after it has invalidated it', () => {
    const m = start(forever);
    const [m7, m4] = m.cores as [Core, Core];
    m4.write(SHARED, 4, 1);
    dcacheOn(m);
    m7.write(SHARED, 4, 2);
    expect([m7.read(SHARED, 4), m4.read(SHARED, 4)]).toEqual([2, 1]);
    m7.write(0xe000ef68, 4, SHARED);
    expect(m4.read(SHARED, 4)).toBe(2);
    m4.write(SHARED, 4, 3);
    expect(m7.read(SHARED, 4)).toBe(2);
    m7.write(0xe000ef5c, 4, SHARED);
    expect(m7.read(SHARED, 4)).toBe(3);
  });
  it('ART: CM4 runs from the selected page without wait states once its lines are held; from another page it waits', () => {
    const AHB1ENR = 0x580244d8;
    const cycles = (ctr: number): number => {
      const loop: Code = (t) => {
        t.label('on');
        for (let i = 0; i < 20; i++) t.movs(1, i);
        return t.b('on');
      };
      const m = start(forever, { m4: loop });
      const [m7, m4] = m.cores as [Core, Core];
      m7.write(AHB1ENR, 4, 1 << 14);
      m7.write(0x40024400, 4, ctr);
      m7.write(0x52002000, 4, 0x37);
      m.skipping = false;
      m.run(m.now + 50 * US);
      const [from, before] = [m4.cycles(), m4.retired()];
      m.run(m.now + 50 * US);
      return (m4.cycles() - from) / (m4.retired() - before);
    };
    const [off, here, elsewhere] = [cycles(0), cycles((0x081 << 8) | 1), cycles((0x080 << 8) | 1)];
    expect(here).toBeLessThan(1.2);
    expect(off).toBeGreaterThan(1.5);
    expect(elsewhere).toBeGreaterThan(1.5);
  });
});

it('each core knows the other: code that one writes is code of the other, too', () => {
  const { cores } = new Machine({ chip: STM32H745XI, models: MODELS, seed: 1 });
  expect(cores.map((core) => core.peers.length === 1 && core.peers[0] !== core)).toEqual([true, true]);
});

describe('A wait for a tick beside a core that wakes up now and then', () => {
  const SYSTICK = 0xe000e010;
  const ticks = (t: Thumb, reload: number): Thumb => t.constant(0, SYSTICK).constant(1, reload).str(1, 0, 4).movs(1, 7).str(1, 0);
  /** CM7 waits for a count in SRAM4, which its tick makes; CM4 adds the count up each time that its own tick wakes it, a little earlier each time. */
  const run = (skipping: boolean) => {
    let core = 0;
    const handler: Code = (t) => (core++ === 0 ? t.constant(0, SRAM4).ldr(3, 0).adds(3, 1).str(3, 0).bxLr() : t.bxLr());
    const waits: Code = (t) => ticks(t, 63_999).constant(0, SRAM4).movs(1, 0).str(1, 0).movs(2, 255).lsls(2, 2, 8).label('on').ldr(1, 0).cmpRegister(1, 2).bcc('on').b('on'); // prettier-ignore
    const sums: Code = (t) => ticks(t, 63_991).constant(0, SRAM4).movs(1, 0).str(1, 0, 4).label('on').wfi().ldr(1, 0).ldr(2, 0, 4).add(2, 2, 1).str(2, 0, 4).b('on'); // prettier-ignore
    const m = start(waits, { m4: sums, handlers: { 15: handler } });
    m.skipping = skipping;
    const m7 = m.cores[0]!;
    const skipped = countSkipped([m7]);
    const seen = Array.from({ length: 40 }, (_, i) => {
      m.run((i + 1) * 2.7 * MS);
      return [m.cores.map((c) => [c.pc, c.now(), c.retired()]), word(m, SRAM4), word(m, SRAM4 + 4)];
    });
    return { seen, share: skipped() / m7.cycles() };
  };
  const quick = run(true);
  it('is left out as soon as the other sleeps again', () => expect(quick.share).toBeGreaterThan(0.95));
  it('ends no turn, so that the other core goes on when it would without', () => expect(quick.seen).toEqual(run(false).seen));
});
