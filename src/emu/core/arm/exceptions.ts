/**
 * Exception entry and return, faults and lockup (ARMv6-M B1.5, ARMv7-M B1.5, ARMv8-M B3 without the Security Extension).
 *
 * Time: an entry or return is charged as a whole (`ExceptionCycles`, for zero-wait memory); accesses add their wait states.
 * Late arrival: events within the cycles of an entry are served right after it. If they pend something more urgent before the
 * handler's first instruction, the frame that was just stacked is used for that one, and the first stays pending.
 */
import type { Profile } from '../builder.ts';
import { guestFault, type Cpu, type GuestFault } from '../cpu.ts';
import {
  activate,
  activeCount,
  activePriority,
  deactivate,
  executionPriority,
  groupOf,
  highestPending,
  isActive,
  isEnabled,
  preempts,
  priorityOf,
  setPending,
} from './nvic.ts';
import { EXC, SCS } from './scs-state.ts';
import { FPSCR_MASK } from '../float/softfloat-bits.ts';
import {
  fpAllowed,
  FPCA,
  getMsp,
  getPsp,
  NPRIV,
  setControl,
  setMsp,
  setPsp,
  setXpsr,
  rightsOf,
  SPSEL,
  updateFpTrap,
  xpsr,
} from './special.ts';
import { S } from '../state.ts';
import { resetSysTick } from './systick.ts';
import { hex } from '../../hex.ts';

/** CFSR bits. */
const CFSR = {
  IACCVIOL: 1 << 0,
  DACCVIOL: 1 << 1,
  MUNSTKERR: 1 << 3,
  MSTKERR: 1 << 4,
  MLSPERR: 1 << 5,
  MMARVALID: 1 << 7,
  IBUSERR: 1 << 8,
  PRECISERR: 1 << 9,
  IMPRECISERR: 1 << 10,
  UNSTKERR: 1 << 11,
  STKERR: 1 << 12,
  LSPERR: 1 << 13,
  BFARVALID: 1 << 15,
  UNDEFINSTR: 1 << 16,
  INVSTATE: 1 << 17,
  INVPC: 1 << 18,
  NOCP: 1 << 19,
  STKOF: 1 << 20,
  UNALIGNED: 1 << 24,
  DIVBYZERO: 1 << 25,
} as const;
/** HFSR bits. */
const VECTTBL = 1 << 1;
const FORCED = 1 << 30;
const DEBUGEVT = 1 << 31;
const DFSR_BKPT = 1 << 1;
/** FPCCR bits. */
const LSPACT = 1;
const LSPEN = 1 << 30;
/** EXC_RETURN: Mode, and no floating-point registers in the frame. */
export const EXC_RETURN_THREAD = 1 << 3;
export const EXC_RETURN_FTYPE = 1 << 4;
/** With the bits that are always set. */
export const excReturn = (arch: Profile['arch'], bits: number): number => ((arch === 'v8m' ? 0xffffffa0 : 0xffffffe1) | bits) >>> 0;

const isV6 = (cpu: Cpu): boolean => cpu.profile.arch === 'v6m';
const isV8 = (cpu: Cpu): boolean => cpu.profile.arch === 'v8m';
const hasFpu = (cpu: Cpu): boolean => cpu.profile.fpu !== 'none';
const orBits = (cpu: Cpu, offset: number, bits: number): void => cpu.set(offset, cpu.get(offset) | bits);

// ---- reset -----------------------------------------------------------------------------------------------------------------------

/**
 * Reset state of the core and the system control space, then MSP and PC from the table at `vtor`. A bus error on the table is a lockup
 * at the priority of HardFault. General registers keep what they hold (UNKNOWN by the architecture).
 */
