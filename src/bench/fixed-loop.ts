/**
 * Proof that the firmware will never get out of what it executes now: a steady loop, and nothing that is scheduled, no interrupt that can be
 * taken and no step of the scenario can change what it reads. Without such a proof nothing is said.
 */
import { isCounting } from '../emu/counting.ts';
import type { Core } from '../emu/core/core.ts';
import type { Machine } from '../emu/machine.ts';
import { S } from '../emu/core/state.ts';
import { findSteadyLoop, type Told } from '../emu/idle.ts';
import type { Session } from './session.ts';
import { onlySysTick, tickCannotEnd } from './ticking.ts';

export interface FixedLoop {
  readonly pc: number;
  /** What it polls, memory-mapped registers first; empty for `b .`. */
  readonly reads: number[];
  readonly sleeping: boolean;
  /** The fault exception that is active in it never returns. */
  readonly inFault: boolean;
}

const MAX_STEPS = 3000;

export function proveFixedLoop(s: Session): FixedLoop | null {
  const { machine } = s;
  const core = machine.bootCore;
  if (s.steps.remaining || core.canWake()) return null;
  if (!isAlone(machine)) return null;
  const ticks = !masked(core) && anyEnabled(core);
  if (ticks && (core.halted || core.get(S.IPSR) !== 0 || !onlySysTick(s))) return null;
  // who refreshes a watchdog, running or not, is at work
  if (watchdogRuns(s)) return null;
  const fault = s.state.fault?.since;
  if (core.halted) return { pc: core.pc, reads: [], sleeping: true, inFault: fault !== undefined };
  // no need for a checkpoint to see that
  if (isCounting(core, machine.system)) return null;
  const before = machine.save();
  const loop = findSteadyLoop(core, machine.system, MAX_STEPS, writesOf(machine));
  const inFault = fault !== undefined && s.state.fault?.since === fault;
  const mayEnd = loop !== null && ticks && !tickCannotEnd(s, loop);
  machine.restore(before);
  if (!loop || loop.refreshes > 0 || mayEnd) return null;
  // A loop that masks interrupts lets them in again.
  if (loop.writes > 0 && anyEnabled(core)) return null;
  const system = machine.system;
  const reads = loop.reads.map((r) => r.address);
  for (const address of reads) {
    const block = system.regionAt(address)?.block;
    if (!block) continue;
    // a block with a timer of its own, or one that the USB host talks to, may still change
    if (system.hasArmedTimer(block) || (block.row.model?.startsWith('usb') && s.usb.state.cable)) return null;
  }
  const devices = reads.filter((a) => system.regionAt(a)?.block);
  const memories = reads.filter((a) => !system.regionAt(a)?.block && system.regionAt(a)?.memory?.row.kind === 'ram');
  return { pc: loop.pc, reads: [...devices, ...memories], sleeping: false, inFault };
}

/** What a look for a proof needs to know: a round that masks interrupts. It is undone, so nothing has to be counted. */
const writesOf = (machine: Machine): Told => ({
  history: {
    get seq() {
      return machine.history.seq;
    },
    repeats: 0,
    timeline: { length: 0 },
  },
  counts: () => new Map(),
});

/** Another core that runs, or may wake up, can change anything, or reset the chip. */
export const isAlone = (machine: Machine): boolean => machine.cores.every((c) => c === machine.bootCore || isInert(machine, c));

/** HALTED of a core in WFE: the other one's SEV would wake it. */
const WFE = 3;
/** Held, locked up, or asleep with nothing that could wake it. */
function isInert(machine: Machine, core: Core): boolean {
  if (!machine.state.booted[core.index] || machine.state.lockups[core.index] !== null) return true;
  return core.halted && core.get(S.HALTED) !== WFE && !anyEnabled(core);
}
/** No interrupt is taken in the core's present state. */
function masked(core: Core): boolean {
  const ipsr = core.get(S.IPSR);
  return core.get(S.PRIMASK) !== 0 || core.get(S.FAULTMASK) !== 0 || ipsr === 2 || ipsr === 3;
}
function anyEnabled(core: Core): boolean {
  const sysTick = core.peek(0xe000e010, 4) ?? 0;
  if ((sysTick & 3) === 3) return true;
  for (let word = 0; word < 16; word++) if (core.get(S.NVIC_ENABLED + 4 * word) !== 0) return true;
  return false;
}

function watchdogRuns(s: Session): boolean {
  const { system } = s.machine;
  return system.blocks.some((b) => /^[iw]wdg/.test(b.row.model ?? '') && system.hasArmedTimer(b));
}
