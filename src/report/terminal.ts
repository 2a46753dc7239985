/** The full report on a terminal, as `-v` prints it: the whole story, then the checks. JUnit has the same without colours and line breaks. */
import type { Judgement } from '../bench/documents/expect.ts';
import { CHECKS } from '../checks/index.ts';
import { callerOf } from '../bench/documents/note-facts.ts';
import type { ResultCheck, RunResult } from '../bench/documents/result.ts';
import type { Sources } from './source-lines.ts';
import { linesOf } from './story/lines.ts';
import { lineText } from './story/sentences.ts';
import { storyOf, type StoryOptions } from './story/story.ts';
import { toldOn } from './story/surfaces.ts';
import { pad, plain, printable, widthOf, wrap, type Paint, type Style } from './text.ts';

/** Options of a report. */
export interface TerminalOptions {
  /** Adds colour to text; default: no colour. */
  readonly paint?: Paint;
  /** Width in columns; lines are wrapped between words. */
  readonly width?: number;
  /** Result of `judge`: whether the run was as expected. */
  readonly judgement?: Judgement | null;
  /** Where the text of source files comes from; default: no lines of source files are shown. */
  readonly sources?: Sources;
  /** List every check, not only those that fail or warn. */
  readonly allChecks?: boolean;
}

/** The full report as text for a terminal, as `bootbench run -v` prints it. */
export function terminalReport(result: RunResult, options: TerminalOptions = {}): string {
  const view = { ...options, width: widthOf(options.width) };
  const story = toldOn('full', storyOf(result, options)).flatMap((t) => linesOf(t, view));
  return `${[...story, '', ...checksTable(result, options, options.allChecks === true)].join('\n')}\n`;
}
/** The same for a document, whose reader wraps lines himself. */
export const documentReport = (result: RunResult, options: StoryOptions): string =>
  toldOn('document', storyOf(result, options))
    .flatMap((t) => linesOf(t, { width: Infinity }))
    .join('\n');

const VERDICT_STYLE: Readonly<Record<string, Style>> = { fail: 'red', warn: 'yellow' };

/** All checks, those that fail first. */
export function checksReport(result: RunResult, options: TerminalOptions = {}): string {
  return `\n${checksTable(result, options, true).join('\n')}\n`;
}

const VERDICT_ORDER: readonly string[] = ['fail', 'warn', 'unknown', 'pass', 'n/a'];

function checksTable(result: RunResult, { paint = plain, width }: TerminalOptions, all: boolean): string[] {
  const rank = ({ verdict }: ResultCheck): number => VERDICT_ORDER.indexOf(verdict);
  const shown = result.checks.filter((c) => all || c.verdict === 'fail' || c.verdict === 'warn').sort((a, b) => rank(a) - rank(b));
  const counts = new Map<string, number>();
  for (const c of result.checks) counts.set(c.verdict, (counts.get(c.verdict) ?? 0) + 1);
  const total = ['pass', 'fail', 'warn', 'n/a', 'unknown'].flatMap((v) => (counts.has(v) ? [`${counts.get(v)} ${v}`] : [])).join(', ');
  const lines = [paint('bold', `Checks: ${total}`)];
  const column = Math.max(0, ...shown.map((c) => c.id.length + c.verdict.length)) + 4;
  for (const check of shown) {
    const head = `  ${paint(VERDICT_STYLE[check.verdict] ?? 'dim', check.verdict)} ${check.id}`;
    const indent = ' '.repeat(column);
    const [first = '', ...rest] = wrap(printable(checkText(check, result)), widthOf(width), indent);
    lines.push(pad(head, column) + first.slice(column), ...rest);
  }
  return lines;
}

/** What it names did not write what was found: it is the instruction that did it. */
const byInstruction = ({ id }: ResultCheck): boolean => CHECKS.some((check) => check.id === id && check.namesInstruction === true);
function checkText(check: ResultCheck, { notes }: RunResult): string {
  const parts = [check.because];
  if (check.observed !== null) parts.push(`found ${check.observed}`);
  if (check.lastWriter !== null)
    parts.push(
      `${byInstruction(check) ? 'by' : 'last written by'} ${lineText(check.lastWriter, callerOf(notes, check.lastWriter)?.by ?? null)}`,
    );
  const source = check.source === null ? '' : ` [${check.source}${check.confidence === null ? '' : `, ${check.confidence}`}]`;
  return parts.join('; ') + source;
}
