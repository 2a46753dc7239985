/** The conformance report in words: terminal and page. */
import type { SerialConformanceReport } from '../bench/serial/serial-kit.ts';
import type { ConformanceReport } from '../usb-sim/conform/kit.ts';
import type { RequirementResult, Verdict } from '../usb-sim/conform/requirement.ts';
import { plain, printable, printableName, wrap, type Paint, type Style } from './text.ts';
import { escapeHtml as escape, pageOf } from './page.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

const MARK: Readonly<Record<Verdict, { readonly mark: string; readonly style: Style }>> = {
  pass: { mark: 'pass', style: 'green' },
  fail: { mark: 'FAIL', style: 'red' },
  dialect: { mark: 'dialect', style: 'yellow' },
  'n/a': { mark: 'n/a', style: 'dim' },
};
const hex4 = (n: number): string => n.toString(16).padStart(4, '0');

/** Of a DFU device, or of one that speaks AN3155. */
export type JudgedReport = ConformanceReport | SerialConformanceReport;

export const deviceName = ({ device }: JudgedReport): string =>
  'port' in device
    ? `AN3155 on ${device.port}, version ${device.version >> 4}.${device.version & 15}`
    : `${hex4(device.vid)}:${hex4(device.pid)} ${printableName(device.product ?? '')}, bcdDevice ${hex4(device.bcdDevice)}, bcdDFUVersion ${hex4(device.bcdDfuVersion)}`;
const countsLine = (report: JudgedReport): string => {
  const { counts, ended } = report;
  const line = `${counts.pass} pass, ${counts.fail} fail, ${counts.dialect} in a dialect, ${counts['n/a']} not applicable`;
  return ended === undefined ? line : `${line}; ${endedText(report)}`;
};
/** Of a report that is not whole. */
export const endedText = ({ ended, requirements }: JudgedReport): string =>
  ended === undefined ? '' : `not finished (limit: ${ended.reason}): ${requirements.length} of ${ended.asked} requirements were asked`;

/** What failed first, then dialects; what passed only where `all`. */
export function conformanceText(report: JudgedReport, options: { paint?: Paint; width?: number; all?: boolean } = {}): string {
  const { paint = plain, width = 100, all = false } = options;
  const lines = [printable(deviceName(report)), ''];
  for (const verdict of ['fail', 'dialect', 'n/a', 'pass'] as const) {
    if ((verdict === 'pass' || verdict === 'n/a') && !all) continue;
    for (const [r, ...same] of byRequests(report.requirements.filter((x) => x.verdict === verdict)))
      lines.push(...rowText(r!, paint, width), ...sameText(same, width));
  }
  return `${lines.join('\n')}\n${lines.length > 2 ? '\n' : ''}${countsLine(report)}\n`;
}

/** Failures that the same requests and answers led to have one cause: they are told together, by the one that speaks of DFU itself. */
export function byRequests<T extends Pick<RequirementResult, 'id' | 'verdict' | 'sequence'>>(rows: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const r of rows) {
    const key = r.verdict === 'fail' && r.sequence.length > 0 ? r.sequence.join('\n') : r.id;
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  return [...groups.values()].map((group) => {
    const first = group.find(({ id }) => id.startsWith('dfu.')) ?? group[0]!;
    return [first, ...group.filter((r) => r !== first)];
  });
}
const sameText = (same: readonly RequirementResult[], width: number): string[] =>
  same.length === 0 ? [] : wrap(`the same requests fail ${same.map(({ id }) => id).join(', ')}`, width, '      ');

function rowText(r: RequirementResult, paint: Paint, width: number): string[] {
  const { mark, style } = MARK[r.verdict];
  const head = `${paint(style, mark)}  ${r.id}: ${r.title} (${r.paragraph})`;
  const seen = r.observed === null ? [] : wrap(printable(`${r.dialect === null ? '' : `${r.dialect}: `}${r.observed}`), width, '      ');
  const sequence = r.verdict === 'fail' ? r.sequence.map((line, i) => `      ${i + 1}. ${printable(line)}`) : [];
  return [head, ...seen, ...sequence];
}

/** One page without scripts or outside files. */
export function conformanceHtml(report: JudgedReport): SafeText {
  const rows = report.requirements.map((r) => {
    const detail = [r.dialect, r.observed].filter((x) => x !== null).join(': ');
    const sequence = r.sequence.length > 0 ? `<ol>${r.sequence.map((line) => `<li>${escape(line)}</li>`).join('')}</ol>` : '';
    const cells = [r.verdict, r.id, r.title, r.paragraph].map((text) => `<td>${escape(text)}</td>`).join('');
    return `<tr class="${r.verdict === 'n/a' ? 'na' : r.verdict}">${cells}<td>${escape(detail)}${sequence}</td></tr>`;
  });
  return pageOf(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Conformance of ${escape(deviceName(report))}</title><style>
body{font:14px/1.45 system-ui,sans-serif;margin:2rem}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}
.fail td:first-child{background:#fbb}.dialect td:first-child{background:#fe9}.pass td:first-child{background:#cfc}.na td{color:#777}
</style></head><body><h1>Conformance</h1><p>${escape(deviceName(report))}</p><p>${escape(countsLine(report))}</p>
<table><thead><tr><th>Verdict</th><th>Requirement</th><th>Asked</th><th>Paragraph</th><th>Seen</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></body></html>
`);
}