export function resetCore(cpu: Cpu, vtor: number): void {
  for (const offset of [
    S.IPSR,
    S.IT,
    S.PRIMASK,
    S.FAULTMASK,
    S.BASEPRI,
    S.MSPLIM,
    S.PSPLIM,
    S.SPLIM,
    S.FPSCR,
    S.FPCAR,
    S.FPDSCR,
    S.CONTROL,
    S.PSP,
    S.EVENT,
    S.HALTED,
    S.EXCLUSIVE_OPEN,
  ])
    cpu.set(offset, 0);
  for (let offset: number = S.NVIC_ENABLED; offset < S.SCS + 0x200; offset += 4) cpu.set(offset, 0);
  cpu.set(S.LR, -1);
  setXpsr(cpu, 0);
  cpu.set(S.T, 1);
  cpu.set(S.CCR, cpu.row.revision?.ccr ?? cpu.profile.ccr.reset);
  cpu.set(S.FPCCR, hasFpu(cpu) ? 0xc0000000 : 0);
  cpu.set(SCS.VTOR, vtor);
  cpu.setFloat(SCS.ENTRY_END, -1);
  cpu.set(SCS.FP_CTRL, 0x260);
  if (cpu.profile.l1) {
    cpu.set(SCS.ITCMCR, 0x39);
    cpu.set(SCS.DTCMCR, 0x41);
  }
  resetSysTick(cpu);
  updateFpTrap(cpu);
  cpu.rightsChanged();
  cpu.interruptsChanged();
  try {
    cpu.set(S.SP, cpu.read(vtor, 4, true) & ~3);
    const start = cpu.read((vtor + 4) >>> 0, 4, true);
    cpu.set(S.T, start & 1);
    cpu.branchTo((start & ~1) >>> 0);
  } catch (e) {
    guestFault(e);
    activate(cpu, EXC.HARDFAULT);
    cpu.set(S.IPSR, EXC.HARDFAULT);
    enterLockup(cpu, `bus error reading the vector table at ${hex(vtor)} out of reset`);
  }
}

function enterLockup(cpu: Cpu, reason: string): void {
  cpu.set(S.HALTED, 1);
  cpu.lockup(reason);
  // what the PC of a locked-up core reads
  cpu.branchTo(0xfffffffe);
}

// ---- faults ----------------------------------------------------------------------------------------------------------------------

interface FaultRule {
  readonly exception: number;
  readonly bits: number;
  readonly address?: 'MMFAR' | 'BFAR';
}
const FAULT_RULES: Readonly<Record<Exclude<GuestFault['kind'], 'breakpoint'>, FaultRule>> = {
  'bus-fetch': { exception: EXC.BUSFAULT, bits: CFSR.IBUSERR },
  'bus-data': { exception: EXC.BUSFAULT, bits: CFSR.PRECISERR, address: 'BFAR' },
  'bus-data-imprecise': { exception: EXC.BUSFAULT, bits: CFSR.IMPRECISERR },
  // without the Security Extension in use the bus answers a forbidden alias with an error
  secure: { exception: EXC.BUSFAULT, bits: CFSR.PRECISERR, address: 'BFAR' },
  'mem-fetch': { exception: EXC.MEMMANAGE, bits: CFSR.IACCVIOL },
  'mem-data': { exception: EXC.MEMMANAGE, bits: CFSR.DACCVIOL, address: 'MMFAR' },
  unaligned: { exception: EXC.USAGEFAULT, bits: CFSR.UNALIGNED },
  undefined: { exception: EXC.USAGEFAULT, bits: CFSR.UNDEFINSTR },
  'no-coprocessor': { exception: EXC.USAGEFAULT, bits: CFSR.NOCP },
  'invalid-state': { exception: EXC.USAGEFAULT, bits: CFSR.INVSTATE },
  'invalid-pc': { exception: EXC.USAGEFAULT, bits: CFSR.INVPC },
  'divide-by-zero': { exception: EXC.USAGEFAULT, bits: CFSR.DIVBYZERO },
  'stack-overflow': { exception: EXC.USAGEFAULT, bits: CFSR.STKOF },
};

/** Fault status bits and addresses. ARMv6-M has none of these registers. */
function record(cpu: Cpu, bits: number, address?: 'MMFAR' | 'BFAR', value = 0): void {
  if (isV6(cpu)) return;
  orBits(cpu, SCS.CFSR, bits);
  if (address === 'MMFAR') {
    cpu.set(SCS.MMFAR, value);
    orBits(cpu, SCS.CFSR, CFSR.MMARVALID);
  } else if (address === 'BFAR') {
    cpu.set(SCS.BFAR, value);
    orBits(cpu, SCS.CFSR, CFSR.BFARVALID);
  }
}

