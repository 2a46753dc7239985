/**
 * Requests that had to survive a reset. The run is repeated with watches: what was written shortly before a software reset, what became of it,
 * and what user code then read. Stack memory is left out; the rest is told by addresses and values alone.
 */
import type { MagicWord, Writer } from '../checks/check.ts';
import { PAGE_BITS } from '../emu/arena.ts';
import type { Interceptor } from '../emu/core/core-types.ts';
import type { Core } from '../emu/core/core.ts';
import { S } from '../emu/core/state.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { MS, type Ps } from '../emu/time.ts';
import type { Session } from './session.ts';

/** How long before the reset writes are looked at, and how many of the last ones. */
const BEFORE = 1 * MS;
const LAST_WRITES = 24;
/** How long after it. */
const AFTER = 500 * MS;

interface Candidate {
  readonly address: number;
  readonly wanted: number;
  readonly writer: Writer;
  atReset: number;
  inDirtyLine: boolean;
  read: number | null;
  reader: Writer | null;
  readWithoutClock: boolean;
  overwrittenBy: Writer | null;
}

/** Pages that hold RAM or registers of the backup domain: everything that a request could be kept in. */
function keeperPages(s: Session): Set<number> {
  const pages = new Set<number>();
  for (const m of s.machine.system.memories)
    if (m.row.kind === 'ram') for (let a = m.row.base; a < m.row.base + m.row.size; a += 1 << PAGE_BITS) pages.add(a >>> PAGE_BITS);
  for (const b of s.machine.system.blocks) if (b.row.backup) pages.add(b.row.base >>> PAGE_BITS);
  return pages;
}

export function traceMagic(s: Session, powerOn: Checkpoint): MagicWord[] {
  const { machine } = s;
  const resets = machine.history.resets.map((r) => r);
  const index = resets.findIndex((r) => r.by === 'software' && !r.external);
  if (index < 0) return [];
  const reset = resets[index]!;
  const end = resets[index + 1]?.at ?? reset.at + AFTER;
  s.keepCheckpoints = false;
  s.restore(powerOn);
  runTo(s, Math.max(0, reset.at - BEFORE));
  const pages = keeperPages(s);
  const writer = (core: Core): Writer => ({
    pc: core.pc,
    lr: core.get(S.LR),
    at: core.now(),
    kind: 'cpu',
    core: core.index,
    seq: machine.history.seq,
  });
  const writes = new Map<number, Candidate>();
  let lowestStack = 0xffffffff;
  let resetDone = false;
  const watch: Interceptor = {
    pages,
    read: (core, address, size) => {
      if (!resetDone) return null;
      const c = writes.get(address & ~3);
      if (c && c.read === null && core.zone === 'user' && size === 4) {
        const block = machine.system.regionAt(address, core.index)?.block;
        c.readWithoutClock = block != null && !machine.system.answersReads(block, address - block.row.base);
        c.read = c.readWithoutClock ? 0 : (core.peek(c.address, 4) ?? 0) >>> 0;
        c.reader = writer(core);
      }
      return null;
    },
    write: (core, address, size, value) => {
      lowestStack = Math.min(lowestStack, core.get(S.SP));
      const word = address & ~3;
      if (!resetDone) {
        if (size === 4) {
          writes.delete(word);
          writes.set(word >>> 0, {
            address: word >>> 0,
            wanted: value >>> 0,
            writer: writer(core),
            atReset: 0,
            inDirtyLine: false,
            read: null,
            reader: null,
            readWithoutClock: false,
            overwrittenBy: null,
          });
        }
      } else {
        const c = writes.get(word >>> 0);
        if (c && c.read === null) c.overwrittenBy ??= writer(core);
      }
      return value;
    },
  };
  machine.setRepairs(watch);
  const before = machine.observer.beforeReset;
  machine.observer.beforeReset = () => {
    before?.();
    if (resetDone) return;
    resetDone = true;
    const last = [...writes.values()].slice(-LAST_WRITES);
    writes.clear();
    for (const c of last) {
      if (c.address >= (lowestStack & ~3) && c.address < initialStack(s)) continue;
      // what memory holds is what the reset leaves, whatever the cache shows the core
      c.atReset = (machine.bootCore.peekBehindCache(c.address, 4) ?? 0) >>> 0;
      c.inDirtyLine = machine.bootCore.inDirtyLine(c.address);
      writes.set(c.address, c);
    }
  };
  try {
    runTo(s, end);
  } finally {
    machine.observer.beforeReset = before!;
    machine.setRepairs(null);
  }
  // a word that nobody asked for again was no request
  return [...writes.values()].filter((c) => c.read !== null || c.atReset !== c.wanted);
}

/** Top of the stack by the vector table that boots. */
function initialStack(s: Session): number {
  return (s.machine.bootCore.peek(s.machine.bootVectors(), 4) ?? 0) >>> 0;
}

function runTo(s: Session, time: Ps): void {
  while (s.machine.now < time) {
    const before = s.machine.now;
    s.machine.run(time);
    s.steps.poll();
    if (s.machine.now === before && s.machine.state.lockup) return;
  }
}
