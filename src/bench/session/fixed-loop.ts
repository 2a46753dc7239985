/**
 * Proof that the firmware will never get out of what it executes now: a steady loop, and nothing that is scheduled, no interrupt that can be
 * taken and no step of the scenario can change what it reads. Without such a proof nothing is said.
 */
import { callChainOf, type CallChain } from './call-chain.ts';
import { isCounting } from '../../emu/proofs/counting.ts';
import type { Core } from '../../emu/core/core.ts';
import type { AccessTrace } from '../../emu/core/core-types.ts';
import { isByStack } from './by-stack.ts';
import { anyLineEnabled } from '../../emu/core/arm/nvic.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import { stimulusPort } from '../../emu/core/arm/debug-registers.ts';
import type { Machine } from '../../emu/machine.ts';
import { sysTickNextZero, sysTickPeriod } from '../../emu/core/arm/systick.ts';
import type { Ps } from '../../emu/time.ts';
import { POWER_STANDBY } from '../../peripherals/wires.ts';
import { cyccntStands, findSteadyLoop, type SteadyLoop, type Told } from '../../emu/proofs/steady.ts';
import { hearing } from './hearing.ts';
import { eventMayCome, interruptsAround, lineStaysUp, readStays, sysTickInterrupts } from './surrounding-events.ts';
import type { FixedLoop, LiveRun } from './live-run.ts';
import { runsOnceThrough, tickCannotEnd } from './ticking.ts';

/** Effort: a loop of more instructions is not looked for. */
const MAX_STEPS = 3000;
/** Effort: of a tick's period, how much further a second look goes, and how many cycles at most. */
const [PART_OF_PERIOD, FURTHEST] = [3 / 8, 8 * MAX_STEPS];

/** Asleep, and nothing comes that wakes it. */
function sleepsForGood(s: LiveRun): FixedLoop | null {
  const core = s.machine.bootCore;
  const { sysTick, others } = interruptsAround(s, { asleep: true });
  // in Stop its clock stands, and something else has to wake the core first
  const ticks = sysTick && sysTickNextZero(core) !== Infinity;
  if (ticks || others || (core.arm.waiting === 'wfe' && eventMayCome(s)) || wakesUp(s.machine)) return null;
  return {
    pc: SLEEPS.includes(core.peek(core.pc - 2, 2) ?? 0) && core.lastExecuted() === core.pc - 2 ? core.pc - 2 : core.pc,
    reads: [],
    ofStack: 0,
    sizes: [],
    sleeping: true,
    inFault: s.state.fault !== null,
    exception: core.arm.ipsr,
    storm: false,
    calls: [],
    around: null,
    ahead: null,
  };
}

/**
 * A wake-up pin has moved, or the like: the chip is on its way out of Stop or Standby. Standby needs no interrupt for that: an RTC at work may end it.
 */
function wakesUp({ system }: Machine): boolean {
  const standby = system.level(POWER_STANDBY) !== 0;
  return system.blocks.some((b) => (b.row.name === 'PWR' || (standby && /^rtc|^tamp/.test(b.row.model ?? ''))) && system.hasArmedTimer(b));
}

/** WFE and WFI (Armv7-M ARM A7.7.261, A7.7.262): where it sleeps, not where it would go on. Behind a sleep at the end of a handler there is none. */
const SLEEPS: readonly number[] = [0xbf20, 0xbf30];

/** Asleep at the end of a handler (SCR.SLEEPONEXIT): no interrupt brings back the code that it came from. */
export const sleepsOnExit = ({ machine, state: { loop } }: Pick<LiveRun, 'machine' | 'state'>): boolean =>
  loop?.sleeping === true && !SLEEPS.includes(machine.bootCore.peek(loop.pc, 2) ?? 0);

