/**
 * A function that jumps into system memory, and does not come to its jump. Where a request is lost, and leads nowhere with its words kept either, that it is one shows where
 * the program runs such a function then, which it did not run before: what keeps that from its jump is the next mistake.
 */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { codePlace } from '../../image/image.ts';
import { sourceName } from '../../image/source-name.ts';
import { jumpCandidates, scanFunctions, type FunctionFacts } from '../input/code-scan.ts';
import { callChainOf, type CallFrame } from '../session/call-chain.ts';
import type { Session } from '../session/session.ts';
import { place } from '../slice/words.ts';
import { checkpointBefore, runByStops, runTo } from '../slice/window.ts';
import { pathInterceptor, type NamedRepair } from './repairs.ts';

/** How long behind the last look at a word the function is waited for, and what it does is followed. */
const WAITED: Ps = 50 * MS;
const FOLLOWED: Ps = 100 * MS;

/** In words; null where the kept words lead to no such function, or the run without them has come to it as well. Leaves the session anywhere. */
export function towards(s: Session, powerOn: Checkpoint, request: NamedRepair): string | null {
  const words = request.subject.history?.magic ?? [];
  const looked = Math.max(0, ...words.map(({ reader, decision }) => (decision ?? reader)?.at ?? 0));
  const jumps = jumpsOf(s);
  if (looked === 0 || jumps.length === 0) return null;
  const resets = request.subject.history?.resets.filter(({ at }) => at <= looked) ?? [];
  const from = checkpointBefore(s, powerOn, (resets.at(-1)?.at ?? 1) - 1);
  const begin = (): void => {
    s.keepCheckpoints = false;
    s.restore(from);
  };
  const comesTo = (): FunctionFacts | null => {
    let found: FunctionFacts | null = null;
    const starts = jumps.map(({ symbol }) => symbol.address);
    runByStops(s, starts, looked + WAITED, (pc) => {
      found = jumps.find(({ symbol }) => symbol.address === pc) ?? null;
      return true;
    });
    return found;
  };
  begin();
  if (comesTo() !== null) return null;
  begin();
  const before = s.machine.setRepairs(pathInterceptor(s.machine, [request], s.input.chip.rom?.vectorTable.value ?? 0));
  try {
    const jump = comesTo();
    return jump === null ? null : whatItDoes(s, jump);
  } finally {
    s.machine.setRepairs(before);
  }
}

const jumpsOf = ({ input }: Session): FunctionFacts[] =>
  jumpCandidates(scanFunctions(input.images), input.chip).flatMap((c) => (c.kind === 'jump' && !c.runsAnyway ? [c.facts] : []));

/**
 * A program that had come to such a function when the run ended, or when a watchdog reset the chip. In words; null where it had not. Leaves the session anywhere.
 */
export function stuckInJump(s: Session, powerOn: Checkpoint, finished: Checkpoint): string | null {
  const { resets, entries } = finished.history;
  const names = new Set(jumpsOf(s).map(({ symbol }) => sourceName(symbol.name)));
  if (entries.length > 0 || names.size === 0) return null;
  s.keepCheckpoints = false;
  s.restore(finished);
  const atEnd = whereIn(s, names, 'when the run ends');
  const bite = resets.findLast(({ by, external }) => !external && (by === 'iwdg' || by === 'wwdg'));
  if (atEnd !== null || bite === undefined) return atEnd;
  s.restore(checkpointBefore(s, powerOn, bite.at - 1));
  runTo(s, bite.at - 1);
  return whereIn(s, names, `when ${bite.by.toUpperCase()} resets the chip`);
}
function whereIn(s: Session, names: ReadonlySet<string>, when: string): string | null {
  const core = s.machine.bootCore;
  const { frames } = callChainOf(core, s.input.images);
  const depth = frames.findIndex((f) => f.function !== null && names.has(sourceName(f.function)));
  if (depth < 0) return null;
  const [name, caller] = [sourceName(frames[depth]!.function!), frames[depth + 1]];
  const called = caller === undefined ? '' : ` was called at ${placeOf(s, caller)}, and`;
  return `${name}${called} is still at ${place(s, core.pc)} ${when}${overNewer(s, 0)}`;
}

/** The session stands at the function's first instruction. */
function whatItDoes(s: Session, { symbol }: FunctionFacts): string | null {
  const { machine, input } = s;
  const core = machine.bootCore;
  const name = sourceName(symbol.name);
  const caller = callChainOf(core, input.images).frames.find((f) => f.function !== null && sourceName(f.function) !== name);
  const called = `with the request kept, ${name}${caller === undefined ? ' runs' : ` is called at ${placeOf(s, caller)}`}`;
  const [resets, entries, notes] = [machine.history.resets.length, machine.history.entryCount, machine.state.notes.length];
  const end = machine.now + FOLLOWED;
  const isOver = (): boolean => machine.history.resets.length > resets || machine.history.entryCount > entries;
  runTo(s, end, isOver);
  if (machine.history.entryCount > entries) return null;
  if (isOver()) return `${called}, and a reset (${machine.history.resets.at(-1)!.by}) comes before its jump`;
  const { frames } = callChainOf(core, input.images);
  const depth = frames.findIndex((f) => f.function !== null && sourceName(f.function) === name);
  const where = place(s, core.pc);
  if (depth < 0) return `${called}, and ${FOLLOWED / MS} ms later the program is at ${where}, with no jump into the ROM`;
  return `${called}, and is still at ${where} ${FOLLOWED / MS} ms later${overNewer(s, notes)}`;
}
const placeOf = (s: Session, { pc }: CallFrame): string => {
  const { file, line } = codePlace(s.input.images, pc);
  return file === null || file === undefined ? place(s, pc) : `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
};

/** What the data cache, switched off in the wrong order, did to the variables of a loop. */
const overNewer = ({ machine }: Session, since: number): string => {
  const note = machine.state.notes.slice(since).find(({ about }) => about?.is === 'over-newer');
  return note === undefined ? '' : `: ${note.text}`;
};
