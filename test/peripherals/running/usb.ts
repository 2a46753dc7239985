/** USB devices: what a host meets at an endpoint in each of its states, and a controller with endpoints of all kinds whose registers are other than usual by turns. */
import type { UsbDevicePort } from '../../../src/emu/ports.ts';
import { MS, US } from '../../../src/emu/time.ts';
import { usbDrdPort } from '../../../src/peripherals/usb/usb-drd.ts';
import { usbFsdevPort } from '../../../src/peripherals/usb/usb-fsdev.ts';
import { usbOtgFsPort } from '../../../src/peripherals/usb/usb-otg-fs.ts';
import { course, Part, type Course } from '../running.ts';
import { changesOf, hex } from '../telling.ts';

const PORTS = { 'usb-drd': usbDrdPort, 'usb-fsdev': usbFsdevPort, 'usb-otg-fs': usbOtgFsPort } as const;
const portOf = (p: Part): UsbDevicePort => PORTS[p.block.row.model as keyof typeof PORTS](p.sys, p.name);
const packet = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => 0x31 + i);

// ---- Endpoint registers of USB FSDEV and USB_DRD_FS
/** What a host does with endpoint 1 of device 5. */
const TRANSACTIONS: Readonly<Record<string, (port: UsbDevicePort) => unknown>> = {
  setup: (port) => port.setup(5, 1, packet(8)),
  'out 0': (port) => port.out(5, 1, 0, packet(5)),
  'out 1': (port) => port.out(5, 1, 1, packet(5)),
  'nothing out': (port) => port.out(5, 1, 0, packet(0)),
  'too much out': (port) => port.out(5, 1, 1, packet(20)),
  'all that fits out': (port) => [port.out(5, 1, 0, packet(16)), port.out(5, 1, 1, packet(16))],
  in: (port) => {
    const answer = port.in(5, 1);
    if (typeof answer === 'string') return answer;
    port.inAcknowledged(5, 1);
    return [answer.toggle, ...answer.data];
  },
  'in without an answer': (port) => {
    const answer = port.in(5, 1);
    port.lost({ how: 'timeout', packet: 'handshake', setup: false, address: 5, endpoint: 1, data: packet(0) });
    return typeof answer;
  },
  'in twice': (port) => {
    const answers = [0, 1].map(() => {
      const answer = port.in(5, 1);
      port.inAcknowledged(5, 1);
      return answer;
    });
    return answers.map((a) => (typeof a === 'string' ? a : [a.toggle, ...a.data]));
  },
  'damaged out': (port) => port.lost({ how: 'crc', packet: 'data', setup: false, address: 5, endpoint: 1, data: packet(6) }),
  'half a setup': (port) => port.lost({ how: 'cut', packet: 'data', setup: true, address: 5, endpoint: 1, data: packet(3) }),
  'another device': (port) => [port.out(4, 1, 0, packet(1)), port.in(4, 1)],
  'another endpoint': (port) => [port.out(5, 2, 0, packet(1)), port.in(5, 2)],
};
const [KIND, EA] = [1 << 8, 1];
/** All pairs of STAT_RX and STAT_TX, with both toggles and completion bits clear; also set, where a toggle decides. */
const BY_TOGGLE = /^(out \d|in|setup)$/;
const states = (what: string) =>
  (BY_TOGGLE.test(what) ? [0, 0xc0c0] : [0]).flatMap((flags) =>
    [0, 1, 2, 3].flatMap((rx) => [0, 1, 2, 3].map((tx) => ({ rx, tx, flags }))),
  );
