/** What came of a campaign, for people: a table of outcomes by target, the failures by group with the command that shows one of them. */
import { pad, plain, printable, wrap, type Paint } from '../report/text.ts';
import type { JUnitCase } from '../report/junit.ts';
import type { Campaign } from './campaign.ts';
import type { Aside, Group, Store } from './store.ts';

/** Ways to fail that are shown, and proved. */
export const MOST_GROUPS = 20;
const MOST_ASIDE = 10;

export interface Summary {
  readonly name: string;
  /** Cases of this shard. */
  readonly total: number;
  readonly targets: readonly TargetSummary[];
  readonly failures: readonly Group[];
  readonly aside: readonly Aside[];
  /** Results that were made twice and differed. */
  readonly conflicts: number;
}
export interface TargetSummary {
  readonly name: string;
  readonly expected: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failed: number;
}

export function summarise(campaign: Campaign, store: Store, name: string): Summary {
  const counts = store.all<{ target: number; outcome: string; n: number; failed: number }>(
    'SELECT target, outcome, count(*) AS n, count(grp) AS failed FROM results GROUP BY target, outcome ORDER BY target, n DESC',
  );
  const targets = campaign.targets.map((t, i): TargetSummary => {
    const own = counts.filter((c) => c.target === i);
    const failed = own.reduce((sum, c) => sum + c.failed, 0);
    const outcomes = Object.fromEntries(own.map((c) => [c.outcome, c.n]));
    return { name: t.name, expected: campaign.expectedOf(i).filter((o) => o !== 'absent'), outcomes, failed };
  });
  return { name, total: campaign.total, targets, failures: store.failures(), aside: store.aside(), conflicts: store.conflicts };
}

export const resultCount = ({ targets }: Summary): number =>
  targets.reduce((sum, t) => sum + Object.values(t.outcomes).reduce((a, b) => a + b, 0), 0);

/** `command`: what runs a single case, the number to follow. */
export function summaryText(s: Summary, command: string, width = 100, paint: Paint = plain): string {
  const lines = [...outcomeTable(s, paint)];
  const failed = s.failures.reduce((sum, g) => sum + g.cases, 0);
  if (failed > 0) {
    lines.push('', paint('bold', `${count(failed, 'case')} failed in ${count(s.failures.length, 'way')}:`));
    for (const g of s.failures.slice(0, MOST_GROUPS)) {
      lines.push(...wrap(printable(groupInWords(g)), width, '          ', `${String(g.cases).padStart(7)} x `));
      lines.push(paint('dim', `          ${command} ${g.first}`));
    }
    if (s.failures.length > MOST_GROUPS) lines.push(`          and ${count(s.failures.length - MOST_GROUPS, 'way')} more`);
  }
  if (s.aside.length > 0) {
    lines.push('', paint('bold', `${count(s.aside.length, 'case')} set aside, no worker could do them:`));
    for (const a of s.aside.slice(0, MOST_ASIDE)) {
      lines.push(
        ...wrap(printable(`after ${count(a.attempts, 'attempt')}: ${a.evidence.split('\n')[0]}`), width, '          ', '          '),
      );
      lines.push(paint('dim', `          ${command} ${a.no}`));
    }
    if (s.aside.length > MOST_ASIDE) lines.push(`          and ${s.aside.length - MOST_ASIDE} more`);
  }
  if (s.conflicts > 0) lines.push('', paint('red', `${count(s.conflicts, 'case')} came out otherwise when done again: please report it`));
  return `${lines.join('\n')}\n`;
}

function outcomeTable({ targets }: Summary, paint: Paint): string[] {
  const words = [...new Set(targets.flatMap((t) => Object.keys(t.outcomes)))].sort();
  const head = ['', ...words, 'failed'];
  const rows = targets.map((t) => [printable(t.name), ...words.map((w) => String(t.outcomes[w] ?? '')), String(t.failed)]);
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? pad(cell, widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return [paint('dim', line(head)), ...rows.map((r, i) => (targets[i]!.failed > 0 ? paint('red', line(r)) : line(r)))];
}

export function groupInWords({ outcome, cause, entry, place, proved }: Group): string {
  const parts = [outcome + (place === '' ? '' : `, ${place}`)];
  if (cause !== '') parts.push(`broken: ${cause.replaceAll(' ', ', ')}`);
  if (proved) parts.push(`proved: ${proved.replaceAll(' ', ' and ')}`);
  parts.push(entry === 'no entry' ? 'the ROM is not entered' : `entry ${entry}`);
  return parts.join('; ');
}
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** One case for what holds of each target, one for each way to fail: ten thousand failures are not ten thousand cases. */
export function junitCases(s: Summary, command: string): JUnitCase[] {
  const cases: JUnitCase[] = [];
  s.targets.forEach((t, i) => {
    const all = Object.values(t.outcomes).reduce((a, b) => a + b, 0);
    cases.push({
      name: `${count(all - t.failed, 'case')} as expected (${t.expected.join(', ')})`,
      className: t.name,
      seconds: 0,
      failure: null,
    });
    for (const g of s.failures.filter((f) => f.targets[0] === i)) {
      const message = `${count(g.cases, 'case')}: ${groupInWords(g)}`;
      cases.push({ name: groupInWords(g), className: t.name, seconds: 0, failure: { message, text: `${message}\n${command} ${g.first}` } });
    }
  });
  for (const a of s.aside) {
    const className = s.targets[a.target]?.name ?? '';
    cases.push({
      name: `case ${a.no}`,
      className,
      seconds: 0,
      failure: { message: 'no worker could do it', text: a.evidence },
      error: true,
    });
  }
  return cases;
}
