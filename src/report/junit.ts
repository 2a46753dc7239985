/** JUnit XML, as CI servers read it: one case per run. */
import type { SafeText } from '../bench/documents/safe-text.ts';
import { withoutUnseen } from '../image/unseen.ts';

export interface JUnitCase {
  readonly name: string;
  readonly className: string;
  readonly seconds: number;
  /** null = it holds. */
  readonly failure: {
    readonly message: string;
    readonly text: string;
    /** The kind, by which servers group: a check's id, an outcome. */
    readonly type?: string;
  } | null;
  /** The scenario itself could not be run. */
  readonly error?: boolean;
  /** It was not tried: why. */
  readonly skipped?: string;
  /** Where it failed, in the sources or the scenario. */
  readonly file?: string;
  readonly line?: number;
  /** What was run on what: chip, outcome, ROM. */
  readonly properties?: Readonly<Record<string, string>>;
  /** What the firmware printed. */
  readonly output?: string;
}

// XML 1.0 allows no control characters but these three.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
/** What a CI runner would obey if the document is printed: lines that begin with `::`, and `##[`. */
const OBEYED = /^[^\S\n]*:(?=:)|#(?=#\w*\[)/gm;
const escape = (text: string): string =>
  withoutUnseen(
    text.replace(FORBIDDEN, '\ufffd').replace(/[<>&"]/g, (c) => ENTITIES[c]!),
    (code) => `&#${code};`,
  ).replace(OBEYED, (found) => `${found.slice(0, -1)}&#${found.charCodeAt(found.length - 1)};`);
const attribute = (text: string): string => escape(text).replace(/[\t\n]/g, (c) => `&#${c.charCodeAt(0)};`);

export function junit(cases: readonly JUnitCase[]): SafeText {
  const errors = cases.filter((c) => c.failure !== null && c.error === true).length;
  const failures = cases.filter((c) => c.failure !== null).length - errors;
  const time = cases.reduce((sum, c) => sum + c.seconds, 0).toFixed(3);
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" time="${time}"`;
  const rows = cases.map(rowOf).join('');
  const skipped = cases.filter((c) => c.skipped !== undefined).length;
  // Surefire's schema requires `skipped` of a suite, Jenkins' does not know it of all suites
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="bootbench" skipped="${skipped}" ${counts}>\n${rows}  </testsuite>\n</testsuites>\n` as SafeText;
}

function rowOf(c: JUnitCase): string {
  const place = `${c.file === undefined ? '' : ` file="${attribute(c.file)}"`}${c.line === undefined ? '' : ` line="${c.line}"`}`;
  const head = `    <testcase classname="${attribute(c.className)}" name="${attribute(c.name)}"${place} time="${c.seconds.toFixed(3)}"`;
  const properties = Object.entries(c.properties ?? {}).map(
    ([name, value]) => `        <property name="${attribute(name)}" value="${attribute(value)}"/>\n`,
  );
  const tag = c.error === true ? 'error' : 'failure';
  const body = [
    properties.length === 0 ? '' : `      <properties>\n${properties.join('')}      </properties>\n`,
    c.skipped === undefined ? '' : `      <skipped message="${attribute(c.skipped)}"/>\n`,
    c.failure === null
      ? ''
      : `      <${tag} message="${attribute(c.failure.message)}" type="${attribute(c.failure.type ?? tag)}">${escape(c.failure.text)}</${tag}>\n`,
    c.output === undefined || c.output === '' ? '' : `      <system-out>${escape(c.output)}</system-out>\n`,
  ].join('');
  return body === '' ? `${head}/>\n` : `${head}>\n${body}    </testcase>\n`;
}
