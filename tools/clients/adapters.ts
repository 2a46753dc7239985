/** How each client is driven: by the calls that its own page makes. Nothing of the clients themselves is here; they are fetched. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { HeldSerial, HeldUsb, WebUsbDevice } from '../../src/usb.ts';
import { WebSerialPort } from '../../src/usb.ts';
import type { Bench, Client, Drive, Job } from './client.ts';
import { sandbox, type Sandbox } from './sandbox.ts';

const DFU_FILTER = { filters: [{ vendorId: 0x0483, productId: 0xdf11 }] };
const hexOf = ({ blocks }: Job) => ({
  bytes_total: blocks.reduce((sum, { bytes }) => sum + bytes.length, 0),
  data: blocks.map(({ address, bytes }) => ({ address, bytes: bytes.length, data: Array.from(bytes) })),
  end_of_file: true,
  start_linear_address: 0,
});
const SUCCESS = 'stm32ProgrammingSuccessful';
/** The last thing that it said that is no farewell. */
function lastWords(box: Sandbox): string {
  const farewell = /Script finished|closed|Released|Could not release|clos/i;
  return box.lines.filter((line) => !farewell.test(line)).at(-1) ?? 'says nothing';
}
const translated = { getMessage: (key: string) => key };

function betaflight(folder: string): Drive<HeldUsb> {
  return async (bench) => {
    const messages: (string | null)[] = [];
    const box = (bench.box = sandbox(
      bench.clock,
      { navigator: { usb: bench.held.usb } },
      {
        ...{ gui: { default: { connect_lock: false } }, gui_log: { gui_log: () => undefined }, localization: { i18n: translated } },
        ...{ notifications: { default: { showNotification: () => undefined } }, checkCompatibility: { getOS: () => 'Linux' } },
        ...{ ConfigStorage: { get: () => ({}), set: () => undefined }, BuildApi: { default: class {} } },
      },
    ));
    const protocol = (await box.module(join(folder, 'src/js/protocols/usbdfu.js')))['default'] as {
      getDevices(): Promise<{ path: string }[]>;
      connect(path: string, hex: object, options: object, done: () => void): void;
    };
    const [device] = await protocol.getDevices();
    const types = Object.fromEntries(['NEUTRAL', 'VALID', 'INVALID', 'ACTION', 'ERASING', 'FLASHING', 'VERIFYING'].map((t) => [t, t]));
    const flashingMessage = (text: string | null): void => void messages.push(text);
    await new Promise<void>((done) => {
      protocol.connect(device!.path, hexOf(bench.job), { flashingMessage, flashProgress: () => undefined, flashMessageTypes: types }, done);
    });
    return messages.includes(SUCCESS) ? null : lastWords(box);
  };
}

function inav(folder: string): Drive<HeldUsb> {
  return async (bench) => {
    const messages: (string | null)[] = [];
    const flasher = {
      flashingMessage: (text: string | null) => (messages.push(text), flasher),
      flashProgress: () => flasher,
      FLASH_MESSAGE_TYPES: {},
    };
    const gui = { log: () => undefined, connect_lock: false, operating_system: 'Linux' };
    const box = (bench.box = sandbox(
      bench.clock,
      { navigator: { usb: bench.held.usb } },
      { gui: { GUI: gui, TABS: { firmware_flasher: flasher } }, localization: { default: translated } },
    ));
    const protocol = (await box.module(join(folder, 'js/protocols/stm32usbdfu.js')))['default'] as {
      connect(devices: object[], hex: object, options: object, done: () => void): void;
    };
    await new Promise<void>((done) => protocol.connect(DFU_FILTER.filters, hexOf(bench.job), {}, done));
    return messages.includes(SUCCESS) ? null : lastWords(box);
  };
}

