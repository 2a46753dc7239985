/**
 * Which part an image is built for. Names come first (part-names.ts). Without one the machine code decides: constants point at RCC, at other blocks and at the ROM, the
 * vector table is as long as the line has interrupts, the initial SP is the end of a RAM. Lines that this leaves run the first milliseconds side by side (try-lines.ts),
 * and those that lack what the image uses leave. Nothing here is certain, so what was taken and why is told, and what is a guess is called one.
 */
import { agree, chipsOf, type ProjectPart } from './project-files.ts';
import { withOutside } from './outside-memory.ts';
import { CHIPS, existsUnmodelled, findChip, nearestChip, partsOf } from '../../chips/index.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import { lineOf, OTHER_LINES, partOf } from '../../chips/parts.ts';
import { checkMemories, entryVectors, ImageError, loadImage, memoryHolds, type LoadedImage } from '../../image/image.ts';
import { isFact, scanFunctions, scanUnnamed } from './code-scan.ts';
import { ownTable } from './behind-loader.ts';
import { boardOf } from './boards.ts';
import { byCommonness } from './common-parts.ts';
import { checkFit, isCompiledFor, refuseSecure } from './image-fit.ts';
import { hex32 } from '../documents/result.ts';
import {
  bestMention,
  closer,
  conflict,
  mentionsOf,
  namedFamily,
  otherMaker,
  partsNamed,
  sharesName,
  textsOf,
  type Mention,
  type NamedImage,
} from './part-names.ts';
import { FAULT, tryOn, type Trial } from './try-lines.ts';
import { isScrambled } from './scrambled.ts';
import { familyOfUf2 } from './uf2-families.ts';
import { otherLinesTable, tableFit } from './vector-fit.ts';
import { MOST } from '../documents/bounds.ts';
import { UsageError } from '../documents/usage-error.ts';

/** The part that an image is taken for. */
export interface InferredChip {
  /** The part. */
  readonly chip: ChipDescription;
  /** For a person, the strongest first: `the start-up file startup_stm32h533xx.s`. */
  readonly reasons: readonly string[];
  /** Other parts that fit as well, those of other lines first. */
  readonly alike: readonly string[];
  /** Parts that fit almost as well, the likeliest first: some are named. */
  readonly near: readonly string[];
  /** By machine code: families that have lines which are not modelled, and could be meant as well. */
  readonly unmodelled: readonly string[];
  /** No name says it, and another line fits almost as well, or little speaks for this one. */
  readonly guess: boolean;
  /** What decided: names that are sure (left out), a name that is often a neighbour's, or no name at all. */
  readonly by?: 'weak-name' | 'code';
  /** By machine code: other parts of its line that hold the images, the commonest first. */
  readonly sameLine?: readonly string[];
  /** The file of the project that tells which of the parts it is. */
  readonly file?: string;
  /** The last of the reasons says that it uses a register which this part does not have. */
  readonly saysNoRegister?: true;
  /** The board of this part that the images name, one of BOARDS. */
  readonly board?: string;
}

/** Several parts fit that differ up to the ROM. */
export class AmbiguousChip extends UsageError {
  /** Their names, in lower case. */
  readonly chips: readonly string[];

  constructor(message: string, hint: string, chips: readonly string[]) {
    super(message, hint);
    this.chips = chips;
  }
}

/**
 * @param project what files around the images say. It decides where the images leave it open; where the two contradict each other, the images count, and that is told
 * @throws UsageError where several parts fit that differ up to the ROM, where none does, and where the part is known and not modelled
 * @throws ImageError for a file that cannot be read
 */
export function inferChip(images: readonly NamedImage[], project: readonly ProjectPart[] = []): InferredChip {
  const perImage = images.map(textsOf);
  const inferred = infer(images, project, perImage);
  const board = boardNamedIn(perImage.flat(), inferred.chip);
  return board === null ? inferred : { ...inferred, board };
}
/** Null also where several are named: the sources of a library for boards are not those of one. */
function boardNamedIn(texts: readonly string[], { line }: ChipDescription): string | null {
  const [known, ...others] = new Set(mentionsOf(texts).flatMap(({ board }) => (board === undefined ? [] : (boardOf(board) ?? []))));
  return known !== undefined && others.length === 0 && findChip(known.chip)?.line === line ? known.name : null;
}
function infer(images: readonly NamedImage[], project: readonly ProjectPart[], perImage: readonly (readonly string[])[]): InferredChip {
  const loaded = images.map((i) => loadImage(i.bytes, i.path));
  refuseTwo(images, perImage);
  const texts = perImage.flat();
  const mention = bestMention(texts);
  const other = mention === null || mention.weight < SURE ? otherMaker(texts) : null;
  if (other !== null)
    throw new UsageError(
      `${images[0]!.path} is built for ${other.part} (${other.file}), which is no STM32`,
      'if it uses only what an STM32 has at the same addresses, name that one with --chip',
    );
  if (mention !== null) {
    const candidates = partsNamed(mention.part);
    if (candidates.length > 0)
      return amongNamed(named(mention, candidates, loaded, texts), mention, candidates, { loaded, texts, project });
    if (existsUnmodelled(mention.part))
      throw new UsageError(
        `${images[0]!.path} is built for ${mention.part} (${mention.reason}), which is not modelled`,
        `the nearest modelled chip is ${nearestChip(mention.part)}; try --chip ${nearestChip(mention.part).toLowerCase()}`,
      );
  }
  const scrambled = loaded.find(isScrambled);
  if (scrambled !== undefined)
    throw new UsageError(
      `${scrambled.path} has no vector table, and its bytes look encrypted or compressed`,
      'give the file that the linker wrote, before it was packed or encrypted',
    );
  const uf2 = images.map(({ bytes }) => familyOfUf2(bytes)).find((said) => said !== null);
  return unnamed(images[0]!.path, uf2?.family ?? namedFamily(texts), { loaded, texts, project });
}

