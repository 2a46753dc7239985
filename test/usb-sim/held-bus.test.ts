import { describe, expect, it, vi } from 'vitest';
import { HeldBus } from '../../src/usb-sim/held-bus.ts';
import type { UsbSim } from '../../src/usb-sim/usb-sim.ts';
import { CDC_DEVICE, MS } from './firmware.ts';
import { held } from './held.ts';

const GET_DEVICE = Uint8Array.of(0x80, 6, 0, 1, 0, 0, 18, 0);

describe('a machine held for clients outside', () => {
  it('virtual time runs while a client waits and stands still while nobody does', async () => {
    const { b, bus } = held();
    const before = bus.now;
    await new Promise((next) => setTimeout(next, 20));
    expect(bus.now).toBe(before);
    const id = b.usb.submitControl(GET_DEVICE);
    await bus.wait(() => b.usb.state.outside.some((r) => r.id === id));
    expect(b.usb.takeResult(id)).toMatchObject({ status: 'ok', actual: 18 });
    const after = bus.now;
    expect(after - before).toBeLessThan(5 * MS);
    await new Promise((next) => setTimeout(next, 20));
    expect(bus.now).toBe(after);
  });

  it('one that only listens sees virtual time pass as real time does; a clock that stands still stops it', async () => {
    let clock = 0;
    const { bus } = held(undefined, {}, () => clock);
    const before = bus.now;
    const stop = new AbortController();
    const listening = bus.wait(() => false, { pace: 'real', signal: stop.signal });
    await new Promise((next) => setTimeout(next, 10));
    expect(bus.now).toBe(before);
    clock += 7;
    await vi.waitFor(() => expect(bus.now - before).toBe(7 * MS), { timeout: 20_000 });
    stop.abort();
    expect(await listening).toBe(false);
  });

  it('one that only listens costs a look each ten milliseconds, and leaves the rest to the client that thinks meanwhile', async () => {
    let looks = 0;
    // each look at the clock takes a microsecond
    const { bus } = held(undefined, {}, () => ++looks / 1000);
    const stop = new AbortController();
    const listening = bus.wait(() => false, { pace: 'real', signal: stop.signal });
    await new Promise((next) => setTimeout(next, 40));
    expect(looks).toBeLessThan(1000);
    stop.abort();
    await listening;
  });

  it('many waits with one signal listen once, and all end with it', async () => {
    const { bus } = held();
    const stop = new AbortController();
    const listened = vi.spyOn(stop.signal, 'addEventListener');
    const removed = vi.spyOn(stop.signal, 'removeEventListener');
    const waits = Array.from({ length: 30 }, () => bus.wait(() => false, { pace: 'real', signal: stop.signal }));
    expect(listened).toHaveBeenCalledTimes(1);
    stop.abort();
    expect(await Promise.all(waits)).toEqual(new Array(30).fill(false));
    expect(removed).toHaveBeenCalledTimes(1);
    expect(await bus.wait(() => false, { signal: stop.signal })).toBe(false);
  });

  it('a wait ends at its limit of virtual time, exactly', async () => {
    const { bus } = held();
    const limit = bus.now + 123 * MS;
    expect(await bus.wait(() => false, { limit })).toBe(false);
    expect(bus.now).toBe(limit);
  });

  it('when the machine is given up, those who wait are told', async () => {
    const { bus } = held();
    const waiting = [bus.wait(() => false), bus.wait(() => false, { pace: 'real' })];
    bus.close();
    expect(await Promise.all(waiting)).toEqual([false, false]);
    expect(await bus.wait(() => false)).toBe(false);
  });

  it('without a client time passes in the same way: two waits or one, the same log', async () => {
    const runs = [];
    for (const parts of [1, 7]) {
      const { b, bus } = held();
      const end = bus.now + 70 * MS;
      b.usb.submitControl(GET_DEVICE);
      for (let i = 1; i <= parts; i++) await bus.wait(() => false, { limit: end - ((parts - i) * 70 * MS) / parts });
      runs.push(b.usb.save());
    }
    expect(runs[1]).toEqual(runs[0]);
  });
});