/** Descriptors of endpoint register 3: seven bytes to give, sixteen to take in each half, and something everywhere else. */
function fill(p: Part): void {
  const isDrd = p.block.row.model === 'usb-drd';
  const { scattered = false, pmaOffset = 0x400 } = (p.block.row.options ?? {}) as { scattered?: boolean; pmaOffset?: number };
  const base = p.block.row.base + pmaOffset;
  p.drive('usb.supply', 1);
  p.put('CNTR', 0xa000);
  p.put('BTABLE', 0);
  if (isDrd) {
    for (let i = 0; i < 32; i++) p.sys.write(base + 0x40 + 4 * i, 4, 0x01010101 * (i + 1));
    p.sys.write(base + 24, 4, ((8 << 26) | (7 << 16) | 0x40) >>> 0);
    p.sys.write(base + 28, 4, ((8 << 26) | (3 << 16) | 0x80) >>> 0);
  } else {
    const put = (at: number, value: number): void => void p.sys.write(base + (scattered ? 2 * at : at), 2, value);
    for (let i = 0; i < 64; i++) put(0x40 + 2 * i, 0x0101 * (i + 1));
    [0x40, (8 << 10) | 7, 0x80, (8 << 10) | 3].forEach((value, i) => put(24 + 2 * i, value));
  }
  p.put('DADDR', 0x85);
  p.put('ISTR', 0);
}
/** A line for each type, kind and transaction: what a host meets in which states of the endpoint. */
export function endpointStates(on: string, types: readonly number[]): readonly string[] {
  const [chip, name] = on.split(' ') as [string, string];
  const p = new Part(chip, [name], []);
  const port = portOf(p);
  const [ep, istr] = [p.block.row.model === 'usb-drd' ? 'CHEP3R' : 'EP3R', 'ISTR'].map((r) => p.block.layout.reg(r));
  p.again();
  fill(p);
  const { regs, model } = p.block.state as { readonly regs: Uint32Array; readonly model: object };
  const { pma } = model as { readonly pma: Uint8Array };
  const ready = { regs: regs.slice(), pma: pma.slice(), model: { ...model, pma } };
  const told = (state: number, does: (port: UsbDevicePort) => unknown): string => {
    regs.set(ready.regs);
    pma.set(ready.pma);
    Object.assign(model, ready.model);
    regs[ep!.index] = state;
    const answer = shown(does(port));
    const changes = [ep!, istr!].flatMap((r) => changesOf(r, r === ep ? state : ready.regs[r.index]!, regs[r.index]!));
    const first = pma.findIndex((byte, i) => byte !== ready.pma[i]);
    const bytes = pma.filter((byte, i) => byte !== ready.pma[i]).length;
    return [
      answer,
      ...changes.map((text) => text.replace(`${ep!.name}.`, '')),
      ...(bytes > 0 ? [`${bytes} bytes from ${first}`] : []),
    ].join(', ');
  };
  const lines = types.flatMap((type) =>
    [0, KIND].flatMap((kind) =>
      Object.entries(TRANSACTIONS).map(([what, does]) => {
        const outcomes = states(what).map(({ rx, tx, flags }) => {
          const text = told((rx << 12) | (tx << 4) | flags | (type << 9) | kind | EA, does);
          return { where: `${flags === 0 ? '' : 'set '}${rx}${tx}`, text };
        });
        return `type ${type}${kind ? ' KIND' : ''}, ${what}: ${byOutcome(outcomes)}`;
      }),
    ),
  );
  p.sys.arena.release();
  return [on, ...lines];
}
/** Each outcome with the states that it has: `r*` for all of one STAT_RX, `*t` for all of one STAT_TX. */
function byOutcome(outcomes: readonly { readonly where: string; readonly text: string }[]): string {
  const states = new Map<string, string[]>();
  for (const { where, text } of outcomes) states.set(text, [...(states.get(text) ?? []), where]);
  const digits = ['0', '1', '2', '3'];
  const brief = (list: readonly string[]): string => {
    let left = [...list];
    const found: string[] = [];
    for (const set of ['', 'set '])
      for (const group of [
        { name: `${set}**`, has: digits.flatMap((r) => digits.map((t) => `${set}${r}${t}`)) },
        ...digits.map((r) => ({ name: `${set}${r}*`, has: digits.map((t) => `${set}${r}${t}`) })),
        ...digits.map((t) => ({ name: `${set}*${t}`, has: digits.map((r) => `${set}${r}${t}`) })),
      ])
        if (group.has.every((one) => left.includes(one))) {
          found.push(group.name);
          left = left.filter((one) => !group.has.includes(one));
        }
    return [...found, ...left].join(' ');
  };
  return [...states].map(([text, list]) => `${brief(list)}: ${text}`).join('; ');
}
/** An answer of a device, with its bytes as hex digits. */
function shown(answer: unknown): string {
  if (answer instanceof Uint8Array || (Array.isArray(answer) && answer.length > 2 && answer.every((v) => typeof v === 'number')))
    return `${answer.length}: ${[...(answer as number[])]
      .slice(0, 4)
      .map((v) => v.toString(16))
      .join(' ')}`;
  if (Array.isArray(answer)) return answer.map(shown).join(' + ');
  if (typeof answer === 'object' && answer !== null) return Object.values(answer).map(shown).join(' ');
  return String(answer);
}