/**
 * Pends a synchronous exception, or HardFault if it is disabled or its priority too low. False if not even HardFault can be taken: lockup, except for a fault while
 * stacking. That is pended beside the exception being taken, and the one with the higher priority goes first; without HardFault the original exception continues with the
 * frame as it is.
 */
function pendOrEscalate(cpu: Cpu, exception: number): boolean {
  const priority = executionPriority(cpu);
  let target = exception;
  if (isV6(cpu) && exception < EXC.SVCALL) target = EXC.HARDFAULT;
  if (target !== EXC.HARDFAULT && (!isEnabled(cpu, target) || groupOf(cpu, priorityOf(cpu, target)) >= priority)) {
    target = EXC.HARDFAULT;
    if (!isV6(cpu)) orBits(cpu, SCS.HFSR, FORCED);
  }
  if (target === EXC.HARDFAULT && priority <= -1) return false;
  setPending(cpu, target);
  return true;
}

/** CCR: data bus faults at a negative priority are ignored. */
const BFHFNMIGN = 0x100;
/** Raises a synchronous fault with return address `pc`. The caller has restored the ITSTATE of an abandoned instruction. */
export function raise(cpu: Cpu, fault: GuestFault, pc: number): void {
  cpu.set(S.PC, pc);
  const { kind, address } = fault;
  if (kind === 'breakpoint') {
    raiseBreakpoint(cpu, pc);
    return;
  }
  const rule = FAULT_RULES[kind];
  const data = kind === 'bus-data' || kind === 'secure' || kind === 'bus-data-imprecise';
  record(cpu, rule.bits, rule.address, address);
  if (data && (cpu.get(S.CCR) & BFHFNMIGN) !== 0 && executionPriority(cpu) < 0) {
    // the access is ignored and execution continues after it
    cpu.branchTo((pc + (kind === 'bus-data-imprecise' ? 0 : sizeAt(cpu, pc))) >>> 0);
    return;
  }
  syncFault(cpu, rule.exception, `${kind} at ${hex(pc)}${rule.address ? ` accessing ${hex(address)}` : ''}`);
}
/** An imprecise bus fault (a buffered store, a cache line written back): pended wherever the core is. BFHFNMIGN is about precise ones (Armv7-M ARM B3.2.8). */
export function impreciseBusFault(cpu: Cpu): void {
  orBits(cpu, SCS.CFSR, CFSR.IMPRECISERR);
  const enabled = (cpu.get(SCS.SYS_ENABLED) & (1 << EXC.BUSFAULT)) !== 0;
  if (!enabled) orBits(cpu, SCS.HFSR, FORCED);
  setPending(cpu, enabled ? EXC.BUSFAULT : EXC.HARDFAULT);
  cpu.interruptsChanged();
}
const sizeAt = (cpu: Cpu, pc: number): 2 | 4 => (cpu.fetch(pc) >>> 11 >= 0x1d ? 4 : 2);

function raiseBreakpoint(cpu: Cpu, pc: number): void {
  if (!isV6(cpu)) orBits(cpu, SCS.DFSR, DFSR_BKPT);
  const monitor =
    !isV6(cpu) && (cpu.get(SCS.DEMCR) & (1 << 16)) !== 0 && groupOf(cpu, priorityOf(cpu, EXC.DEBUGMONITOR)) < executionPriority(cpu);
  if (monitor) {
    syncFault(cpu, EXC.DEBUGMONITOR, '');
    return;
  }
  if (!isV6(cpu)) orBits(cpu, SCS.HFSR, DEBUGEVT);
  syncFault(cpu, EXC.HARDFAULT, `BKPT at ${hex(pc)} without a debugger`);
}

