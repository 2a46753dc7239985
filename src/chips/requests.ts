/**
 * Which request leads to which DMA channel, which event triggers the ADC, which pins are MISO. Data only; signals by their names in ST's headers, and the wires that
 * stand for them.
 */
import type { OptionsOf } from '../peripherals/index.ts';

/** `TIM1_CH2` → `tim1.dma.cc2`, `SPI1_RX` → `spi1.dma.rx`, `ADC1` → `adc1.dma`. */
function requestWire(signal: string): string {
  const [block, what] = signal.toLowerCase().split('_') as [string, string | undefined];
  return what === undefined ? `${block}.dma` : `${block}.dma.${what.replace(/^ch(?=\d)/, 'cc')}`;
}

/** `9 ADC1 ADC2 . TIM1_CH3`: a number, and the signals from there on; `.` = none. */
function numbered(text: string): Readonly<Record<number, string>> {
  const wires: Record<number, string> = {};
  let n = 0;
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    if (/^\d+$/.test(word)) n = Number(word);
    else {
      if (word !== '.') wires[n] = requestWire(word);
      n++;
    }
  }
  return wires;
}

/** HAL-H5 hal_dma.h, requests of both GPDMA. */
export const H5_GPDMA = numbered(`
0 ADC1 ADC2 DAC1_CH1 DAC1_CH2 TIM6_UP TIM7_UP SPI1_RX SPI1_TX SPI2_RX SPI2_TX SPI3_RX SPI3_TX I2C1_RX I2C1_TX . I2C2_RX I2C2_TX . I2C3_RX I2C3_TX
21 USART1_RX USART1_TX USART2_RX USART2_TX USART3_RX USART3_TX UART4_RX UART4_TX UART5_RX UART5_TX USART6_RX USART6_TX UART7_RX UART7_TX UART8_RX UART8_TX
45 LPUART1_RX LPUART1_TX SPI4_RX SPI4_TX SPI5_RX SPI5_TX SPI6_RX SPI6_TX
58 TIM1_CH1 TIM1_CH2 TIM1_CH3 TIM1_CH4 TIM1_UP TIM1_TRIG TIM1_COM TIM8_CH1 TIM8_CH2 TIM8_CH3 TIM8_CH4 TIM8_UP TIM8_TRIG TIM8_COM
72 TIM2_CH1 TIM2_CH2 TIM2_CH3 TIM2_CH4 TIM2_UP TIM3_CH1 TIM3_CH2 TIM3_CH3 TIM3_CH4 TIM3_UP TIM3_TRIG
83 TIM4_CH1 TIM4_CH2 TIM4_CH3 TIM4_CH4 TIM4_UP TIM5_CH1 TIM5_CH2 TIM5_CH3 TIM5_CH4 TIM5_UP TIM5_TRIG
94 TIM15_CH1 TIM15_UP TIM15_TRIG TIM15_COM TIM16_CH1 TIM16_UP TIM17_CH1 TIM17_UP
111 HASH_IN`);

/** RM0456 tables of the GPDMA1 and LPDMA1 requests, by stm32-data. */
export const U5_GPDMA = numbered(`
0 ADC1 ADC4 DAC1_CH1 DAC1_CH2 TIM6_UP TIM7_UP SPI1_RX SPI1_TX SPI2_RX SPI2_TX SPI3_RX SPI3_TX I2C1_RX I2C1_TX . I2C2_RX I2C2_TX . I2C3_RX I2C3_TX . I2C4_RX I2C4_TX
24 USART1_RX USART1_TX USART2_RX USART2_TX USART3_RX USART3_TX UART4_RX UART4_TX UART5_RX UART5_TX LPUART1_RX LPUART1_TX
42 TIM1_CH1 TIM1_CH2 TIM1_CH3 TIM1_CH4 TIM1_UP TIM1_TRIG TIM1_COM TIM8_CH1 TIM8_CH2 TIM8_CH3 TIM8_CH4 TIM8_UP TIM8_TRIG TIM8_COM
56 TIM2_CH1 TIM2_CH2 TIM2_CH3 TIM2_CH4 TIM2_UP TIM3_CH1 TIM3_CH2 TIM3_CH3 TIM3_CH4 TIM3_UP TIM3_TRIG TIM4_CH1 TIM4_CH2 TIM4_CH3 TIM4_CH4 TIM4_UP
72 TIM5_CH1 TIM5_CH2 TIM5_CH3 TIM5_CH4 TIM5_UP TIM5_TRIG TIM15_CH1 TIM15_UP TIM15_TRIG TIM15_COM TIM16_CH1 TIM16_UP TIM17_CH1 TIM17_UP 89 HASH_IN`);
export const U5_LPDMA = numbered('0 LPUART1_RX LPUART1_TX SPI3_RX SPI3_TX I2C3_RX I2C3_TX 7 ADC4 DAC1_CH1 DAC1_CH2');

