/**
 * Exceptions from random states, beside what came of them before (each-exception/*.txt): faults, pending ones, SVC, returns with any EXC_RETURN, and FP context saved late, each from any mode,
 * priority, mask, stack and protection. A line tells where the core stands then and a hash of all that it became, stack included. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { it } from 'vitest';
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
import { setControl, setXpsr } from '../../../src/emu/core/arm/special.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { FLASH, MAIN, RAM, RAM_END, started, type CoreName } from './bare-machine.ts';
import { expectAsBefore } from './golden-file.ts';
import { Random } from './random-cases.ts';

const CORES: readonly CoreName[] = ['m0', 'm4', 'm33', 'm7'];
const EACH = 90;
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

const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

class Table {
  private readonly r = new Random(1210);
  private readonly machine: Machine;
  private readonly cpu: Core;
  private readonly fresh;
  private sum = 0;
  /** Exception of the context that a return goes to. */
  private returnsTo = 0;

  constructor(core: CoreName) {
    const { machine, cpu } = started(core);
    this.machine = machine;
    this.cpu = cpu;
    machine.observer = {
      exception: (_core, ...what) => what.forEach((v) => this.mix(v)),
      exceptionReturn: (_core, ...what) => what.forEach((v) => this.mix(v)),
      lockup: (_core, reason) => [...reason].forEach((c) => this.mix(c.charCodeAt(0))),
    };
    this.fresh = machine.save();
  }
  private mix(v: number): void {
    this.sum = Math.imul(this.sum ^ v, 0x01000193) ^ (this.sum >>> 15);
  }
  lines(): string[] {
    const { cpu, r } = this;
    const fp = cpu.profile.fpu !== 'none';
    const acts: Readonly<Record<string, () => void>> = {
      fault: () => {
        cpu.fault.kind = r.pick(KINDS);
        cpu.fault.address = r.u32();
        raise(cpu, cpu.fault, FLASH + MAIN + 2 * r.below(4));
      },
      imprecise: () => impreciseBusFault(cpu),
      pending: () => takePending(cpu),
      call: () => supervisorCall(cpu, FLASH + MAIN + 2),
      return: () => exceptionReturn(cpu, this.returnValue()),
      ...(fp ? { late: () => lazyFpSave(cpu) } : {}),
    };
    return Object.entries(acts).flatMap(([name, act]) =>
      Array.from({ length: name === 'fault' || name === 'return' ? 3 * EACH : EACH }, () => this.line(name, act)),
    );
  }
  private line(name: string, act: () => void): string {
    const { cpu, machine } = this;
    machine.restore(this.fresh);
    this.anyState(name);
    this.sum = 0x811c9dc5;
    const from = cpu.cycles();
    this.tried(act);
    for (const w of cpu.stateWords()) this.mix(w);
    for (const w of cpu.exceptionWords()) this.mix(w);
    const ram = machine.system.regionAt(RAM)!.memory!.host;
    for (const at of [STACK - RAM, RAM_END - 0x80 - RAM])
      for (const w of machine.system.arena.u32.subarray((ram + at - STACK_BYTES) >> 2, (ram + at + 0x80) >> 2)) this.mix(w);
    const where = machine.state.lockup === null ? `exception ${cpu.get(S.IPSR)} at ${hex(cpu.pc)}` : 'locked up';
    return `${name}: ${where}, SP ${hex(cpu.get(S.SP))}, ${cpu.cycles() - from} cycles, CFSR ${hex(cpu.get(SCS.CFSR))}; ${hex(this.sum)}`;
  }

  /** Nothing is run, so what could not have been fetched may be at the PC. */
  private tried(act: () => void): void {
    try {
      act();
    } catch (e) {
      if (!(e instanceof GuestFault)) throw e;
    }
  }
  /** Mostly one that goes where the frame does. */
  private returnValue(): number {
    const { cpu, r } = this;
    if (r.below(8) === 0) return (0xffffff00 | r.u32()) >>> 0;
    const noFp = cpu.profile.fpu === 'none' || r.below(2) > 0 ? 16 : 0;
    return excReturn(cpu.profile.arch, noFp | (this.returnsTo === 0 ? 8 | (r.below(2) << 2) : r.below(12) === 0 ? 4 : 0));
  }

  // ---- where it comes from ---------------------------------------------------------------------------------------------------------
  private anyState(name: string): void {
    const { cpu, r } = this;
    const v6 = cpu.profile.arch === 'v6m';
    for (let i = 0; i < 15; i++) cpu.set(S.R + 4 * i, r.u32());
    if (cpu.profile.fpu !== 'none') for (let i = 0; i < 33; i++) cpu.set(i < 32 ? S.FP + 4 * i : S.FPSCR, r.u32());
    setXpsr(cpu, (r.u32() & (r.below(2) ? 0xf80f_0000 : 0xfe0f_fc00)) | 0x0100_0000);
    for (const at of [16, 20, 24, 28, 32].map((o) => o - 16))
      cpu.set(SCS.SYS_PRIORITY + at, v6 ? r.u32() & 0xc0c0_c0c0 : r.u32() & 0xf0f0_f0f0);
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
    if (cpu.row.mpuRegions === 0 || r.below(3) > 0) return;
    // the stack, with any rights, and the rest by the default map
    cpu.write(0xe000ed98, 4, 0, true);
    cpu.write(0xe000ed9c, 4, cpu.profile.arch === 'v8m' ? ((STACK - 0x100) | (r.below(4) << 1)) >>> 0 : STACK & ~0xfff, true);
    cpu.write(
      0xe000eda0,
      4,
      cpu.profile.arch === 'v8m' ? ((STACK + 0xff) & ~31) | 1 : ((r.below(8) << 24) | (r.below(256) << 8) | (11 << 1) | 1) >>> 0,
      true,
    );
    cpu.write(0xe000ed94, 4, 5 | (r.below(2) << 1), true);
  }
}

it.each(CORES)('%s takes exceptions and returns as it did', (core) => {
  expectAsBefore(new Table(core).lines(), new URL(`./each-exception/${core}.txt`, import.meta.url));
});