/** Images of two families are not one program. */
function refuseTwo(images: readonly NamedImage[], texts: readonly (readonly string[])[]): void {
  const two = conflict(texts.map(mentionsOf), SURE);
  if (two === null) return;
  const [a, b] = two.map((m) => `${m.part} (${m.reason})`);
  const who = images.length === 1 ? `${images[0]!.path} is` : 'the images are';
  throw new UsageError(`${who} built for ${a} and for ${b}`, 'give the images of one chip, or say which it is with --chip');
}

/** `STM32F4` */
const familyOf = ({ name }: ChipDescription): string => name.slice(0, 'STM32F4'.length);
/** What names the part surely enough to contradict who runs the image on another. */
const SURE = 50;
/** An image whose start-up file or device header is that of another family, in words; null where nothing says so. Within a family files of neighbours are common. */
export function otherFamily(chip: ChipDescription, image: NamedImage): string | null {
  const said = surePart(image);
  if (said === null || said.part.startsWith(familyOf(chip))) return null;
  return `${image.path}: built for ${said.part} (${said.reason}), but the chip here is ${chip.name}: are the image and the chip right?`;
}
function surePart(image: NamedImage): { part: string; reason: string } | null {
  const uf2 = familyOfUf2(image.bytes);
  if (uf2 !== null) return { part: uf2.family, reason: `the family ${hex32(uf2.id)} of its blocks` };
  const mention = bestMention(textsOf(image));
  return mention === null || mention.weight < SURE ? null : mention;
}

/** Of the parts that are named, those whose memories are the image's, and of lines those that have what the code uses. */
function named(mention: Mention, parts: readonly string[], images: readonly LoadedImage[], texts: readonly string[]): InferredChip {
  const all = parts.flatMap((p) => findChip(p) ?? []);
  if (all[0]) refuseSecure(images, all[0]);
  const chips = all.filter((chip) => holds(chip, images));
  if (chips.length === 0)
    throw new UsageError(
      `the image, as it is linked (${linkedAt(images)}), does not fit into any part of ${mention.part} (${mention.reason})`,
      'name the part with --chip',
    );
  const { nearer, left, stackFits, byStack } = narrowed(chips, images, texts);
  const chip = left[0]!;
  const sp = (): string => `the initial SP ${hex32(stackOf(chip, images)!)}`;
  const others = mention.weight <= CRATE && !stackFits ? otherEnds(chip, images) : [];
  const against = [...contradicting(mention, parts, texts), ...otherTable(mention, chip, images)];
  const isWeak = mention.weight < SURE || (left.length < chips.length && (nearer?.weight ?? 0) < SURE);
  return {
    chip,
    reasons: [
      mention.reason,
      ...(nearer === null ? [] : [nearer.reason]),
      ...(byStack ? [`${sp()} at the end of its RAM`] : []),
      ...others,
      ...against,
    ],
    alike: othersOf(chip, left),
    near: isWeak ? othersOf(chip, usualFirst([chip, ...chips.filter((c) => !left.includes(c))])) : [],
    unmodelled: sharesName(mention.part) ? [familyOf(chip)] : [],
    guess: others.length > 0 || against.length > 0,
    ...(isWeak && { by: 'weak-name' as const }),
  };
}
/** A crate or a folder is often a neighbour's. */
function otherTable(mention: Mention, chip: ChipDescription, images: readonly LoadedImage[]): readonly string[] {
  const table = mention.weight <= CRATE ? otherLinesTable(chip, images) : null;
  return table === null ? [] : [`although it looks built for ${table.lines.join(' or ')}: ${table.because}`];
}
interface Narrowed {
  /** The name that left some of them. */
  readonly nearer: Mention | null;
  readonly left: readonly ChipDescription[];
  /** The stack ends where the RAM of one does, and it chose among them. */
  readonly stackFits: boolean;
  readonly byStack: boolean;
}
/** Of several parts those that a closer name, what the code reaches and the stack leave. */
function narrowed(chips: readonly ChipDescription[], images: readonly LoadedImage[], texts: readonly string[]): Narrowed {
  const nearer = closer(
    chips.map((c) => c.name),
    texts,
  );
  const said = nearer === null ? linesWith(chips, images) : chips.filter((c) => nearer.parts.includes(c.name));
  const stack = said.filter((chip) => stackEnds(chip, images) !== null);
  const byStack = stack.length > 0 && stack.length < said.length;
  return { nearer: nearer?.mention ?? null, left: usualFirst(byStack ? stack : said), stackFits: stack.length > 0, byStack };
}
/** Names as sure as the one that decided which mean none of its parts: a start-up file of one density and the header of another. */
function contradicting(decided: Mention, parts: readonly string[], texts: readonly string[]): readonly string[] {
  if (decided.weight < SURE) return [];
  const meansNone = ({ part, weight }: Mention): boolean => {
    if (weight < SURE) return false;
    const others = partsNamed(part);
    return others.length > 0 ? !others.some((p) => parts.includes(p)) : existsUnmodelled(part);
  };
  return mentionsOf(texts)
    .filter(meansNone)
    .slice(0, 1)
    .map(({ reason }) => `although ${reason} is named in the image`);
}
/** The parts that stand for their lines on usual boards first. */
const usualFirst = (chips: readonly ChipDescription[]): readonly ChipDescription[] =>
  byCommonness(
    [...chips].sort((a, b) => Number(isBare(b)) - Number(isBare(a))),
    (c) => c.name,
  );
