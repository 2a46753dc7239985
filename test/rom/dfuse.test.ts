/** The memories behind the alternate settings of each stand-in ROM: flash, option bytes, OTP, "Device Feature", with and without protection (AN2662, AN3156). */
import { afterEach, describe, expect, it } from 'vitest';
import { DfuTarget } from '../../src/bench/dfu/dfu-target.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { parseDfuseLayout, setupPacket } from '../../src/usb-sim/descriptors.ts';
import { DFU, DFU_STATE } from '../../src/usb-sim/dfu-protocol.ts';
import type { LinkAnswer } from '../../src/usb-sim/conform/link.ts';
import { plainJob } from '../bench/plain-job.ts';
import { pinBoot } from './course.ts';

const u32 = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];
const OK = 0;
const ERR_TARGET = 1;
const ERR_VENDOR = 0x0b;
const NONE = new Uint8Array(0);
const EIGHT = [1, 2, 3, 4, 5, 6, 7, 8];

/** A chip's ROM in dfuIDLE, spoken to request by request. */
class Device {
  readonly target: DfuTarget;
  constructor(chip: string, optionBytes: Readonly<Record<string, number>> = {}) {
    const held = new HeldMachine(jobInput(plainJob(chip, [], { board: { ...pinBoot, optionBytes } })));
    held.start();
    this.target = new DfuTarget(held);
  }
  class(request: number, value: number, payload: Uint8Array | number): LinkAnswer {
    const input = typeof payload === 'number';
    const length = input ? payload : payload.length;
    return this.target.controlNow(setupPacket(input ? 0xa1 : 0x21, request, value, 0, length), input ? NONE : payload);
  }
  /** bStatus and bState once the device is not busy; null: it has gone, perhaps to come again. */
  settle(): { status: number; state: number } | null {
    const { usb } = this.target.held;
    const session = usb.session();
    for (let i = 0; i < 50; i++) {
      const { status, data } = this.class(DFU.GETSTATUS, 0, 6);
      if (status !== 'ok' || usb.session() !== session) return null;
      if (data[4] !== DFU_STATE.DNBUSY && data[4] !== DFU_STATE.DNLOAD_SYNC) return { status: data[0]!, state: data[4]! };
      this.target.run(data[1]! | (data[2]! << 8));
    }
    throw new Error('never settles');
  }
  /** bStatus of a DNLOAD; null: the device has gone. */
  download(block: number, bytes: readonly number[]): number | null {
    expect(this.class(DFU.DNLOAD, block, Uint8Array.from(bytes)).status).toBe('ok');
    return this.settle()?.status ?? null;
  }
  idle(): void {
    const { data } = this.class(DFU.GETSTATE, 0, 1);
    if (data[0] === DFU_STATE.ERROR) this.class(DFU.CLRSTATUS, 0, NONE);
    else if (data[0] !== DFU_STATE.IDLE) this.class(DFU.ABORT, 0, NONE);
  }
  pointTo(address: number): number | null {
    this.idle();
    return this.download(0, [0x21, ...u32(address)]);
  }
  write(address: number, bytes: readonly number[]): number | null {
    expect(this.pointTo(address)).toBe(OK);
    return this.download(2, bytes);
  }
  /** What an upload brings; a bStatus where it is refused. */
  read(address: number, length: number): Uint8Array | number {
    expect(this.pointTo(address)).toBe(OK);
    this.idle();
    const { status, data } = this.class(DFU.UPLOAD, 2, length);
    return status === 'ok' ? data : this.settle()!.status;
  }
  /** After a reset that the device made itself: it is there again. */
  back(): boolean {
    this.target.run(1000);
    return this.target.back();
  }
}

let device: Device | null = null;
const open = (chip: string, optionBytes?: Readonly<Record<string, number>>): Device => (device = new Device(chip, optionBytes));
afterEach(() => {
  device?.target.held.release();
  device = null;
});

