/**
 * A function that jumps into system memory, and does not come to its jump. Where a request is lost, and leads nowhere with its words kept either, that it is one shows where
 * the program runs such a function then, which it did not run before: what keeps that from its jump is the next mistake.
 */
import { exceptionName } from '../../checks/core-registers.ts';
import { isPending, preempts } from '../../emu/core/arm/nvic.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { Core } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { codePlace } from '../../image/image.ts';
import { sourceName } from '../../image/source-name.ts';
import { isIn, jumpCandidates, scanFunctions, type FunctionFacts } from '../input/code-scan.ts';
import { callChainOf, type CallFrame } from '../session/call-chain.ts';
import { sysTickInterrupts } from '../session/surrounding-events.ts';
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
  const jumps = jumpsOf(s);
  if (entries.length > 0 || jumps.length === 0) return null;
  s.keepCheckpoints = false;
  s.restore(finished);
  const atEnd = whereIn(s, jumps, ', when the run ends');
  const bite = resets.findLast(({ by, external }) => !external && (by === 'iwdg' || by === 'wwdg'));
  if (atEnd !== null || bite === undefined) return atEnd;
  s.restore(checkpointBefore(s, powerOn, bite.at - 1));
  runTo(s, bite.at - 1);
  return whereIn(s, jumps, `, when ${bite.by.toUpperCase()} resets the chip`);
}
/**
 * A fork that is left open while such a function runs with interrupts masked, or in a handler that SysTick cannot preempt: no tick will end what it waits for. In words;
 * null where it is not so. The session stays where it is.
 */
export function keptOnTheWay(s: Session): string | null {
  const core = s.machine.bootCore;
  const masked = core.arm.primask !== 0 || core.arm.faultmask !== 0;
  if ((!masked && !isTickHeld(core)) || !sysTickInterrupts(core)) return null;
  return whereIn(s, jumpsOf(s), '');
}
function whereIn(s: Session, jumps: readonly FunctionFacts[], when: string): string | null {
  const { frames } = callChainOf(s.machine.bootCore, s.input.images);
  // without debug data a frame has no more than its address
  const jumpOf = ({ function: named, pc }: CallFrame): FunctionFacts | undefined =>
    jumps.find(({ symbol }) => (named !== null && sourceName(named) === sourceName(symbol.name)) || isIn({ symbol }, pc));
  const depth = frames.findIndex((f) => jumpOf(f) !== undefined);
  if (depth < 0) return null;
  const [name, caller] = [sourceName(jumpOf(frames[depth]!)!.symbol.name), frames[depth + 1]];
  // a scenario's call interrupts some place, which has called nothing
  const isCalled =
    caller !== undefined && !s.steps.carriedOut.some(({ action }) => action.kind === 'call' && sourceName(action.symbol) === name);
  const called = isCalled ? ` was called at ${placeOf(s, caller)}, and` : '';
  return `${name}${called} is still at ${atIn(s, frames, depth)}${when}${maskedIn(s)}${overNewer(s, 0)}`;
}
/** `dfu.c:30, in HAL_Delay`: the line of the function itself, and what it has called. */
function atIn(s: Session, frames: readonly CallFrame[], depth: number): string {
  const inner = frames.slice(0, depth).findLast((f) => f.function !== null && !f.inlined)?.function;
  return `${placeOf(s, frames[depth]!)}${inner == null ? '' : `, in ${sourceName(inner)}`}`;
}
/** It is due, and the handler that runs is not less urgent. */
const isTickHeld = (core: Core): boolean =>
  core.arm.ipsr !== 0 && core.arm.ipsr !== EXC.SYSTICK && isPending(core, EXC.SYSTICK) && !preempts(core, EXC.SYSTICK);
/** No handler runs that could end a wait: who masked them, and whether one is due. */
function maskedIn({ machine, input }: Session): string {
  const core = machine.bootCore;
  if (isTickHeld(core) && core.arm.primask === 0 && core.arm.faultmask === 0)
    return `, in the handler of ${exceptionName(machine.chip, core.arm.ipsr)}, which SysTick cannot preempt`;
  const mask = (['PRIMASK', 'FAULTMASK'] as const).find((name) => core.arm[name === 'PRIMASK' ? 'primask' : 'faultmask'] !== 0);
  if (mask === undefined) return '';
  const writer = machine.history.lastWriter(`CPU${core.index === 0 ? '' : core.index}.${mask}`, 1);
  const p = writer === null ? null : codePlace(input.images, writer.pc);
  const since = p?.file == null ? '' : ` since ${baseName(p.file)}:${p.line}`;
  return `, with interrupts masked (${mask} is 1${since})`;
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
  if (depth < 0) return `${called}, and ${FOLLOWED / MS} ms later the program is at ${place(s, core.pc)}, with no jump into the ROM`;
  return `${called}, and is still at ${atIn(s, frames, depth)}, ${FOLLOWED / MS} ms later${maskedIn(s)}${overNewer(s, notes)}`;
}
const placeOf = (s: Session, { pc }: CallFrame): string => {
  const { file, line } = codePlace(s.input.images, pc);
  return file == null ? place(s, pc) : `${baseName(file)}:${line}`;
};
const baseName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** What the data cache, switched off in the wrong order, did to the variables of a loop. */
const overNewer = ({ machine }: Session, since: number): string => {
  const note = machine.state.notes.slice(since).find(({ about }) => about?.is === 'over-newer');
  return note === undefined ? '' : `: ${note.text}`;
};