/** Takes a fault now: the fault itself, HardFault, or a pending exception of higher priority. */
function syncFault(cpu: Cpu, exception: number, what: string): void {
  // a fault on a handler's first instruction does not count as a late arrival
  cpu.setFloat(SCS.ENTRY_END, -1);
  if (!pendOrEscalate(cpu, exception)) {
    const where = cpu.get(S.IPSR) === EXC.NMI ? 'in NMI' : cpu.get(S.FAULTMASK) & 1 ? 'with FAULTMASK set' : 'in HardFault';
    enterLockup(cpu, `${what} ${where}`);
    return;
  }
  takePending(cpu);
}

/** SVC; `next` is its return address. */
export function supervisorCall(cpu: Cpu, next: number): void {
  const pc = cpu.get(S.PC);
  cpu.set(S.PC, next);
  syncFault(cpu, EXC.SVCALL, `SVC at ${hex(pc)}`);
}

// ---- entry -----------------------------------------------------------------------------------------------------------------------

/** Wakes a sleeping core if need be, and takes the pending exception of highest priority if it preempts. True if one was taken. */
export function takePending(cpu: Cpu): boolean {
  const halted = cpu.get(S.HALTED);
  const exception = highestPending(cpu);
  if (halted === 3 && cpu.get(S.EVENT)) {
    cpu.set(S.EVENT, 0);
    cpu.set(S.HALTED, 0);
  }
  // PRIMASK does not keep WFI asleep, BASEPRI and FAULTMASK do
  if (halted === 2 && preempts(cpu, exception, true)) cpu.set(S.HALTED, 0);
  if (!preempts(cpu, exception)) return false;
  cpu.set(S.HALTED, 0);
  const interrupted = cpu.get(S.PC);
  const rights = rightsOf(cpu);
  if (handlerNotBegun(cpu)) lateArrival(cpu);
  else enter(cpu);
  if (rightsOf(cpu) !== rights) cpu.rightsChanged();
  told(cpu, interrupted);
  return true;
}
/** Reports an entry when it is complete, because the observer may stop the machine here. */
function told(cpu: Cpu, interrupted: number): void {
  if (cpu.get(S.HALTED) !== 1) cpu.exceptionTaken(cpu.get(S.IPSR), cpu.get(S.PC), interrupted);
}

function enter(cpu: Cpu): void {
  const cost = cpu.exceptionCycles;
  cpu.spend(cost.entry.value);
  const saved = pushFrame(cpu);
  if (saved === 'fp') cpu.spend(cost.fpRegisters.value);
  vector(cpu);
}
/** Neither time nor instructions since the last entry (dual-issued instructions can take no time). */
function handlerNotBegun(cpu: Cpu): boolean {
  const ipsr = cpu.get(S.IPSR);
  if (ipsr === 0 || cpu.getFloat(SCS.ENTRY_END) !== cpu.cycles()) return false;
  return handlerAt(cpu, ipsr) === cpu.get(S.PC);
}
function lateArrival(cpu: Cpu): void {
  const first = cpu.get(S.IPSR);
  deactivate(cpu, first);
  setPending(cpu, first);
  vector(cpu);
}

/**
 * Activates the pending exception of highest priority and branches to its handler, after stacking. A bus error on the vector becomes a HardFault with the exception still
 * pending; on the vector of HardFault or NMI it is a lockup.
 */
function vector(cpu: Cpu): void {
  for (;;) {
    const exception = highestPending(cpu);
    const handler = readVector(cpu, exception);
    if (handler === null) {
      if (!isV6(cpu)) orBits(cpu, SCS.HFSR, VECTTBL);
      if (exception !== EXC.HARDFAULT && exception !== EXC.NMI && executionPriority(cpu) > -1) {
        setPending(cpu, EXC.HARDFAULT);
        continue;
      }
      toHandlerMode(cpu, exception);
      enterLockup(cpu, `bus error reading the vector of exception ${exception}`);
      return;
    }
    toHandlerMode(cpu, exception);
    cpu.set(S.T, handler & 1);
    cpu.branchTo((handler & ~1) >>> 0);
    cpu.setFloat(SCS.ENTRY_END, cpu.cycles());
    return;
  }
}
/**
 * Where the core reads a vector. VTOR has to be a multiple of the table's size, rounded up to a power of two (DDI 0403 B3.2.5). Where it is not, the number of the exception is or-ed to it: reported for a Cortex-M
 * without more words (RIOT-OS PR 11641: HardFault with a table at 0x100) and for a Cortex-M33 (mtk3_bsp2 PR 7).
 */