describe('pipes of a client outside', () => {
  it('transfers of one pipe go one after the other; an echo comes back in order', () => {
    const { b, bus } = held(CDC_DEVICE);
    const packets = [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(5, 6)];
    const reads = packets.map(() => b.usb.submitPipe(0x81, 64));
    for (const p of packets) b.usb.submitPipe(0x01, p);
    const got = reads.map((id) => {
      bus.runUntil(() => b.usb.state.outside.some((r) => r.id === id), bus.now + 100 * MS);
      return b.usb.takeResult(id)!.data;
    });
    expect(got).toEqual(packets);
  });

  it('an endpoint that the configuration does not have is an error at once', () => {
    const { b } = held(CDC_DEVICE);
    const id = b.usb.submitPipe(0x85, 64);
    expect(b.usb.takeResult(id)).toMatchObject({ status: 'error', actual: 0 });
  });

  it('a transfer that is taken back ends as cancelled, and the next one of its pipe goes on', () => {
    const { b, bus } = held(CDC_DEVICE);
    const first = b.usb.submitPipe(0x81, 64);
    const second = b.usb.submitPipe(0x81, 64);
    bus.runUntil(() => false, bus.now + 5 * MS);
    b.usb.cancel(first);
    expect(b.usb.takeResult(first)).toMatchObject({ status: 'cancelled' });
    b.usb.submitPipe(0x01, Uint8Array.of(9));
    bus.runUntil(() => b.usb.state.outside.some((r) => r.id === second), bus.now + 100 * MS);
    expect(b.usb.takeResult(second)).toMatchObject({ status: 'ok', data: Uint8Array.of(9) });
  });

  it('SET_CONFIGURATION starts every pipe with DATA0 again (USB 2.0 §9.1.1.5)', () => {
    const { b, bus } = held(CDC_DEVICE);
    const echo = (value: number): Uint8Array | undefined => {
      const id = b.usb.submitPipe(0x81, 64);
      b.usb.submitPipe(0x01, Uint8Array.of(value));
      bus.runUntil(() => b.usb.state.outside.some((r) => r.id === id), bus.now + 100 * MS);
      return b.usb.takeResult(id)?.data;
    };
    expect(echo(1)).toEqual(Uint8Array.of(1));
    expect(b.usb.state.toggles).toEqual({ in1: 1, out1: 1 });
    b.usb.submitControl(Uint8Array.of(0, 9, 1, 0, 0, 0, 0, 0));
    bus.runUntil(() => Object.keys(b.usb.state.toggles).length === 0, bus.now + 100 * MS);
    expect(b.usb.state.toggles).toEqual({});
  });

  it('a device that leaves the bus ends what is out as cancelled', () => {
    const { b, bus } = held(CDC_DEVICE);
    const id = b.usb.submitPipe(0x81, 64);
    b.usb.unplug();
    bus.runUntil(() => !b.usb.outsideReady, bus.now + 10 * MS);
    expect(b.usb.takeResult(id)).toMatchObject({ status: 'cancelled' });
    expect(b.usb.takeResult(b.usb.submitPipe(0x81, 64))).toMatchObject({ status: 'cancelled' });
  });
});

describe('how far the machine is sent at once while a client waits', () => {
  /** Lengths of the first stretches in milliseconds. @param cost real time of a virtual millisecond; @param most where something ends each stretch early */
  async function stretches(cost: number, most = Infinity, count = 12): Promise<readonly number[]> {
    let [now, clock] = [0, 0];
    const lengths: number[] = [];
    const run = (limit: number): void => {
      lengths.push((limit - now) / MS);
      const time = Math.min(limit, now + most * MS);
      clock += ((time - now) / MS) * cost;
      now = time;
    };
    const bus = new HeldBus({ usb: { now: () => now } as UsbSim, run, clock: () => clock });
    await bus.wait(() => lengths.length === count);
    return lengths;
  }
  it('twice as far each time, up to a tenth of a second, where that takes no time', async () =>
    expect(await stretches(0)).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 100, 100, 100, 100]));
  it('no farther than what takes between five and ten milliseconds', async () => {
    expect(await stretches(2)).toEqual([1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
    expect(await stretches(5)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(await stretches(10)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });
  it('half as far each time where that takes longer, down to a sixteenth of a millisecond', async () =>
    expect(await stretches(1000, Infinity, 7)).toEqual([1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]));
  it('no farther where something has ended the stretch: that it was short says nothing', async () =>
    expect(await stretches(0, 0.5, 4)).toEqual([1, 1, 1, 1]));
  it('exactly as far again where the stretch was used up to its end', async () => expect(await stretches(0, 1, 4)).toEqual([1, 2, 2, 2]));
});
