/** A USB transfer in words: the request, what was asked for, what came of it. */
import type { TraceTransfer } from '../../bench/documents/trace-types.ts';
import { describeRequest } from '../../usb-sim/descriptors.ts';

const MOST_BYTES = 32;

export interface TransferText {
  readonly name: string;
  readonly args: Readonly<Record<string, string | number>>;
}

// eslint-disable-next-line complexity -- values that may be missing; no way through it is another
export function describeTransfer({ started, ended, status, interrupt }: TraceTransfer): TransferText {
  const { setup, kind, endpoint, address } = started;
  const way = kind === 'control' ? ((setup?.[0] ?? 0) & 0x80 ? 'in' : 'out') : kind;
  const data = way === 'in' ? (ended?.data ?? new Uint8Array(0)) : started.data;
  const what =
    setup === null ? `${interrupt ? 'interrupt' : 'bulk'} ${kind}` : describeRequest(setup, started.tag.slice(0, started.tag.indexOf('.')));
  const naks = ended?.naks ?? 0;
  const answer = status === null ? 'unanswered' : status;
  return {
    name: `${what}: ${answer}`,
    args: {
      address,
      endpoint: `${endpoint}`,
      status: answer,
      asked: started.length,
      ...(setup === null ? {} : { setup: hexBytes(setup) }),
      ...(data.length > 0 ? { bytes: data.length, data: hexBytes(data) } : {}),
      ...(naks > 0 ? { naks } : {}),
    },
  };
}

function hexBytes(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, MOST_BYTES)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > MOST_BYTES ? `${shown} …` : shown;
}
