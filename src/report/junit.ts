/** JUnit XML, as CI servers read it: one case per run. */

export interface JUnitCase {
  readonly name: string;
  readonly className: string;
  readonly seconds: number;
  /** null = it holds. */
  readonly failure: { readonly message: string; readonly text: string } | null;
  /** The scenario itself could not be run. */
  readonly error?: boolean;
}

// XML 1.0 allows no control characters but these three.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
const escape = (text: string): string => text.replace(FORBIDDEN, '\ufffd').replace(/[<>&"]/g, (c) => ENTITIES[c]!);
const attribute = (text: string): string => escape(text).replace(/\n/g, '&#10;');

export function junit(cases: readonly JUnitCase[]): string {
  const errors = cases.filter((c) => c.failure !== null && c.error === true).length;
  const failures = cases.filter((c) => c.failure !== null).length - errors;
  const time = cases.reduce((sum, c) => sum + c.seconds, 0).toFixed(3);
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" time="${time}"`;
  const rows = cases.map((c) => {
    const head = `    <testcase classname="${attribute(c.className)}" name="${attribute(c.name)}" time="${c.seconds.toFixed(3)}"`;
    if (c.failure === null) return `${head}/>\n`;
    const tag = c.error === true ? 'error' : 'failure';
    return `${head}>\n      <${tag} message="${attribute(c.failure.message)}">${escape(c.failure.text)}</${tag}>\n    </testcase>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="bootbench" ${counts}>\n${rows.join('')}  </testsuite>\n</testsuites>\n`;
}
