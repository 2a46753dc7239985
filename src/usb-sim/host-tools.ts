/**
 * Which driver the host has for a device in DFU mode, and which programs find it then. On Windows a device of a vendor's class gets no driver by itself: the ones of ST's ROM are WinUSB
 * (it comes with STM32CubeProgrammer, or by Zadig) and the older STTub30 (it comes with DfuSe Demo); each program sees its own driver's devices only
 * (reported: community.st.com, "DFU bootloader device not showing up in DfuSe demo"). On Linux a program opens the device file, for which a rule of udev has to give the user access
 * (dfu-util prints LIBUSB_ERROR_ACCESS).
 */
import type { DeviceInfo } from './descriptors.ts';
import type { Host, HostDriver } from './host-api.ts';
import type { HostKind } from './types.ts';

/** Interface classes for which Windows brings a driver: audio, communication, HID, image, printer, mass storage, hub, smart card, video. */
const INBOX = new Set([0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0e]);

/** False: no function driver, so nobody sets a configuration. */
export function hasDriver(host: Host, info: DeviceInfo): boolean {
  const { host: kind, driver } = host.options;
  return kind !== 'windows' || driver !== 'none' || info.interfaces.some((i) => INBOX.has(i.classCode));
}
/** A program of this user can open the device. */
export const canOpen = (driver: HostDriver): boolean => driver !== 'none' && driver !== 'no-access';

/** Programs that ask libusb, WinUSB or the browser. */
const GENERIC = 'dfu-util, STM32CubeProgrammer and WebUSB in a browser';
const DFUSE_DEMO = 'DfuSe Demo';

/** The programs that list the device, those that do not, and why. */
interface Tools {
  readonly find: string | null;
  readonly miss: string;
  readonly because: string;
}
function toolsOf(kind: HostKind, driver: HostDriver): Tools {
  if (driver === 'no-access')
    return {
      find: `${GENERIC} run by root`,
      miss: 'the same run by the user',
      because: 'no rule of udev lets the user open the device (LIBUSB_ERROR_ACCESS)',
    };
  if (driver === 'none') return { find: null, miss: `${GENERIC}, and ${DFUSE_DEMO}`, because: 'the host has no driver for the device' };
  if (kind !== 'windows') return { find: GENERIC, miss: DFUSE_DEMO, because: `${DFUSE_DEMO} runs on Windows only` };
  return driver === 'sttub30'
    ? {
        find: DFUSE_DEMO,
        miss: GENERIC,
        because: 'the driver is STTub30, and they ask for WinUSB: STM32CubeProgrammer or Zadig installs it',
      }
    : { find: GENERIC, miss: DFUSE_DEMO, because: `the driver is WinUSB, and it asks for STTub30, which comes with ${DFUSE_DEMO}` };
}
/** One sentence without its full stop. */
export function toolsInWords(kind: HostKind, driver: HostDriver): string {
  const { find, miss, because } = toolsOf(kind, driver);
  return `${find === null ? 'the device is found by none of' : `the device is found by ${find}, and not by`} ${miss}: ${because}`;
}

/** Says in the log which programs find a device in DFU mode. */
export function tellTools(host: Host, info: DeviceInfo): void {
  const { host: kind, driver } = host.options;
  const dfu = info.interfaces.some((i) => i.classCode === 0xfe && i.subclass === 1 && i.protocol === 2);
  if (dfu && driver !== 'none' && (kind === 'windows' || driver === 'no-access')) host.log('driver', toolsInWords(kind, driver));
}