const isBare = (chip: ChipDescription): boolean => findChip(chip.line)?.name === chip.name;
/** The others, one of each other line first. */
function othersOf(chip: ChipDescription, left: readonly ChipDescription[]): readonly string[] {
  const others = left.filter((c) => c !== chip);
  const lines = others.filter((c, i) => c.line !== chip.line && others.findIndex((o) => o.line === c.line) === i);
  return [...lines, ...others.filter((c) => !lines.includes(c))].map((c) => c.name);
}
/** Of several lines, those that lack the least of what the code reaches. */
function linesWith(chips: readonly ChipDescription[], images: readonly LoadedImage[]): readonly ChipDescription[] {
  const examples = new Map(chips.map((c) => [c.line, c]));
  if (examples.size < 2) return chips;
  const peripherals = addressesOf(images).filter((a) => isPeripheral(a) && [...examples.values()].some((c) => !isStray(c, a)));
  const strays = new Map([...examples].map(([line, c]) => [line, straysOf(c, peripherals)]));
  const least = Math.min(...strays.values());
  return chips.filter((c) => strays.get(c.line) === least);
}
/** A crate of registers is often a neighbour's: what its lines share is all that a program needs of it. */
const CRATE = 60;
function otherEnds(chip: ChipDescription, images: readonly LoadedImage[]): readonly string[] {
  const ends = endsOf(chip, images).slice(0, 3);
  return ends.length === 0 ? [] : [`although the initial SP ${hex32(stackOf(chip, images)!)} is where the RAM of ${ends.join(', ')} ends`];
}
/** Lines of the chip's family whose RAM ends where the initial SP is. */
function endsOf(chip: ChipDescription, images: readonly LoadedImage[]): readonly string[] {
  const ends = CHIPS.filter((c) => familyOf(c) === familyOf(chip) && stackEnds(c, images) === 'all' && holds(c, images));
  return [...new Set(ends.map((c) => c.line))];
}

/** What is asked: the images, their texts, and the files around them. */
interface Looked {
  readonly loaded: readonly LoadedImage[];
  readonly texts: readonly string[];
  readonly project: readonly ProjectPart[];
}

// ---- the project's files -------------------------------------------------------------------------------------------------------