/** HAL-H7 hal_dma.h. */
export const H7_DMAMUX1 = numbered(`
9 ADC1 ADC2 TIM1_CH1 TIM1_CH2 TIM1_CH3 TIM1_CH4 TIM1_UP TIM1_TRIG TIM1_COM
18 TIM2_CH1 TIM2_CH2 TIM2_CH3 TIM2_CH4 TIM2_UP TIM3_CH1 TIM3_CH2 TIM3_CH3 TIM3_CH4 TIM3_UP TIM3_TRIG TIM4_CH1 TIM4_CH2 TIM4_CH3 TIM4_UP
33 I2C1_RX I2C1_TX I2C2_RX I2C2_TX SPI1_RX SPI1_TX SPI2_RX SPI2_TX USART1_RX USART1_TX USART2_RX USART2_TX USART3_RX USART3_TX
47 TIM8_CH1 TIM8_CH2 TIM8_CH3 TIM8_CH4 TIM8_UP TIM8_TRIG TIM8_COM
55 TIM5_CH1 TIM5_CH2 TIM5_CH3 TIM5_CH4 TIM5_UP TIM5_TRIG SPI3_RX SPI3_TX UART4_RX UART4_TX UART5_RX UART5_TX DAC1_CH1 DAC1_CH2 TIM6_UP TIM7_UP
71 USART6_RX USART6_TX I2C3_RX I2C3_TX
79 UART7_RX UART7_TX UART8_RX UART8_TX SPI4_RX SPI4_TX SPI5_RX SPI5_TX
105 TIM15_CH1 TIM15_UP TIM15_TRIG TIM15_COM TIM16_CH1 TIM16_UP TIM17_CH1 TIM17_UP
115 ADC3`);
export const H7_DMAMUX2 = numbered('9 LPUART1_RX LPUART1_TX SPI6_RX SPI6_TX I2C4_RX I2C4_TX 17 ADC3');

/** RM0440 Table 91 (numbers as in stm32-data); L4+ (RM0432) has the same up to 85, but for 36 to 41. */
export const G4_DMAMUX = numbered(`
5 ADC1 DAC1_CH1 DAC1_CH2 TIM6_UP TIM7_UP SPI1_RX SPI1_TX SPI2_RX SPI2_TX SPI3_RX SPI3_TX I2C1_RX I2C1_TX I2C2_RX I2C2_TX I2C3_RX I2C3_TX I2C4_RX I2C4_TX
24 USART1_RX USART1_TX USART2_RX USART2_TX USART3_RX USART3_TX UART4_RX UART4_TX UART5_RX UART5_TX LPUART1_RX LPUART1_TX ADC2 ADC3 ADC4 ADC5
42 TIM1_CH1 TIM1_CH2 TIM1_CH3 TIM1_CH4 TIM1_UP TIM1_TRIG TIM1_COM TIM8_CH1 TIM8_CH2 TIM8_CH3 TIM8_CH4 TIM8_UP TIM8_TRIG TIM8_COM
56 TIM2_CH1 TIM2_CH2 TIM2_CH3 TIM2_CH4 TIM2_UP TIM3_CH1 TIM3_CH2 TIM3_CH3 TIM3_CH4 TIM3_UP TIM3_TRIG TIM4_CH1 TIM4_CH2 TIM4_CH3 TIM4_CH4 TIM4_UP
72 TIM5_CH1 TIM5_CH2 TIM5_CH3 TIM5_CH4 TIM5_UP TIM5_TRIG TIM15_CH1 TIM15_UP TIM15_TRIG TIM15_COM TIM16_CH1 TIM16_UP TIM17_CH1 TIM17_UP
86 TIM20_CH1 TIM20_CH2 TIM20_CH3 TIM20_CH4 TIM20_UP 93 TIM20_TRIG TIM20_COM
106 SPI4_RX SPI4_TX`);

/** RM0434 table of the DMAMUX inputs, by stm32-data. */
export const WB_DMAMUX = numbered(`
5 ADC1 SPI1_RX SPI1_TX SPI2_RX SPI2_TX I2C1_RX I2C1_TX I2C3_RX I2C3_TX USART1_RX USART1_TX LPUART1_RX LPUART1_TX
21 TIM1_CH1 TIM1_CH2 TIM1_CH3 TIM1_CH4 TIM1_UP TIM1_TRIG TIM1_COM TIM2_CH1 TIM2_CH2 TIM2_CH3 TIM2_CH4 TIM2_UP
33 TIM16_CH1 TIM16_UP TIM17_CH1 TIM17_UP`);

/** RM0444 table 59 (recalled: reported). */
export const G0_DMAMUX = numbered(`
5 ADC 8 DAC1_CH1 DAC1_CH2 I2C1_RX I2C1_TX I2C2_RX I2C2_TX LPUART1_RX LPUART1_TX SPI1_RX SPI1_TX SPI2_RX SPI2_TX
50 USART1_RX USART1_TX USART2_RX USART2_TX USART3_RX USART3_TX USART4_RX USART4_TX
62 I2C3_RX I2C3_TX LPUART2_RX LPUART2_TX SPI3_RX SPI3_TX`);