export const vectorAddress = (cpu: Pick<Cpu, 'get'>, exception: number): number => (cpu.get(SCS.VTOR) | (4 * exception)) >>> 0;
/** Where the handler of an exception begins; 0 where its vector cannot be read. */
export const handlerAt = (cpu: Pick<Cpu, 'get' | 'peek'>, exception: number): number =>
  ((cpu.peek(vectorAddress(cpu, exception), 4) ?? 0) & ~1) >>> 0;
/** Vector reads bypass the MPU; null for a bus error. */
function readVector(cpu: Cpu, exception: number): number | null {
  const address = vectorAddress(cpu, exception);
  const table = cpu.get(SCS.VTOR) >>> 0;
  if ((table & (4 * exception)) !== 0)
    cpu.note(
      'guest',
      `the vector table at ${hex(table)} is not aligned to its size: the vector of exception ${exception} is read at ${hex(address)}, not at ${hex(table + 4 * exception)}`,
    );
  if (cpu.get(SCS.MPU_CTRL) & 1) return cpu.peek(address, 4);
  try {
    return cpu.read(address, 4, true);
  } catch (e) {
    guestFault(e);
    return null;
  }
}
function toHandlerMode(cpu: Cpu, exception: number): void {
  activate(cpu, exception);
  // before CONTROL: access to the FPU depends on the mode too
  cpu.set(S.IPSR, exception);
  setControl(cpu, cpu.get(S.CONTROL) & NPRIV);
  cpu.set(S.IT, 0);
  cpu.set(S.EVENT, 1);
  cpu.set(S.EXCLUSIVE_OPEN, 0);
}

/** A basic frame below xPSR: registers and the return address. */
export const FRAME = [S.R, S.R + 4, S.R + 8, S.R + 12, S.R + 4 * 12, S.LR, S.PC] as const;
const STACKED = FRAME.length - 1;
const FRAME_WORDS = FRAME.length + 1;
/** S0…S15 and FPSCR. */
const FP_WORDS = 17;
/** Buffer for the words of a frame, so that interrupts allocate nothing. */
const frameWords = new Uint32Array(FRAME_WORDS);
const fpWords = new Uint32Array(FP_WORDS);

/** Pushes a frame and sets LR to EXC_RETURN. 'fp': with FP registers. */
// eslint-disable-next-line complexity -- PushStack with its faults, in the order of the manual's pseudocode
function pushFrame(cpu: Cpu, thread = cpu.get(S.IPSR) === 0): 'basic' | 'fp' {
  const control = cpu.get(S.CONTROL);
  const psp = thread && (control & SPSEL) !== 0;
  const priv = !thread || (control & NPRIV) === 0;
  const fp = hasFpu(cpu) && (control & FPCA) !== 0;
  const size = fp ? 0x68 : 0x20;
  const align = fp || (cpu.get(S.CCR) & 0x200) !== 0 ? 4 : 0;
  const sp = cpu.get(S.SP);
  const frame = ((sp - size) & ~align) >>> 0;
  const psr = (xpsr(cpu) & ~0x200) | (sp & align ? 0x200 : 0);
  let stored: 'basic' | 'fp' = 'basic';
  if (isV8(cpu) && frame < cpu.get(S.SPLIM) >>> 0) {
    cpu.set(S.SP, cpu.get(S.SPLIM));
    record(cpu, CFSR.STKOF);
    pendOrEscalate(cpu, EXC.USAGEFAULT);
  } else {
    cpu.set(S.SP, frame);
    try {
      for (let i = 0; i < FRAME.length; i++) frameWords[i] = cpu.words[FRAME[i]! >> 2]!;
      frameWords[FRAME.length] = psr;
      cpu.writeWords(frame, frameWords, FRAME_WORDS, priv);
      if (fp && (cpu.get(S.FPCCR) & LSPEN) === 0) {
        if (fpAllowed(cpu)) {
          storeFp(cpu, (frame + 0x20) >>> 0, priv);
          stored = 'fp';
        } else {
          record(cpu, CFSR.NOCP);
          pendOrEscalate(cpu, EXC.USAGEFAULT);
        }
      } else if (fp) reserveFp(cpu, (frame + 0x20) >>> 0, thread, priv);
    } catch (e) {
      const memManage = guestFault(e).kind.startsWith('mem');
      record(cpu, memManage ? CFSR.MSTKERR : CFSR.STKERR);
      pendOrEscalate(cpu, memManage ? EXC.MEMMANAGE : EXC.BUSFAULT);
    }
  }
  const ftype = fp ? 0 : EXC_RETURN_FTYPE;
  const mode = (thread ? EXC_RETURN_THREAD : 0) | (psp ? 4 : 0);
  cpu.set(S.LR, excReturn(cpu.profile.arch, ftype | mode));
  return stored;
}

