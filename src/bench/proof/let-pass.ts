/**
 * A fault on what nobody has programmed, as the reset vector of an application that is not there: the test that looked at that flash before, and let the program go on.
 * Proved where the other way leads to the goal; else that has to come to the ROM.
 */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { isState } from '../../emu/proofs/data-flow.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import type { Failure } from '../slice/failure.ts';
import { cyclesTime, runTo, writerAt } from '../slice/window.ts';
import { erasedAt } from '../slice/words.ts';
import { goOn } from './attempt.ts';
import { fork, recorded, testsIn, type Test } from './branch-tests.ts';
import type { OneCause } from './one-cause.ts';
import { sourcesOf } from './tested.ts';

/** Effort: cycles in front of the fault, steps of them, and tests that are tried. */
const SPAN = 40_000;
const MOST_STEPS = 40_000;
const MOST_TRIED = 8;

/** Null where no test of such flash leads there. Leaves the session anywhere. */
export function letPass(s: Session, powerOn: Checkpoint, { chain, core, at: fault }: Failure): OneCause | null {
  const { origin } = chain;
  const { bootCore } = s.machine;
  if (core !== bootCore.index || origin.kind !== 'memory' || erasedAt(s, origin.address) === null) return null;
  const at = recorded(s, powerOn, Math.max(0, fault - cyclesTime(bootCore, SPAN)), fault, MOST_STEPS);
  let tried = 0;
  let enters: OneCause | null = null;
  for (const test of testsIn(s, at.window).values()) {
    const looked = sourcesOf(at.window.steps, test.tests, test.looksAt);
    const where = [...looked].find((p) => !isState(p) && erasedAt(s, p) !== null);
    if (where === undefined) continue;
    if (tried++ === MOST_TRIED) break;
    const again = fork(s, at, test, null) ? goOn(s) : null;
    if (again === null || (!again.reached && again.entries === 0)) continue;
    const found = told(s, at.start, test, where, again.reached);
    if (again.reached) return found;
    enters ??= found;
  }
  return enters;
}
function told(s: Session, start: Checkpoint, test: Test, where: number, reached: boolean): OneCause {
  const { looksAt, against, turn, pc } = test;
  s.keepCheckpoints = false;
  s.restore(start);
  runTo(s, turn.at);
  const writer = { ...writerAt(s.machine.bootCore, s.machine.history.seq), pc, at: turn.at };
  const word = hex32(where & ~3);
  const from = ` (${word}, where no image has bytes)`;
  const says = against === null ? `${test.text}${from}` : `compares ${hex32(looksAt.value)}${from} with ${hex32(against.value)}${never(s, test, where)}`; // prettier-ignore
  return {
    id: 'branch',
    what: `test of ${word}`,
    repair: 'the branch behind this comparison the other way',
    fix: '/* ask for what an image has here: an initial SP in RAM, and a reset vector in flash */',
    says: `Nothing is programmed at ${word}, and the test of that lets the program go on to the fault: this line ${says}. The other way, `,
    further: 'the firmware enters the ROM',
    writer,
    reached,
  };
}
/** What it looks for is erased flash of other chips. */
function never(s: Session, { against }: Test, where: number): string {
  const erased = erasedAt(s, where)!;
  return erased !== 0xffffffff && against!.value === ~erased >>> 0
    ? `, which is erased flash on most chips: on this one it reads ${hex32(erased)}`
    : '';
}