/** Requests by stream and CHSEL: a line a channel, its eight streams; several signals of one place joined by `/`. */
function byChannel(text: string): readonly (readonly (readonly string[])[])[] {
  const lines = text.trim().split('\n');
  return Array.from({ length: 8 }, (_, stream) =>
    lines.map((line) => {
      const place = line.trim().split(/\s+/)[stream]!;
      return place === '.' ? [] : place.split('/').map(requestWire);
    }),
  );
}
/** RM0090 tables 42 and 43 (recalled: reported). */
export const F4_DMA1 = byChannel(`
SPI3_RX . SPI3_RX SPI2_RX SPI2_TX SPI3_TX . SPI3_TX
I2C1_RX . TIM7_UP . TIM7_UP I2C1_RX I2C1_TX I2C1_TX
TIM4_CH1 . . TIM4_CH2 . . TIM4_UP TIM4_CH3
. TIM2_UP/TIM2_CH3 I2C3_RX . I2C3_TX TIM2_CH1 TIM2_CH2/TIM2_CH4 TIM2_UP/TIM2_CH4
UART5_RX USART3_RX UART4_RX USART3_TX UART4_TX USART2_RX USART2_TX UART5_TX
. . TIM3_CH4/TIM3_UP . TIM3_CH1/TIM3_TRIG TIM3_CH2 . TIM3_CH3
TIM5_CH3/TIM5_UP TIM5_CH4/TIM5_TRIG TIM5_CH1 TIM5_CH4/TIM5_TRIG TIM5_CH2 . TIM5_UP .
. TIM6_UP I2C2_RX I2C2_RX USART3_TX DAC1_CH1 DAC1_CH2 I2C2_TX`);
export const F4_DMA2 = byChannel(`
ADC1 . TIM8_CH1/TIM8_CH2/TIM8_CH3 . ADC1 . TIM1_CH1/TIM1_CH2/TIM1_CH3 .
. . ADC2 ADC2 . . . .
ADC3 ADC3 . SPI5_RX SPI5_TX . . .
SPI1_RX . SPI1_RX SPI1_TX . SPI1_TX . .
SPI4_RX SPI4_TX USART1_RX . . USART1_RX . USART1_TX
. USART6_RX USART6_RX SPI4_RX SPI4_TX . USART6_TX USART6_TX
TIM1_TRIG TIM1_CH1 TIM1_CH2 TIM1_CH1 TIM1_CH4/TIM1_TRIG/TIM1_COM TIM1_UP TIM1_CH3 .
. TIM8_UP TIM8_CH1 TIM8_CH2 TIM8_CH3 SPI5_RX SPI5_TX TIM8_CH4/TIM8_TRIG/TIM8_COM`);

interface Selected {
  readonly wire: string;
  readonly channel: number;
  readonly select?: number;
  readonly remap?: Readonly<Record<string, number>>;
}
/** A line a channel; `2:USART3_TX` with the value of CSELR, without one it is always connected. */
function byLine(text: string): readonly Selected[] {
  return text
    .trim()
    .split('\n')
    .flatMap((line, i) =>
      line
        .trim()
        .split(/\s+/)
        .flatMap((word): Selected[] => {
          const [select, names] = word.includes(':') ? (word.split(':') as [string, string]) : [null, word];
          if (names === '.') return [];
          return names
            .split('/')
            .map((name) => ({ wire: requestWire(name), channel: i + 1, ...(select === null ? {} : { select: Number(select) }) }));
        }),
    );
}
/**
 * A line a field of SYSCFG that moves requests: its name, the signals, and the channel for each of its values from 1 on; `.` = none of this controller. At 0 they
 * stay where `base` has them.
 */
