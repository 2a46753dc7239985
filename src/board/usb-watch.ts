/** Who tells whether the board showed up on USB in DFU mode: the emulated host, the package `usb`, the user, or nobody. */
import type { GdbTarget } from './gdb-target.ts';
import { BoardError } from './rsp-client.ts';

export type UsbSeen = 'dfu' | 'nothing' | 'not-watched';

/** Lets the core run, and watches for at most `timeout` milliseconds. The core may be running or halted afterwards. */
export type UsbWatch = (target: GdbTarget, timeout: number) => Promise<UsbSeen>;

/** ST's ROM in DFU mode (AN2606, AN3156). */
const ST_DFU = { vendorId: 0x0483, productId: 0xdf11 } as const;
const LOOK_EVERY = 250;
const sleep = (ms: number): Promise<void> => new Promise((settle) => void setTimeout(settle, ms));

/** The host that `bootbench gdb` simulates; the machine runs while the server waits for a stop. */
export const emulatedHost: UsbWatch = async (target, timeout) => {
  for (let waited = 0; waited < timeout; waited += LOOK_EVERY) {
    await target.runUntilStop(LOOK_EVERY);
    if (/DFU: ready/.test(await target.monitorText('usb'))) return 'dfu';
  }
  return 'nothing';
};

/** Where the host's address of the ROM's device stands, and where the ROM lies. */
export interface AddressPlace {
  readonly address: number;
  readonly mask: number;
  readonly name: string;
  readonly rom: readonly [first: number, last: number];
}
/**
 * The board itself: a host that has enumerated the ROM's device has given it an address, which stands in a register of the block. Needs nobody beside the debugger, and
 * a record of it says the same again. The core is halted for the looks, and in the end.
 */
export const addressGiven =
  ({ address, mask, name, rom }: AddressPlace): UsbWatch =>
  async (target, timeout) => {
    for (let waited = 0; waited < timeout; waited += LOOK_AT_REGISTER) {
      const stopped = await target.runUntilStop(Math.min(LOOK_AT_REGISTER, timeout - waited));
      const [value, pc] = [await target.word(address), await target.readRegister('pc')];
      if (value === null) throw new BoardError(`${name} cannot be read, so nobody sees whether a host has enumerated the board`);
      // an application may have a device of its own
      if ((value & mask) !== 0 && pc !== null && pc >= rom[0] && pc <= rom[1]) return 'dfu';
      // a core that has stopped by itself stays where it is
      if (stopped !== null) return 'nothing';
    }
    return 'nothing';
  };
/** A host takes some tenths of a second; it tries again if a look at the board was in its way. */
const LOOK_AT_REGISTER = 500;

/** What lists the devices of this computer; the package `usb` does. */
export interface DeviceList {
  getDevices(): Promise<readonly { readonly vendorId: number; readonly productId: number }[]>;
}
/** @param unlike devices of ST's ROM that were there before the board ran do not count: how many there are has to grow */
export const realHost =
  (list: DeviceList): UsbWatch =>
  async (target, timeout) => {
    const count = async (): Promise<number> =>
      (await list.getDevices()).filter((d) => d.vendorId === ST_DFU.vendorId && d.productId === ST_DFU.productId).length;
    const before = await count();
    await target.letRun();
    for (let waited = 0; waited < timeout; waited += LOOK_EVERY) {
      await sleep(LOOK_EVERY);
      if ((await count()) > before) return 'dfu';
    }
    return 'nothing';
  };

/** @param ask puts the question to a person; null = no answer */
export const askedUser =
  (ask: (question: string) => Promise<boolean | null>): UsbWatch =>
  async (target) => {
    await target.letRun();
    const answer = await ask('Did the board show up as a DFU device (0483:df11; `dfu-util -l` or `lsusb` lists it)?');
    return answer === null ? 'not-watched' : answer ? 'dfu' : 'nothing';
  };

/** Who watched, as a record has it: what a server's answers show is seen again in them, the rest is believed. */
export type Watcher = 'emulated' | 'registers' | 'host';

/** Writes down who watched, and what was seen. */
export const recorded =
  (watch: UsbWatch, watcher: Watcher, write: (mark: string) => void): UsbWatch =>
  async (target, timeout) => {
    write(`watch ${watcher}`);
    const seen = await watch(target, timeout);
    write(`seen ${seen}`);
    return seen;
  };
/** @param mark the next words that were written down; `registers`: how to look again, where that was how */
export const replayed =
  (mark: () => string, registers: UsbWatch | null = null): UsbWatch =>
  async (target, timeout) => {
    const watcher = mark().replace(/^watch /, '');
    const again = watcher === 'emulated' ? emulatedHost : watcher === 'registers' ? registers : null;
    const found = again === null ? (await target.letRun(), null) : await again(target, timeout);
    const seen = mark().replace(/^seen /, '');
    if (found !== null && found !== seen) throw new BoardError(`the record says ${seen}, and its answers say ${found}`);
    return seen === 'dfu' || seen === 'nothing' ? seen : 'not-watched';
  };

export const nobody: UsbWatch = async (target) => {
  await target.letRun();
  return 'not-watched';
};
