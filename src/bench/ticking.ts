/**
 * A loop beside a running SysTick: proof that its handler can never change what the loop reads. Only a handler that does the same at every
 * tick is judged: straight code without a decision in it, the same instructions and the same addresses each time. Another handler may do
 * something else at its thousandth tick, and nothing is said.
 */
import type { Interceptor } from '../emu/core/core-types.ts';
import type { Core } from '../emu/core/core.ts';
import { EXC } from '../emu/core/scs-state.ts';
import { S } from '../emu/core/state.ts';
import { PAGE_BITS } from '../emu/arena.ts';
import type { SteadyLoop } from '../emu/idle.ts';
import type { Machine } from '../emu/machine.ts';
import { PS_PER_SECOND } from '../emu/time.ts';
import type { Session } from './session.ts';

const TICKS = 3;
const LONGEST_HANDLER = 2000;
const DECIDES = new Set(['B_cond', 'CBZ', 'IT', 'TBB', 'TBH', 'BLX']);
const LR = 14;

interface Tick {
  /** Instructions in order. */
  readonly path: string;
  readonly writes: ReadonlySet<number>;
}

/** Where SysTick alone can interrupt: its handler is straight code, and what it writes is disjoint from what the loop reads. Leaves the machine anywhere. */
export function tickCannotEnd(s: Session, loop: SteadyLoop): boolean {
  const wanted = new Set(loop.reads.map((r) => (r.address & ~3) >>> 0));
  let first: Tick | null = null;
  for (let i = 0; i < TICKS; i++) {
    const tick = nextTick(s);
    if (tick === null) return false;
    if ([...tick.writes].some((a) => wanted.has(a))) return false;
    if (
      first !== null &&
      (first.path !== tick.path || first.writes.size !== tick.writes.size || [...tick.writes].some((a) => !first!.writes.has(a)))
    )
      return false;
    first = tick;
  }
  return true;
}

/** SysTick runs with its interrupt; no block whose line is enabled has anything scheduled, and no line is pending. */
export function onlySysTick(s: Session): boolean {
  const { bootCore: core, system } = s.machine;
  if (((core.peek(0xe000e010, 4) ?? 0) & 3) !== 3) return false;
  const enabled = (line: number): boolean => ((core.get(S.NVIC_ENABLED + 4 * (line >>> 5)) >>> (line & 31)) & 1) !== 0;
  for (let word = 0; word < 16; word++) if ((core.get(S.NVIC_ENABLED + 4 * word) & core.get(S.NVIC_PENDING + 4 * word)) !== 0) return false;
  return system.blocks.every(
    (b) =>
      !(b.row.irqs ?? []).some(enabled) || !(system.hasArmedTimer(b) || (b.row.model?.startsWith('usb') === true && s.usb.state.cable)),
  );
}

/** Runs to the next exception and through its handler; null if that is another exception or a handler that decides something. */
function nextTick(s: Session): Tick | null {
  const { machine } = s;
  const core = machine.bootCore;
  let taken = 0;
  const hear = (exception: number): void => {
    taken = exception;
    machine.stop();
  };
  const limit = machine.now + PS_PER_SECOND;
  while (taken === 0) if (hearingExceptions(machine, hear, () => machine.run(limit)) !== 'stopped') return null;
  return taken === EXC.SYSTICK && core.get(S.IPSR) === EXC.SYSTICK ? throughHandler(s) : null;
}
/** Somebody else than the bench hears of the exceptions that are taken. */
export function hearingExceptions<T>(machine: Machine, hear: (exception: number) => void, action: () => T): T {
  const { observer } = machine;
  machine.observer = { ...observer, exception: (_core, exception) => hear(exception) };
  try {
    return action();
  } finally {
    machine.observer = observer;
  }
}

function throughHandler(s: Session): Tick | null {
  const { machine } = s;
  const { bootCore: core, system } = machine;
  const writes = new Set<number>();
  const sp = core.get(S.SP);
  for (let at = 0; at < frameBytes(core.get(S.LR)); at += 4) writes.add((sp + at) >>> 0);
  const pages = new Set<number>();
  for (const r of system.regions)
    if (r.memory?.row.kind === 'ram') for (let a = r.base; a < r.end; a += 1 << PAGE_BITS) pages.add(a >>> PAGE_BITS);
  let outside = false;
  const watch: Interceptor = {
    pages,
    everyDeviceWrite: true,
    write: (_core, address, _size, value) => {
      if (system.regionAt(address)?.memory?.row.kind === 'ram') writes.add((address & ~3) >>> 0);
      else outside = true;
      return value;
    },
  };
  const repairs = machine.setRepairs(watch);
  const trace = { reads: new Map<number, number>(), writes: 0, refreshes: 0 };
  core.trace(trace);
  const path: number[] = [];
  try {
    while (core.get(S.IPSR) === EXC.SYSTICK) {
      const from = core.pc;
      const before = core.retired();
      if (path.length > LONGEST_HANDLER || core.step() || core.halted) return null;
      if (!straight(core, from, core.retired() - before)) return null;
      path.push(from);
    }
  } finally {
    core.trace(null);
    machine.setRepairs(repairs);
  }
  const readsDevice = [...trace.reads.keys()].some((a) => a < 0xe0000000 && system.regionAt(a)?.block);
  return outside || readsDevice ? null : { path: path.join(), writes };
}

/** None of the `count` instructions from `from` on decides anything. One step takes those that cost no cycle with the one before them. */
function straight(core: Core, from: number, count: number): boolean {
  let at = from;
  for (let left = count; left > 0; left--) {
    const ins = core.instructionAt(at);
    if (!ins) return false;
    const { op, a, imm } = ins.decoded;
    if (DECIDES.has(op) || (op === 'BX' && a !== LR)) return false;
    if (left > 1 && (op === 'BL' || op === 'BX' || op.startsWith('POP') || op.startsWith('LDM'))) return false;
    at = op === 'B' ? (at + 4 + (imm ?? 0)) >>> 0 : at + ins.size;
  }
  return true;
}

/** By EXC_RETURN.FType: eight words, or 26 with the floating-point registers. */
const frameBytes = (excReturn: number): number => ((excReturn & 0x10) === 0 ? 104 : 32);
