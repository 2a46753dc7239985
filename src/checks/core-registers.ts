/** The architecture's registers as checks read them: addresses, interrupt lines, priorities (ARMv6-M, ARMv7-M, ARMv8-M B3). */
import type { ChipDescription } from '../emu/chip.ts';
import type { TargetState } from './check.ts';

export const PPB = {
  SYST_CSR: 0xe000e010,
  SYST_RVR: 0xe000e014,
  SYST_CVR: 0xe000e018,
  NVIC_ISER: 0xe000e100,
  NVIC_ISPR: 0xe000e200,
  NVIC_IPR: 0xe000e400,
  ICSR: 0xe000ed04,
  AIRCR: 0xe000ed0c,
  SCR: 0xe000ed10,
  CCR: 0xe000ed14,
  SHPR1: 0xe000ed18,
  HFSR: 0xe000ed2c,
  MPU_TYPE: 0xe000ed90,
  MPU_CTRL: 0xe000ed94,
  DHCSR: 0xe000edf0,
  FPCCR: 0xe000ef34,
} as const;

export const PENDSTSET = 1 << 26;
export const PENDSVSET = 1 << 28;

const EXCEPTION_NAMES: Readonly<Record<number, string>> = {
  2: 'NMI',
  3: 'HardFault',
  4: 'MemManage',
  5: 'BusFault',
  6: 'UsageFault',
  7: 'SecureFault',
  11: 'SVCall',
  12: 'DebugMonitor',
  14: 'PendSV',
  15: 'SysTick',
};
export const FIRST_IRQ = 16;

export const nvicLines = (chip: ChipDescription): number => Math.max(...chip.cores.map((c) => c.nvicLines));

/** Lines whose bit is set in a bank of NVIC registers, rising; null if the target does not answer. */
export function linesSet(state: TargetState, bank: number): number[] | null {
  const count = nvicLines(state.chip);
  const lines: number[] = [];
  for (let n = 0; n * 32 < count; n++) {
    const word = state.read(bank + 4 * n, 4);
    if (word === null) return null;
    for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) lines.push(32 * n + 31 - Math.clz32(rest & -rest));
  }
  return lines;
}

/** Blocks that drive a line. */
export const blocksOfLine = (chip: ChipDescription, line: number): string[] =>
  chip.blocks.filter((b) => b.irqs?.includes(line)).map((b) => b.name);

/** `45 (TIM2)`, `11 (DMA1_Channel1)`. */
export function lineName(chip: ChipDescription, line: number): string {
  const blocks = blocksOfLine(chip, line).map((name) => channelOfLine(chip, name, line) ?? name);
  return blocks.length === 0 ? String(line) : `${line} (${blocks.join('/')})`;
}
const DMA_BLOCK = /^(?:GP)?DMA\d$/;
/** Registers of DMA by which their channels or streams are switched on. */
const DMA_CONTROL = /^(?:CCR(\d+)|C(\d+)CR|S(\d)CR)$/;
/** The line of a DMA channel or stream, by the name of it in ST's headers (`DMA2_Stream0`); null where it shares one. */
export const lineOfChannel = (chip: ChipDescription, block: string, channel: string): number | null =>
  chip.blocks.find((b) => b.name === block)?.irqs?.find((line) => channelOfLine(chip, block, line) === channel) ?? null;
/** The channel or stream of a DMA with a line for each, in whose order the lines rise (reference manuals, vector tables); null where some share one. */
function channelOfLine(chip: ChipDescription, name: string, line: number): string | null {
  const block = DMA_BLOCK.test(name) ? chip.blocks.find((b) => b.name === name) : undefined;
  if (block === undefined) return null;
  const lines = [...(block.irqs ?? [])].sort((a, b) => a - b);
  const channels = (chip.facts[block.facts ?? name]?.registers ?? []).flatMap((r) => {
    const [, plain, general, stream] = DMA_CONTROL.exec(r.name) ?? [];
    const number = plain ?? general ?? stream;
    return number === undefined
      ? []
      : [{ number: Number(number), text: `${name}_${stream === undefined ? 'Channel' : 'Stream'}${number}` }];
  });
  if (channels.length !== lines.length) return null;
  return channels.sort((a, b) => a.number - b.number)[lines.indexOf(line)]?.text ?? null;
}
/** An exception that comes from outside of the running code: PendSV, SysTick and the lines of the NVIC. */
export const isInterrupt = (exception: number): boolean => exception >= 14;
export function exceptionName(chip: ChipDescription, exception: number): string {
  if (exception >= FIRST_IRQ) return `interrupt ${lineName(chip, exception - FIRST_IRQ)}`;
  return EXCEPTION_NAMES[exception] ?? `exception ${exception}`;
}
/** At most eight of a list, in words. */
export const listed = (items: readonly string[]): string =>
  items.length <= 8 ? items.join(', ') : `${items.slice(0, 8).join(', ')} and ${items.length - 8} more`;

/** Priority byte of a configurable exception, NMI -2, HardFault -1; null if unknown. */
export function exceptionPriority(state: TargetState, exception: number): number | null {
  if (exception === 2) return -2;
  if (exception === 3) return -1;
  const index = exception >= FIRST_IRQ ? exception - FIRST_IRQ : exception - 4;
  if (index < 0) return null;
  const base = exception >= FIRST_IRQ ? PPB.NVIC_IPR : PPB.SHPR1;
  // ARMv6-M allows words only here.
  const word = state.read(base + (index & ~3), 4);
  return word === null ? null : (word >>> (8 * (index & 3))) & 0xff;
}
/** The part of a priority that decides about preemption. PRIGROUP reads 0 on ARMv6-M. */
export function groupPriority(state: TargetState, priority: number): number {
  if (priority < 0) return priority;
  const group = ((state.read(PPB.AIRCR, 4) ?? 0) >>> 8) & 7;
  return priority & ~((2 << group) - 1);
}
