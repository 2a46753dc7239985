/**
 * RAM with ECC keeps the last store that was narrower than its ECC word in a buffer until the next store to the same RAM; a reset loses it (RM0433 2.4, AN5342:
 * documented). The run itself keeps such a store: which one was the last cannot be told without a look at every store. Where a request that lived through a reset
 * was such a store, that is found out here by repeating the stretch before the reset, and said.
 */
import { hex, type MagicWord } from '../checks/check.ts';
import type { MemoryRow } from '../emu/chip.ts';
import { PAGE_BITS } from '../emu/arena.ts';
import type { Interceptor } from '../emu/core/core-types.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { US } from '../emu/time.ts';
import { traceRequests } from './requests.ts';
import type { Session } from './session.ts';
import { runTo } from './slice/window.ts';

/** CCR.DC: lines of the data cache reach memory whole. */
const DATA_CACHE = 1 << 16;

/** Notes about requests that silicon loses. Leaves the session anywhere. */
export function eccNotes(
  s: Session,
  powerOn: Checkpoint,
  finished: Checkpoint,
  known: readonly MagicWord[],
): { kind: string; text: string }[] {
  const rams = s.input.chip.memories.filter((m) => m.eccBytes !== undefined);
  const reset = finished.history.resets.find((r) => r.by === 'software' && !r.external);
  if (rams.length === 0 || reset === undefined) return [];
  const words = known.length > 0 ? known : traceRequests(s, powerOn, true);
  const notes: { kind: string; text: string }[] = [];
  for (const w of words) {
    const ram = rams.find((m) => w.address >= m.base && w.address < m.base + m.size);
    if (ram === undefined || w.writer === null || w.wanted === null || w.read !== w.wanted) continue;
    if (unfinished(s, powerOn, w, ram, reset.at)) notes.push({ kind: 'ecc', text: inWords(w, ram) });
  }
  return notes;
}

const inWords = (w: MagicWord, ram: MemoryRow): string =>
  `on silicon the reset loses what was stored at ${hex(w.address)}: ${ram.name} has ECC over ${8 * ram.eccBytes!} bits, this was the last store to it, and narrower; ` +
  `this run kept it. Store a dummy word to another address of the same RAM before the reset (RM0433 2.4, AN5342)`;

/** Nothing was stored to another ECC word of the same RAM between this narrow store and the reset. */
function unfinished(s: Session, powerOn: Checkpoint, w: MagicWord, ram: MemoryRow, resetAt: number): boolean {
  const storedAt = w.writer!.at;
  const start = [powerOn, ...s.trail].filter((c) => c.system.now < storedAt).sort((a, b) => b.system.now - a.system.now)[0] ?? powerOn;
  s.keepCheckpoints = false;
  s.restore(start);
  runTo(s, Math.max(start.system.now, storedAt - 1 * US));
  const { machine } = s;
  const [first, last] = [ram.base >>> PAGE_BITS, (ram.base + ram.size - 1) >>> PAGE_BITS];
  const inside = (address: number): boolean => address >= ram.base && address < ram.base + ram.size;
  const wordOf = (address: number): number => Math.floor(address / ram.eccBytes!);
  let held = false;
  const watch: Interceptor = {
    pages: new Set(Array.from({ length: last - first + 1 }, (_, i) => first + i)),
    write: (core, address, size, value) => {
      if (machine.history.resets.some((r) => r.at >= resetAt) || !inside(address) || core.now() < storedAt) return value;
      if (wordOf(address) === wordOf(w.address)) held = size < ram.eccBytes! && (core.arm.ccr & DATA_CACHE) === 0;
      else held = false;
      return value;
    },
  };
  const repairs = machine.setRepairs(watch);
  try {
    runTo(s, resetAt);
  } finally {
    machine.setRepairs(repairs);
  }
  return held;
}
