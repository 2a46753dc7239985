/** A chain in words: what happened, newest first, a line for each step that a person would name. */
import { findChip, partsOf } from '../../chips/index.ts';
import type { ChipDescription, MemoryRow } from '../../emu/chip.ts';
import { mpuCacheable } from '../../emu/core/arm/mpu.ts';
import type { Core } from '../../emu/core/core.ts';
import type { Region } from '../../emu/system.ts';
import { ICACHE_ENABLED } from '../../emu/wires.ts';
import { callChainOf, type CallChain } from '../session/call-chain.ts';
import { codePlace, copiedAt, imageAt, seenFrom, symbolAt, type LoadedImage } from '../../image/image.ts';
import { sourceName } from '../../image/source-name.ts';
import { windowAt } from '../input/outside-memory.ts';
import { othersThanBooted } from '../session/programs.ts';
import type { Session } from '../session/session.ts';
import type { Failure } from './failure.ts';
import type { Frame } from '../documents/note-facts.ts';
import type { Chain, Link, Origin } from './slice.ts';
import type { GrownStack } from '../../checks/check.ts';
import { grownInWords, grownStack } from './grown-stack.ts';
import type { Master } from './masters.ts';

const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;

export function failureInWords(s: Session, failure: Failure): string[] {
  const { chain, address } = failure;
  const first = { jump: `the jump to ${hex(address)}`, read: `the read of ${hex(address)}`, write: `the write to ${hex(address)}` }[
    failure.kind
  ];
  const lines = [`${place(s, failure.pc)}: ${first}; ${whatIsAt(s, address, failure.core)}`];
  // the address is right, and its origin says nothing
  return isRefused(s, address, failure.core) ? lines : [...lines, ...chainInWords(s, chain)];
}

/** Newest first. */
export function chainInWords(s: Session, chain: Chain): string[] {
  const lines: string[] = [];
  const literal = chain.origin.kind === 'constant' ? chain.origin.address : null;
  // a load of a literal is the constant itself
  const links = told(s, chain.links).filter((link) => literal === null || link.address !== literal);
  for (let i = 0; i < links.length;) {
    const { rounds, period } = roundsFrom(links, i);
    for (const link of links.slice(i, i + period)) lines.push(`${place(s, link.pc)}: ${linkText(s, link)}`);
    if (rounds > 1)
      lines.push(`the same ${rounds - 1} more ${rounds === 2 ? 'time' : 'times'}, back to ${lastValue(links[i + rounds * period - 1]!)}`);
    i += rounds * period;
  }
  const origin = originText(s, chain, chain.origin);
  if (origin !== null) lines.push(origin);
  if (chain.address) lines.push(...chainInWords(s, chain.address));
  return lines;
}

/** How often the same few instructions follow each other from here on: a loop or a recursion. Two rounds are told as they are. */
function roundsFrom(links: readonly Link[], from: number): { readonly rounds: number; readonly period: number } {
  for (let period = 1; period <= LONGEST_ROUND; period++) {
    let rounds = 1;
    while (Array.from({ length: period }, (_, k) => links[from + rounds * period + k]).every((l, k) => l?.pc === links[from + k]!.pc))
      rounds++;
    if (rounds > 2) return { rounds, period };
  }
  return { rounds: 1, period: 1 };
}
const LONGEST_ROUND = 4;
const lastValue = ({ value }: Link): string => (value === null ? 'its origin' : hex(value));

/** Moves between registers and the stack say nothing by themselves, unless the value changed hands there for a good while. */
function told(s: Session, links: readonly Link[]): Link[] {
  return links.filter((link) => {
    if (grownAt(s, link) !== null) return true;
    if (link.how === 'moved' || link.how === 'stacked' || link.how === 'unstacked' || link.how === 'constant') return false;
    return !link.onStack;
  });
}

/** The stack reached down to what it stored to. */
const grownAt = (s: Session, { how, address, sp }: Link): GrownStack | null =>
  how === 'stored' && address !== null && sp !== null ? grownStack(s, address, sp) : null;

