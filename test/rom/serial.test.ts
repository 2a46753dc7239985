/** The USART protocol of the stand-in ROM, byte by byte: AN3155, and AN2606 4.5 for the baud rate. */
import { describe, expect, it } from 'vitest';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { UartLink } from '../../src/bench/session/uart-link.ts';
import { MS } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';

const ACK = 0x79;
const NACK = 0x1f;
const FLASH = 0x08000000;

class Host {
  readonly held: HeldMachine;
  readonly times: number[] = [];
  private readonly link: UartLink;
  private heard: number[] = [];

  constructor(chip: string, { port = 'USART1', baud = 115_200, optionBytes = {} as Record<string, number> } = {}) {
    this.held = new HeldMachine(jobInput(plainJob(chip, [], { board: { boot0: 1, optionBytes }, host: { cable: 'out' } })));
    this.link = new UartLink(this.held, port, baud);
    this.link.onByte = (byte) => {
      this.heard.push(byte);
      this.times.push(this.held.session.machine.now);
    };
    expect(this.held.start().outcome).toBe('rom-silent');
  }
  /** What comes within `wait` after these bytes. */
  say(bytes: readonly number[], wait = 5 * MS): readonly number[] {
    this.heard = [];
    this.times.length = 0;
    for (const byte of bytes) this.link.send(byte);
    this.link.run(wait);
    return this.heard;
  }
  connect(): this {
    expect(this.say([0x7f])).toEqual([ACK]);
    return this;
  }
  command(code: number): readonly number[] {
    return this.say([code, code ^ 0xff]);
  }
  /** Command, address, then `more` with its checksum; what the last step was answered with. */
  at(code: number, address: number, more: readonly number[] = [], wait = 50 * MS): readonly number[] {
    expect(this.command(code)).toEqual([ACK]);
    const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
    const answer = this.say([...bytes, xor(bytes)], more.length === 0 ? wait : 5 * MS);
    return more.length === 0 || answer[0] !== ACK ? answer : this.say(more, wait);
  }
  get flash(): Uint8Array {
    return this.held.session.machine.system.memoryBytes('flash');
  }
}
const xor = (bytes: readonly number[]): number => bytes.reduce((sum, b) => sum ^ b, 0);
const counted = (data: readonly number[]): readonly number[] => [data.length - 1, ...data, xor([data.length - 1, ...data])];

/** A part of many ROMs and its device ID. */
const PARTS = [
  ['stm32f072rb', 0x448],
  ['stm32f405rg', 0x413],
  // its loop comes to a state that is known while the status that it reads has changed back unread
  ['stm32l476rg', 0x415],
  ['stm32wb55rg', 0x495],
  ['stm32h743zi', 0x450],
  ['stm32h563zi', 0x484],
  ['stm32h503rb', 0x474],
  ['stm32u575zi', 0x482],
  ['stm32h723zg', 0x483],
  ['stm32f303re', 0x446],
  ['stm32f302r8', 0x439],
  ['stm32f334r8', 0x438],
  ['stm32f412zg', 0x441],
  ['stm32l072cz', 0x447],
  ['stm32l051c8', 0x417],
  ['stm32l071cz', 0x447],
  ['stm32f030f4', 0x444],
  ['stm32f030r8', 0x440],
  ['stm32l152rb', 0x416],
  ['stm32l152re', 0x437],
  ['stm32g030k8', 0x466],
  ['stm32g050k8', 0x456],
  ['stm32c071rb', 0x493],
  ['stm32c031c6', 0x453],
  ['stm32c011f6', 0x443],
] as const;
describe.each(PARTS)('%s', (chip, id) => {
  it('says what it is and executes commands, each with its complement', () => {
    const host = new Host(chip).connect();
    const list = host.command(0x00);
    expect([list[0], list[1], list[2], list.at(-1)]).toEqual([ACK, 11, 0x31, ACK]);
    expect(list.slice(3, -1)).toEqual([0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92]);
    expect(host.command(0x01)).toEqual([ACK, 0x31, 0, 0, ACK]);
    expect(host.command(0x02)).toEqual([ACK, 1, id >> 8, id & 0xff, ACK]);
    expect(host.say([0x00, 0x00])).toEqual([NACK]);
    expect(host.command(0x43)).toEqual([NACK]);
    host.held.release();
  });
});

