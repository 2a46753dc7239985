/** The options of a ROM that do not keep a device away, and with whose other value a host cannot use it: what the firmware left on acts later, as when the application is started. */
import type { CheckId } from '../documents/result.ts';
import type { RomDependency } from '../documents/result.ts';
import { isDocumented, otherValues } from '../session/rom-options.ts';
import type { Session } from '../session/session.ts';
import { acceptance, isGood } from './after.ts';
import { attempt, type Attempt, type Starts } from './attempt.ts';

/**
 * Of the undocumented options that this run hangs on nothing else is asked: those of what the firmware left otherwise than the ROM expects it, by the same name. Leaves the
 * session anywhere.
 *
 * @param harmless checks that found something which kept no device away
 */
export function useDependencies(s: Session, starts: Starts, { actedOn }: Attempt, harmless: readonly CheckId[]): RomDependency[] {
  // an option may have mattered at an earlier entry
  const from = starts.entryNumber === 1 ? starts : { ...starts, entry: null };
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
