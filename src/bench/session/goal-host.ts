/** The host of a goal that is not USB: behind each entry into the ROM it says what such a host says first, and looks for the acknowledgement. */
import { printedBehind } from '../../emu/console-text.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { freshGoal, type GoalState } from '../documents/goal.ts';
import type { PlannedAction } from '../documents/scenario-types.ts';
import type { Asking } from '../input/goal.ts';
import { pinsOfPort } from '../../rom/profile.ts';
import { alternateOf } from '../../peripherals/wires.ts';
import type { System } from '../../emu/system.ts';
import type { LiveRun } from './live-run.ts';
import { fieldOf } from './field-of.ts';
import { baudOf, isRead } from './uart-rate.ts';

/** F1's ROM writes APB2ENR = 0x4004 and leaves AFIO alone (F103 V2.2, 0x1FFFF38A, measured): what remaps its USART stays (RM0008 9.3.8). */
const REMAPPED: Readonly<Record<string, string>> = { USART1: 'AFIO.MAPR.USART1_REMAP' };
/** F1's receiver hears its pin as an input; on all others GPIO leads both to the USART as an alternate function (RM0008 9.1.11, RM0090 8.3.2). */
const hasPins = (system: System, rx: string, tx: string): boolean =>
  system.level(alternateOf(tx)) !== 0 && (system.level(alternateOf(rx)) !== 0 || system.findBlock('AFIO') !== undefined);
/** Behind the ROM's start-up (AN2606 Table 227), with room. */
const READY = 150 * MS;
/** Between two things that a host says. */
const PAUSE = 2 * MS;

/** What the host needs of the run. */
interface Run extends Pick<LiveRun, 'machine' | 'profile' | 'state'> {
  readonly steps: LiveRun['steps'] & { append(action: PlannedAction): void };
}

/** Asks behind each entry into the ROM. Its state is the session's, so it is saved and restored with the machine. */
export class GoalHost {
  private readonly run: Run;
  private readonly asking: Asking;
  private readonly slot: number;

  constructor(run: Run, asking: Asking) {
    this.run = run;
    this.asking = asking;
    this.slot = run.machine.system.addTimer('goal', () => this.due());
  }
  private get state(): GoalState {
    return this.run.state.goal;
  }
  private get printed(): string {
    return printedBehind(this.run.machine.state.console[this.asking.port.toLowerCase()], this.state.printed);
  }

  /** The ROM has just been entered. */
  entered(): void {
    const { machine, profile } = this.run;
    if (this.state.at !== null) return;
    const printed = machine.state.console[this.asking.port.toLowerCase()]?.count ?? 0;
    this.run.state.goal = { ...freshGoal(), asked: machine.history.entryCount, printed };
    this.arm((profile?.startUpMs.value ?? 0) * MS + READY);
  }
  private arm(after: Ps): void {
    const { machine } = this.run;
    machine.system.scheduler.arm(this.slot, machine.now + after);
  }
  private due(): void {
    const { machine, steps } = this.run;
    const { state, asking } = this;
    const action = asking.says[state.next];
    if (action === undefined || state.at !== null || !machine.state.inSystem || machine.history.entryCount !== state.asked) return;
    // the user's own steps come first
    if (steps.remaining) {
      state.heldUp += PAUSE;
      return this.arm(PAUSE);
    }
    state.next++;
    steps.append(action);
    this.arm(PAUSE);
  }
  /** Somebody else holds the line low on which the ROM answers, or its USART does not have these pins: it is at others, or their port is locked. */
  private get isMute(): boolean {
    const { machine, profile } = this.run;
    const { port, baud } = this.asking;
    const { rx, tx } = pinsOfPort(profile, port);
    if (baud === null || rx === undefined || tx === undefined) return false;
    const { system } = machine;
    return system.wire(`pin.${tx}`) === 0 || (fieldOf(machine, REMAPPED[port] ?? '') ?? 0) !== 0 || !hasPins(system, rx, tx);
  }
  /** Looked at after each stretch of running. */
  poll(): void {
    const { state, asking, run } = this;
    if (state.at !== null || state.asked === 0 || !run.machine.state.inSystem || this.isMute || !asking.acknowledged(this.printed)) return;
    if (asking.baud === null || isRead(run.machine, asking.port, asking.baud)) state.at = run.machine.now;
    else state.otherRate = baudOf(run.machine, asking.port);
  }
}
