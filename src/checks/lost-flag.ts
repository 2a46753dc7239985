/** A request by the flag of a reset, which the program does not find behind it. */
import type { ChipDescription } from '../emu/chip.ts';
import { broken, type Judgement, type LostFlag, type Repair } from './check.ts';
import { inC, inManual, locate } from './families.ts';

const SOURCE =
  'STM32 reference manuals, RCC: reset flags stay set until RMVF clears all of them; internal resets drive NRST low, which sets the flag of the pin';

const bitsOf = (paths: readonly string[]): string => paths.map((path) => path.split('.')[2]).join(' and ');
const allOf = (paths: readonly string[]): string => paths.map(inManual).join(' and ');

export function judgeLostFlag(f: LostFlag): Judgement {
  const { own, others, cleared, places } = f;
  const set = others.length === 0 ? allOf(own) : `${allOf(own)} and ${bitsOf(others)} were set`;
  return broken('fail', {
    observed: cleared === null ? `behind the reset at ${places.reset}, ${set}` : `${allOf(own)} was 0 at ${places.reader}`,
    expected: cleared === null ? `${bitsOf(own)} asked first` : '1',
    because: cleared === null ? leftBefore(f) : clearedBefore(f),
    source: SOURCE,
    confidence: 'documented',
    lastWriter: cleared ?? f.reader,
  });
}
const clearedBefore = ({ own, places }: LostFlag): string =>
  `the reset at ${places.reset} set ${allOf(own)}; the firmware clears the reset flags (RMVF) before it reads this one at ${places.reader}, as 0`;
function leftBefore({ own, others, stale, asked }: LostFlag): string {
  const why = stale
    ? `which ${others.length > 1 ? 'were' : 'was'} still set from before: nothing had cleared the reset flags`
    : 'which every reset sets';
  return asked
    ? `the firmware leaves because of ${allOf(others)}, ${why}, before it asks for ${bitsOf(own)}`
    : `the firmware enters the ROM only without ${allOf(others)}, ${why}`;
}

export function repairOfFlag(chip: ChipDescription, f: LostFlag): Repair {
  const { own, others, cleared, address, resets } = f;
  if (cleared !== null)
    return {
      at: 'before-write',
      what: `the reset flags are not cleared before ${allOf(own)} is read`,
      fix: `/* this line clears all reset flags: first read ${register(own)} into a variable, and test ${bit(own[0]!)} in that */`,
      seq: cleared.seq,
      value: null,
    };
  const mask = others.reduce((all, path) => all | (locate(chip, path)?.mask ?? 0), 0) >>> 0;
  const clear = chip.resetFlags?.clear;
  const order = `test ${register(own)} & ${own.map(bit).join(' | ')} before ${others.map(bit).join(' and ')}`;
  return {
    at: 'keep',
    what: `${allOf(others)} hidden from the firmware behind the reset`,
    fix:
      f.stale && clear !== undefined
        ? `/* ${order}, and clear the flags once they are read: ${inC(clear)} |= ${bit(clear)}; */`
        : `/* ${order}: every reset sets ${others.length > 1 ? 'those' : 'that one'} */`,
    words: [],
    hidden: [{ address, mask, resets }],
  };
}
const register = (paths: readonly string[]): string => inC(paths[0]!);
const bit = (path: string): string => `${inC(path).replace('->', '_')}_${path.split('.')[2]}`;
