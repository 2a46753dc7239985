/** The vector table in force when a leave has started a program: the ROM's, if the program relied on what a reset leaves in VTOR or at address 0. */
import type { Writer } from '../../checks/check.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import { familyOf, inC, inManual, maskOf, registerOf } from '../../checks/families.ts';
import { enablerOf } from '../../checks/writers.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { Machine } from '../../emu/machine.ts';
import { codePlace, symbolAt, type LoadedImage } from '../../image/image.ts';
import { hex32, type NotAlive, type Place } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { repairTarget } from './repairs.ts';

/** An exception of the program that went to the ROM. */
export interface WrongTable {
  readonly exception: string;
  /** What enabled it; null where the program did not. */
  readonly by: Writer | null;
  /** What the program has to do first, in C. */
  readonly fix: string;
  /** Where the table is said to be: as it is, and as the program needs it. Null where nothing is known to say it. */
  readonly left: NotAlive['left'][number] | null;
  /** VTOR right before the jump, where the program set its own: see `tableForJump`. */
  readonly atJump: number | null;
}

/** Armv6-M has none on some parts. */
export const hasVtor = (machine: Machine): boolean => registerFile(machine.bootCore, 0)['vtor'] !== undefined;

/** The exceptions of the program reach its own handlers. */
export function setOwnTable(machine: Machine, table: number): void {
  const target = repairTarget(machine);
  const field = remapField(machine);
  if (hasVtor(machine)) target.setCore('vtor', table);
  else if (field !== null) target.setField(field, 0);
}
export const remapField = ({ chip }: Machine): string | null => familyOf(chip)?.remap?.field ?? null;

/** What an application has to do first where it has VTOR. */
export const vtorInC = (table: number): string => `SCB->VTOR = ${hex32(table)}`;

/**
 * The table that a program with its own one in VTOR has to give back before it jumps: whether the real ROM sets VTOR is not known, and main() runs in front of its own
 * jump, too. Null where the jump does not rely on the reset value, or the start-up code makes it, which has not called main() yet.
 */
export function tableForJump({ machine, input, leave }: Session): number | null {
  const table = leave?.table ?? 0;
  const romTable = machine.chip.rom?.vectorTable.value ?? 0;
  const entry = machine.history.entries.at(-1);
  if (!hasVtor(machine) || entry?.how !== 'branch' || entry.fromPc === null) return null;
  if ([table, romTable].includes(entry.registers['vtor'] ?? 0)) return null;
  const reset = ((machine.bootCore.peek((table + 4) >>> 0, 4) ?? 0) & ~1) >>> 0;
  return symbolAt(input.images, entry.fromPc)?.symbol.address === reset ? null : romTable;
}

/** The session stands behind a leave, where exception `number` is being taken to the ROM. */
export function wrongTable(s: Session, number: number): WrongTable {
  const { machine, leave } = s;
  const field = remapField(machine);
  const fix = hasVtor(machine)
    ? vtorInC(leave?.table ?? 0)
    : field === null
      ? 'the mapping of its vectors to address 0'
      : `${inC(registerOf(field))} &= ~${hex32(maskOf(machine.chip, field))}`;
  return {
    exception: exceptionName(machine.chip, number),
    by: enabledBy(machine, number),
    fix,
    left: tableOf(machine, leave?.table ?? 0),
    atJump: tableForJump(s),
  };
}
function tableOf(machine: Machine, table: number): WrongTable['left'] {
  const { vtor } = registerFile(machine.bootCore, 0);
  if (vtor !== undefined) return { id: 'leave-vtor', observed: `VTOR = ${hex32(vtor)}`, expected: `VTOR = ${hex32(table)}` };
  const field = remapField(machine);
  const is = (value: number): string => `${inManual(field!)} = ${value}`;
  return field === null ? null : { id: 'leave-remap', observed: is(machine.fieldValue(field)), expected: is(0) };
}
/** As data. */
export const asNotAlive = ({ exception, by, fix, left }: WrongTable, images: readonly LoadedImage[]): NotAlive => ({
  left: left === null ? [] : [left],
  table: { exception, by: by && placeIn(images, by.pc), fix },
});
function placeIn(images: readonly LoadedImage[], pc: number): Place {
  const { symbol, file, line } = codePlace(images, pc);
  return { pc: hex32(pc), symbol, file, line };
}

function enabledBy({ history }: Machine, exception: number): Writer | null {
  const line = exception - EXC.IRQ0;
  if (exception === EXC.SYSTICK) return history.lastWriter('CPU.SYST_CSR', 3);
  return line < 0 ? null : enablerOf(history, line);
}

export function wrongTableInWords({ exception, by, fix, atJump }: WrongTable, place: (pc: number) => string): string {
  const enabled = by === null ? '' : `, enabled at ${place(by.pc)}`;
  const again = atJump === null ? '' : `, and ${hex32(atJump)} again right before the jump`;
  return `its exceptions go to the ROM's table (first ${exception}${enabled}): ${fix} belongs at the start of main()${again}`;
}
