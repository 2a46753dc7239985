/** A wait for a word that no handler has written, though the image has one that could: which interrupt it is, and why it does not come. */
import { EXC, SCS } from '../../emu/core/arm/scs-state.ts';
import { handlerAt } from '../../emu/core/arm/exceptions.ts';
import type { Block } from '../../emu/system.ts';
import { holds, isIn, scanFunctions, type FunctionFacts } from '../input/code-scan.ts';
import type { LoadedImage } from '../../image/image.ts';
import type { Session } from '../session/session.ts';

export interface UnrunHandler {
  /** Null: no vector leads to it. */
  readonly exception: number | null;
  readonly handler: string;
  /** The function that stores to the word: the handler, or what it calls. */
  readonly writer: string;
}

/** The handler whose code holds the word's address and stores; null where there is none, or more than one. */
export function unrunHandler(s: Session, address: number): UnrunHandler | null {
  const all = scanFunctions(s.input.images);
  const writers = all.filter((f) => f.stores.length > 0 && holds(f, address));
  const vectors = handlersInForce(s);
  const callers = callersOf(all);
  const found = writers.flatMap((writer) =>
    [...leadingTo(writer, callers)].flatMap(({ symbol }): UnrunHandler[] => {
      const exceptions = vectors.get(symbol.address) ?? (IS_HANDLER.test(symbol.name) ? [null] : []);
      return exceptions.length === 1 ? [{ exception: exceptions[0]!, handler: symbol.name, writer: writer.symbol.name }] : [];
    }),
  );
  const [first] = found;
  return first !== undefined && found.every(({ handler }) => handler === first.handler) ? first : null;
}
/** As start-up files name those of the NVIC's lines. */
const IS_HANDLER = /_IRQHandler$/;

type Callers = ReadonlyMap<number, readonly FunctionFacts[]>;
function callersOf(all: readonly FunctionFacts[]): Callers {
  const found = new Map<number, FunctionFacts[]>();
  for (const f of all) for (const { target } of f.calls) found.set(target, [...(found.get(target) ?? []), f]);
  return found;
}
/** Functions from which calls by name lead to one, with it. */
function leadingTo(to: FunctionFacts, callers: Callers): ReadonlySet<FunctionFacts> {
  const seen = new Set([to]);
  for (const f of seen) for (const c of callers.get(f.symbol.address) ?? []) seen.add(c);
  return seen;
}

/** One more than the highest line of the chip: behind its vectors code or data may lie. */
const linesOf = ({ chip }: Session['machine']): number => Math.max(-1, ...chip.blocks.flatMap(({ irqs = [] }) => irqs)) + 1;
/** Exceptions from SVCall on by the address of their handler: one for many is the default of the start-up file. */
function handlersInForce({ machine }: Session): ReadonlyMap<number, readonly number[]> {
  const core = machine.bootCore;
  const lines = linesOf(machine);
  const table = core.profile.vtor === 0 ? 0 : core.get(SCS.VTOR) >>> 0;
  const found = new Map<number, number[]>();
  for (let exception = EXC.SVCALL; exception < EXC.IRQ0 + lines; exception++) {
    const vector = core.peek(table + 4 * exception, 4) ?? 0;
    if (vector % 2 === 0) continue;
    found.set(vector - 1, [...(found.get(vector - 1) ?? []), exception]);
  }
  return found;
}

/** Where the handler of an interrupt is one branch to itself, as start-up files have it for those that nobody wrote; null where it does something. */
export function endlessHandler({ machine: { bootCore: core } }: Session, line: number | null): number | null {
  const handler = line === null ? 0 : handlerAt(core, EXC.IRQ0 + line);
  return handler !== 0 && core.peek(handler, 2) === TO_ITSELF ? handler : null;
}
const TO_ITSELF = 0xe7fe;

/** Whether code outside the function that polls a variable, or data, holds its address: true where no symbol says how large it is, or whose the loop is. */
export function isHeldElsewhere({ input: { images } }: Session, address: number, loop: number): boolean {
  const [at] = images.flatMap(({ symbols }) => symbols.at(address) ?? []);
  const isWhole = at?.symbol.kind === 'object' && at.offset === 0 && at.symbol.size > 0 && at.symbol.size <= WORD;
  const all = scanFunctions(images);
  const own = all.find((f) => isIn(f, loop));
  if (!isWhole || own === undefined) return true;
  // data last: it is all bytes of the image
  return all.some((f) => f !== own && holds(f, address)) || images.some(({ chunks }) => chunks.some((c) => pointsTo(c, address, own)));
}
/** A word of it may be a pointer there; the literals of the function itself are none. */
function pointsTo({ address: from, data }: LoadedImage['chunks'][number], address: number, own: FunctionFacts): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let i = -from & (WORD - 1); i + WORD <= data.length; i += WORD)
    if (view.getUint32(i, true) === address && !isIn(own, from + i)) return true;
  return false;
}
const WORD = 4;
const MOST_NAMES = 3;
/** Why a line that is enabled in the NVIC is not raised: its block has no clock, or none of its own interrupts is enabled. In words; null where neither is so. */
export function silentSource({ machine: { system, chip } }: Session, line: number): string | null {
  const blocks = system.blocks.filter(({ row }) => row.irqs?.includes(line) === true);
  if (blocks.length !== 1) return null;
  const [block] = blocks as [Block];
  const { name, clock } = block.row;
  if (!system.isClocked(block)) return clock === undefined ? null : `${name} has no clock: ${chip.rcc}.${clock} is 0`;
  const enables = block.layout.registers.flatMap((r) => r.fields.filter((f) => f.width === 1 && /IE$/.test(f.name)).map((f) => ({ r, f })));
  if (enables.length === 0 || enables.some(({ r, f }) => ((block.state.regs[r.index]! >>> f.bit) & 1) !== 0)) return null;
  const names = enables.slice(0, MOST_NAMES).map(({ r, f }) => `${r.name}.${f.name}`);
  return `${name} asks for none of its interrupts: ${names.join(', ')}${enables.length > MOST_NAMES ? ' and the others' : ''} are 0`;
}