function remapped(base: readonly Selected[], text: string): readonly Selected[] {
  let rows = base;
  for (const line of text.trim().split('\n')) {
    const [field, names, ...channels] = line.trim().split(/\s+/) as [string, string, ...string[]];
    const wires = names.split('/').map(requestWire);
    rows = [
      ...rows.map((row) => (wires.includes(row.wire) ? { ...row, remap: { ...row.remap, [field]: 0 } } : row)),
      ...channels.flatMap((channel, i): Selected[] =>
        channel === '.' ? [] : wires.map((wire) => ({ wire, channel: Number(channel), remap: { [field]: i + 1 } })),
      ),
    ];
  }
  return rows;
}
/** RM0351 tables 41 and 42 (recalled: reported). */
export const L4_DMA1 = byLine(`
0:ADC1 4:TIM2_CH3 5:TIM17_CH1/TIM17_UP 6:TIM4_CH1
0:ADC2 1:SPI1_RX 2:USART3_TX 3:I2C3_TX 4:TIM2_UP 5:TIM3_CH3 7:TIM1_CH1
0:ADC3 1:SPI1_TX 2:USART3_RX 3:I2C3_RX 4:TIM16_CH1/TIM16_UP 5:TIM3_CH4/TIM3_UP 6:TIM6_UP/DAC1_CH1 7:TIM1_CH2
1:SPI2_RX 2:USART1_TX 3:I2C2_TX 5:TIM7_UP/DAC1_CH2 6:TIM4_CH2 7:TIM1_CH4/TIM1_TRIG/TIM1_COM
1:SPI2_TX 2:USART1_RX 3:I2C2_RX 4:TIM2_CH1 6:TIM4_CH3 7:TIM15_CH1/TIM15_UP/TIM15_TRIG/TIM15_COM
2:USART2_RX 3:I2C1_TX 4:TIM16_CH1/TIM16_UP 5:TIM3_CH1/TIM3_TRIG 7:TIM1_UP
2:USART2_TX 3:I2C1_RX 4:TIM2_CH2/TIM2_CH4 5:TIM17_CH1/TIM17_UP 6:TIM4_UP 7:TIM1_CH3`);
export const L4_DMA2 = byLine(`
2:UART5_TX 3:SPI3_RX 5:TIM5_CH4/TIM5_TRIG 7:TIM8_CH3/TIM8_UP
2:UART5_RX 3:SPI3_TX 5:TIM5_CH3/TIM5_UP 7:TIM8_CH4/TIM8_TRIG/TIM8_COM
0:ADC1 2:UART4_TX 4:SPI1_RX
0:ADC2 3:TIM6_UP/DAC1_CH1 4:SPI1_TX 5:TIM5_CH2
0:ADC3 2:UART4_RX 3:TIM7_UP/DAC1_CH2 5:TIM5_CH1
2:USART1_TX 4:LPUART1_TX 5:I2C1_RX 7:TIM8_CH1
2:USART1_RX 4:LPUART1_RX 5:I2C1_TX 7:TIM8_CH2`);
/** RM0376 table 51, as stm32-data has it. */
export const L0_DMA1 = byLine(`
0:ADC1 8:TIM2_CH3
0:ADC1 1:SPI1_RX 3:USART1_TX 5:LPUART1_TX 6:I2C1_TX 8:TIM2_UP 9:TIM6_UP/DAC1_CH1 10:TIM3_CH3 12:USART4_RX 14:I2C3_TX
1:SPI1_TX 3:USART1_RX 5:LPUART1_RX 6:I2C1_RX 8:TIM2_CH2 10:TIM3_CH4/TIM3_UP 12:USART4_TX 14:I2C3_RX
2:SPI2_RX 3:USART1_TX 4:USART2_TX 7:I2C2_TX 8:TIM2_CH4 14:I2C3_TX 15:DAC1_CH2
2:SPI2_TX 3:USART1_RX 4:USART2_RX 7:I2C2_RX 8:TIM2_CH1 10:TIM3_CH1 14:I2C3_RX
2:SPI2_RX 4:USART2_RX 5:LPUART1_RX 6:I2C1_TX 10:TIM3_TRIG 12:USART4_RX
2:SPI2_TX 4:USART2_TX 5:LPUART1_TX 6:I2C1_RX 8:TIM2_CH2/TIM2_CH4 12:USART4_TX`);
/** RM0091 tables of F09x's requests by CSELR, as stm32-data has them. */
export const F091_DMA1 = byLine(`
0:TIM2_CH3 1:ADC 7:TIM17_CH1/TIM17_UP 8:USART1_RX 9:USART2_RX 10:USART3_RX 11:USART4_RX 12:USART5_RX 13:USART6_RX 14:USART7_RX 15:USART8_RX
0:TIM2_UP/TIM3_CH3 1:ADC 2:I2C1_TX 3:SPI1_RX 4:TIM1_CH1 7:TIM17_CH1/TIM17_UP 8:USART1_TX 9:USART2_TX 10:USART3_TX 11:USART4_TX 12:USART5_TX 13:USART6_TX 14:USART7_TX 15:USART8_TX
0:TIM3_CH4/TIM3_UP 1:TIM6_UP/DAC_CH1 2:I2C1_RX 3:SPI1_TX 4:TIM1_CH2 5:TIM2_CH2 7:TIM16_CH1/TIM16_UP 8:USART1_RX 9:USART2_RX 10:USART3_RX 11:USART4_RX 12:USART5_RX 13:USART6_RX 14:USART7_RX 15:USART8_RX
0:TIM1_CH4/TIM1_TRIG/TIM1_COM 1:TIM7_UP/DAC_CH2 2:I2C2_TX 3:SPI2_RX 5:TIM2_CH4 6:TIM3_CH1/TIM3_TRIG 7:TIM16_CH1/TIM16_UP 8:USART1_TX 9:USART2_TX 10:USART3_TX 11:USART4_TX 12:USART5_TX 13:USART6_TX 14:USART7_TX 15:USART8_TX
0:TIM1_CH3/TIM1_UP/TIM2_CH1/TIM15_CH1/TIM15_UP/TIM15_TRIG/TIM15_COM 2:I2C2_RX 3:SPI2_TX 4:TIM1_CH3 8:USART1_RX 9:USART2_RX 10:USART3_RX 11:USART4_RX 12:USART5_RX 13:USART6_RX 14:USART7_RX 15:USART8_RX
2:I2C1_TX 3:SPI2_RX 4:TIM1_CH1/TIM1_CH2/TIM1_CH3 6:TIM3_CH1/TIM3_TRIG 7:TIM16_CH1/TIM16_UP 8:USART1_RX 9:USART2_RX 10:USART3_RX 11:USART4_RX 12:USART5_RX 13:USART6_RX 14:USART7_RX 15:USART8_RX
2:I2C1_RX 3:SPI2_TX 5:TIM2_CH2/TIM2_CH4 7:TIM17_CH1/TIM17_UP 8:USART1_TX 9:USART2_TX 10:USART3_TX 11:USART4_TX 12:USART5_TX 13:USART6_TX 14:USART7_TX 15:USART8_TX`);
export const F091_DMA2 = byLine(`
2:I2C2_TX 8:USART1_TX 9:USART2_TX 10:USART3_TX 11:USART4_TX 12:USART5_TX 13:USART6_TX 14:USART7_TX 15:USART8_TX
2:I2C2_RX 8:USART1_RX 9:USART2_RX 10:USART3_RX 11:USART4_RX 12:USART5_RX 13:USART6_RX 14:USART7_RX 15:USART8_RX
1:TIM6_UP/DAC_CH1 3:SPI1_RX 8:USART1_RX 9:USART2_RX 10:USART3_RX 11:USART4_RX 12:USART5_RX 13:USART6_RX 14:USART7_RX 15:USART8_RX
1:TIM7_UP/DAC_CH2 3:SPI1_TX 8:USART1_TX 9:USART2_TX 10:USART3_TX 11:USART4_TX 12:USART5_TX 13:USART6_TX 14:USART7_TX 15:USART8_TX
1:ADC 8:USART1_TX 9:USART2_TX 10:USART3_TX 11:USART4_TX 12:USART5_TX 13:USART6_TX 14:USART7_TX 15:USART8_TX`);
/** RM0091 DMA request table of F07x and SYSCFG_CFGR1, as stm32-data has them. A part without a field of CFGR1 has its value 0. */
export const F0_DMA1 = remapped(
  byLine(`
ADC TIM2_CH3 TIM17_CH1/TIM17_UP
SPI1_RX USART1_TX I2C1_TX TIM1_CH1 TIM2_UP TIM3_CH3
SPI1_TX USART1_RX I2C1_RX TIM1_CH2 TIM2_CH2 TIM3_CH4/TIM3_UP TIM6_UP/DAC_CH1 TIM16_CH1/TIM16_UP
SPI2_RX USART2_TX I2C2_TX TIM1_CH4/TIM1_TRIG/TIM1_COM TIM2_CH4 TIM3_CH1/TIM3_TRIG TIM7_UP/DAC_CH2
SPI2_TX USART2_RX I2C2_RX TIM1_UP TIM1_CH3 TIM2_CH1 TIM15_CH1/TIM15_UP/TIM15_TRIG/TIM15_COM
USART3_RX USART4_RX
USART3_TX USART4_TX`),
  `
ADC_DMA_RMP ADC 2
USART1_TX_DMA_RMP USART1_TX 4
USART1_RX_DMA_RMP USART1_RX 5
TIM16_DMA_RMP TIM16_CH1/TIM16_UP 4
TIM16_DMA_RMP2 TIM16_CH1/TIM16_UP 6
TIM17_DMA_RMP TIM17_CH1/TIM17_UP 2
TIM17_DMA_RMP2 TIM17_CH1/TIM17_UP 7
SPI2_DMA_RMP SPI2_RX 6
SPI2_DMA_RMP SPI2_TX 7
USART2_DMA_RMP USART2_RX 6
USART2_DMA_RMP USART2_TX 7
USART3_DMA_RMP USART3_RX 3
USART3_DMA_RMP USART3_TX 2
I2C1_DMA_RMP I2C1_TX 6
I2C1_DMA_RMP I2C1_RX 7
TIM1_DMA_RMP TIM1_CH1/TIM1_CH2/TIM1_CH3 6
TIM2_DMA_RMP TIM2_CH2/TIM2_CH4 7
TIM3_DMA_RMP TIM3_CH1/TIM3_TRIG 6`,
);
/** RM0008 tables 78 and 79 (recalled: reported). */
export const F1_DMA1 = byLine(`
ADC1 TIM2_CH3 TIM4_CH1
SPI1_RX USART3_TX TIM1_CH1 TIM2_UP TIM3_CH3
SPI1_TX USART3_RX TIM1_CH2 TIM3_CH4/TIM3_UP
SPI2_RX USART1_TX I2C2_TX TIM1_CH4/TIM1_TRIG/TIM1_COM TIM4_CH2
SPI2_TX USART1_RX I2C2_RX TIM1_UP TIM2_CH1 TIM4_CH3
USART2_RX I2C1_TX TIM1_CH3 TIM3_CH1/TIM3_TRIG
USART2_TX I2C1_RX TIM2_CH2/TIM2_CH4 TIM4_UP`);
/** RM0038 tables 50 and 51, by stm32-data. */
export const L1_DMA1 = byLine(`
ADC1 TIM2_CH3 TIM4_CH1
SPI1_RX USART3_TX TIM2_UP TIM3_CH3 TIM6_UP/DAC_CH1
SPI1_TX USART3_RX TIM3_CH4/TIM3_UP TIM7_UP/DAC_CH2
SPI2_RX USART1_TX I2C2_TX TIM4_CH2
SPI2_TX USART1_RX I2C2_RX TIM2_CH1 TIM4_CH3
USART2_RX I2C1_TX TIM3_CH1/TIM3_TRIG
USART2_TX I2C1_RX TIM2_CH2/TIM2_CH4 TIM4_UP`);
export const L1_DMA2 = byLine(`
SPI3_RX UART5_TX TIM5_CH4/TIM5_TRIG
SPI3_TX UART5_RX TIM5_CH3/TIM5_UP
UART4_RX
TIM5_CH2
UART4_TX TIM5_CH1`);
export const F1_DMA2 = byLine(`
SPI3_RX TIM5_CH4/TIM5_TRIG TIM8_CH3/TIM8_UP
SPI3_TX TIM5_CH3/TIM5_UP TIM8_CH4/TIM8_TRIG/TIM8_COM
UART4_RX TIM6_UP/DAC_CH1 TIM8_CH1
TIM5_CH2 TIM7_UP/DAC_CH2
ADC3 UART4_TX TIM5_CH1 TIM8_CH2`);
/** What all dies of F3 have on DMA1. */
const F3_DMA1_OF_ALL = `
ADC1 TIM2_CH3 TIM4_CH1 TIM17_CH1/TIM17_UP
SPI1_RX USART3_TX TIM1_CH1 TIM2_UP TIM3_CH3
SPI1_TX USART3_RX TIM1_CH2 TIM3_CH4/TIM3_UP TIM16_CH1/TIM16_UP
SPI2_RX USART1_TX I2C2_TX TIM1_CH4/TIM1_TRIG/TIM1_COM TIM4_CH2
SPI2_TX USART1_RX I2C2_RX TIM1_UP TIM2_CH1 TIM4_CH3 TIM15_CH1/TIM15_UP/TIM15_TRIG/TIM15_COM
USART2_RX I2C1_TX TIM1_CH3 TIM3_CH1/TIM3_TRIG
USART2_TX I2C1_RX TIM2_CH2/TIM2_CH4 TIM4_UP`;
/** The fields' names are the SVD's; DAC2 stands there for DAC1_CH2. */
const F3_REMAPS = `
TIM16_DMA_RMP TIM16_CH1/TIM16_UP 6
TIM17_DMA_RMP TIM17_CH1/TIM17_UP 7
TIM6_DAC1_DMA_RMP TIM6_UP/DAC_CH1 3
TIM7_DAC2_DMA_RMP TIM7_UP/DAC_CH2 4`;
/** RM0316 tables 78 and 79 and SYSCFG_CFGR1, as stm32-data has them; dies with DMA2. */
export const F3_DMA1 = remapped(byLine(F3_DMA1_OF_ALL), F3_REMAPS);
export const F3_DMA2 = remapped(
  byLine(`
ADC2 SPI3_RX TIM8_CH3/TIM8_UP
ADC4 SPI3_TX TIM8_CH4/TIM8_TRIG/TIM8_COM
UART4_RX TIM6_UP/DAC_CH1 TIM8_CH1
TIM7_UP/DAC_CH2
ADC3 UART4_TX TIM8_CH2`),
  `
ADC24_DMA_RMP ADC2 3
ADC24_DMA_RMP ADC4 4
TIM6_DAC1_DMA_RMP TIM6_UP/DAC_CH1
TIM7_DAC2_DMA_RMP TIM7_UP/DAC_CH2`,
);
/** F303x6 and x8, F328, F334 (RM0364 SYSCFG_CFGR3, CMSIS-F3): no DMA2; ADC2 comes by its field alone. */
export const F303X8_DMA1 = remapped(
  byLine(F3_DMA1_OF_ALL),
  `${F3_REMAPS}
SPI1_RX_DMA_RMP SPI1_RX 4 6 2
SPI1_TX_DMA_RMP SPI1_TX 5 7 3
I2C1_RX_DMA_RMP I2C1_RX 3 5 7
I2C1_TX_DMA_RMP I2C1_TX 2 4 6
ADC2_DMA_RMP ADC2 . 2 4`,
);
/** F301x6 and x8, F302x6 and x8, F318 (as stm32-data has it): no DMA2 and no SPI1. */
export const F302X8_DMA1 = remapped([...byLine(F3_DMA1_OF_ALL), ...byLine('I2C3_TX\nI2C3_RX SPI3_RX\nSPI3_TX')], F3_REMAPS);

