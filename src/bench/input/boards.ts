/**
 * Boards that people use for these chips: what feeds OSC_IN, whether LSE is fitted, what BOOT0, the USB wires and buttons lead to (board-circuits.ts). Data only, `reported`: from the
 * public board files and manuals named in each row. A board that is not here is described by `board: {…}` of the scenario.
 */
import { findChip, nearestChip, partInBoardName } from '../../chips/index.ts';
import { circuitOf, type Circuit } from './board-circuits.ts';
import type { Board } from '../documents/scenario-types.ts';
import { UsageError } from '../documents/usage-error.ts';

export interface KnownBoard {
  readonly name: string;
  readonly chip: string;
  readonly board: Board;
  readonly source: string;
  readonly circuit: Circuit;
}

const crystal = (mhz: number): Board['hse'] => ({ hz: mhz * 1_000_000, kind: 'crystal' });
const bypass = (mhz: number): Board['hse'] => ({ hz: mhz * 1_000_000, kind: 'bypass' });
const LSE = { hz: 32_768 };
/** USB blocks that can sense VBUS. */
const SENSES_VBUS = 'usb-otg-fs';
const sensesVbus = (part: string): boolean => findChip(part)!.blocks.some((b) => b.model === SENSES_VBUS);
const row = (name: string, chip: string, hse: Board['hse'], lse: boolean, source: string, more: Board = {}): KnownBoard => {
  const circuit = circuitOf(name);
  return {
    name,
    chip,
    // asked of the chip when the board is: a list of boards makes the description of none
    get board(): Board {
      const vbus = circuit.vbus === 'none' && sensesVbus(chip) ? { vbus: false } : {};
      const pins = circuit.pulledUp === undefined ? {} : { pins: Object.fromEntries(circuit.pulledUp.map((pin) => [pin, 1 as const])) };
      return { hse: hse ?? null, lse: lse ? LSE : null, ...vbus, ...pins, ...more };
    },
    source,
    circuit,
  };
};
const FROM_SMPS: Board = { coreSupply: 'smps' };

