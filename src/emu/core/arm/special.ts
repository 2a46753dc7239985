/** Stack pointers, xPSR and the derived words that depend on mode and privilege. */
import type { Cpu } from '../cpu.ts';
import { mpuEnabled } from './mpu.ts';
import { privileged, SCS } from './scs-state.ts';
import { S } from '../state.ts';

/** CONTROL bits. */
export const NPRIV = 1;
export const SPSEL = 2;
export const FPCA = 4;

/** CONTROL.SPSEL is 0 in Handler mode, so it alone says which stack pointer S.SP is. */
const usesPsp = (cpu: Cpu): boolean => (cpu.get(S.CONTROL) & SPSEL) !== 0;

export const getMsp = (cpu: Cpu): number => cpu.get(usesPsp(cpu) ? S.MSP : S.SP) >>> 0;
export const getPsp = (cpu: Cpu): number => cpu.get(usesPsp(cpu) ? S.SP : S.PSP) >>> 0;
export const setMsp = (cpu: Cpu, value: number): void => cpu.set(usesPsp(cpu) ? S.MSP : S.SP, value & ~3);
export const setPsp = (cpu: Cpu, value: number): void => cpu.set(usesPsp(cpu) ? S.SP : S.PSP, value & ~3);

/** Stack limit of the selected stack pointer, for the fast path. */
export function updateSpLimit(cpu: Cpu): void {
  cpu.set(S.SPLIM, cpu.get(usesPsp(cpu) ? S.PSPLIM : S.MSPLIM));
}

/** Writes CONTROL and moves the stack pointers between S.SP and their places. */
export function setControl(cpu: Cpu, value: number): void {
  const old = cpu.get(S.CONTROL);
  if ((old ^ value) & SPSEL) {
    const msp = getMsp(cpu);
    const psp = getPsp(cpu);
    cpu.set(S.MSP, msp);
    cpu.set(S.PSP, psp);
    cpu.set(S.SP, value & SPSEL ? psp : msp);
  }
  cpu.set(S.CONTROL, value);
  updateSpLimit(cpu);
  updateFpTrap(cpu);
}

/** CPACR lets the running code use the FPU. */
export function fpAllowed(cpu: Cpu): boolean {
  const access = (cpu.get(SCS.CPACR) >>> 20) & 3;
  return access === 3 || (access === 1 && privileged(cpu));
}
/**
 * FP instructions leave the fast path while access is denied, while a lazy frame waits to be filled, and before the first one of a context
 * that hardware is to save (ASPEN with FPCA clear).
 */
export function updateFpTrap(cpu: Cpu): void {
  if (cpu.profile.fpu === 'none') return;
  const fpccr = cpu.get(S.FPCCR);
  const first = fpccr >>> 31 !== 0 && (cpu.get(S.CONTROL) & FPCA) === 0;
  cpu.set(S.FP_TRAP, !fpAllowed(cpu) || (fpccr & 1) !== 0 || first ? 1 : 0);
}

/** APSR with GE[3:0], as MRS and stacking see it. */
export function apsr(cpu: Cpu): number {
  const flags =
    (cpu.get(S.NF) & 0x80000000) | (cpu.get(S.ZF) === 0 ? 1 << 30 : 0) | ((cpu.get(S.CF) & 1) << 29) | ((cpu.get(S.VF) & 1) << 28);
  const q = cpu.profile.arch === 'v6m' ? 0 : (cpu.get(S.QF) & 1) << 27;
  return (flags | q | (cpu.profile.dsp ? (cpu.get(S.GE) & 15) << 16 : 0)) >>> 0;
}
export function setNzcvq(cpu: Cpu, word: number): void {
  cpu.set(S.NF, word);
  cpu.set(S.ZF, ((word >>> 30) & 1) ^ 1);
  cpu.set(S.CF, (word >>> 29) & 1);
  cpu.set(S.VF, (word >>> 28) & 1);
  cpu.set(S.QF, cpu.profile.arch === 'v6m' ? 0 : (word >>> 27) & 1);
}
export const setGe = (cpu: Cpu, word: number): void => {
  if (cpu.profile.dsp) cpu.set(S.GE, (word >>> 16) & 15);
};
export function xpsr(cpu: Cpu): number {
  const it = cpu.get(S.IT);
  return (apsr(cpu) | ((it & 3) << 25) | ((it >>> 2) << 10) | ((cpu.get(S.T) & 1) << 24) | cpu.get(S.IPSR)) >>> 0;
}
/** All of xPSR but the exception number. Bits 15:10 and 26:25 are ITSTATE, or ICI, which is dropped: the instruction starts over. */
export function setXpsr(cpu: Cpu, word: number): void {
  setNzcvq(cpu, word);
  setGe(cpu, word);
  cpu.set(S.T, (word >>> 24) & 1);
  const it = ((word >>> 25) & 3) | (((word >>> 10) & 63) << 2);
  cpu.set(S.IT, cpu.profile.arch === 'v6m' || (it & 15) === 0 ? 0 : it);
}

/** What access rights hang on beside the set-up of the MPU: they are others where this number is another. */
export const rightsOf = (cpu: Cpu): number =>
  (cpu.get(SCS.MPU_CTRL) & 1) === 0 ? 0 : (privileged(cpu) ? 1 : 0) | (mpuEnabled(cpu) ? 2 : 0);
/** Runs a change of mode, privilege or priority, and tells the core if access rights are others now. */
export function withRights(cpu: Cpu, body: () => void): void {
  const before = rightsOf(cpu);
  body();
  if (rightsOf(cpu) !== before) cpu.rightsChanged();
}