/** Events by the value of EXTSEL or JEXTSEL: `T1.CC4`, `T3.TRGO`; `.` = a pin or none that is modelled. */
const triggers = (text: string): Readonly<Record<number, string>> =>
  Object.fromEntries(
    text
      .split(' ')
      .map((word, i) => [i, word.toLowerCase().replace(/^t/, 'tim')] as const)
      .filter(([, wire]) => wire !== '.'),
  );
/** RM0351 18.4.18, RM0399 26.4.18, LL-H5 ll_adc.h. */
export const ADC_TRIGGERS = triggers(
  'T1.CC1 T1.CC2 T1.CC3 T2.CC2 T3.TRGO T4.CC4 . T8.TRGO T8.TRGO2 T1.TRGO T1.TRGO2 T2.TRGO T4.TRGO T6.TRGO T15.TRGO T3.CC4',
);
export const ADC_INJECTED_TRIGGERS = triggers(
  'T1.TRGO T1.CC4 T2.TRGO T2.CC1 T3.CC4 T4.TRGO . T8.CC4 T1.TRGO2 T8.TRGO T8.TRGO2 T3.CC3 T3.TRGO T3.CC1 T6.TRGO T15.TRGO',
);
/** RM0090 tables 68 and 69. */
export const F4_ADC_TRIGGERS = triggers(
  'T1.CC1 T1.CC2 T1.CC3 T2.CC2 T2.CC3 T2.CC4 T2.TRGO T3.CC1 T3.TRGO T4.CC4 T5.CC1 T5.CC2 T5.CC3 T8.CC1 T8.TRGO .',
);
export const F4_ADC_INJECTED_TRIGGERS = triggers(
  'T1.CC4 T1.TRGO T2.CC1 T2.TRGO T3.CC2 T3.CC4 T4.CC1 T4.CC2 T4.CC3 T4.TRGO T5.CC4 T5.TRGO T8.CC2 T8.CC3 T8.CC4 .',
);
/** ADC1 and ADC2 are master and slave of dual modes; a third one is alone. */
export const roleOf = (n: number): { readonly role?: 'master' | 'slave' } =>
  n === 1 ? { role: 'master' } : n === 2 ? { role: 'slave' } : {};
