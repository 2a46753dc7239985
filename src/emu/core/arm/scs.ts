/**
 * The private peripheral bus, 0xE0000000–0xE00FFFFF: dispatch by address, and the registers of the system control block. The other units are
 * in nvic.ts, systick.ts, mpu.ts and debug-registers.ts. Accesses narrower than a word touch only their bytes.
 */
import type { Cpu } from '../cpu.ts';
import { DISBTACREAD } from '../caches/branch-targets.ts';
import { DEBUG_REGISTERS } from './debug-registers.ts';
import { MPU_REGISTERS } from './mpu.ts';
import { isActive, isPending, clearPending, NVIC_REGISTERS, priorityMask, setPending } from './nvic.ts';
import {
  always,
  change,
  EXC,
  fixed,
  merge,
  notV6,
  onV7,
  onV8,
  plain,
  SCR,
  SCS,
  withFpu,
  withL1,
  withVtor,
  type ScsRegister,
} from './scs-state.ts';
import { updateFpTrap } from './special.ts';
import { S } from '../state.ts';
import { SYSTICK_REGISTERS } from './systick.ts';
import { hex } from '../../hex.ts';

export { pendNmi, setIrqLevel } from './nvic.ts';

/** A feature register: a constant of the core, 0 where the core does not name it. */
const feature = (address: number, name: string): ScsRegister => fixed(address, name, (cpu) => cpu.profile.id[name] ?? 0, notV6);

// ---- system control block --------------------------------------------------------------------------------------------------------

const SCR_WRITABLE = SCR.SLEEPONEXIT | SCR.SLEEPDEEP | SCR.SEVONPEND;
const VECTKEY = 0x05fa;
const FAULTS = [EXC.MEMMANAGE, EXC.BUSFAULT, EXC.USAGEFAULT] as const;
/** SHCSR: bit of each exception's active, pended and enable state. */
const SHCSR_ACTIVE: readonly (readonly [exception: number, bit: number])[] = [
  [EXC.MEMMANAGE, 0],
  [EXC.BUSFAULT, 1],
  [EXC.USAGEFAULT, 3],
  [EXC.SVCALL, 7],
  [EXC.DEBUGMONITOR, 8],
  [EXC.PENDSV, 10],
  [EXC.SYSTICK, 11],
];
const SHCSR_ACTIVE_V8: readonly (readonly [number, number])[] = [
  [EXC.HARDFAULT, 2],
  [EXC.NMI, 5],
];
const SHCSR_PENDED: readonly (readonly [number, number])[] = [
  [EXC.USAGEFAULT, 12],
  [EXC.MEMMANAGE, 13],
  [EXC.BUSFAULT, 14],
  [EXC.SVCALL, 15],
];
const SHCSR_PENDED_V8: readonly (readonly [number, number])[] = [[EXC.HARDFAULT, 21]];

function readShcsr(cpu: Cpu): number {
  const v8 = onV8(cpu);
  let word = 0;
  for (const [e, bit] of SHCSR_PENDED.concat(v8 ? SHCSR_PENDED_V8 : [])) if (isPending(cpu, e)) word |= 1 << bit;
  if (!notV6(cpu)) return word & (1 << 15);
  for (const [e, bit] of SHCSR_ACTIVE.concat(v8 ? SHCSR_ACTIVE_V8 : [])) if (isActive(cpu, e)) word |= 1 << bit;
  FAULTS.forEach((e, i) => {
    if (cpu.get(SCS.SYS_ENABLED) & (1 << e)) word |= 1 << (16 + i);
  });
  return word;
}
function writeShcsr(cpu: Cpu, value: number, mask: number): void {
  const old = readShcsr(cpu);
  const word = merge(old, value, mask);
  let active = cpu.get(SCS.SYS_ACTIVE);
  for (const [e, bit] of SHCSR_ACTIVE) active = word & (1 << bit) ? active | (1 << e) : active & ~(1 << e);
  if (notV6(cpu)) {
    cpu.set(SCS.SYS_ACTIVE, active);
    let enabled = 0;
    FAULTS.forEach((e, i) => {
      if (word & (1 << (16 + i))) enabled |= 1 << e;
    });
    cpu.set(SCS.SYS_ENABLED, enabled);
  }
  for (const [e, bit] of SHCSR_PENDED) {
    if (!notV6(cpu) && e !== EXC.SVCALL) continue;
    if (word & (1 << bit)) setPending(cpu, e);
    else clearPending(cpu, e);
  }
  const now = readShcsr(cpu);
  if (now !== old) cpu.changed('SHCSR', old, now);
  cpu.interruptsChanged();
  if (cpu.get(SCS.MPU_CTRL) & 1) cpu.rightsChanged();
}

