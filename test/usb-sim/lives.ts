/**
 * Random lives of a device on the simulated bus: what a host's drivers, a client outside, the board and the firmware do at any time. What comes of it is the transfers of the port as
 * a capture has them, the log, the host's state and what it says of the device after each step.
 */
import { clonePlain } from '../../src/emu/component.ts';
import type { HostOptions } from '../../src/usb-sim/host-api.ts';
import { isInterruptTransfer } from '../../src/usb-sim/outside.ts';
import { PcapngWriter } from '../../src/usb-sim/pcapng.ts';
import type { BusFaultKind } from '../../src/usb-sim/types.ts';
import { numbers } from '../machines/random-writes.ts';
import { bench, CDC_DEVICE, DFU_DEVICE, HID_MSC_DEVICE, ISO_DEVICE, MS, US, type Bench, type Device } from './firmware.ts';

const STEPS = 18;
export const DEVICES: readonly (readonly [name: string, device: Device])[] = [
  ['dfu', DFU_DEVICE],
  ['cdc', CDC_DEVICE],
  ['hid-msc', HID_MSC_DEVICE],
  ['iso', ISO_DEVICE],
];
const HOSTS: readonly Partial<HostOptions>[] = [
  { host: 'linux' },
  { host: 'windows', driver: 'winusb' },
  { host: 'windows', driver: 'sttub30' },
  { host: 'macos', driver: 'none' },
  { host: 'linux', driver: 'none', vbus: false },
  { host: 'linux', keepAlive: 0 },
];
const FAULTS: readonly BusFaultKind[] = ['packet', 'handshake', 'token', 'timeout', 'babble'];
/** Up to half a minute where somebody gives up. */
const WAITS = [0, 10 * US, 1 * MS, 3 * MS, 40 * MS, 300 * MS, 1100 * MS, 6000 * MS];
/** Standard, class and vendor requests, and some that nobody knows; wLength follows. */
const SETUPS: readonly (readonly number[])[] = [
  [0x80, 6, 0, 1, 0, 0],
  [0x80, 6, 0, 2, 0, 0],
  [0x80, 6, 1, 3, 9, 4],
  [0x80, 6, 0, 6, 0, 0],
  [0x80, 0, 0, 0, 0, 0],
  [0x81, 10, 0, 0, 0, 0],
  [0, 5, 9, 0, 0, 0],
  [0, 9, 1, 0, 0, 0],
  [1, 11, 1, 0, 0, 0],
  [1, 11, 0, 0, 0, 0],
  [1, 11, 0, 0, 1, 0],
  [2, 1, 0, 0, 0x81, 0],
  [2, 1, 0, 0, 1, 0],
  [0xa1, 3, 0, 0, 0, 0],
  [0xa1, 2, 2, 0, 0, 0],
  [0x21, 1, 2, 0, 0, 0],
  [0x21, 0x22, 3, 0, 0, 0],
  [0xc0, 0x77, 1, 2, 3, 4],
  [0x40, 0x77, 1, 2, 3, 4],
];
type Random = ReturnType<typeof numbers>;
const oneOf = <T>(list: readonly T[], random: Random): T => list[random(list.length)]!;
const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 13 + n) & 0xff);

class Life {
  private readonly random: Random;
  private readonly b: Bench;
  private readonly writer: PcapngWriter;
  private readonly ids: number[] = [];
  private told: string[] = [];