interface Case {
  readonly chip: string;
  /** Option bytes by the alternate setting: address and size. A byte to change there: offset, new value. */
  readonly options: readonly [address: number, size: number];
  readonly change: readonly [offset: number, value: number];
  /** null: the ROM offers none. */
  readonly otp: number | null;
  /** In flash, far from its first page, and in RAM that the ROM does not use. */
  readonly free: number;
  readonly ram: number;
  /** An option that sets RDP level 1. */
  readonly level1: Readonly<Record<string, number>> | null;
  /** What protects the first page or sector from writing: offset in the option bytes, values; null: not among those that the ROM offers. */
  readonly wrp: readonly [offset: number, ...values: number[]] | null;
}
const CASES: readonly Case[] = [
  // USER: nRST_STDBY and nRST_STOP fall
  {
    chip: 'STM32F072RB',
    free: 0x08010000,
    ram: 0x20003000,
    options: [0x1ffff800, 16],
    change: [2, 0xf3],
    otp: null,
    level1: { RDP: 1 },
    wrp: [8, 0xfe],
  },
  // OPTR: BOR_LEV = 1
  {
    chip: 'STM32L476RG',
    free: 0x08040000,
    ram: 0x20005000,
    options: [0x1fff7800, 40],
    change: [1, 0xf9],
    otp: 0x1fff7000,
    level1: { RDP: 0xbb },
    wrp: [24, 0, 0, 0, 0],
  },
  {
    chip: 'STM32L496ZG',
    free: 0x08040000,
    ram: 0x20005000,
    options: [0x1fff7800, 40],
    change: [1, 0xf9],
    otp: 0x1fff7000,
    level1: { RDP: 0xbb },
    wrp: [24, 0, 0, 0, 0],
  },
  // BOR_LEV = 0
  {
    chip: 'STM32F405RG',
    free: 0x08040000,
    ram: 0x20005000,
    options: [0x1fffc000, 16],
    change: [0, 0xe0],
    otp: 0x1fff7800,
    level1: { RDP: 0x55 },
    wrp: [8, 0xfe],
  },
  {
    chip: 'STM32F429ZI',
    free: 0x08040000,
    ram: 0x20005000,
    options: [0x1fffc000, 16],
    change: [0, 0xe0],
    otp: 0x1fff7800,
    level1: { RDP: 0x55 },
    wrp: [8, 0xfe],
  },
  // BOOT_ADD0 = 0x2000: 0x08000000 from AXIM
  {
    chip: 'STM32F746ZG',
    free: 0x08040000,
    ram: 0x20005000,
    options: [0x1fff0000, 32],
    change: [16, 0x81],
    otp: 0x1ff0f000,
    level1: { RDP: 0x55 },
    wrp: [8, 0xfe],
  },
  // OPTSR_PRG: IWDG_SW falls
  {
    chip: 'STM32H533RE',
    free: 0x08040000,
    ram: 0x20005000,
    options: [0x40022050, 64],
    change: [4, 0xc5],
    otp: 0x08fff000,
    level1: null,
    wrp: null,
  },
  {
    chip: 'STM32H745XI',
    free: 0x08040000,
    ram: 0x20005000,
    options: [0x5200201c, 128],
    change: [4, 0xe0],
    otp: null,
    level1: { RDP: 0x55 },
    wrp: [32, 0xfe, 0, 0, 0],
  },
];