const AIRCR = 0xe000ed0c;
/** What a write of 1 does at once. */
const AIRCR_ACTS: readonly (readonly [bit: number, name: string])[] = [
  [4, 'SYSRESETREQ'],
  [2, 'VECTCLRACTIVE'],
  [1, 'VECTRESET'],
];
const PRIGROUP_BITS = 0x700;
const WHOLE = 0xffffffff;
/** Without its key a write does nothing: told where it would have done something. */
function loseAircr(cpu: Cpu, value: number, mask: number): void {
  const regroups = notV6(cpu) && (mask & PRIGROUP_BITS) !== 0 && ((value >>> 8) & 7) !== cpu.get(SCS.PRIGROUP);
  const lost = AIRCR_ACTS.find(([bit, name]) => (value & bit) !== 0 && (name !== 'VECTRESET' || onV7(cpu)))?.[1];
  if (lost === undefined && !regroups) return;
  cpu.writeLost(`SCB.AIRCR.${lost ?? 'PRIGROUP'}`, AIRCR, 'key', 'a write of AIRCR without the key 0x05FA in its upper half is ignored');
}
/** AIRCR: VECTKEYSTAT in the upper half; writes need VECTKEY there. */
function writeAircr(cpu: Cpu, value: number, mask: number): void {
  if (mask >>> 0 !== WHOLE || value >>> 16 !== VECTKEY) {
    loseAircr(cpu, value & mask, mask);
    return;
  }
  if (notV6(cpu)) {
    const old = cpu.get(SCS.PRIGROUP);
    const now = (value >>> 8) & 7;
    cpu.set(SCS.PRIGROUP, now);
    if (old !== now) cpu.changed('AIRCR', 0xfa050000 + (old << 8), 0xfa050000 + (now << 8));
    cpu.interruptsChanged();
  }
  if (value & 2) {
    // VECTCLRACTIVE
    cpu.set(SCS.SYS_ACTIVE, 0);
    for (let i = 0; i < 16; i++) cpu.set(S.NVIC_ACTIVE + 4 * i, 0);
    cpu.interruptsChanged();
  }
  if (value & 4) cpu.requestReset('software');
  else if (value & 1 && onV7(cpu)) cpu.requestReset('core');
}

/** CCR bits of the L1 caches. */
const CCR_DC = 1 << 16;
const CCR_IC = 1 << 17;
function writeCcr(cpu: Cpu, value: number, mask: number): void {
  const old = cpu.get(S.CCR);
  change(cpu, 'CCR', S.CCR, merge(old, value, mask & cpu.profile.ccr.writable));
  if ((old ^ cpu.get(S.CCR)) & (CCR_DC | CCR_IC)) cpu.caches?.cachesSwitched();
}
/** What caches are on. */
export const cachesOf = (cpu: Cpu): { readonly data: boolean; readonly code: boolean } => ({
  data: (cpu.get(S.CCR) & CCR_DC) !== 0,
  code: (cpu.get(S.CCR) & CCR_IC) !== 0,
});

/** Bits that a write of 1 clears. */
const writeOneToClear = (address: number, name: string, offset: number, bits: number): ScsRegister => ({
  address,
  name,
  on: notV6,
  read: (cpu) => cpu.get(offset),
  write: (cpu, value, mask) => change(cpu, name, offset, cpu.get(offset) & ~(value & mask & bits)),
});

