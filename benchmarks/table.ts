/** The rows as a table for a terminal and as the page docs/dev/benchmarks.md. */
import type { Row } from './rows.ts';

const number = (n: number | null): string => {
  if (n === null || !Number.isFinite(n)) return '–';
  const digits = n >= 100 ? 0 : n >= 10 ? 1 : n >= 0.1 ? 2 : 4;
  return n.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
};

const HEAD = ['work', 'bootbench', 'against', 'figure', 'by CPU time', 'target', ''] as const;

/** Verdict by wall clock; a target that only the CPU time meets is told as such, because neighbours on the machine do that. */
function cells(r: Row): string[] {
  const unit = r.theirs === null ? ` ${r.unit}` : '×';
  const meets = (v: number): boolean => (r.target!.op === '>=' ? v >= r.target!.value : v <= r.target!.value);
  const byCpu = r.verdict === 'misses' && r.byCpu !== null && Number.isFinite(r.byCpu) && meets(r.byCpu) ? ' (holds by CPU time)' : '';
  const against = r.theirs === null ? r.against : `${r.against}: ${number(r.theirs)}`;
  return [
    r.work,
    r.ours === null ? '–' : `${number(r.ours)} ${r.unit}${r.spread === null ? '' : ` ±${Math.round(100 * r.spread)} %`}`,
    against,
    r.value === null ? '–' : `${number(r.value)}${unit}`,
    r.byCpu === null || !Number.isFinite(r.byCpu) ? '–' : `${number(r.byCpu)}${unit}`,
    r.target === null ? '' : `${r.target.op === '>=' ? '≥' : '≤'} ${r.target.value}${r.target.unit === '×' ? ' ×' : ` ${r.target.unit}`}`,
    `${r.verdict}${byCpu}${r.note === '' ? '' : `: ${r.note.split('\n')[0]}`}`,
  ];
}

export function terminalTable(rows: readonly Row[]): string {
  const all = rows.map(cells);
  const widths = HEAD.map((h, i) => Math.max(h.length, ...all.map((c) => c[i]!.length)));
  const line = (c: readonly string[]): string =>
    `  ${c.map((text, i) => (i === c.length - 1 ? text : text.padEnd(widths[i]!))).join('  ')}`.trimEnd();
  const out = [line(HEAD)];
  rows.forEach((r, i) => {
    if (r.group !== rows[i - 1]?.group) out.push(r.group);
    out.push(line(all[i]!));
  });
  return out.join('\n');
}

export interface Surroundings {
  readonly date: string;
  readonly machine: string;
  readonly load: string;
  readonly node: string;
  readonly peers: readonly string[];
  readonly rounds: number;
}

export function page(rows: readonly Row[], s: Surroundings): string {
  const out = [
    '# Benchmarks',
    '',
    'How fast bootbench runs firmware, beside other emulators on the same machine. bootbench counts the cycles of the chip; QEMU, Unicorn and rp2040js execute the same code here and count none.',
    'A target is a goal that the project set for itself: "misses" means slower than that goal, not that something fails.',
    '',
    `\`npm run bench -- --write\` wrote this page on ${s.date}. Machine: ${s.machine}; ${s.load}. Node ${s.node}. Peers: ${s.peers.join(', ')}.`,
    '',
    `- Each number is the median of ${s.rounds} samples, taken in turn, each in a process of its own. ± is half the distance of the quartiles. MIPS are guest instructions.`,
    '- Translation and warming up are inside the figures of bootbench. Start and end of the process are taken off those of QEMU, unless a row says otherwise.',
    '- "figure" is the median of the ratios of samples taken side by side, by wall clock; it decides about the target. "by CPU time" counts all threads; a busy machine disturbs it less.',
    '- QEMU runs the same C, linked for the memory map of one of its boards.',
    '- CoreMark is built from the sources of EEMBC (github.com/eembc/coremark), which are not in this repository: `BOOTBENCH_COREMARK=<folder of them> npm run bench -- --only coremark`.',
    '',
  ];
  rows.forEach((r, i) => {
    if (r.group !== rows[i - 1]?.group)
      out.push(
        ...(i === 0 ? [] : ['']),
        `## ${r.group[0]!.toUpperCase()}${r.group.slice(1)}`,
        '',
        `| ${HEAD.join(' | ')} |`,
        `| ${HEAD.map(() => '---').join(' | ')} |`,
      );
    out.push(
      `| ${cells(r)
        .map((c) => c.replaceAll('|', '\\|'))
        .join(' | ')} |`,
    );
  });
  return `${out.join('\n')}\n`;
}
