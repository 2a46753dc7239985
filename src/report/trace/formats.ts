/** A trace as the text or bytes of a file. */
import type { SafeText } from '../../bench/documents/safe-text.ts';
import type { RunTrace } from '../../bench/documents/trace-types.ts';
import { PcapngWriter } from '../../usb-sim/pcapng.ts';
import type { Transfer } from '../../usb-sim/types.ts';
import type { TraceFormat } from './endings.ts';
import { perfettoTrace } from './perfetto.ts';
import { vcdTrace } from './vcd.ts';

export function writeTrace(trace: RunTrace, format: TraceFormat): SafeText | Uint8Array {
  if (format === 'perfetto') return perfettoTrace(trace);
  return format === 'vcd' ? vcdTrace(trace) : transfersAsPcapng(trace);
}

/** The USB transfers of the run itself. */
function transfersAsPcapng({ run }: RunTrace): Uint8Array {
  const interrupt = new Set<Readonly<Transfer>>();
  // a trace has its bound by itself
  const writer = new PcapngWriter((t) => interrupt.has(t), Infinity);
  const events: { readonly at: number; readonly write: () => void }[] = [];
  for (const { from, to, status, started, ended, interrupt: isInterrupt } of run.transfers) {
    // one object for the whole transfer: the writer pairs its ends by that
    const t: Transfer = { ...started };
    if (isInterrupt) interrupt.add(t);
    events.push({ at: from, write: () => writer.started(t, from) });
    if (to === null || status === null || ended === null) continue;
    events.push({
      at: to,
      write: () => {
        Object.assign(t, ended);
        writer.ended(t, status, to);
      },
    });
  }
  events.sort((a, b) => a.at - b.at);
  for (const { write } of events) write();
  return writer.bytes();
}
