/**
 * Exceptions from random states, against the pseudocode of the Arm ARMs (exception-reference.ts): faults, pending ones, SVC, returns with any EXC_RETURN, and FP context saved late, each from
 * any mode, priority, mask and stack. The MPU's part stands in mpu.test.ts.
 */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/emu/core/core.ts';
import { GuestFault, type FaultKind } from '../../../src/emu/core/cpu.ts';
import {
  excReturn,
  exceptionReturn,
  impreciseBusFault,
  lazyFpSave,
  raise,
  supervisorCall,
  takePending,
} from '../../../src/emu/core/arm/exceptions.ts';
import { SCS } from '../../../src/emu/core/arm/scs-state.ts';
import { apsr, getMsp, getPsp, setControl, setXpsr } from '../../../src/emu/core/arm/special.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { FLASH, MAIN, RAM, RAM_END, started, type CoreName } from './bare-machine.ts';
import { Reference, type Arch, type CoreWords, type Cycles } from './exception-reference.ts';
import { Random } from './random-cases.ts';

const CORES: readonly CoreName[] = ['m0', 'm4', 'm33', 'm7'];
const EACH = 150;
const KINDS: readonly FaultKind[] = [
  'bus-fetch',
  'bus-data',
  'bus-data-imprecise',
  'secure',
  'mem-fetch',
  'mem-data',
  'unaligned',
  'undefined',
  'no-coprocessor',
  'invalid-state',
  'invalid-pc',
  'divide-by-zero',
  'stack-overflow',
  'breakpoint',
];
const EXCEPTIONS = [2, 3, 4, 5, 6, 11, 12, 14, 15, 16, 17, 40];
const STACK = RAM + 0x1000;
const STACK_BYTES = 0x400;
/** DDI 0439D 3.9.1 for the Cortex-M4; Yiu for entries of the others, the rest assumed (src/emu/core/models). */
const CYCLES: Readonly<Record<string, Cycles>> = {
  m0: { entry: 16, return: 12, tailChain: 6, fp: 0, lazy: 0 },
  m4: { entry: 12, return: 10, tailChain: 6, fp: 17, lazy: 18 },
  m33: { entry: 12, return: 10, tailChain: 6, fp: 17, lazy: 18 },
  m7: { entry: 12, return: 10, tailChain: 6, fp: 17, lazy: 18 },
};

/** Bits of a state's bitmaps as numbers of exceptions. */
const listed = (word: number, first: number): number[] =>
  Array.from({ length: 32 }, (_, i) => i + first).filter((e) => (word >>> (e - first)) & 1);

class Cases {
  private readonly r = new Random(1210);
  private readonly machine: Machine;
  private readonly cpu: Core;
  private readonly core: CoreName;
  private readonly fresh;
  /** Exception of the context that a return goes to. */
  private returnsTo = 0;

  constructor(core: CoreName) {
    // an instruction of four bytes among those that faults are at
    const { machine, cpu } = started(core, { [MAIN + 4]: [0xf3bf, 0x8f4f] });
    this.core = core;
    this.machine = machine;
    this.cpu = cpu;
    this.fresh = machine.save();
  }
  private get hasFpu(): boolean {
    return this.cpu.profile.fpu !== 'none';
  }

