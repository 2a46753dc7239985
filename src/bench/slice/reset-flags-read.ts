/**
 * Reset flags that make a program overwrite its own request: many clear all kept words at a power-on, and take every reset for one, since no program has
 * cleared the flags, or since they test the flag of the pin. Found by running again from the reset with flags hidden from the program.
 */
import type { MagicWord } from '../../checks/check.ts';
import { locate } from '../../checks/families.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { ResetFlagRow } from '../../emu/chip.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { runTo } from './window.ts';

/** Without the flags the program takes another way, which may be longer. */
const LONGER = 1 * MS;

/** @param behind the state right behind the reset */
export function flagsBehind(s: Session, behind: Checkpoint, word: MagicWord): MagicWord['becauseOf'] {
  const { machine } = s;
  const { reader, overwrittenBy } = word;
  if (reader === null || overwrittenBy === null) return undefined;
  s.restore(behind);
  const by = machine.history.resets.at(-1)!.by;
  const set = (machine.chip.resetFlags?.flags ?? []).filter((f) => machine.fieldValue(f.field) === 1);
  const stale = set.filter((f) => !f.raisedBy.includes(by));
  // every reset raises it, power-on too: that is what the program takes it for
  const common = set.filter((f) => f.raisedBy.includes(by) && f.raisedBy.includes('power'));
  if (stale.length + common.length === 0) return undefined;
  const until = Math.max(reader.at, overwrittenBy.at) + LONGER;
  // a store to the word, or a store elsewhere that clears it: a reset of the backup domain
  const anyDevice = [false, true].find((any) => isOverwritten(s, behind, word, [], until, any));
  if (anyDevice === undefined) return undefined;
  const decide = (flags: readonly ResetFlagRow[]): boolean => flags.length > 0 && !isOverwritten(s, behind, word, flags, until, anyDevice);
  const told = (flags: readonly ResetFlagRow[], isStale: boolean): MagicWord['becauseOf'] => {
    const alone = flags.find((f) => decide([f]));
    return { flags: (alone ? [alone] : flags).map((f) => f.field), stale: isStale };
  };
  if (decide(stale)) return told(stale, true);
  return decide(common) ? told(common, false) : undefined;
}

/** Whether the instruction that overwrites the word does so before the word is read, too, if the program does not see these flags. */
function isOverwritten(
  s: Session,
  behind: Checkpoint,
  word: MagicWord,
  hidden: readonly ResetFlagRow[],
  until: Ps,
  anyDevice: boolean,
): boolean {
  const { machine } = s;
  const places = hidden.flatMap((f) => locate(machine.chip, f.field) ?? []);
  const inWord = (address: number): boolean => (address & ~3) >>> 0 === (word.address & ~3) >>> 0;
  let overwritten = false;
  s.restore(behind);
  const before = machine.setRepairs({
    pages: new Set([...places.map((p) => p.address), word.address].map((address) => address >>> PAGE_BITS)),
    everyDeviceWrite: anyDevice,
    read: (core, address, size) => {
      if (core.zone !== 'user') return null;
      if (inWord(address)) machine.stop();
      const of = places.filter((p) => p.address === (address & ~3) >>> 0);
      if (of.length === 0) return null;
      const mask = of.reduce((all, p) => all | p.mask, 0) >>> (8 * (address & 3));
      return ((core.peek(address, size as 1 | 2 | 4) ?? 0) & ~mask) >>> 0;
    },
    write: (core, address, _size, value) => {
      if ((anyDevice || inWord(address)) && core.pc === word.overwrittenBy?.pc) {
        overwritten = true;
        machine.stop();
      }
      return value;
    },
  });
  try {
    runTo(s, until);
  } finally {
    machine.setRepairs(before);
  }
  return overwritten;
}