function shpr(n: number): ScsRegister {
  const offset = SCS.SYS_PRIORITY + 4 * n;
  return {
    address: 0xe000ed14 + 4 * n,
    name: `SHPR${n}`,
    on: n === 1 ? notV6 : always,
    read: (cpu) => cpu.get(offset),
    write: (cpu, value, mask) => {
      let bits = 0;
      for (let i = 0; i < 4; i++) {
        const e = 4 * n + i;
        const exists =
          e === EXC.SVCALL || e === EXC.PENDSV || e === EXC.SYSTICK || (notV6(cpu) && (e <= EXC.USAGEFAULT || e === EXC.DEBUGMONITOR));
        if (exists) bits |= priorityMask(cpu) << (8 * i);
      }
      change(cpu, `SHPR${n}`, offset, merge(cpu.get(offset), value, mask & bits));
      cpu.interruptsChanged();
    },
  };
}

/** VTOR has no low bits: the table is taken to begin where the rest says (DDI 0403 B3.2.5). */
function noteCut(cpu: Cpu, written: number): void {
  const table = hex(written & cpu.profile.vtor);
  cpu.note('guest', `VTOR was written with ${hex(written)} and is ${table}: it has no bits below`, {
    is: 'vtor-cut',
    written: written >>> 0,
  });
}

const SYSTEM_CONTROL: readonly ScsRegister[] = [
  fixed(0xe000e004, 'ICTR', (cpu) => ((cpu.row.nvicLines + 31) >>> 5) - 1, notV6),
  {
    ...plain(0xe000e008, 'ACTLR', SCS.ACTLR, 0x1fffffff, notV6),
    write: (cpu, value, mask) => {
      change(cpu, 'ACTLR', SCS.ACTLR, merge(cpu.get(SCS.ACTLR), value, mask & 0x1fffffff));
      if (withL1(cpu) && cpu.get(SCS.ACTLR) & DISBTACREAD) cpu.caches?.cacheMaintenance('BPIALL', 0);
    },
  },
  fixed(0xe000ed00, 'CPUID', (cpu) => cpu.row.revision?.cpuid ?? cpu.profile.cpuid),
  {
    address: 0xe000ed08,
    name: 'VTOR',
    on: always,
    read: (cpu) => (withVtor(cpu) ? cpu.get(SCS.VTOR) : 0),
    write: (cpu, value, mask) => {
      if (!withVtor(cpu)) return;
      if ((value & mask & ~cpu.profile.vtor) !== 0) noteCut(cpu, value);
      change(cpu, 'VTOR', SCS.VTOR, merge(cpu.get(SCS.VTOR), value, mask & cpu.profile.vtor));
    },
  },
  { address: AIRCR, name: 'AIRCR', on: always, read: (cpu) => 0xfa050000 | (cpu.get(SCS.PRIGROUP) << 8), write: writeAircr },
  plain(0xe000ed10, 'SCR', SCS.SCR, SCR_WRITABLE),
  { address: 0xe000ed14, name: 'CCR', on: always, read: (cpu) => cpu.get(S.CCR), write: writeCcr },
  shpr(1),
  shpr(2),
  shpr(3),
  { address: 0xe000ed24, name: 'SHCSR', on: always, read: readShcsr, write: writeShcsr },
  writeOneToClear(0xe000ed28, 'CFSR', SCS.CFSR, 0xffffffff),
  writeOneToClear(0xe000ed2c, 'HFSR', SCS.HFSR, 0xc0000002),
  writeOneToClear(0xe000ed30, 'DFSR', SCS.DFSR, 0x1f),
  plain(0xe000ed34, 'MMFAR', SCS.MMFAR, 0xffffffff, notV6),
  plain(0xe000ed38, 'BFAR', SCS.BFAR, 0xffffffff, notV6),
  writeOneToClear(0xe000ed3c, 'AFSR', SCS.AFSR, 0xffffffff),
];

