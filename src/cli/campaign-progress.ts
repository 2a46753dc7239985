/** The line of progress of a campaign: how many, how fast, how long still, what came of them. */
import { printable } from '../report/text.ts';
import type { Progress } from '../campaign/campaign.ts';
import { canRewrite, type Io, verbatim } from './io.ts';

/** The rate is that of this time. */
const WINDOW_MS = 20_000;
const TERMINAL_MS = 200;
/** Without a terminal, where --progress asks for it. */
const LINE_MS = 10_000;

export class ProgressLine {
  private readonly io: Io;
  private readonly terminal: boolean;
  private readonly wanted: boolean;
  private readonly marks: { at: number; now: number }[] = [];
  private shownAt = -Infinity;
  private last: Progress | null = null;

  constructor(io: Io, { progress = false, quiet = false }: { readonly progress?: boolean; readonly quiet?: boolean }) {
    this.io = io;
    this.terminal = canRewrite(io) && !quiet;
    this.wanted = this.terminal || progress;
  }

  show(p: Progress): void {
    if (!this.wanted) return;
    const at = performance.now();
    this.marks.push({ at, now: p.now });
    while (this.marks.length > 2 && at - this.marks[0]!.at > WINDOW_MS) this.marks.shift();
    this.last = p;
    if (at - this.shownAt < (this.terminal ? TERMINAL_MS : LINE_MS)) return;
    this.shownAt = at;
    this.write(p);
  }
  end(): void {
    if (this.terminal) this.io.stderr.raw(verbatim('\r\u001b[K'));
    else if (this.wanted && this.last) this.write(this.last);
  }

  private write(p: Progress): void {
    const text = progressText(p, this.rate());
    if (this.terminal) this.io.stderr.raw(verbatim(`\r\u001b[K${printable(text).slice(0, Math.max(10, this.io.stderr.columns - 1))}`));
    else this.io.stderr.write(`${text}\n`);
  }
  /** Cases a second. */
  private rate(): number {
    const [a, b] = [this.marks[0], this.marks.at(-1)];
    return a && b && b.at > a.at ? ((b.now - a.now) / (b.at - a.at)) * 1000 : 0;
  }
}

/** `1200 of 20000 (6 %), 310/s, 1 min left: 900 dfu, 300 rom-silent, 1 set aside` */
function progressText({ done, total, outcomes, aside }: Progress, rate: number): string {
  const share = total === 0 ? 100 : Math.floor((100 * (done + aside)) / total);
  const left = rate > 0 && done + aside < total ? `, ${duration((total - done - aside) / rate)} left` : '';
  const counts = [...outcomes].sort(([, a], [, b]) => b - a).map(([outcome, n]) => `${n} ${outcome}`);
  if (aside > 0) counts.push(`${aside} set aside`);
  const speed = rate > 0 ? `, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s` : '';
  return `${done} of ${total} (${share} %)${speed}${left}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`;
}
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} days`;
}