describe.each([
  ['stm32f103c6', 0x412, 0x400],
  ['stm32f103c8', 0x410, 0x400],
  ['stm32f103re', 0x414, 0x800],
  ['stm32f107vc', 0x418, 0x800],
] as const)('%s: protocol 2.2', (chip, id, pageBytes) => {
  it('erases pages with one byte each; the part says its ID and the size of its pages', () => {
    const host = new Host(chip).connect();
    expect(host.command(0x00)).toEqual([ACK, 11, 0x22, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43, 0x63, 0x73, 0x82, 0x92, ACK]);
    expect(host.command(0x02)).toEqual([ACK, 1, id >> 8, id & 0xff, ACK]);
    expect(host.command(0x44)).toEqual([NACK]);
    for (const at of [0, pageBytes, 2 * pageBytes]) expect(host.at(0x31, FLASH + at, counted([1, 2, 3, 4]))).toEqual([ACK]);
    // F103's looks at an address behind its ACK, and then says nothing (test/rom/usart-code.test.ts)
    expect(host.at(0x31, FLASH + 0x100000)).toEqual([chip === 'stm32f107vc' ? NACK : ACK]);
    expect(host.command(0x43)).toEqual([ACK]);
    expect(host.say([0, 1, 1], 500 * MS)).toEqual([ACK]);
    expect([0, 1, 2].map((page) => host.flash[page * pageBytes])).toEqual([1, 0xff, 1]);
    expect(host.command(0x43)).toEqual([ACK]);
    expect(host.say([0xff, 0x00], 500 * MS)).toEqual([ACK]);
    expect(host.flash.subarray(0, 3 * pageBytes).every((b) => b === 0xff)).toBe(true);
    host.held.release();
  });
});

it.each([
  ['stm32f072rb', 'USART1', 1200],
  ['stm32f072rb', 'USART2', 115_200],
  ['stm32f103c8', 'USART1', 57_600],
  ['stm32f107vc', 'USART2', 57_600],
  ['stm32l152rc', 'USART1', 38_400],
  ['stm32f405rg', 'USART1', 115_200],
  ['stm32f405rg', 'USART3', 57_600],
  ['stm32g0b1re', 'USART1', 9600],
  ['stm32c071rb', 'USART1', 57_600],
  ['stm32l072cz', 'USART2', 38_400],
  // At 8 MHz.
  ['stm32f358vc', 'USART1', 19_200],
] as const)('%s, %s: answers at %i baud, which it has measured', (chip, port, baud) => {
  const host = new Host(chip, { port, baud });
  expect(host.say([0x7f], 50 * MS)).toEqual([ACK]);
  const list = host.say([0x00, 0xff], (15 * 12 * 1e12) / baud);
  expect(list).toHaveLength(15);
  const frame = (host.times.at(-1)! - host.times[0]!) / 14;
  expect(Math.abs(frame / ((11 * 1e12) / baud) - 1)).toBeLessThan(0.02);
  host.held.release();
});

it.each([
  ['stm32f303re', 115_200, 0x8000],
  ['stm32f334r8', 115_200, 0x8000],
  ['stm32f412zg', 115_200, 0x8000],
  // The next page: pages have 4 KB.
  ['stm32wb55rg', 57_600, 0x1000],
  ['stm32h563zi', 115_200, 0x8000],
  ['stm32h503rb', 115_200, 0x10000],
  // In the second bank.
  ['stm32u575zi', 115_200, 0x104000],
  ['stm32h723zg', 115_200, 0x20000],
  ['stm32c071rb', 57_600, 0x8000],
  ['stm32l072cz', 57_600, 0x8000],
  ['stm32l051c8', 57_600, 0x8000],
  ['stm32l152re', 57_600, 0x40000],
])('flash of an %s is written, read, erased by its first page and as a whole', (chip, baud, far) => {
  const host = new Host(chip, { baud }).connect();
  const { flash } = host;
  const erased = flash[0]!;
  const data = Array.from({ length: 256 }, (_, i) => (i * 7 + 1) & 0xff);
  const slow = (300 * 12 * 1e12) / baud;
  for (const at of [0, far]) expect(host.at(0x31, FLASH + at, counted(data), slow)).toEqual([ACK]);
  expect([...flash.subarray(far, far + 256)]).toEqual(data);
  expect(host.at(0x11, FLASH, [0xff, 0x00], slow)).toEqual([ACK, ...data]);
  expect(host.command(0x44)).toEqual([ACK]);
  expect(host.say([0, 0, 0, 0, 0], 3000 * MS)).toEqual([ACK]);
  expect(flash.subarray(0, 128).every((b) => b === erased)).toBe(true);
  expect([...flash.subarray(far, far + 256)]).toEqual(data);
  expect(host.command(0x44)).toEqual([ACK]);
  expect(host.say([0xff, 0xff, 0x00], 40_000 * MS)).toEqual([ACK]);
  expect(flash.subarray(far, far + 256).every((b) => b === erased)).toBe(true);
  host.held.release();
});

