/** The vector table in force when a leave has started a program: the ROM's, if the program relied on what a reset leaves in VTOR or at address 0. */
import type { Writer } from '../../checks/check.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import { familyOf, inC, maskOf, registerOf } from '../../checks/families.ts';
import { enablerOf } from '../../checks/writers.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { Machine } from '../../emu/machine.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { hasVtor } from './leave.ts';
import { repairTarget } from './repairs.ts';

/** An exception of the program that went to the ROM. */
export interface WrongTable {
  readonly exception: string;
  /** What enabled it; null where the program did not. */
  readonly by: Writer | null;
  /** What the program has to do first, in C. */
  readonly fix: string;
}

/** The exceptions of the program reach its own handlers. */
export function setOwnTable(machine: Machine, table: number): void {
  const target = repairTarget(machine);
  const field = remapOf(machine);
  if (hasVtor(machine)) target.setCore('vtor', table);
  else if (field !== null) target.setField(field, 0);
}
const remapOf = ({ chip }: Machine): string | null => familyOf(chip)?.remap?.field ?? null;

/** What an application has to do first where it has VTOR. */
export const vtorInC = (table: number): string => `SCB->VTOR = ${hex32(table)}`;

/** The session stands behind a leave, where exception `number` is being taken to the ROM. */
export function wrongTable({ machine, leave }: Session, number: number): WrongTable {
  const field = remapOf(machine);
  const fix = hasVtor(machine)
    ? vtorInC(leave?.table ?? 0)
    : field === null
      ? 'the mapping of its vectors to address 0'
      : `${inC(registerOf(field))} &= ~${hex32(maskOf(machine.chip, field))}`;
  return { exception: exceptionName(machine.chip, number), by: enabledBy(machine, number), fix };
}

function enabledBy({ history }: Machine, exception: number): Writer | null {
  const line = exception - EXC.IRQ0;
  if (exception === EXC.SYSTICK) return history.lastWriter('CPU.SYST_CSR', 3);
  return line < 0 ? null : enablerOf(history, line);
}

export function wrongTableInWords({ exception, by, fix }: WrongTable, place: (pc: number) => string): string {
  const enabled = by === null ? '' : `, enabled at ${place(by.pc)}`;
  return `its exceptions go to the ROM's table (first ${exception}${enabled}): ${fix} belongs at the start of main()`;
}
