/** The instructions around the PC as text: of any code, with or without a source. */
import { advanceIt, Decoder, isWide } from '../src/emu/core/decode.ts';
import { disassemble } from '../src/emu/core/disassembly.ts';
import { modelOf } from '../src/emu/core/models/index.ts';
import type { BenchMachine } from '../src/library/machine.ts';
import type { ChipDescription } from '../src/emu/chip.ts';
import type { CodeRow } from './setup.ts';
import { hex } from './words.ts';

/** Bytes: a function that begins further away is not shown from its first instruction on. */
const FARTHEST = 0x180;
/** Where nothing says where instructions begin, so many bytes are enough to find their rhythm. */
const RUN_UP = 48;
/** Rows shown, and those of them in front of the PC. */
const ROWS = 72;
const BEFORE = 24;
const HALF = 2;

const decoders = new Map<string, Decoder>();
function decoderOf(chip: ChipDescription): Decoder {
  const { type } = chip.cores[0]!;
  let decoder = decoders.get(type);
  if (decoder === undefined) decoders.set(type, (decoder = new Decoder(modelOf(type))));
  return decoder;
}

/** Half-words as the core sees them; null where there is nothing. */
function halfAt(m: BenchMachine, address: number): number | null {
  try {
    const [low, high] = m.readMemory(address, HALF);
    return low! | (high! << 8);
  } catch {
    return null;
  }
}
function wordAt(m: BenchMachine, address: number): number | null {
  const [low, high] = [halfAt(m, address), halfAt(m, address + HALF)];
  return low === null || high === null ? null : (low | (high << 16)) >>> 0;
}

/** Of its function, if that is near; else somewhere in front, where Thumb falls into step by itself. */
function startFor(m: BenchMachine, pc: number): number {
  const offset = /\+0x([0-9a-f]+)$/.exec(m.symbolAt(pc) ?? '');
  if (offset !== null && parseInt(offset[1]!, 16) <= FARTHEST) return pc - parseInt(offset[1]!, 16);
  if (offset === null && m.symbolAt(pc) !== null) return pc;
  for (let at = pc - RUN_UP; at < pc; at += HALF) if (comesTo(m, at, pc)) return at;
  return pc;
}
function comesTo(m: BenchMachine, from: number, pc: number): boolean {
  let at = from;
  while (at < pc) {
    const half = halfAt(m, at);
    if (half === null) return false;
    at += isWide(half) ? 4 : HALF;
  }
  return at === pc;
}

function noteOf(m: BenchMachine, target: number | null, literal: number | null): string {
  if (target !== null) {
    const name = m.symbolAt(target);
    return name === null ? hex(target) : `${hex(target)} ${name}`;
  }
  const word = literal === null ? null : wordAt(m, literal);
  if (word === null) return '';
  const name = m.symbolAt((word & ~1) >>> 0);
  return `= ${hex(word)}${name === null ? '' : ` ${name}`}`;
}

/** From a whole instruction on, `ROWS` of them at most. */
export function listingOf(m: BenchMachine, chip: ChipDescription): CodeRow[] {
  const pc = m.registers['pc']!;
  const decoder = decoderOf(chip);
  const rows: CodeRow[] = [];
  const literals = new Set<number>();
  let it = 0;
  let line = '';
  for (let at = startFor(m, pc); rows.length < BEFORE + ROWS || at <= pc;) {
    const first = halfAt(m, at);
    if (first === null) break;
    const name = m.symbolAt(at);
    const label = name !== null && !name.includes('+0x') ? name : null;
    const { file, line: number } = m.placeOf(at);
    const place = file === null ? '' : `${file.slice(file.lastIndexOf('/') + 1)}:${number}`;
    const row = { address: at, label, place: place === line ? '' : place, isHere: at === pc };
    line = place;
    if (literals.has(at) && at !== pc) {
      rows.push({ ...row, code: `.word ${hex(wordAt(m, at) ?? 0)}`, note: noteOf(m, null, at), place: '' });
      at += 4;
      continue;
    }
    const second = isWide(first) ? (halfAt(m, at + HALF) ?? 0) : 0;
    const found = decoder.decode(first, second);
    const shown = found === null ? null : disassemble(found, at, first, second, it === 0 ? null : it >>> 4);
    if (shown === null) rows.push({ ...row, code: `.short 0x${first.toString(16).padStart(4, '0')}`, note: '' });
    else {
      if (shown.literal !== null && !shown.name.startsWith('adr')) literals.add(shown.literal);
      rows.push({ ...row, code: `${shown.name} ${shown.operands}`.trim(), note: noteOf(m, shown.target, shown.literal) });
    }
    it = found?.decoded.op === 'IT' ? (found.decoded.imm ?? 0) : advanceIt(it);
    at += found === null ? HALF : found.size;
  }
  const here = rows.findIndex((r) => r.isHere);
  return rows.slice(Math.max(0, here - BEFORE), here + ROWS - BEFORE);
}
