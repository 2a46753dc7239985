/** Notes about a firmware that goes on and enters nothing: what it waits for, what it made of what it was given, and what could make it jump. */
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { budgetOf } from '../documents/effort.ts';
import { FAILED_TEST, HALF_STORE, SHORT_OF_JUMP, type Note } from '../documents/note-facts.ts';
import { hex32 } from '../documents/result.ts';
import { followedText, triedInput, type Tried } from '../documents/tried.ts';
import { CutShort } from '../session/budget.ts';
import type { Session } from '../session/session.ts';
import { emptyTable } from '../slice/empty-table.ts';
import { receivedNotes, type AskTest } from '../slice/received.ts';
import { lastStore } from '../slice/stores.ts';
import { starvedBy } from '../slice/starved.ts';
import { unreachable } from '../slice/unreachable.ts';
import { foreignTableInWords } from '../slice/why.ts';
import { place } from '../slice/words.ts';
import type { Judged } from './diagnosis.ts';
import { failedTest } from './failed-test.ts';
import { findJump, notTriggered, tryAll, type FoundJump } from './find-jump.ts';
import { stuckInJump } from './towards.ts';

interface JumpNotes {
  readonly notes: readonly Note[];
  /** An input brings the firmware on, and it lost nothing without: who asked for the inputs wants nothing more of a run without. */
  readonly leadsOn: boolean;
}
/** What could make a firmware jump that does not; with `--find-jump`, what comes of it. */
export function jumpNotes(session: Session, powerOn: Checkpoint, finished: Checkpoint, judged: readonly Judged[]): JumpNotes {
  session.restore(finished);
  const foreign = foreignTableInWords(session);
  const starved = starvedBy(session, finished);
  const endless = starved === null ? bounded(session, () => unreachable(session, finished)) : null;
  const found = findJump(session, powerOn, finished);
  const end = finished.system.now;
  const ask: AskTest = (given) =>
    bounded(session, () => failedTest(session, powerOn, end, given) ?? emptyTable(session, powerOn, given.at, end));
  const received = starved === null ? receivedNotes(session, powerOn, finished, ask) : [];
  // what would jump may have been dropped with it
  const empty = found.noJump && received.length === 0 ? bounded(session, () => emptyTable(session, powerOn, 0, end)) : null;
  session.restore(finished);
  const notes: Note[] = [
    ...(endless === null ? [] : [{ kind: 'endless', text: endless }]),
    ...(starved === null ? [] : [{ kind: 'starved', text: starved }]),
    ...(foreign === null ? [] : [{ kind: 'not-triggered', text: foreign }]),
    ...notTriggered(session, starved === null ? found : { ...found, inputs: [], atStart: [] }, starved === null),
    ...(empty === null ? [] : [{ kind: 'not-triggered', text: empty }]),
    ...received,
  ];
  const short = bounded(session, () => stuckInJump(session, powerOn, finished));
  if (short !== null) notes.push({ kind: SHORT_OF_JUMP, text: short });
  notes.push(...halfStores(session, powerOn, finished));
  const leadsOn = session.input.triggers?.(() => triedInputs(session, powerOn, finished, found)) === true && !losesRequest(judged);
  if (!session.input.findJump) return { notes, leadsOn };
  const tried = tryAll(session, powerOn, finished, found, true);
  const told = tried.map((t) => ({
    kind: 'find-jump',
    text: `${t.name}: ${followedText(t)}; ${JSON.stringify(t.step)}`,
    ...triedInput(t),
  }));
  return { notes: [...notes, ...told], leadsOn };
}
/** A request that a run makes by itself and loses says more than what comes of a call. */
const losesRequest = (judged: readonly Judged[]): boolean =>
  judged.some(({ id, judgement }) => id === 'magic-survives' && judgement.verdict === 'fail');
function triedInputs(session: Session, powerOn: Checkpoint, finished: Checkpoint, found: FoundJump): readonly Tried[] {
  session.input.progress?.('looking for what makes the firmware jump');
  return tryAll(session, powerOn, finished, found);
}

/** Who wrote a part of what the flash takes at once, and no more of it: that shows only at the reset. */
function halfStores(session: Session, powerOn: Checkpoint, finished: Checkpoint): Note[] {
  session.restore(finished);
  const [fact] = session.machine.state.notes.flatMap(({ about }) => (about?.is === 'half-written' ? [about] : []));
  const reset = finished.history.resets.at(-1);
  if (fact === undefined || reset === undefined) return [];
  const { address } = fact;
  const store = bounded(session, () => lastStore(session, powerOn, address, WORD, reset.at));
  if (store === null || store === 'too long') return [];
  return [{ kind: HALF_STORE, text: `${place(session, store.pc)} wrote ${hex32(store.value)} there and no more` }];
}
const WORD = 4;

/** A program that reset itself looks behind that for what it left: the test by which it does not go to the ROM all the same. */
export function keptTestNotes(session: Session, powerOn: Checkpoint, finished: Checkpoint): Note[] {
  const { resets } = finished.history;
  const last = resets.at(-1);
  if (last?.by !== 'software' || last.external) return [];
  const at = last.at + BEHIND_RESET;
  const given = { at, since: at, vain: (resets.at(-2)?.at ?? 0) + BEHIND_RESET, through: null };
  const end = finished.system.now;
  const text = bounded(session, () => failedTest(session, powerOn, end, given) ?? emptyTable(session, powerOn, at, end));
  return text === null ? [] : [{ kind: FAILED_TEST, text }];
}
/** A stretch that is looked at ends with a reset. */
const BEHIND_RESET: Ps = 1;
/** What takes too long is not told. */
function bounded<T>(session: Session, search: () => T): T | null {
  try {
    return session.budget.within(budgetOf(session.input).repeated, search);
  } catch (error) {
    if (error instanceof CutShort && error.reason === 'effort') return null;
    throw error;
  }
}
