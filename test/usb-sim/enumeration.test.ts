import { describe, expect, it } from 'vitest';
import { rate } from '../../src/emu/time.ts';
import { BCDR, bench, CDC_DEVICE, CNTR, DADDR, DFU_DEVICE, FNR, HID_MSC_DEVICE, MS, US, type Bench, type Device } from './firmware.ts';

const kinds = (b: Bench): string[] => b.usb.logEntries.map((l) => l.kind);
const requests = (b: Bench): string[] =>
  b.usb.logEntries
    .filter((l) => l.kind === 'request' || l.kind === 'reset')
    .map((l) => (l.kind === 'reset' ? 'reset' : l.text.replace(/:.*/, '')));
const GET_DESCRIPTOR = 0x8006;
const SET_CONFIGURATION = 0x0009;

describe('enumeration, request by request', () => {
  it('Linux: 64-byte read, second reset, address, 18 bytes, configuration, strings, configuration set', () => {
    const b = bench();
    b.firmware.start();
    b.until(400 * MS);
    expect(requests(b).slice(0, 12)).toEqual([
      'reset',
      'GET_DESCRIPTOR(DEVICE, 64)',
      'reset',
      'SET_ADDRESS(1)',
      'GET_DESCRIPTOR(DEVICE, 18)',
      'GET_DESCRIPTOR(CONFIGURATION, 9)',
      'GET_DESCRIPTOR(CONFIGURATION, 36)',
      'GET_DESCRIPTOR(STRING 0, 255)',
      'GET_DESCRIPTOR(STRING 2, 255)',
      'GET_DESCRIPTOR(STRING 1, 255)',
      'GET_DESCRIPTOR(STRING 3, 255)',
      'SET_CONFIGURATION(1)',
    ]);
    expect(b.notes).toEqual([]);
    const [session] = b.usb.sessions;
    expect(session).toMatchObject({
      at: 0,
      attached: 100 * MS,
      servedBy: 'system',
      vid: 0x0483,
      pid: 0xdf11,
      bcdDevice: 0x0300,
      product: 'DFU in FS Mode',
      endedAt: null,
      altSettings: ['@Internal Flash   /0x08000000/64*08Kg', '@OTP Memory   /0x08FFF000/01*1024 e'],
    });
    expect(b.usb.dfuReady).toBe(true);
    expect(b.usb.unansweredSince).toBe(null);
  });
  it('Windows: the first read ends after one packet without a status stage; STALLs to 0xEE and the qualifier are harmless', () => {
    const b = bench(DFU_DEVICE, {}, { host: 'windows' });
    b.firmware.start();
    b.until(500 * MS);
    expect(requests(b).slice(0, 13)).toEqual([
      'reset',
      'GET_DESCRIPTOR(DEVICE, 64)',
      'reset',
      'SET_ADDRESS(1)',
      'GET_DESCRIPTOR(DEVICE, 18)',
      'GET_DESCRIPTOR(CONFIGURATION, 9)',
      'GET_DESCRIPTOR(CONFIGURATION, 255)',
      'GET_DESCRIPTOR(STRING 238, 18)',
      'GET_DESCRIPTOR(STRING 0, 255)',
      'GET_DESCRIPTOR(STRING 3, 255)',
      'GET_DESCRIPTOR(STRING 2, 255)',
      'GET_DESCRIPTOR(DEVICE_QUALIFIER, 10)',
      'SET_CONFIGURATION(1)',
    ]);
    expect(b.usb.logEntries.filter((l) => l.text.includes('STALL'))).toHaveLength(2);
    expect(b.usb.dfuReady).toBe(true);
  });
  it('macOS: one reset, the address before anything is read, each string by its length and then whole', () => {
    const b = bench(DFU_DEVICE, {}, { host: 'macos' });
    b.firmware.start();
    b.until(500 * MS);
    const length = (text: string): number => 2 + 2 * text.length;
    expect(requests(b).slice(0, 12)).toEqual([
      'reset',
      'SET_ADDRESS(1)',
      'GET_DESCRIPTOR(DEVICE, 8)',
      'GET_DESCRIPTOR(DEVICE, 18)',
      'GET_DESCRIPTOR(STRING 2, 2)',
      `GET_DESCRIPTOR(STRING 2, ${length('DFU in FS Mode')})`,
      'GET_DESCRIPTOR(STRING 1, 2)',
      `GET_DESCRIPTOR(STRING 1, ${length('STMicroelectronics')})`,
      'GET_DESCRIPTOR(STRING 3, 2)',
      expect.stringMatching(/^GET_DESCRIPTOR\(STRING 3, \d+\)$/),
      'GET_DESCRIPTOR(CONFIGURATION, 9)',
      expect.stringMatching(/^GET_DESCRIPTOR\(CONFIGURATION, \d+\)$/),
    ]);
    expect(b.usb.dfuReady).toBe(true);
    expect(b.usb.sessions[0]!.product).toBe('DFU in FS Mode');
  });
  it('a device with 8-byte packets on EP0 is read with 8-byte packets', () => {
    const small: Device = { ...DFU_DEVICE, device: DFU_DEVICE.device.map((v, i) => (i === 7 ? 8 : v)) };
    const b = bench(small);
    b.firmware.packet = 8;
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.dfuReady).toBe(true);
  });
  it('user code that answers is no DFU of the ROM', () => {
    const b = bench(DFU_DEVICE, {}, { zone: () => 'user' });
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.sessions[0]!.servedBy).toBe('user');
    expect(b.usb.dfuReady).toBe(false);
  });
  it('servedBy follows the code that answers until the configuration is set, then stays', () => {
    let zone: 'user' | 'system' = 'user';
    const b = bench(DFU_DEVICE, {}, { zone: () => zone });
    b.firmware.start();
    b.until(320 * MS);
    expect(b.usb.sessions[0]!.servedBy).toBe('user');
    zone = 'system';
    b.until(1000 * MS, () => b.usb.sessions[0]!.enumerated !== null);
    zone = 'user';
    b.until(1000 * MS);
    expect(b.usb.sessions[0]!.servedBy).toBe('system');
  });
});

