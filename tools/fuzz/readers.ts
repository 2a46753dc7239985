/** Files that somebody else has made: each reader takes it, or says in an error of its own why not. */
import { readFileSync } from 'node:fs';
import { parseScenario } from '../../src/bench/input/scenario.ts';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { replaying } from '../../src/board/transports.ts';
import { BoardError } from '../../src/board/rsp-client.ts';
import { frame } from '../../src/debug/packets.ts';
import { dfuCrc } from '../../src/image/dfu.ts';
import { codePlace, declarationAt, ImageError, loadImage, rulesAt, sectionAt } from '../../src/image/image.ts';
import { withDebug } from './debug-data.ts';
import { hearing, hostileSections } from './hostile-debug.ts';
import { changeBytes, changeJson, changeLength, changeText, number, type Draw, type Region } from './change.ts';

// npm runs it in the repository's root
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

/** With line tables of two versions of DWARF, inlined functions and variables. */
const ELFS = [
  'test/image/data/calls-zlib.elf',
  'test/image/data/calls.elf',
  'test/image/data/dwarf2-O0.elf',
  'fixtures/f030-timer-left-on/firmware.elf',
].map(read);
const PCS = Array.from({ length: 24 }, (_, i) => 0x08000000 + 0x22 * i);

interface ElfRegions {
  readonly headers: readonly Region[];
  readonly debug: readonly Region[];
}
/** The header, the tables behind it, and the sections that no program runs (SHF_ALLOC is not set). */
function regionsOf(bytes: Uint8Array): ElfRegions {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [programs, sections] = [view.getUint32(28, true), view.getUint32(32, true)];
  const [programCount, sectionCount] = [view.getUint16(44, true), view.getUint16(48, true)];
  const headers = [
    { from: 16, to: 52 },
    { from: programs, to: programs + 32 * programCount },
    { from: sections, to: sections + 40 * sectionCount },
  ];
  const debug: Region[] = [];
  for (let i = 1; i < sectionCount; i++) {
    const at = sections + 40 * i;
    const from = view.getUint32(at + 16, true);
    if ((view.getUint32(at + 8, true) & 2) === 0) debug.push({ from, to: from + view.getUint32(at + 20, true) });
  }
  return { headers, debug };
}
const REGIONS = ELFS.map(regionsOf);

/** Loads it, and asks what a report asks. */
function ask(bytes: Uint8Array, name: string): void {
  try {
    const images = [loadImage(bytes, name)];
    const from = images[0]!.chunks[0]?.address ?? 0;
    for (const pc of [...PCS, from, from + 4, images[0]!.entry ?? 0]) {
      codePlace(images, pc, pc + 9);
      rulesAt(images, pc);
      sectionAt(images, pc);
    }
    for (let address = 0x20000000; address < 0x20000040; address += 4) declarationAt(images, address);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
}

function elf(d: Draw): void {
  const which = d.below(ELFS.length);
  const region = d.one(REGIONS[which]!.headers);
  ask(changeLength(changeBytes(ELFS[which]!, d, region), d), 'fuzz.elf');
}
function dwarf(d: Draw): void {
  const which = d.below(ELFS.length);
  ask(changeBytes(ELFS[which]!, d, d.one(REGIONS[which]!.debug)), 'fuzz.elf');
}

const debug = (d: Draw): void => {
  const elf = withDebug(d.one(ELFS), hostileSections(d));
  hearing(() => ask(elf, 'fuzz.elf'));
};

const hexDigits = (bytes: readonly number[]): string => bytes.map((b) => b.toString(16).padStart(2, '0').toUpperCase()).join('');
const sumOf = (bytes: readonly number[]): number => bytes.reduce((sum, b) => sum + b, 0);
const randomBytes = (d: Draw, most: number): number[] => Array.from({ length: d.below(most) }, () => d.below(256));
const halfOf = (n: number): number[] => [(n >>> 8) & 0xff, n & 0xff];

/** A record whose length and sum are right, mostly; types and addresses are any. */
function hexRecord(d: Draw): string {
  const data = d.chance(0.5) ? randomBytes(d, 20) : halfOf(number(d));
  const body = [d.chance(0.95) ? data.length : d.below(256), ...halfOf(number(d)), d.below(7), ...data];
  return `:${hexDigits([...body, d.chance(0.95) ? -sumOf(body) & 0xff : d.below(256)])}`;
}
function hex(d: Draw): void {
  const text = `:0400000000010020DB\n${Array.from({ length: d.below(8) }, () => hexRecord(d)).join(d.one(['\n', '\r\n', '\r']))}\n:00000001FF\n`;
  ask(new TextEncoder().encode(d.chance(0.3) ? changeText(text, d) : text), 'fuzz.hex');
}
function srecRecord(d: Draw): string {
  const type = d.below(10);
  const address = [2, 2, 3, 4, 0, 2, 3, 4, 3, 2][type]!;
  const body = [...Array.from({ length: address }, () => d.below(256)), ...randomBytes(d, 20)];
  const counted = [d.chance(0.95) ? body.length + 1 : d.below(256), ...body];
  return `S${type}${hexDigits([...counted, d.chance(0.95) ? ~sumOf(counted) & 0xff : d.below(256)])}`;
}
function srec(d: Draw): void {
  const text = `S0030000FC\n${Array.from({ length: d.below(8) }, () => srecRecord(d)).join('\n')}\n`;
  ask(new TextEncoder().encode(d.chance(0.3) ? changeText(text, d) : text), 'fuzz.s19');
}

/** Blocks of UF2 (github.com/microsoft/uf2), of which words are any. */
function uf2(d: Draw): void {
  const blocks = 1 + d.below(4);
  const bytes = new Uint8Array(512 * blocks);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < blocks; i++) {
    const words = [0x0a324655, 0x9e5d5157, 0x2000, 0x08000000 + 256 * i, 256, i, blocks, 0x647824b6];
    words.forEach((word, n) => view.setUint32(512 * i + 4 * n, n > 1 && d.chance(0.15) ? number(d) : word, true));
    view.setUint32(512 * i + 508, 0x0ab16f30, true);
  }
  ask(changeLength(d.chance(0.3) ? changeBytes(bytes, d) : bytes, d), 'fuzz.uf2');
}

