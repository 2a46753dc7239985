/** The USB/IP server's sockets. What is said on them is `usb-sim/usbip-connection.ts`. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { makeRoom } from './make-room.ts';
import { mustRead } from './paced.ts';
import { cannotListen, KEEP_ALIVE_MS } from './serving.ts';
import { UsbIpConnection, type UsbIpExport } from '../usb-sim/usbip-connection.ts';

/** A connection that has not imported the device within this real time goes. */
const IMPORT_WITHIN_MS = 15_000;
const MAX_CONNECTIONS = 64;

export interface UsbIpServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** @param port 0 = a free one */
export async function serveUsbIp(shared: UsbIpExport, host: string, port: number): Promise<UsbIpServer> {
  const connections = new Map<Socket, UsbIpConnection>();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) => {
    const connection = accept(shared, socket);
    connections.set(socket, connection);
    socket.once('close', () => connections.delete(socket));
  });
  makeRoom(server, MAX_CONNECTIONS, (socket) => connections.get(socket)?.imported !== true);
  const bound = await listen(server, host, port);
  return {
    host: bound.address,
    port: bound.port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const connection of connections.values()) connection.end();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((settle, fail) => {
    server.once('error', (error) => fail(cannotListen(host, port, error)));
    server.listen({ host, port }, () => settle(server.address() as AddressInfo));
  });
}
function accept(shared: UsbIpExport, socket: Socket): UsbIpConnection {
  const connection = new UsbIpConnection(shared, {
    send: (bytes) => {
      // who does not read its answers asks nothing more
      if (!socket.write(bytes)) socket.pause();
    },
    // a client that reads nothing does not hold the server up
    close: () => socket.end(() => socket.destroySoon()),
  });
  const patience = setTimeout(() => {
    if (!connection.imported) socket.destroy();
  }, IMPORT_WITHIN_MS);
  mustRead(socket);
  socket.on('drain', () => socket.resume());
  socket.on('data', (bytes) => connection.receive(bytes));
  socket.on('end', () => connection.end());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    clearTimeout(patience);
    connection.end();
  });
  return connection;
}