/** Feature registers; the cores' rows have the values. */
const FEATURES: readonly ScsRegister[] = [
  ...[
    'ID_PFR0',
    'ID_PFR1',
    'ID_DFR0',
    'ID_AFR0',
    'ID_MMFR0',
    'ID_MMFR1',
    'ID_MMFR2',
    'ID_MMFR3',
    'ID_ISAR0',
    'ID_ISAR1',
    'ID_ISAR2',
    'ID_ISAR3',
    'ID_ISAR4',
  ].map((name, i) => feature(0xe000ed40 + 4 * i, name)),
  ...['MVFR0', 'MVFR1', 'MVFR2'].map((name, i) => feature(0xe000ef40 + 4 * i, name)),
];

const FP_REGISTERS: readonly ScsRegister[] = [
  {
    // CP10 and CP11 go together; 2 is reserved
    address: 0xe000ed88,
    name: 'CPACR',
    on: notV6,
    read: (cpu) => cpu.get(SCS.CPACR),
    write: (cpu, value, mask) => {
      if (!withFpu(cpu)) return;
      change(cpu, 'CPACR', SCS.CPACR, merge(cpu.get(SCS.CPACR), value, mask & 0x00f00000));
      updateFpTrap(cpu);
    },
  },
  {
    address: 0xe000ef34,
    name: 'FPCCR',
    on: withFpu,
    read: (cpu) => cpu.get(S.FPCCR),
    write: (cpu, value, mask) => {
      const writable = onV8(cpu) ? 0xf000077b : 0xc000017b;
      change(cpu, 'FPCCR', S.FPCCR, merge(cpu.get(S.FPCCR), value, mask & writable));
      updateFpTrap(cpu);
    },
  },
  plain(0xe000ef38, 'FPCAR', S.FPCAR, 0xfffffff8, withFpu),
  plain(0xe000ef3c, 'FPDSCR', S.FPDSCR, 0x07c00000, withFpu),
];

// ---- Cortex-M7 caches and tightly-coupled memory ----------------------------------------------------------------------------------

/** 16 KB four-way data cache and 16 KB two-way instruction cache with 32-byte lines (STM32H7). */
const CCSIDR_DATA = 0xf00fe019;
const CCSIDR_INSTRUCTION = 0xf007e009;
const maintenance = (address: number, name: string): ScsRegister => ({
  address,
  name,
  on: withL1,
  read: () => 0,
  write: (cpu, value, mask) => cpu.caches?.cacheMaintenance(name, (value & mask) >>> 0),
});
const CACHES: readonly ScsRegister[] = [
  feature(0xe000ed78, 'CLIDR'),
  feature(0xe000ed7c, 'CTR'),
  fixed(0xe000ed80, 'CCSIDR', (cpu) => (cpu.get(SCS.CSSELR) & 1 ? CCSIDR_INSTRUCTION : CCSIDR_DATA), withL1),
  plain(0xe000ed84, 'CSSELR', SCS.CSSELR, 0xf, withL1),
  maintenance(0xe000ef50, 'ICIALLU'),
  maintenance(0xe000ef58, 'ICIMVAU'),
  maintenance(0xe000ef5c, 'DCIMVAC'),
  maintenance(0xe000ef60, 'DCISW'),
  maintenance(0xe000ef64, 'DCCMVAU'),
  maintenance(0xe000ef68, 'DCCMVAC'),
  maintenance(0xe000ef6c, 'DCCSW'),
  maintenance(0xe000ef70, 'DCCIMVAC'),
  maintenance(0xe000ef74, 'DCCISW'),
  maintenance(0xe000ef78, 'BPIALL'),
  plain(0xe000ef90, 'ITCMCR', SCS.ITCMCR, 7, withL1),
  plain(0xe000ef94, 'DTCMCR', SCS.DTCMCR, 7, withL1),
  plain(0xe000ef98, 'AHBPCR', SCS.AHBPCR, 1, withL1),
  {
    address: 0xe000ef9c,
    name: 'CACR',
    on: withL1,
    read: (cpu) => cpu.get(SCS.CACR),
    write: (cpu, value, mask) => {
      change(cpu, 'CACR', SCS.CACR, merge(cpu.get(SCS.CACR), value, mask & 7));
      cpu.rightsChanged();
    },
  },
  plain(0xe000efa0, 'AHBSCR', SCS.AHBSCR, 0xffff, withL1),
  writeOneToClear(0xe000efa8, 'ABFSR', SCS.ABFSR, 0x3ff),
];

