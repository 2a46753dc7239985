/** The options of a ROM that do not keep a device away, and with whose other value a host cannot use it: what the firmware left on acts later, as when the application is started. */
import type { CheckId, RomDependency } from '../documents/result.ts';
import { isDocumented, otherValues } from '../session/rom-options.ts';
import type { Session } from '../session/session.ts';
import { acceptance, isGood } from './after.ts';
import { attempt, beforeEntries, type Attempt, type Starts } from './attempt.ts';

/**
 * Only undocumented options are asked that the ROM used, and that have the name of a harmless check: they say what the ROM does about what the firmware has left. Leaves
 * the session anywhere.
 *
 * @param harmless checks that found something which kept no device away
 */
export function useDependencies(s: Session, starts: Starts, { actedOn }: Attempt, harmless: readonly CheckId[]): RomDependency[] {
  const from = beforeEntries(starts);
  return actedOn
    .filter((option) => !isDocumented(option) && harmless.some((id) => id === option.id))
    .flatMap((option) => {
      const { id, value, confidence } = option;
      for (const other of otherValues(option)) {
        const run = attempt(s, from, [], { flip: { [id]: other } });
        if (run.reached && !isGood(acceptance(s, { armed: true, stays: true, reasons: false })))
          return [{ rom: id, value, other, confidence, outcomeIfOther: run.outcome, usableIfOther: false }];
      }
      return [];
    });
}