// ---- OTG_FS
const [USBAEP, EPENA, CNAK, BULK, ISO, INTERRUPT] = [1 << 15, 1 << 31, 1 << 26, 2 << 18, 1 << 18, 3 << 18];
const SETUP = Uint8Array.of(0x80, 6, 0, 1, 0, 0, 18, 0);
/** Takes what the receive FIFO has, and clears what is pending. */
function serve(p: Part): void {
  for (let n = 0; n < 12 && (p.take('GINTSTS') & 0x10) !== 0; n++) {
    const bytes = (p.take('GRXSTSP') >>> 4) & 0x7ff;
    for (let i = 0; i < bytes; i += 4) p.say(hex(p.sys.read(p.block.row.base + 0x1000, 4)));
  }
  for (const n of [0, 1, 2, 3])
    for (const r of [`DIEPINT${n}`, `DOEPINT${n}`]) {
      const flags = p.take(r);
      p.put(r, flags);
    }
  p.put('GINTSTS', 0xffffff0f);
}
function give(p: Part, n: number, bytes: number, control: number): void {
  p.put(`DIEPTSIZ${n}`, (1 << 29) | (1 << 19) | bytes);
  p.put(`DIEPCTL${n}`, (control | EPENA | CNAK) >>> 0);
  for (let i = 0; i < bytes; i += 4) p.sys.write(p.block.row.base + 0x1000 * (n + 1), 4, 0x04030201 + i * 0x01010101);
}
const otg: Pick<Course, 'prepare' | 'run'> = course(
  (p) => {
    for (const wire of ['usb.supply', 'usb.vbus']) p.drive(wire, 1);
    p.put('GCCFG', (1 << 16) | (1 << 21));
    p.put('GOTGCTL', 0xc0);
    p.put('GUSBCFG', (1 << 30) | (6 << 10) | (1 << 6));
    p.wait(1 * MS);
    p.put('GRXFSIZ', 64);
    p.put('DIEPTXF0', (32 << 16) | 64);
    for (const n of [1, 2, 3]) p.put(`DIEPTXF${n}`, (32 << 16) | (64 + 32 * n));
    p.put('GINTMSK', 0x803c3c18);
    p.put('GAHBCFG', 1);
    p.put('DAINTMSK', 0x000f000f);
    p.put('DIEPMSK', 0xff);
    p.put('DOEPMSK', 0xff);
    p.put('DCFG', 3 | (5 << 4));
    p.put('DCTL', 0);
    p.put('DOEPTSIZ0', (3 << 29) | (1 << 19) | 24);
    p.put('DOEPCTL0', EPENA | USBAEP | CNAK);
    for (const [n, type, size] of [
      [1, BULK, 64],
      [2, ISO, 40],
      [3, INTERRUPT, 8],
    ] as const) {
      p.put(`DOEPTSIZ${n}`, (2 << 19) | 70);
      p.put(`DOEPCTL${n}`, (EPENA | CNAK | USBAEP | type | size) >>> 0);
      p.put(`DIEPCTL${n}`, (USBAEP | type | (n << 22) | size) >>> 0);
    }
  },
  (p) => {
    const port = portOf(p);
    const say = (answer: unknown): void => p.say(shown(answer));
    say(port.attached());
    say(port.startOfFrame(0x123));
    say(port.setup(5, 0, SETUP));
    serve(p);
    give(p, 0, 18, USBAEP);
    say(port.in(5, 0));
    port.inAcknowledged(5, 0);
    serve(p);
    p.put('DOEPTSIZ0', (3 << 29) | (1 << 19) | 64);
    p.put('DOEPCTL0', EPENA | USBAEP | CNAK);
    say(port.out(5, 0, 1, packet(0)));
    serve(p);
    for (const n of [1, 2, 3]) {
      for (const [toggle, length] of [
        [0, n === 1 ? 64 : 7],
        [1, 6],
        [0, 3],
      ] as const)
        say(port.out(5, n, toggle, packet(length)));
      serve(p);
      give(p, n, n === 1 ? 66 : 6, USBAEP | ((4 - n === 2 ? 1 : n === 1 ? 2 : 3) << 18) | (n << 22) | (n === 1 ? 64 : 40));
      for (let k = 0; k < 3; k++) {
        say(port.in(5, n));
        port.inAcknowledged(5, n);
      }
      say(port.startOfFrame(0x124 + n));
      serve(p);
      p.wait(10 * US);
    }
    port.lost({ how: 'crc', packet: 'data', setup: false, address: 5, endpoint: 1, data: packet(4) });
    say(port.suspend(true));
    serve(p);
    say(port.suspend(false));
    p.wait(1 * MS);
    say(port.busReset(true));
    p.wait(10 * MS);
    say(port.busReset(false));
    serve(p);
  },
);
export const OTG: Readonly<Record<string, Course>> = {
  otg: { on: ['stm32l476rg OTG_FS', 'stm32f405rg OTG_FS'], turns: /\.(G|D(IEP|OEP|AINT|CFG|CTL|STS)|P)[A-Z]*F?[0-3]?$/, ...otg },
};