export function proveFixedLoop(s: LiveRun): FixedLoop | null {
  const { machine } = s;
  const core = machine.bootCore;
  if (s.steps.remaining || core.canWake() || !isAlone(machine)) return null;
  // who refreshes a watchdog, running or not, is at work
  if (watchdogRuns(machine)) return null;
  if (core.halted) return sleepsForGood(s);
  if (readsWhatMoves(s)) return null;
  // no need for a checkpoint to see that
  if (isCounting(core, machine.system)) return null;
  const before = machine.save();
  const from = placesAt(s);
  try {
    const loop = proveLoop(s, from);
    if (loop !== null || !sysTickInterrupts(core)) return loop;
    // a tick may have come between: once more where it is far, but no further than a look may go (a period may be seconds long)
    const far = core.clockTimeOf(core.row.clock, core.cycles() + FURTHEST) - machine.now;
    const limit = machine.now + Math.min(far, Math.floor(sysTickPeriod(core) * PART_OF_PERIOD));
    const exception = core.arm.ipsr;
    return machine.run(limit) === 'limit' && core.arm.ipsr === exception && !core.halted ? proveLoop(s, from) : null;
  } finally {
    machine.restore(before);
  }
}

/** The loop is known, and what it reads may change: no proof comes of it, so there is no need to look for one. */
function readsWhatMoves(s: LiveRun): boolean {
  const { machine } = s;
  const loop = sysTickInterrupts(machine.bootCore) ? null : machine.knownLoopOf(machine.bootCore);
  return loop !== null && !loop.reads.every((r) => readStays(s, r.address));
}

/** By an interrupt that can come in it and change what it waits for. */
function mayBeLeft(s: LiveRun, loop: SteadyLoop, storm: boolean): boolean {
  const { sysTick, others } = interruptsAround(s, storm ? { under: s.machine.bootCore.arm.ipsr } : {});
  return others || (sysTick && (storm || !tickCannotEnd(s, loop)));
}

/** Where the core is, in a handler and in what that interrupted. */
function placesAt({ machine: { bootCore }, input }: LiveRun): readonly number[] {
  const { frames } = callChainOf(bootCore, input.images);
  return frames.filter((_, i) => i === 0 || frames[i - 1]!.exception !== null).map((f) => f.pc);
}
/** Goes round once more: where it passes, and null if one of `places` is there, else when the core is. */
function roundOf(
  core: Core,
  loop: SteadyLoop,
  places: readonly number[],
): { readonly ahead: Ps | null; readonly passed: ReadonlySet<number> } {
  const at = core.now();
  const passed = new Set([core.pc]);
  const whole = runsOnceThrough(core, loop, () => void passed.add(core.pc));
  return { ahead: whole && !places.some((pc) => passed.has(pc)) ? at : null, passed };
}
/** The outermost of the callers to which an iteration returns, and which calls again; null where it stays in the innermost function. */
function callerAround(frames: CallChain['frames'], passed: ReadonlySet<number>): number | null {
  const thread = frames.slice(1, frames.findIndex((f) => f.exception !== null) + 1 || undefined);
  // that of the last half-word of a call
  return thread.findLast(({ pc, inlined }) => !inlined && (passed.has(pc) || passed.has(pc - 2)))?.pc ?? null;
}

/** From where the core stands; leaves the machine anywhere. `from`: where the core was when the proof was sought. */
function proveLoop(s: LiveRun, from: readonly number[]): FixedLoop | null {
  const { machine } = s;
  const core = machine.bootCore;
  const fault = s.state.fault?.since;
  const loop = findSteadyLoop(core, machine.system, MAX_STEPS, writesOf(machine), () => machine.isLeaving);
  if (loop === null || loop.refreshes.length > 0) return null;
  // A loop that masks interrupts lets them in again.
  if (loop.writes > 0 && (sysTickInterrupts(core) || anyLineEnabled(core))) return null;
  const storm = comesBack(s, loop);
  const addresses = [...new Set(loop.reads.map((r) => r.address))];
  if (storm === null || !addresses.every((a) => readStays(s, a))) return null;
  const exception = core.arm.ipsr;
  const ofStack = stackReads(core, loop);
  const inOrder = polled(s, addresses);
  const reads = [...inOrder.filter((a) => !ofStack.has(a)), ...inOrder.filter((a) => ofStack.has(a))];
  const { ahead, passed } = storm ? { ahead: null, passed: new Set<number>() } : roundOf(core, loop, from);
  const calls = callChainOf(core, s.input.images).frames;
  if (mayBeLeft(s, loop, storm)) return null;
  const inFault = fault !== undefined && s.state.fault?.since === fault;
  return {
    pc: loop.pc,
    reads,
    ofStack: reads.filter((a) => ofStack.has(a)).length,
    sizes: reads.map((address) => loop.reads.find((r) => r.address === address)!.size),
    sleeping: false,
    inFault,
    exception,
    storm,
    calls,
    around: callerAround(calls, passed),
    ahead,
  };
}