function storeFp(cpu: Cpu, address: number, priv: boolean): void {
  for (let i = 0; i < FP_WORDS - 1; i++) fpWords[i] = cpu.words[(S.FP >> 2) + i]!;
  fpWords[FP_WORDS - 1] = cpu.get(S.FPSCR);
  cpu.writeWords(address, fpWords, FP_WORDS, priv);
}
function clearFp(cpu: Cpu): void {
  for (let i = 0; i < 16; i++) cpu.set(S.FP + 4 * i, 0);
  cpu.set(S.FPSCR, 0);
}
/** Lazy stacking: reserves the frame and records what a later store depends on. */
function reserveFp(cpu: Cpu, address: number, thread: boolean, priv: boolean): void {
  const running = executionPriority(cpu);
  const ready = (exception: number, bit: number): number =>
    isEnabled(cpu, exception) && groupOf(cpu, priorityOf(cpu, exception)) < running ? 1 << bit : 0;
  let fpccr = (cpu.get(S.FPCCR) & ~0x77b) | LSPACT | (priv ? 0 : 2) | (thread ? 8 : 0);
  if (running > -1) fpccr |= 1 << 4;
  fpccr |= ready(EXC.MEMMANAGE, 5) | ready(EXC.BUSFAULT, 6);
  if (cpu.get(SCS.DEMCR) & (1 << 16)) fpccr |= ready(EXC.DEBUGMONITOR, 8);
  if (isV8(cpu)) fpccr |= ready(EXC.USAGEFAULT, 10);
  cpu.set(S.FPCCR, fpccr);
  cpu.set(S.FPCAR, address & ~7);
}

// ---- return ----------------------------------------------------------------------------------------------------------------------

/** Branch to an EXC_RETURN value in Handler mode. True if it tail-chains to another handler. */
export function exceptionReturn(cpu: Cpu, value: number): boolean {
  const from = cpu.get(S.IPSR);
  const at = cpu.get(S.PC);
  const rights = rightsOf(cpu);
  const chained = leaveException(cpu, value >>> 0, from);
  if (rightsOf(cpu) !== rights) cpu.rightsChanged();
  if (chained) {
    if (cpu.get(S.HALTED) !== 1) {
      cpu.exceptionReturned(from, at);
      told(cpu, at);
    }
    return true;
  }
  cpu.exceptionReturned(from, cpu.get(S.PC));
  return false;
}

/** True if it tail-chains. */
function leaveException(cpu: Cpu, value: number, from: number): boolean {
  const wasActive = isActive(cpu, from);
  const nested = activeCount(cpu);
  // ARMv8-M takes the raw priority before the exception ends (DDI 0553, DeActivate): NMI and HardFault leave FAULTMASK alone
  const clears = isV8(cpu) ? activePriority(cpu) >= 0 : from !== EXC.NMI;
  if (wasActive) deactivate(cpu, from);
  const faultMask = cpu.get(S.FAULTMASK);
  if (faultMask && clears) {
    cpu.set(S.FAULTMASK, 0);
    cpu.changed('FAULTMASK', faultMask, 0);
  }
  if (!wasActive || !validReturn(cpu, value, nested)) return chainTo(cpu, value, EXC.USAGEFAULT, CFSR.INVPC);

  if (preempts(cpu, highestPending(cpu))) {
    cpu.spend(cpu.exceptionCycles.tailChain.value);
    cpu.set(S.LR, value);
    vector(cpu);
    return true;
  }
  return popFrame(cpu, value, nested);
}

