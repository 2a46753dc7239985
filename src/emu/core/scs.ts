/**
 * The private peripheral bus, 0xE0000000–0xE00FFFFF: dispatch by address, and the registers of the system control block. The other units are
 * in nvic.ts, systick.ts, mpu.ts and debug-registers.ts. Accesses narrower than a word touch only their bytes.
 */
import type { Cpu } from './cpu.ts';
import { DISBTACREAD } from './branch-targets.ts';
import type { Profile } from './builder.ts';
import { DEBUG_REGISTERS } from './debug-registers.ts';
import { MPU_REGISTERS } from './mpu.ts';
import { isActive, isPending, clearPending, NVIC_REGISTERS, priorityMask, setPending } from './nvic.ts';
import { always, change, EXC, fixed, merge, notV6, onM7, onV7, onV8, plain, SCS, withFpu, type ScsRegister } from './scs-state.ts';
import { updateFpTrap } from './special.ts';
import { S } from './state.ts';
import { SYSTICK_REGISTERS } from './systick.ts';

export { pendNmi, setIrqLevel } from './nvic.ts';

type ByProfile = Readonly<Record<Profile['name'], number>>;
/** A constant that differs by core: CPUID and the feature registers. */
const byProfile = (address: number, name: string, values: ByProfile, on: (cpu: Cpu) => boolean = always): ScsRegister =>
  fixed(address, name, (cpu) => values[cpu.profile.name], on);

// ---- system control block --------------------------------------------------------------------------------------------------------

/** Bits of CCR that software can change. */
const CCR_WRITABLE: ByProfile = { m0: 0, m4: 0x31b, m33: 0x51a, m7: 0x3011b };
const SCR_WRITABLE = 0x16;
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
  return word >>> 0;
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

/** AIRCR: VECTKEYSTAT in the upper half; writes need VECTKEY there. */
function writeAircr(cpu: Cpu, value: number, mask: number): void {
  if (mask !== -1 >>> 0 || value >>> 16 !== VECTKEY) return;
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
  change(cpu, 'CCR', S.CCR, merge(old, value, mask & CCR_WRITABLE[cpu.profile.name]));
  if ((old ^ cpu.get(S.CCR)) & (CCR_DC | CCR_IC)) cpu.cachesSwitched?.();
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
  read: (cpu) => cpu.get(offset) >>> 0,
  write: (cpu, value, mask) => change(cpu, name, offset, cpu.get(offset) & ~(value & mask & bits)),
});

