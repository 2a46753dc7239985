/** What a failure has in common with others: its outcome, what was broken at the entry, the state handed over. Ten thousand failures then read as five. */
import { exceptionName } from '../checks/core-registers.ts';
import type { RegisterFile } from '../emu/history.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { judgeAll, type Judged } from '../bench/proof/diagnosis.ts';
import { placeInWords } from '../bench/proof/hand-over.ts';
import type { NamedRepair } from '../bench/proof/repairs.ts';
import { hex32 } from '../bench/documents/result.ts';
import type { SessionEnd } from '../bench/session/live-run.ts';
import type { Session } from '../bench/session/session.ts';
import { afterRun, NOT_TRACED, type Traced } from '../bench/session/subject.ts';

export interface Explanation {
  readonly outcome: string;
  /** Ids of the checks that are broken at the judged instant, not proved. */
  readonly cause: string;
  /** The state handed over, in the words of the architecture; `no entry` without one. */
  readonly entry: string;
  /** Where it ended, for outcomes that have a place. */
  readonly place: string;
}

/** The session stands at the end of its run; it is left anywhere. `forced`: the place where it went wrong was chosen from outside, so it tells nothing. */
export function explain(s: Session, end: SessionEnd, forced: boolean): Explanation {
  const place = placeOf(s, end, forced);
  const { machine } = s;
  const traced = { ...NOT_TRACED, ...afterRun(s), vectorReads: [...machine.state.vectorReads] };
  const entry = s.lastEntry();
  const at = entry ?? s.faultCheckpoint;
  if (at) s.restore(at);
  const last = machine.history.entries.at(-1);
  const broken = brokenAt(s, end.outcome, traced);
  return {
    outcome: end.outcome,
    cause: broken.map((j) => j.id).join(' '),
    entry: entry && last ? entryInWords(s, last.address, last.registers) : 'no entry',
    place,
  };
}

function brokenAt(s: Session, outcome: string, traced: Traced): Judged[] {
  const judged = judgeAll(s, outcome, s.machine.history.entries.at(-1)?.reached ?? false, traced);
  return judged.filter((j) => j.judgement.verdict === 'fail' || j.judgement.verdict === 'warn');
}

/** Of what is broken at an entry, what can be repaired there. The session is left at the entry. */
export function repairsOf(s: Session, outcome: string, entry: Checkpoint): NamedRepair[] {
  const traced = { ...NOT_TRACED, ...afterRun(s), vectorReads: [...s.machine.state.vectorReads] };
  s.restore(entry);
  return brokenAt(s, outcome, traced).flatMap(({ id, repair, subject }) =>
    repair?.at === 'entry' && repair.acts === undefined && subject ? [{ id, repair, subject }] : [],
  );
}

/** For a fault its exception and instruction, for a core that is stuck where it is; nothing else has one place. */
function placeOf(s: Session, { outcome }: SessionEnd, forced: boolean): string {
  const { fault, loop } = s.state;
  const { machine } = s;
  const at = (pc: number): string => (forced ? '' : ` at ${placeInWords(s, pc)}`);
  if (outcome === 'fault' && fault) return `${exceptionName(machine.chip, fault.exception)}${at(fault.pc)}`;
  if (outcome === 'fault') return machine.state.lockup ? `lockup${at(machine.bootCore.pc)}` : '';
  return outcome === 'stuck' && loop && !forced ? placeInWords(s, loop.pc) : '';
}

/** Only what decides how the ROM starts; counters and addresses that move with each case would make a group of each. */
function entryInWords(s: Session, address: number, r: RegisterFile): string {
  const words: string[] = [hex32(address)];
  const exception = (r['xpsr'] ?? 0) & 0x1ff;
  if (exception !== 0) words.push(`in ${exceptionName(s.machine.chip, exception)}`);
  for (const name of ['primask', 'faultmask', 'basepri', 'control'] as const)
    if ((r[name] ?? 0) !== 0) words.push(`${name.toUpperCase()}=${r[name]}`);
  if (r['vtor'] !== undefined) words.push(`VTOR=${hex32(r['vtor'])}`);
  const sp = r['sp'] ?? r['msp'] ?? 0;
  // the stack pointer may stand one behind the end of its memory
  const memory = s.machine.chip.memories.find((m) => sp > m.base && sp <= m.base + m.size);
  words.push(`SP in ${memory?.name ?? hex32(sp)}`);
  return words.join(' ');
}
