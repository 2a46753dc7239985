/**
 * The branch that led into an endless loop: the run up to the loop is looked at backwards, and at each conditional branch a fork goes the other way. Where the
 * latest that leads to the goal is no wait for an input, it is the cause, with what it compared.
 */
import { flowOf } from '../../emu/core/translate/flow.ts';
import type { Core } from '../../emu/core/core.ts';
import { COMPARISON_HOLDS, comparesValues, type Comparison } from '../../emu/proofs/data-flow.ts';
import { setRegister } from '../../emu/core/arm/register-file.ts';
import type { GrownStack, Writer } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import { callChainOf } from '../session/call-chain.ts';
import type { FixedLoop } from '../session/live-run.ts';
import type { Session } from '../session/session.ts';
import { grownStack } from '../slice/grown-stack.ts';
import { lastStore, storesOf, writerOf } from '../slice/stores.ts';
import { Slicer, type Chain } from '../slice/slice.ts';
import { unrunHandler } from '../slice/unrun-handler.ts';
import { checkpointBefore, cyclesTime, isRam, record, runTo, stepOnce, writerAt, type Step, type Window } from '../slice/window.ts';
import { addressText, chainInWords, place } from '../slice/words.ts';
import { goOn, keeping, runFrom, type Attempt } from './attempt.ts';

/** Effort: cycles in front of the loop that are looked at, steps of them, branches of them that are tried, steps of the loop, and halvings of the time in which it began. */
const SPAN = 20_000;
const MOST_STEPS = 20_000;
const MOST_TRIED = 12;
const LOOP_STEPS = 400;
const HALVINGS = 60;

/** A conditional branch as the run took it. */
export interface Turn {
  readonly pc: number;
  readonly at: Ps;
  /** Index in its stretch. */
  readonly index: number;
  /** Where it would have gone. */
  readonly other: number;
}
export interface Overgrown {
  readonly grown: GrownStack;
  /** What was stored there, and by whom. */
  readonly value: number;
  readonly writer: Writer;
  /** With the word kept, the goal is reached. */
  readonly proved: boolean;
}
/** A handler writes the word behind the branch, and the loop reads nothing. */
export interface SetLater {
  /** `b8.c:9 (TIM6_Handler), of interrupt 54 (TIM6/DAC),`, or of one that has not written it: `on_byte` */
  readonly by: string;
  /** Null where it has not, and could. */
  readonly written: { readonly value: number; readonly at: Ps } | null;
}
export interface WrongTurn {
  readonly writer: Writer;
  readonly compared: Pick<Compared, 'left' | 'right'>;
  /** `len (0x20000000)` and what it was; null where no word of RAM was asked. */
  readonly word: { readonly name: string; readonly value: number } | null;
  /** What it was asked for had been a variable, and was stack when it was written. */
  readonly overgrown: Overgrown | null;
  /** It is set later, and never asked again: the compiler has taken the read out of the loop. */
  readonly setLater: SetLater | null;
  /** Where the run ends, `e1.c:5 (main)`. */
  readonly loop: string;
  /** The branch is that of the loop. */
  readonly stays: boolean;
  /** Where the value came from, newest first. */
  readonly origin: readonly string[];
}

/**
 * Null where no single branch leads to the goal, or the one that does asks an input. `rests`: what goes on in handlers may be meant so, and only a variable that they
 * write and the loop does not read is a mistake. Leaves the session anywhere.
 */
