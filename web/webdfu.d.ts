/** What the page uses of the package webdfu, which has no declarations. */
declare module 'webdfu' {
  export interface WebDfuDevice {
    startAddress: number;
    open(): Promise<void>;
    close(): Promise<void>;
    do_download(size: number, data: ArrayBuffer, manifest: boolean): Promise<void>;
    do_upload(size: number, most: number): Promise<Blob>;
  }
  export const DFUse: {
    findDeviceDfuInterfaces(device: USBDevice): { name: string | undefined }[];
    Device: new (device: USBDevice, settings: object) => WebDfuDevice;
  };
}
