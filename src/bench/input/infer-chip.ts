/**
 * Which part an image is built for, from what the image itself says. Names come first: the start-up file and the device header of the debug data, the board
 * of a build folder. Without a name the machine code decides: the initial SP is the end of a RAM, constants point at RCC and at the ROM, and the vector table
 * is as long as the line has interrupts. Nothing here is certain, so what was taken and why is told.
 */
import { withOutside } from './outside-memory.ts';
import { CHIPS, existsUnmodelled, findChip, nearestChip, partsOf } from '../../chips/index.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import { isElf, parseElf } from '../../image/elf.ts';
import { checkMemories, entryVectors, ImageError, loadImage, memoryHolds, sectionAt, wordAt, type LoadedImage } from '../../image/image.ts';
import { isFact, scanFunctions, scanUnnamed } from './code-scan.ts';
import { startAddress } from './image-core.ts';
import { checkFit, isCompiledFor, refuseSecure } from './image-fit.ts';
import { hex32 } from '../documents/result.ts';
import { familyOfUf2 } from './uf2-families.ts';
import { UsageError } from '../documents/usage-error.ts';

/** The part that an image is taken for. */
export interface InferredChip {
  /** The part. */
  readonly chip: ChipDescription;
  /** For a person, the strongest first: `the start-up file startup_stm32h533xx.s`. */
  readonly reasons: readonly string[];
  /** Other parts that fit as well and behave the same up to the ROM. */
  readonly alike: readonly string[];
}