describe('a device that does not answer', () => {
  it('interrupts masked: the block takes SETUP by itself, nobody answers, the wait counts from the first SETUP', () => {
    const b = bench(DFU_DEVICE, { masked: true });
    b.firmware.start();
    b.until(300 * MS);
    // Nobody has set DADDR.EF after the bus reset: not even a handshake.
    const since = b.usb.unansweredSince!;
    expect(since).toBeGreaterThan(210 * MS);
    expect(since).toBeLessThan(211 * MS);
    b.until(3000 * MS);
    expect(b.usb.unansweredSince).toBe(since);
    expect(b.usb.sessions[0]).toMatchObject({ servedBy: null, enumerated: null, vid: null });
  });
  it('NAK for ever: three tries of 5 s, four port attempts, then the host gives up; only an answer moves the wait', () => {
    const b = bench(DFU_DEVICE, { deafTo: [GET_DESCRIPTOR] });
    b.firmware.start();
    b.until(300 * MS);
    const since = b.usb.unansweredSince!;
    b.until(5300 * MS);
    expect(b.usb.logEntries.at(-1)).toMatchObject({
      kind: 'no-answer',
      text: expect.stringMatching(/^GET_DESCRIPTOR\(DEVICE, 64\): timeout, \d+ NAKs$/),
    });
    expect(b.usb.unansweredSince).toBe(since);
    b.until(30_000 * MS);
    expect(b.usb.unansweredSince).toBe(since);
    b.until(80_000 * MS);
    expect(b.usb.enumerationFailed).toBe(true);
    // The old scheme sends SET_ADDRESS first, and that is answered.
    expect(b.usb.unansweredSince).toBeGreaterThan(since);
    expect(kinds(b).filter((k) => k === 'enumeration-retry')).toHaveLength(3);
    expect(b.usb.state.naks).toBeLessThan(100_000);
  });
  it('NAKs are retried soon at first, and at most a millisecond apart: a late answer is seen within an eighth of its delay', () => {
    for (const latency of [30 * US, 400 * US, 38 * MS, 39 * MS, 40 * MS, 41 * MS]) {
      const b = bench(DFU_DEVICE, { latency });
      b.firmware.start();
      b.until(210 * MS + 6 * latency + 60 * MS);
      const first = b.usb.logEntries.find((l) => l.kind === 'request')!;
      const served = first.at - 210 * MS;
      expect(served).toBeGreaterThan(latency);
      expect(served).toBeLessThan(latency + Math.min(latency / 8, 1 * MS) + 300 * US);
    }
  });
  it('STALL is an answer: strings may be refused, SET_CONFIGURATION may not', () => {
    const b = bench({ ...DFU_DEVICE, strings: [DFU_DEVICE.strings[0]!] });
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.sessions[0]).toMatchObject({ product: null, altSettings: ['', ''] });
    expect(b.usb.dfuReady).toBe(true);
    const c = bench(DFU_DEVICE, { stalls: [SET_CONFIGURATION] });
    c.firmware.start();
    c.until(3000 * MS);
    expect(c.usb.enumerationFailed).toBe(true);
    expect(c.usb.unansweredSince).toBe(null);
    expect(c.usb.sessions[0]!.enumerated).toBe(null);
  });
  it('the kernel clock stops: no handshake, and the pull-up stays', () => {
    const b = bench();
    b.firmware.start();
    b.until(250 * MS);
    b.system.setClock('usb', null);
    b.until(700 * MS);
    expect(b.usb.logEntries.filter((l) => l.kind === 'no-answer')[0]!.text).toBe('SET_ADDRESS(1): no handshake');
    expect(b.usb.sessions).toHaveLength(1);
    expect(b.usb.unansweredSince).toBeGreaterThan(320 * MS);
    b.system.setClock('usb', rate(48_000_000));
    b.until(1500 * MS);
    expect(b.usb.dfuReady).toBe(true);
  });
  it('a firmware that leaves VTRX set gets no second SETUP: no handshake, tried again in later microframes', () => {
    const b = bench(DFU_DEVICE, { latency: 2 * MS });
    b.firmware.start();
    b.until(700 * MS);
    expect(b.usb.logEntries.find((l) => l.kind === 'no-answer')!.text).toBe('GET_DESCRIPTOR(CONFIGURATION, 9): no handshake');
  });
  it('wrong toggles: the data is acknowledged and dropped, the transfer times out and is tried again', () => {
    const b = bench(DFU_DEVICE, { wrongToggles: 1 });
    b.firmware.start();
    b.until(5500 * MS);
    expect(b.usb.logEntries.filter((l) => l.kind === 'no-answer')).toHaveLength(1);
    b.until(7000 * MS);
    expect(b.usb.dfuReady).toBe(true);
  });
  it('broken descriptors end an attempt with a text, never with an exception', () => {
    const cut: Device = { ...DFU_DEVICE, configuration: DFU_DEVICE.configuration.map((v, i) => (i === 9 ? 0 : v)) };
    const b = bench(cut);
    b.firmware.start();
    b.until(5000 * MS);
    expect(b.usb.enumerationFailed).toBe(true);
    expect(b.usb.logEntries.at(-1)!.text).toContain('bad configuration descriptor (36 bytes)');
  });
});

