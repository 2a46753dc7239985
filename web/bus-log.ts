/** The transfers on the bus of a machine that is stepped: each with its bytes, the last ones kept. */
import type { TraceTransfer } from '../src/bench/documents/trace-types.ts';
import type { Session } from '../src/bench/session/session.ts';
import type { Ps } from '../src/emu/time.ts';
import { copyOf, driverOf, isInterruptTransfer } from '../src/usb-sim/outside.ts';
import type { TappedStatus, Transfer } from '../src/usb-sim/types.ts';
import type { UsbTap } from '../src/usb-sim/usb-sim.ts';

/** Effort. */
const MOST = 4000;

export class BusLog implements UsbTap {
  private readonly usb: Session['usb'];
  private transfers: TraceTransfer[] = [];
  constructor({ usb }: Session) {
    this.usb = usb;
    usb.tap = this;
  }

  /** The last one that has begun. */
  get last(): TraceTransfer | null {
    return this.transfers.at(-1) ?? null;
  }
  /** The machine has gone back: what was later has not been. */
  cut(now: Ps): void {
    this.transfers = this.transfers
      .filter(({ from }) => from <= now)
      .map((t) => (t.to !== null && t.to > now ? { ...t, to: null, status: null, ended: null } : t));
  }
  started(t: Readonly<Transfer>, from: Ps): void {
    const { state } = this.usb;
    if (this.transfers.length >= MOST) this.transfers.splice(0, MOST / 2);
    const asked = { interrupt: isInterruptTransfer(state, t), driver: driverOf(state, t) };
    this.transfers.push({ from, to: null, status: null, ...asked, started: copyOf(t), ended: null });
  }
  /** A transfer that never got to the bus has not begun. */
  ended(t: Readonly<Transfer>, status: TappedStatus, to: Ps): void {
    const i = this.transfers.findLastIndex(
      ({ to: end, started: s }) => end === null && s.kind === t.kind && s.endpoint === t.endpoint && s.started === t.started,
    );
    if (i >= 0) this.transfers[i] = { ...this.transfers[i]!, to, status, ended: copyOf(t) };
  }
}
