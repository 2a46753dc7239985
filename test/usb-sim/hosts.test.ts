/** What operating systems do beside enumeration: drivers of Windows, the 1200-baud touch, the first commands to a disk. */
import { describe, expect, it } from 'vitest';
import { expandScenario } from '../../src/bench/input/scenario.ts';
import type { HostDriver } from '../../src/bench/documents/scenario-types.ts';
import { findChip } from '../../src/chips/index.ts';
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import { UsbSim } from '../../src/usb-sim/usb-sim.ts';
import { disk } from './disk.ts';
import { bench, CDC_DEVICE, CHIP, DFU_DEVICE, MS, type Bench } from './firmware.ts';
import { BriefSystem } from '../brief.ts';

const log = (b: { usb: UsbSim }, kind: string): string[] => b.usb.logEntries.filter((l) => l.kind === kind).map((l) => l.text);

describe('drivers of Windows', () => {
  const withDriver = (driver: HostDriver, device = DFU_DEVICE): Bench => {
    const b = bench(device, {}, { host: 'windows', driver });
    b.firmware.start();
    b.until(1000 * MS);
    return b;
  };
  it('without one nobody sets a configuration: the device is listed by its name, and no program can open it', () => {
    const b = withDriver('none');
    expect(b.firmware.state.requests).not.toContain('0009');
    expect(b.usb.sessions[0]).toMatchObject({ vid: 0x0483, product: 'DFU in FS Mode', enumerated: null });
    expect(log(b, 'driver')).toEqual([
      'Windows has no driver for 0483:df11: Device Manager lists "DFU in FS Mode" under "Other devices" (code 28), no configuration is set, and no program can open it',
    ]);
    expect(b.usb.dfuReady).toBe(false);
  });
  it('a class that Windows brings a driver for needs no other', () => {
    expect(withDriver('none', CDC_DEVICE).usb.sessions[0]!.enumerated).not.toBe(null);
  });
  it('WinUSB: DfuSe Demo does not list the device, as the poster of seed 003 saw it; STTub30: the other way round', () => {
    for (const driver of ['dfu', 'winusb'] as const) {
      const b = withDriver(driver);
      expect(b.usb.dfuReady).toBe(true);
      expect(log(b, 'driver').join()).toMatch(
        /^the device is found by dfu-util, STM32CubeProgrammer .*, and not by DfuSe Demo: the driver is WinUSB/,
      );
    }
    expect(log(withDriver('sttub30'), 'driver').join()).toMatch(
      /^the device is found by DfuSe Demo, and not by dfu-util, .*: the driver is STTub30/,
    );
  });
  it('is refused where the operating system is another', () => {
    const scenario = { host: { kind: 'linux', driver: 'winusb' } } as const;
    expect(() => expandScenario(scenario, findChip('stm32h533re')!, { images: [] })).toThrow(
      'host.driver: winusb is a Windows driver, but host.kind is linux',
    );
    const other = { host: { kind: 'windows', driver: 'no-access' } } as const;
    expect(() => expandScenario(other, findChip('stm32h533re')!, { images: [] })).toThrow('host.driver: no-access is a matter of Linux');
  });
});

describe('the touch at 1200 baud', () => {
  it('is SET_LINE_CODING with that speed, then DTR falls; it waits for a port', () => {
    const codings: number[] = [];
    const b = bench(CDC_DEVICE);
    const firmware = b.firmware as unknown as { classRequest(request: number, value: number, length: number): number[] | null };
    const states: number[] = [];
    const { state } = b.firmware;
    firmware.classRequest = (request, value) => {
      if (request === 0x20) codings.push(state.out[0]! | (state.out[1]! << 8));
      if (request === 0x22) states.push(value);
      return [];
    };
    b.usb.openAndClose(1200);
    b.firmware.start();
    b.until(1000 * MS);
    expect(codings).toEqual([115200 & 0xffff, 1200]);
    expect(states).toEqual([3, 0]);
    expect(log(b, 'driver')).toContain('CDC: opened at 1200 baud and closed');
  });
});