  constructor(device: Device, seed: number) {
    const random = numbers(Math.imul(seed + 1, 0x9e3779b1));
    this.random = random;
    const options: Partial<HostOptions> = {
      ...oneOf(HOSTS, random),
      console: (channel, data) => void this.told.push(`${channel} ${data.join(' ')}`),
      report: (data) => void this.told.push(`report ${data.join(' ')}`),
      changed: () => void this.told.push('changed'),
      ...(random(3) === 0 ? {} : { zone: () => (random(4) === 0 ? 'user' : 'system') }),
    };
    const latency = oneOf([1, 5, 5, 60, 300], random) * US;
    this.b = bench(device, { latency, ...(random(4) === 0 ? { wrongToggles: 1 + random(5) } : {}) }, options);
    this.writer = new PcapngWriter((t) => isInterruptTransfer(this.b.usb.state, t));
    this.b.usb.tap = this.writer;
    this.b.usb.onOutside = () => void this.told.push('outside');
    if (random(8) === 0) this.b.usb.unplug();
    this.b.firmware.start();
  }
  /** All of it as text. */
  run(): readonly string[] {
    const { b, random } = this;
    const lines: string[] = [];
    for (let i = 0; i < STEPS; i++) {
      b.until(b.system.now + (i === 0 ? 600 * MS : oneOf(WAITS, random)));
      const done = random(3) === 0 ? this.elsewhere() : this.client();
      const { usb } = b;
      const now = [usb.dfuReady, usb.unansweredSince, usb.attachedSince, usb.lastActivity, usb.dfuLostSince, usb.dfuLeft];
      const also = [usb.enumerationFailed, usb.dfuIdle, usb.suspended, usb.outsideReady, usb.session()?.product];
      lines.push(`${done}: ${[...now, ...also].join()} ${this.told.splice(0).join()}`);
    }
    b.until(b.system.now + 8000 * MS);
    return [...lines, ...this.end()];
  }
  private end(): string[] {
    const { usb, firmware, notes } = this.b;
    usb.finish();
    const { log, ...known } = clonePlain(usb.state as never) as typeof usb.state;
    const { isoIn, configured, memory, requests } = firmware.state;
    return [
      ...log.map(({ at, kind, text }) => `${at} ${kind} ${text}`),
      JSON.stringify(known, (_, v: unknown) => (v instanceof Uint8Array ? [...v].join(' ') : v)),
      JSON.stringify({ isoIn, configured, requests, notes, memory: memory.length }),
      [...this.writer.bytes()].join(' '),
      log.findLast((l) => l.kind !== 'request' && l.kind !== 'poll')?.text ?? '-',
    ];
  }
  /** What happens to the device without a client. */
  private elsewhere(): string {
    const { random, b } = this;
    const { usb } = b;
    if (!usb.state.cable && random(2) === 0) return `plug ${usb.plug()}`;
    if (!usb.state.pullup && random(2) === 0) return `pull-up ${b.firmware.start()}`;
    const n = random(40);
    const does: Readonly<Record<string, () => unknown>> = {
      unplug: () => usb.unplug(),
      unplugAt: () => usb.unplugAt(n * 4, n % 3),
      unplugIn: () => usb.unplugIn(n * MS),
      calm: () => usb.calm(),
      disturb: () => usb.disturb(oneOf(FAULTS, random), n % 7),
      disturbed: () => usb.disturb(oneOf(FAULTS, random)),
      suspend: () => usb.suspend(n * 2 * MS),
      resume: () => b.system.setWire('usb.resume', n % 2),
      pullUp: () => b.firmware.pullUp(n > 10),
      chipReset: () => (usb.chipReset(), b.firmware.pullUp(false), b.firmware.pullUp(true)),
      send: () => usb.send(bytes(n)),
      openAndClose: () => usb.openAndClose(n < 20 ? 1200 : 115_200),
    };
    const name = oneOf(Object.keys(does), random);
    does[name]!();
    return `${name} ${n}`;
  }
  /** What programs do with the device. */
  private client(): string {
    const { random } = this;
    const { usb } = this.b;
    if (random(6) === 0) return this.owner();
    if (!usb.state.claimed && random(3) > 0) return this.dfu();
    const n = oneOf([0, 1, 8, 31, 32, 33, 63, 64, 65, 128, 200], random);
    const kind = random(8);
    if (kind < 4) {
      const setup = oneOf(SETUPS, random);
      const input = (setup[0]! & 0x80) !== 0;
      const timeout = oneOf([undefined, 20 * MS, Infinity], random);
      this.ids.push(usb.submitControl(Uint8Array.of(...setup, n, 0), input ? undefined : bytes(n), timeout));
      return `control ${setup.join(' ')} ${n}`;
    }
    const endpoint = oneOf([0x81, 1, 0x82, 2, 0x83], random);
    if (kind < 6) {
      const reads = endpoint >= 0x80 !== (random(12) === 0);
      this.ids.push(usb.submitPipe(endpoint, reads ? n : bytes(n), random(2) === 0));
      return `pipe ${endpoint} ${n}`;
    }
    if (kind < 7) {
      const lengths = Array.from({ length: 1 + random(5) }, () => oneOf([0, 1, 8, 31, 32, 33], random));
      const all = lengths.reduce((sum, length) => sum + length, 0);
      const takes = usb.takesIsochronous(
        endpoint,
        lengths.map((length) => ({ length })),
      );
      this.ids.push(usb.submitIsochronous(endpoint, lengths, endpoint >= 0x80 ? null : bytes(all)));
      return `isochronous ${endpoint} ${lengths.join(' ')} ${takes}`;
    }
    return `cancel ${usb.cancel(oneOf([...this.ids, 9999], random))}`;
  }
  private owner(): string {
    const { random } = this;
    const { usb } = this.b;
    const kind = random(6);
    if (kind < 3) return `claim ${usb.claim()}`;
    if (kind < 4) return `release ${usb.release()}`;
    if (kind < 5) return `reset ${usb.resetDevice()}`;
    return JSON.stringify(usb.takeResult(oneOf([...this.ids, 9999], random)), (_, v: unknown) =>
      v instanceof Uint8Array ? [...v].join(' ') : v,
    );
  }
  private dfu(): string {
    const { random } = this;
    const { usb } = this.b;
    const address = oneOf([0x08000000, 0x08002000, 0x0807fffc, 0x08080000, 0x1fff0000, 0x08fff000], random);
    const length = oneOf([1, 8, 1024, 1025], random);
    const kind = random(8);
    if (kind < 2) return `download ${address} ${usb.dfu({ kind: 'download', address, data: bytes(length) })}`;
    if (kind < 4) return `upload ${address} ${usb.dfu({ kind: 'upload', address, length })}`;
    if (kind < 5) return `erase ${address} ${usb.dfu({ kind: 'erase', address, length })}`;
    if (kind < 6) return `leave ${address} ${usb.dfu({ kind: 'leave', address })}`;
    const request = random(7);
    const payload = random(2) === 0 ? oneOf([0, 6, 64], random) : bytes(oneOf([0, 1, 5, 64], random));
    return `request ${request} ${usb.dfu({ kind: 'request', request, value: random(4), payload })}`;
  }
}

