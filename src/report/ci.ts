/** Findings in the forms that CI servers read: annotations and step summary of GitHub, code quality of GitLab, SARIF 2.1.0. */
import { inShort } from '../bench/documents/expect.ts';
import { jsonDocument } from '../bench/documents/json-text.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';
import type { Log, Result, ReportingDescriptor } from 'sarif';
import { CHECKS } from '../checks/index.ts';
import { sha256 } from '../image/sha256.ts';
import { withoutRepeats, withoutToldFixes, type Finding } from './findings.ts';
import { printable, spokenPlain } from './text.ts';

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions: what a value may not hold as it is. */
const data = (text: string): string => withoutCommands(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
/** Other servers may show this log, too. */
const withoutCommands = (text: string): string => text.replace(/##(?=\w*\[)/g, '#\\x23');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

export const githubAnnotations = (findings: readonly Finding[]): SafeText =>
  withoutToldFixes(findings)
    .map(
      (f) =>
        `::error file=${property(printable(f.file))},line=${f.line},title=${property(printable(`bootbench: ${f.title ?? f.rule}`))}::${data(printable(f.message))}\n`,
    )
    .join('') as SafeText;

export interface SummaryRow {
  readonly path: string;
  /** ok, fail, error, known. */
  readonly state: string;
  readonly seconds: number;
  readonly failures: readonly string[];
  /** What one that holds rests on. */
  readonly reservations?: readonly string[];
  /** What of the real ROM it rests on, because the firmware leaves something to it. */
  readonly conditions?: readonly string[];
}

const headOf = ({ rule, title = rule, file, line }: Pick<Finding, 'rule' | 'title' | 'file' | 'line'>): string =>
  `**${cell(title)}** ${cell(`${file}:${line}`)}`;

const cell = (text: string): string =>
  printable(text)
    .replace(/[|\\`*_<>[\]]/g, (c) => `\\${c}`)
    .replaceAll('\n', ' ');

/** Text as people see it, source lines and all, for a log as well (`--markdown -`): the fence is longer than any within (CommonMark 4.5). */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}\n`;
}

/** Markdown for $GITHUB_STEP_SUMMARY, or a comment of a pull request. */
export function stepSummary(rows: readonly SummaryRow[], findings: readonly Finding[]): SafeText {
  const bad = rows.filter((r) => r.state !== 'ok');
  const rests = rows.flatMap(({ path, state, reservations = [], conditions = [] }) =>
    state === 'ok'
      ? [
          ...reservations.map((text) => `- ${cell(path)} holds, but: ${cell(text)}\n`),
          ...conditions.map((text) => `- ${cell(path)} holds ${cell(text)}\n`),
        ]
      : [],
  );
  const list = rests.length === 0 ? '' : `\n${rests.join('')}`;
  const head = `### bootbench: ${rows.length - bad.length} of ${rows.length} scenarios hold\n${list}`;
  if (bad.length === 0) return head as SafeText;
  const lines = bad.map((r) => `| ${cell(r.path)} | ${r.state} | ${cell(inShort(r.failures).join('; '))} |`);
  const places = withoutRepeats(findings).map(({ message, first, ...f }) => {
    if (message === null) return `${headOf(f)} in ${cell(f.scenario)}: as for ${cell(first!.scenario)}\n`;
    const rest = first === null ? '' : `; the rest is as for ${headOf(first)}`;
    return `${headOf(f)}${rest}\n\n${fenced(spokenPlain(message))}`;
  });
  return `${head}\n| scenario | | what does not hold |\n| --- | --- | --- |\n${lines.join('\n')}\n\n${places.join('\n')}` as SafeText;
}

/** The same finding has the same fingerprint in every run, wherever its line has moved to. */
const fingerprint = ({ scenario, rule, file }: Finding): string => sha256(new TextEncoder().encode(`${scenario}\n${rule}\n${file}`));

/** https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format */
export const codeQuality = (findings: readonly Finding[]): SafeText =>
  jsonDocument(
    findings.map((f) => ({
      description: printable(f.message),
      check_name: `bootbench/${f.rule}`,
      fingerprint: fingerprint(f),
      severity: f.rule === 'error' ? 'blocker' : 'major',
      location: { path: f.file, lines: { begin: f.line } },
    })),
  );

/** Half of a character, which no URI can hold. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** A path as a relative reference: `#`, `?` and `:` are part of a name, not of the URI (RFC 3986 §4.2). */
const uriOf = (path: string): string => path.replace(LONE_SURROGATE, '\ufffd').split('/').map(encodeURIComponent).join('/');

/** §3.11.6: brackets of a plain text are escaped, or `[text](destination)` is a link. */
const withoutLinks = (text: string): string => text.replace(/[\\[\]]/g, String.raw`\$&`);

/** The name that GitHub's and Microsoft's viewers know for the root of the sources. */
const SOURCE_ROOT = '%SRCROOT%';
/** OASIS SARIF 2.1.0: one run, a rule for each check that something was found of. */
export function sarif(findings: readonly Finding[], version: string): SafeText {
  const ids = [...new Set(findings.map((f) => f.rule))];
  const rules = ids.map((id): ReportingDescriptor => {
    const check = CHECKS.find((c) => c.id === id);
    return {
      id,
      shortDescription: { text: check?.question ?? `The outcome is ${id}.` },
      ...(check === undefined
        ? {}
        : { fullDescription: { text: check.explanation.split(/\n\n+/)[0]! }, help: { text: check.explanation } }),
    };
  });
  const results = findings.map((f): Result => ({
    ruleId: f.rule,
    ruleIndex: ids.indexOf(f.rule),
    level: 'error',
    message: { text: withoutLinks(printable(f.message)) },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(f.file), uriBaseId: SOURCE_ROOT }, region: { startLine: f.line } } }],
    partialFingerprints: { 'bootbench/v1': fingerprint(f) },
  }));
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'bootbench', version, rules } },
        // where it lies is this machine's own affair: who reads the file says it
        originalUriBaseIds: {
          [SOURCE_ROOT]: { description: { text: 'the root of the repository, else the folder that bootbench ran in' } },
        },
        results,
      },
    ],
  };
  return jsonDocument(log);
}