describe('the line', () => {
  it('without a cable there is no session; the idle bus suspends the device; plugging in starts one', () => {
    const b = bench(DFU_DEVICE, {}, { cable: 'out' });
    b.firmware.start();
    b.until(50 * MS);
    expect(b.usb.sessions).toEqual([]);
    expect(b.firmware.get(CNTR + 4) & 0x800).toBe(0x800);
    b.usb.plug();
    b.until(600 * MS);
    expect(b.usb.sessions).toHaveLength(1);
    expect(b.usb.sessions[0]!.at).toBe(50 * MS);
    expect(b.usb.dfuReady).toBe(true);
    b.usb.unplug();
    b.until(610 * MS);
    expect(b.usb.sessions[0]).toMatchObject({ endedBy: 'unplug', endedAt: 600 * MS + 2.5 * US });
    expect(b.usb.dfuReady).toBe(false);
    expect(b.usb.dfuLostSince).toBe(b.usb.sessions[0]!.endedAt);
    b.usb.plug();
    b.until(1200 * MS);
    expect(b.usb.sessions).toHaveLength(2);
    expect(b.usb.dfuReady).toBe(true);
    expect(b.usb.dfuLostSince).toBe(null);
  });
  it('a pull-up that blinks shorter than 2.5 µs is not seen, and the device that forgot its address no longer answers', () => {
    const b = bench();
    b.firmware.start();
    b.until(500 * MS);
    const { system } = b;
    b.firmware.set(BCDR, 0);
    system.fireDue(system.now + 1 * US);
    b.firmware.set(DADDR, 0x80);
    b.firmware.set(BCDR, 0x8000);
    b.until(600 * MS);
    expect(b.usb.sessions).toHaveLength(1);
    b.until(2000 * MS);
    expect(b.usb.dfuLostSince).not.toBe(null);
  });
  it('a pull-up that goes in the middle of a transfer ends the session as detach, a chip reset as reset', () => {
    for (const by of ['detach', 'reset'] as const) {
      const b = bench(DFU_DEVICE, { latency: 80 * US });
      b.firmware.start();
      b.until(300 * MS, () => b.usb.state.naks === 2);
      expect(b.usb.state.transfers).toMatchObject([{ step: 'in', naks: 2 }]);
      if (by === 'reset') {
        b.usb.chipReset();
        b.system.resetBlocks('system');
      } else b.firmware.pullUp(false);
      b.until(300 * MS);
      expect(b.usb.sessions[0]!.endedBy).toBe(by);
      expect(b.usb.unansweredSince).toBe(null);
      expect(b.usb.state.transfers).toEqual([]);
      b.firmware.start();
      b.until(1000 * MS);
      expect(b.usb.dfuReady).toBe(true);
    }
  });
  it('an unstable attach starts the debounce again', () => {
    const b = bench();
    b.firmware.start();
    b.until(60 * MS);
    b.firmware.pullUp(false);
    b.until(61 * MS);
    b.firmware.pullUp(true);
    b.until(150 * MS);
    expect(b.usb.sessions.map((s) => s.attached)).toEqual([null, null]);
    b.until(170 * MS);
    expect(b.usb.sessions[1]!.attached).toBe(161 * MS);
  });
  it('the end of the run closes the session', () => {
    const b = bench();
    b.firmware.start();
    b.until(500 * MS);
    b.usb.finish();
    expect(b.usb.sessions[0]).toMatchObject({ endedBy: 'end', endedAt: 500 * MS });
  });
  it('the frame number counts milliseconds of the host while the bus is active', () => {
    const b = bench();
    b.firmware.start();
    b.until(400.5 * MS);
    expect(b.firmware.get(FNR) & 0x7ff).toBe(400);
  });
});