function shpr(n: number): ScsRegister {
  const offset = SCS.SYS_PRIORITY + 4 * n;
  return {
    address: 0xe000ed14 + 4 * n,
    name: `SHPR${n}`,
    on: n === 1 ? notV6 : always,
    read: (cpu) => cpu.get(offset) >>> 0,
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

const SYSTEM_CONTROL: readonly ScsRegister[] = [
  fixed(0xe000e004, 'ICTR', (cpu) => ((cpu.row.nvicLines + 31) >>> 5) - 1, notV6),
  {
    ...plain(0xe000e008, 'ACTLR', SCS.ACTLR, 0x1fffffff, notV6),
    write: (cpu, value, mask) => {
      change(cpu, 'ACTLR', SCS.ACTLR, merge(cpu.get(SCS.ACTLR), value, mask & 0x1fffffff));
      if (onM7(cpu) && cpu.get(SCS.ACTLR) & DISBTACREAD) cpu.cacheMaintenance?.('BPIALL', 0);
    },
  },
  byProfile(0xe000ed00, 'CPUID', { m0: 0x410cc200, m4: 0x410fc241, m33: 0x410fd214, m7: 0x411fc271 }),
  {
    address: 0xe000ed08,
    name: 'VTOR',
    on: always,
    read: (cpu) => (notV6(cpu) ? cpu.get(SCS.VTOR) >>> 0 : 0),
    write: (cpu, value, mask) => {
      if (notV6(cpu)) change(cpu, 'VTOR', SCS.VTOR, merge(cpu.get(SCS.VTOR), value, mask & 0xffffff80));
    },
  },
  { address: 0xe000ed0c, name: 'AIRCR', on: always, read: (cpu) => (0xfa050000 | (cpu.get(SCS.PRIGROUP) << 8)) >>> 0, write: writeAircr },
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

/** Feature registers, as the cores' technical reference manuals list them (and QEMU's models of M4, M7 and M33 report them). */
const FEATURES: readonly ScsRegister[] = (
  [
    [0xe000ed40, 'ID_PFR0', 0x30, 0x30, 0x30],
    [0xe000ed44, 'ID_PFR1', 0x200, 0x200, 0x200],
    [0xe000ed48, 'ID_DFR0', 0x100000, 0x200000, 0x100000],
    [0xe000ed4c, 'ID_AFR0', 0, 0, 0],
    [0xe000ed50, 'ID_MMFR0', 0x30, 0x101f40, 0x100030],
    [0xe000ed54, 'ID_MMFR1', 0, 0, 0],
    [0xe000ed58, 'ID_MMFR2', 0, 0x1000000, 0x1000000],
    [0xe000ed5c, 'ID_MMFR3', 0, 0, 0],
    [0xe000ed60, 'ID_ISAR0', 0x1141110, 0x1101110, 0x1101110],
    [0xe000ed64, 'ID_ISAR1', 0x2111000, 0x2212000, 0x2112000],
    [0xe000ed68, 'ID_ISAR2', 0x21112231, 0x20232232, 0x20232231],
    [0xe000ed6c, 'ID_ISAR3', 0x1111110, 0x1111131, 0x1111131],
    [0xe000ed70, 'ID_ISAR4', 0x1310102, 0x1310132, 0x1310132],
    [0xe000ef40, 'MVFR0', 0x10110021, 0x10110021, 0x10110221],
    [0xe000ef44, 'MVFR1', 0x11000011, 0x11000011, 0x12000011],
    [0xe000ef48, 'MVFR2', 0, 0x40, 0x40],
  ] as const
).map(([address, name, m4, m33, m7]) => byProfile(address, name, { m0: 0, m4, m33, m7 }, notV6));

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
    read: (cpu) => cpu.get(S.FPCCR) >>> 0,
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
  on: onM7,
  read: () => 0,
  write: (cpu, value, mask) => cpu.cacheMaintenance?.(name, (value & mask) >>> 0),
});
const CACHES: readonly ScsRegister[] = [
  byProfile(0xe000ed78, 'CLIDR', { m0: 0, m4: 0, m33: 0, m7: 0x09000003 }, notV6),
  byProfile(0xe000ed7c, 'CTR', { m0: 0, m4: 0, m33: 0x8000c000, m7: 0x8303c003 }, notV6),
  fixed(0xe000ed80, 'CCSIDR', (cpu) => (cpu.get(SCS.CSSELR) & 1 ? CCSIDR_INSTRUCTION : CCSIDR_DATA), onM7),
  plain(0xe000ed84, 'CSSELR', SCS.CSSELR, 0xf, onM7),
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
  plain(0xe000ef90, 'ITCMCR', SCS.ITCMCR, 7, onM7),
  plain(0xe000ef94, 'DTCMCR', SCS.DTCMCR, 7, onM7),
  plain(0xe000ef98, 'AHBPCR', SCS.AHBPCR, 1, onM7),
  {
    address: 0xe000ef9c,
    name: 'CACR',
    on: onM7,
    read: (cpu) => cpu.get(SCS.CACR),
    write: (cpu, value, mask) => {
      change(cpu, 'CACR', SCS.CACR, merge(cpu.get(SCS.CACR), value, mask & 7));
      cpu.rightsChanged();
    },
  },
  plain(0xe000efa0, 'AHBSCR', SCS.AHBSCR, 0xffff, onM7),
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
/** SCR.SLEEPDEEP. */
export const sleepDeep = (cpu: Cpu): boolean => (cpu.get(SCS.SCR) & 4) !== 0;