/** RM0091 table 47. */
export const F0_ADC_TRIGGERS = triggers('T1.TRGO T1.CC4 T2.TRGO T3.TRGO T15.TRGO');
/** RM0008 tables 67 and 68; the value 7 is the software's start, 6 a pin unless AFIO_MAPR remaps it to TIM8. */
export const F1_ADC_TRIGGERS = triggers('T1.CC1 T1.CC2 T1.CC3 T2.CC2 T3.TRGO T4.CC4 T8.TRGO');
export const F1_ADC_INJECTED_TRIGGERS = triggers('T1.TRGO T1.CC4 T2.TRGO T2.CC1 T3.CC4 T4.TRGO T8.CC4');
/** Of ADC3: HAL-F1 hal_adc_ex.h. */
export const F1_ADC3_TRIGGERS = triggers('T3.CC1 T2.CC3 T1.CC3 T8.CC1 T8.TRGO T5.CC1 T5.CC3');
export const F1_ADC3_INJECTED_TRIGGERS = triggers('T1.TRGO T1.CC4 T4.CC3 T8.CC2 T8.CC4 T5.TRGO T5.CC4');
/** LL-L1 ll_adc.h: RM0038 12.15.3. */
export const L1_ADC_TRIGGERS = triggers('T9.CC2 T9.TRGO T2.CC3 T2.CC2 T3.TRGO T4.CC4 T2.TRGO T3.CC1 T3.CC3 T4.TRGO T6.TRGO');
export const L1_ADC_INJECTED_TRIGGERS = triggers('T9.CC1 T9.TRGO T2.TRGO T2.CC1 T3.CC4 T4.TRGO T4.CC1 T4.CC2 T4.CC3 T10.CC1 T7.TRGO');
/** RM0316 tables 87 and 88 (recalled: reported). */
export const F3_ADC_TRIGGERS = triggers(
  'T1.CC1 T1.CC2 T1.CC3 T2.CC2 T3.TRGO T4.CC4 . T8.TRGO T8.TRGO2 T1.TRGO T1.TRGO2 T2.TRGO T4.TRGO T6.TRGO T15.TRGO T3.CC4',
);
/** Of ADC3 and ADC4: LL-F3 ll_adc.h. */
export const F3_ADC34_TRIGGERS = triggers(
  'T3.CC1 T2.CC3 T1.CC3 T8.CC1 T8.TRGO . T4.CC1 T2.TRGO T8.TRGO2 T1.TRGO T1.TRGO2 T3.TRGO T4.TRGO T7.TRGO T15.TRGO T2.CC1',
);
export const F3_ADC34_INJECTED_TRIGGERS = triggers(
  'T1.TRGO T1.CC4 T4.CC3 T8.CC2 T8.CC4 T4.CC3 T4.CC4 T4.TRGO T1.TRGO2 T8.TRGO T8.TRGO2 T1.CC3 T3.TRGO T2.TRGO T7.TRGO T15.TRGO',
);
const G4_MORE = (cc: string): string => `T20.TRGO T20.TRGO2 ${cc}${' .'.repeat(9)} T7.TRGO`;
/** LL-G4 ll_adc.h: of ADC1 and ADC2, and of ADC3 to ADC5. */
export const G4_ADC12_TRIGGERS = triggers(
  `T1.CC1 T1.CC2 T1.CC3 T2.CC2 T3.TRGO T4.CC4 . T8.TRGO T8.TRGO2 T1.TRGO T1.TRGO2 T2.TRGO T4.TRGO T6.TRGO T15.TRGO T3.CC4 ${G4_MORE('T20.CC1 T20.CC2 T20.CC3')}`,
);
export const G4_ADC345_TRIGGERS = triggers(
  `T3.CC1 T2.CC3 T1.CC3 T8.CC1 T3.TRGO . T4.CC1 T8.TRGO T8.TRGO2 T1.TRGO T1.TRGO2 T2.TRGO T4.TRGO T6.TRGO T15.TRGO T2.CC1 ${G4_MORE('T20.CC1 . .')}`,
);
export const G4_ADC12_INJECTED_TRIGGERS = triggers(
  `T1.TRGO T1.CC4 T2.TRGO T2.CC1 T3.CC4 T4.TRGO . T8.CC4 T1.TRGO2 T8.TRGO T8.TRGO2 T3.CC3 T3.TRGO T3.CC1 T6.TRGO T15.TRGO ${G4_MORE('T20.CC4 . .')}`,
);
export const G4_ADC345_INJECTED_TRIGGERS = triggers(
  `T1.TRGO T1.CC4 T2.TRGO T8.CC2 T4.CC3 T4.TRGO T4.CC4 T8.CC4 T1.TRGO2 T8.TRGO T8.TRGO2 T1.CC3 T3.TRGO . T6.TRGO T15.TRGO ${G4_MORE('T20.CC2 . .')}`,
);
/** RM0490 16.3.7 (recalled: reported). */
export const C0_ADC_TRIGGERS = triggers('T1.TRGO2 T1.CC4 T2.TRGO T3.TRGO');
/** RM0376 table 62 (recalled: reported). */
export const L0_ADC_TRIGGERS = triggers('T6.TRGO T21.CC2 T2.TRGO T2.CC4 T22.TRGO T2.CC3 T3.TRGO');
/** RM0444 table 65 (recalled: reported). */
export const G0_ADC_TRIGGERS = triggers('T1.TRGO2 T1.CC4 T2.TRGO T3.TRGO T15.TRGO T6.TRGO T4.TRGO');

