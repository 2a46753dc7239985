/**
 * ITLINE0 to 31 of SYSCFG (G0, C0): which of the blocks that share an interrupt line ask for it. Handlers of shared lines look there who it was.
 *
 * Facts: RM0444 8.1, RM0490 (documented). Of TIM1's break, update, trigger and commutation the update is shown for all.
 * Wires: `irq.<line>.<block>` is the level that the block drives; `<block>.asks` has a bit for each channel or line of a block that several bits show.
 */
import type { Layout, Register, RegisterContext } from '../../emu/registers.ts';
import { wire } from '../../emu/wires.ts';

/** A bit follows a block, or with `#n` bit n of what that block asks for. */
type Source = string | null;
const many = (block: string, first: number, count: number): Source[] => Array.from({ length: count }, (_, i) => `${block}#${first + i}`);
const EXTI: Readonly<Record<number, readonly Source[]>> = { 5: many('EXTI', 0, 2), 6: many('EXTI', 2, 2), 7: many('EXTI', 4, 12) };
const LINES: Readonly<Record<number, readonly Source[]>> = {
  0: ['WWDG'],
  2: [null, 'RTC'],
  3: [null, 'FLASH'],
  4: ['RCC', 'CRS'],
  ...EXTI,
  9: many('DMA1', 0, 1),
  10: many('DMA1', 1, 2),
  11: ['DMAMUX1', ...many('DMA1', 3, 4), ...many('DMA2', 0, 5)],
  13: [null, null, 'TIM1', null],
  14: ['TIM1'],
  15: ['TIM2'],
  16: ['TIM3', 'TIM4'],
  17: ['TIM6', 'DAC1', 'LPTIM1'],
  18: ['TIM7', 'LPTIM2'],
  19: ['TIM14'],
  20: ['TIM15'],
  21: ['TIM16', 'FDCAN1', 'FDCAN2'],
  22: ['TIM17', 'FDCAN1', 'FDCAN2'],
  23: ['I2C1'],
  24: ['I2C2', 'I2C3'],
  25: ['SPI1'],
  26: ['SPI2', 'SPI3'],
  27: ['USART1'],
  28: ['USART2', 'LPUART2'],
  29: ['USART3', 'USART4', 'LPUART1', 'USART5', 'USART6'],
};
/** USB alone on C0, behind two UCPD on G0. */
const USB_LINE = 8;
const CONVERTER_LINE = 12;

/** Whether a source asks for the interrupt line. */
function asks(line: number, source: Source): (c: RegisterContext<object>) => boolean {
  if (source === null) return () => false;
  const [block, bit] = source.split('#');
  const asked = wire(bit === undefined ? `irq.${line}.${source}` : `${block}.asks`);
  return bit === undefined ? (c) => c.env.wire(asked) !== 0 : (c) => ((c.env.wire(asked) >>> Number(bit)) & 1) !== 0;
}

export interface ShownLines {
  readonly names: readonly string[];
  /** What the register shows; null for another register. */
  read(c: RegisterContext<object>, r: Register): number | null;
}

export function shownLines(layout: Layout): ShownLines {
  // one converter, called ADC on G0 and ADC1 on C0
  const converter = layout.hasField('ITLINE12.COMP1') ? 'ADC' : 'ADC1';
  const of = new Map<Register, { readonly asked: readonly ((c: RegisterContext<object>) => boolean)[] }>();
  for (const r of layout.registers) {
    const line = /^ITLINE(\d+)$/.exec(r.name)?.[1];
    if (line === undefined) continue;
    const usb = layout.hasField(`${r.name}.UCPD1`) ? [null, null, 'USB'] : ['USB'];
    const special: Readonly<Record<number, readonly Source[]>> = { [USB_LINE]: usb, [CONVERTER_LINE]: [converter] };
    const sources = special[Number(line)] ?? LINES[Number(line)] ?? [];
    of.set(r, { asked: sources.map((source) => asks(Number(line), source)) });
  }
  return {
    names: [...of.keys()].map((r) => r.name),
    read(c, r) {
      const shown = of.get(r);
      return shown ? shown.asked.reduce((value, asked, bit) => (asked(c) ? value | (1 << bit) : value), 0) : null;
    },
  };
}
