/**
 * Lockstep of a board and the emulated chip: both run to the same place, then instruction by instruction, and the first register that differs is named. It
 * is a new fact about silicon or a defect here. Values that a program reads from counters and identity words differ by nature.
 */
import type { GdbTarget } from './gdb-target.ts';
import { hasArrived, runTo, type Arrival } from './run-board.ts';
import { BoardError } from './rsp-client.ts';

export interface StepDifference {
  /** Steps that were equal before. */
  readonly step: number;
  /** The instruction behind which they differ. */
  readonly pc: number;
  readonly register: string;
  readonly board: number;
  readonly emulated: number;
  /** All that differ there. */
  readonly others: readonly string[];
}
export interface StepResult {
  readonly from: number;
  readonly steps: number;
  /** PC behind the last equal step. */
  readonly to: number;
  readonly difference: StepDifference | null;
}
export interface StepSettings {
  readonly from: number;
  readonly steps: number;
  /** Milliseconds to `from`, on each side. */
  readonly timeout: number;
  readonly onStep?: (step: number) => void;
}

const NAMES = [
  'pc',
  ...Array.from({ length: 13 }, (_, i) => `r${i}`),
  'sp',
  'lr',
  'xpsr',
  'msp',
  'psp',
  'primask',
  'basepri',
  'faultmask',
  'control',
];

export async function stepCompare(board: GdbTarget, emulated: GdbTarget, settings: StepSettings): Promise<StepResult> {
  const { from, steps, timeout } = settings;
  const arrived = (who: string, a: Arrival): void => {
    if (!hasArrived(a)) throw new BoardError(`${who} does not come to 0x${from.toString(16)}: it is at 0x${a.pc.toString(16)}`);
  };
  arrived('the board', await runTo(board, from, timeout));
  arrived('the emulated chip', await runTo(emulated, from, timeout));
  let pc = from;
  for (let step = 0; ; step++) {
    const [a, b] = [await board.readAll(NAMES), await emulated.readAll(NAMES)];
    const different = NAMES.filter((name) => a.has(name) && b.has(name) && a.get(name) !== b.get(name));
    const [register] = different;
    if (register !== undefined) {
      const difference = { step, pc, register, board: a.get(register)!, emulated: b.get(register)!, others: different.slice(1) };
      return { from, steps: step, to: pc, difference };
    }
    pc = a.get('pc') ?? pc;
    if (step === steps) return { from, steps, to: pc, difference: null };
    settings.onStep?.(step);
    await board.step();
    await emulated.step();
  }
}
