/**
 * Where the state of the private peripheral bus lies in the core's page (offsets like those of `S`), and the shape of its registers.
 * Floats are marked; everything else is a 32-bit word. Nothing of the system control space is kept anywhere else.
 */
import type { Cpu } from '../cpu.ts';
import { S } from '../state.ts';

const at = (offset: number): number => S.SCS + offset;

/** Bits of SCR, all that it has without the Security Extension (Armv7-M ARM B3.2.7). */
export const SCR = { SLEEPONEXIT: 1 << 1, SLEEPDEEP: 1 << 2, SEVONPEND: 1 << 4 } as const;

export const SCS = {
  VTOR: at(0x00),
  /** AIRCR.PRIGROUP, 0…7. */
  PRIGROUP: at(0x04),
  SCR: at(0x08),
  /** Pending, active and enabled (MemManage, BusFault, UsageFault) exceptions 1…15: one bit per exception number. */
  SYS_PENDING: at(0x0c),
  SYS_ACTIVE: at(0x10),
  SYS_ENABLED: at(0x14),
  /** Priority bytes by exception number 0…15; 4 and up are used. */
  SYS_PRIORITY: at(0x18),
  CFSR: at(0x28),
  HFSR: at(0x2c),
  DFSR: at(0x30),
  MMFAR: at(0x34),
  BFAR: at(0x38),
  AFSR: at(0x3c),
  CPACR: at(0x40),
  ACTLR: at(0x44),
  DEMCR: at(0x48),
  DCRDR: at(0x4c),
  CPPWR: at(0x50),
  /** SYST_CSR as software sees it, COUNTFLAG included. */
  SYST_CSR: at(0x54),
  SYST_RVR: at(0x58),
  /** SYST_CVR at the clock edge SYST_ANCHOR (float). */
  SYST_VALUE: at(0x5c),
  SYST_ANCHOR: at(0x60),
  /** Float: core cycle at which CYCCNT was 0. While it stands still its value is in CYCCNT. */
  CYCCNT_BASE: at(0x68),
  CYCCNT: at(0x70),
  DWT_CTRL: at(0x74),
  /** Four times COMP, MASK, FUNCTION. */
  DWT_COMP: at(0x78),
  /** Float: cycle at which the last exception entry ended, -1 for none. See late arrival in exceptions.ts. */
  ENTRY_END: at(0xa8),
  ITM_TER: at(0xb0),
  ITM_TPR: at(0xb4),
  ITM_TCR: at(0xb8),
  FP_CTRL: at(0xbc),
  FP_REMAP: at(0xc0),
  FP_COMP: at(0xc4),
  MPU_CTRL: at(0xe4),
  MPU_RNR: at(0xe8),
  MPU_MAIR: at(0xec),
  /** 16 regions: RBAR (v7: address, v8: as written), RASR or RLAR. */
  MPU_REGION: at(0x100),
  CSSELR: at(0x180),
  ITCMCR: at(0x184),
  DTCMCR: at(0x188),
  AHBPCR: at(0x18c),
  CACR: at(0x190),
  AHBSCR: at(0x194),
  ABFSR: at(0x198),
  TPIU_CSPSR: at(0x19c),
  TPIU_ACPR: at(0x1a0),
  TPIU_SPPR: at(0x1a4),
  TPIU_FFCR: at(0x1a8),
  /** 1 = the software lock of the DWT has been opened. */
  DWT_OPEN: at(0x1ac),
} as const;

/** Exception numbers. */
export const EXC = {
  NMI: 2,
  HARDFAULT: 3,
  MEMMANAGE: 4,
  BUSFAULT: 5,
  USAGEFAULT: 6,
  SVCALL: 11,
  DEBUGMONITOR: 12,
  PENDSV: 14,
  SYSTICK: 15,
  IRQ0: 16,
} as const;

/** One word-sized register of the private peripheral bus. */
export interface ScsRegister {
  readonly address: number;
  /** Name in the history; registers of a row carry their number. */
  readonly name: string;
  readonly on: (cpu: Cpu) => boolean;
  /** No side effects. */
  readonly read: (cpu: Cpu) => number;
  /** What a read by the core does besides (COUNTFLAG). */
  readonly afterRead?: (cpu: Cpu) => void;
  /** For one with `afterRead`: both at once, or -1, with nothing done, where a timer or an interrupt may have to do with it. */
  readonly readIfFree?: (cpu: Cpu) => number;
  /** `mask` covers the bytes that are written; left out = read-only. */
  readonly write?: (cpu: Cpu, value: number, mask: number) => void;
  /** May be written unprivileged. */
  readonly unprivileged?: (cpu: Cpu) => boolean;
}

export const always = (): boolean => true;
export const notV6 = (cpu: Cpu): boolean => cpu.profile.arch !== 'v6m';
export const onV8 = (cpu: Cpu): boolean => cpu.profile.arch === 'v8m';
export const onV7 = (cpu: Cpu): boolean => cpu.profile.arch === 'v7m';
export const withL1 = (cpu: Cpu): boolean => cpu.profile.l1;
export const withVtor = (cpu: Cpu): boolean => cpu.profile.vtor !== 0;
export const withFpu = (cpu: Cpu): boolean => cpu.profile.fpu !== 'none';

/** Stores a word of state and tells the history if it changed. */
export function change(cpu: Cpu, name: string, offset: number, value: number): void {
  const old = cpu.get(offset) >>> 0;
  if (old === value >>> 0) return;
  cpu.set(offset, value);
  cpu.changed(name, old, value >>> 0);
}

export const merge = (old: number, value: number, mask: number): number => ((old & ~mask) | (value & mask)) >>> 0;

/** A register that only holds its writable bits. */
export function plain(address: number, name: string, offset: number, writable: number, on: (cpu: Cpu) => boolean = always): ScsRegister {
  return {
    address,
    name,
    on,
    read: (cpu) => cpu.get(offset),
    write: (cpu, value, mask) => change(cpu, name, offset, merge(cpu.get(offset), value, mask & writable)),
  };
}
/** A register that reads a constant and ignores writes. */
export function fixed(
  address: number,
  name: string,
  value: number | ((cpu: Cpu) => number),
  on: (cpu: Cpu) => boolean = always,
): ScsRegister {
  return { address, name, on, read: typeof value === 'number' ? () => value : value, write: () => {} };
}

export const privileged = (cpu: Cpu): boolean => cpu.get(S.IPSR) !== 0 || (cpu.get(S.CONTROL) & 1) === 0;