function linkText(s: Session, link: Link): string {
  const value = link.value === null ? 'the value' : hex(link.value);
  switch (link.how) {
    case 'loaded':
      return `${value} was loaded from ${addressText(s, link.address!, link.pc, link.core)}`;
    case 'stored': {
      const grown = grownAt(s, link);
      const how = grown === null ? '' : `; ${grownInWords(grown)}`;
      return `${value} was stored to ${addressText(s, link.address!, link.pc, link.core)}${how}`;
    }
    default:
      return `${value} was computed`;
  }
}

function originText(s: Session, chain: Chain, origin: Origin): string | null {
  const last = chain.links.at(-1);
  switch (origin.kind) {
    case 'constant': {
      const value = last?.value ?? chain.value;
      return `${place(s, origin.pc)}: ${value === null ? 'it' : hex(value)} is a constant${origin.address === null ? '' : `, at ${hex(origin.address)}`}`;
    }
    case 'memory':
      // the link above says where it was loaded from
      return unwritten(s, origin.address);
    case 'device':
      return null;
    case 'master':
      // named by who read it: the transfer may be another program's
      return `${addressText(s, origin.address, last?.pc ?? origin.pc)} was written by ${masterText(s, origin.master, origin.pc)}`;
    case 'unknown':
      return `the origin of this value is not known: ${origin.why}`;
  }
}

/** `DMA2 (S0M0AR = 0x20000400, set at main.c:12; S0CR last written at main.c:14)` */
export function masterText(s: Session, { block, register, start, control }: Master, pc: number): string {
  if (register === null || start === null) return block;
  const runs = control === null ? '' : `; ${control.register} last written at ${place(s, control.pc)}`;
  return `${block} (${register} = ${hex(start)}${pc === 0 ? '' : `, set at ${place(s, pc)}`}${runs})`;
}

function unwritten(s: Session, address: number): string | null {
  const row = s.machine.system.regionAt(address)?.memory?.row;
  if (row?.kind === 'ram') return `nothing had written ${hex(address)} since power-on${startValue(s, address)}`;
  const reads = erasedAt(s, address);
  if (reads === null) return null;
  const said = row?.erased === undefined ? '' : `, which reads ${hex(reads)} on this chip and ${hex(~reads)} on most others`;
  return `${hex(address)} is erased flash${said}: no image has bytes there${elsewhere(s)}`;
}
/** What flash reads that is still erased, and of which no image has bytes; null elsewhere. */
export function erasedAt(s: Session, address: number): number | null {
  const row = s.machine.system.regionAt(address)?.memory?.row;
  if (row?.kind !== 'flash' || row.zone === 'systemMemory' || imageAt(s.input.images, address) !== undefined) return null;
  const reads = ((row.erased ?? ERASED) * 0x01010101) >>> 0;
  return (s.machine.bootCore.peek(address & ~3, 4) ?? 0) >>> 0 === reads ? reads : null;
}
const ERASED = 0xff;
/** Of a variable that start-up code should have copied. */
function startValue({ input }: Session, address: number): string {
  const found = copiedAt(input.images, address & ~3);
  if (found === null) return '';
  return found.from === null
    ? `; its start value, ${hex(found.value)}, is in the file at this address of RAM alone, where a debugger puts it and a power-on does not`
    : `; its start value, ${hex(found.value)}, is in flash at ${hex(found.from)}, and the start-up code did not copy it`;
}
/** Where the programs are that a loader could have meant. */
const elsewhere = (s: Session): string =>
  othersThanBooted(s)
    .map(({ name, table }) => `; ${name} has its vector table at ${hex(table)}`)
    .join('');

/** What an address is on this chip, for the code at `by`. */
export function addressText(s: Session, address: number, by: number, core = 0): string {
  const { machine } = s;
  const table = machine.chip.rom?.vectorTable.value;
  if (table !== undefined && address === table) return `${hex(address)} (word 0 of the ROM's vector table, its initial stack pointer)`;
  if (table !== undefined && address === table + 4) return `${hex(address)} (word 1 of the ROM's vector table, its reset vector)`;
  const region = machine.system.regionAt(address, core);
  if (region?.block) {
    const name = machine.system.registerName(region.block, address);
    return `${region.block.row.name}${name ? `.${name}` : ''} (${hex(address)})`;
  }
  const variable = variableAt(s, address, by);
  return variable === null ? hex(address) : `${variable} (${hex(address)})`;
}
/** The variable that an address lies in, `rxBuffer+4`, by the symbols of the image whose code at `by` uses it; null where none covers it. */
export const variableAt = ({ input }: Session, address: number, by: number): string | null =>
  variableIn(seenFrom(input.images, by), address);
