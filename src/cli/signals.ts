/**
 * Signals, from the first moment of the program on. Who works says that he listens, and ends in his own way; where nobody does, nothing is half done, and the
 * program ends at once with the code of the signal. A second one of the same kind is not waited for by anybody: it ends the program as the system does.
 */
import { constants } from 'node:os';

/** Ctrl-C, kill, and a terminal or an SSH session that is closed: what was asked for is still written. */
export const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type EndSignal = (typeof ENDS)[number];
/** What a shell adds the number of the signal to that ended a program. */
export const SIGNALLED = 128;
/** Exit code of a command that was told to end before it was done. */
export const exitAfter = (signal: EndSignal): number => SIGNALLED + constants.signals[signal];

type Listener = (signal: EndSignal) => void;

export class Signals {
  /** The first that has come. */
  heard: EndSignal | null = null;
  private readonly listeners = new Set<Listener>();
  private readonly unheard: Listener;

  /** @param unheard one has come, and nobody listens */
  constructor(unheard: Listener) {
    this.unheard = unheard;
  }

  /** Somebody ends in his own way. */
  get hasListener(): boolean {
    return this.listeners.size > 0;
  }
  hear(signal: EndSignal): void {
    this.heard ??= signal;
    if (this.listeners.size === 0) this.unheard(signal);
    for (const listener of [...this.listeners]) listener(signal);
  }

  /** Who comes late is told, too. Returns what ends the listening. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.heard !== null) {
      const { heard } = this;
      queueMicrotask(() => this.listeners.has(listener) && listener(heard));
    }
    return () => void this.listeners.delete(listener);
  }
}

/** Work that gives nobody a turn. Where it is done in the thread that hears signals, one of them ends the program as the system does: nobody would hear it. */
export const SYSTEM = { unheard: <T>(work: () => T): T => work() };

/** Work that gives nobody a turn, before anything is begun. In a thread of its own nothing is lost where a signal ends the command meanwhile, see `Reading`. */
export const READS = { only: <T>(work: () => T): T => work() };

/** What two threads share of a command: the number of the signal that has come, and whether the command does no more than read. */
export class Reading {
  static readonly BYTES = 8;
  private readonly words: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.words = new Int32Array(shared);
  }

  /** The thread of the command. */
  only<T>(work: () => T): T {
    Atomics.store(this.words, READS_AT, READS_ONLY);
    try {
      return work();
    } finally {
      // who ends this thread has said so: it begins nothing any more
      if (Atomics.compareExchange(this.words, READS_AT, READS_ONLY, BEGINS) === ENDED) Atomics.wait(this.words, READS_AT, ENDED);
    }
  }
  /** The other one. True: the command only reads, and begins nothing any more. */
  end(): boolean {
    return Atomics.compareExchange(this.words, READS_AT, READS_ONLY, ENDED) === READS_ONLY;
  }
}
const READS_AT = 1;
const [BEGINS, READS_ONLY, ENDED] = [0, 1, 2];

/** Those of this process; installed where this is called first. */
export function signalsOfProcess(): Signals {
  const signals = new Signals((signal) => process.exit(exitAfter(signal)));
  const listeners = ENDS.map((signal) => ({ signal, hear: () => signals.hear(signal) }));
  for (const { signal, hear } of listeners) process.once(signal, hear);
  SYSTEM.unheard = (work) => {
    const waiting = listeners.filter(({ signal, hear }) => process.listeners(signal).includes(hear));
    for (const { signal, hear } of waiting) process.off(signal, hear);
    try {
      return work();
    } finally {
      for (const { signal, hear } of waiting) process.once(signal, hear);
    }
  };
  return signals;
}
