/**
 * What a board holds at one instant, as a file of facts for a person to review: core registers, clocks, supplies, flash, remap, interrupts, with what they
 * would be after a reset. After a ROM leave the same words settle most of the options `leave-…`.
 */
import { hex } from '../checks/check.ts';
import { familyOf, locate, maskOf, registerOf } from '../checks/families.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { modelOf } from '../emu/core/models/index.ts';
import { layoutFor } from '../emu/registers.ts';
import { romKind, type RomKind } from './check-board.ts';
import type { GdbTarget } from './gdb-target.ts';

export const CAPTURE_SCHEMA = 'bootbench/board-facts@1';
export const CAPTURE_POINTS = ['now', 'reset', 'entry', 'rom', 'leave'] as const;
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
  readonly rom: RomKind;
  /** DBGMCU_IDCODE and CPUID. */
  readonly devId: number | null;
  readonly revId: number | null;
  readonly cpuid: number | null;
  readonly registers: Readonly<Record<string, number>>;
  readonly values: readonly CapturedValue[];
  /** Empty but in the ROM and at a leave. */
  readonly settles: readonly SettledOption[];
}

/** Blocks whose registers can be read without side effects and that a boot path depends on. */
const BLOCKS = /^(RCC|PWR|FLASH|SYSCFG|SBS|CRS|GTZC\w*|EXTI)$/;
/** Registers of the core in the PPB; SysTick's CTRL is read in the ROM alone, because reading it clears COUNTFLAG, which a program may wait for. */
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
const SYST_CSR = 0xe000e010;
const REGISTERS = ['sp', 'lr', 'pc', 'xpsr', 'msp', 'psp', 'primask', 'basepri', 'faultmask', 'control'];

/** What the board answers, in the order in which it is asked: the core's own words, the NVIC, blocks of the chip. */
async function valuesOf(target: GdbTarget, chip: ChipDescription): Promise<CapturedValue[]> {
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
  return values;
}

async function coreRegisters(target: GdbTarget): Promise<Record<string, number>> {
  const registers: Record<string, number> = {};
  for (const name of REGISTERS) {
    const value = await target.readRegister(name);
    if (value !== null) registers[name] = value;
  }
  return registers;
}

export async function capture(target: GdbTarget, chip: ChipDescription, at: CapturePoint): Promise<Capture> {
  await target.assertHalted();
  const values = await valuesOf(target, chip);
  const systick = at === 'rom' ? await target.word(SYST_CSR) : null;
  if (systick !== null) values.push({ path: 'STK.CSR', address: SYST_CSR, value: systick, afterReset: 0 });
  const registers = await coreRegisters(target);
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
  if (at === 'leave') return { ...found, settles: settledBy(found, chip) };
  return at === 'rom' ? { ...found, settles: settledInRom(found, chip) } : found;
}
const NVIC: readonly (readonly [string, number])[] = [
  ['ISER', 0xe000e100],
  ['ISPR', 0xe000e200],
  ['IABR', 0xe000e300],
];

type Shown = Pick<Capture, 'values' | 'registers'>;

/** The options `leave-…` that the state behind a leave decides; what it does not show is left out. */
export const settledBy = (shown: Shown, chip: ChipDescription): SettledOption[] =>
  [vtorLeft, remapLeft, clocksLeft, flashLeft, contextLeft].flatMap((settle) => settle(shown, chip) ?? []);

const wordIn = ({ values }: Shown, path: string): number | null => values.find((v) => v.path === path)?.value ?? null;

/**
 * What a halted ROM shows that was jumped to from the state that a reset leaves. What it leaves as a reset does says nothing of what it would do with another state,
 * but for what no ROM can do without.
 */
const settledInRom = (shown: Shown, chip: ChipDescription): SettledOption[] =>
  [masksSet, vtorSet, sysclkSet, rangesSet, supplySet, systickUsed].flatMap((settle) => settle(shown, chip) ?? []);