function validReturn(cpu: Cpu, value: number, nested: number): boolean {
  const toThread = (value & 8) !== 0;
  if (isV8(cpu)) {
    // DCRS and the reserved bits are 1. S or ES set is UNPREDICTABLE without the Security Extension (DDI0553 R_XLCP). Taken as clear here:
    // ChibiOS starts its threads with 0xFFFFFFFD or 0xFFFFFFED and publishes test reports of an STM32H5 (inferred)
    return (value & 0x22) === 0x20 && (value & 0xffff80) === 0xffff80;
  }
  // other values are UNPREDICTABLE on Armv6-M (DDI 0419, ExceptionReturn()): RT-Thread returns with 0xFFFFFFFC on products (reported)
  const low = (value & 15) | (isV6(cpu) ? 1 : 0);
  if (low !== 1 && low !== 9 && low !== 13) return false;
  if ((value & EXC_RETURN_FTYPE) === 0 && !hasFpu(cpu)) return false;
  if (!toThread) return nested > 1;
  return nested === 1 || (!isV6(cpu) && (cpu.get(S.CCR) & 1) !== 0);
}

/** A fault of the return itself: tail-chained, with the frame left on the stack. */
function chainTo(cpu: Cpu, value: number, exception: number, bits: number): boolean {
  record(cpu, bits);
  if (!pendOrEscalate(cpu, exception)) {
    enterLockup(cpu, `exception return to ${hex(value)} failed at the priority of HardFault`);
    return true;
  }
  cpu.spend(cpu.exceptionCycles.tailChain.value);
  cpu.set(S.LR, value);
  vector(cpu);
  return true;
}

// eslint-disable-next-line complexity -- PopStack with its integrity checks, in the order of the manual's pseudocode
function popFrame(cpu: Cpu, value: number, nested: number): boolean {
  const toThread = (value & 8) !== 0;
  const psp = toThread && (value & 4) !== 0;
  const fp = hasFpu(cpu) && (value & EXC_RETURN_FTYPE) === 0;
  const priv = !toThread || (cpu.get(S.CONTROL) & NPRIV) === 0;
  const frame = psp ? getPsp(cpu) : getMsp(cpu);
  const lazy = (cpu.get(S.FPCCR) & LSPACT) !== 0;
  const fpStacked = fp && !lazy;
  try {
    cpu.readWords(frame, frameWords, FRAME_WORDS, priv);
    if (fpStacked) {
      if (!fpAllowed(cpu)) return chainTo(cpu, value, EXC.USAGEFAULT, CFSR.NOCP);
      cpu.readWords((frame + 0x20) >>> 0, fpWords, FP_WORDS, priv);
    }
  } catch (e) {
    const memManage = guestFault(e).kind.startsWith('mem');
    return chainTo(cpu, value, memManage ? EXC.MEMMANAGE : EXC.BUSFAULT, memManage ? CFSR.MUNSTKERR : CFSR.UNSTKERR);
  }
  const psr = frameWords[FRAME.length]!;
  const consistent = ((psr & 0x1ff) === 0) === toThread;
  if (!consistent && isV8(cpu)) return chainTo(cpu, value, EXC.USAGEFAULT, CFSR.INVPC);

  const cost = cpu.exceptionCycles;
  cpu.spend(cost.return.value + (fpStacked ? cost.fpRegisters.value : 0));
  if (fp && lazy) cpu.set(S.FPCCR, cpu.get(S.FPCCR) & ~LSPACT);
  // ARMv8-M CLRONRET clears the FP registers of the handler
  if (isV8(cpu) && !fp && (cpu.get(S.CONTROL) & FPCA) !== 0 && (cpu.get(S.FPCCR) & (1 << 28)) !== 0) clearFp(cpu);
  if (fpStacked) {
    for (let i = 0; i < FP_WORDS - 1; i++) cpu.words[(S.FP >> 2) + i] = fpWords[i]!;
    cpu.set(S.FPSCR, fpWords[FP_WORDS - 1]! & FPSCR_MASK);
  }
  for (let i = 0; i < STACKED; i++) cpu.words[FRAME[i]! >> 2] = frameWords[i]!;
  const align = fp || (cpu.get(S.CCR) & 0x200) !== 0;
  const sp = ((frame + (fp ? 0x68 : 0x20)) | (align && psr & 0x200 ? 4 : 0)) >>> 0;
  if (psp) setPsp(cpu, sp);
  else setMsp(cpu, sp);
  setXpsr(cpu, psr);
  cpu.set(S.IPSR, psr & 0x1ff & (isV6(cpu) ? 0x3f : 0x1ff));
  setControl(cpu, (cpu.get(S.CONTROL) & NPRIV) | (psp ? SPSEL : 0) | (fp ? FPCA : 0));
  cpu.branchTo((frameWords[STACKED]! & ~1) >>> 0);
  cpu.set(S.EVENT, 1);
  cpu.set(S.EXCLUSIVE_OPEN, 0);

  if (!consistent) {
    // ARMv7-M and ARMv6-M check after unstacking: the frame is pushed again
    pushFrame(cpu, toThread);
    return chainTo(cpu, value, EXC.USAGEFAULT, CFSR.INVPC);
  }
  if (toThread && nested === 1 && (cpu.get(SCS.SCR) & 2) !== 0) {
    cpu.set(S.HALTED, 2);
    // an exception that only PRIMASK masks prevents sleep
    cpu.interruptsChanged();
  }
  return false;
}