const UM1724 = 'UM1724: 8 MHz from the ST-LINK’s MCO';
const UM1974 = 'UM1974: 8 MHz from the ST-LINK’s MCO';
export const BOARDS: readonly KnownBoard[] = [
  row('nucleo-f072rb', 'STM32F072RB', bypass(8), true, UM1724),
  row('stm32f072b-disco', 'STM32F072RB', null, false, 'UM1690: X2 and X3 not fitted'),
  row('nucleo-f411re', 'STM32F411RE', bypass(8), true, UM1724),
  row('blackpill-f411ce', 'STM32F411CE', crystal(25), true, 'WeAct MiniSTM32F4x1 schematics; TinyUSB stm32f411blackpill'),
  row('stm32f411e-disco', 'STM32F411VE', crystal(8), false, 'UM1842; Zephyr stm32f411e_disco'),
  row('stm32f4-disco', 'STM32F407VG', crystal(8), false, 'UM1472; Zephyr stm32f4_disco'),
  row('pyboard-v1.0', 'STM32F405RG', crystal(8), true, 'MicroPython ports/stm32/boards/PYBV10'),
  row('pyboard-v1.1', 'STM32F405RG', crystal(12), true, 'MicroPython ports/stm32/boards/PYBV11'),
  row('feather-stm32f405', 'STM32F405RG', crystal(12), true, 'Adafruit Feather STM32F405 schematics; TinyUSB feather_stm32f405'),
  row('matekf405', 'STM32F405RG', crystal(8), false, 'Betaflight config MATEKF405; SYSTEM_HSE_MHZ 8'),
  row('omnibusf4', 'STM32F405RG', crystal(8), false, 'Betaflight config OMNIBUSF4; SYSTEM_HSE_MHZ 8'),
  row('matekf411', 'STM32F411CE', crystal(8), false, 'Betaflight config MATEKF411; SYSTEM_HSE_MHZ 8'),
  row('nucleo-l476rg', 'STM32L476RG', null, true, 'UM1724; Zephyr nucleo_l476rg runs from MSI and HSI'),
  row('stm32l476g-disco', 'STM32L476VG', null, true, 'UM1879: X1 (8 MHz) not fitted'),
  row('nucleo-l496zg', 'STM32L496ZG', null, true, 'UM2179; Zephyr nucleo_l496zg runs from HSI'),
  row('nucleo-h503rb', 'STM32H503RB', crystal(24), true, 'Zephyr nucleo_h503rb'),
  row('nucleo-u575zi-q', 'STM32U575ZI', null, true, 'UM2861: X3 not fitted; Zephyr nucleo_u575zi_q runs from MSIS'),
  row('b-u585i-iot02a', 'STM32U585AI', crystal(16), true, 'Zephyr b_u585i_iot02a'),
  row('nucleo-h533re', 'STM32H533RE', crystal(24), true, 'Zephyr nucleo_h533re'),
  row(
    'nucleo-h745zi-q',
    'STM32H745ZI',
    bypass(8),
    true,
    'UM2408: 8 MHz from the ST-LINK’s MCO; Zephyr nucleo_h745zi_q: direct SMPS',
    FROM_SMPS,
  ),
  row('stm32h745i-disco', 'STM32H745XI', crystal(25), true, 'UM2488; Zephyr stm32h745i_disco: direct SMPS', FROM_SMPS),
  row('nucleo-h743zi', 'STM32H743ZI', bypass(8), true, 'UM2407: 8 MHz from the ST-LINK’s MCO'),
  row('weact-h743vi', 'STM32H743VI', crystal(25), true, 'WeAct MiniSTM32H7xx schematics'),
  row('matekh743', 'STM32H743VI', crystal(8), false, 'Betaflight config MATEKH743; SYSTEM_HSE_MHZ 8'),
  row('nucleo-f030r8', 'STM32F030R8', bypass(8), false, UM1724),
  row('nucleo-f070rb', 'STM32F070RB', bypass(8), true, UM1724),
  row('nucleo-f091rc', 'STM32F091RC', bypass(8), true, UM1724),
  row('nucleo-f103rb', 'STM32F103RB', bypass(8), true, UM1724),
  row('bluepill', 'STM32F103C8', crystal(8), true, 'Blue Pill schematics; Zephyr stm32_min_dev, libopencm3’s and Arduino’s board files'),
  row('nucleo-f303re', 'STM32F303RE', bypass(8), true, UM1724),
  row('nucleo-f303ze', 'STM32F303ZE', bypass(8), true, UM1974),
  row('stm32f3-disco', 'STM32F303VC', bypass(8), false, 'UM1570: 8 MHz from the ST-LINK’s MCO; ChibiOS ST_STM32F3_DISCOVERY'),
  row('nucleo-f207zg', 'STM32F207ZG', bypass(8), true, UM1974),
  row('nucleo-f401re', 'STM32F401RE', bypass(8), true, UM1724),
  row('blackpill-f401cc', 'STM32F401CC', crystal(25), true, 'WeAct MiniSTM32F4x1 schematics; TinyUSB stm32f401blackpill'),
  row('nucleo-f429zi', 'STM32F429ZI', bypass(8), true, UM1974),
  row('stm32f429i-disc1', 'STM32F429ZI', crystal(8), false, 'UM1670; ChibiOS ST_STM32F429I_DISCOVERY'),
  row('nucleo-f446re', 'STM32F446RE', bypass(8), true, UM1724),
  row('nucleo-f446ze', 'STM32F446ZE', bypass(8), true, UM1974),
  row('nucleo-f722ze', 'STM32F722ZE', bypass(8), true, UM1974),
  row('nucleo-f746zg', 'STM32F746ZG', bypass(8), true, UM1974),
  row('nucleo-f767zi', 'STM32F767ZI', bypass(8), true, UM1974),
  row('stm32f746g-disco', 'STM32F746NG', crystal(25), true, 'Zephyr stm32f746g_disco and STM32CubeF7 (ChibiOS takes it for bypass)'),
  row('nucleo-g071rb', 'STM32G071RB', null, true, 'UM2324; Zephyr nucleo_g071rb runs from HSI'),
  row('nucleo-g0b1re', 'STM32G0B1RE', null, true, 'UM2324; Zephyr nucleo_g0b1re runs from HSI'),
  row('nucleo-g431rb', 'STM32G431RB', crystal(24), true, 'UM2505; ChibiOS ST_NUCLEO64_G431RB'),
  row('nucleo-g474re', 'STM32G474RE', crystal(24), true, 'UM2505; ChibiOS ST_NUCLEO64_G474RE'),
  row('nucleo-l432kc', 'STM32L432KC', null, true, 'UM1956; ChibiOS ST_NUCLEO32_L432KC'),
  row('nucleo-l4r5zi', 'STM32L4R5ZI', null, true, 'UM2179; ChibiOS ST_NUCLEO144_L4R5ZI'),
  row('nucleo-h563zi', 'STM32H563ZI', bypass(8), true, 'UM3115: 8 MHz from the ST-LINK’s MCO; ChibiOS ST_NUCLEO144_H563ZI'),
  row('nucleo-h723zg', 'STM32H723ZG', bypass(8), true, 'UM2407: 8 MHz from the ST-LINK’s MCO; ChibiOS ST_NUCLEO144_H723ZG'),
  row('nucleo-l053r8', 'STM32L053R8', bypass(8), true, UM1724),
  row('nucleo-l073rz', 'STM32L073RZ', bypass(8), true, UM1724),
  row('nucleo-l152re', 'STM32L152RE', bypass(8), true, UM1724),
  row('nucleo-f412zg', 'STM32F412ZG', bypass(8), true, UM1974),
  row('nucleo-f413zh', 'STM32F413ZH', bypass(8), true, UM1974),
  row('nucleo-f439zi', 'STM32F439ZI', bypass(8), true, UM1974),
  row('nucleo-f756zg', 'STM32F756ZG', bypass(8), true, UM1974),
  row('nucleo-c071rb', 'STM32C071RB', crystal(48), true, 'Zephyr nucleo_c071rb'),
  row('nucleo-wb55rg', 'STM32WB55RG', crystal(32), true, 'UM2435; Zephyr nucleo_wb55rg'),
  row('p-nucleo-wb55-usbdongle', 'STM32WB55CG', crystal(32), true, 'UM2435'),
  row('flipper-zero', 'STM32WB55RG', crystal(32), true, 'public firmware of the Flipper Zero (f7)'),
  row('blackpill-f401ce', 'STM32F401CE', crystal(25), true, 'WeAct MiniSTM32F4x1 schematics'),
  row('stm32f412g-disco', 'STM32F412ZG', bypass(8), true, 'Zephyr stm32f412g_disco: 8 MHz from the ST-LINK’s MCO'),
  row('stm32f469i-disco', 'STM32F469NI', crystal(8), true, 'UM1932; Zephyr stm32f469i_disco'),
];