/** The same by the first of the images that names anything there. */
export function variableIn(images: readonly LoadedImage[], address: number): string | null {
  const found = symbolAt(images, address);
  if (found === null || found.offset >= found.symbol.size) return null;
  return `${sourceName(found.symbol.name)}${found.offset === 0 ? '' : `+${found.offset}`}`;
}

/** What lies there; a bank of FMC or a mapped memory that was accessed in vain is off. */
function answering({ machine: { system } }: Session, address: number, core: number): Region | null {
  const region = system.regionAt(address, core);
  return region?.block && /^(?:fmc-banks|spi-window)$/.test(region.block.row.model ?? '') ? null : region;
}
/** The private peripheral bus, for unprivileged code. */
const isRefused = ({ machine }: Session, address: number, core: number): boolean =>
  address >= 0xe0000000 && address < 0xe0100000 && ((machine.cores[core]?.arm.control ?? 0) & 1) !== 0;
function inVain(s: Session, address: number, core: number, rom: string): string {
  const { machine } = s;
  if (isRefused(s, address, core))
    return 'this is in the private peripheral bus, which unprivileged code must not access (CONTROL.nPRIV = 1)';
  return `there is nothing at this address on ${machine.chip.name}${inSystemArea(address) ? rom : (behindFlash(machine.chip, address) ?? outside(s, address))}`;
}
const flashOf = ({ memories }: ChipDescription): MemoryRow | undefined => memories.find((m) => m.kind === 'flash' && m.zone === 'user');
/** For an address after the end of the flash: a larger part of the line that has flash there, preferably in the same package. */
function behindFlash(chip: ChipDescription, address: number): string | null {
  const flash = flashOf(chip);
  if (flash === undefined || address < flash.base + flash.size) return null;
  const PACKAGE = 'STM32F103C'.length;
  const alike = (part: ChipDescription): number => Number(part.name.slice(0, PACKAGE) === chip.name.slice(0, PACKAGE));
  const larger = partsOf(chip.line)
    .flatMap((part) => findChip(part) ?? [])
    .filter((part) => address < flash.base + (flashOf(part)?.size ?? 0))
    .toSorted((a, b) => alike(b) - alike(a))[0];
  return larger ? `, whose flash has ${flash.size >> 10} KiB; that of ${larger.name} includes this address` : null;
}
/** What is there, for an address that was accessed or jumped to in vain. */
export function whatIsAt(s: Session, address: number, core = 0): string {
  const { machine } = s;
  const { chip } = machine;
  const region = answering(s, address, core);
  const table = chip.rom?.vectorTable.value;
  const rom = table === undefined ? '' : `; the ROM's vector table is at ${hex(table)}`;
  if (region === null) return inVain(s, address, core, rom);
  if (table !== undefined && (address & ~1) === table) return "this is the ROM's vector table itself, not code";
  if (table !== undefined && (address & ~1) === table + 4) return "this is the address of the ROM's reset vector, not the vector itself";
  if (region.block) {
    const keys = machine.system.registerName(region.block, address)?.endsWith('KEYR') ? KEYS : '';
    return `this is ${addressText(s, address, 0, core)}, a peripheral register${keys}`;
  }
  const row = region.memory!.row;
  if (row.zone === 'systemMemory') return `this is in system memory${rom}`;
  if (row.guardedBy !== undefined) return inReadOnlyArea(s, row, address, core);
  return `this is in ${row.name}${row.kind === 'ram' ? ' (RAM)' : ''}`;
}
/** OTP with what the factory wrote beside it: the flash answers words and half-words that do not come through ICACHE (nuttx#20122, embassy#2696: reported). */
function inReadOnlyArea(s: Session, { base, size }: MemoryRow, address: number, core: number): string {
  const { machine } = s;
  const what = 'this is in the OTP and read-only area (UID, flash size)';
  const cached = machine.system.level(ICACHE_ENABLED) !== 0 && mpuCacheable(machine.cores[core] ?? machine.bootCore, address);
  if (!cached) return `${what}; it answers reads of words and half-words alone`;
  const writer = machine.history.lastWriter('ICACHE.CR', 1);
  const on = writer === null ? '' : ` (switched on at ${place(s, writer.pc)})`;
  return `${what}, which must not be read through ICACHE${on}: make ${hex(base)} to ${hex(base + size - 1)} non-cacheable by an MPU region, or read it while ICACHE is off`;
}
/** What is suggested for memory on a board: all of the part in which the address lies. */
const OUTSIDE_BYTES = 0x1000000;
/** Memory on the board, in a window that a controller has: no board is known here, so there is none. */
function outside({ machine: { system } }: Session, address: number): string {
  const controllers = windowAt(address)?.by;
  const all = system.blocks.filter((b) => controllers?.test(b.row.name));
  const block = all.find((b) => system.isClocked(b));
  if (!block) return all.length === 0 ? '' : `; it is in the window of ${all.map((b) => b.row.name).join(' and ')}, whose clock is off`;
  const at = hex(address - (address % OUTSIDE_BYTES));
  return `; if your board has memory on ${block.row.name}, add "board": {"memories": [{"at": "${at}", "kilobytes": ${OUTSIDE_BYTES >> 10}}]} to the scenario`;
}
/** KEYR and OPTKEYR of FLASH. */
const KEYS = ', which answers a wrong key with a bus error: it accepts its two keys once, in order, and OPTKEYR only after KEYR';
/** Where ST's products have their system memory. */
const inSystemArea = (a: number): boolean => (a >= 0x1ff00000 && a < 0x20000000) || (a >= 0x0bf00000 && a < 0x0c000000);

