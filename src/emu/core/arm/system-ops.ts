/**
 * Instructions that leave the fast path: special registers, masks, SVC, BKPT, sleep, barriers, TT, coprocessors.
 * An op runs with S.PC at its own address; the core advances PC afterwards unless the op moved it (`branchTo`) or threw the core's fault.
 */
import type { Cpu, FaultKind } from '../cpu.ts';
import { supervisorCall } from './exceptions.ts';
import { SYSM } from '../isa/system.ts';
import { mpuAllows, mpuEnabled, mpuRegion } from './mpu.ts';
import { executionPriority, highestPending, preempts, priorityMask } from './nvic.ts';
import type { Decoded, Variant } from '../rows.ts';
import { change, notV6, onV8, privileged, SCS, withFpu } from './scs-state.ts';
import {
  apsr,
  fpAllowed,
  FPCA,
  getMsp,
  getPsp,
  NPRIV,
  setControl,
  setGe,
  setMsp,
  setNzcvq,
  setPsp,
  SPSEL,
  updateSpLimit,
  withRights,
} from './special.ts';
import { S } from '../state.ts';

export interface SystemOperands {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly imm: number;
  readonly v: Variant;
}
export type SystemOp = (cpu: Cpu, o: SystemOperands, pc: number, size: number) => void;

function fault(cpu: Cpu, kind: FaultKind): never {
  cpu.fault.kind = kind;
  cpu.fault.address = 0;
  throw cpu.fault;
}

// ---- special registers -----------------------------------------------------------------------------------------------------------

/** MRS. Unprivileged software reads 0 of everything but APSR and CONTROL; `_NS` views (0x88 and up) read 0 with TZEN = 0. */
// eslint-disable-next-line complexity -- one case for each special register
export function readSpecial(cpu: Cpu, sysm: number): number {
  if (sysm < 8) {
    // bit 0 IPSR, bit 1 EPSR (reads as zero), bit 2 clear: APSR
    return ((sysm & 4 ? 0 : apsr(cpu)) | (sysm & 1 ? cpu.get(S.IPSR) : 0)) >>> 0;
  }
  if (sysm === SYSM.CONTROL) return cpu.get(S.CONTROL);
  if (!privileged(cpu)) return 0;
  switch (sysm) {
    case SYSM.MSP:
      return getMsp(cpu);
    case SYSM.PSP:
      return getPsp(cpu);
    case SYSM.MSPLIM:
      return onV8(cpu) ? cpu.get(S.MSPLIM) >>> 0 : 0;
    case SYSM.PSPLIM:
      return onV8(cpu) ? cpu.get(S.PSPLIM) >>> 0 : 0;
    case SYSM.PRIMASK:
      return cpu.get(S.PRIMASK);
    case SYSM.BASEPRI:
    case SYSM.BASEPRI_MAX:
      return notV6(cpu) ? cpu.get(S.BASEPRI) : 0;
    case SYSM.FAULTMASK:
      return notV6(cpu) ? cpu.get(S.FAULTMASK) : 0;
    default:
      return 0;
  }
}

const setPrimask = (cpu: Cpu, value: number): void => {
  change(cpu, 'PRIMASK', S.PRIMASK, value);
  cpu.maskChanged(value !== 0);
};
const setBasepri = (cpu: Cpu, value: number): void => {
  const old = cpu.get(S.BASEPRI);
  change(cpu, 'BASEPRI', S.BASEPRI, value);
  cpu.maskChanged(value !== 0 && (old === 0 || value <= old));
};
/** FAULTMASK can be set only where it would raise the priority. It alone of the masks changes rights: the MPU judges at every priority that the others can give. */
const setFaultMask = (cpu: Cpu, on: boolean): void => {
  if (!on || executionPriority(cpu) > -1) {
    withRights(cpu, () => change(cpu, 'FAULTMASK', S.FAULTMASK, on ? 1 : 0));
    cpu.maskChanged(on);
  }
};
function writeStackPointer(cpu: Cpu, name: 'MSP' | 'PSP', value: number): void {
  const get = name === 'MSP' ? getMsp : getPsp;
  const old = get(cpu);
  (name === 'MSP' ? setMsp : setPsp)(cpu, value);
  const now = get(cpu);
  if (now !== old) cpu.changed(name, old, now);
}
function writeControl(cpu: Cpu, value: number): void {
  const old = cpu.get(S.CONTROL);
  let writable = cpu.get(S.IPSR) === 0 ? SPSEL : 0;
  if (cpu.profile.unprivileged) writable |= NPRIV;
  if (withFpu(cpu)) writable |= FPCA;
  const now = (old & ~writable) | (value & writable);
  if (now === old) return;
  withRights(cpu, () => setControl(cpu, now));
  cpu.changed('CONTROL', old, now);
}

