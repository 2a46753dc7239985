/**
 * A machine that is held for clients outside: virtual time runs while somebody waits for something on the bus, and stands still while nobody
 * does. A client that waits for an answer gets it as fast as the machine can run; one that only listens (a polled IN pipe, a device that may
 * come) sees virtual time pass no faster than real time. Real time decides how long a wait takes, never what happens on the timeline.
 */
import { MS, type Ps } from '../emu/time.ts';
import type { UsbSim } from './usb-sim.ts';

export interface HeldBusOptions {
  readonly usb: UsbSim;
  /** Runs the machine to this time, or until something has happened that `UsbSim.onOutside` tells of. */
  readonly run: (limit: Ps) => void;
  /** Milliseconds of real time, any origin; the default is `performance.now`. */
  readonly clock?: () => number;
}

export interface WaitOptions {
  /** Virtual time after which the wait is given up; default: never. */
  readonly limit?: Ps;
  /** `real`: virtual time may not run ahead of real time unless somebody else waits `fast`. */
  readonly pace?: 'fast' | 'real';
  readonly signal?: AbortSignal;
}

interface Waiter {
  readonly done: () => boolean;
  readonly limit: Ps;
  readonly pace: 'fast' | 'real';
  readonly settle: (came: boolean) => void;
  readonly fail: (error: unknown) => void;
}

/** Where virtual and real time began to go at one pace. */
interface Anchor {
  readonly at: Ps;
  readonly clock: number;
}

/** Effort: virtual length of a stretch at first; it is then fitted to `STRETCH_MS` of real time. */
const FIRST_STRETCH = 1 * MS;
/** Effort: and at most. */
const LONGEST_STRETCH = 100 * MS;
/** Effort: real time of a stretch. */
const STRETCH_MS = 5;
/** Effort: steps of virtual time that follows real time. */
const REAL_STEP_MS = 10;
/** Effort: real time after which other work of the program gets its turn. */
const TURN_MS = 10;

export class HeldBus {
  readonly usb: UsbSim;
  private readonly run: (limit: Ps) => void;
  private readonly clock: () => number;
  private readonly waiters = new Set<Waiter>();
  /** Whom a signal stops. */
  private readonly stopped = new Map<AbortSignal, { readonly waiters: Set<Waiter>; readonly stop: () => void }>();
  private stretch = FIRST_STRETCH;
  private working = false;
  private closed = false;
  private wake: (() => void) | null = null;

  constructor({ usb, run, clock }: HeldBusOptions) {
    this.usb = usb;
    this.run = run;
    this.clock = clock ?? (() => performance.now());
  }

  get now(): Ps {
    return this.usb.now();
  }

  /** Lets virtual time run until `done()`; false when `limit` or the signal came first. */
  wait(done: () => boolean, { limit = Infinity, pace = 'fast', signal }: WaitOptions = {}): Promise<boolean> {
    if (done()) return Promise.resolve(true);
    if (this.closed || signal?.aborted || this.now >= limit) return Promise.resolve(false);
    return new Promise((settle, fail) => {
      const end = (finish: () => void): void => {
        if (signal) this.stopsNoMore(signal, waiter);
        finish();
      };
      const waiter: Waiter = { done, limit, pace, settle: (came) => end(() => settle(came)), fail: (error) => end(() => fail(error)) };
      if (signal) this.stopsBy(signal, waiter);
      this.waiters.add(waiter);
      this.wake?.();
      if (!this.working) void this.work();
    });
  }

  /** As `wait` without giving way to anything else: for tests, where nothing comes from outside meanwhile. */
  runUntil(done: () => boolean, limit: Ps): boolean {
    while (!done()) {
      if (this.now >= limit) return false;
      this.run(limit);
    }
    return true;
  }

  /** The machine is given up: whoever waits is told that it did not come. */
  close(): void {
    this.closed = true;
    for (const w of [...this.waiters]) this.end(w, false);
    this.wake?.();
  }

  /** A client has hundreds of transfers out by one signal, and Node warns of more than ten listeners: one listener for all of them. */
  private stopsBy(signal: AbortSignal, waiter: Waiter): void {
    let stopped = this.stopped.get(signal);
    if (!stopped) {
      const waiters = new Set<Waiter>();
      stopped = { waiters, stop: () => [...waiters].forEach((w) => this.end(w, false)) };
      this.stopped.set(signal, stopped);
      signal.addEventListener('abort', stopped.stop);
    }
    stopped.waiters.add(waiter);
  }
  private stopsNoMore(signal: AbortSignal, waiter: Waiter): void {
    const { waiters, stop } = this.stopped.get(signal)!;
    waiters.delete(waiter);
    if (waiters.size > 0) return;
    signal.removeEventListener('abort', stop);
    this.stopped.delete(signal);
  }

  private end(waiter: Waiter, came: boolean): void {
    if (this.waiters.delete(waiter)) waiter.settle(came);
  }

  private async work(): Promise<void> {
    this.working = true;
    try {
      let turn = this.clock();
      let anchor: Anchor | null = null;
      while (this.waiters.size > 0) {
        const fast = [...this.waiters].some((w) => w.pace === 'fast');
        if (fast) anchor = null;
        else anchor ??= { at: this.now, clock: this.clock() };
        // in steps: whoever runs each microsecond as it passes has no time for the client that thinks meanwhile
        if (this.behind(anchor) < REAL_STEP_MS * MS) await this.sleep(REAL_STEP_MS);
        const behind = this.behind(anchor);
        if (behind > 0) this.oneStretch(Math.ceil(behind));
        for (const w of [...this.waiters]) {
          if (w.done()) this.end(w, true);
          else if (this.now >= w.limit) this.end(w, false);
        }
        // a client that was answered asks again at once: promises come first, then sockets and timers
        await null;
        if (this.clock() - turn < TURN_MS) continue;
        await new Promise((next) => setTimeout(next, 0));
        turn = this.clock();
      }
    } catch (error) {
      for (const w of [...this.waiters]) {
        this.waiters.delete(w);
        w.fail(error);
      }
    } finally {
      this.working = false;
    }
  }

  /** How far virtual time has to go to be where real time is; without an anchor it may run ahead. */
  private behind(anchor: Anchor | null): Ps {
    return anchor ? anchor.at + (this.clock() - anchor.clock) * MS - this.now : Infinity;
  }
  private oneStretch(most: Ps): void {
    let limit = this.now + Math.min(this.stretch, most);
    for (const w of this.waiters) limit = Math.min(limit, w.limit);
    const [at, from] = [this.clock(), this.now];
    this.run(limit);
    const took = this.clock() - at;
    if (took > 2 * STRETCH_MS) this.stretch = Math.max(FIRST_STRETCH / 16, Math.floor(this.stretch / 2));
    else if (took < STRETCH_MS && this.now - from >= this.stretch) this.stretch = Math.min(LONGEST_STRETCH, 2 * this.stretch);
  }

  /** Sleeps, or until somebody new waits. */
  private sleep(ms: number): Promise<void> {
    return new Promise((next) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = null;
        next();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
    });
  }
}
