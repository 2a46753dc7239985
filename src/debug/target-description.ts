/**
 * What GDB is told about a core and its memories: target.xml (features m-profile, m-system, VFP) and the memory map, from which GDB knows where it needs a
 * hardware breakpoint and how flash is programmed.
 */
import type { ChipDescription, MemoryRow } from '../emu/chip.ts';
import type { Core } from '../emu/core/core.ts';

export interface GdbRegister {
  readonly name: string;
  readonly bits: 32 | 64;
  /** Registers of the target that it is made of, low word first. */
  readonly parts: readonly string[];
}

const word = (name: string): GdbRegister => ({ name, bits: 32, parts: [name] });
const PROFILE: readonly GdbRegister[] = [
  ...Array.from({ length: 13 }, (_, i) => word(`r${i}`)),
  word('sp'),
  word('lr'),
  word('pc'),
  word('xpsr'),
];
const SYSTEM = ['msp', 'psp', 'primask', 'basepri', 'faultmask', 'control', 'msplim', 'psplim'] as const;

/** The registers of a core in GDB's order: number = index. */
export function gdbRegisters(core: Core, has: (name: string) => boolean): readonly GdbRegister[] {
  const system = SYSTEM.filter(has).map(word);
  if (core.profile.fpu === 'none') return [...PROFILE, ...system];
  const doubles = Array.from({ length: 16 }, (_, i): GdbRegister => ({ name: `d${i}`, bits: 64, parts: [`s${2 * i}`, `s${2 * i + 1}`] }));
  return [...PROFILE, ...system, ...doubles, word('fpscr')];
}

export function targetXml(registers: readonly GdbRegister[]): string {
  const system = new Set<string>(SYSTEM);
  const numbered = registers.map((r, number) => ({ ...r, number }));
  const feature = (name: string, rows: readonly (typeof numbered)[number][]): string =>
    rows.length === 0
      ? ''
      : `<feature name="${name}">${rows.map((r) => `<reg name="${r.name}" bitsize="${r.bits}" regnum="${r.number}" type="${typeOf(r)}" save-restore="yes"/>`).join('')}</feature>`;
  const profile = numbered.filter((r) => r.number < PROFILE.length);
  const banked = numbered.filter((r) => system.has(r.name));
  const floats = numbered.filter((r) => r.number >= PROFILE.length && !system.has(r.name));
  return (
    '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>arm</architecture>' +
    feature('org.gnu.gdb.arm.m-profile', profile) +
    feature('org.gnu.gdb.arm.m-system', banked) +
    feature('org.gnu.gdb.arm.vfp', floats) +
    '</target>'
  );
}
function typeOf(r: GdbRegister): string {
  if (r.bits === 64) return 'ieee_double';
  return r.name === 'sp' || r.name.endsWith('sp') ? 'data_ptr' : r.name === 'pc' ? 'code_ptr' : 'int';
}

/** Erase unit that GDB is told: what it erases it also writes, so any power of two that all flashes here are multiples of will do. */
const BLOCK = 0x400;

/** The whole address space of a core: memories, aliases included, and what lies between them. */
export function memoryMapXml(chip: ChipDescription, core: string): string {
  const rows = chip.memories
    .filter((m) => m.core === undefined || m.core === core)
    .flatMap((m) => [m.base, ...(m.aliases ?? [])].map((base) => ({ m, base })))
    .sort((a, b) => a.base - b.base);
  const hex = (n: number): string => `0x${n.toString(16)}`;
  const row = (m: MemoryRow, base: number): string => {
    const at = `start="${hex(base)}" length="${hex(m.size)}"`;
    if (m.kind === 'flash' && m.size % BLOCK === 0)
      return `<memory type="flash" ${at}><property name="blocksize">${hex(BLOCK)}</property></memory>`;
    return `<memory type="${m.kind === 'ram' ? 'ram' : 'rom'}" ${at}/>`;
  };
  // all else as well: GDB does not even ask for what a map leaves out, and peripherals lie between the memories
  const gaps: string[] = [];
  let end = 0;
  for (const { from, to } of [...rows.map(({ m, base }) => ({ from: base, to: base + m.size })), { from: 2 ** 32, to: 2 ** 32 }]) {
    if (from > end) gaps.push(`<memory type="ram" start="${hex(end)}" length="${hex(from - end)}"/>`);
    end = Math.max(end, to);
  }
  return (
    '<?xml version="1.0"?><!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd"><memory-map>' +
    rows.map(({ m, base }) => row(m, base)).join('') +
    gaps.join('') +
    '</memory-map>'
  );
}
