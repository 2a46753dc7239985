/**
 * Which driver Windows has for a device, and which programs find it then. A device of a vendor's class gets none by itself: the ones of ST's ROM are WinUSB (it comes with
 * STM32CubeProgrammer, or by Zadig) and the older STTub30 (it comes with DfuSe Demo); each program sees its own driver's devices only
 * (reported: community.st.com, "DFU bootloader device not showing up in DfuSe demo").
 */
import type { DeviceInfo } from './descriptors.ts';
import type { Host, HostDriver } from './host-api.ts';

/** Interface classes for which Windows brings a driver: audio, communication, HID, image, printer, mass storage, hub, smart card, video. */
const INBOX = new Set([0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0e]);

/** False: no function driver, so nobody sets a configuration. */
export function hasDriver(host: Host, info: DeviceInfo): boolean {
  const { host: kind, driver } = host.options;
  return kind !== 'windows' || driver !== 'none' || info.interfaces.some((i) => INBOX.has(i.classCode));
}

const SEEN: Readonly<Record<Exclude<HostDriver, 'none'>, string>> = {
  dfu: 'WinUSB: dfu-util and STM32CubeProgrammer find the device; DfuSe Demo, which asks for STTub30, does not',
  winusb: 'WinUSB: dfu-util and STM32CubeProgrammer find the device; DfuSe Demo, which asks for STTub30, does not',
  sttub30: 'STTub30: DfuSe Demo finds the device; dfu-util and STM32CubeProgrammer, which ask for WinUSB, do not',
};
/** Says in the log which programs find a device in DFU mode. */
export function tellDriver(host: Host, info: DeviceInfo): void {
  const { host: kind, driver } = host.options;
  const dfu = info.interfaces.some((i) => i.classCode === 0xfe && i.subclass === 1 && i.protocol === 2);
  if (kind === 'windows' && driver !== 'none' && dfu) host.log('driver', SEEN[driver]);
}