/** Events by the value of the DAC's TSEL, and the value that is the software's: RM0090 14, RM0351 19, RM0091 14. */
export const DAC_L4 = { software: 7, triggers: triggers('T6.TRGO T8.TRGO T7.TRGO T5.TRGO T2.TRGO T4.TRGO .'), dma: 'dac1' };
export const DAC_F0 = { software: 7, triggers: triggers('T6.TRGO T3.TRGO T7.TRGO T15.TRGO T2.TRGO .'), dma: 'dac' };
/** RM0008 12.3.6 (F103), RM0316 16.5.4; the names of the request tables. */
export const DAC_F1 = { ...DAC_L4, dma: 'dac' };
export const DAC_L1 = { ...DAC_F1, triggers: triggers('T6.TRGO . T7.TRGO T9.TRGO T2.TRGO T4.TRGO .') };
export const DAC_F3 = { software: 7, triggers: triggers('T6.TRGO T3.TRGO T7.TRGO T15.TRGO T2.TRGO T4.TRGO .'), dma: 'dac' };
/** RM0444 17.4.6, RM0440 22.4.7 (recalled: reported). */
export const DAC_G0 = { software: 0, triggers: triggers('. T1.TRGO T2.TRGO T3.TRGO . T6.TRGO T7.TRGO . T15.TRGO'), dma: 'dac1' };
export const dacG4 = (n: number): OptionsOf<'dac'> => ({
  software: 0,
  triggers: triggers(`. ${n === 3 ? 'T1' : 'T8'}.TRGO T7.TRGO T15.TRGO T2.TRGO T4.TRGO . T6.TRGO T3.TRGO`),
  dma: `dac${n}`,
  listener: 23 + n,
});
/** RM0399 27, RM0481 DAC. */
export const DAC_H = {
  software: 0,
  triggers: triggers('. T1.TRGO T2.TRGO T4.TRGO T5.TRGO T6.TRGO T7.TRGO T8.TRGO T15.TRGO'),
  dma: 'dac1',
};