describe.each(CASES.map((c) => [c.chip, c] as const))('%s', (chip, c) => {
  it('every memory that an alternate setting names can be read at both of its ends', () => {
    const d = open(chip);
    const { transferSize } = d.target.facts.functional;
    for (const name of d.target.facts.alternates)
      for (const s of parseDfuseLayout(name)) {
        // Two listings name more than the reference manuals have: F7's 48 bytes of option bytes (32), F42x's second OTP area.
        if (s.start >>> 12 === 0x1ffe7) continue;
        const end = s.start === 0x1fff0000 ? s.start + 32 : s.end;
        const length = Math.min(transferSize, end - s.start);
        expect(d.read(s.start, length), name).toHaveLength(length);
        expect(d.read(end - 4, 4), name).toHaveLength(4);
      }
  }, 60_000);

  it('option bytes are programmed, then the chip resets; what was not sent stays', () => {
    const d = open(chip);
    const [base, size] = c.options;
    const before = [...(d.read(base, size) as Uint8Array)];
    const [offset, value] = c.change;
    expect(before[offset]).not.toBe(value);
    const changed = before.with(offset, value);
    const { machine } = d.target.held.session;
    const resets = machine.history.resets.length;
    expect(d.write(base, changed.slice(0, offset + 8 - (offset % 8)))).toBe(null);
    expect(d.back()).toBe(true);
    expect(machine.history.resets.length).toBeGreaterThan(resets);
    const after = [...(d.read(base, size) as Uint8Array)];
    expect(after[offset]).toBe(value);
    const differing = after.flatMap((b, i) => (b === before[i] ? [] : [i]));
    // the byte, and its complement or its *_CUR register
    expect(differing.length).toBeLessThanOrEqual(2);
  }, 60_000);

  it.runIf(c.otp !== null)(
    'OTP takes data once: bits that have fallen do not rise',
    () => {
      const d = open(chip);
      const data = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0];
      expect(d.write(c.otp! + 32, data)).toBe(OK);
      expect([...(d.read(c.otp! + 32, 8) as Uint8Array)]).toEqual(data);
      d.write(c.otp! + 32, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
      expect([...(d.read(c.otp! + 32, 8) as Uint8Array)]).toEqual(data);
      expect(d.class(DFU.DNLOAD, 0, Uint8Array.of(0x41, ...u32(c.otp!))).status).toBe('stall'); // dfuUPLOAD-IDLE
      d.idle();
      expect(d.download(0, [0x41, ...u32(c.otp!)])).toBe(ERR_TARGET);
    },
    60_000,
  );

  it.runIf(c.level1 !== null)(
    'RDP level 1: read, write and erase are refused whatever the target, Set Address and Get work, Read Unprotect erases and resets',
    () => {
      const d = open(chip, c.level1!);
      for (const at of [0x08000000, c.options[0], c.ram]) expect(d.read(at, 16), at.toString(16)).toBe(ERR_VENDOR);
      d.idle();
      expect(d.class(DFU.UPLOAD, 0, 4).data).toEqual(Uint8Array.of(0, 0x21, 0x41, 0x92));
      expect(d.write(0x08000000, [1, 2, 3, 4])).toBe(ERR_VENDOR);
      d.idle();
      expect(d.download(0, [0x41, ...u32(0x08000000)])).toBe(ERR_VENDOR);
      d.idle();
      expect(d.download(0, [0x92])).toBe(null);
      expect(d.back()).toBe(true);
      expect(d.read(0x08000000, 16)).toEqual(new Uint8Array(16).fill(0xff));
    },
    120_000,
  );

  it.runIf(c.wrp !== null)(
    'a write-protected page: no error, nothing happens (AN2662)',
    () => {
      const d = open(chip);
      const [offset, ...values] = c.wrp!;
      expect(d.write(c.options[0] + offset, values)).toBe(null);
      expect(d.back()).toBe(true);
      expect(d.write(0x08000000, EIGHT)).toBe(OK);
      expect(d.read(0x08000000, 8)).toEqual(new Uint8Array(8).fill(0xff));
      d.idle();
      expect(d.download(0, [0x41, ...u32(0x08000000)])).toBe(OK);
      expect(d.write(c.free, EIGHT)).toBe(OK);
      expect(d.read(c.free, 8)).toEqual(Uint8Array.from(EIGHT));
    },
    60_000,
  );
});

describe('The option bytes', () => {
  it.each(['STM32F722RE', 'STM32F746ZG', 'STM32F767ZI', 'STM32F405RG', 'STM32L476RG', 'STM32F072RB', 'STM32L072CZ', 'STM32H533RE'])(
    '%s: an upload of as many as its string lists brings all of them',
    (chip) => {
      const d = open(chip);
      const [, address, parts, size] = /@Option Bytes\s*\/(0x[0-9A-F]+)\/(\d+)\*(\d+)/.exec(d.target.facts.alternates.join('\n'))!;
      const bytes = Number(parts) * Number(size);
      expect((d.read(Number(address), bytes) as Uint8Array).length).toBe(bytes);
    },
  );
});

describe('"Device Feature" at 0xFFFF0000', () => {
  it.each([
    ['STM32F405RG', 0x413],
    ['STM32L476RG', 0x415],
    ['STM32F746ZG', 0x449],
  ])('%s: an upload brings the ID code of the die', (chip, id) => {
    const data = open(chip).read(0xffff0000, 4) as Uint8Array;
    expect((data[0]! | (data[1]! << 8)) & 0xfff).toBe(id);
  });
  it('F4: a byte there is the range of the supply; with more volts a block is programmed in less time', () => {
    const d = open('STM32F405RG');
    const block = Array.from({ length: 2048 }, (_, i) => i & 0xff);
    const time = (at: number): number => {
      const { machine } = d.target.held.session;
      expect(d.pointTo(at)).toBe(OK);
      d.class(DFU.DNLOAD, 2, Uint8Array.from(block));
      d.class(DFU.GETSTATUS, 0, 6);
      // not waited for: the device answers once it is done
      const from = machine.system.now;
      expect(d.class(DFU.GETSTATUS, 0, 6).data[4]).toBe(DFU_STATE.DNLOAD_IDLE);
      return machine.system.now - from;
    };
    const bytes = time(0x08004000);
    expect(d.write(0xffff0000, [3])).toBe(OK);
    const words = time(0x08008000);
    // 2048 bytes of 16 µs each, 512 words of 16 µs each
    expect(bytes - words).toBeGreaterThan(15e9);
    expect(d.read(0x08008000, 2048)).toEqual(Uint8Array.from(block));
    expect(d.write(0xffff0000, [9])).toBe(ERR_TARGET);
  }, 60_000);
});