export function wrongTurn(s: Session, powerOn: Checkpoint, finished: Checkpoint, rests: boolean): WrongTurn | null {
  s.restore(finished);
  const { loop } = s.state;
  const core = s.machine.bootCore;
  const around = selfBranch(s);
  const pcs = endlessPlaces(s, around);
  const began = pcs === null ? null : beginOf(s, powerOn, finished.system.now, pcs);
  if (pcs === null || began === null) return null;
  goTo(s, powerOn, Math.max(0, began - cyclesTime(core, SPAN)));
  const start = s.save();
  const window = record(s, core, began, MOST_STEPS);
  const look: Look = { powerOn, finished, start, window, pcs, around, rests, ends: loop?.pc ?? around! };
  for (const turn of turnsOf(core, window).slice(0, MOST_TRIED)) {
    const found = ofTurn(s, look, turn);
    if (found !== undefined) return found;
  }
  return null;
}
interface Look {
  readonly powerOn: Checkpoint;
  readonly finished: Checkpoint;
  readonly start: Checkpoint;
  readonly window: Window;
  readonly pcs: ReadonlySet<number>;
  readonly around: number | null;
  readonly rests: boolean;
  /** Where the run ends. */
  readonly ends: number;
}
/** Undefined: another one may be it; null: it leads to the goal, and is no mistake. */
function ofTurn(
  s: Session,
  { powerOn, finished, start, window, pcs, around, rests, ends }: Look,
  turn: Turn,
): WrongTurn | null | undefined {
  const compared = comparisonOf(window.steps, turn);
  const onlyLater = rests && around === null;
  if (compared === null || (onlyLater && !isSettled(window, compared, pcs))) return undefined;
  // the branch that the loop behind it has been made of
  const guarded = window.steps[turn.index + 1]?.pc === around ? around : null;
  if (!reaches(s, { start, finished }, turn, guarded)) return undefined;
  const chain = chainOf(s, powerOn, turn, compared.index);
  if (chain === null) return null;
  const later = around === null && !isReadBefore(s, chain, pcs) ? null : setLater(s, powerOn, finished, { turn, chain, guarded });
  if (rests && later === null) return onlyLater ? undefined : null;
  return told(s, powerOn, turn, compared, chain, { loop: place(s, ends), stays: pcs.has(turn.pc), setLater: later });
}

/** Code of the loop in which thread code ends; null where it does not end in one. @param around a branch to itself, in which handlers may still come */
function endlessPlaces(s: Session, around: number | null): ReadonlySet<number> | null {
  const { loop } = s.state;
  if (loop === null) return around === null ? null : new Set([around]);
  return loop.sleeping || loop.storm || loop.inFault || loop.exception !== 0 ? null : placesOf(s, loop);
}
/** Where thread code is when the run ends. */
function threadPc(s: Session): number {
  const core = s.machine.bootCore;
  if (core.arm.ipsr === 0) return core.pc;
  const { frames } = callChainOf(core, s.input.images);
  return frames[frames.findLastIndex((f) => f.exception !== null) + 1]?.pc ?? 0;
}
/** It is a branch to itself, as compilers make it of a loop that need not read anything. */
function selfBranch(s: Session): number | null {
  const core = s.machine.bootCore;
  const pc = threadPc(s);
  const ins = core.instructionAt(pc);
  if (ins === null || ins === undefined) return null;
  const { targets, falls, call } = flowOf(ins, pc, core.profile, false);
  return targets.length === 1 && targets[0] === pc && !falls && !call ? pc : null;
}
interface Asked {
  readonly turn: Turn;
  /** Of what it asks. */
  readonly chain: Chain;
  /** The branch to itself right behind it. */
  readonly guarded: number | null;
}
/** A handler that writes, while the program is in the loop, what the branch has asked, or has not come so far and can. */
function setLater(s: Session, powerOn: Checkpoint, finished: Checkpoint, { turn, chain, guarded }: Asked): SetLater | null {
  const link = variableOf(s, chain);
  if (link?.address == null) return null;
  const [store] = storesOf(s, powerOn, [{ address: link.address, size: 1, byHandler: true }], finished.system.now);
  s.restore(finished);
  const value = (s.machine.bootCore.peek(link.address, 4) ?? 0) >>> 0;
  const isLater = store != null && store !== 'too long' && store.master === null && store.at > turn.at && value !== (link.value ?? 0) >>> 0;
  if (!isLater) return guarded === null ? null : canBeSet(s, link.address);
  return { by: `${place(s, store.pc)}, of ${exceptionName(s.machine.chip, store.exception)},`, written: { value, at: store.at } };
}
function canBeSet(s: Session, address: number): SetLater | null {
  const handler = unrunHandler(s, address);
  return handler?.exception == null
    ? null
    : { by: `${handler.writer}, of ${exceptionName(s.machine.chip, handler.exception)},`, written: null };
}
/** No code of the loop changes what is compared: it has been decided before. */
function isSettled({ steps }: Window, { index }: Compared, loop: ReadonlySet<number>): boolean {
  const { leftFrom, rightFrom } = ofRegisters(steps[index]!)!;
  const asked = [...leftFrom, ...rightFrom];
  const changes = (step: Step): boolean => loop.has(step.pc) && asked.some((p) => step.writes.has(p));
  return asked.length > 0 && !steps.some(changes);
}
/** The loop compares what was loaded before it, and never again. */
const isReadBefore = (s: Session, chain: Chain, loop: ReadonlySet<number>): boolean => {
  const link = variableOf(s, chain);
  return link !== undefined && !loop.has(link.pc);
};
/** The variable in RAM from which a value was loaded. */
const variableOf = (s: Session, { links }: Chain): Chain['links'][number] | undefined =>
  links.find((l) => l.how === 'loaded' && !l.onStack && l.address !== null && isRam(s, l.address));

