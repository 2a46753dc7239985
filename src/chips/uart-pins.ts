/** Where the USARTs of a part listen, and what selects their kernel clocks: the generated table, and F1's pins by hand. Data only. */
import type { BlockRow, ChipDescription } from '../emu/chip.ts';
import type { OptionsOf } from '../peripherals/index.ts';
import table from './generated/uart-pins.json' with { type: 'json' };
import { withOthers } from './lazy.ts';

type Pins = NonNullable<OptionsOf<'usart-v4'>['pins']>;
type List = Pins['rx'];

/** RM0008 9.3.8 (documented): pins by the value of USARTx_REMAP; UART4 and UART5 are not remapped. */
const F1: Readonly<Record<string, Pins>> = {
  USART1: pinsOf('PA10:0 PB7:1', 'PA9:0 PB6:1', true),
  USART2: pinsOf('PA3:0 PD6:1', 'PA2:0 PD5:1', true),
  USART3: pinsOf('PB11:0 PC11:1 PD9:3', 'PB10:0 PC10:1 PD8:3', true),
  UART4: pinsOf('PC11:0', 'PC10:0', true),
  UART5: pinsOf('PD2:0', 'PC12:0', true),
};
const LINES: Readonly<Record<string, string>> = table.lines;

/** `PA3:7 PA15:3` */
function pinsOf(rx: string, tx: string, remapped = false): Pins {
  const list = (text: string): List =>
    text.split(' ').flatMap((item) => {
      const [pin, selected] = item.split(':');
      return selected === undefined ? [] : [[pin!, Number(selected)] as const];
    });
  return { rx: list(rx), tx: list(tx), ...(remapped ? { remapped } : {}) };
}

interface Place {
  readonly pins: Pins;
  /** `RCC.CCIPR.USART2SEL` */
  readonly selector?: string;
}
/** By block; empty where the table has no such line. */
export function uartPlaces(line: string): Readonly<Record<string, Place>> {
  if (line.startsWith('STM32F1')) return Object.fromEntries(Object.entries(F1).map(([block, pins]) => [block, { pins }]));
  const blocks = (LINES[line] ?? '').split(' ').flatMap((item): (readonly [string, Place])[] => {
    const [block, set, selector] = item.split(':');
    const [rx, tx] = set === undefined ? [] : table.pins[Number(set)]!.split('/');
    if (rx === undefined || tx === undefined) return [];
    const by = selector === undefined ? {} : { selector: `RCC.${table.selectors[Number(selector)]!}` };
    return [[block!, { pins: pinsOf(rx, tx), ...by }]];
  });
  return Object.fromEntries(blocks);
}

function blocksWith(blocks: readonly BlockRow[], line: string): readonly BlockRow[] {
  const places = uartPlaces(line);
  return blocks.map((row) => (row.model === 'usart-v4' ? { ...row, options: { ...row.options, ...places[row.name] } } : row));
}
/** The part with the pins of its USARTs, and with what selects their kernel clocks. */
export function withUartPins(chip: ChipDescription): ChipDescription {
  return withOthers(chip, { blocks: () => blocksWith(chip.blocks, chip.line) });
}
