/**
 * RAM with ECC keeps a store that is narrower than its ECC word in a buffer of one word, until another narrow store to another word of the same RAM, or a store that makes the
 * word whole; a whole word goes past it. A reset loses what the buffer holds (RM0433 2.4, AN5342: documented; the rest from ST's FAQ on lost SRAM contents: reported; that two
 * halves make a word whole: inferred, STRD is one access). A run without it cannot tell what was held, short of a look at every store; so where a request lived through the
 * first software reset, the stretch before it is repeated, and if the request was held then, the whole run is made anew without it: there each software reset that finds the
 * same word in the RAM loses it, as the same code has stored it again.
 */
import { hex, type MagicWord } from '../../checks/check.ts';
import type { MemoryRow } from '../../emu/chip.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import type { EccLoss } from '../input/run-input.ts';
import type { Session } from '../session/session.ts';
import { runTo } from './window.ts';

/** CCR.DC: lines of the data cache reach memory whole. */
const DATA_CACHE = 1 << 16;

export const hasEcc = (s: Session): boolean => s.input.chip.memories.some((m) => m.eccBytes !== undefined);

/** Words of a request that silicon loses at the first software reset. Leaves the session anywhere. */
export function eccLosses(s: Session, powerOn: Checkpoint, finished: Checkpoint, words: readonly MagicWord[]): EccLoss[] {
  const reset = finished.history.resets.find((r) => r.by === 'software' && !r.external);
  if (reset === undefined) return [];
  const losses = new Map<number, EccLoss>();
  for (const w of words) {
    const ram = s.input.chip.memories.find((m) => m.eccBytes !== undefined && w.address >= m.base && w.address < m.base + m.size);
    if (ram === undefined || w.writer === null || w.wanted === null || w.read !== w.wanted) continue;
    const loss = heldAt(s, powerOn, reset.at, ram, w);
    if (loss !== null) losses.set(loss.address, loss);
  }
  return [...losses.values()];
}

export const lossInWords = ({ address, ram }: EccLoss): string =>
  `a software reset lost the last store to ${ram.name}, at ${hex(address)}, which was still in the ECC write buffer (RM0433 2.4, AN5342)`;
/** Why, for a report. */
export const eccRule = (ram: MemoryRow): string =>
  `a store narrower than the ECC word of ${8 * ram.eccBytes!} bits stays in a buffer until the next narrow store to another word of ${ram.name}, and a reset discards the buffer`;

/** The ECC word of a request with what the RAM held of it, if the buffer had the rest when the reset came. */
function heldAt(s: Session, powerOn: Checkpoint, resetAt: Ps, ram: MemoryRow, w: MagicWord): EccLoss | null {
  const storedAt = w.writer!.at;
  const start = [powerOn, ...s.trail].filter((c) => c.system.now < storedAt).sort((a, b) => b.system.now - a.system.now)[0] ?? powerOn;
  s.keepCheckpoints = false;
  s.restore(start);
  runTo(s, Math.max(start.system.now, storedAt - 1 * US));
  const { machine } = s;
  const buffer = new WriteBuffer(ram.eccBytes!);
  let stored: Uint8Array = new Uint8Array(0);
  const [first, last] = [ram.base >>> PAGE_BITS, (ram.base + ram.size - 1) >>> PAGE_BITS];
  const watch: Interceptor = {
    pages: new Set(Array.from({ length: last - first + 1 }, (_, i) => first + i)),
    write: (core, address, size, value) => {
      const over = machine.history.resets.some((r) => r.at >= resetAt);
      if (!over && address >= ram.base && address < ram.base + ram.size) buffer.store(core, address, size);
      return value;
    },
  };
  const { observer } = machine;
  machine.observer = {
    ...observer,
    beforeReset: () => {
      if (buffer.held !== null && machine.now <= resetAt) stored = bytesAt(machine.bootCore, buffer.held.address, ram.eccBytes!);
      observer.beforeReset?.();
    },
  };
  const repairs = machine.setRepairs(watch);
  try {
    runTo(s, resetAt);
  } finally {
    machine.setRepairs(repairs);
    machine.observer = observer;
  }
  const { held } = buffer;
  if (held === null || w.address < held.address || w.address >= held.address + ram.eccBytes!) return null;
  return { ...held, stored, ram };
}

/** The one ECC word that a RAM holds back; STRD comes as its two halves. */
export class WriteBuffer {
  private readonly width: number;
  held: { readonly address: number; readonly bytes: Uint8Array } | null = null;
  /** Bytes of the held word that have been stored, a bit each. */
  private given = 0;

  constructor(width: number) {
    this.width = width;
  }

  /** Called before the store. */
  store(core: Core, address: number, size: number): void {
    const { width } = this;
    if ((core.arm.ccr & DATA_CACHE) !== 0) return;
    const word = address - (address % width);
    if (this.held?.address !== word) {
      if (size >= width) return;
      this.held = { address: word, bytes: bytesAt(core, word, width) };
      this.given = 0;
    }
    this.given |= ((1 << size) - 1) << (address - word);
    if (this.given === (1 << width) - 1) this.held = null;
  }
}
const bytesAt = (core: Core, address: number, width: number): Uint8Array =>
  Uint8Array.from({ length: width }, (_, i) => core.peekBehindCache(address + i, 1) ?? 0);