// ---- dispatch --------------------------------------------------------------------------------------------------------------------

const REGISTERS = new Map<number, ScsRegister>();
for (const r of [
  ...SYSTEM_CONTROL,
  ...FEATURES,
  ...FP_REGISTERS,
  ...CACHES,
  ...NVIC_REGISTERS,
  ...SYSTICK_REGISTERS,
  ...MPU_REGISTERS,
  ...DEBUG_REGISTERS,
]) {
  const other = REGISTERS.get(r.address);
  if (other) throw new Error(`${r.name} and ${other.name} lie at the same address`);
  REGISTERS.set(r.address, r);
}
/** Names and addresses, for listings and tests. */
export const SCS_REGISTERS: readonly ScsRegister[] = [...REGISTERS.values()];

/** 4-KiB pages that answer at all: reserved words in them read as zero and ignore writes. */
const answers = (address: number): boolean =>
  (address >= 0xe0000000 && address < 0xe0010000) || (address >= 0xe0040000 && address < 0xe0042000) || address >= 0xe00ff000;

function busError(cpu: Cpu, address: number): never {
  cpu.fault.kind = 'bus-data';
  cpu.fault.address = address;
  throw cpu.fault;
}
/** The register that a byte of this bus belongs to. */
export const registerAt = (cpu: Cpu, address: number): ScsRegister | undefined => {
  const r = REGISTERS.get((address & ~3) >>> 0);
  return r && r.on(cpu) ? r : undefined;
};
const lane = (address: number, size: number): number => ((size === 4 ? 0xffffffff : 2 ** (8 * size) - 1) << (8 * (address & 3))) >>> 0;
/** Bytes of a word, by the address of the first. */
export const partOf = (word: number, address: number, size: number): number => ((word & lane(address, size)) >>> (8 * (address & 3))) >>> 0;

/** Read by the core. Unprivileged software gets a bus error, as everywhere on this bus. */
export function readScs(cpu: Cpu, address: number, size: 1 | 2 | 4, priv: boolean): number {
  if (!priv && !(address < 0xe0001000 && notV6(cpu))) busError(cpu, address);
  if (!answers(address)) busError(cpu, address);
  const r = registerAt(cpu, address);
  if (!r) return 0;
  const value = partOf(r.read(cpu), address, size);
  r.afterRead?.(cpu);
  return value;
}
/** Write by the core. STIR and ITM stimulus ports may be opened to unprivileged software. ARMv6-M takes words only. */
export function writeScs(cpu: Cpu, address: number, size: 1 | 2 | 4, value: number, priv: boolean): void {
  if (!answers(address)) busError(cpu, address);
  const r = registerAt(cpu, address);
  if (!priv && r?.unprivileged?.(cpu) !== true) {
    // the ITM ignores what it does not let through
    if (address < 0xe0001000 && notV6(cpu)) return;
    busError(cpu, address);
  }
  if (!r?.write) return;
  if (size !== 4 && !notV6(cpu)) {
    cpu.note('guest', `${size}-byte write to ${r.name}: ARMv6-M takes word accesses only, ignored`);
    return;
  }
  const shift = 8 * (address & 3);
  r.write(cpu, (value << shift) >>> 0, lane(address, size));
}
/** As a debugger sees it, without side effects; null where nothing answers. */
export function peekScs(cpu: Cpu, address: number, size: 1 | 2 | 4): number | null {
  if (!answers(address)) return null;
  return partOf(registerAt(cpu, address)?.read(cpu) ?? 0, address, size);
}
/** The core is awake behind its handler, as without SCR.SLEEPONEXIT. */
export function wakeBehindHandler(cpu: Cpu): void {
  cpu.set(SCS.SCR, cpu.get(SCS.SCR) & ~SCR.SLEEPONEXIT);
  cpu.set(S.HALTED, 0);
}
/** SCR.SLEEPDEEP. */
export const sleepDeep = (cpu: Cpu): boolean => (cpu.get(SCS.SCR) & SCR.SLEEPDEEP) !== 0;
