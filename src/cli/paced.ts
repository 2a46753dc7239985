/** Clients of a server that ask faster than they read: what they may hold of it. */
import type { Socket } from 'node:net';

/** So many bytes of a client are looked at before its answers are: a handful of requests. */
const PIECE = 128;
/** After so many pieces, or milliseconds, others get their turn. */
const TURN = 8;
const TURN_MS = 10;
/** A client that takes none of its answers for so long is closed. */
const PATIENCE_MS = 10_000;
/** What a machine prints comes without being asked for; so much of it is kept for a client that does not read. */
export const MOST_UNREAD = 4 << 20;

/** Closes a client that takes nothing of what waits for it. Node looks at the bytes that the system has taken. */
export function mustRead(socket: Socket, patience = PATIENCE_MS): void {
  socket.setTimeout(patience);
  // the callback of setTimeout is called once: by a client that was silent before it asked
  socket.on('timeout', () => {
    if (socket.writableLength > 0) socket.destroy();
  });
}

/** Sends to a client as long as it is there and reads. */
export const sendTo =
  (socket: Socket) =>
  (bytes: Uint8Array): void => {
    if (!socket.writable) return;
    socket.write(bytes);
    if (socket.writableLength > MOST_UNREAD) socket.destroy();
  };

/**
 * Hands on what a client sends, in pieces. Nothing is read or answered while answers wait to be taken, the event loop goes on between the pieces, and what a
 * client that is gone had asked is dropped.
 */
export function paced(socket: Socket, receive: (bytes: Uint8Array) => void, patience = PATIENCE_MS): void {
  let rest: Uint8Array = new Uint8Array(0);
  const later = (): void => void setImmediate(goOn);
  function goOn(): void {
    const began = performance.now();
    for (let i = 0; rest.length > 0 && socket.writable; i++) {
      if (socket.writableNeedDrain) return void socket.once('drain', later);
      if (i === TURN || performance.now() - began > TURN_MS) return later();
      const piece = rest.subarray(0, PIECE);
      rest = rest.subarray(PIECE);
      receive(piece);
    }
    rest = rest.subarray(rest.length);
    socket.resume();
  }
  socket.on('data', (bytes) => {
    // paused until all of it is answered, so that no more than this waits
    socket.pause();
    rest = bytes;
    goOn();
  });
  mustRead(socket, patience);
}
