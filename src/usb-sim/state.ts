import type { UsbSimState } from './types.ts';

/** A port without a device. */
export function freshState(cable: boolean): UsbSimState {
  return {
    cable,
    pullup: false,
    connected: false,
    resetting: false,
    frames: false,
    busFree: 0,
    fault: null,
    packet0: 64,
    address: 0,
    chipResetAt: -1,
    dropReason: 'detach',
    transfers: [],
    queue: [],
    waits: [],
    toggles: {},
    enumeration: { attempt: 0, steps: [], index: 0, tries: 0, phase: 'idle' },
    device: null,
    cdc: null,
    cdcQueue: new Uint8Array(0),
    cdcBaud: null,
    hidEndpoint: -1,
    hidReports: 0,
    mscMaxLun: -1,
    msc: null,
    dfu: null,
    operations: [],
    nextId: 1,
    claimed: false,
    alternates: {},
    outside: [],
    sessions: [],
    log: [],
    logDropped: 0,
    naks: 0,
    unansweredSince: null,
    lastActivity: null,
    lostAt: null,
  };
}

export function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
