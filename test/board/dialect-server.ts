/**
 * The emulated machine behind a server that speaks as other GDB servers do. What a server says and lacks is written down after its own code and manual
 * (docs/boards.md names them); the machine behind is our own, so that the answers mean something.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { GdbHub } from '../../src/debug/gdb-hub.ts';
import { frame, FrameReader, fromHex, hexText, toHex } from '../../src/debug/packets.ts';
import { Client, hubOfElf } from '../debug/client.ts';

const DCRSR = 0xe000edf4;
const DCRDR = 0xe000edf8;

/** What a server does otherwise than ours. */
export interface DialectRules {
  readonly supported: string;
  /** Registers that it does not list. */
  readonly hides?: readonly string[];
  /** Answers to `p` and `P`: none (pyOCD). */
  readonly noP?: boolean;
  /** Answer to memory that cannot be read. */
  readonly badRead: string;
  /** All stops look alike. */
  readonly plainStops?: boolean;
  /** Nothing is there until the client has scanned and attached. */
  readonly scans?: boolean;
  /** A monitor line: text, an error, `''` for a line it does not know, or `pass` to let ours carry it out. */
  readonly monitor: (line: string) => { readonly text?: string; readonly answer: string; readonly carryOut?: string };
  /** Packets that carry something else out. */
  readonly packet?: (text: string) => { readonly answer: string; readonly carryOut: string } | null;
  /** The core has left its reset vector before anybody attaches. */
  readonly advanced?: boolean;
  /** The core is let run behind the client's back as soon as it stands at a breakpoint. */
  readonly runsAway?: boolean;
  /** A stop that nobody has asked for comes before anything else (QEMU, whose machine ran). */
  readonly tellsOfStop?: boolean;
}

export interface DialectServer {
  readonly gdb: string;
  /** Monitor lines and packets in the order in which they came. */
  readonly heard: string[];
}

