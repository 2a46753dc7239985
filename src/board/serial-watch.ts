/** A serial port of this computer, wired to a USART of the board: the ROM acknowledges 0x7F (AN3155). */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { SurroundingsError } from '../bench/documents/usage-error.ts';
import type { UsbWatch } from './usb-watch.ts';

const SYNC = 0x7f;
/** ACK; NACK comes from a ROM that had heard the byte before. */
const ANSWERS: readonly number[] = [0x79, 0x1f];
const LISTEN_MS = 500;
const LOOK_MS = 20;
const sleep = (ms: number): Promise<void> => new Promise((settle) => void setTimeout(settle, ms));

/** Eight data bits, even parity, one stop bit. A pseudo terminal has no parity, and needs none. */
function setUp(path: string, baud: number): void {
  const stty = (...settings: readonly string[]) => spawnSync('stty', ['-F', path, ...settings], { encoding: 'utf8' });
  const set = stty(String(baud), 'raw', '-echo', 'cs8', '-cstopb', 'clocal', '-hupcl');
  if (set.error !== undefined || set.status !== 0)
    throw new SurroundingsError(
      `${path} cannot be set up as a serial port with ${baud} baud: ${(set.error?.message ?? set.stderr).trim()}`,
      'is it there, and may you use it?',
    );
  stty('parenb', '-parodd');
}

/** Sends 0x7F until an answer comes or the time is over. */
export const serialAnswer =
  (path: string, baud: number): UsbWatch =>
  async (target, timeout) => {
    setUp(path, baud);
    const port = await open(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    try {
      const heard = Buffer.alloc(64);
      const hears = async (): Promise<boolean> => {
        // nothing there is an error (EAGAIN) for a port that does not wait
        const { bytesRead } = await port.read(heard, 0, heard.length, null).catch(() => ({ bytesRead: 0 }));
        return heard.subarray(0, bytesRead).some((byte) => ANSWERS.includes(byte));
      };
      await hears();
      await target.letRun();
      // a ROM needs its time before it listens
      await sleep(Math.min(LISTEN_MS, timeout / 2));
      for (let waited = 0; waited < timeout; waited += LISTEN_MS) {
        await port.write(Uint8Array.of(SYNC));
        for (let slept = 0; slept < LISTEN_MS; slept += LOOK_MS) {
          await sleep(LOOK_MS);
          if (await hears()) return 'dfu';
        }
      }
      return 'nothing';
    } finally {
      await port.close();
    }
  };
