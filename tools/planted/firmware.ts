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

/** Numbers of the bugs by the name that the sources have for them. */
export function bugNumbers(): ReadonlyMap<string, number> {
  const header = readFileSync(`${FOLDER}/bugs.h`, 'utf8');
  return new Map([...header.matchAll(/^ {2}BUG_([A-Z0-9_]+) = (\d+),$/gm)].map((m) => [m[1]!, Number(m[2])]));
}

/** The image with a bug switched on; null: as it was built. */
export function plantedImage(firmware: FirmwareName, bug: string | null): JobImage {
  const bytes = new Uint8Array(readFileSync(`${FOLDER}/${firmware}/firmware.elf`));
  if (bug !== null) plant(bytes, bug);
  return { path: `${firmware}.elf`, bytes };
}
/** A segment is a view of the file: what is written into it stands in the image. */
function plant(bytes: Uint8Array, bug: string): void {
  const number = bugNumbers().get(bug);
  if (number === undefined) throw new Error(`bugs.h has no BUG_${bug}`);
  const elf = parseElf(bytes);
  const address = elf.symbols.find((s) => s.name === WORD)?.address;
  const segment = elf.segments.find((s) => address !== undefined && address >= s.address && address + 4 <= s.address + s.data.length);
  if (address === undefined || !segment || segment.data.buffer !== bytes.buffer) throw new Error(`the image has no word ${WORD}`);
  new DataView(bytes.buffer, segment.data.byteOffset + address - segment.address).setUint32(0, number, true);
}
