/** The run goes on as with the handler that the program meant, where the vector was taken from a wrong place. */
import { setRegister } from '../../emu/core/arm/register-file.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Session } from '../session/session.ts';
import { cutTable, type CutTable } from '../slice/cut-table.ts';
import { place } from '../slice/words.ts';
import { goOn } from './attempt.ts';

export interface MeantHandler {
  readonly table: CutTable;
  /** `interrupt 38 (USART2)` */
  readonly exception: string;
  /** `main.c:28 (on_usart2)` */
  readonly handler: string;
  /** With that handler the goal is reached. */
  readonly reached: boolean;
}

/** Null where the vector is right. Leaves the session anywhere. */
export function meantHandler(s: Session, finished: Checkpoint): MeantHandler | null {
  s.keepCheckpoints = false;
  s.restore(finished);
  const core = s.machine.bootCore;
  const table = cutTable(s);
  if (table === null) return null;
  const found = { table, exception: exceptionName(s.machine.chip, core.arm.ipsr), handler: place(s, table.meant) };
  // a loop that has called nothing: what the exception left in LR is still there
  if (core.arm.lr >>> 0 < EXC_RETURN) return { ...found, reached: false };
  setRegister(core, 'pc', table.meant);
  return { ...found, reached: goOn(s).reached };
}
const EXC_RETURN = 0xffffff00;