  /** Compares the core with the reference; the first case that is other is shown. */
  compare(name: string): void {
    for (let n = 0; n < EACH; n++) {
      this.machine.restore(this.fresh);
      this.anyState(name);
      const { cpu } = this;
      const from = cpu.cycles();
      const reference = this.reference();
      const before = structuredClone(reference.w);
      const what = this.act(name, reference);
      const seen = { ...this.words(), cycles: cpu.cycles() - from, memory: this.memory(reference) };
      const rules = { ...sorted(reference.w), cycles: reference.cycles, memory: [...reference.stored.values()] };
      if (reference.brokenFrame) seen.memory = rules.memory = [];
      if (JSON.stringify(seen) !== JSON.stringify(rules)) expect({ what, seen, before }).toEqual({ what, seen: rules, before });
    }
  }
  private reference(): Reference {
    const { cpu } = this;
    const priorities = new Map<number, number>();
    for (const e of EXCEPTIONS) priorities.set(e, e >= 16 ? cpu.getByte(S.NVIC_PRIORITY + e - 16) : cpu.getByte(SCS.SYS_PRIORITY + e));
    const ipsr = cpu.get(S.IPSR);
    const vector = this.peek((cpu.get(SCS.VTOR) + 4 * ipsr) >>> 0) ?? 0;
    const notBegun = ipsr !== 0 && cpu.getFloat(SCS.ENTRY_END) === cpu.cycles() && (vector & ~1) >>> 0 === cpu.pc;
    const how = { arch: cpu.profile.arch as Arch, hasFpu: this.hasFpu, cost: CYCLES[this.core]!, priorities, notBegun };
    const before = new Map<number, number | null>();
    return new Reference(this.words(), how, (address) => {
      if (!before.has(address)) before.set(address, this.peek(address));
      return before.get(address)!;
    });
  }
  private peek(address: number): number | null {
    const value = this.cpu.peek(address, 4);
    return value === null ? null : value >>> 0;
  }
  /** What lies where the reference has stored something. */
  private memory(reference: Reference): (number | null)[] {
    return [...reference.stored.keys()].map((address) => this.peek(address));
  }
  private act(name: string, reference: Reference): string {
    const { cpu, r } = this;
    const kind = r.pick(KINDS);
    const address = r.u32();
    const pc = FLASH + MAIN + 2 * r.below(4);
    const value = this.returnValue();
    if (name === 'fault') {
      reference.fault(kind, address, pc);
      cpu.fault.kind = kind;
      cpu.fault.address = address;
      this.tried(() => raise(cpu, cpu.fault, pc));
      return kind;
    }
    if (name === 'return') {
      reference.return(value);
      this.tried(() => void exceptionReturn(cpu, value));
      return `return ${value.toString(16)}`;
    }
    if (name === 'late FP') {
      const refused = reference.lateFp();
      this.tried(() => expect(lazyFpSave(cpu) !== null).toBe(refused));
    } else if (name === 'pending') {
      reference.take();
      this.tried(() => void takePending(cpu));
    } else if (name === 'imprecise') {
      reference.imprecise();
      this.tried(() => impreciseBusFault(cpu));
    } else {
      reference.call(FLASH + MAIN + 2);
      this.tried(() => supervisorCall(cpu, FLASH + MAIN + 2));
    }
    return name;
  }
  /** Nothing is run, so what could not have been fetched may be at the PC. */
  private tried(act: () => void): void {
    try {
      act();
    } catch (e) {
      if (!(e instanceof GuestFault)) throw e;
    }
  }
  private words(): CoreWords {
    const { cpu, machine } = this;
    const get = (at: number): number => cpu.get(at) >>> 0;
    const isV6 = cpu.profile.arch === 'v6m';
    const unlessV6 = (at: number): number => (isV6 ? 0 : get(at));
    const control = cpu.get(S.CONTROL);
    const fp = (at: number): number => (this.hasFpu ? get(at) : 0);
    const lines = (bitmap: number): number[] => [...listed(get(bitmap), 16), ...listed(get(bitmap + 4), 48)];
    return {
      r: Array.from({ length: 13 }, (_, i) => get(S.R + 4 * i)),
      lr: get(S.LR),
      pc: cpu.pc >>> 0,
      msp: getMsp(cpu),
      psp: getPsp(cpu),
      flags: apsr(cpu),
      it: cpu.get(S.IT),
      t: cpu.get(S.T) & 1,
      ipsr: cpu.get(S.IPSR),
      nPriv: control & 1,
      spsel: (control >>> 1) & 1,
      fpca: (control >>> 2) & 1,
      primask: cpu.get(S.PRIMASK),
      faultmask: cpu.get(S.FAULTMASK),
      basepri: cpu.get(S.BASEPRI),
      msplim: get(S.MSPLIM),
      psplim: get(S.PSPLIM),
      s: Array.from({ length: 16 }, (_, i) => fp(S.FP + 4 * i)),
      fpscr: fp(S.FPSCR),
      fpccr: fp(S.FPCCR),
      fpcar: fp(S.FPCAR),
      fpdscr: fp(S.FPDSCR),
      cpacr: fp(SCS.CPACR),
      vtor: get(SCS.VTOR),
      prigroup: cpu.get(SCS.PRIGROUP),
      ccr: cpu.get(S.CCR),
      scr: cpu.get(SCS.SCR),
      demcr: unlessV6(SCS.DEMCR),
      cfsr: unlessV6(SCS.CFSR),
      hfsr: unlessV6(SCS.HFSR),
      dfsr: unlessV6(SCS.DFSR),
      mmfar: unlessV6(SCS.MMFAR),
      bfar: unlessV6(SCS.BFAR),
      pending: [...listed(get(SCS.SYS_PENDING), 0), ...lines(S.NVIC_PENDING)],
      active: [...listed(get(SCS.SYS_ACTIVE), 0), ...lines(S.NVIC_ACTIVE)],
      enabled: [...listed(get(SCS.SYS_ENABLED), 0), ...lines(S.NVIC_ENABLED)],
      high: lines(S.NVIC_LEVEL),
      event: cpu.get(S.EVENT),
      sleep: cpu.get(S.HALTED) === 1 ? 0 : cpu.get(S.HALTED),
      lockup: machine.state.lockup !== null,
    };
  }
  /** Mostly one that goes where the frame does. */
  private returnValue(): number {
    const { cpu, r } = this;
    if (r.below(8) === 0) return (0xffffff00 | r.u32()) >>> 0;
    const noFp = !this.hasFpu || r.below(2) > 0 ? 16 : 0;
    return excReturn(cpu.profile.arch, noFp | (this.returnsTo === 0 ? 8 | (r.below(2) << 2) : r.below(12) === 0 ? 4 : 0));
  }

