/**
 * What a board holds at one instant, as a file of facts for a person to review: core registers, clocks, supplies, flash, remap, interrupts, with what they
 * would be after a reset. After a ROM leave the same words settle most of the options `leave-…`.
 */
import { hex } from '../checks/check.ts';
import { familyOf, locate, maskOf, registerOf } from '../checks/families.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { modelOf } from '../emu/core/models/index.ts';
import { layoutFor } from '../emu/registers.ts';
import { romKind } from './check-board.ts';
import type { GdbTarget } from './gdb-target.ts';

export const CAPTURE_SCHEMA = 'bootbench/board-facts@1';
export const CAPTURE_POINTS = ['now', 'reset', 'entry', 'leave'] as const;
export type CapturePoint = (typeof CAPTURE_POINTS)[number];

export interface CapturedValue {
  readonly path: string;
  readonly address: number;
  readonly value: number;
  /** After a reset, by the chip's register facts; null where they do not say. */
  readonly afterReset: number | null;
}
export interface SettledOption {
  readonly option: string;
  readonly value: string;
  /** The word that says so. */
  readonly by: string;
}
export interface Capture {
  readonly at: CapturePoint;
  readonly rom: 'stand-in' | 'silicon';
  /** DBGMCU_IDCODE and CPUID. */
  readonly devId: number | null;
  readonly revId: number | null;
  readonly cpuid: number | null;
  readonly registers: Readonly<Record<string, number>>;
  readonly values: readonly CapturedValue[];
  /** Empty but at a leave. */
  readonly settles: readonly SettledOption[];
}

/** Blocks whose registers can be read without side effects and that a boot path depends on. */
const BLOCKS = /^(RCC|PWR|FLASH|SYSCFG|SBS|CRS|GTZC\w*|EXTI)$/;
/** Registers of the core in the PPB; SysTick's CTRL is left out, because reading it clears COUNTFLAG. */
const CORE_WORDS: readonly (readonly [string, number])[] = [
  ['SCB.ICSR', 0xe000ed04],
  ['SCB.VTOR', 0xe000ed08],
  ['SCB.AIRCR', 0xe000ed0c],
  ['SCB.SCR', 0xe000ed10],
  ['SCB.CCR', 0xe000ed14],
  ['SCB.SHCSR', 0xe000ed24],
  ['STK.RVR', 0xe000e014],
  ['MPU.CTRL', 0xe000ed94],
];
const REGISTERS = ['sp', 'lr', 'pc', 'xpsr', 'msp', 'psp', 'primask', 'basepri', 'faultmask', 'control'];

export async function capture(target: GdbTarget, chip: ChipDescription, at: CapturePoint): Promise<Capture> {
  await target.assertHalted();
  const values: CapturedValue[] = [];
  const add = async (path: string, address: number, afterReset: number | null): Promise<void> => {
    const value = await target.word(address);
    if (value !== null) values.push({ path, address, value, afterReset });
  };
  for (const [path, address] of CORE_WORDS) await add(path, address, null);
  const words = Math.ceil((chip.cores[0]?.nvicLines ?? 32) / 32);
  for (const [name, base] of NVIC) for (let i = 0; i < words; i++) await add(`NVIC.${name}${i}`, base + 4 * i, 0);
  for (const block of chip.blocks) {
    const facts = chip.facts[block.facts ?? block.name];
    if (!BLOCKS.test(block.name) || !facts) continue;
    for (const register of layoutFor(facts).registers)
      if (register.size === 4 && !/KEYR/.test(register.name))
        await add(`${block.name}.${register.name}`, (block.base + register.offset) >>> 0, register.reset ?? null);
  }
  const registers: Record<string, number> = {};
  for (const name of REGISTERS) {
    const value = await target.readRegister(name);
    if (value !== null) registers[name] = value;
  }
  const dbgmcu = chip.blocks.find((b) => b.name === 'DBGMCU');
  const id = dbgmcu ? await target.word(dbgmcu.base) : null;
  const found: Capture = {
    at,
    rom: romKind(target),
    devId: id === null ? null : id & 0xfff,
    revId: id === null ? null : id >>> 16,
    cpuid: await target.word(0xe000ed00),
    registers,
    values,
    settles: [],
  };
  return at === 'leave' ? { ...found, settles: settledBy(found, chip) } : found;
}
const NVIC: readonly (readonly [string, number])[] = [
  ['ISER', 0xe000e100],
  ['ISPR', 0xe000e200],
  ['IABR', 0xe000e300],
];