/** One target with elements (UM0391), and a suffix whose CRC is right, mostly. */
function dfuse(d: Draw): void {
  const odd = (n: number): number => (d.chance(0.12) ? number(d) : n);
  const count = d.below(4);
  const elements: number[] = [];
  const word = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];
  for (let i = 0; i < count; i++) {
    const data = randomBytes(d, 40);
    elements.push(...word(odd(0x08000000 + 0x100 * i)), ...word(odd(data.length)), ...data);
  }
  const text = (s: string): number[] => [...s].map((c) => c.charCodeAt(0));
  const target = [
    ...text('Target'),
    0,
    ...word(odd(1)),
    ...new Array<number>(255).fill(0x41),
    ...word(odd(elements.length)),
    ...word(odd(count)),
    ...elements,
  ];
  const prefix = [...text('DfuSe'), odd(1) & 0xff, ...word(odd(11 + target.length)), odd(1) & 0xff];
  const body = [...prefix, ...target, 0, 0, 0x11, 0xdf, 0x83, 4, 0x1a, 1, ...text('UFD'), odd(16) & 0xff];
  const whole = Uint8Array.from([...body, 0, 0, 0, 0]);
  const crc = d.chance(0.9) ? dfuCrc(whole) : number(d);
  new DataView(whole.buffer).setUint32(whole.length - 4, crc >>> 0, true);
  ask(changeLength(whole, d), 'fuzz.dfu');
}

const SCENARIOS = ['fixtures/f030-timer-left-on/scenario.json', 'fixtures/f042-boot0-driven/scenario.json'].map(
  (path) => JSON.parse(new TextDecoder().decode(read(path))) as unknown,
);
async function scenario(d: Draw): Promise<void> {
  let document = d.one(SCENARIOS);
  for (let n = 1 + d.below(3); n > 0; n--) document = changeJson(document, d);
  const text = JSON.stringify(document) ?? '';
  try {
    await parseScenario(d.chance(0.2) ? changeText(text, d) : text, 'fuzz.json');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
}

/** Lines of a record, in any order, asked for what it holds and for what it does not. */
function record(d: Draw): void {
  const requests = ['g', 'p0', 'm8000000,4', 'M20000000,1:00', 'c', '!', 'vCont?'];
  const lines = Array.from(
    { length: d.below(12) },
    () => `${d.one(['> ', '< ', '@ ', '# ', ''])}${d.one([...requests, 'OK', '00112233', 'T05', '7d', '\\x'])}`,
  );
  const text = ['bootbench/board-record@1', ...lines].join('\n');
  try {
    const replay = replaying(d.chance(0.4) ? changeText(text, d) : text, 'fuzz.rsp');
    for (let n = 0; n < 8; n++) {
      if (d.chance(0.2)) replay.mark();
      else replay.send(frame(d.one(requests)));
    }
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof BoardError)) throw error;
  }
}

export const READERS = { elf, dwarf, debug, hex, srec, uf2, dfuse, scenario, record };
