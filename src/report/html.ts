/** One self-contained page: the report as on the terminal, every check, the USB log and the timeline. No scripts, nothing from elsewhere. */
import type { RunResult } from '../bench/result.ts';
import { terminalReport } from './terminal.ts';
import { printable } from './text.ts';

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
const escape = (text: string): string => printable(text).replace(/[<>&"]/g, (c) => ENTITIES[c]!);

const STYLE = `
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; background: #fff }
pre { background: #f5f5f5; padding: 1rem; overflow-x: auto; white-space: pre-wrap }
table { border-collapse: collapse; width: 100% } td, th { border-bottom: 1px solid #ddd; padding: .25rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; min-width: 4rem }
.fail { color: #b00020; font-weight: 600 } .warn { color: #8a5a00; font-weight: 600 } .pass { color: #1b6e2d } .n\\/a, .unknown { color: #666 }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b } pre { background: #262626 } td, th { border-color: #444 }
.fail { color: #ff8a80 } .warn { color: #ffd180 } .pass { color: #a5d6a7 } .n\\/a, .unknown { color: #aaa } }`;

function table(head: readonly string[], rows: readonly (readonly string[])[], verdictColumn = -1): string {
  const cell = (text: string, i: number, row: readonly string[]): string =>
    i === verdictColumn ? `<td class="${escape(row[i]!)}">${escape(text)}</td>` : `<td>${escape(text)}</td>`;
  const body = rows.map((row) => `<tr>${row.map((text, i) => cell(text, i, row)).join('')}</tr>`).join('\n');
  return `<table><thead><tr>${head.map((h) => `<th scope="col">${escape(h)}</th>`).join('')}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

export function htmlReport(result: RunResult): string {
  const place = (file: string | null, line: number | null, pc: string | null): string => (file === null ? (pc ?? '') : `${file}:${line}`);
  const checks = result.checks.map((c) => [
    c.id,
    c.verdict,
    c.observed ?? '',
    c.expected ?? '',
    c.because,
    c.lastWriter === null ? '' : place(c.lastWriter.file, c.lastWriter.line, c.lastWriter.pc),
    [c.source, c.confidence].filter((x) => x !== null).join(', '),
  ]);
  const timeline = result.timeline.map((t) => [t.at, t.cycle === null ? '' : String(t.cycle), t.kind, t.text, place(t.file, t.line, t.pc)]);
  const sections = [
    `<h1>${escape(result.outcome)}: ${escape(result.chip)}</h1>`,
    `<p>${escape(result.summary)}</p>`,
    `<pre>${escape(terminalReport(result, { width: 100 }))}</pre>`,
    `<h2>Checks</h2>${table(['check', 'verdict', 'found', 'expected', 'because', 'last writer', 'source'], checks, 1)}`,
  ];
  if (result.usb.log.length > 0) {
    sections.push(
      `<h2>USB</h2>${table(
        ['at (s)', 'kind', 'what'],
        result.usb.log.map((l) => [l.at, l.kind, l.text]),
      )}`,
    );
  }
  for (const [channel, text] of Object.entries(result.console))
    sections.push(`<h2>Console: ${escape(channel)}</h2><pre>${escape(text)}</pre>`);
  sections.push(`<h2>Timeline</h2>${table(['at (s)', 'cycle', 'kind', 'what', 'where'], timeline)}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>bootbench: ${escape(result.outcome)}, ${escape(result.chip)}</title><style>${STYLE}</style></head>
<body>
${sections.join('\n')}
</body></html>
`;
}
