/**
 * A loop that counts and ends, and that a program comes back to for ever, as one that blinks: nothing is behind it that has not been seen. Its rounds are run and compared:
 * what a program counts or remembers in one moves on, but time stamps move with the time alone, and what is toggled is back after two rounds.
 */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core } from '../../emu/core/core.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import { sysTickPeriod } from '../../emu/core/arm/systick.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Machine } from '../../emu/machine.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { wordsOf } from '../../emu/words.ts';
import { finiteLoop } from './finite-loop.ts';
import type { FiniteLoop } from './live-run.ts';

/** Rounds that are run. */
const ROUNDS = 3;
/** Behind the end of the loop, before the program is back in it; and then instructions to its start. */
const BACK: Ps = 2 * MS;
const TO_START = 20_000;

/** Bytes below SP that hold what the last calls and exceptions have left. */
const LEFT_OVER = 1024;
/** R4 to R11: a program keeps variables there. */
const KEPT = Array.from({ length: 8 }, (_, i) => `r${4 + i}`);

/** What memory and the core's registers hold at the start of the loop, each time some time behind its end. */
interface Arrival {
  readonly endsAt: Ps;
  readonly saved: Checkpoint;
  readonly registers: readonly number[];
}

/** The machine is left as it was. @param advance runs on to a time, within the limits of the user */
export function isMainLoop(machine: Machine, loop: FiniteLoop, advance: (time: Ps) => void): boolean {
  const before = machine.save();
  try {
    const arrivals: Arrival[] = [];
    for (let { endsAt } = loop; ;) {
      if (!arrives(machine, loop.pc, endsAt + BACK, advance)) return false;
      const core = machine.bootCore;
      arrivals.push({ endsAt, saved: machine.save(arrivals.at(-1)?.saved ?? before), registers: keptIn(core) });
      if (arrivals.length > ROUNDS) return remembersNothing(machine, arrivals);
      const next = finiteLoop(machine, advance);
      if (next?.pc !== loop.pc || next.endsAt <= endsAt + BACK) return false;
      ({ endsAt } = next);
    }
  } finally {
    machine.restore(before);
  }
}
function keptIn(core: Core): number[] {
  const registers = registerFile(core, core.pc);
  return KEPT.map((name) => registers[name] ?? 0);
}
function arrives(machine: Machine, pc: number, at: Ps, advance: (time: Ps) => void): boolean {
  advance(at);
  const core = machine.bootCore;
  for (let i = 0; core.pc !== pc || core.arm.ipsr !== 0; i++) if (i === TO_START || core.step() || core.halted) return false;
  return true;
}
/** From round to round each word is what it was two rounds before, or moves as the ticks do. */
function remembersNothing(machine: Machine, arrivals: readonly Arrival[]): boolean {
  const tick = sysTickPeriod(machine.bootCore);
  const ticks = arrivals.slice(1).map(({ endsAt }, i) => Math.round((endsAt - arrivals[i]!.endsAt) / tick));
  const isPlain = (values: readonly number[]): boolean =>
    values.every((v, i) => i < 2 || v === values[i - 2]) || ticks.every((n, i) => ((values[i + 1]! - values[i]!) | 0) === n);
  if (!KEPT.every((_, r) => isPlain(arrivals.map(({ registers }) => registers[r]!)))) return false;
  const dead = deadStack(machine);
  for (const [page, last] of arrivals.at(-1)!.saved.pages) {
    const all = arrivals.map(({ saved }) => saved.pages.get(page)?.bytes);
    if (all.every((bytes) => bytes === last.bytes)) continue;
    const words = all.map((bytes) => bytes && wordsOf(bytes));
    for (let i = 0; i < last.bytes.length >> 2; i++) {
      const host = (page << PAGE_BITS) + 4 * i;
      if (!(host >= dead.from && host < dead.end) && !isPlain(words.map((w) => w?.[i] ?? 0))) return false;
    }
  }
  return true;
}
function deadStack({ system, bootCore }: Machine): { readonly from: number; readonly end: number } {
  const sp = bootCore.arm.sp >>> 0;
  const region = system.regionAt(sp - 4);
  if (!region?.memory) return { from: 0, end: 0 };
  const end = system.hostOf(region, sp - 4) + 4;
  return { from: end - LEFT_OVER, end };
}
