/**
 * Boards that people use for these chips: what feeds OSC_IN, whether LSE is fitted. Data only, `reported`: from the public board files and manuals named in each row. A board
 * that is not here is described by `board: {…}` of the scenario.
 */
import type { Board } from './scenario-types.ts';
import { UsageError } from './usage-error.ts';

export interface KnownBoard {
  readonly name: string;
  readonly chip: string;
  readonly board: Board;
  readonly source: string;
}

const crystal = (mhz: number): Board['hse'] => ({ hz: mhz * 1_000_000, kind: 'crystal' });
const bypass = (mhz: number): Board['hse'] => ({ hz: mhz * 1_000_000, kind: 'bypass' });
const LSE = { hz: 32_768 };
const row = (name: string, chip: string, hse: Board['hse'], lse: boolean, source: string): KnownBoard => ({
  name,
  chip,
  board: { hse: hse ?? null, lse: lse ? LSE : null },
  source,
});

const UM1724 = 'UM1724: 8 MHz from the ST-LINK’s MCO';
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
  row('nucleo-h533re', 'STM32H533RE', crystal(24), true, 'Zephyr nucleo_h533re'),
  row('nucleo-h745zi-q', 'STM32H745ZI', bypass(8), true, 'UM2408: 8 MHz from the ST-LINK’s MCO'),
  row('stm32h745i-disco', 'STM32H745XI', crystal(25), true, 'UM2488; Zephyr stm32h745i_disco'),
  row('nucleo-h743zi', 'STM32H743ZI', bypass(8), true, 'UM2407: 8 MHz from the ST-LINK’s MCO'),
  row('weact-h743vi', 'STM32H743VI', crystal(25), true, 'WeAct MiniSTM32H7xx schematics'),
  row('matekh743', 'STM32H743VI', crystal(8), false, 'Betaflight config MATEKH743; SYSTEM_HSE_MHZ 8'),
];

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

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

/** @throws UsageError if there is no such board */
export function findBoard(name: string): KnownBoard {
  const found = BOARDS.find((b) => plain(b.name) === plain(name));
  if (found) return found;
  const near = suggestBoards(name);
  throw new UsageError(
    `--board: there is no board ${JSON.stringify(name)}`,
    near.length > 0
      ? `did you mean ${near.join(', ')}? default and none (no crystals) are known too`
      : `known: default, none, ${BOARDS.map((b) => b.name).join(', ')}`,
  );
}