/** The classes of devanlai's dfu-util page, and of the package that was made of it. */
interface DfuseDevice {
  startAddress: number;
  open(): Promise<void>;
  readConfigurationDescriptor(index: number): Promise<DataView>;
  do_download(size: number, data: ArrayBuffer, tolerant: boolean): Promise<void>;
}
interface DfuseClasses {
  findDeviceDfuInterfaces(device: WebUsbDevice): object[];
  parseConfigurationDescriptor(data: DataView): { descriptors: { bDescriptorType: number; wTransferSize?: number }[] };
  Device: new (device: WebUsbDevice, settings: object) => DfuseDevice;
}
async function dfuse(bench: Bench<HeldUsb>, interfaces: DfuseClasses, Device: DfuseClasses['Device']): Promise<null> {
  const device = await bench.held.usb.requestDevice(DFU_FILTER);
  const dfu = new Device(device, interfaces.findDeviceDfuInterfaces(device)[0]!);
  await dfu.open();
  const { descriptors } = interfaces.parseConfigurationDescriptor(await dfu.readConfigurationDescriptor(0));
  const { address, bytes } = bench.job.blocks.at(-1)!;
  dfu.startAddress = address;
  await dfu.do_download(descriptors.find((d) => d.bDescriptorType === 0x21)!.wTransferSize!, bytes.slice().buffer, false);
  return null;
}
function devanlai(folder: string): Drive<HeldUsb> {
  return (bench) => {
    const box = (bench.box = sandbox(bench.clock, { navigator: { usb: bench.held.usb } }));
    box.script(join(folder, 'dfu-util/dfu.js'));
    box.script(join(folder, 'dfu-util/dfuse.js'));
    return dfuse(bench, box.value('dfu') as DfuseClasses, box.value('dfuse.Device') as DfuseClasses['Device']);
  };
}
const packages = createRequire(join(process.cwd(), 'package.json'));
const webdfu: Drive<HeldUsb> = (bench) => {
  const box = (bench.box = sandbox(bench.clock, { navigator: { usb: bench.held.usb } }));
  const { DFU, DFUse } = box.commonJs(packages.resolve('webdfu')) as unknown as Record<'DFU' | 'DFUse', DfuseClasses>;
  return dfuse(bench, DFU, DFUse.Device);
};

interface Flow {
  events: { on(name: string, call: (error: unknown) => void): void };
}
/** The package's module for bundlers and browsers. */
const DFU_MODULE = join(dirname(packages.resolve('dfu')), 'index.js');
const dfuOfNpm: Drive<HeldUsb> = async (bench) => {
  const box = (bench.box = sandbox(bench.clock, { navigator: { usb: bench.held.usb } }));
  const { WebDFU } = (await box.module(DFU_MODULE)) as {
    WebDFU: new (
      device: WebUsbDevice,
      settings: object,
      log: object,
    ) => {
      init(): Promise<void>;
      connect(index: number): Promise<void>;
      readonly properties: { TransferSize: number };
      dfuseStartAddress: number;
      write(size: number, data: ArrayBuffer, tolerant: boolean): Flow;
    };
  };
  const device = await bench.held.usb.requestDevice(DFU_FILTER);
  const log = { info: () => undefined, warning: () => undefined, progress: () => undefined };
  const dfu = new WebDFU(device, { forceInterfacesName: true }, log);
  await dfu.init();
  await dfu.connect(0);
  const { address, bytes } = bench.job.blocks.at(-1)!;
  dfu.dfuseStartAddress = address;
  await new Promise((done, fail) => {
    const { events } = dfu.write(dfu.properties.TransferSize, bytes.slice().buffer, true);
    events.on('end', done);
    events.on('error', fail);
  });
  return null;
};

function siliconwitchery(folder: string): Drive<HeldUsb> {
  return async (bench) => {
    const ignored = (): void => undefined;
    const handlers = { dfuProgressHandler: ignored, dfuStatusHandler: ignored, dfuDisconnectHandler: ignored };
    const box = (bench.box = sandbox(bench.clock, { navigator: { usb: bench.held.usb }, ...handlers }));
    box.script(join(folder, 'usbDfuDevice.js'));
    // its page declares `dfu`, which the class itself uses
    const dfu = box.value('globalThis.dfu = new usbDfuDevice()') as {
      runUpdateSequence(file: ArrayBuffer, flash: string, page: string): Promise<string>;
    };
    const { bytes } = bench.job.blocks[0]!;
    const size = bench.job.sector * Math.ceil(Math.ceil(bytes.length / 2048) * (2048 / bench.job.sector));
    await dfu.runUpdateSequence(bytes.slice().buffer, String(Math.max(size, 1024)), String(bench.job.sector));
    return null;
  };
}