  // ---- where it comes from ---------------------------------------------------------------------------------------------------------
  private anyState(name: string): void {
    const { cpu, r } = this;
    const v6 = cpu.profile.arch === 'v6m';
    for (let i = 0; i < 15; i++) cpu.set(S.R + 4 * i, r.u32());
    if (cpu.profile.fpu !== 'none') for (let i = 0; i < 33; i++) cpu.set(i < 32 ? S.FP + 4 * i : S.FPSCR, r.u32());
    setXpsr(cpu, (r.u32() & (r.below(2) ? 0xf80f_0000 : 0xfe0f_fc00)) | 0x0100_0000);
    for (const at of [4, 8, 12]) cpu.set(SCS.SYS_PRIORITY + at, v6 ? r.u32() & 0xc0c0_c0c0 : r.u32() & 0xf0f0_f0f0);
    cpu.set(S.NVIC_PRIORITY, r.u32() & 0xc0c0_c0c0);
    cpu.set(S.NVIC_ENABLED, r.u32());
    cpu.set(S.NVIC_LEVEL, r.below(2) ? 0 : r.u32() & 3);
    if (!v6) {
      cpu.set(SCS.SYS_ENABLED, r.u32() & 0x70);
      cpu.set(SCS.PRIGROUP, r.below(8));
      cpu.set(S.BASEPRI, r.below(3) ? 0 : r.u32() & 0xf0);
      cpu.set(S.FAULTMASK, Number(r.below(8) === 0));
      cpu.set(S.CCR, (cpu.get(S.CCR) & ~0x303) | (r.below(4) << 8) | r.below(2));
      cpu.set(SCS.DEMCR, r.below(2) << 16);
      cpu.set(SCS.SCR, r.below(32) & 0x16);
    }
    cpu.set(S.PRIMASK, Number(r.below(5) === 0));
    cpu.set(S.HALTED, name === 'pending' ? r.pick([0, 0, 2, 3]) : 0);
    cpu.set(S.EVENT, r.below(2));
    cpu.set(S.PC, FLASH + MAIN);
    this.anyExceptions(name);
    this.anyStacks();
    this.anyRights();
    cpu.rightsChanged();
    cpu.interruptsChanged();
  }
  private anyExceptions(name: string): void {
    const { cpu, r } = this;
    let [pending, active] = [0, 0];
    const set = (e: number, which: 'pending' | 'active'): void => {
      if (e >= 16) {
        const at = (which === 'pending' ? S.NVIC_PENDING : S.NVIC_ACTIVE) + 4 * ((e - 16) >>> 5);
        cpu.set(at, cpu.get(at) | (1 << ((e - 16) & 31)));
      } else if (which === 'pending') pending |= 1 << e;
      else active |= 1 << e;
    };
    for (let i = r.below(3); i > 0; i--) set(r.pick(EXCEPTIONS), 'pending');
    const inHandler = name === 'return' || r.below(2) > 0;
    if (inHandler) {
      const e = r.pick(EXCEPTIONS);
      cpu.set(S.IPSR, e);
      if (r.below(16) > 0) set(e, 'active');
      const other = r.pick(EXCEPTIONS);
      this.returnsTo = r.below(3) === 0 && other !== e ? other : 0;
      if (this.returnsTo !== 0) set(other, 'active');
    }
    cpu.set(SCS.SYS_PENDING, pending);
    cpu.set(SCS.SYS_ACTIVE, active);
    // its handler has not begun
    if (inHandler && r.below(4) === 0) {
      cpu.set(S.PC, (cpu.peek((cpu.get(SCS.VTOR) + 4 * cpu.get(S.IPSR)) >>> 0, 4)! & ~1) >>> 0);
      cpu.setFloat(SCS.ENTRY_END, cpu.cycles());
    }
  }
  private anyStacks(): void {
    const { cpu, r, machine } = this;
    const ram = machine.system.regionAt(RAM)!.memory!.host;
    const stack = (): number => r.pick([STACK, STACK, STACK + 4, STACK + 8, RAM_END - 0x80, RAM + 0x10, RAM_END]);
    const [main, process] = [stack(), stack()];
    for (let at = STACK - STACK_BYTES; at < STACK + 0x80; at += 4) machine.system.arena.u32[(ram + at - RAM) >> 2] = r.u32();
    // frames that can be returned through
    for (const frame of [main, process]) {
      if (frame + 0x20 > RAM_END) continue;
      const at = (ram + frame - RAM) >> 2;
      machine.system.arena.u32[at + 6] = FLASH + MAIN + r.below(8);
      machine.system.arena.u32[at + 7] =
        ((r.u32() & 0xfe0f_fe00) | 0x0100_0000 | (r.below(12) ? this.returnsTo : r.pick(EXCEPTIONS))) >>> 0;
    }
    const handler = cpu.get(S.IPSR) !== 0;
    const nPriv = cpu.profile.unprivileged ? r.below(2) : 0;
    setControl(cpu, 0);
    cpu.set(S.SP, main);
    cpu.set(S.PSP, process);
    if (cpu.profile.arch === 'v8m') {
      cpu.set(S.MSPLIM, r.below(3) ? 0 : STACK - 0x20 * r.below(4));
      cpu.set(S.PSPLIM, r.below(3) ? 0 : STACK - 0x20 * r.below(4));
    }
    const fpca = cpu.profile.fpu === 'none' ? 0 : r.below(2) << 2;
    setControl(cpu, (handler ? 0 : r.below(2) << 1) | nPriv | fpca);
  }
  private anyRights(): void {
    const { cpu, r } = this;
    if (cpu.profile.fpu !== 'none') {
      cpu.set(SCS.CPACR, r.pick([0xf0_0000, 0xf0_0000, 0xf0_0000, 0x50_0000, 0]));
      cpu.set(
        S.FPCCR,
        ((r.below(4) << 30) | (r.below(2) << 28) | (r.u32() & 0x77a) | r.below(2)) & (cpu.profile.arch === 'v8m' ? ~0 : ~0x1000_0600),
      );
      cpu.set(S.FPCAR, r.pick([STACK - 0x48, STACK + 8, RAM_END - 0x20]));
      cpu.set(S.FPDSCR, r.u32() & 0x07c0_0000);
    }
    cpu.set(SCS.VTOR, cpu.profile.vtor !== 0 && r.below(8) === 0 ? 0x7000_0000 : FLASH);
  }
}