/** Code that the loop executes, handlers left out. */
function placesOf(s: Session, { exception }: FixedLoop): ReadonlySet<number> {
  const core = s.machine.bootCore;
  const pcs = new Set<number>();
  for (let i = 0; i < LOOP_STEPS && !core.halted; i++) {
    if (core.arm.ipsr === exception) pcs.add(core.pc);
    stepOnce(s, core, s.machine.now + 1000 * US);
  }
  return pcs;
}
/** When the program, from somewhere else, came to stay in it. */
function beginOf(s: Session, powerOn: Checkpoint, end: Ps, pcs: ReadonlySet<number>): Ps | null {
  const isIn = (at: Ps): boolean => {
    goTo(s, powerOn, at);
    return pcs.has(threadPc(s));
  };
  const known = s.trail.map((c) => c.system.now).filter((at) => at < end);
  let [out, within] = [powerOn.system.now, end];
  if (!isIn(within)) return null;
  for (const at of known.toSorted((a, b) => b - a)) {
    if (isIn(at)) within = at;
    else {
      out = at;
      break;
    }
  }
  const cycle = cyclesTime(s.machine.bootCore, 1);
  for (let i = 0; i < HALVINGS && within - out > cycle; i++) {
    const middle = Math.floor((out + within) / 2);
    if (isIn(middle)) within = middle;
    else out = middle;
  }
  // one round of the loop, whose own branch may be the one
  return Math.min(end, within + cyclesTime(s.machine.bootCore, LOOP_STEPS));
}
function goTo(s: Session, powerOn: Checkpoint, at: Ps): void {
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, at));
  runTo(s, at);
}

/** Conditional branches, the latest first, each once: as it was taken last. */
export function turnsOf(core: Core, { steps }: Window): readonly Turn[] {
  const turns = new Map<number, Turn>();
  for (let index = steps.length - 2; index >= 0; index--) {
    const [step, next] = [steps[index]!, steps[index + 1]!];
    if (step.flow === null || next.flow === null || step.flow.decides.size === 0) continue;
    const branch = branchOf(core, step.pc, next.pc);
    if (branch !== null && !turns.has(branch.pc)) turns.set(branch.pc, { ...branch, at: step.at, index });
  }
  return [...turns.values()];
}
/** The conditional branch that ends a step of one or two instructions; null for another step. */
export function branchOf(core: Core, from: number, to: number): Pick<Turn, 'pc' | 'other'> | null {
  let pc = from;
  for (let i = 0; i < MOST_ISSUED; i++) {
    const ins = core.instructionAt(pc);
    if (ins === null || ins === undefined) return null;
    const { targets, falls, call } = flowOf(ins, pc, core.profile, false);
    const behind = pc + ins.size;
    const [target] = targets;
    if (target !== undefined)
      return targets.length === 1 && falls && !call && (to === target || to === behind)
        ? { pc, other: to === target ? behind : target }
        : null;
    pc = behind;
  }
  return null;
}
/** Instructions that a core issues together, at most. */
const MOST_ISSUED = 2;

interface Compared {
  readonly index: number;
  readonly left: number;
  readonly right: number;
}
/** The last comparison in front of it. */
function comparisonOf(steps: readonly Step[], { index }: Turn): Compared | null {
  for (let i = index; i >= Math.max(0, index - COMPARISON_HOLDS); i--) {
    const found = ofRegisters(steps[i]!);
    if (found !== undefined) return { index: i, left: found.left >>> 0, right: found.right >>> 0 };
  }
  return null;
}
/** What a step compares, flags apart: a conditional branch tests those. */
const ofRegisters = ({ flow }: Step): Comparison | undefined => flow?.comparisons.findLast(comparesValues);