/** Internal triggers by TS: RM0090 tables 93 and 97, RM0351 27 and 28, RM0399 38 and 39 (ITR0 to ITR3 are the same in F4, L4 and H7). */
const ITR: Readonly<Record<number, readonly (number | null)[]>> = {
  1: [5, 2, 3, 4],
  2: [1, 8, 3, 4],
  3: [1, 2, 5, 4],
  4: [1, 2, 3, 8],
  5: [2, 3, 4, 8],
  8: [1, 2, 4, 5],
  9: [2, 3, null, null],
  12: [4, 5, null, null],
  15: [1, 3, null, null],
};
/** F0: RM0091 tables 58, 61, 65. */
const ITR_F0: Readonly<Record<number, readonly (number | null)[]>> = {
  1: [15, 2, 3, 17],
  2: [1, 15, 3, 14],
  3: [1, 2, 15, 14],
  15: [2, 3, 16, 17],
};
const itrOf = (table: typeof ITR, n: number): Readonly<Record<string, unknown>> => {
  const wires = (table[n] ?? []).flatMap((master, ts) => (master === null ? [] : [[ts, `tim${master}.trgo`] as const]));
  return wires.length === 0 ? {} : { itr: Object.fromEntries(wires), listener: n + 3 };
};
export const timTriggers = (n: number): Partial<OptionsOf<'tim'>> => itrOf(ITR, n);
/** A channel that captures LSI or LSE at these values of a field of its timer. */
export const slowCapture = (remap: string, lsi = 1, lse = 2): Pick<OptionsOf<'tim'>, 'capture'> => ({
  capture: { remap, sources: { [lsi]: { clock: 'lsi', divider: 1 }, [lse]: { clock: 'lse', divider: 1 } } },
});
export const timTriggersF0 = (n: number): Partial<OptionsOf<'tim'>> => itrOf(ITR_F0, n);

type Pins = readonly (readonly [pin: string, af: number])[];
const pins = (af: number, ...names: string[]): Pins => names.map((name) => [name, af] as const);
/** MISO by SPI: data sheets' tables of alternate functions of F405, L476, H533 and H745 (recalled: reported). */
const MISO: Readonly<Record<number, Pins>> = {
  1: pins(5, 'PA6', 'PB4', 'PE14', 'PG9'),
  2: pins(5, 'PB14', 'PC2', 'PD3', 'PI2'),
  3: pins(6, 'PB4', 'PC11', 'PG10'),
  4: [...pins(5, 'PE5', 'PE13'), ...pins(6, 'PA11')],
  5: [...pins(5, 'PF8', 'PH7', 'PJ11'), ...pins(6, 'PE5', 'PE13', 'PA12')],
  6: [...pins(8, 'PA6', 'PB4'), ...pins(5, 'PG12')],
};
/** DS9826 tables 14 to 19. */
const MISO_F0: Readonly<Record<number, Pins>> = {
  1: [...pins(0, 'PA6', 'PB4'), ...pins(1, 'PE14')],
  2: [...pins(0, 'PB14'), ...pins(1, 'PC2', 'PD3')],
};
export const misoOf = (n: number): Pins => MISO[n] ?? [];
export const misoOfF0 = (n: number): Pins => MISO_F0[n] ?? [];
