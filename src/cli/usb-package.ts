/** `usb` is optional: a compiled package that only real boards need. */
import { UsageError } from '../bench/documents/usage-error.ts';
import type { WebUsbTarget } from '../usb-sim/conform/web-usb-link.ts';
import { IMPORT } from './import.ts';
import { optional } from '../campaign/optional.ts';

export interface UsbPackage {
  readonly webusb: { getDevices(): Promise<readonly (WebUsbTarget & { readonly vendorId: number; readonly productId: number })[]> };
}
/** @param option what asked for it, for the error */
export async function usbPackage(option: string): Promise<UsbPackage> {
  const loaded = (await optional(() => IMPORT.module('usb'), `${option} needs the package \`usb\``, 'npm install usb')) as {
    readonly WebUSB?: new (options: { allowAllDevices: boolean }) => UsbPackage['webusb'];
  };
  if (!loaded.WebUSB) throw new UsageError(`${option}: this version of the package \`usb\` has no WebUSB`, 'npm install usb@2');
  return { webusb: new loaded.WebUSB({ allowAllDevices: true }) };
}
