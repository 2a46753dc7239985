/** A client of `bootbench dfu --usbip` over a socket: dfu-util's requests of a DfuSe download, without the times that dfu-util sleeps. */
import { connect, type Socket } from 'node:net';
import { setupPacket } from '../src/usb-sim/descriptors.ts';
import { DFU, DFUSE_CODE, dfuseCommand } from '../src/usb-sim/dfu-protocol.ts';
import { STATE } from '../src/usb-sim/conform/model.ts';
import { BUS_ID_BYTES, CMD, DEVICE_BYTES, DEVICE_ID, OP, OP_HEADER, URB_HEADER, USBIP_VERSION } from '../src/usb-sim/usbip-protocol.ts';

const PAGE = 2048;

class UsbIpClient {
  private readonly socket: Socket;
  private came = Buffer.alloc(0);
  private wake: (() => void) | null = null;
  private sequence = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (more) => {
      this.came = Buffer.concat([this.came, more]);
      this.wake?.();
    });
  }
  static async open(port: number, busId: string): Promise<UsbIpClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise((settle, fail) => socket.once('connect', settle).once('error', fail));
    const client = new UsbIpClient(socket);
    const question = Buffer.alloc(OP_HEADER + BUS_ID_BYTES);
    question.writeUInt16BE(USBIP_VERSION, 0);
    question.writeUInt16BE(OP.REQ_IMPORT, 2);
    question.write(busId, OP_HEADER);
    socket.write(question);
    const answer = await client.take(OP_HEADER);
    if (answer.readUInt32BE(4) !== 0) throw new Error(`USB/IP: import ended with status ${answer.readUInt32BE(4)}`);
    await client.take(DEVICE_BYTES);
    return client;
  }
  close(): void {
    this.socket.destroy();
  }
  /** A class request to interface 0: data to send, or how much to read. */
  async request(request: number, value: number, payload: Uint8Array | number): Promise<Buffer> {
    const input = typeof payload === 'number';
    const length = input ? payload : payload.length;
    const urb = Buffer.alloc(URB_HEADER + (input ? 0 : length));
    [CMD.SUBMIT, ++this.sequence, DEVICE_ID, input ? 1 : 0, 0, 0, length].forEach((word, i) => urb.writeUInt32BE(word, 4 * i));
    urb.writeInt32BE(-1, 32);
    urb.set(setupPacket(input ? 0xa1 : 0x21, request, value, 0, length), 40);
    if (!input) urb.set(payload, URB_HEADER);
    this.socket.write(urb);
    const answer = await this.take(URB_HEADER);
    if (answer.readInt32BE(20) !== 0) throw new Error(`USB/IP: DFU request ${request} ended with ${answer.readInt32BE(20)}`);
    return this.take(input ? answer.readInt32BE(24) : 0);
  }
  private async take(length: number): Promise<Buffer> {
    while (this.came.length < length) await new Promise<void>((next) => (this.wake = next));
    const taken = this.came.subarray(0, length);
    this.came = this.came.subarray(length);
    return taken;
  }
}

/** Erases and writes page by page as dfu-util 0.11 does. Returns the milliseconds for which the device has told it to sleep. */
export async function downloadByUsbIp(port: number, busId: string, address: number, data: Uint8Array): Promise<number> {
  const client = await UsbIpClient.open(port, busId);
  let told = 0;
  const send = async (block: number, bytes: Uint8Array): Promise<void> => {
    await client.request(DFU.DNLOAD, block, bytes);
    for (;;) {
      const status = await client.request(DFU.GETSTATUS, 0, 6);
      told += status.readUIntLE(1, 3);
      if (status[0] !== 0) throw new Error(`DFU status ${status[0]}`);
      if (status[4] === STATE.DNLOAD_IDLE) return;
    }
  };
  for (let at = 0; at < data.length; at += PAGE) {
    await send(0, dfuseCommand(DFUSE_CODE.ERASE, address + at));
    await send(0, dfuseCommand(DFUSE_CODE.SET_ADDRESS, address + at));
    await send(2, data.subarray(at, at + PAGE));
  }
  client.close();
  return told;
}