function gamadril(folder: string): Drive<HeldSerial> {
  return async (bench) => {
    const { serial } = bench.held;
    const box = (bench.box = sandbox(bench.clock, { navigator: { serial }, SerialPort: WebSerialPort }));
    const { STMApi } = (await box.module(join(folder, 'src/api/STMapi.js'))) as {
      STMApi: new (serial: object) => {
        connect(options: object): Promise<void>;
        cmdGET(): Promise<object>;
        cmdGID(): Promise<string>;
        eraseAll(): Promise<void>;
        write(data: Uint8Array, address: number): Promise<void>;
        read(address: number, length: number): Promise<Uint8Array>;
        cmdREAD(address: number, length: number): Promise<Uint8Array>;
        cmdGO(address: number): Promise<void>;
      };
    };
    const { default: Port } = (await box.module(join(folder, 'src/api/WebSerial.js'))) as { default: new (port: object) => object };
    const api = new STMApi(new Port(await serial.requestPort()));
    await api.connect({ baudrate: '57600', replyMode: false });
    await api.cmdGET();
    await api.cmdGID();
    await api.eraseAll();
    const { address, bytes } = bench.job.blocks[0]!;
    // the class asks for its own realm's Uint8Array
    const own = (box.value('(bytes) => Uint8Array.from(bytes)') as (bytes: Uint8Array) => Uint8Array)(bytes);
    await api.write(own, address);
    await api.cmdGO(address);
    return null;
  };
}

/** Clients whose files are below the folder. */
export function clients(folder: string): readonly Client[] {
  const at = (name: string): string => join(folder, name);
  const all: Client[] = [
    {
      name: 'betaflight-configurator',
      from: 'betaflight/betaflight-configurator',
      file: at('betaflight/src/js/protocols/usbdfu.js'),
      usb: betaflight(at('betaflight')),
    },
    {
      name: 'inav-configurator',
      from: 'iNavFlight/inav-configurator',
      file: at('inav/js/protocols/stm32usbdfu.js'),
      usb: inav(at('inav')),
    },
    {
      name: 'devanlai/webdfu',
      from: 'devanlai/webdfu',
      file: at('devanlai/dfu-util/dfuse.js'),
      single: true,
      usb: devanlai(at('devanlai')),
    },
    { name: 'npm webdfu', from: 'npm webdfu', file: packages.resolve('webdfu'), single: true, usb: webdfu },
    { name: 'npm dfu', from: 'npm dfu', file: packages.resolve('dfu'), single: true, usb: dfuOfNpm },
    {
      name: 'web-stm32-updater',
      from: 'siliconwitchery/web-stm32-updater',
      file: at('siliconwitchery/usbDfuDevice.js'),
      usb: siliconwitchery(at('siliconwitchery')),
    },
    {
      name: 'stm-serial-flasher',
      from: 'Gamadril/stm-serial-flasher',
      file: at('gamadril/src/api/STMapi.js'),
      serial: gamadril(at('gamadril')),
    },
  ];
  return all.filter(({ file }) => existsSync(file));
}

/** The client before and behind the commit of betaflight-configurator's pull request 5348. */
export function regression(folder: string): readonly Client[] {
  return ['betaflight-before-5348', 'betaflight-5348'].flatMap((name) => {
    const file = join(folder, name, 'src/js/protocols/usbdfu.js');
    return existsSync(file) ? [{ name, from: 'betaflight/betaflight-configurator', file, usb: betaflight(join(folder, name)) }] : [];
  });
}