/** The options `leave-…` that the state behind a leave decides; what it does not show is left out. */
export function settledBy({ values, registers }: Pick<Capture, 'values' | 'registers'>, chip: ChipDescription): SettledOption[] {
  const settled: SettledOption[] = [];
  const word = (path: string): number | null => values.find((v) => v.path === path)?.value ?? null;
  const say = (option: string, value: string, by: string): void => void settled.push({ option, value, by });

  const vtor = word('SCB.VTOR');
  const [from, to] = chip.rom?.range.value ?? [1, 0];
  // a core without VTOR shows zero
  if (vtor !== null && modelOf(chip.cores[0]!.type).vtor !== 0)
    say('leave-vtor', vtor >= from && vtor <= to ? 'keeps' : 'sets', `SCB.VTOR = ${hex(vtor)}`);

  const { field, systemMemory } = familyOf(chip)?.remap ?? {};
  const remap = field === undefined ? null : word(registerOf(field));
  if (field !== undefined && remap !== null) {
    const { mask, bit } = locate(chip, field)!;
    const mode = (remap & mask) >>> bit;
    say('leave-remap', mode === systemMemory ? 'keeps' : 'restores', `${field} = ${mode}`);
  }
  const clocks = values.filter((v) => v.path === 'RCC.CR' || v.path.startsWith('RCC.CFGR'));
  if (clocks.length > 0) {
    const differs = clocks.filter((v) => v.afterReset !== null && configured(v) !== configured({ ...v, value: v.afterReset }));
    const text = (differs.length > 0 ? differs : clocks).map((v) => `${v.path} = ${hex(v.value)}`).join(', ');
    say('leave-clocks', differs.length > 0 ? 'keeps' : 'restores', text);
  }
  const [sr, cr] = [word('FLASH.SR') ?? word('FLASH.NSSR'), word('FLASH.CR') ?? word('FLASH.NSCR')];
  const locked = lockBit(chip);
  if (cr !== null && locked !== null) {
    const errors = sr !== null && (sr & errorBits(chip)) !== 0;
    const value = errors ? 'errors' : (cr & locked) !== 0 ? 'locked' : 'unlocked';
    say('leave-flash', value, `FLASH.CR = ${hex(cr)}${sr === null ? '' : `, SR = ${hex(sr)}`}`);
  }
  const active = values.filter((v) => v.path.startsWith('NVIC.IABR') && v.value !== 0);
  const ipsr = (registers['xpsr'] ?? 0) & 0x1ff;
  say(
    'leave-context',
    active.length > 0 || ipsr !== 0 ? 'isr' : 'thread',
    active.length > 0 ? active.map((v) => `${v.path} = ${hex(v.value)}`).join(', ') : `IPSR = ${ipsr}, no interrupt is active`,
  );
  return settled;
}
/** Without what trims and readies an oscillator, which differs from chip to chip: RCC_CR's low half but its ON bits. */
const configured = ({ path, value }: CapturedValue): number => (path === 'RCC.CR' ? value & 0x01010001 : value) >>> 0;

/** Mask of those of these fields that FLASH has. */
const flashField = (chip: ChipDescription, names: readonly string[]): number =>
  names.reduce((mask, name) => mask | maskOf(chip, `FLASH.${name}`), 0) >>> 0;
const lockBit = (chip: ChipDescription): number | null => flashField(chip, ['CR.LOCK', 'NSCR.LOCK']) || null;
const ERRORS = [
  'OPERR',
  'PROGERR',
  'WRPERR',
  'WRPRTERR',
  'PGAERR',
  'PGPERR',
  'PGSERR',
  'ERSERR',
  'SIZERR',
  'MISERR',
  'FASTERR',
  'INCERR',
  'STRBERR',
];
const errorBits = (chip: ChipDescription): number =>
  flashField(
    chip,
    ERRORS.flatMap((name) => [`SR.${name}`, `NSSR.${name}`]),
  );