/** What an iteration reads by SP alone, as POP does, or in the frames of what it calls: it is given back what it has saved itself. Goes once round. */
function stackReads(core: Core, loop: SteadyLoop): ReadonlySet<number> {
  const traced = (): AccessTrace => ({ reads: new Map(), writes: 0, refreshes: [] });
  const [stack, others] = [traced(), traced()];
  let [low, high] = [Infinity, 0];
  const next = (): void => {
    const sp = core.arm.sp >>> 0;
    [low, high] = [Math.min(low, sp), Math.max(high, sp)];
    core.trace(isByStack(core) ? stack : others);
  };
  try {
    next();
    runsOnceThrough(core, loop, next);
  } finally {
    core.trace(null);
  }
  const isInFrame = (address: number): boolean => address >= low && address < high;
  return new Set([...stack.reads.keys(), ...others.reads.keys()].filter((a) => isInFrame(a) || !others.reads.has(a)));
}

/**
 * The iteration goes through the return of an interrupt whose line stays up, and back into it; null if exceptions come and go in it otherwise. Goes once round.
 */
function comesBack(s: LiveRun, loop: SteadyLoop): boolean | null {
  const { machine } = s;
  const core = machine.bootCore;
  const ipsr = core.arm.ipsr;
  let returns = 0;
  const whole = hearing(machine, { exceptionReturn: () => void returns++ }, () => runsOnceThrough(core, loop));
  if (!whole) return null;
  if (returns === 0) return false;
  return lineStaysUp(s, ipsr - EXC.IRQ0) ? true : null;
}

/** Registers of blocks first, then a counter of the core that stands, then memory; code and constants are not polled. */
function polled({ machine: { system, bootCore } }: LiveRun, addresses: readonly number[]): number[] {
  const devices = addresses.filter((a) => system.regionAt(a, bootCore.index)?.block);
  const memories = addresses.filter((a) => system.regionAt(a, bootCore.index)?.memory?.row.kind === 'ram');
  return [...devices, ...addresses.filter((a) => cyccntStands(bootCore, a) || stimulusPort(a) !== null), ...memories];
}

/** What a look for a proof needs to know: an iteration that masks interrupts. It is undone, so nothing has to be counted. */
const writesOf = (machine: Machine): Told => ({
  history: {
    get seq() {
      return machine.history.seq;
    },
    repeats: 0,
    timeline: { length: 0 },
  },
  counts: () => new Map(),
  // words that an iteration changes and puts back, as calls do below SP; of wires, somebody may hear
  unheard: () => false,
});

/** Another core that runs, or may wake up, can change anything, or reset the chip. */
export const isAlone = (machine: Machine): boolean => machine.cores.every((c) => c === machine.bootCore || isInert(machine, c));

/** Held, locked up, or asleep with nothing that could wake it. */
function isInert(machine: Machine, core: Core): boolean {
  if (!machine.state.booted[core.index] || machine.state.lockups[core.index] !== null) return true;
  return core.halted && core.arm.waiting !== 'wfe' && !sysTickInterrupts(core) && !anyLineEnabled(core);
}

/** It may reset the chip, unless it is refreshed. */
export function watchdogRuns({ system }: Machine): boolean {
  return system.blocks.some((b) => /^[iw]wdg/.test(b.row.model ?? '') && system.hasArmedTimer(b));
}
