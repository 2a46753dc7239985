/**
 * A fault whose value lay in RAM and was right before: a vector, a return address, a pointer, that some store wrote over. The whole run is repeated with what lay there kept from
 * that instruction; where it reaches its goal, the store is the cause.
 */
import type { FaultFacts, Writer } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { symbolAt } from '../../image/image.ts';
import type { Session } from '../session/session.ts';
import type { Failure } from '../slice/failure.ts';
import { lastStore, writerOf, type Store } from '../slice/stores.ts';
import { homeOf, isRam } from '../slice/window.ts';
import { addressText } from '../slice/words.ts';
import { keeping, runFrom } from './attempt.ts';

/** A word on which the fault hangs. */
interface Suspect {
  readonly what: 'vector' | 'stack' | 'word';
  readonly address: number;
  readonly value: number;
  /** It is this value, by the last store before then. */
  readonly before: Ps;
  /** … of this instruction; left out: of any. */
  readonly by?: number;
}
export interface Overwritten extends Pick<Suspect, 'what'> {
  readonly writer: Writer;
  /** `tasks (0x2000000c)` */
  readonly name: string;
  readonly was: number;
  readonly is: number;
  /** A variable that has its place in the vector table: `channels`; null where the store has left its own. */
  readonly shares: string | null;
}

/** Effort: words that are asked for. */
const MOST_WORDS = 4;

/**
 * Null where no store is the cause. Leaves the session anywhere.
 *
 * @param vector address of the vector that led to no code, if that is the fault
 * @param failure what else the value of the fault came from
 */
export function overwritten(
  s: Session,
  powerOn: Checkpoint,
  fault: FaultFacts,
  vector: { readonly address: number; readonly value: number } | null,
  failure: Failure | null,
): Overwritten | null {
  const suspects: readonly Suspect[] =
    vector === null
      ? passedBy(s, failure)
      : isRam(s, vector.address)
        ? [{ what: 'vector', value: vector.value, address: homeOf(s, vector.address), before: fault.at }]
        : [];
  for (const suspect of suspects.slice(0, MOST_WORDS)) {
    const store = lastStore(s, powerOn, suspect.address, 4, suspect.before);
    if (store === null || store === 'too long' || store.master !== null || store.byHardware) continue;
    if (suspect.by !== undefined && suspect.by !== store.pc) continue;
    const found = withoutStore(s, powerOn, suspect, store);
    if (found !== null) return found;
  }
  return null;
}
/** The words of RAM through which the value came, the last first: from their stores on. */
function passedBy(s: Session, failure: Failure | null): readonly Suspect[] {
  const found = new Map<number, Suspect>();
  let used = failure?.at ?? 0;
  for (const { how, onStack, address: place, value, at, pc } of failure?.chain.links ?? []) {
    const address = place === null ? null : (place & ~3) >>> 0;
    if (how === 'stored' && address !== null && value !== null && !found.has(address) && isRam(s, address))
      found.set(address, { what: onStack ? 'stack' : 'word', address, value, before: used + 1, by: pc });
    used = at;
  }
  return [...found.values()];
}

function withoutStore(s: Session, powerOn: Checkpoint, { what, address, value: is, before }: Suspect, store: Store): Overwritten | null {
  for (const [from, to] of [[address, address + 4] as const, [beginOf(s, address, what), address + BEYOND] as const]) {
    let was: number | null = null;
    const keeps = keeping(from, to, (core, at, bytes) => {
      if (core.pc !== store.pc) return false;
      if (at < address + 4 && at + bytes > address && core.now() <= before) was ??= (core.peek(address, 4) ?? 0) >>> 0;
      return true;
    });
    const { reached } = runFrom(s, powerOn, keeps);
    // a part of it may be what it was
    if (!reached || was === null || was === is >>> 0) continue;
    const shares = what === 'vector' ? variableInTable(s, address) : null;
    return { what, name: addressText(s, address, store.pc, store.core), was, is: is >>> 0, writer: writerOf(store), shares };
  }
  return null;
}
/** What holds the whole table is the table. */
function variableInTable({ input, machine }: Session, address: number): string | null {
  const found = symbolAt(input.images, address);
  if (found === null || found.symbol.kind !== 'object' || found.offset >= found.symbol.size) return null;
  const table = 4 * (EXC.IRQ0 + machine.bootCore.row.nvicLines);
  return found.symbol.size >= table || /vec/i.test(found.symbol.name) ? null : found.symbol.name;
}
/** What is written over as a whole begins where its symbol does; on the stack, with the registers that are saved below a return address. */
function beginOf(s: Session, address: number, what: Suspect['what']): number {
  if (what === 'stack') return address - SAVED;
  const found = symbolAt(s.input.images, address);
  return found !== null && found.offset < Math.max(4, found.symbol.size) ? address - found.offset : address;
}
/** R4 to R11. */
const SAVED = 32;
/** As far as a store that has left its buffer is held back. */
const BEYOND = 1 << PAGE_BITS;
