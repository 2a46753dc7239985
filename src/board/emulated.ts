/** The emulated machine as one more board: a GDB server in this process, without a socket. */
import type { Session } from '../bench/session/session.ts';
import { GdbHub } from '../debug/gdb-hub.ts';
import { GdbTarget } from './gdb-target.ts';
import type { Transport } from './rsp-client.ts';

const nothing = (): void => undefined;

/** @param onConsole text of the machine, such as resets */
export function emulatedBoard(session: Session, onConsole: (text: string) => void = nothing): Promise<GdbTarget> {
  const hub = new GdbHub(session);
  let closed = false;
  const transport: Transport = {
    send: (bytes) => server.receive(bytes),
    get closed() {
      return closed;
    },
    onData: nothing,
    onClose: nothing,
    destroy: nothing,
    close: () => {
      closed = true;
      hub.onWake = nothing;
      hub.disconnect(server);
    },
  };
  let turning = false;
  const turn = (): void => {
    turning = !closed && hub.advance();
    if (turning) setImmediate(turn);
  };
  hub.onWake = () => {
    if (turning) return;
    turning = true;
    setImmediate(turn);
  };
  // answers come later, as over a wire
  const server = hub.connect(hub.cores[0]!, (bytes) => queueMicrotask(() => transport.onData(bytes)))!;
  return GdbTarget.attach(transport, onConsole, 'bootbench');
}