/** MSR. `mask`: bit 1 NZCVQ, bit 0 GE. Unprivileged writes other than to APSR are ignored. */
// eslint-disable-next-line complexity -- one case for each special register
export function writeSpecial(cpu: Cpu, sysm: number, value: number, mask: number): void {
  value >>>= 0;
  if (sysm < 8) {
    if (sysm & 4) return;
    if (mask & 2 || !notV6(cpu)) setNzcvq(cpu, value);
    if (mask & 1) setGe(cpu, value);
    return;
  }
  if (!privileged(cpu)) return;
  switch (sysm) {
    case SYSM.MSP:
      return writeStackPointer(cpu, 'MSP', value);
    case SYSM.PSP:
      return writeStackPointer(cpu, 'PSP', value);
    case SYSM.MSPLIM:
    case SYSM.PSPLIM: {
      if (!onV8(cpu)) return;
      const name = sysm === SYSM.MSPLIM ? 'MSPLIM' : 'PSPLIM';
      change(cpu, name, S[name], (value & ~7) >>> 0);
      return updateSpLimit(cpu);
    }
    case SYSM.PRIMASK:
      return setPrimask(cpu, value & 1);
    case SYSM.CONTROL:
      return writeControl(cpu, value);
    default:
  }
  if (!notV6(cpu)) return;
  const priority = value & priorityMask(cpu);
  if (sysm === SYSM.BASEPRI) setBasepri(cpu, priority);
  else if (sysm === SYSM.BASEPRI_MAX) {
    const old = cpu.get(S.BASEPRI);
    if (priority !== 0 && (old === 0 || priority < old)) setBasepri(cpu, priority);
  } else if (sysm === SYSM.FAULTMASK) setFaultMask(cpu, (value & 1) !== 0);
}

// ---- TT --------------------------------------------------------------------------------------------------------------------------

/**
 * TT and TTT: MREGION, MRVALID, R and RW of an address. Without the Security Extension the S, NSR, NSRW and SAU fields are 0, and an
 * unprivileged caller learns nothing. TTA and TTAT exist in Secure state only.
 */
export function testTarget(cpu: Cpu, address: number, unprivileged: boolean): number {
  if (!privileged(cpu)) return 0;
  const priv = !unprivileged;
  let word = 0;
  const on = (cpu.get(SCS.MPU_CTRL) & 1) !== 0;
  const region = on ? mpuRegion(cpu, address) : -1;
  if (region >= 0) word |= region | (1 << 16);
  const judged = mpuEnabled(cpu);
  if (!judged || mpuAllows(cpu, address, 'read', priv)) word |= 1 << 18;
  if (!judged || mpuAllows(cpu, address, 'write', priv)) word |= 1 << 19;
  return word >>> 0;
}

// ---- the ops ---------------------------------------------------------------------------------------------------------------------

/** Those that translated code executes without leaving, as the one number that says which and with what operands. */
const PACKED = ['MRS', 'MSR', 'CPS'] as const;
export const packSystemOp = (op: string, { a = 0, b = 0, imm = 0 }: Decoded): number =>
  PACKED.indexOf(op as (typeof PACKED)[number]) | (a << 2) | (b << 6) | (imm << 8);
export function runPackedSystemOp(cpu: Cpu, packed: number): void {
  const a = (packed >>> 2) & 15;
  const b = (packed >>> 6) & 3;
  const imm = packed >>> 8;
  switch (PACKED[packed & 3]) {
    case 'MRS':
      return readInto(cpu, a, imm);
    case 'MSR':
      return writeFrom(cpu, a, imm, b);
    case 'CPS':
      return changeMasks(cpu, a, b);
  }
}
const readInto = (cpu: Cpu, register: number, sysm: number): void => cpu.set(S.R + 4 * register, readSpecial(cpu, sysm));
const writeFrom = (cpu: Cpu, register: number, sysm: number, mask: number): void =>
  writeSpecial(cpu, sysm, cpu.get(S.R + 4 * register), mask);
/** CPS: bit 1 of `which` PRIMASK, bit 0 FAULTMASK. */
function changeMasks(cpu: Cpu, value: number, which: number): void {
  if (!privileged(cpu)) return;
  if (which & 2) setPrimask(cpu, value);
  if (which & 1 && notV6(cpu)) setFaultMask(cpu, value === 1);
}

export const SYSTEM_OPS: Readonly<Record<string, SystemOp>> = {
  MRS: (cpu, o) => readInto(cpu, o.a, o.imm),
  MSR: (cpu, o) => writeFrom(cpu, o.a, o.imm, o.b),
  CPS: (cpu, o) => changeMasks(cpu, o.a, o.b),
  SVC: (cpu, _o, pc, size) => supervisorCall(cpu, (pc + size) >>> 0),
  BKPT(cpu, o, pc) {
    if (o.imm === 0xab && cpu.semihosting()) return;
    if (cpu.debuggerAttached(true)) {
      cpu.branchTo(pc);
      return;
    }
    fault(cpu, 'breakpoint');
  },
  WFI(cpu) {
    if (!preempts(cpu, highestPending(cpu), true)) cpu.set(S.HALTED, 2);
  },
  WFE(cpu) {
    if (cpu.get(S.EVENT)) cpu.set(S.EVENT, 0);
    else cpu.set(S.HALTED, 3);
  },
  SEV(cpu) {
    cpu.set(S.EVENT, 1);
    cpu.sendEvent();
  },
  TT(cpu, o) {
    if (o.v['A'] === true) fault(cpu, 'undefined');
    cpu.set(S.R + 4 * o.a, testTarget(cpu, cpu.get(S.R + 4 * o.b) >>> 0, o.v['T'] === true));
  },
  /** No core here has coprocessors but the FPU: its own space is UNDEFINED where no row claims it. */
  COPROC: (cpu, o) => fault(cpu, (o.imm === 10 || o.imm === 11) && withFpu(cpu) && fpAllowed(cpu) ? 'undefined' : 'no-coprocessor'),
};
