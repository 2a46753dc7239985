/** A program that puts the vector table of another one into VTOR does so from reset, too: what it would do with its own one is what it should do. */
import { setRegister } from '../../emu/core/arm/register-file.ts';
import { US } from '../../emu/time.ts';
import { isIn, type Program } from '../../image/programs.ts';
import type { Session } from '../session/session.ts';
import { foreignTable } from '../slice/why.ts';
import { fromReset, livesAs, watch, WATCHED_LONGER } from './programs.ts';

/** Start-up code says where the table is: so often it is looked whether it has. */
const STEP = 100 * US;
const MOST_STEPS = 100;

/** Where a program puts the vector table of another one into VTOR that does more from reset with its own one from then on; null: it does not. */
export function livesWithOwnTable({ input }: Session, program: Program): number | null {
  const working = fromReset(input, program);
  if (working === null) return null;
  const { session: s } = working;
  try {
    for (let i = 0; i < MOST_STEPS && putBy(s) === null; i++) s.advance(s.machine.now + STEP);
    const pc = putBy(s);
    if (pc === null) return null;
    const from = s.save();
    const life = watch(s, WATCHED_LONGER);
    s.restore(from);
    setRegister(s.machine.bootCore, 'vtor', program.table);
    const own = watch(s, WATCHED_LONGER);
    return !own.died && !own.hangs && !livesAs(s, life, own) ? pc : null;
  } finally {
    s.release();
  }
}
function putBy(s: Session): number | null {
  const found = foreignTable(s);
  return found?.writer != null && 'table' in found.of && isIn(found.of, found.writer.pc) ? found.writer.pc : null;
}
