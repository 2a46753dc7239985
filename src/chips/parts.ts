/** Part numbers that differ from a chip's row in pins and flash size only. */
import type { BlockRow, ChipDescription } from '../emu/chip.ts';
import { STM32F072RB } from './stm32f072.ts';
import { STM32F405RG } from './stm32f405.ts';
import { STM32F411RE } from './stm32f411.ts';
import { STM32L476RG } from './stm32l476.ts';
import { STM32L496ZG } from './stm32l496.ts';

interface PartRow {
  readonly like: ChipDescription;
  /** Pin count codes and flash size codes of the part number, after the line. */
  readonly pins: string;
  readonly flashKilobytes: Readonly<Record<string, number>>;
}
/** Codes from the headers of ST's part number lists (embassy-rs/stm32-data-generated@f115ed4, documented); RAM is the same in all parts of a line. */
const PARTS: readonly PartRow[] = [
  { like: STM32L476RG, pins: 'RJMVQZ', flashKilobytes: { C: 256, E: 512, G: 1024 } },
  { like: STM32L496ZG, pins: 'RVWQZA', flashKilobytes: { E: 512, G: 1024 } },
  { like: STM32F072RB, pins: 'CRV', flashKilobytes: { 8: 64, B: 128 } },
  { like: STM32F405RG, pins: 'RVZ', flashKilobytes: { G: 1024 } },
  { like: STM32F405RG, pins: 'O', flashKilobytes: { E: 512, G: 1024 } },
  { like: STM32F411RE, pins: 'CRV', flashKilobytes: { C: 256, E: 512 } },
];

function flashBlock(row: BlockRow, kilobytes: number): BlockRow {
  if (row.name !== 'FLASH') return row;
  const size = row.model === 'flash-l4' ? { bankBytes: kilobytes * 512 } : { bytes: kilobytes * 1024 };
  return { ...row, options: { ...row.options, ...size, flashKilobytes: kilobytes } };
}

const made = new Map<string, ChipDescription>();

/** The part of that name (upper case, line, pins and flash size), if it is one of a known line. */
export function findPart(name: string): ChipDescription | undefined {
  const known = made.get(name);
  if (known) return known;
  for (const { like, pins, flashKilobytes } of PARTS) {
    const line = like.name.slice(0, -2);
    const kilobytes = flashKilobytes[name.at(-1)!];
    if (name.length !== like.name.length || !name.startsWith(line) || !pins.includes(name.at(-2)!) || kilobytes === undefined) continue;
    const part: ChipDescription = {
      ...like,
      name,
      memories: like.memories.map((m) => (m.name === 'flash' ? { ...m, size: kilobytes * 1024 } : m)),
      blocks: like.blocks.map((b) => flashBlock(b, kilobytes)),
    };
    made.set(name, part);
    return part;
  }
  return undefined;
}
