/**
 * The test that kept a program from the jump once it had been given what should lead there: a byte, a level, a request that lived through a reset. Each branch behind
 * that goes the other way in a fork, the latest first; what went the same way before, or looks at a peripheral, is not asked.
 */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { alikeText } from '../documents/alike.ts';
import type { Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import type { Given } from '../slice/received.ts';
import type { Chain } from '../slice/slice.ts';
import { lastStore, type Store } from '../slice/stores.ts';
import { isRam, runTo } from '../slice/window.ts';
import { addressText, place } from '../slice/words.ts';
import { goOn } from './attempt.ts';
import { chainOf, fork, othersOf, recorded, testsIn, type Recorded, type Test } from './branch-tests.ts';
import { hex } from './tested.ts';

/** Effort: instructions behind what was given and in front of it, branches that are tried, and how soon the other way has to show something. */
const BEHIND = 40_000;
const BEFORE = 20_000;
const MOST_TRIED = 40;
const SOON = 60 * MS;

/** In words; null where no branch leads to the goal. Leaves the session anywhere. */
export function failedTest(s: Session, powerOn: Checkpoint, end: Ps, given: Given): string | null {
  const earlier = testsIn(s, recorded(s, powerOn, given.vain, given.since, BEFORE).window);
  const at = recorded(s, powerOn, given.at, end, BEHIND);
  const tries = { left: MOST_TRIED };
  let answer: Found | null = null;
  for (const [pc, test] of testsIn(s, at.window)) {
    if (earlier.get(pc)?.key === test.key || (answer !== null && test.isAnswer)) continue;
    const found = leading(s, powerOn, at, given, test, tries);
    if (tries.left < 0) break;
    // what made the answer says more
    if (found !== null && (!test.isAnswer || found.other !== null)) return toldOf(s, powerOn, given, found);
    answer ??= found;
  }
  return answer && toldOf(s, powerOn, given, answer);
}
/** The other way, or another value, leads to the goal; null where none does, or a peripheral is asked through which nothing was given. */
function leading(s: Session, powerOn: Checkpoint, at: Recorded, given: Given, test: Test, tries: { left: number }): Found | null {
  for (const other of othersOf(s.machine.bootCore, test)) {
    if (tries.left-- === 0) return null;
    const outcome = outcomeOf(s, at, test, other);
    if (outcome === null) continue;
    const chain = chainOf(s, powerOn, test, test.looksAt);
    if (chain?.origin.kind === 'device' && given.through?.includes((chain.origin.address & ~3) >>> 0) === false) return null;
    return { test: { ...test, wanted: other ?? test.wanted }, other, outcome, chain };
  }
  return null;
}
interface Found {
  readonly test: Test;
  readonly other: number | null;
  readonly outcome: Outcome;
  readonly chain: Chain | null;
}
const toldOf = (s: Session, powerOn: Checkpoint, given: Given, found: Found): string =>
  inWords(s, powerOn, given, found) + whatIf(found.other, found.outcome);
const whatIf = (other: number | null, outcome: Outcome): string =>
  `; ${other === null ? 'the other way' : `with ${hex(other)} there`}, the outcome is ${outcome}`;

/** Null where it does not lead to the goal: it has to reset or to come to the ROM soon, or it is not followed to its end. */
function outcomeOf(s: Session, at: Recorded, test: Test, other: number | null): Outcome | null {
  const { machine } = s;
  if (!fork(s, at, test, other)) return null;
  const there = s.save();
  const events = (): number => machine.history.resets.length + machine.history.entryCount;
  const before = events();
  const leads = (): boolean => events() > before || machine.state.inSystem;
  runTo(s, machine.now + SOON, leads);
  if (!leads()) return null;
  s.restore(there);
  const { reached, outcome } = goOn(s);
  return reached ? outcome : null;
}

function inWords(s: Session, powerOn: Checkpoint, given: Given, { test, chain }: Found): string {
  const { pc, turn, text, looksAt, against, wanted } = test;
  const said = `the test at ${place(s, pc)} ${text}${against === null ? '' : alikeText(looksAt.value, against.value)}`;
  const link = chain?.links.find((l) => l.how === 'loaded' && !l.onStack && l.address !== null && isRam(s, l.address));
  if (link?.address == null) return said;
  const name = addressText(s, link.address, link.pc, link.core);
  const is = link.value === null || link.value >>> 0 === looksAt.value ? '' : `, made of ${hex(link.value)}`;
  const [last, right] = [undefined, wanted ?? undefined].map((v) => storeTo(s, powerOn, link.address!, turn.at, v));
  const by = last == null ? '' : `, which ${place(s, last.pc)} had stored there`;
  const over = wanted !== null && right != null && right.at >= given.since && last != null && right.at < last.at;
  return `${said}${is}, from ${name}${by}${over ? `, over the ${hex(wanted)} of ${place(s, right.pc)}` : ''}`;
}
/** Of one size or another: that of the last store. */
function storeTo(s: Session, powerOn: Checkpoint, address: number, before: Ps, value: number | undefined): Store | null {
  const last = lastStore(s, powerOn, address, 1, before);
  if (last === null || last === 'too long' || last.master !== null) return null;
  if (value === undefined) return last;
  const found = lastStore(s, powerOn, last.address, last.size, before, value);
  return found === 'too long' ? null : found;
}
