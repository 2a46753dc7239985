/** A USB transfer in words: the request, what was asked for, what came of it. */
import type { TraceTransfer } from '../../bench/documents/trace-types.ts';
import { dataFields, setupFields, type Field } from '../../usb-sim/decode.ts';
import { describeRequest } from '../../usb-sim/descriptors.ts';

const MOST_BYTES = 32;

export interface TransferText {
  readonly name: string;
  readonly args: Readonly<Record<string, string | number>>;
}

export function describeTransfer({ started, ended, status, interrupt, driver }: TraceTransfer): TransferText {
  const { setup, kind, endpoint, address } = started;
  const data = movedBytes({ started, ended });
  const what = setup === null ? `${interrupt ? 'interrupt' : 'bulk'} ${kind}` : describeRequest(setup, driver);
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

/** With the setup packet and the data, as bytes. */
export function transferText(transfer: TraceTransfer): string {
  const { name, args } = describeTransfer(transfer);
  const parts = [args['setup'] === undefined ? '' : `setup ${args['setup']}`, args['data'] === undefined ? '' : `data ${args['data']}`];
  return [name, ...parts.filter((p) => p !== '')].join('; ');
}
/** What the bytes of a control transfer say, field by field. */
export function transferFields(transfer: TraceTransfer): readonly Field[] {
  const { setup } = transfer.started;
  return setup === null ? [] : [...setupFields(setup), ...dataFields(setup, transfer.driver, movedBytes(transfer))];
}
/** What was sent, or what has come. */
function movedBytes({ started, ended }: Pick<TraceTransfer, 'started' | 'ended'>): Uint8Array {
  const isIn = started.kind === 'control' ? ((started.setup?.[0] ?? 0) & 0x80) !== 0 : started.kind === 'in';
  return isIn ? (ended?.data ?? new Uint8Array(0)) : started.data;
}

function hexBytes(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, MOST_BYTES)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > MOST_BYTES ? `${shown} …` : shown;
}