// ---- FP context ------------------------------------------------------------------------------------------------------------------

/**
 * An FP instruction trapped at S.PC: returns the NOCP fault if access is denied; else stores a pending lazy frame, sets FPSCR to its default in a new context, and the
 * instruction runs again unless that faulted.
 */
export function lazyFpSave(cpu: Cpu): GuestFault | null {
  if (!hasFpu(cpu) || !fpAllowed(cpu)) {
    cpu.fault.kind = 'no-coprocessor';
    return cpu.fault;
  }
  const fpccr = cpu.get(S.FPCCR);
  if (fpccr & LSPACT) {
    cpu.spend(cpu.exceptionCycles.lazySave.value);
    cpu.set(S.FPCCR, fpccr & ~LSPACT);
    try {
      storeFp(cpu, cpu.get(S.FPCAR) >>> 0, (fpccr & 2) === 0);
    } catch (e) {
      lazyFault(cpu, guestFault(e).kind.startsWith('mem'), fpccr);
    }
  }
  if (fpccr >>> 31 !== 0 && (cpu.get(S.CONTROL) & FPCA) === 0) {
    const mask = 0x07c00000;
    cpu.set(S.FPSCR, (cpu.get(S.FPSCR) & ~mask) | (cpu.get(S.FPDSCR) & mask));
    cpu.set(S.CONTROL, cpu.get(S.CONTROL) | FPCA);
  }
  updateFpTrap(cpu);
  return null;
}
/** A fault of lazy stacking escalates by what could be taken when the frame was reserved (FPCCR ready bits). */
function lazyFault(cpu: Cpu, memManage: boolean, fpccr: number): void {
  record(cpu, memManage ? CFSR.MLSPERR : CFSR.LSPERR);
  const exception = memManage ? EXC.MEMMANAGE : EXC.BUSFAULT;
  if (fpccr & (memManage ? 1 << 5 : 1 << 6)) setPending(cpu, exception);
  else if (fpccr & (1 << 4)) {
    orBits(cpu, SCS.HFSR, FORCED);
    setPending(cpu, EXC.HARDFAULT);
  } else {
    enterLockup(cpu, 'fault while storing the lazy FP frame');
    return;
  }
  takePending(cpu);
}
