/** A vector table in RAM that nothing has filled: the run goes on from the write that puts it in force, with the program's own vectors there. */
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { FaultFacts } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { isIn, programsOf, type Program } from '../../image/programs.ts';
import type { Session } from '../session/session.ts';
import { lastStore } from '../slice/stores.ts';
import { homeOf, isRam } from '../slice/window.ts';
import { goOn } from './attempt.ts';
import type { OneCause } from './one-cause.ts';
import { behindWrite, VTOR } from './others-table.ts';
import { hasVtor, remapField } from './own-table.ts';

/**
 * Null where the vector has been written, or the goal is not reached with the table filled. The session is at the fault, and is left anywhere.
 *
 * @param vector the one that led to no code
 */
export function unfilledTable(
  s: Session,
  powerOn: Checkpoint,
  fault: FaultFacts,
  vector: { readonly address: number; readonly exception: number },
): OneCause | null {
  const { machine } = s;
  if (!isRam(s, vector.address)) return null;
  const home = homeOf(s, vector.address) - 4 * vector.exception;
  const register = hasVtor(machine) ? VTOR : registerOf(remapField(machine));
  const writer = register === null ? null : machine.history.lastWriter(register);
  const program = writer && programsOf(s.input.images, machine.chip.memories).find((p) => isIn(p, writer.pc));
  if (!writer || !program || lastStore(s, powerOn, homeOf(s, vector.address), 4, fault.at) !== null) return null;
  const wrote = behindWrite(s, powerOn, writer, register!);
  if (wrote === null) return null;
  fill(s, wrote, program, home);
  if (!goOn(s).reached) return null;
  const [puts, there] = hasVtor(machine) ? ['points VTOR to RAM', 'there'] : ['maps the RAM to address 0', 'to its start'];
  return {
    id: 'state',
    what: 'vector table',
    repair: 'the vectors copied into RAM before',
    fix: `/* copy the vector table ${there} before this line; if the copy stands in the source, the compiler has left it out: declare the array volatile */`,
    says: `This line ${puts}, and nothing has copied the vectors of ${program.name} ${there}. With them copied, `,
    further: 'the firmware comes further',
    writer,
    reached: true,
  };
}
const registerOf = (field: string | null): string | null => field?.split('.').slice(0, 2).join('.') ?? null;
/** As many as the core has. */
function fill(s: Session, wrote: Checkpoint, { table }: Program, home: number): void {
  s.restore(wrote);
  const { machine } = s;
  const core = machine.bootCore;
  for (let i = 0; i < EXC.IRQ0 + core.row.nvicLines; i++) {
    const word = new DataView(new ArrayBuffer(4));
    word.setUint32(0, core.peek(table + 4 * i, 4) ?? 0, true);
    machine.load(home + 4 * i, new Uint8Array(word.buffer));
  }
}