function reaches(
  s: Session,
  at: { readonly start: Checkpoint; readonly finished: Checkpoint },
  turn: Turn,
  guarded: number | null,
): boolean {
  return otherwise(s, at.start, turn)?.reached === true || (guarded !== null && reachesAtLast(s, at.finished, guarded, turn));
}
/** What comes of the other way; null where the branch is not found again. The session is then at the end of it. */
export function otherwise(s: Session, start: Checkpoint, { pc, at, other }: Turn): Attempt | null {
  const core = s.machine.bootCore;
  s.keepCheckpoints = false;
  s.restore(start);
  runTo(s, Math.max(start.system.now, at - US));
  while (core.now() < at) stepOnce(s, core, at);
  if (pc - core.pc < 0 || pc - core.pc > MOST_BEFORE) return null;
  stepOnce(s, core, at + US);
  if (core.arm.ipsr !== 0) return null;
  setRegister(core, 'pc', other);
  return goOn(s);
}
/** The same once the run has ended in the branch to itself, which changes nothing: what came from outside until then does not come to the ROM. */
function reachesAtLast(s: Session, finished: Checkpoint, guarded: number, { other }: Turn): boolean {
  s.keepCheckpoints = false;
  s.restore(finished);
  const core = s.machine.bootCore;
  if (core.arm.ipsr !== 0 || core.pc !== guarded) return false;
  setRegister(core, 'pc', other);
  return goOn(s).reached;
}
/** Bytes of an instruction that is issued together with the branch behind it. */
const MOST_BEFORE = 4;

function told(
  s: Session,
  powerOn: Checkpoint,
  turn: Turn,
  compared: Compared,
  chain: Chain,
  where: Pick<WrongTurn, 'loop' | 'stays' | 'setLater'>,
): WrongTurn | null {
  const core = s.machine.bootCore;
  // what nobody has stored or sent is no mistake of the program
  if (chain.origin.kind === 'device' || (chain.origin.kind === 'memory' && where.setLater === null)) return null;
  const link = variableOf(s, chain);
  goTo(s, powerOn, Math.max(0, turn.at - US));
  while (core.now() < turn.at) stepOnce(s, core, turn.at);
  const writer = { ...writerAt(core, s.machine.history.seq), pc: turn.pc };
  const facts = { writer, compared, ...where, origin: chainInWords(s, chain) };
  if (link?.address == null) return { ...facts, word: null, overgrown: null };
  const word = { name: addressText(s, link.address, link.pc, link.core), value: (link.value ?? core.peek(link.address, 4) ?? 0) >>> 0 };
  return { ...facts, word, overgrown: overgrown(s, powerOn, link.address, turn.at) };
}
/** The stack had grown over the word: who stored there, and whether the goal is reached where the word keeps its value. */
function overgrown(s: Session, powerOn: Checkpoint, address: number, before: Ps): Overgrown | null {
  const store = lastStore(s, powerOn, address, 4, before);
  if (store === null || store === 'too long' || store.sp === null) return null;
  const grown = grownStack(s, address, store.sp);
  if (grown === null) return null;
  const keeps = keeping(address, address + 4, (core, at) => grownStack(s, at, core.arm.sp >>> 0) !== null);
  return { grown, value: store.value, proved: runFrom(s, powerOn, keeps).reached, writer: writerOf(store) };
}
/** Of the side of the comparison that is no constant. */
function chainOf(s: Session, powerOn: Checkpoint, { index, at }: Turn, compare: number): Chain | null {
  const side = (which: 'left' | 'right'): Chain | null =>
    new Slicer(s, powerOn).slice({
      core: s.machine.bootCore,
      until: at + 1,
      wanted: ({ steps }) => {
        const before = steps.length - 1 - (index - compare);
        const step = steps[before];
        const found = step && ofRegisters(step);
        // a constant came from nowhere
        if (found === undefined || found[`${which}From`].size === 0) return null;
        return { places: found[`${which}From`], value: found[which] >>> 0, before };
      },
    });
  const first = side('left');
  const isVariable = (chain: Chain | null): boolean =>
    chain?.links.some(({ how, address: from }) => how === 'loaded' && from !== null && isRam(s, from)) === true;
  if (isVariable(first)) return first;
  const second = side('right');
  return isVariable(second) ? second : (first ?? second);
}
