/** A session that stays alive after its run, for clients outside: WebUSB, USB/IP, property tests, the conformance kit. */
import { PATIENCE_IF_SERVING } from '../../emu/core/translate/tier.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { HeldBus } from '../../usb-sim/held-bus.ts';
import type { UsbSim } from '../../usb-sim/usb-sim.ts';
import { unasked, type RunInput } from '../input/run-input.ts';
import type { SessionEnd } from './live-run.ts';
import { Session, type SessionOptions } from './session.ts';

/** Between two looks at the budget. */
const BOUNDED_STRETCH = 50 * MS;

export class HeldMachine {
  readonly session: Session;
  readonly bus: HeldBus;
  /** Whether it ends with the budget of its session: `run` throws CutShort then. A server ends otherwise. */
  bounded = false;

  constructor(input: RunInput, clock?: () => number, options: SessionOptions = {}) {
    this.session = new Session(unasked(input), options);
    this.session.keepCheckpoints = false;
    const { machine } = this.session;
    this.bus = new HeldBus({ usb: this.usb, run: (limit) => this.run(limit), ...(clock ? { clock } : {}) });
    this.usb.onOutside = () => machine.stop();
  }

  get usb(): UsbSim {
    return this.session.usb;
  }

  /** From power-on to where the run ends by the rules of the bench: a device is on the bus by then, or none comes. */
  start(): SessionEnd {
    this.session.held = false;
    const end = this.session.run();
    this.session.held = true;
    for (const core of this.session.machine.cores) core.setShortRun(true, PATIENCE_IF_SERVING);
    return end;
  }
  /** Runs to `limit`, or until a transfer of a client has ended or the device has come or gone. */
  run(limit: Ps): void {
    const { machine, steps, budget } = this.session;
    if (this.bounded) budget.spend(0);
    if (machine.run(this.bounded ? Math.min(limit, machine.now + BOUNDED_STRETCH) : limit) === 'stopped') steps.poll();
  }
  save(): Checkpoint {
    return this.session.save();
  }
  restore(checkpoint: Checkpoint): void {
    this.session.restore(checkpoint);
  }
  /** The machine is not used any more. */
  release(): void {
    this.bus.close();
    this.session.release();
  }
}
