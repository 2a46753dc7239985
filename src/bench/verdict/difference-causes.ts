/** Causes that no check names, as a result tells them: the differences of the first set, with what would be enough as well. */
import type { Writer } from '../../checks/check.ts';
import { fixOf } from '../difference/fix.ts';
import type { Difference, Finding } from '../difference/find.ts';
import type { LastWriter, ResultCause, ResultDiagnosis } from '../documents/result.ts';

type Placed = (writer: Writer | null) => LastWriter | null;

/** @param placed the source line of a writer */
export function withDifference(diagnosis: ResultDiagnosis<string>, found: Finding | null, placed: Placed): ResultDiagnosis<string> {
  const [first, ...others] = found?.helps ? found.sets : [];
  if (first === undefined) return diagnosis;
  const proved = found!.complete && !first.some(({ board }) => board);
  const causes = first.map((d, i) => causeOf(d, proved, placed, i === 0 ? others : []));
  return {
    explained: true,
    causes: [...causes, ...diagnosis.causes],
    sets: proved ? [first.map(() => 'state' as const), ...others.map((set) => set.map(() => 'state' as const))] : [],
    harmless: diagnosis.harmless,
  };
}

function causeOf(d: Difference, proved: boolean, placed: Placed, others: readonly (readonly Difference[])[]): ResultCause<string> {
  return {
    id: 'state',
    proved,
    at: 'entry',
    repair: d.afterReset === null ? `${d.what} as it is behind a reset` : `${d.what} = ${number(d.afterReset)}`,
    fix: fixOf(d),
    outcomeAfterRepair: proved ? 'dfu' : null,
    dependsOn: [],
    lastWriter: placed(d.writer),
    explanation: [stateOf(d), ...others.map((set) => alternative(set, placed))].join(' '),
    what: d.what,
  };
}
function stateOf({ what, value, afterReset, board }: Difference): string {
  const whose = board ? ' It is the board that sets it: no firmware can change that.' : '';
  if (value === null || afterReset === null)
    return `${what} is not as it is behind a reset when the ROM starts. As it is there, DFU comes.${whose}`;
  return `${what} is ${number(value)} when the ROM starts, and ${number(afterReset)} behind a reset. With ${number(afterReset)}, DFU comes.${whose}`;
}
function alternative(set: readonly Difference[], placed: Placed): string {
  const each = set.map((d) => {
    const at = placed(d.writer);
    const line = at?.file == null ? '' : ` (${at.file.replace(/.*\//, '')}:${at.line})`;
    return `${d.what}${d.afterReset === null ? ' as behind a reset' : ` = ${number(d.afterReset)}`}${line}`;
  });
  return `So it does with ${each.join(' and ')}.`;
}
const SMALL = 10;
const number = (n: number): string => (n < SMALL ? String(n) : `0x${n.toString(16).toUpperCase()}`);
