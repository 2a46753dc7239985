/** A board's report beside another or beside an emulated run: where the core stands, its registers there, and what the checks say of them. */
import { isRecord } from './is-record.ts';
import type { Sentence } from './sentence.ts';
import type { Difference } from './compare.ts';
import { CHECK_IDS, type RunResult } from './result.ts';

export const BOARD_SCHEMA = 'bootbench/board@1';

/** What a board and a run have alike. */
export interface EntryView {
  readonly chip: string;
  readonly summary: Sentence;
  /** Null: not at an entry into the ROM. */
  readonly entry: { readonly address: string; readonly how: string } | null;
  readonly registers: Readonly<Record<string, string>>;
  readonly checks: readonly { readonly id: string; readonly verdict: string; readonly observed: Sentence | null }[];
}

export function viewOfRun(run: RunResult): EntryView {
  const last = run.entries.at(-1);
  return {
    chip: run.chip,
    summary: run.summary,
    entry: last ? { address: last.address, how: last.how } : null,
    registers: last?.registers ?? {},
    checks: run.checks,
  };
}

/** A document of `board check` or `run`; null if it has not that form. */
export function viewOfBoard(document: unknown): EntryView | null {
  const d = document as Partial<Record<string, unknown>>;
  const { chip, pc, entry, registers, checks } = d;
  const isEntry = (e: unknown): e is EntryView['entry'] =>
    e === null || (isRecord(e) && typeof e['address'] === 'string' && typeof e['how'] === 'string');
  if (typeof chip !== 'string' || typeof pc !== 'string' || !isEntry(entry) || !isRecord(registers) || !Array.isArray(checks)) return null;
  if (!Object.values(registers).every((v) => typeof v === 'string')) return null;
  if (!checks.every((c) => isRecord(c) && typeof c['id'] === 'string' && typeof c['verdict'] === 'string')) return null;
  return {
    chip,
    entry,
    registers: registers as EntryView['registers'],
    checks: checks.map((c: Record<string, unknown>) => ({
      id: c['id'] as string,
      verdict: c['verdict'] as string,
      observed: typeof c['observed'] === 'string' ? c['observed'] : null,
    })),
    summary: `${chip} on a board, ${entry ? `at the entry into the ROM, ${entry.address}` : `at ${pc}, not at an entry into the ROM`}`,
  };
}

/** Registers that only one side shows, and checks that one side cannot answer, are not compared. */
export function compareEntries(a: EntryView, b: EntryView): Difference[] {
  const rows: Difference[] = [];
  const add = (group: Difference['group'], name: string, x: string, y: string): void => {
    if (x !== y) rows.push({ group, name, a: x, b: y });
  };
  add('run', 'chip', a.chip, b.chip);
  const [x, y] = [a.entry, b.entry];
  add('entry', 'address', x?.address ?? 'no entry', y?.address ?? 'no entry');
  if (x && y) add('entry', 'how', x.how, y.how);
  for (const [name, value] of Object.entries(a.registers))
    if (b.registers[name] !== undefined) add('registers', name, value, b.registers[name]);
  for (const id of CHECK_IDS) {
    const [p, q] = [a, b].map((v) => v.checks.find((c) => c.id === id));
    if (!p || !q || ANSWERLESS.includes(p.verdict) || ANSWERLESS.includes(q.verdict)) continue;
    const shown = (c: typeof p): string => `${c.verdict}${c.observed === null ? '' : `, ${c.observed}`}`;
    add('checks', id, shown(p), shown(q));
  }
  return rows;
}
const ANSWERLESS: readonly string[] = ['unknown', 'n/a'];