function masksSet({ registers }: Shown): SettledOption[] {
  const set = (['primask', 'faultmask', 'basepri'] as const).filter((name) => (registers[name] ?? 0) !== 0);
  return set.map((name) => ({
    option: name,
    value: 'sets it itself',
    by: `${name.toUpperCase()} = ${hex(registers[name]!)}, MSP = ${hex(registers['msp'] ?? 0)}`,
  }));
}
function vtorSet(shown: Shown, chip: ChipDescription): SettledOption[] {
  const vtor = wordIn(shown, 'SCB.VTOR');
  const table = chip.rom?.vectorTable.value;
  if (vtor === null || table === undefined || modelOf(chip.cores[0]!.type).vtor === 0) return [];
  const flash = chip.memories.find((m) => m.kind === 'flash')?.base;
  const value = vtor === table ? 'sets' : vtor === flash ? 'keeps' : `another value: ${hex(vtor)}`;
  return [{ option: 'vtor', value, by: `SCB.VTOR = ${hex(vtor)}, ${hex(flash ?? 0)} before the jump` }];
}
/** A field of the chip: what is there, and what a reset leaves. */
function fieldIn(
  shown: Shown,
  chip: ChipDescription,
  path: string | undefined,
): { readonly now: number; readonly reset: number; readonly by: string } | null {
  const place = path === undefined ? null : locate(chip, path);
  const word = path === undefined ? null : wordIn(shown, registerOf(path));
  if (place === null || word === null) return null;
  const now = (word & place.mask) >>> place.bit;
  return { now, reset: place.reset, by: `${path} = ${now}, ${place.reset} after a reset` };
}
function sysclkSet(shown: Shown, chip: ChipDescription): SettledOption[] {
  const clock = familyOf(chip)?.sysclk;
  const found = fieldIn(shown, chip, clock?.status);
  return !clock || found === null || found.now === clock.afterReset
    ? []
    : [
        {
          option: 'sysclk',
          value: 'sets',
          by: `SYSCLK from ${clock.sources[found.now] ?? found.now}, ${clock.sources[clock.afterReset]} after a reset`,
        },
      ];
}
function rangesSet(shown: Shown, chip: ChipDescription): SettledOption[] {
  const f = familyOf(chip);
  const fields = [
    ['prescalers', f?.prescalers[0]],
    ['flash-latency', f?.flashLatency],
    ['vos', f?.voltageControl?.field],
  ] as const;
  return fields.flatMap(([option, path]) => {
    const found = fieldIn(shown, chip, path);
    return found === null || found.now === found.reset ? [] : [{ option, value: 'sets', by: found.by }];
  });
}
function supplySet(shown: Shown, chip: ChipDescription): SettledOption[] {
  const f = familyOf(chip);
  const supply = fieldIn(shown, chip, f?.usbSupply?.bit);
  const hsi48 = fieldIn(shown, chip, f?.hsi48?.on);
  return [
    ...(supply === null ? [] : [{ option: 'usb-supply', value: supply.now === 1 ? 'sets' : 'keeps', by: supply.by }]),
    // F0's hardware switches it on with USB's clock
    ...(hsi48 === null || hsi48.now === hsi48.reset || f!.family === 'STM32F0' ? [] : [{ option: 'hsi48', value: 'sets', by: hsi48.by }]),
  ];
}
function systickUsed(shown: Shown): SettledOption[] {
  const control = wordIn(shown, 'STK.CSR');
  return control === null || (control & 1) === 0
    ? []
    : [{ option: 'systick', value: 'uses', by: `SYST_CSR = ${hex(control)}, 0 after a reset` }];
}

function vtorLeft(shown: Shown, chip: ChipDescription): SettledOption | null {
  const vtor = wordIn(shown, 'SCB.VTOR');
  // a core without VTOR shows zero
  if (vtor === null || modelOf(chip.cores[0]!.type).vtor === 0) return null;
  const [from, to] = chip.rom?.range.value ?? [1, 0];
  return { option: 'leave-vtor', value: vtor >= from && vtor <= to ? 'keeps' : 'sets', by: `SCB.VTOR = ${hex(vtor)}` };
}

function remapLeft(shown: Shown, chip: ChipDescription): SettledOption | null {
  const { field, systemMemory } = familyOf(chip)?.remap ?? {};
  const remap = field === undefined ? null : wordIn(shown, registerOf(field));
  if (field === undefined || remap === null) return null;
  const { mask, bit } = locate(chip, field)!;
  const mode = (remap & mask) >>> bit;
  return { option: 'leave-remap', value: mode === systemMemory ? 'keeps' : 'restores', by: `${field} = ${mode}` };
}

function clocksLeft({ values }: Shown): SettledOption | null {
  const clocks = values.filter((v) => v.path === 'RCC.CR' || v.path.startsWith('RCC.CFGR'));
  if (clocks.length === 0) return null;
  const differs = clocks.filter((v) => v.afterReset !== null && configured(v) !== configured({ ...v, value: v.afterReset }));
  const by = (differs.length > 0 ? differs : clocks).map((v) => `${v.path} = ${hex(v.value)}`).join(', ');
  return { option: 'leave-clocks', value: differs.length > 0 ? 'keeps' : 'restores', by };
}

function flashLeft(shown: Shown, chip: ChipDescription): SettledOption | null {
  const sr = wordIn(shown, 'FLASH.SR') ?? wordIn(shown, 'FLASH.NSSR');
  const cr = wordIn(shown, 'FLASH.CR') ?? wordIn(shown, 'FLASH.NSCR');
  const locked = lockBit(chip);
  if (cr === null || locked === null) return null;
  const errors = sr !== null && (sr & errorBits(chip)) !== 0;
  const value = errors ? 'errors' : (cr & locked) !== 0 ? 'locked' : 'unlocked';
  return { option: 'leave-flash', value, by: `FLASH.CR = ${hex(cr)}${sr === null ? '' : `, SR = ${hex(sr)}`}` };
}

function contextLeft({ values, registers }: Shown): SettledOption {
  const active = values.filter((v) => v.path.startsWith('NVIC.IABR') && v.value !== 0);
  const ipsr = (registers['xpsr'] ?? 0) & 0x1ff;
  return {
    option: 'leave-context',
    value: active.length > 0 || ipsr !== 0 ? 'isr' : 'thread',
    by: active.length > 0 ? active.map((v) => `${v.path} = ${hex(v.value)}`).join(', ') : `IPSR = ${ipsr}, no interrupt is active`,
  };
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
