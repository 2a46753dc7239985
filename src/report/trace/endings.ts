/** Formats of a trace, by the ending of the file. */
export type TraceFormat = 'perfetto' | 'vcd' | 'pcapng';
const ENDINGS: Readonly<Record<string, TraceFormat>> = { json: 'perfetto', vcd: 'vcd', pcapng: 'pcapng' };
/** For messages: `*.json (Perfetto) …`. */
export const TRACE_ENDINGS = '*.json (Perfetto), *.vcd (GTKWave, PulseView), *.pcapng (Wireshark)';

/** null: no such ending. */
export const traceFormat = (path: string): TraceFormat | null => ENDINGS[/\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''] ?? null;
