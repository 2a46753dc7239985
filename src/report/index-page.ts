/** One page for all scenarios of `bootbench test`: what does not hold comes first, with its first screen. */
import { goalInWords, otherGoal } from '../bench/documents/reached.ts';
import type { RunResult } from '../bench/documents/result.ts';
import { escapeHtml, PAGE_STYLE, pageOf } from './page.ts';
import { shortReport } from './short.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

export interface IndexRow {
  readonly path: string;
  /** ok, known, fail, error, internal. */
  readonly state: string;
  readonly seconds: number;
  readonly failures: readonly string[];
  readonly result: RunResult | null;
}

export function indexPage(rows: readonly IndexRow[]): SafeText {
  const good = rows.filter((r) => r.state === 'ok');
  const bad = rows.filter((r) => r.state !== 'ok');
  const title = `${good.length} of ${rows.length} scenarios hold`;
  const line = ({ path, seconds, result }: IndexRow): string =>
    `<tr><td>${escapeHtml(path)}</td><td>${escapeHtml(result?.chip ?? '')}</td><td>${escapeHtml(result === null ? '' : otherGoal(result) === null ? result.outcome : goalInWords(result))}</td><td>${seconds.toFixed(1)} s</td></tr>`;
  const failed = bad.map((r) => {
    const report =
      r.result === null
        ? ''
        : `<pre>${escapeHtml(shortReport(r.result, { width: 120, judgement: { holds: false, failures: r.failures } }))}</pre>`;
    const list = r.failures.map((f) => `<li>${escapeHtml(f)}</li>`).join('');
    return `<details open><summary><span class="fail">${escapeHtml(r.state)}</span> ${escapeHtml(r.path)}</summary><ul>${list}</ul>${report}</details>`;
  });
  return pageOf(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>bootbench: ${title}</title><style>${PAGE_STYLE}</style></head>
<body><main><h1>${title}</h1>
${failed.join('\n')}
<details${bad.length === 0 ? ' open' : ''}><summary>${good.length} that hold</summary>
<div class="scroll"><table><thead><tr><th scope="col">scenario</th><th scope="col">chip</th><th scope="col">outcome</th><th scope="col">time</th></tr></thead>
<tbody>${good.map(line).join('\n')}</tbody></table></div></details>
</main></body></html>
`);
}
