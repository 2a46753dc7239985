/** A command that takes its time. */
import { printable } from '../report/text.ts';
import { canRewrite, milliseconds, type Io } from './io.ts';

/** Runs with Ctrl-C ending the run instead of the program, and with a line of progress where a person looks. */
export async function interruptible<T>(
  io: Io,
  showProgress: boolean,
  run: (hooks: { stop: AbortSignal; progress?: (text: string) => void }) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const stopListening = io.onInterrupt(() => stop.abort());
  const visible = showProgress && canRewrite(io);
  let shown = false;
  try {
    let doing = 'running';
    const started = milliseconds();
    const progress = (text: string): void => {
      shown = true;
      if (!text.startsWith('\t')) doing = text;
      const far = text.startsWith('\t') ? `  ${text.slice(1)}` : '';
      const line = printable(`${((milliseconds() - started) / 1000).toFixed(1)} s  ${doing}${far}`);
      io.stderr.raw(`\r\u001b[K${line.slice(0, Math.max(10, io.stderr.columns - 1))}`);
    };
    return await run({ stop: stop.signal, ...(visible ? { progress } : {}) });
  } finally {
    stopListening();
    if (shown) io.stderr.raw('\r\u001b[K');
  }
}
