/** The options of a ROM by which it leaves an application what keeps it from coming back: with another value, the same leave brings it back. */
import type { LeftKind } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { RomOptionId, RomOptionSetting } from '../../rom/options.ts';
import type { RomDependency } from '../documents/result.ts';
import { otherValues, optionSettings } from '../session/rom-options.ts';
import type { Session } from '../session/session.ts';
import { acceptance, isGood } from './after.ts';
import { flipOptions } from './attempt.ts';
import type { LeftCause } from './behind-leave.ts';

const OPTIONS: Readonly<Partial<Record<LeftKind, readonly RomOptionId[]>>> = {
  vtor: ['leave-vtor'],
  remap: ['leave-remap'],
  clocks: ['leave-clocks', 'leave-muxes'],
  flash: ['leave-flash'],
};

/**
 * The causes with the options that each rests on. Documented ones too: what ST says of a leave is general, and of a part only in places. Leaves the session anywhere.
 *
 * @param finished the run has reached DFU there
 */
export function withOptions(s: Session, finished: Checkpoint, causes: readonly LeftCause[]): readonly LeftCause[] {
  const settings = optionSettings(s);
  return causes.map((cause) => {
    const options = cause.kinds.flatMap((kind) => OPTIONS[kind] ?? []).flatMap((id) => settings.find((o) => o.id === id) ?? []);
    return { ...cause, dependsOn: options.flatMap((option) => restsOn(s, finished, option)) };
  });
}
function restsOn(s: Session, finished: Checkpoint, option: RomOptionSetting): readonly RomDependency[] {
  const { id, value, confidence } = option;
  const other = otherValues(option).find((instead) => comesBack(s, finished, { [id]: instead }));
  return other === undefined ? [] : [{ rom: id, value, other, confidence, outcomeIfOther: 'dfu' }];
}
function comesBack(s: Session, finished: Checkpoint, flip: Readonly<Record<string, string>>): boolean {
  s.restore(finished);
  const undo = flipOptions(s, flip);
  try {
    return isGood(acceptance(s, { armed: false, stays: true, reasons: false }));
  } finally {
    undo();
  }
}
