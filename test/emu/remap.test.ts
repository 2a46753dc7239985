/** What lies at address 0 changes while code runs: fetches, vectors and data follow (SYSCFG MEM_MODE of F072 and L476). */
import { beforeEach, describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { KIND } from '../../src/emu/core/caches/flash-cache.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { US } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefMachine } from '../brief.ts';

const RAM = 0x20000000;
// Thumb
const MOVS = (rd: number, imm: number): number => 0x2000 | (rd << 8) | imm;
const STR_R1_R0 = 0x6001;
const LDR_R2_R3 = 0x681a;
const SVC = 0xdf00;
const BX_R4 = 0x4720;
const LOOP = 0xe7fe;
const NOP = 0xbf00;
/** LDR Rd, [PC, #n * 4]. */
const LDR_LITERAL = (rd: number, n: number): number => 0x4800 | (rd << 8) | n;

interface Setting {
  readonly chip: ChipDescription;
  readonly enable: number;
  readonly syscfg: number;
  readonly rom: number;
}
const F0: Setting = { chip: STM32F072RB, enable: 0x40021018, syscfg: 0x40010000, rom: 0x1fffc800 };
const L4: Setting = { chip: STM32L476RG, enable: 0x40021060, syscfg: 0x40010000, rom: 0x1fff0000 };

describe.each([
  ['STM32F072RB', F0],
  ['STM32L476RG', L4],
] as const)('%s', (_, s) => {
  let m: Machine;
  const halves = (address: number, ...code: number[]): void => {
    const bytes = new Uint8Array(code.length * 2);
    code.forEach((c, i) => new DataView(bytes.buffer).setUint16(2 * i, c, true));
    if (address >= RAM) code.forEach((c, i) => m.poke(address + 2 * i, 2, c));
    else m.load(address, bytes);
  };
  const words = (address: number, ...values: number[]): void => halves(address, ...values.flatMap((v) => [v & 0xffff, v >>> 16]));
  const r = (n: number): number => m.bootCore.get(S.R + 4 * n);
  const run = (us = 20): string => m.run(m.now + us * US);

  const build = (): void => {
    m = new BriefMachine({ chip: s.chip, models: MODELS, parameters: {}, seed: 1 });
    m.eraseNonVolatile();
    words(0x08000000, 0x20001000, 0x08000041);
    // Enables SYSCFG, then R0 = SYSCFG, R1 = MEM_MODE, R3 = 0, and on to the test's code through R4.
    halves(
      0x08000040,
      LDR_LITERAL(0, 5),
      MOVS(1, 1),
      STR_R1_R0,
      LDR_LITERAL(0, 5),
      LDR_LITERAL(1, 5),
      LDR_LITERAL(4, 6),
      MOVS(3, 0),
      BX_R4,
    );
    words(0x08000058, s.enable, s.syscfg);
  };
  beforeEach(build);
  /** Sets R1 and where BX R4 goes. */
  const start = (mode: number, at: number): void => {
    words(0x08000060, mode, at | 1);
    m.powerOn();
  };

  it('a checkpoint brings back what the cache of the flash controller held, also from behind a remap, which empties it', () => {
    halves(0x08000080, NOP, LOOP);
    start(1, 0x08000080);
    const caches = s.chip.flashCache!.value.codeRows > 0;
    m.bootCore.caches.setFlashTiming({
      waitStates: 4,
      cache: false,
      sets: 256,
      ways: 2,
      kinds: caches ? KIND.CODE | KIND.DATA : KIND.PREFETCH,
    });
    run();
    const checkpoint = m.save();
    const held = m.bootCore.save().flashCache!;
    expect(held.code.length > 0).toBe(caches);
    m.system.setWire(s.chip.remap!.wire, 1);
    expect(m.bootCore.save().flashCache!.code).toEqual([]);
    m.restore(checkpoint);
    expect(m.bootCore.save().flashCache).toEqual(held);
  });

  it('data reads at 0 follow MEM_MODE', () => {
    halves(0x08000080, LDR_R2_R3, STR_R1_R0, LDR_R2_R3, LOOP);
    start(3, 0x08000080);
    m.poke(RAM, 4, 0xcafe0000);
    run();
    expect(r(2)).toBe(0xcafe0000);
  });

  it('exceptions take their vector from what lies at 0', () => {
    for (const [mode, handler] of [
      [0, 1],
      [3, 2],
    ] as const) {
      build();
      words(0x0800002c, 0x08000101);
      halves(0x08000100, MOVS(7, 1), LOOP);
      halves(0x08000120, MOVS(7, 2), LOOP);
      halves(0x08000080, STR_R1_R0, SVC, LOOP);
      start(mode, 0x08000080);
      m.poke(RAM + 0x2c, 4, 0x08000121);
      run();
      expect(r(7)).toBe(handler);
    }
  });

  it('code that runs at 0 goes on in the other memory, and stores to that memory change it', () => {
    halves(0x08000180, STR_R1_R0, NOP, MOVS(7, 1), LOOP);
    start(3, 0x180);
    halves(RAM + 0x180, NOP, NOP, MOVS(7, 2), NOP, LOOP);
    run();
    expect(r(7)).toBe(2);
    expect(m.bootCore.pc).toBe(0x188);
    m.poke(RAM + 0x188, 2, MOVS(7, 3));
    m.poke(RAM + 0x18a, 2, LOOP);
    run();
    expect([r(7), m.bootCore.pc]).toEqual([3, 0x18a]);
  });

  it('a hot loop at 0, translated or not, is gone when another memory shows there', () => {
    const back = 0xe7fb; // to the loop, 10 bytes back
    halves(0x08000180, MOVS(5, 200), 0x01ad /* LSLS R5, R5, #6 */, 0x3d01 /* SUBS R5, #1 */, 0xd1fd /* BNE */, STR_R1_R0, back);
    start(3, 0x180);
    halves(RAM + 0x184, MOVS(7, 5), LOOP, NOP, back);
    run(20_000);
    expect([r(5), r(7), m.bootCore.pc]).toEqual([0, 5, 0x186]);
  });

  it('the system memory at 0 is system memory: a branch there is an entry', () => {
    halves(s.rom + 0x100, MOVS(7, 4), LOOP);
    halves(0x08000080, STR_R1_R0, LDR_LITERAL(4, 1), BX_R4, NOP);
    words(0x08000088, 0x101);
    start(1, 0x08000080);
    expect(run()).toBe('entry');
    expect(m.history.entries.at(-1)).toMatchObject({ address: 0x100, how: 'branch' });
    run();
    expect(r(7)).toBe(4);
    expect(m.state.inSystem).toBe(true);
  });

  it('a checkpoint brings the mapping back, with what was decoded there', () => {
    halves(0x08000180, STR_R1_R0, NOP, MOVS(7, 1), LOOP);
    start(3, 0x180);
    halves(RAM + 0x180, NOP, NOP, MOVS(7, 2), LOOP);
    const before = m.save();
    run();
    const after = m.save();
    m.restore(before);
    expect(m.system.regionAt(0)?.memory?.row.name).toBe('flash');
    run();
    expect(r(7)).toBe(2);
    m.restore(before);
    run();
    expect(m.save().machine).toEqual(after.machine);
    expect(m.bootCore.cycles()).toBe(after.cores[0]!.cycleTarget - new DataView(after.cores[0]!.page.buffer).getInt32(S.BUDGET, true));
  });

  it('what lies beyond the end of the shown memory faults', () => {
    start(1, 0x08000080);
    halves(0x08000080, STR_R1_R0, LOOP);
    run();
    const size = m.system.memories.find((x) => x.row.name === 'rom')!.row.size;
    expect(m.bootCore.peek(size - 4, 4)).not.toBeNull();
    expect(m.bootCore.peek(size, 4)).toBeNull();
  });
});

it('L476: DBGMCU answers on the private peripheral bus, where the core has nothing', () => {
  const m = new BriefMachine({ chip: STM32L476RG, models: MODELS, parameters: {}, seed: 1 });
  m.powerOn();
  expect(m.bootCore.peek(0xe0042000, 4)).toBe(0x10070415);
  expect(m.bootCore.read(0xe0042000, 4)).toBe(0x10070415);
  expect(m.bootCore.peek(0xe0043000, 4)).toBeNull();
});
