/** What a result says, line by line: outcome, instants, causes with their proof, sets, and what else was noted. For a comparison with what it said before. */
import type { Place, RunResult } from '../../src/bench/documents/result.ts';

const at = (place: Place | null | undefined): string =>
  place ? ` @ ${place.file === null ? place.pc : `${place.file}:${place.line}`}` : '';

export function toldResult(r: RunResult): string[] {
  const { diagnosis } = r;
  const broken = r.checks.filter((c) => c.verdict === 'fail' || c.verdict === 'warn' || c.verdict === 'unknown');
  return [
    // what decides is counted in milliseconds; which instruction of a loop a run ends at is the ROM image's business
    `${r.outcome} at ${Number(r.ended.at).toFixed(3)}: ${r.ended.reason}`,
    String(r.summary),
    ...r.entries.map((e) => `entry ${e.at} ${e.how}${at(e.from)}`),
    ...diagnosis.causes.map(
      (c) => `cause ${c.id}${c.proved ? ' proved' : ''} → ${c.outcomeAfterRepair ?? '-'}${at(c.lastWriter)} ${JSON.stringify(c.dependsOn)}`,
    ),
    ...diagnosis.sets.map((set) => `set ${set.join(' + ')}`),
    ...broken.map((c) => `check ${c.id} ${c.verdict}: ${c.observed ?? '-'}`),
    ...r.notes.map((n) => `note ${n.kind}: ${n.text}`),
  ];
}
