import type { Server, Socket } from 'node:net';

/**
 * A server has a bounded number of connections. Where there are more, the one that has asked nothing for longest gives its place to who comes: nobody keeps the others out by
 * connections that ask nothing.
 *
 * @param asksNothing nobody waits for an answer on it
 */
export function makeRoom(server: Server, most: number, asksNothing: (socket: Socket) => boolean): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= most) return;
    const gone = [...open].find((other) => other !== socket && asksNothing(other)) ?? socket;
    open.delete(gone);
    gone.destroy();
  });
}