/** As the bitmaps are listed. */
function sorted(w: CoreWords): CoreWords {
  const rising = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
  return {
    ...w,
    pending: rising(w.pending),
    active: rising(w.active),
    enabled: rising(w.enabled),
    high: rising(w.high),
    sleep: w.lockup ? 0 : w.sleep,
  };
}

const ACTS = ['fault', 'imprecise', 'pending', 'call', 'return', 'late FP'];
it.each(CORES.flatMap((core) => ACTS.filter((act) => act !== 'late FP' || core !== 'm0').map((act) => [core, act] as const)))(
  '%s: %s from any state as the architecture has it',
  (core, act) => new Cases(core).compare(act),
);

describe('a stack that the MPU forbids', () => {
  const [MEMMANAGE, MSTKERR, MUNSTKERR, MLSPERR] = [1 << 4, 1 << 4, 1 << 3, 1 << 5];
  const SP = STACK + 0x800;
  /** In a handler or in Thread mode, with its stack in a region without access. */
  function forbidden(core: 'm4' | 'm7', enabled: boolean, handler: number): { machine: Machine; cpu: Core } {
    const { machine, cpu } = started(core);
    cpu.set(S.SP, SP);
    cpu.set(SCS.SYS_ENABLED, enabled ? MEMMANAGE : 0);
    cpu.set(SCS.SYS_PRIORITY + 8, 0x80000000);
    cpu.set(SCS.SYS_ACTIVE, handler === 0 ? 0 : 1 << handler);
    cpu.set(S.IPSR, handler);
    // DDI 0403E B3.5: region 0 of 4 KB, AP 0, and the default map behind it
    for (const [at, value] of [
      [0xe000ed98, 0],
      [0xe000ed9c, STACK],
      [0xe000eda0, (11 << 1) | 1],
      [0xe000ed94, 5],
    ] as const)
      cpu.write(at, 4, value, true);
    return { machine, cpu };
  }
  const FORCED = 1 << 30;
  it.each([
    ['m4', true],
    ['m4', false],
    ['m7', true],
  ] as const)('%s, MemManage enabled %s: an entry sets MSTKERR and takes the fault first', (core, enabled) => {
    const { cpu } = forbidden(core, enabled, 0);
    supervisorCall(cpu, FLASH + MAIN + 2);
    expect([cpu.get(SCS.CFSR), cpu.get(S.IPSR), cpu.get(SCS.HFSR)]).toEqual([MSTKERR, enabled ? 4 : 3, enabled ? 0 : FORCED]);
    // SVC waits, and MMFAR holds nothing
    expect([cpu.get(SCS.SYS_PENDING), cpu.get(SCS.MMFAR), cpu.get(S.SP)]).toEqual([1 << 11, 0, SP - 0x20]);
  });
  it.each([true, false])('MemManage enabled %s: a return sets MUNSTKERR and leaves the frame where it is', (enabled) => {
    const { cpu } = forbidden('m4', enabled, 11);
    exceptionReturn(cpu, 0xfffffff9);
    expect([cpu.get(SCS.CFSR), cpu.get(S.IPSR), cpu.get(SCS.HFSR)]).toEqual([MUNSTKERR, enabled ? 4 : 3, enabled ? 0 : FORCED]);
    expect([cpu.get(SCS.SYS_ACTIVE), cpu.get(S.SP), cpu.get(S.LR) >>> 0]).toEqual([enabled ? 1 << 4 : 1 << 3, SP, 0xfffffff9]);
  });
  it.each([
    ['MMRDY', 1 << 5, 4, 0],
    ['HFRDY', 1 << 4, 3, FORCED],
  ] as const)('a late store of FP registers sets MLSPERR and becomes what %s said', (_name, ready, exception, hfsr) => {
    const { cpu } = forbidden('m4', true, 0);
    cpu.set(SCS.CPACR, 0xf00000);
    cpu.set(S.FPCAR, SP);
    cpu.set(S.FPCCR, (3 << 30) | ready | 1);
    setControl(cpu, 0);
    lazyFpSave(cpu);
    expect([cpu.get(SCS.CFSR) & MLSPERR, cpu.get(S.IPSR), cpu.get(SCS.HFSR), cpu.get(S.FPCCR) & 1]).toEqual([MLSPERR, exception, hfsr, 0]);
  });
  it.each([
    [0, 0],
    [1, MLSPERR],
  ])('a late store has the privilege of the code that owned the registers: USER %i', (user, status) => {
    const { cpu } = forbidden('m4', true, 0);
    // AP 1: privileged code alone
    cpu.write(0xe000eda0, 4, (1 << 24) | (11 << 1) | 1, true);
    cpu.set(SCS.CPACR, 0xf00000);
    cpu.set(S.FPCAR, SP);
    cpu.set(S.FPCCR, (3 << 30) | (1 << 5) | (user << 1) | 1);
    lazyFpSave(cpu);
    expect(cpu.get(SCS.CFSR) & MLSPERR).toBe(status);
  });
  it('a late store that nothing can report is a lockup', () => {
    const { machine, cpu } = forbidden('m4', true, 0);
    cpu.set(SCS.CPACR, 0xf00000);
    cpu.set(S.FPCAR, SP);
    cpu.set(S.FPCCR, (3 << 30) | 1);
    setControl(cpu, 0);
    lazyFpSave(cpu);
    expect(machine.state.lockup).not.toBeNull();
  });
});

it('entries are told with handler and interrupted address, returns with where they lead', () => {
  const { machine, cpu } = started('m4');
  const told: unknown[] = [];
  machine.observer = {
    exception: (_core, ...what) => told.push(['entry', ...what]),
    exceptionReturn: (_core, ...what) => told.push(['return', ...what]),
  };
  const vector = (e: number): number => (cpu.peek(FLASH + 4 * e, 4)! & ~1) >>> 0;
  supervisorCall(cpu, FLASH + MAIN + 2);
  cpu.set(SCS.SYS_PENDING, 1 << 14);
  cpu.set(SCS.SYS_PRIORITY + 8, 0x40000000);
  exceptionReturn(cpu, 0xfffffff9);
  exceptionReturn(cpu, 0xfffffff9);
  expect(told).toEqual([
    ['entry', 11, vector(11), FLASH + MAIN + 2],
    ['return', 11, vector(11)],
    ['entry', 14, vector(14), vector(11)],
    ['return', 14, FLASH + MAIN + 2],
  ]);
});
