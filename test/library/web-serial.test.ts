/** The ROM's USART as a Web Serial port: the calls of the specification, AN3155 through it, and what a user can get wrong. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MS } from '../../src/emu/time.ts';
import { openRomSerial, type HeldSerial, type WebSerialPort } from '../../src/usb.ts';

const ACK = 0x79;
const EVEN = { baudRate: 115_200, parity: 'even' } as const;
const xor = (...bytes: number[]): number => bytes.reduce((a, b) => a ^ b, 0);

/** Sends a frame and gives the chunks until so many bytes have come. */
async function ask(port: WebSerialPort, bytes: readonly number[], length: number): Promise<number[]> {
  const writer = port.writable!.getWriter();
  await writer.write(Uint8Array.from(bytes));
  writer.releaseLock();
  const reader = port.readable!.getReader();
  const answer: number[] = [];
  while (answer.length < length) answer.push(...(await reader.read()).value!);
  reader.releaseLock();
  return answer;
}
const command = (port: WebSerialPort, code: number, length = 1): Promise<number[]> => ask(port, [code, code ^ 0xff], length);
async function address(port: WebSerialPort, at: number): Promise<number[]> {
  const bytes = [24, 16, 8, 0].map((shift) => (at >>> shift) & 0xff);
  return ask(port, [...bytes, xor(...bytes)], 1);
}

describe.each(['stm32f405rg', 'stm32g474re', 'stm32f103c8'])('%s', (chip) => {
  it('is found by 0x7F, erases, writes and reads back through the streams', async () => {
    const held = await openRomSerial({ chip });
    const port = await held.serial.requestPort();
    await port.open(EVEN);
    expect(await ask(port, [0x7f], 1)).toEqual([ACK]);
    const id = await command(port, 0x02, 5);
    expect([id[0], id[1], id[4]]).toEqual([ACK, 1, ACK]);
    const data = Array.from({ length: 64 }, (_, i) => (7 * i) & 0xff);
    expect(await command(port, 0x31)).toEqual([ACK]);
    expect(await address(port, 0x0800_0000)).toEqual([ACK]);
    expect(await ask(port, [63, ...data, xor(63, ...data)], 1)).toEqual([ACK]);
    expect([...held.flash().bytes.subarray(0, 64)]).toEqual(data);
    expect(await command(port, 0x11)).toEqual([ACK]);
    expect(await address(port, 0x0800_0000)).toEqual([ACK]);
    expect(await ask(port, [63, 63 ^ 0xff], 65)).toEqual([ACK, ...data]);
    await port.close();
    held.close();
  });
});

describe('a port', () => {
  let held: HeldSerial;
  let port: WebSerialPort;
  beforeAll(async () => {
    held = await openRomSerial({ chip: 'stm32f072rb', port: 'usart2' });
    [port] = (await held.serial.getPorts()) as [WebSerialPort];
  });
  afterAll(() => held.close());

  it('has streams while it is open', async () => {
    expect(held.port).toBe('USART2');
    expect([port.readable, port.writable]).toEqual([null, null]);
    await expect(port.close()).rejects.toMatchObject({ name: 'InvalidStateError' });
    await port.open(EVEN);
    await expect(port.open(EVEN)).rejects.toMatchObject({ name: 'InvalidStateError' });
    await port.setSignals({ dataTerminalReady: true });
    expect(await ask(port, [0x7f], 1)).toEqual([ACK]);
    const reader = port.readable!.getReader();
    await expect(port.close()).rejects.toThrow(TypeError);
    const waiting = reader.read();
    await reader.cancel();
    expect(await waiting).toEqual({ value: undefined, done: true });
    reader.releaseLock();
    await port.close();
    expect(port.readable).toBeNull();
  });
  it('opened again, the ROM still answers; an answer is one chunk, and no larger than the buffer', async () => {
    await port.open({ ...EVEN, bufferSize: 4 });
    const writer = port.writable!.getWriter();
    await writer.write(Uint8Array.of(0x00, 0xff));
    writer.releaseLock();
    const reader = port.readable!.getReader();
    const chunks: Uint8Array[] = [];
    const length = (): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    // ACK, how many bytes follow but one, version and commands, ACK
    while (length() < 2 || length() < chunks[0]![1]! + 4) chunks.push((await reader.read()).value!);
    expect(chunks[0]!.slice(0, 1)).toEqual(Uint8Array.of(ACK));
    expect(chunks.slice(0, -1).map((chunk) => chunk.length)).toEqual(chunks.slice(0, -1).map(() => 4));
    reader.releaseLock();
    await port.forget();
  });
  it('a read for which nothing comes lets the machine stand still, and goes on when something is sent', async () => {
    port.quiet = 20 * MS;
    await port.open(EVEN);
    const opened = held.seconds;
    const reader = port.readable!.getReader();
    const read = reader.read();
    await vi.waitFor(() => expect(held.seconds - opened).toBeGreaterThan(0.019));
    const before = held.seconds;
    expect(before - opened).toBeLessThan(0.2);
    const writer = port.writable!.getWriter();
    await writer.write(Uint8Array.of(0x02, 0xfd));
    expect((await read).value![0]).toBe(ACK);
    expect(held.seconds - before).toBeLessThan(0.1);
    writer.releaseLock();
    await reader.cancel();
    await port.close();
  });
  it.each([[null], [3], ['x'], [{}], [{ other: true }]])('signals %j are a TypeError in words', async (signals) => {
    await port.open(EVEN);
    await expect(port.setSignals(signals as object)).rejects.toThrow(new TypeError('Signals dictionary must contain at least one member.'));
    await port.close();
  });
  it.each([[null], [undefined], ['x'], [{}], [[1]]])(
    'bytes %j are a TypeError in words, and the next stream is a new one',
    async (bytes) => {
      await port.open(EVEN);
      const writer = port.writable!.getWriter();
      await expect(writer.write(bytes as unknown as Uint8Array)).rejects.toThrow(/^The provided value is not of type .*give a Uint8Array/);
      const next = port.writable!.getWriter();
      await next.write(new Uint8Array(0));
      next.releaseLock();
      await port.close();
    },
  );
  it.each([[3], [{ filters: 3 }], [{ filters: null }], [{ filters: [null] }]])(
    'requestPort(%j) is a TypeError in words',
    async (options) => {
      await expect(held.serial.requestPort(options as object)).rejects.toThrow(TypeError);
      await expect(held.serial.requestPort(options as object)).rejects.toThrow(/^requestPort: .*: for example \{ filters/);
    },
  );
  it.each([
    [{ baudRate: 115_200 }, 'NetworkError', /8E1/],
    [{ baudRate: 921_600, parity: 'even' }, 'NetworkError', /1200 to 115200/],
    [{ baudRate: 0, parity: 'even' }, 'TypeError', /greater than 0/],
  ] as const)('%o: %s', async (options, name, message) => {
    const error = (await port.open(options).catch((e: unknown) => e)) as Error;
    expect(error.name).toBe(name);
    expect(error.message).toMatch(message);
  });
});

it('a port that the ROM has not, and a chip that there is not', async () => {
  await expect(openRomSerial({ chip: 'stm32f405rg', port: 'USART2' })).rejects.toThrow(/port USART2: this ROM listens on USART1/);
  await expect(openRomSerial({ chip: 'stm32z405rg' })).rejects.toThrow(/there is no chip/);
});
