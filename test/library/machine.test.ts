/** `openMachine`: a machine to hold. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench, openMachine, UsageError, type BenchMachine } from '../../src/index.ts';
import { firmware } from './firmware.ts';

const H533 = { chip: 'stm32h533re', images: [firmware('h533-seed000-as-posted')] };
let machine: BenchMachine;
beforeAll(async () => {
  machine = await openMachine(H533);
});
afterAll(() => machine.close());

describe('a held machine', () => {
  it('runs to a function, steps by instructions and by lines, and says where it is', async () => {
    const at = await machine.runUntil({ symbol: 'main' });
    expect(at).toMatchObject({ by: 'until', symbol: 'main', file: expect.stringMatching(/main\.c$/) as string });
    expect(machine.registers['pc']).toBe(machine.symbol('main'));
    const before = machine.instructions;
    machine.step();
    expect(machine.instructions).toBe(before + 1);
    const line = machine.place.line;
    expect(machine.stepLine().line).not.toBe(line);
  });

  it('names registers, fields, variables and places, and changes them', async () => {
    await machine.runUntil({ symbol: 'main' });
    expect(machine.read('RCC.CR.HSION')).toBe(1);
    expect(machine.register('RCC.CR')).toMatchObject({ address: 0x44020c00, fields: { HSION: 1 } });
    machine.write('RCC.CR.HSI48ON', 1);
    await machine.run('1ms');
    expect(machine.read('RCC.CR.HSI48RDY')).toBe(1);
    expect(machine.register('RCC.CR').lastWriter).not.toBe(null);
    machine.setRegister('r7', 0x1234);
    expect(machine.registers['r7']).toBe(0x1234);
    const wanted = machine.variable('dfu_wanted');
    expect(wanted).toMatchObject({ size: 4, value: 0 });
    wanted.set(7);
    expect(machine.variable('dfu_wanted').value).toBe(7);
    wanted.set(0);
    expect(machine.symbolAt(machine.symbol('main') + 2)).toBe('main+0x2');
    machine.writeMemory(0x2000_8000, Uint8Array.of(1, 2, 3));
    expect([...machine.readMemory(0x2000_8000, 3)]).toEqual([1, 2, 3]);
  });

  it('runs into the ROM, where the checks are judged, and to the end of the run', async () => {
    const resets: string[] = [];
    const off = machine.on('reset', ({ by }) => resets.push(by));
    await machine.act({ call: 'request_dfu' });
    expect(await machine.runUntil({ reset: 'software' })).toMatchObject({ by: 'until' });
    const entry = await machine.runUntil({ entry: true });
    expect(entry.by).toBe('until');
    expect(machine.zone).toBe('rom');
    expect(machine.registers['primask']).toBe(1);
    const primask = machine.checks().find((c) => c.id === 'primask');
    expect(primask).toMatchObject({ lastWriter: { symbol: expect.stringMatching(/^JumpToUSB_DFU/) as string } });
    expect(primask?.verdict).not.toBe('pass');
    const failing = machine.save();
    const end = await machine.finish();
    expect(end.outcome).toBe('rom-silent');
    // the same instant with the one thing mended
    machine.restore(failing);
    machine.setRegister('primask', 0);
    expect(await machine.runUntil({ usb: 'dfu' })).toMatchObject({ by: 'until' });
    expect(machine.outcome).toBe('dfu');
    expect(machine.usb.device).toMatchObject({ vid: '0x0483', pid: '0xdf11', servedBy: 'system' });
    expect(resets).toEqual(['software']);
    off();
  });

  it('runs to the end of a run that is over by its time alone, as `bench` does', async () => {
    const { outcome, ended } = await bench({ chip: 'stm32f405rg', images: [firmware('f405-protection')] });
    const machine = await openMachine({ chip: 'stm32f405rg', images: [firmware('f405-protection')] });
    expect(await machine.finish()).toEqual({ outcome, reason: ended.reason, at: Number(ended.at) });
    machine.close();
  });

  it('does the same in a fork, which goes its own way', async () => {
    const one = await openMachine({ ...H533, images: [firmware('h533-straight')] });
    await one.run('2ms');
    const two = one.fork();
    expect(two.now).toBe(one.now);
    await two.run('3ms');
    await one.run('3ms');
    expect(two.registers).toEqual(one.registers);
    expect(two.instructions).toBe(one.instructions);
    two.writeMemory(0x2000_8000, Uint8Array.of(9));
    expect(one.readMemory(0x2000_8000, 1)[0]).not.toBe(9);
    expect(() => machine.restore(one.save())).toThrow(UsageError);
    two.close();
    one.close();
    expect(() => one.now).toThrow(UsageError);
  });

  it('stops at breakpoints, watchpoints and limits, and when it is told to', async () => {
    const m = await openMachine(H533);
    const stop = m.breakpoint({ symbol: 'main' });
    expect(await m.runUntil({ at: '50ms' })).toMatchObject({ by: 'breakpoint', symbol: 'main' });
    stop.remove();
    const watch = m.watchpoint({ symbol: 'dfu_wanted' });
    await m.act({ call: 'request_dfu' });
    expect(await m.runUntil({ reset: true })).toMatchObject({ by: 'watchpoint' });
    watch.remove();
    expect(await m.runUntil({ usb: 'dfu' }, { limit: '1ms' })).toMatchObject({ by: 'limit' });
    const started = m.now;
    expect(await m.runUntil({ at: '1s' }, { signal: AbortSignal.abort() })).toMatchObject({ by: 'aborted', at: started });
    m.close();
  });

  it.each([5, 'x', {}, { aborted: false }])('takes no %j for an AbortSignal', async (signal) => {
    const m = await openMachine(H533);
    const options = { signal: signal as AbortSignal };
    for (const call of [() => m.runUntil({ for: '1ms' }, options), () => m.run('1ms', options), () => m.finish(options)])
      await expect(call()).rejects.toThrow(/^signal is .*, and no AbortSignal; new AbortController\(\).signal is one$/);
    m.close();
  });

  it('stops at a breakpoint that is reached while a step of the host goes on', async () => {
    const m = await openMachine({
      chip: 'stm32f103c8',
      images: [{ path: 'app.bin@0x08000000', bytes: new Uint8Array(Uint32Array.of(0x20001000, 0x08000009, 0xe7fee7fe).buffer) }],
      scenario: { schema: 'bootbench/scenario@1', board: { boot0: 1 }, host: { cable: 'out' } },
    });
    await m.run('100ms');
    m.breakpoint({ address: 0x08000008 });
    for (const hex of ['7f', '21de']) {
      await m.act({ uart: { port: 'USART1', hex } });
      expect(await m.run('80ms')).toMatchObject({ by: 'until' });
    }
    await m.act({ uart: { port: 'USART1', hex: '0800000008' } });
    expect(await m.run('200ms')).toMatchObject({ by: 'breakpoint', pc: '0x08000008' });
    m.close();
  });

  it('stores words where the core has registers, and names who wrote those of the core last', async () => {
    const m = await openMachine(H533);
    expect(await m.runUntil({ entry: true }, { limit: '50ms' })).toMatchObject({ by: 'limit' });
    m.writeWord(0xe000ed08, 0x08000000);
    m.writeWord('0xE000E014', 0x1234);
    expect(m.registers['vtor']).toBe(0x08000000);
    expect(m.lastWriter('syst_rvr')).toMatchObject({ kind: 'scenario' });
    expect(m.lastWriter('PRIMASK')?.kind ?? null).not.toBe('scenario');
    m.writeWord(m.register('RCC.CR').address, m.read('RCC.CR') | 0x1000);
    expect(m.register('RCC.CR').lastWriter).toMatchObject({ kind: 'scenario' });
    for (const call of [() => m.writeWord(0x20000001, 0), () => m.writeWord(0x3fff0000, 0), () => m.lastWriter('a b')])
      expect(call).toThrow(UsageError);
    m.close();
  });

  it('takes nothing for granted that a caller says', async () => {
    const wrong: (() => unknown)[] = [
      () => machine.read('RCC.CRR'),
      () => machine.read('RC.CR'),
      () => machine.read('RCC.CR.NOPE'),
      () => machine.read('RCC'),
      () => machine.write('RCC.CR.HSION', 2),
      () => machine.setRegister('r99', 0),
      () => machine.symbol('no_such_function'),
      () => machine.variable('no_such_variable'),
      () => machine.readMemory(0x3000_0000 + 0x0fff_0000, 4),
      () => machine.readMemory(0x2000_0000, -1),
      () => machine.writeMemory(0x4000_0000, Uint8Array.of(1)),
      () => machine.pin('PZ9'),
      () => machine.board.uart('USART99'),
      () => machine.board.i2c('I2C1', 200, {}),
      () => machine.usb.cable('sideways' as 'in'),
    ];
    for (const call of wrong) expect(call).toThrow(UsageError);
    const promises: (() => Promise<unknown>)[] = [
      () => machine.runUntil({ at: 'soon' }),
      () => machine.runUntil({ nothing: 1 } as never),
      () => machine.runUntil({ usb: 'there' as 'dfu' }),
      () => machine.runUntil(undefined as never),
      () => machine.act({ jump: 1 } as never),
      () => machine.usb.control({ requestType: 0x80, request: 6, length: 70_000 }),
      () => openMachine(undefined as never),
      () => openMachine({ ...H533, device: 1 } as never),
      () => openMachine({ ...H533, blocks: [{ name: 'X', base: 0x4402_0c00, size: 4, read: () => 0, write: () => undefined }] }),
    ];
    for (const call of promises) await expect(call()).rejects.toThrow(UsageError);
  });
});

describe('the USB host of a held machine', () => {
  it('a control request right behind the enumeration waits for the host to be done with it', async () => {
    const m = await openMachine({ chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } });
    await m.runUntil({ usb: 'enumerated' });
    expect((await m.usb.control({ requestType: 0x80, request: 6, value: 0x0100, length: 18 })).data).toHaveLength(18);
    m.close();
  });
  it('makes control requests, and drives DFU with the bytes that came back', async () => {
    const m = await openMachine({ chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } });
    const seen: string[] = [];
    m.on('usb', ({ text }) => seen.push(text));
    await m.runUntil({ usb: 'dfu' });
    expect(seen.length).toBeGreaterThan(3);
    const data = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) & 0xff);
    await m.usb.dfu.download(0x0800_0000, data);
    expect(m.flash.bytes.subarray(0, 3000)).toEqual(data);
    expect(await m.usb.dfu.upload(0x0800_0100, 16)).toEqual(data.subarray(0x100, 0x110));
    await expect(m.usb.dfu.erase(0x6000_0000)).rejects.toThrow(UsageError);
    const descriptor = await m.usb.control({ requestType: 0x80, request: 6, value: 0x0100, length: 18 });
    expect(descriptor.status).toBe('ok');
    expect([...descriptor.data.subarray(8, 12)]).toEqual([0x83, 0x04, 0x11, 0xdf]);
    expect((await m.usb.control({ requestType: 0xc0, request: 0x77, length: 1 })).status).toBe('stall');
    m.usb.cable('out');
    expect(await m.runUntil({ usb: 'detached' })).toMatchObject({ by: 'until' });
    m.close();
  });
});