describe('class drivers', () => {
  it('CDC-ACM: line coding, line state, and bytes both ways', () => {
    let text = '';
    const b = bench(CDC_DEVICE, {}, { console: (channel, bytes) => (text += `${channel}:${String.fromCharCode(...bytes)};`) });
    b.firmware.start();
    b.usb.send(Uint8Array.from('hello', (ch) => ch.charCodeAt(0)));
    b.until(500 * MS);
    expect(text).toBe('cdc:hello;');
    expect(b.firmware.state.requests).toContain('2120');
    expect(b.firmware.state.requests).toContain('2122');
    const long = 'x'.repeat(300);
    text = '';
    b.usb.send(Uint8Array.from(long, (ch) => ch.charCodeAt(0)));
    b.until(600 * MS);
    expect(text.replaceAll('cdc:', '').replaceAll(';', '')).toBe(long);
  });
  it('HID: SET_IDLE may be refused, one report an interval; mass storage: a STALL to GET_MAX_LUN means one unit', () => {
    const b = bench(HID_MSC_DEVICE);
    b.firmware.start();
    b.until(1000 * MS);
    expect(b.usb.sessions[0]).toMatchObject({ vid: 0x0483, product: null, altSettings: [] });
    expect(b.usb.state.mscMaxLun).toBe(0);
    expect(b.firmware.state.requests).toEqual(expect.arrayContaining(['210a', '8106', 'a1fe']));
    const before = b.usb.state.hidReports;
    b.until(2000 * MS);
    expect(b.usb.state.hidReports - before).toBeGreaterThan(98);
    expect(b.usb.state.hidReports - before).toBeLessThan(101);
  });
});