/** @param machine a firmware, or what is behind the server */
export async function dialectServer(chip: string, machine: string | GdbHub, rules: DialectRules): Promise<DialectServer> {
  const hub = typeof machine === 'string' ? hubOfElf(chip, readFileSync(machine)) : machine;
  const heard: string[] = [];
  if (rules.advanced === true) {
    const before = new Client(hub);
    for (let i = 0; i < 20; i++) before.ask('s');
    hub.disconnect(before.server);
  }
  const server = createServer((socket) => {
    const inner = new Client(hub);
    const reader = new FrameReader();
    let attached = rules.scans !== true;
    let selected = 0;
    let running = false;
    const send = (text: string): void => void socket.write(frame(text));
    if (rules.tellsOfStop === true) send('T02thread:01;');
    const stop = (text: string): string => (rules.plainStops === true && /^T/.test(text) ? 'S05' : text);
    const turn = (): void => {
      if (!running) return;
      const reply = inner.wait(20);
      if (reply === null) return void setImmediate(turn);
      running = false;
      send(stop(reply));
    };
    const run = (text: string): void => {
      inner.bytes(frame(text));
      running = true;
      setImmediate(turn);
    };
    const special = (): number => {
      const read = (name: string): number => inner.register(inner.numberOf(name));
      if (selected === 0x14) return (read('primask') | (read('basepri') << 8) | (read('faultmask') << 16) | (read('control') << 24)) >>> 0;
      return read(selected === 0x11 ? 'msp' : 'psp');
    };
    const word = (n: number): string => toHex(Uint8Array.from({ length: 4 }, (_, i) => n >>> (8 * i)));
    const answer = (text: string): string | null => {
      const redirected = rules.packet?.(text);
      if (redirected) {
        inner.monitor(redirected.carryOut);
        return redirected.answer;
      }
      if (text.startsWith('qSupported')) return rules.supported;
      if (text === 'vAttach;1' && rules.scans === true) {
        attached = true;
        return 'T05thread:1;';
      }
      if (text.startsWith('qRcmd,')) {
        const line = new TextDecoder().decode(fromHex(text.slice(6))!);
        heard.push(line);
        const said = rules.monitor(line);
        if (said.carryOut !== undefined) inner.monitor(said.carryOut);
        if (said.text !== undefined) send(`O${hexText(said.text)}`);
        return said.answer;
      }
      if (!attached) return text === '?' ? 'W00' : 'E01';
      heard.push(text);
      if (rules.noP === true && /^[pP]/.test(text)) return '';
      if (/^qXfer:features:read:target\.xml/.test(text)) {
        const whole = inner.ask('qXfer:features:read:target.xml:0,ffff')!.slice(1);
        const kept = (rules.hides ?? []).reduce((xml, name) => xml.replace(new RegExp(`<reg name="${name}"[^>]*>\\s*`, 'i'), ''), whole);
        const [from, size] = text
          .split(':')
          .at(-1)!
          .split(',')
          .map((n) => parseInt(n, 16)) as [number, number];
        return `${from + size < kept.length ? 'm' : 'l'}${kept.slice(from, from + size)}`;
      }
      const write = /^M([0-9a-f]+),4:([0-9a-f]{8})$/.exec(text);
      if (write && parseInt(write[1]!, 16) === DCRSR) {
        selected = parseInt(write[2]!.slice(0, 2), 16);
        return 'OK';
      }
      const read = /^m([0-9a-f]+),/.exec(text);
      if (read && parseInt(read[1]!, 16) === DCRDR) return word(special());
      if (text === 'c' || text.startsWith('vCont;c')) return (run(text), null);
      const got = inner.ask(text);
      if (rules.runsAway === true && text === 'me000edf0,4') return word((parseInt('01030000', 16) & ~(1 << 17)) | 1);
      if (read && (got === '' || /^E/.test(got ?? ''))) return rules.badRead;
      return got === null ? null : stop(got);
    };
    socket.on('error', () => undefined);
    socket.on('close', () => {
      running = false;
      inner.hub.disconnect(inner.server);
    });
    socket.on('data', (bytes) => {
      for (const f of reader.read(new Uint8Array(bytes))) {
        if (f.kind === 'interrupt' && running) {
          running = false;
          const reply = inner.interrupt();
          if (reply !== null) send(stop(reply));
        } else if (f.kind === 'packet' && !running) {
          const reply = answer(f.text);
          if (reply !== null) send(reply);
        }
      }
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  onTestFinished(() => void server.close());
  return { gdb: String((server.address() as AddressInfo).port), heard };
}

const ok = { answer: 'OK' } as const;
const unknownText = (text: string): { text: string; answer: string } => ({ text, answer: 'OK' });
/** Written after the servers' own code, in our words; what is not known of one is left as ours. */
export const RULES = {
  pyocd: {
    supported: 'qXfer:features:read+;QStartNoAckMode+;qXfer:threads:read+;QNonStop+;PacketSize=800;qXfer:memory-map:read+',
    noP: true,
    badRead: 'E01',
    monitor: (line) =>
      line === 'reset halt' ? { ...ok, carryOut: 'reset halt' } : { answer: hexText(`Error: unrecognized command '${line}'\n`) },
  },
  'st-util': {
    supported: 'PacketSize=3fff;qXfer:memory-map:read+;qXfer:features:read+',
    badRead: '',
    plainStops: true,
    monitor: (line) => (line === 'reset' ? { ...ok, carryOut: 'reset halt' } : { answer: '' }),
  },
  'probe-rs': {
    supported: 'PacketSize=1000;qXfer:features:read+;qXfer:memory-map:read+;hwbreak+;QStartNoAckMode+',
    hides: ['primask', 'basepri', 'faultmask', 'control'],
    badRead: 'E05',
    monitor: (line) =>
      line === 'reset halt'
        ? { ...ok, carryOut: 'reset halt' }
        : unknownText('Supported Commands:\n\n\tinfo\n\treset\n\treset halt\n(probe-rs)\n'),
  },
  blackmagic: {
    supported: 'PacketSize=400;qXfer:memory-map:read+;qXfer:features:read+',
    badRead: 'E01',
    scans: true,
    monitor: (line) =>
      line === 'version' ? unknownText('Black Magic Probe v2.0\n') : line === 'swd_scan' ? unknownText('1 STM32H5\n') : { answer: '' },
    packet: (text) => (text.startsWith('vRun') ? { answer: 'T05thread:1;', carryOut: 'reset halt' } : null),
  },
  jlink: {
    supported: 'PacketSize=4000;qXfer:memory-map:read-;QStartNoAckMode+;hwbreak+;qXfer:features:read+',
    badRead: 'E01',
    monitor: (line) =>
      line === 'reset' ? { ...ok, carryOut: 'reset halt' } : line === 'flash breakpoints = 0' || line === 'halt' ? ok : { answer: 'E01' },
  },
  stlink: {
    supported: 'PacketSize=c00;qXfer:memory-map:read+;qXfer:features:read+;hwbreak+',
    badRead: 'E01',
    monitor: (line) =>
      line === 'reset'
        ? ok
        : line === 'halt'
          ? { ...ok, carryOut: 'reset halt' }
          : line === 'reset halt'
            ? { answer: 'E01' }
            : { answer: '' },
  },
} as const satisfies Readonly<Record<string, DialectRules>>;