/** Letters and digits of a name. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
/** One spelling for what people type: `DISCO_F411E`, `F411E-DISCOVERY`, `stm32f411e_disco`; `STM32F411RE-NUCLEO`; `weact-black-pill-f411`. */
function canonical(name: string): string {
  const letters = plain(name).replace(/discovery|disco|disc(?=\d|$)/, 'disco');
  const kind = /nucleo|disco|blackpill|bluepill/.exec(letters)?.[0];
  if (kind === undefined) return letters;
  const rest = letters.replace(kind, '').replace(/^(weact|bob)?(mini)?/, '');
  // Editions of a Discovery kit have the same clocks; a Nucleo's pin count says nothing more.
  return (
    kind +
    rest
      .replace(/^(64|144)/, '')
      .replace(/^(stm)?32/, '')
      .replace(kind === 'disco' ? /[01]$/ : /(64|144)$/, '')
      // its second edition has the same clocks (UM2407)
      .replace(/^h743zi2$/, 'h743zi')
  );
}

/** Boards whose name is like this one, nearest first: the longest common piece decides. */
export function suggestBoards(name: string, limit = 4): readonly string[] {
  const typed = plain(name);
  const score = (candidate: string): number => {
    const other = plain(candidate);
    let best = 0;
    for (let from = 0; from < typed.length; from++)
      for (let to = from + best + 1; to <= typed.length && other.includes(typed.slice(from, to)); to++) best = to - from;
    return best;
  };
  return BOARDS.map((b) => ({ name: b.name, score: score(b.name) }))
    .filter((b) => b.score >= 3)
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map((b) => b.name);
}

/** What to type where a board's name says its part and no more is known of it. */
export function sayPart(part: string): string {
  const named = part.toUpperCase();
  return findChip(part) === undefined
    ? `its ${named} is not modelled either; the nearest modelled chip is ${nearestChip(part)}`
    : `its chip is modelled: give --chip ${part}, and describe the crystal in "board" of a scenario`;
}

/** The board that people call so. */
export function boardOf(name: string): KnownBoard | undefined {
  const typed = canonical(name);
  return BOARDS.find((b) => canonical(b.name) === typed);
}
/** Boards whose names begin so. */
export function boardsBegun(name: string): readonly string[] {
  const typed = name.trim().toLowerCase();
  return typed === '' ? [] : BOARDS.map((b) => b.name).filter((known) => known.startsWith(typed));
}
/** The words for no board in particular; null for a board's name. */
export const plainBoard = (name: string | undefined): 'default' | 'none' | null =>
  (['default', 'none'] as const).find((word) => word === name?.trim().toLowerCase()) ?? null;
/**
 * The board that is named, null where none in particular is.
 * @param where the option or key that names it, for messages
 * @throws UsageError if there is no such board
 */
export const boardNamed = (name: string | undefined, where: string): KnownBoard | null =>
  name === undefined || plainBoard(name) !== null ? null : findBoard(name, where);

/** A scenario's board with what is known of the board that it names; what the scenario itself says comes before that. */
export function withKnownBoard(given: Board): Board {
  const known = boardNamed(given.name, 'board.name');
  if (known === null) return given;
  return { ...known.board, ...given, name: known.name, pins: { ...known.board.pins, ...given.pins } };
}

/**
 * @param where the option or key that names it, for messages
 * @throws UsageError if there is no such board
 */
export function findBoard(name: string, where = '--board'): KnownBoard {
  const found = boardOf(name);
  if (found) return found;
  const part = partInBoardName(name);
  const near = suggestBoards(name);
  if (part !== undefined) {
    const like = near.length > 0 ? `; boards with such names: ${near.join(', ')}` : '';
    throw new UsageError(`${where}: bootbench does not know the board ${JSON.stringify(name)}`, `${sayPart(part)}${like}`);
  }
  throw new UsageError(
    `${where}: there is no board ${JSON.stringify(name)}`,
    near.length > 0
      ? `did you mean ${near.join(', ')}? default and none (no crystals) are also possible`
      : `known: default, none, ${BOARDS.map((b) => b.name).join(', ')}`,
  );
}