const saying = ({ part, line, file }: ProjectPart): string => {
  const [chip] = chipsOf({ part, ...(line && { line }) });
  return chip === undefined ? `${file} names ${part}, which is not modelled` : `${file} names ${line === true ? part : chip.name}`;
};
/** The part of the file, of a line the usual one, if it can run the images at all. */
function runnable(said: ProjectPart, images: readonly LoadedImage[]): ChipDescription | null {
  const [chip] = usualFirst(chipsOf(said).filter((c) => holds(c, images)));
  return chip !== undefined && otherCode(chip, images) === null ? chip : null;
}
/** Those that can run the images, the best first: a part of the line that was built for, that line, then what contradicts it. */
function fitting(project: readonly ProjectPart[], images: readonly LoadedImage[]): readonly ProjectPart[] {
  const fits = project.filter((p) => runnable(p, images) !== null);
  const built = fits.find(({ line }) => line === true);
  const rank = (p: ProjectPart): number => (p === built ? 1 : built === undefined || agree(p, built) ? 0 : 2);
  return fits.toSorted((a, b) => rank(a) - rank(b));
}
/** Of a line the part that the images fit, as where they name the line themselves. */
function meant(said: ProjectPart, { loaded, texts }: Looked, parts = namesOf(said)): InferredChip {
  if (said.line === true) return named({ part: said.part, reason: saying(said), weight: SURE }, parts, loaded, texts);
  return { chip: findChip(said.part)!, reasons: [saying(said)], alike: [], near: [], unmodelled: [], guess: false };
}
/** @param reasons what else speaks for it; other files of the project may name other lines */
function decided(said: ProjectPart, own: InferredChip, reasons: readonly string[], { project }: Looked): InferredChip {
  const others = project.filter((p) => !chipsOf(p).some(({ line }) => line === own.chip.line)).map((p) => `although ${saying(p)}`);
  const all = new Set([...own.reasons, ...reasons, ...others]);
  // of several parts of a line it says none
  return { ...own, reasons: [...all], guess: own.guess || others.length > 0, ...(own.alike.length === 0 && { file: said.file }) };
}
const namesOf = (said: ProjectPart): readonly string[] => chipsOf(said).map(({ name }) => name);
/** No file of the project names what the images are for. */
function contradicted(project: readonly ProjectPart[], own: () => InferredChip): InferredChip {
  if (project.length === 0) return own();
  const although = project.map((p) => `although ${saying(p)}`);
  try {
    const inferred = own();
    return { ...inferred, reasons: [...inferred.reasons, ...although], guess: true };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}, ${although.join(', ')}`, error.hint);
  }
}
/** A name that the image has, and those of its project. */
function amongNamed(own: InferredChip, mention: Mention, candidates: readonly string[], looked: Looked): InferredChip {
  const { loaded, project } = looked;
  const fits = fitting(project, loaded);
  const both = (p: ProjectPart): readonly string[] => namesOf(p).filter((name) => candidates.includes(name));
  const same = fits.find((p) => both(p).length > 0);
  if (same !== undefined) {
    const said = decided(same, meant(same, looked, both(same)), [], looked);
    return { ...said, reasons: [...new Set([...own.reasons, ...said.reasons])], guess: own.guess || said.guess };
  }
  // a board or a linker script is often copied, and a project file is what the image was built by
  if (mention.weight < SURE && fits[0] !== undefined)
    return { ...decided(fits[0], meant(fits[0], looked), [`although ${mention.reason} is named in the image`], looked), guess: true };
  return contradicted(project, () => own);
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
    `at the address of ${chip.name}: are the image and the chip right?`
  );
}

/** Constants of the code, and what it reaches by an offset from them. Drivers compare with the addresses of all blocks of a kind, whichever the part has: that reaches none. */
function addressesOf(images: readonly LoadedImage[]): number[] {
  const functions = [...scanFunctions(images), ...scanUnnamed(images)];
  return [
    ...functions.flatMap((f) => f.constants.map((c) => c.value).filter((value) => !f.comparedWith.has(value) || f.loads.has(value))),
    ...functions.flatMap((f) => f.accesses),
  ];
}
/** What drivers compare with: addresses of all blocks of a kind in their family. */
const comparedIn = (images: readonly LoadedImage[]): readonly number[] =>
  [...scanFunctions(images), ...scanUnnamed(images)].flatMap((f) => [...f.comparedWith]);
/** Those at which no line of the family has anything. */
function foreignTo(family: string, compared: readonly number[]): readonly number[] {
  const lines = CHIPS.filter((c) => familyOf(c) === family);
  return compared.filter((c) => lines.every((chip) => isStray(chip, c)));
}
/** Families whose RCC the code works. All lines of a family have it in the same place, so one of each is asked: a description takes a millisecond to make. */
function familiesWorked(addresses: readonly number[]): Set<string> {
  const examples = new Map(CHIPS.map((c) => [familyOf(c), c]));
  return new Set([...examples].filter(([, c]) => rccUsed(c, addresses) !== null).map(([family]) => family));
}
const rccBase = (chip: ChipDescription): number => chip.blocks.find((b) => b.name === chip.rcc)?.base ?? NaN;
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
  readonly usesRcc: boolean;
  /** Its core is the one that the compiler was told. */
  readonly compiledFor: boolean;
  /** Pages that the code reaches and in which it has nothing. */
  readonly strays?: number;
  /** Its drivers know blocks where none of the family has any. */
  readonly ofOthers?: boolean;
  /** It was tried, and its first milliseconds end in a fault that another chip would not have. */
  readonly faults?: boolean;
  /** What its first milliseconds showed against it, if that is more than one register. */
  readonly misfit?: string | null;
  readonly saysNoRegister?: boolean;
}

/** Points by which all the rest has to speak for another part before it counts against the address of a ROM: one less where no attribute tells the architecture. */
const doubtOf = (images: readonly LoadedImage[]): number => (images.every(({ attributes }) => attributes === null) ? 1 : 2);
/** Those with the most points, and those that are far ahead of them but for the address of the ROM. */
function bestOf(fits: readonly Fit[], doubt: number): readonly Fit[] {
  const best = Math.max(0, ...fits.map((f) => f.score));
  const equal = fits.filter((f) => best > 0 && f.score === best);
  // of those with the same points, what the code reaches speaks against a part without it, whatever else is its own
  const fewest = Math.min(...equal.map((f) => f.strays ?? 0));
  const left = equal.filter((f) => (f.strays ?? 0) === fewest);
  const rest = (f: Fit): number => f.score - f.ofRom;
  const others = Math.max(...fits.map(rest));
  return others - Math.max(...left.map(rest)) < doubt ? left : [...left, ...fits.filter((f) => rest(f) === others)];
}

function unnamed(path: string, family: string | null, looked: Looked): InferredChip {
  const { loaded: images, project } = looked;
  const addresses = addressesOf(images);
  const chips = CHIPS.filter((chip) => family === null || familyOf(chip) === family).flatMap((chip) => roomFor(chip, images) ?? []);
  // the keys of a flash controller look like addresses too, and are stray everywhere
  const isSomeones = (c: number): boolean => isPeripheral(c) && chips.some((chip) => !isStray(chip, c));
  const peripherals = [...new Set(addresses.filter(isSomeones))];
  const compared = comparedIn(images).filter(isSomeones);
  const foreign = new Map([...new Set(chips.map(familyOf))].map((f) => [f, foreignTo(f, compared)]));
  const fits = chips
    .map((chip) => withMost(chip, images, peripherals))
    .map((chip) => {
      const fit = fitOf(chip, images, addresses, peripherals);
      const alien = straysOf(chip, foreign.get(familyOf(chip))!);
      return { ...fit, score: fit.score - Math.min(2 * alien, MOST_STRAY), ofOthers: alien > 0 };
    });
  if (fits.length === 0)
    throw new UsageError(
      family === null ? `${path} does not show which chip it is for` : `${path}: no modelled ${family} fits it`,
      'name it with --chip; `bootbench chips` lists them',
    );
  const best = Math.max(...fits.map((f) => f.score));
  for (const said of fitting(project, images)) {
    const own = meant(said, looked);
    const { score, reasons } = fitOf(own.chip, images, addresses, peripherals);
    if ((family ?? familyOf(own.chip)) === familyOf(own.chip) && best - score < AHEAD) return decided(said, own, reasons, looked);
  }
  if (family === null && familiesWorked(addresses).size === 0) refuseForeign(path, peripherals);
  const weak = onlyLine(looked.texts);
  const meantBy = weak === null ? null : byWeakName(weak, looked);
  if (meantBy !== null) {
    const { score, reasons } = fitOf(meantBy.chip, images, addresses, peripherals);
    if (best - score < AHEAD)
      return contradicted(project, () => ({ ...meantBy, reasons: [...new Set([...meantBy.reasons, ...reasons])], guess: true }));
  }
  const doubted = weak === null ? [] : [{ part: weak.part, file: 'the image', line: true as const }];
  return contradicted([...project, ...doubted], () => byTrying(path, images, fits, family));
}
/** The line that folders, files and macros are named after, if that is one: little, but more than nothing. */
function onlyLine(texts: readonly string[]): Mention | null {
  const exists = ({ part }: Mention): boolean => partsNamed(part).length > 0 || existsUnmodelled(part);
  const [first, ...others] = mentionsOf(texts).filter(exists);
  return first !== undefined && others.every(({ part }) => lineOf(part) === lineOf(first.part)) ? first : null;
}
function byWeakName(weak: Mention, { loaded, texts }: Looked): InferredChip | null {
  const parts = partsNamed(weak.part).filter((p) => holds(findChip(p)!, loaded));
  const own = parts.length === 0 ? null : named(weak, parts, loaded, texts);
  return own === null || otherCode(own.chip, loaded) !== null ? null : own;
}
function byTrying(path: string, images: readonly LoadedImage[], fits: readonly Fit[], family: string | null): InferredChip {
  refuseOther(path, fits[0]!.chip, images);
  // whom nothing speaks for is not the part, even where nobody else is left
  const { fitting, bounded } = tried(fits, images);
  const left = fitting.filter((f) => (f.faults !== true || f.score >= 0) && (family !== null || f.reasons.length > 0));
  const limit = bounded ? [`only the ${MOST.lines} likeliest lines of chips were run`] : [];
  const chosen = choose(path, left, bestOf(left, doubtOf(images)), limit);
  return { ...chosen, sameLine: sameLine(chosen.chip, images), reasons: [...chosen.reasons, ...limit] };
}

/** A neighbour shares core, RCC and RAM with lines that are not modelled, so all else fits it. */
function refuseOther(path: string, chip: ChipDescription, images: readonly LoadedImage[]): void {
  const other = otherLinesTable(chip, images);
  if (other === null) return;
  const nearest = nearestChip(other.lines[0]!);
  throw new UsageError(
    `${path} looks built for ${other.lines.join(' or ')}, which ${other.lines.length > 1 ? 'are' : 'is'} not modelled (${other.because})`,
    `the nearest modelled chip is ${nearest}; try --chip ${nearest.toLowerCase()}`,
  );
}
/** Pages of 1 KiB that the code has to reach in blocks for the lack of an RCC among them to count. */
const MANY_PAGES = 3;
/** Nothing of an STM32 works before RCC has given it a clock: code that reaches many blocks, none of an RCC and some that each chip lacks, is for none. */
function refuseForeign(path: string, peripherals: readonly number[]): void {
  const pages = new Set(peripherals.map((a) => a >>> 10));
  // a base of few bits (WB has its RCC at 0x58000000) is no constant that is found: an instruction holds it
  const hidden = CHIPS.some((c) => rccBase(c) % 0x1000000 === 0 && peripherals.every((a) => !isStray(c, a)));
  if (pages.size < MANY_PAGES || hidden) return;
  throw new UsageError(
    `${path} looks like firmware for no STM32: its code uses ${peripherals.slice(0, 3).map(hex32).join(', ')} and the RCC of no modelled chip`,
    'if it is for an STM32 all the same, name it with --chip; `bootbench chips` lists them',
  );
}

/** The one that fits best (the commonest of `best`), if none fits as well that behaves otherwise. */
function choose(path: string, fits: readonly Fit[], best: readonly Fit[], limit: readonly string[]): InferredChip {
  const left = byCommonness(best, (f) => f.chip.name);
  const first = left[0];
  if (first === undefined)
    throw new UsageError(`${path} does not show which chip it is for`, 'name it with --chip; `bootbench chips` lists them');
  const others = left.slice(1).map((f) => f.chip);
  const rest = fits.filter((f) => !left.some((l) => l.chip === f.chip));
  const behind = [...byCommonness(rest, (f) => f.chip.name)].sort((a, b) => b.score - a.score);
  const mayBe = (f: Fit): boolean => f.ofOthers !== true && (f.usesRcc || !first.usesRcc) && (f.compiledFor || !first.compiledFor);
  const possible = behind.filter(mayBe);
  const near = possible.filter((f) => first.score - f.score <= NEAR_LEAD);
  if (others.some((chip) => !alike(chip, first.chip))) {
    const names = left.map((f) => f.chip.name.toLowerCase());
    const shared = first.reasons.filter((reason) => left.every((f) => f.reasons.includes(reason)));
    const why = shared.length > 0 ? ` (${shared.join(', ')})` : '';
    const more = possible.length - near.length;
    const open = `; other parts of these lines fit as well${more > 0 ? `, and ${more} more ${more > 1 ? 'are' : 'is'} not excluded` : ''}`;
    throw new AmbiguousChip(
      `${path} fits ${left.length} chips: ${names.join(', ')}${why}${lessLikely(near)}${open}${limit.map((text) => `; ${text}`).join('')}`,
      `give yours, for example: --chip ${names[0]!}`,
      names,
    );
  }
  const next = Math.max(-Infinity, ...behind.filter((f) => !alike(f.chip, first.chip)).map((f) => f.score));
  const misfit = first.misfit ?? null;
  const guess = misfit !== null || !first.usesRcc || first.reasons.length < SURE_REASONS || first.score - next < SURE_LEAD;
  return {
    chip: first.chip,
    reasons: misfit === null ? first.reasons : [...first.reasons, `although ${misfit}`],
    ...(misfit !== null && first.saysNoRegister === true ? { saysNoRegister: true } : {}),
    alike: others.map((c) => c.name),
    near: near.map((f) => f.chip.name),
    unmodelled: unmodelledBeside(first.chip),
    guess,
    by: 'code',
  };
}
/** Parts whose names are told: the others of the line need not be made. */
const MOST_OF_LINE = 4;
/** Packages and sizes, which machine code does not show. */
function sameLine(chip: ChipDescription, images: readonly LoadedImage[]): readonly string[] {
  const found: string[] = [];
  for (const part of byCommonness(partsOf(chip.line), (p) => p)) {
    if (found.length >= MOST_OF_LINE) break;
    const other = findChip(part);
    if (other !== undefined && other.name !== chip.name && holds(other, images)) found.push(part);
  }
  return found;
}
/** Families with the same core and RCC of which lines are not modelled: such a line has the same marks. */
function unmodelledBeside(chip: ChipDescription): readonly string[] {
  const core = chip.cores[0]!.type;
  const kin = CHIPS.filter((c) => c.cores[0]!.type === core && rccBase(c) === rccBase(chip)).map(familyOf);
  return [...new Set(kin)].filter((family) => OTHER_LINES.some((line) => line.startsWith(family)));
}
/** Points by which a line has to lead where no name says it, and what has to speak for it, RCC among it. */
const SURE_LEAD = 2;
const SURE_REASONS = 3;
/** Points behind which a part is listed as less likely: half a fault. */
const NEAR_LEAD = FAULT / 2;
/** Names of less likely parts that are told. */
const MOST_TOLD = 12;
function lessLikely(behind: readonly Fit[]): string {
  if (behind.length === 0) return '';
  const rest = behind.length - MOST_TOLD;
  const names = behind.slice(0, MOST_TOLD).map((f) => f.chip.name.toLowerCase());
  return `; less likely: ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/**
 * What the first milliseconds say, the likeliest first: a run can only take points, so who is behind already need not run. Of those with the same points one of each
 * family runs first, since families differ most. What stands against all of its family that ran stands against the rest of it too, and so does what they lack as well.
 */
function tried(fits: readonly Fit[], images: readonly LoadedImage[]): { readonly fitting: readonly Fit[]; readonly bounded: boolean } {
  const classes = [...classesOf(fits)];
  const trials = new Map<readonly Fit[], Trial>();
  const scoreOf = (members: readonly Fit[]): number => {
    const all = [...trials.values()];
    const against = comparable(all);
    const trial = trials.get(members);
    const own = trial && against(trial);
    const family = [...trials].filter(([m]) => familyOf(m[0]!.chip) === familyOf(members[0]!.chip)).map(([, t]) => t);
    const shared = all.length === 0 ? 0 : Math.min(...(family.length > 0 ? family : all).map(against));
    const lacked = all.some((t) => t.lacks?.(members[0]!.chip) === true) ? FAULT : 0;
    return members[0]!.score - (own ?? Math.max(shared, lacked));
  };
  const families = new Set<string>();
  const isNew = (members: readonly Fit[]): number => (families.has(familyOf(members[0]!.chip)) ? 0 : 1);
  let bounded = false;
  for (;;) {
    const sorted = [...classes].sort((a, b) => scoreOf(b) - scoreOf(a) || isNew(b) - isNew(a));
    const next = sorted.find((members) => !trials.has(members));
    const leads = sorted.filter((members) => trials.has(members)).map(scoreOf);
    if (next === undefined || sorted.length < 2 || (leads.length > 0 && scoreOf(next) <= Math.max(...leads) - SURE_LEAD)) break;
    if (trials.size >= MOST.lines) {
      bounded = true;
      break;
    }
    families.add(familyOf(next[0]!.chip));
    const trial = tryOn(next[0]!.chip, images);
    const [same, others] = likeFirst(next, trial);
    classes.splice(classes.indexOf(next), 1, same, ...(others.length > 0 ? [others] : []));
    trials.set(same, trial);
  }
  const faults = (members: readonly Fit[]): boolean => (trials.get(members)?.lacks ?? null) !== null;
  const misfit = (members: readonly Fit[]): string | null => {
    const trial = trials.get(members);
    return trial !== undefined && trial.against(Infinity) >= DOUBT ? trial.because : null;
  };
  const fitting = classes.flatMap((members) =>
    members.map((m) => ({
      ...m,
      score: scoreOf(members),
      faults: faults(members),
      misfit: misfit(members),
      saysNoRegister: trials.get(members)?.saysNoRegister === true,
    })),
  );
  return { fitting, bounded };
}
/** Those of a class that a run of its first stands for, and the others: they have other blocks, as F051 and F030x8, which share a ROM. */
function likeFirst(members: readonly Fit[], trial: Trial): readonly [readonly Fit[], readonly Fit[]] {
  const isAlike = ({ chip }: Fit): boolean => (trial.lacks === null ? trial.fits(chip) : trial.lacks(chip));
  const others = members.slice(1).filter((m) => !isAlike(m));
  return [members.filter((m) => !others.includes(m)), others];
}
/** Points against a trial behind which a part is not sure. */
const DOUBT = 3;
/** A candidate that uses less than half of the registers that another comes to waits for something that this chip does not do: points against that. */
const STUCK = 2;
/** Points against a trial that compare: what only those met that came further is left out. */
function comparable(trials: readonly Trial[]): (trial: Trial) => number {
  const well = trials.filter((t) => t.lacks === null);
  const furthest = Math.max(0, ...well.map((t) => t.reach));
  const isStuck = (t: Trial): boolean => t.lacks === null && 2 * t.reach < furthest;
  const within = Math.min(Infinity, ...well.filter((t) => !isStuck(t)).map((t) => t.reach));
  return (trial) => trial.against(within) + (isStuck(trial) ? STUCK : 0);
}
/** Those that are the same up to the ROM and have the same points, by the points. */
function classesOf(fits: readonly Fit[]): readonly (readonly Fit[])[] {
  const classes: Fit[][] = [];
  for (const fit of [...fits].sort((a, b) => b.score - a.score)) {
    const same = classes.find(
      ([first]) => first!.score === fit.score && familyOf(first!.chip) === familyOf(fit.chip) && alike(first!.chip, fit.chip),
    );
    if (same) same.push(fit);
    else classes.push([fit]);
  }
  return classes;
}

function fitOf(chip: ChipDescription, images: readonly LoadedImage[], addresses: readonly number[], peripherals: readonly number[]): Fit {
  const reasons: string[] = [];
  let score = 0;
  const rcc = rccUsed(chip, peripherals);
  if (rcc !== null) {
    score += 4;
    reasons.push(`it uses RCC at ${hex32(rcc.base)}`);
  }
  const strays = straysOf(chip, peripherals);
  score -= Math.min(2 * strays, MOST_STRAY);
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
  const compiledFor = images.some((image) => isCompiledFor(chip, image));
  if (compiledFor) score += 1;
  const table = tableFit(chip, images);
  score += table.points;
  return { chip, score, ofRom, strays, reasons: [...reasons, ...table.reasons], usesRcc: rcc !== null, compiledFor };
}
/** Pages of 1 KiB that the code reaches and in which the part has nothing. */
const straysOf = (chip: ChipDescription, peripherals: readonly number[]): number =>
  new Set(peripherals.filter((c) => isStray(chip, c)).map((c) => c >>> 10)).size;
/** Most points that addresses of blocks which the chip does not have take from it. */
const MOST_STRAY = 8;

/** A constant that points at peripherals, whose registers are words; not at the bits of one, of which Cortex-M3 and M4 have an alias. */
const isPeripheral = (constant: number): boolean =>
  constant % 4 === 0 && (constant >>> 28 === 4 || constant >>> 28 === 5) && constant >>> 25 !== 0x42000000 >>> 25;
/** The part has none there. Of an absolute address compilers may keep the start of its 4 KiB alone. */
function isStray({ blocks }: ChipDescription, constant: number): boolean {
  const size = constant % 0x1000 === 0 ? 0x1000 : 1;
  const ranges = blocks.flatMap((b) => [b, ...(b.windows ?? [])]);
  return !ranges.some((r) => constant < r.base + r.size && constant + size > r.base);
}

/** The part that a line stands here with: the one whose RAM ends where the stack begins, else its usual one, or, where the image is too large for that, one with room. */
function roomFor(example: ChipDescription, images: readonly LoadedImage[]): ChipDescription | undefined {
  const fits = holds(example, images);
  if (fits && stackEnds(example, images) !== null) return example;
  const parts = byCommonness(partsOf(example.line), (part) => part);
  // its description takes a millisecond to make, so the table of sizes is asked first
  const sp = stackOf(example, images);
  const ending = parts.filter((part) =>
    partOf(example.line, part.slice(example.line.length))?.ram?.some(({ base, size }) => base + size === sp),
  );
  const found = (names: readonly string[]): ChipDescription | undefined =>
    names.flatMap((part) => findChip(part) ?? []).find((chip) => holds(chip, images));
  return found(ending) ?? (fits ? example : found(parts));
}

/** Of parts of a line with other blocks (F103 of medium and of high density) the commonest one that lacks less of what the code reaches, and whose interrupts are those of the table. */
function withMost(chip: ChipDescription, images: readonly LoadedImage[], peripherals: readonly number[]): ChipDescription {
  const lacks = (part: ChipDescription): number => straysOf(part, peripherals) - tableFit(part, images).points;
  if ((straysOf(chip, peripherals) < 2 && tableFit(chip, images).points > 0) || stackEnds(chip, images) !== null) return chip;
  if (rccUsed(chip, peripherals) === null) return chip;
  let [best, least] = [chip, lacks(chip)];
  for (const part of byCommonness(partsOf(chip.line), (p) => p)) {
    const other = findChip(part);
    const less = other === undefined ? Infinity : lacks(other);
    if (other === undefined || less >= least || !holds(other, images)) continue;
    [best, least] = [other, less];
  }
  return best;
}

/** The same ROM, the same memories: up to the ROM no run can tell them apart. */
const alike = (a: ChipDescription, b: ChipDescription): boolean =>
  a.rom?.id === b.rom?.id &&
  JSON.stringify(a.cores.map((c) => c.type)) === JSON.stringify(b.cores.map((c) => c.type)) &&
  JSON.stringify(a.memories.map((m) => [m.base, m.size])) === JSON.stringify(b.memories.map((m) => [m.base, m.size]));

/** From where to where its bytes lie. */
const linkedAt = (images: readonly LoadedImage[]): string =>
  images
    .flatMap(({ chunks }) => chunks)
    .slice(0, MOST_TOLD)
    .map(({ address, data }) => `${hex32(address)} to ${hex32(address + data.length - 1)}`)
    .join(', ');
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

function stackOf(chip: ChipDescription, images: readonly LoadedImage[]): number | null {
  const table = ownTable(chip, images);
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
