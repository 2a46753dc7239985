/** Whether a file is a trace that this program wrote: by how each form begins, which no other program does in the same way. */
import { PcapngWriter } from '../../usb-sim/pcapng.ts';
import type { TraceFormat } from './endings.ts';

/** As many bytes of a file tell. */
export const HEAD = 256;
const BEGINS: Readonly<Record<Exclude<TraceFormat, 'pcapng'>, RegExp>> = {
  perfetto: /^\{"displayTimeUnit":"ns","traceEvents":\[\n\{"name":"process_name","ph":"M","pid":1,"tid":0,"args":\{"name":"/,
  vcd: /^\$comment\n {2}[^\n]*; scope repaired_\*: the same run with its cause repaired\n\$end\n/,
};

/** @param head the first bytes of the file, HEAD of them if it has so many */
export function isOwnTrace(head: Uint8Array, format: TraceFormat): boolean {
  const bytes = Buffer.from(head);
  if (format !== 'pcapng') return BEGINS[format].test(bytes.toString());
  const begins = new PcapngWriter(() => false).bytes();
  return bytes.subarray(0, begins.length).equals(begins);
}
