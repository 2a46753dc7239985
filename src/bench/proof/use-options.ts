/** The options of a ROM that do not keep a device away, and with whose other value a host cannot use it: what the firmware left on acts later, as when the application is started. */
import type { CheckId, RomDependency } from '../documents/result.ts';
import { isDocumented, otherValues } from '../session/rom-options.ts';
import type { Session } from '../session/session.ts';
import { badSteps } from '../documents/proved.ts';
import { acceptance, isGood, type Acceptance, type Asked } from './after.ts';
import { attempt, beforeEntries, type Attempt, type Starts } from './attempt.ts';
import type { LeftCause } from './behind-leave.ts';

/** Whether a device can be used as in the run itself. */
export interface IsEnough {
  (accepted: Acceptance): boolean;
  /** It goes by why an application does not come back. */
  readonly asksReasons?: true;
}
/** The application does not come back in the run itself, and what is left to it is proved to be why: so it may be with the other value as well. */
export const isGoodIfRepaired: IsEnough = Object.assign(
  (accepted: Acceptance) => isGood(accepted) || (accepted.notBack !== null && badSteps(accepted.after).length === 1),
  { asksReasons: true } as const,
);
/** The causes with what their repair rests on as well. */
export const withUse = (causes: readonly LeftCause[], rests: readonly RomDependency[]): readonly LeftCause[] =>
  rests.length === 0 ? causes : causes.map((cause) => ({ ...cause, dependsOn: [...(cause.dependsOn ?? []), ...rests] }));

/**
 * Only undocumented options are asked that the ROM used, and that have the name of a harmless check: they say what the ROM does about what the firmware has left. Leaves
 * the session anywhere.
 *
 * @param harmless checks that found something which kept no device away
 */
export function useDependencies(
  s: Session,
  starts: Starts,
  { actedOn }: Attempt,
  harmless: readonly CheckId[],
  isEnough: IsEnough,
): RomDependency[] {
  const from = beforeEntries(starts);
  const asked: Asked = { armed: true, stays: true, ...(isEnough.asksReasons ? {} : { reasons: false }) };
  return actedOn
    .filter((option) => !isDocumented(option) && harmless.some((id) => id === option.id))
    .flatMap((option) => {
      const { id, value, confidence } = option;
      for (const other of otherValues(option)) {
        const run = attempt(s, from, [], { flip: { [id]: other } });
        if (run.reached && !isEnough(acceptance(s, asked)))
          return [{ rom: id, value, other, confidence, outcomeIfOther: run.outcome, usableIfOther: false }];
      }
      return [];
    });
}