describe('memory of an F072', () => {
  const data = Array.from({ length: 256 }, (_, i) => (i * 7) & 0xff);

  it('is written, read and erased by pages and as a whole', () => {
    const host = new Host('stm32f072rb').connect();
    expect(host.at(0x31, FLASH, counted(data))).toEqual([ACK]);
    expect(host.at(0x31, FLASH + 0x800, counted([1, 2, 3, 4]))).toEqual([ACK]);
    expect([...host.flash.subarray(0, 256)]).toEqual(data);
    expect(host.at(0x11, FLASH, [0xff, 0x00])).toEqual([ACK, ...data]);
    expect(host.command(0x44)).toEqual([ACK]);
    expect(host.say([0, 0, 0, 1, 1], 100 * MS)).toEqual([ACK]);
    expect(host.flash.subarray(0x800, 0x804)).toEqual(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    expect([...host.flash.subarray(0, 256)]).toEqual(data);
    expect(host.command(0x44)).toEqual([ACK]);
    expect(host.say([0xff, 0xff, 0x00], 100 * MS)).toEqual([ACK]);
    expect(host.flash.every((b) => b === 0xff)).toBe(true);
    host.held.release();
  });

  it('is refused where there is none, with a wrong checksum, and behind the ROM’s own RAM alone it is RAM', () => {
    const host = new Host('stm32f072rb').connect();
    expect(host.at(0x11, 0x40000000)).toEqual([NACK]);
    expect(host.at(0x31, 0x20000000)).toEqual([NACK]);
    expect(host.at(0x31, FLASH, [0, 0x55, 0x56])).toEqual([NACK]);
    expect(host.flash[0]).toBe(0xff);
    expect(host.at(0x31, 0x20001800, counted([1, 2, 3, 4]))).toEqual([ACK]);
    expect(host.at(0x11, 0x20001800, [3, 0xfc])).toEqual([ACK, 1, 2, 3, 4]);
    host.held.release();
  });

  it('Go starts the program whose vectors lie there', () => {
    const host = new Host('stm32f072rb').connect();
    const words = [0x20004000, 0x20001809, 0xe7fee7fe];
    const bytes = words.flatMap((w) => [0, 8, 16, 24].map((shift) => (w >>> shift) & 0xff));
    expect(host.at(0x31, 0x20001800, counted(bytes))).toEqual([ACK]);
    expect(host.at(0x21, 0x20001800)).toEqual([ACK]);
    const cpu = host.held.session.machine.cores[0]!;
    expect(cpu.pc).toBe(0x20001808);
    host.held.release();
  });

  // Reported for a WB55: 0x7F is answered with ACK, everything behind it with NACK (community.st.com, "STM32WB55 boot mode issue").
  it('at RDP level 1 of a WB55 the host is heard and its reads and writes are refused', () => {
    const host = new Host('stm32wb55rg', { optionBytes: { RDP: 0xbb } }).connect();
    for (const command of [0x11, 0x21, 0x31, 0x44]) expect([command, host.command(command)]).toEqual([command, [NACK]]);
    host.held.release();
  });

  it('at RDP level 1 only tells who it is, and Readout Unprotect opens it by a reset', () => {
    const host = new Host('stm32f072rb', { optionBytes: { RDP: 0xbb } }).connect();
    host.flash.fill(0x55);
    expect(host.command(0x11)).toEqual([NACK]);
    expect(host.command(0x02)[0]).toBe(ACK);
    expect(host.command(0x92)).toEqual([ACK, ACK]);
    host.say([], 200 * MS);
    host.connect();
    expect(host.at(0x11, FLASH, [3, 0xfc])).toEqual([ACK, 0xff, 0xff, 0xff, 0xff]);
    host.held.release();
  });
});
