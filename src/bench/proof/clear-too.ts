/** A request is written in vain, and so is what clears it behind the reset: both need access to the backup domain, or the program enters the ROM at each start. */
import type { Judgement, Repair } from '../../checks/check.ts';
import { backupAccessInC, inFunction, part } from '../../checks/fix-in-c.ts';
import { codePlace } from '../../image/image.ts';
import { hex32 } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';
import type { Attempt } from './attempt.ts';

interface WithRepair {
  readonly repair: Repair | null;
  readonly judged: { readonly judgement: Judgement };
}
/** @param repaired the run with the request kept */
export function withClear<C extends WithRepair>(cause: C, repaired: Attempt, { chip, images }: RunInput): C {
  const { repair, judged } = cause;
  if (repair?.at !== 'keep') return cause;
  const { words } = repair;
  const writer = judged.judgement.lastWriter?.pc;
  // what writes it was ignored, too, or its fix is another one
  const same = repaired.ignored.filter((l) => words.some(({ address }) => address === l.address));
  const clear = same.find(({ pc }) => pc !== writer);
  if (clear === undefined || !same.some(({ pc }) => pc === writer)) return cause;
  const { symbol, file, line } = codePlace(images, clear.pc);
  const place = file === null ? `at ${hex32(clear.pc)}` : inFunction(symbol ?? hex32(clear.pc), file, line);
  const code = backupAccessInC(chip, clear.address, clear.why === 'backup-domain');
  const fix = [repair.fix, part('clears', `${place}, which is ignored as well`, ...code)].join('\n');
  return { ...cause, repair: { ...repair, fix } };
}