/** How much came of each life, and how it ended. */
export function livesOf(device: Device, count: number): readonly string[] {
  return Array.from({ length: count }, (_, seed) => {
    const text = new Life(device, seed).run();
    return `${seed}: ${text.length} lines of the log, ${text.at(-1)}`;
  });
}

const STATES = 11;
/** What the DFU client makes of a device that is in each state when it comes, once or for good; and of a device that says no more than a part of its status. */
export function* probes(): Generator<string> {
  for (let dfuState = 0; dfuState <= STATES; dfuState++)
    for (const stays of [false, true]) {
      const b = bench(DFU_DEVICE);
      b.firmware.state.dfuState = dfuState;
      b.firmware.state.dfuStatus = dfuState === 10 ? 3 : 0;
      b.firmware.start();
      b.until(3000 * MS, () => {
        if (stays) b.firmware.state.dfuState = dfuState;
        return false;
      });
      const { log, dfu } = b.usb.state;
      const told = log.filter(({ kind }) => kind !== 'request' && kind !== 'poll').map(({ at, kind, text }) => `${at} ${kind} ${text}`);
      yield `${dfuState}${stays ? ' for good' : ''}: ${told.slice(-2).join('; ')}; ${b.firmware.state.requests.slice(8).join(' ')}; ${dfu?.readyAt}`;
    }
}