interface NamedImage {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What the image calls the part. */
interface Mention {
  /** `STM32F405`, `STM32F411xE`, `STM32F411CE`. */
  readonly part: string;
  readonly reason: string;
  readonly weight: number;
}

/**
 * @throws UsageError where several parts fit that differ up to the ROM, where none does, and where the part is known and not modelled
 * @throws ImageError for a file that cannot be read
 */
export function inferChip(images: readonly NamedImage[]): InferredChip {
  const loaded = images.map((i) => loadImage(i.bytes, i.path));
  const texts = images.flatMap(textsOf);
  const mention = bestMention(texts);
  if (mention !== null) {
    const candidates = partsNamed(mention.part);
    if (candidates.length > 0) return named(mention, candidates, loaded);
    if (existsUnmodelled(mention.part))
      throw new UsageError(
        `${images[0]!.path} is built for ${mention.part} (${mention.reason}), which is not modelled`,
        `the nearest modelled chip is ${nearestChip(mention.part)}; try --chip ${nearestChip(mention.part).toLowerCase()}`,
      );
  }
  const uf2 = images.map(({ bytes }) => familyOfUf2(bytes)).find((said) => said !== null);
  return unnamed(images[0]!.path, loaded, uf2?.family ?? namedFamily(texts));
}

/** `STM32F4` */
const familyOf = ({ name }: ChipDescription): string => name.slice(0, 'STM32F4'.length);
/** What names the part surely enough to contradict who runs the image on another. */
const SURE = 50;
/** An image whose start-up file or device header is that of another family, in words; null where nothing says so. Within a family files of neighbours are common. */
export function otherFamily(chip: ChipDescription, image: NamedImage): string | null {
  const said = surePart(image);
  if (said === null || said.part.startsWith(familyOf(chip))) return null;
  return `${image.path}: built for ${said.part} (${said.reason}), but the chip here is ${chip.name}: are the image and --chip right?`;
}
function surePart(image: NamedImage): { part: string; reason: string } | null {
  const uf2 = familyOfUf2(image.bytes);
  if (uf2 !== null) return { part: uf2.family, reason: `the family ${hex32(uf2.id)} of its blocks` };
  const mention = bestMention(textsOf(image));
  return mention === null || mention.weight < SURE ? null : mention;
}

// ---- names -----------------------------------------------------------------------------------------------------------------------

const TEXT_SECTIONS = ['.debug_line', '.debug_line_str', '.debug_str', '.strtab', '.debug_info', '.comment'];
const PART = String.raw`stm32[cfghluw][0-9a-z][0-9a-z]{2}`;
/** Keys of GROUPS. */
const GROUP = 'stm32(?:f10x_(?:ld|md|hd|cl)|f30x|f40xx|f40_41xxx|l1xx_(?:md|mdp|hd|xl))';
/** What names a part, by how much it says. A `x` of the name stands for any character. */
const NAMES: readonly { readonly pattern: RegExp; readonly weight: number; readonly what: string }[] = [
  { pattern: new RegExp(String.raw`startup_(${GROUP})\.s\b`, 'gi'), weight: 110, what: 'the start-up file' },
  { pattern: new RegExp(String.raw`startup_(${PART}(?:x[0-9a-z])?)(?:_[a-z0-9]+)?\.s\b`, 'gi'), weight: 100, what: 'the start-up file' },
  { pattern: new RegExp(String.raw`(?<![a-z0-9_])(${PART}x[0-9a-z])\.h\b`, 'gi'), weight: 50, what: 'the device header' },
  // Arm's compilers keep their command line in .comment
  { pattern: new RegExp(String.raw`(?<=-D ?)(${PART}x[0-9a-z])\b`, 'gi'), weight: 50, what: 'the macro' },
  { pattern: new RegExp(String.raw`(?<=-D ?)(${GROUP})\b`, 'gi'), weight: 50, what: 'the macro' },
  { pattern: /nucleo[-_]([cfghluw][0-9a-z]{3}[a-z]{2})\b/gi, weight: 20, what: 'the board' },
  {
    pattern: new RegExp(String.raw`(?<![a-z0-9_])(${PART}[a-z][0-9a-z][a-z]x)_(?:flash|ram)\b`, 'gi'),
    weight: 10,
    what: 'the linker script',
  },
];

function bestMention(texts: readonly string[]): Mention | null {
  const counts = new Map<string, Mention & { times: number }>();
  for (const text of texts)
    for (const { pattern, weight, what } of NAMES)
      for (const [whole, part] of text.matchAll(pattern)) {
        const name = canonical(part!);
        const key = `${weight} ${name}`;
        const known = counts.get(key);
        if (known) known.times++;
        else counts.set(key, { part: name, reason: `${what} ${whole.toLowerCase()}`, weight, times: 1 });
      }
  const sorted = [...counts.values()].sort((a, b) => b.weight - a.weight || b.times - a.times);
  return sorted[0] ?? null;
}
const canonical = (part: string): string => {
  const upper = part.toUpperCase();
  return upper.startsWith('STM32') ? upper : `STM32${upper}`;
};

/** Files of ST's libraries: `stm32f4xx_gpio.c`, `stm32f10x_rcc.h`, `system_stm32l4xx.c`. */
const LIBRARY_FILE = /stm32([cfghluw][0-9a-z])(?:xx|[0-9]x)(?:_[a-z0-9_]+)?\.[chs]\b/gi;
/** The family that most names of such files speak of: `STM32F4`; null without any. */
function namedFamily(texts: readonly string[]): string | null {
  const times = new Map<string, number>();
  for (const text of texts)
    for (const [, letters] of text.matchAll(LIBRARY_FILE)) {
      const family = canonical(letters!);
      times.set(family, (times.get(family) ?? 0) + 1);
    }
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/** What the debug sections and names of an image say. */
function textsOf({ path, bytes }: NamedImage): string[] {
  if (!isElf(bytes)) return [];
  try {
    const elf = parseElf(bytes);
    const decoder = new TextDecoder('latin1');
    return TEXT_SECTIONS.flatMap((name) => {
      const section = elf.section(name);
      return section === null ? [] : [decoder.decode(section)];
    });
  } catch (error) {
    throw error instanceof ImageError ? error.inFile(path) : error;
  }
}

/** ST's Standard Peripherals Libraries name groups of lines and densities: lines, the likeliest first, and letters of the flash's size (stm32f10x.h, stm32f4xx.h, stm32l1xx.h). */
const GROUPS: Readonly<Record<string, readonly [lines: readonly string[], flash?: string]>> = {
  STM32F10X_LD: [['STM32F103'], '46'],
  STM32F10X_MD: [['STM32F103'], '8B'],
  STM32F10X_HD: [['STM32F103'], 'CDE'],
  STM32F10X_CL: [['STM32F105', 'STM32F107'], '8BC'],
  STM32F30X: [['STM32F303', 'STM32F302']],
  STM32F40XX: [['STM32F407', 'STM32F405', 'STM32F417', 'STM32F415']],
  STM32F40_41XXX: [['STM32F407', 'STM32F405', 'STM32F417', 'STM32F415']],
  STM32L1XX_MD: [['STM32L152', 'STM32L151', 'STM32L100'], '68B'],
  STM32L1XX_MDP: [['STM32L152', 'STM32L151', 'STM32L162', 'STM32L100'], 'C'],
  STM32L1XX_HD: [['STM32L152', 'STM32L151', 'STM32L162'], 'D'],
  STM32L1XX_XL: [['STM32L152', 'STM32L151', 'STM32L162'], 'E'],
};
/** Parts that `STM32F411XE`, `STM32F405XX`, `STM32H533RETX` or `STM32F10X_HD` can mean. */
function partsNamed(name: string): readonly string[] {
  const group = GROUPS[name];
  if (group) return group[0].flatMap((line) => partsOf(line).filter((p) => group[1]?.includes(p[10]!) ?? true));
  const [line, pins = 'X', flash = 'X'] = [name.slice(0, 9), name[9], name[10]];
  const parts = partsOf(line);
  const exact = parts.filter((p) => p === `${line}${pins}${flash}`);
  return exact.length > 0 ? exact : parts.filter((p) => (pins === 'X' || p[9] === pins) && (flash === 'X' || p[10] === flash));
}

/** Of the parts of one line, those whose memories are the image's. */
function named(mention: Mention, parts: readonly string[], images: readonly LoadedImage[]): InferredChip {
  const all = parts.flatMap((p) => findChip(p) ?? []);
  if (all[0]) refuseSecure(images, all[0]);
  const chips = all.filter((chip) => holds(chip, images));
  if (chips.length === 0)
    throw new UsageError(`the image does not fit into any part of ${mention.part} (${mention.reason})`, 'name the part with --chip');
  const stack = chips.filter((chip) => stackEnds(chip, images) !== null);
  const left = stack.length > 0 && stack.length < chips.length ? stack : chips;
  const bare = findChip(chips[0]!.line);
  const chip = left.find((c) => c.name === bare?.name) ?? left[0]!;
  const reasons = [mention.reason];
  if (left === stack) reasons.push(`the initial SP ${hex32(stackOf(chip, images)!)} at the end of its RAM`);
  return { chip, reasons, alike: left.filter((c) => c !== chip).map((c) => c.name) };
}

// ---- machine code ----------------------------------------------------------------------------------------------------------------

/** Points of what the code does, the address of a ROM left out, by which another family has to be ahead. */
const AHEAD = 4;
/** Images whose code never touches the RCC of this part and works that of another family, in words; null where that is not so. */
export function otherCode(chip: ChipDescription, images: readonly LoadedImage[]): string | null {
  const addresses = addressesOf(images);
  // the second question is cheap, and looking at all parts is not
  if (rccUsed(chip, addresses) !== null || !addresses.some((c) => isPeripheral(c) && isStray(chip, c))) return null;
  const worked = familiesWorked(addresses);
  const rest = (c: ChipDescription, peripherals: readonly number[]): number => {
    const fit = fitOf(c, images, addresses, peripherals);
    return fit.score - fit.ofRom;
  };
  const others = CHIPS.filter((c) => worked.has(familyOf(c))).flatMap((c) => roomFor(c, images) ?? []);
  const peripherals = addresses.filter((c) => isPeripheral(c) && others.some((other) => !isStray(other, c)));
  const scores = others.map((c) => rest(c, peripherals));
  const best = Math.max(-Infinity, ...scores);
  if (best - rest(chip, peripherals) < AHEAD) return null;
  const left = others.filter((_, i) => scores[i] === best);
  const rcc = rccUsed(left[0]!, addresses)!;
  const families = [...new Set(left.filter((c) => rccUsed(c, addresses)!.base === rcc.base).map(familyOf))];
  return (
    `${images[0]!.path}: its code uses RCC at ${hex32(rcc.base)}, its address on ${families.join(', ')}, and never ` +
    `at the address of ${chip.name}: are the image and --chip right?`
  );
}

/** Constants of the code, and what it reaches by an offset from them. */
function addressesOf(images: readonly LoadedImage[]): number[] {
  const functions = [...scanFunctions(images), ...scanUnnamed(images)];
  return [...functions.flatMap((f) => f.constants.map((c) => c.value)), ...functions.flatMap((f) => f.accesses)];
}
/** Families whose RCC the code works. All lines of a family have it in the same place, so one of each is asked: a description takes a millisecond to make. */
function familiesWorked(addresses: readonly number[]): Set<string> {
  const examples = new Map(CHIPS.map((c) => [familyOf(c), c]));
  return new Set([...examples].filter(([, c]) => rccUsed(c, addresses) !== null).map(([family]) => family));
}
/** The part's RCC, where the code has an address in it. */
function rccUsed(chip: ChipDescription, addresses: readonly number[]): ChipDescription['blocks'][number] | null {
  const rcc = chip.blocks.find((b) => b.name === chip.rcc);
  return rcc !== undefined && addresses.some((c) => c >= rcc.base && c < rcc.base + rcc.size) ? rcc : null;
}

interface Fit {
  readonly chip: ChipDescription;
  readonly score: number;
  /** Of it what an address in the ROM gave. It may be the address of another family's ROM: that is a common mistake. */
  readonly ofRom: number;
  readonly reasons: readonly string[];
}

/** Points by which all the rest has to speak for another part before it counts against the address of a ROM: one less where no attribute tells the architecture. */
const doubtOf = (images: readonly LoadedImage[]): number => (images.every(({ attributes }) => attributes === null) ? 1 : 2);
/** Those with the most points, and those that are far ahead of them but for the address of the ROM. */
function bestOf(fits: readonly Fit[], doubt: number): readonly Fit[] {
  const best = Math.max(0, ...fits.map((f) => f.score));
  const left = fits.filter((f) => best > 0 && f.score === best);
  const rest = (f: Fit): number => f.score - f.ofRom;
  const others = Math.max(...fits.map(rest));
  return others - Math.max(...left.map(rest)) < doubt ? left : [...left, ...fits.filter((f) => rest(f) === others)];
}

function unnamed(path: string, images: readonly LoadedImage[], family: string | null): InferredChip {
  const addresses = addressesOf(images);
  const chips = CHIPS.filter((chip) => family === null || familyOf(chip) === family).flatMap((chip) => roomFor(chip, images) ?? []);
  // the keys of a flash controller look like addresses too, and are stray everywhere
  const peripherals = addresses.filter((c) => isPeripheral(c) && chips.some((chip) => !isStray(chip, c)));
  const fits = chips.map((chip) => fitOf(chip, images, addresses, peripherals));
  const left = bestOf(fits, doubtOf(images));
  const first = left[0];
  if (first === undefined)
    throw new UsageError(
      family === null ? `${path} does not show which chip it is for` : `${path}: no modelled ${family} fits it`,
      'name it with --chip; `bootbench chips` lists them',
    );
  const others = left.slice(1).map((f) => f.chip);
  if (others.some((chip) => !alike(chip, first.chip))) {
    const names = left.map((f) => f.chip.name.toLowerCase());
    throw new UsageError(
      `${path} fits ${left.length} chips: ${names.join(', ')}${first.reasons.length > 0 ? ` (${first.reasons.join(', ')})` : ''}`,
      `give yours, for example: --chip ${names[0]!}`,
    );
  }
  return { chip: first.chip, reasons: first.reasons, alike: others.map((c) => c.name) };
}

function fitOf(chip: ChipDescription, images: readonly LoadedImage[], addresses: readonly number[], peripherals: readonly number[]): Fit {
  const reasons: string[] = [];
  let score = 0;
  const rcc = rccUsed(chip, peripherals);
  if (rcc !== null) {
    score += 4;
    reasons.push(`it uses RCC at ${hex32(rcc.base)}`);
  }
  if (peripherals.some((c) => isStray(chip, c))) score -= 2;
  const [low, high] = chip.rom?.range.value ?? [0, -1];
  const rom = addresses.find((c) => c >= low && c <= high && !isFact(chip, c));
  const ofRom = rom === undefined ? 0 : 4;
  if (rom !== undefined) {
    score += ofRom;
    reasons.push(`it contains ${hex32(rom)}, an address in its ROM`);
  }
  const sp = stackOf(chip, images);
  const end = stackEnds(chip, images);
  if (sp !== null && end !== null) {
    score += end === 'all' ? 2 : 1;
    reasons.push(`the initial SP ${hex32(sp)} is the end of ${end === 'all' ? 'its RAM' : 'one of its RAMs'}`);
  }
  if (images.some((image) => isCompiledFor(chip, image))) score += 1;
  const length = tableLength(chip, images);
  const off = length === null ? Infinity : Math.abs(length - vectorsOf(chip));
  if (off <= 1) {
    // few lines have exactly as many; where the initial SP is, is the linker script's choice
    score += off === 0 ? 2 : 1;
    reasons.push(`the vector table has its ${length} words`);
  }
  return { chip, score, ofRom, reasons };
}

/** A constant that points at peripherals, whose registers are words; not at the bits of one, of which Cortex-M3 and M4 have an alias. */
const isPeripheral = (constant: number): boolean =>
  constant % 4 === 0 && (constant >>> 28 === 4 || constant >>> 28 === 5) && constant >>> 25 !== 0x42000000 >>> 25;
/** The part has none there. Of an absolute address compilers may keep the start of its 4 KiB alone. */
function isStray({ blocks }: ChipDescription, constant: number): boolean {
  const size = constant % 0x1000 === 0 ? 0x1000 : 1;
  const ranges = blocks.flatMap((b) => [b, ...(b.windows ?? [])]);
  return !ranges.some((r) => constant < r.base + r.size && constant + size > r.base);
}

/** The part that a line stands here with, or, where the image is too large for it, the first of the line with room. */
function roomFor(example: ChipDescription, images: readonly LoadedImage[]): ChipDescription | undefined {
  if (holds(example, images)) return example;
  return partsOf(example.line)
    .flatMap((part) => findChip(part) ?? [])
    .find((chip) => holds(chip, images));
}

/** The same ROM, the same memories: up to the ROM no run can tell them apart. */
const alike = (a: ChipDescription, b: ChipDescription): boolean =>
  a.rom?.id === b.rom?.id &&
  JSON.stringify(a.cores.map((c) => c.type)) === JSON.stringify(b.cores.map((c) => c.type)) &&
  JSON.stringify(a.memories.map((m) => [m.base, m.size])) === JSON.stringify(b.memories.map((m) => [m.base, m.size]));

/** The core can run it, memory has room for it, and its vector table points into it. */
function holds(chip: ChipDescription, images: readonly LoadedImage[]): boolean {
  try {
    for (const image of images) {
      checkMemories(image, withOutside(chip, [], images).memories, chip.name);
      if (checkFit(chip, image).some((doubt) => doubt.includes('vector table'))) return false;
      if (!image.reserved.filter(isOnChip).every(({ address, size }) => isRam(chip, address) && isRam(chip, address + size - 1)))
        return false;
    }
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

/** Where every part has its RAM, CCM and TCM; what lies elsewhere may be registers or the board's memory. */
const isOnChip = ({ address, size }: LoadedImage['reserved'][number]): boolean => size > 0 && address >= 0x10000000 && address < 0x40000000;
const isRam = ({ memories }: ChipDescription, address: number): boolean => memoryHolds(memories, address, 'ram');

const tableOf = (chip: ChipDescription): number | null => startAddress(chip, 0);
function stackOf(chip: ChipDescription, images: readonly LoadedImage[]): number | null {
  const table = tableOf(chip);
  return table === null ? null : (entryVectors(images, table)?.sp ?? null);
}
/** Whether the initial SP is where RAM ends, or where one RAM ends and the next begins (WB: what lies behind is the other core's). */
function stackEnds(chip: ChipDescription, images: readonly LoadedImage[]): 'all' | 'one' | null {
  const sp = stackOf(chip, images);
  if (sp === null) return null;
  const rams = chip.memories
    .filter((m) => m.kind === 'ram' && m.zone === 'user')
    .flatMap((m) => [m.base, ...(m.aliases ?? [])].map((base) => ({ base, end: base + m.size })));
  if (!rams.some(({ end }) => end === sp)) return null;
  return rams.some(({ base }) => base === sp) ? 'one' : 'all';
}

/** Words of the table: as its symbol or its section says, else up to the first that is neither 0 nor the address of code in the image. */
function tableLength(chip: ChipDescription, images: readonly LoadedImage[]): number | null {
  const table = tableOf(chip);
  if (table === null) return null;
  const sized = images.flatMap((i) => i.symbols.all).find((s) => s.address === table && s.kind === 'object' && s.size >= 64);
  if (sized) return sized.size / 4;
  const section = sectionAt(images, table);
  let length = 0;
  for (let i = 1; i < MOST_VECTORS; i++) {
    const word = wordAt(images, table + 4 * i);
    if (word === null || sectionAt(images, table + 4 * i) !== section) break;
    if (word !== 0 && !(word % 2 === 1 && wordAt(images, (word & ~3) >>> 0) !== null)) break;
    if (word !== 0) length = i + 1;
  }
  return length > EXCEPTIONS ? length : null;
}
/** No core of these chips has more interrupts than 240. */
const MOST_VECTORS = 256;
const EXCEPTIONS = 16;
const vectorsOf = (chip: ChipDescription): number => EXCEPTIONS + 1 + Math.max(...chip.blocks.flatMap((b) => b.irqs ?? []));
