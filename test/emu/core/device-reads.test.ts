/**
 * Loops that poll registers: a load that keeps leaving its region gets an answer inside it from then on, and values, times and side effects are those of the
 * interpreter. What could fault, raise or arm something, or be seen by somebody, leaves the region as ever.
 */
import { describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../../src/chips/stm32f072.ts';
import { STM32H533RE } from '../../../src/chips/stm32h533.ts';
import { STM32H745ZI } from '../../../src/chips/stm32h745.ts';
import { STM32L476RG } from '../../../src/chips/stm32l476.ts';
import type { ChipDescription } from '../../../src/emu/chip.ts';
import { S } from '../../../src/emu/core/state.ts';
import { Machine } from '../../../src/emu/machine.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { BOOKS } from './book-keeping.ts';
import { expectSame } from '../../same.ts';

const FLASH = 0x0800_0000;
const RAM = 0x2000_0000;
const MAIN = FLASH + 0x400;
const HANDLER = FLASH + 0x600;
const FAULT_HANDLER = FLASH + 0x640;
const LOOP = MAIN + 2;
const CSR = 0xe000e010;
const RVR = 0xe000e014;
const CVR = 0xe000e018;
const CYCCNT = 0xe0001004;

/** Loads of R0 from the address in R1, as they stand in the loop. */
const LDR = [0x6808];
const LDRB = [0x7808];
const LDRH = [0x8808];
/** LDRSH r0, [r1, r3]; R3 is 0 there. */
const LDRSH = [0x5ec8];
/** LDR r0, [r1], #0 */
const LDR_POST = [0xf851, 0x0b00];
/** IT NE, LDRNE r0, [r1]: not in the last round. */
const LDR_IT = [0xbf18, 0x6808];
/** LDRD r0, r3, [r1] */
const LDRD = [0xe9d1, 0x0300];
/**
 * R4 takes in what is read, R5 counts down:
 *   loop: movs r3, #0; subs r5, #1 (Z for IT); load; eors r4, r0; lsls r3, r4, #5; adds r4, r3; nops; cmp r5, #0; bne loop; b .
 */
function program(load: readonly number[], nops: number): number[] {
  const body = [0x2300, 0x3d01, ...load, 0x4044, 0x0163, 0x18e4, ...Array<number>(nops).fill(0xbf00), 0x2d00];
  return [0xbf00, ...body, 0xd100 | (-(body.length + 2) & 0xff), 0xe7fe];
}
/** ldr r0, [r7]; adds r0, #1; str r0, [r7]; movs r0, #0; str r0, [r6, #16] (SR of the timer at R6); bx lr */
const COUNT = [0x6838, 0x3001, 0x6038, 0x2000, 0x6130, 0x4770];

/** Goes on behind the load that faulted: ldr r0, [sp, #24]; adds r0, #2; str r0, [sp, #24]; bx lr */
const PASS_BY = [0x9806, 0x3002, 0x9006, 0x4770];

type Writes = readonly (readonly [address: number, value: number])[];
interface Case {
  readonly chip: ChipDescription;
  /** What is polled. */
  readonly address: number;
  readonly load?: readonly number[];
  /** Instead of the loop. */
  readonly code?: readonly number[];
  readonly nops?: number;
  readonly rounds?: number;
  /** Writes of words by the core before it starts. */
  readonly before?: Writes;
  readonly prepare?: (m: Machine) => void;
  readonly timer?: number;
}
type Mode = 'interpreted' | 'translated' | 'mixed';

function machineOf(c: Case, mode: Mode, skipping: boolean): Machine {
  const m = new Machine({ chip: c.chip, models: MODELS, seed: 1 });
  m.eraseNonVolatile();
  const image = new Uint8Array(0x800);
  const view = new DataView(image.buffer);
  for (let e = 1; e < 0x400 / 4; e++) view.setUint32(4 * e, (e >= 3 && e <= 6 ? FAULT_HANDLER : HANDLER) + 1, true);
  view.setUint32(0, RAM + 0x2000, true);
  view.setUint32(4, MAIN + 1, true);
  (c.code ?? program(c.load ?? LDR, c.nops ?? 0)).forEach((h, i) => view.setUint16(MAIN - FLASH + 2 * i, h, true));
  COUNT.forEach((h, i) => view.setUint16(HANDLER - FLASH + 2 * i, h, true));
  PASS_BY.forEach((h, i) => view.setUint16(FAULT_HANDLER - FLASH + 2 * i, h, true));
  m.load(FLASH, image);
  m.skipping = skipping;
  m.powerOn();
  const cpu = m.bootCore;
  for (const [address, value] of c.before ?? []) cpu.write(address, 4, value);
  const registers = { 1: c.address, 4: 0x1234_5678, 5: c.rounds ?? 3000, 6: c.timer ?? RAM + 0x100, 7: RAM };
  for (const [r, value] of Object.entries(registers)) cpu.set(S.R + 4 * Number(r), value);
  cpu.write(RAM, 4, 0);
  cpu.set(S.SP, RAM + 0x2000);
  cpu.branchTo(MAIN);
  c.prepare?.(m);
  cpu.setTranslating(mode !== 'interpreted', mode === 'translated' ? 4 : 2);
  if (mode === 'translated') cpu.countExits();
  return m;
}
function stateOf(m: Machine) {
  const cpu = m.bootCore;
  return {
    pc: cpu.pc,
    cycles: cpu.cycles(),
    retired: cpu.retired(),
    words: [...cpu.stateWords()].filter((_w, i) => !BOOKS.has(i)),
    tick: [CSR, RVR, CVR].map((a) => cpu.peek(a, 4)),
    handled: cpu.peek(RAM, 4),
    now: m.now,
    reads: cpu.deviceReads,
    writes: m.history.seq,
    unmodelled: m.state.unmodelled,
    unclocked: m.state.unclocked,
    blocks: JSON.stringify(m.system.blocks.map((b) => b.state)),
  };
}
const cycleOf = (m: Machine): number => {
  const { periodNum, periodDen } = m.system.clock(m.bootCore.row.clock);
  return periodNum / periodDen;
};

/** Runs a case in all modes with the same stops, and compares at each. Gives how often the translated one left at the load. */
function agree(c: Case, cycles = 60_000): { left: number; handled: number; machine: Machine } {
  const a = machineOf(c, 'interpreted', false);
  const others = [machineOf(c, 'translated', false), machineOf(c, 'mixed', false)];
  let x = 12345;
  const random = (below: number): number => ((x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 8) % below;
  const cycle = cycleOf(a);
  for (let at = 0; at < cycles;) {
    const to = Math.round(a.now + (1 + (random(4) === 0 ? random(40) : random(6000))) * cycle);
    at += (to - a.now) / cycle;
    const why = a.run(to);
    const state = stateOf(a);
    for (const m of others) {
      if (m === others[1]) m.bootCore.setTranslating(random(10) < 7, 1 + random(4));
      expect(m.run(to)).toBe(why);
      expectSame(stateOf(m), state);
    }
  }
  const [slow, fast] = [machineOf(c, 'interpreted', true), machineOf(c, 'mixed', true)];
  slow.run(a.now);
  fast.run(a.now);
  // a loop is found after as many reads
  expectSame(stateOf(fast), stateOf(slow));
  // what was left out was not read
  expect({ ...stateOf(fast), reads: 0 }).toEqual({ ...stateOf(a), reads: 0 });
  const machine = others[0]!;
  const places = machine.bootCore.tier.exits!.get('access');
  let left = 0;
  for (const [pc, n] of places ?? []) if (pc >= LOOP && pc < HANDLER) left += n;
  const handled = a.bootCore.peek(RAM, 4)!;
  for (const m of [a, others[1]!, slow, fast]) m.release();
  return { left, handled, machine };
}

const L4 = { chip: STM32L476RG };
const L4_RCC = 0x40021000;
const TIM2 = 0x40000000;
const TIM2_ON: Writes = [
  [L4_RCC + 0x58, 1],
  [TIM2 + 0x2c, 700],
  [TIM2 + 0x34, 300],
  [TIM2 + 0x14, 1],
  [TIM2, 1],
];
const tick = (reload: number, csr: number): Writes => [
  [RVR, reload],
  [CVR, 0],
  [CSR, csr],
];
const CYCCNT_ON: Writes = [
  [0xe000edfc, 1 << 24],
  [0xe0001000, 1],
];
/** The most that a loop leaves before its load is made anew, with calls that the budget forces. */
const FEW = 60;

describe('registers that are answered inside a region', () => {
  const cases: Readonly<Record<string, Case>> = {
    'SYST_CSR, core clock': { ...L4, address: CSR, before: tick(999, 5) },
    'SYST_CSR, eighth of it': { ...L4, address: CSR, before: tick(250, 1) },
    'SYST_CSR, stopped': { ...L4, address: CSR, before: tick(250, 0) },
    'SYST_CSR, reload 0': { ...L4, address: CSR, before: tick(0, 5) },
    'SYST_CSR by byte': { ...L4, address: CSR + 2, load: LDRB, before: tick(777, 5) },
    SYST_CVR: { ...L4, address: CVR, before: tick(999, 5) },
    'SYST_CVR with its interrupt': { ...L4, address: CVR, before: tick(500, 7) },
    DWT_CYCCNT: { ...L4, address: CYCCNT, before: CYCCNT_ON },
    'DWT_CYCCNT in an IT block': { ...L4, address: CYCCNT, load: LDR_IT, before: CYCCNT_ON },
    RCC_CR: { ...L4, address: L4_RCC },
    'RCC_CR with a field that a scenario pins': { ...L4, address: L4_RCC, prepare: (m) => m.system.force('RCC', 'CR', 'HSERDY', 1) },
    'RCC_CR by a load that moves its base': { ...L4, address: L4_RCC, load: LDR_POST },
    'TIM2_SR with its interrupt': {
      ...L4,
      address: TIM2 + 0x10,
      timer: TIM2,
      before: [...TIM2_ON, [TIM2 + 0xc, 3], [0xe000e100, 1 << 28]],
    },
    'TIM2_CNT, low half, signed': { ...L4, address: TIM2 + 0x24, load: LDRSH, before: TIM2_ON },
    'TIM2_CNT while SysTick interrupts': { ...L4, address: TIM2 + 0x24, before: [...TIM2_ON, ...tick(611, 7)] },
    'GPIOA_IDR by half-word': { ...L4, address: 0x48000010, load: LDRH, before: [[L4_RCC + 0x4c, 1]] },
    USART2_ISR: { ...L4, address: 0x4000441c, before: [[L4_RCC + 0x58, 1 << 17]] },
    'a register without behaviour': { ...L4, address: 0x40010030, before: [[L4_RCC + 0x60, 1]] },
    'Cortex-M0: SYST_CSR': { chip: STM32F072RB, address: CSR, before: tick(300, 5) },
    'Cortex-M0: RCC_CR': { chip: STM32F072RB, address: 0x40021000 },
    'Cortex-M33: SYST_CSR': { chip: STM32H533RE, address: CSR, before: tick(300, 5) },
    'Cortex-M33: DWT_CYCCNT': { chip: STM32H533RE, address: CYCCNT, before: CYCCNT_ON },
    'Cortex-M7 and M4: SYST_CSR': { chip: STM32H745ZI, address: CSR, before: tick(300, 5) },
    'Cortex-M7 and M4: DWT_CYCCNT': { chip: STM32H745ZI, address: CYCCNT, before: CYCCNT_ON },
  };
  it.each(Object.keys(cases))('%s', (name) => {
    const c = cases[name]!;
    const { left, handled, machine } = agree(c);
    expect(left).toBeLessThan(FEW);
    expect(machine.bootCore.get(S.R + 20)).toBeLessThan(2000);
    if (/interrupt/.test(name)) expect(handled).toBeGreaterThan(20);
  });
  it.each([1, 2, 3, 4, 5, 6, 7])('COUNTFLAG rises and falls at the same read wherever the wrap meets the loop (%i NOPs)', (nops) => {
    for (const reload of [nops + 9, 16, 23, 61])
      expect(agree({ ...L4, address: CSR, nops, before: tick(reload, 5), rounds: 1500 }, 12_000).left).toBeLessThan(FEW);
  });
});

describe('a loop that waits for a register', () => {
  // nop; loop: ldr r0, [r1]; lsls r0, #14 (HSERDY); bpl loop
  const c: Case = { ...L4, address: L4_RCC, code: [0xbf00, 0x6808, 0x0380, 0xd5fc] };
  it('is found after as many reads as by the interpreter, so that it can be left out', () => {
    const [a, b] = [machineOf(c, 'interpreted', true), machineOf(c, 'translated', true)];
    for (const m of [a, b]) m.run(m.now + 50_000 * cycleOf(m));
    expect(stateOf(b)).toEqual(stateOf(a));
    expect(b.bootCore.deviceReads).toBeLessThan(2000);
  });
  it('does the same when every round is executed', () => {
    expect(agree(c, 20_000).left).toBeLessThan(FEW);
  });
});

describe('reads that leave the region', () => {
  const HOLE = 0x60000000;
  const cases: Readonly<Record<string, Case>> = {
    'SYST_CSR while its timer is armed': { ...L4, address: CSR, before: tick(500, 7) },
    'a register of a block without a clock': { ...L4, address: 0x48000410 },
    'a register whose read has a side effect': { ...L4, address: 0x50060808, before: [[L4_RCC + 0x4c, 1 << 18]] },
    'two words at once': { ...L4, address: CSR, load: LDRD, before: tick(500, 5) },
    'a bit-band alias': { ...L4, address: 0x42000000 + 32 * 0x21000 + 4 * 10 },
    'an address that nothing answers': { ...L4, address: HOLE },
    'an address that is not aligned': { ...L4, address: CYCCNT - 2, before: CYCCNT_ON },
    'registers behind an MPU': { ...L4, address: CYCCNT, before: [...CYCCNT_ON, [0xe000ed94, 5]] },
    'unprivileged code on the private bus': { ...L4, address: CYCCNT, prepare: (m) => m.bootCore.set(S.CONTROL, 1) },
  };
  it.each(Object.keys(cases))('%s', (name) => {
    const { left, machine } = agree(cases[name]!, 30_000);
    if (!/MPU/.test(name)) expect(left).toBeGreaterThan(FEW);
    expect(machine.bootCore.get(S.DECLINED)).toBe(0);
  });
  it('a field that is pinned from then on', () => {
    const m = machineOf({ ...L4, address: L4_RCC }, 'translated', false);
    m.run(m.now + 20_000 * cycleOf(m));
    expect(m.bootCore.get(S.R) & (1 << 17)).toBe(0);
    m.system.force('RCC', 'CR', 'HSERDY', 1);
    m.run(m.now + 1_000 * cycleOf(m));
    expect(m.bootCore.get(S.R) & (1 << 17)).not.toBe(0);
  });
  it('a register that somebody watches from then on', () => {
    const c: Case = { ...L4, address: L4_RCC };
    const m = machineOf(c, 'translated', false);
    m.run(m.now + 20_000 * cycleOf(m));
    const leaves = (): number => [...(m.bootCore.tier.exits!.get('access')?.values() ?? [])].reduce((a, b) => a + b, 0);
    const before = leaves();
    m.run(m.now + 2_000 * cycleOf(m));
    expect(leaves() - before).toBeLessThan(10);
    const seen: number[] = [];
    m.setRepairs({
      pages: new Set([L4_RCC >>> 12]),
      read: (_core, address) => {
        seen.push(address);
        return 0xabcd;
      },
    });
    m.run(m.now + 2_000 * cycleOf(m));
    expect(seen.length).toBeGreaterThan(100);
    expect(m.bootCore.get(S.R)).toBe(0xabcd);
  });
});

describe('machines that share translations', () => {
  /** A chip of its own: nothing has been translated for it. */
  const fresh = (): Case => ({ chip: { ...STM32L476RG }, address: CYCCNT, before: CYCCNT_ON, rounds: 1e6 });
  const run = (m: Machine): Machine => {
    m.run(m.now + 50_000 * cycleOf(m));
    return m;
  };
  const leaves = (m: Machine): number => [...(m.bootCore.tier.exits!.get('access')?.values() ?? [])].reduce((n, x) => n + x, 0);

  it('a load asks once it has left its region so many times, and the region is made anew once', () => {
    const m = machineOf(fresh(), 'translated', false);
    m.bootCore.setTranslating(true, 50);
    run(m);
    expect(leaves(m)).toBeGreaterThan(100);
    expect(leaves(m)).toBeLessThan(200 + FEW);
    expect(m.bootCore.tier.counters.compiled).toBeLessThan(4);
  });
  it('the next machine takes over the loop that asks', () => {
    const c = fresh();
    const first = run(machineOf(c, 'translated', false));
    const second = run(machineOf(c, 'translated', false));
    expect(second.bootCore.tier.counters.adopted).toBeGreaterThan(0);
    expect(second.bootCore.tier.counters.compiled).toBeLessThan(first.bootCore.tier.counters.compiled);
    expect(leaves(second)).toBeLessThan(leaves(first));
    expect(stateOf(second)).toEqual(stateOf(first));
  });
  it('the same code with a memory at the address needs no answer, with or without having asked', () => {
    const c = fresh();
    run(machineOf(c, 'translated', false));
    const inRam: Case = { ...c, address: RAM };
    const [a, b] = [run(machineOf(inRam, 'interpreted', false)), run(machineOf(inRam, 'translated', false))];
    expect(stateOf(b)).toEqual(stateOf(a));
    expect(leaves(b)).toBeLessThan(10);
  });
  it('a stop at the load is kept, and what follows goes on as before', () => {
    const c = fresh();
    const m = run(machineOf(c, 'translated', false));
    m.bootCore.setBreakpoints(new Set([LOOP]));
    expect(m.run(m.now + 1e9)).toBe('stopped');
    const before = m.bootCore.get(S.R + 20);
    for (let i = 0; i < 100; i++) expect(m.run(m.now + 1e9)).toBe('stopped');
    expect(before - m.bootCore.get(S.R + 20)).toBe(100);
    m.bootCore.setBreakpoints(new Set());
    const left = leaves(m);
    run(m);
    expect(leaves(m) - left).toBeLessThan(FEW);
  });
});