/** Where a core stands and who called that, innermost first; a recursion is counted. */
export const callsOf = (s: Session, core: Core): Frame[] => framesOf(callChainOf(core, s.input.images).frames);
export function framesOf(frames: CallChain['frames']): Frame[] {
  const known = frames.flatMap((f, i) => (isKnown(f) ? [{ ...f, interrupted: isInterrupted(frames, i) }] : []));
  const named = known.map((f): Frame => {
    const name = `${f.interrupted ? 'an exception in ' : ''}${f.function ?? hex(f.pc)}`;
    return { text: `${name}${f.file === null ? '' : ` (${f.file}:${f.line})`}`, name, file: f.file, times: 1 };
  });
  const lines: Frame[] = [];
  for (let i = 0; i < named.length;) {
    const one = named[i]!;
    const next = named.findIndex(({ text }, k) => k > i && text !== one.text);
    const count = (next < 0 ? named.length : next) - i;
    lines.push(count === 1 ? one : { ...one, text: `${one.text} ${count} times`, name: `${one.name} ${count} times`, times: count });
    i += count;
  }
  return lines.length > MOST_FRAMES ? [...lines.slice(0, MOST_FRAMES), MORE_FRAMES] : lines;
}
/** The function of a loop and who called that, from where the core stands `now`, or else from where the loop was found. What the loop itself calls has not called it. */
export function framesOfLoop(name: string | null, now: CallChain['frames'], found: CallChain['frames']): Frame[] {
  const at = (frames: CallChain['frames']): number => frames.findIndex((f) => f.function === name);
  const frames = at(now) >= 0 || found.length === 0 ? now : found;
  let first = Math.max(0, at(frames));
  // what is inlined there is a part of it
  while (frames[first - 1]?.inlined === true) first--;
  return framesOf(frames.slice(first));
}

const isKnown = (f: CallChain['frames'][number]): boolean => f.function !== null || f.file !== null;
/** It called nothing: an exception came, whose handler the frame before it is, or one that is not known. */
function isInterrupted(frames: CallChain['frames'], i: number): boolean {
  const before = frames.slice(
    frames.findLastIndex((f, k) => k < i && isKnown(f)),
    i,
  );
  return i > 0 && before.some(({ exception }) => exception !== null);
}
const MORE_FRAMES: Frame = { text: '…', name: '…', file: null, times: 1 };
/** Frames of a call chain that are told. */
const MOST_FRAMES = 8;

export function place(s: Session, pc: number): string {
  const p = codePlace(s.input.images, pc >>> 0);
  const symbol = p.symbol === null ? '' : ` (${p.symbol})`;
  return p.file === null ? `${hex(pc)}${symbol}` : `${p.file}:${p.line}${symbol}`;
}
