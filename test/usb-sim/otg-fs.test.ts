import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clonePlain } from '../../src/emu/component.ts';
import { CDC_DEVICE, DFU_DEVICE, MS, type Device } from './firmware.ts';
import { DCTL, F405, GRSTCTL, H745, L476, L496, otgBench, VARIANTS, type OtgBench } from './otg-firmware.ts';

const GET_DESCRIPTOR = 0x8006;
/** Names longer than a packet, and one of a whole packet. */
const LONG: Device = {
  ...DFU_DEVICE,
  strings: DFU_DEVICE.strings.map((s, i) => (i === 2 ? [64, 3, ...Array.from({ length: 62 }, (_, k) => (k % 2 ? 0 : 65))] : s)),
};

describe.each(VARIANTS.map((v) => [v.name, v] as const))('OTG_FS of %s', (_name, v) => {
  it.each(['linux', 'windows', 'macos'] as const)('enumerates on %s and reaches dfuIDLE', (host) => {
    const b = otgBench(v, DFU_DEVICE, {}, { host });
    b.firmware.start();
    b.until(600 * MS);
    expect(b.usb.sessions[0]).toMatchObject({ vid: 0x0483, pid: 0xdf11, product: 'DFU in FS Mode' });
    expect(b.usb.dfuReady).toBe(true);
    expect(b.notes).toEqual([]);
  });
  it('an answer that fills its last packet is ended by an empty one', () => {
    const b = otgBench(v, LONG);
    b.firmware.start();
    b.until(600 * MS);
    expect(b.usb.sessions[0]!.product).toBe('A'.repeat(31));
    expect(b.usb.dfuReady).toBe(true);
  });
  it('CDC bulk goes both ways, whole and in order', () => {
    const received: number[] = [];
    const b = otgBench(v, CDC_DEVICE, {}, { console: (_channel, bytes) => void received.push(...bytes) });
    b.firmware.start();
    b.until(500 * MS);
    const sent = Array.from({ length: 700 }, (_, i) => (i * 7) & 0xff);
    b.usb.send(Uint8Array.from(sent));
    b.until(900 * MS);
    expect(received).toEqual(sent);
    expect(b.usb.logEntries.filter((l) => l.kind === 'driver' && l.text.includes('pipe is left'))).toEqual([]);
    expect(b.notes).toEqual([]);
  });
  it('a STALL answers one request, the next works', () => {
    const b = otgBench(v, CDC_DEVICE, { stalls: [0x2120] });
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.logEntries.filter((l) => l.text.includes('STALL')).map((l) => l.text)).toHaveLength(1);
    expect(b.firmware.state.requests.at(-1)).toBe('2122');
    expect(b.usb.state.cdc!.ready).toBe(true);
  });
  it('a request that nobody answers is NAKed until the host gives up', () => {
    const b = otgBench(v, DFU_DEVICE, { deafTo: [GET_DESCRIPTOR] });
    b.firmware.start();
    b.until(3000 * MS);
    expect(b.usb.state.naks).toBeGreaterThan(1000);
    expect(b.usb.sessions[0]).toMatchObject({ vid: null, enumerated: null });
    expect(b.usb.unansweredSince).toBeGreaterThan(200 * MS);
  });
  it('unplugged and plugged in again: a session each, as VBUS sensing sees it', () => {
    const b = otgBench(v, DFU_DEVICE, { sensesVbus: true });
    b.firmware.start();
    b.until(500 * MS);
    b.usb.unplug();
    b.until(510 * MS);
    expect(b.system.wire('usb.pullup')).toBe(0);
    b.until(600 * MS);
    b.usb.plug();
    b.until(1200 * MS);
    expect(b.usb.sessions.map((s) => s.enumerated !== null)).toEqual([true, true]);
    expect(b.usb.sessions[0]!.endedBy).toBe('unplug');
  });
  it('soft disconnect ends the session', () => {
    const b = otgBench(v);
    b.firmware.start();
    b.until(500 * MS);
    b.firmware.or(DCTL, 2);
    b.until(510 * MS);
    expect(b.usb.sessions[0]).toMatchObject({ endedBy: 'detach' });
  });
});

describe('EP0 of core 3.10a', () => {
  it('brings an OUT done entry with every SETUP and with the status of a control write; a driver that trusts them all goes wrong', () => {
    const good = otgBench(L476, CDC_DEVICE);
    good.firmware.start();
    good.until(500 * MS);
    expect(good.usb.state.cdc!.ready).toBe(true);
    expect(good.firmware.state.dataOut).toBe(1); // SET_LINE_CODING
    const naive = otgBench(L476, CDC_DEVICE, { trustsOutDone: true });
    naive.firmware.start();
    naive.until(500 * MS);
    expect(naive.firmware.state.dataOut).toBeGreaterThan(1);
    const newer = otgBench(L496, CDC_DEVICE, { trustsOutDone: true });
    newer.firmware.start();
    newer.until(500 * MS);
    expect(newer.firmware.state.dataOut).toBe(1);
  });
});

describe('OTG_FS without its 48 MHz clock', () => {
  it('a core reset does not end', () => {
    const b = otgBench(L476);
    b.system.setClock('usb', null);
    expect(() => b.firmware.start()).toThrow('hangs');
    expect(b.firmware.get(GRSTCTL)).toBe(0x80000001);
  });
  it('the pull-up stays, nothing is answered', () => {
    const b = otgBench(H745);
    b.firmware.start();
    b.system.setClock('usb', null);
    b.until(600 * MS);
    expect(b.usb.sessions).toMatchObject([{ vid: null, servedBy: null }]);
  });
});

describe('save and restore', () => {
  const all = (b: OtgBench): unknown => [b.system.save(), b.usb.save(), b.firmware.save()];
  it('at any moment of enumeration and CDC traffic the run goes on to the same end', () => {
    const run = (b: OtgBench): void => {
      b.firmware.start();
      b.until(420 * MS);
      b.usb.send(Uint8Array.from({ length: 150 }, (_, i) => i));
    };
    const reference = otgBench(F405, CDC_DEVICE);
    run(reference);
    reference.until(600 * MS);
    const end = all(reference);
    fc.assert(
      fc.property(fc.integer({ min: 421_000, max: 460_000 }), (us) => {
        const b = otgBench(F405, CDC_DEVICE);
        run(b);
        b.until(us * 1_000_000);
        const [system, usb, firmware] = [b.system.save(), b.usb.save(), b.firmware.save()];
        b.until(470 * MS);
        b.system.restore(clonePlain(system as never));
        b.usb.restore(usb);
        b.firmware.restore(firmware);
        b.until(600 * MS);
        expect(all(b)).toEqual(end);
      }),
      { numRuns: 12 },
    );
  });
});