describe('a disk', () => {
  it('is asked who it is, whether it is ready, how large it is, and its first block is read', () => {
    const d = disk();
    expect(d.port.commands).toEqual([0x12, 0x00, 0x25, 0x28]);
    expect(log(d, 'storage')).toEqual([
      'INQUIRY: "Acme" "Disk"',
      'TEST UNIT READY: ok',
      'READ CAPACITY: 100 blocks of 512 bytes',
      'READ block 0: 512 bytes',
    ]);
    expect(d.usb.state.msc!.phase).toBe('ready');
    expect([...d.usb.state.msc!.data.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
  });
  it('that is not ready at first is asked why and tried again; one that never is, is left', () => {
    expect(disk({ notReady: 1 }).port.commands).toEqual([0x12, 0, 3, 0, 0x25, 0x28]);
    expect(disk({ notReady: 99 }).port.commands).toEqual([0x12, 0, 3, 0, 3, 0]);
  });
  it('that ends a data stage by STALL has its pipe cleared, and its status is read (Bulk-Only Transport 6.7.2)', () => {
    const d = disk({ stallsInquiry: true });
    expect(log(d, 'request').join('\n')).toContain('CLEAR_FEATURE');
    expect(d.port.commands).toEqual([0x12, 0x00, 0x25, 0x28]);
  });
  it.each([
    ['a status that belongs to another command', { wrongTag: true }, 'mass storage, INQUIRY: no valid status; the disk is left'],
    ['a block size that nothing can be', { blockSize: 0 }, 'mass storage, READ CAPACITY: a block size of 0; the disk is left'],
  ])('%s: the disk is left with a reason', (_what, options, text) => {
    expect(log(disk(options), 'driver')).toEqual([text]);
  });
});

describe('A device that refuses a request', () => {
  /** Answers every request by STALL, but those that `takes` names. */
  class Stubborn implements UsbDevicePort {
    readonly setups: string[] = [];
    private stalls = true;
    private readonly takes: (request: number) => boolean;
    constructor(takes: (request: number) => boolean) {
      this.takes = takes;
    }
    attached(): boolean {
      return true;
    }
    busReset(): void {}
    suspend(): void {}
    lost(): void {}
    startOfFrame(): void {}
    setup(_address: number, _endpoint: number, s: Uint8Array): 'ack' {
      this.setups.push(s[1] === 6 ? `descriptor ${s[3]}` : `request ${s[1]}`);
      this.stalls = !this.takes(s[1]!);
      return 'ack';
    }
    out(): 'stall' {
      return 'stall';
    }
    in(): ReturnType<UsbDevicePort['in']> {
      return this.stalls ? 'stall' : { data: new Uint8Array(0), toggle: 1 };
    }
    inAcknowledged(): void {}
  }
  const plugIn = (host: 'linux' | 'windows' | 'macos', takes: (request: number) => boolean) => {
    const system = new BriefSystem({ ...CHIP, blocks: [] }, {});
    const port = new Stubborn(takes);
    const usb = new UsbSim(system, () => port, { host, cable: 'in', driver: 'none', zone: () => 'user' });
    usb.onWire('usb.pullup', 1);
    while (system.scheduler.next <= 30_000 * MS) system.fireDue(system.scheduler.next);
    const count = (what: string): number => port.setups.filter((s) => s === what).length;
    return { count, failed: log({ usb }, 'enumeration-failed') };
  };
  const SET_ADDRESS = 5;
  /** Attempts at the whole port, and tries of one request in each. */
  it.each([
    ['linux', 4, 3],
    ['windows', 3, 1],
    ['macos', 3, 3],
  ] as const)('%s asks for the descriptor in %i attempts, %i times each', (host, attempts, tries) => {
    const { count, failed } = plugIn(host, (request) => request === SET_ADDRESS);
    expect(count('descriptor 1')).toBe(attempts * tries);
    expect(failed).toEqual([expect.stringContaining(`gives up after ${attempts} attempts`)]);
  });
  it('macOS, which sends the address first, sends it twice an attempt', () => {
    const { count, failed } = plugIn('macos', () => false);
    expect([count('request 5'), count('descriptor 1'), failed.length]).toEqual([6, 0, 1]);
  });
});
