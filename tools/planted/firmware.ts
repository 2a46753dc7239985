/** The DFU firmware of fixtures/planted, right or with one of its bugs: a number in its word `planted_bug`. */
import { readFileSync } from 'node:fs';
import { parseElf } from '../../src/image/elf.ts';
import type { JobImage } from '../../src/bench/input/job.ts';

export const PROTOCOLS = ['strict', 'counting', 'dfuse'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
export const PARTS = ['f072', 'f405'] as const;
export type Part = (typeof PARTS)[number];
export type FirmwareName = `${Protocol}-${Part}`;
export const FIRMWARE: readonly FirmwareName[] = PROTOCOLS.flatMap((protocol) => PARTS.map((part): FirmwareName => `${protocol}-${part}`));
export const chipOf = (firmware: FirmwareName): 'stm32f072rb' | 'stm32f405rg' =>
  firmware.endsWith('f072') ? 'stm32f072rb' : 'stm32f405rg';

const FOLDER = 'fixtures/planted';
const WORD = 'planted_bug';

function numbersOf(header: string, prefix: string): ReadonlyMap<string, number> {
  const text = readFileSync(`${FOLDER}/${header}`, 'utf8');
  return new Map([...text.matchAll(new RegExp(`^ {2}${prefix}_([A-Z0-9_]+) = (\\d+),$`, 'gm'))].map((m) => [m[1]!, Number(m[2])]));
}
/** Numbers of the bugs by the name that the sources have for them. */
export const bugNumbers = (): ReadonlyMap<string, number> => numbersOf('bugs.h', 'BUG');
/** The same of what a device is free to do. */
export const wayNumbers = (): ReadonlyMap<string, number> => numbersOf('ways.h', 'WAY');

/** The image with a bug, or a way, switched on; null: as it was built. */
export function plantedImage(firmware: FirmwareName, bug: string | null): JobImage {
  const bytes = new Uint8Array(readFileSync(`${FOLDER}/${firmware}/firmware.elf`));
  if (bug !== null) plant(bytes, bug);
  return { path: `${firmware}.elf`, bytes };
}
/** A segment is a view of the file: what is written into it stands in the image. */
function plant(bytes: Uint8Array, bug: string): void {
  const number = bugNumbers().get(bug) ?? wayNumbers().get(bug);
  if (number === undefined) throw new Error(`neither bugs.h nor ways.h has ${bug}`);
  const elf = parseElf(bytes);
  const address = elf.symbols.find((s) => s.name === WORD)?.address;
  const segment = elf.segments.find((s) => address !== undefined && address >= s.address && address + 4 <= s.address + s.data.length);
  if (address === undefined || !segment || segment.data.buffer !== bytes.buffer) throw new Error(`the image has no word ${WORD}`);
  new DataView(bytes.buffer, segment.data.byteOffset + address - segment.address).setUint32(0, number, true);
}
