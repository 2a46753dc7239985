/** Whatever stands at the other end of `--gdb`, every command ends soon: with exit 4 and one sentence where it is no GDB server. */
import { spoken } from '../../src/report/text.ts';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { flashIn, GdbTarget, registersIn } from '../../src/board/gdb-target.ts';
import { RspClient, SilentBoard, type Transport } from '../../src/board/rsp-client.ts';
import { frame } from '../../src/debug/packets.ts';
import { gdbCommand } from '../../src/cli/gdb.ts';
import { cli, folder } from '../cli/helpers.ts';
import { ROOT, serve } from '../debug/serve.ts';

const ELF = join(ROOT, 'fixtures/l476-leave-vtor/firmware.elf');
const COMMANDS: readonly (readonly string[])[] = [
  ['check'],
  ['run'],
  ['prove'],
  ['watch', '--reset'],
  ['settle', 'vtor'],
  ['capture', '-'],
  ['capture', '-', '--at', 'rom'],
  ['capture', '-', '--at', 'leave'],
  ['step-compare', ELF, '--from', '0x08000200'],
  ['dump-rom', 'rom.bin'],
];
type Peer = (socket: Socket) => void;
const PEERS: Readonly<Record<string, Peer>> = {
  'says nothing': () => undefined,
  'is a web server': (socket) => socket.on('data', () => void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')),
  'greets and waits': (socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n'),
  'hangs up': (socket) => void socket.end(),
  'says what it hears': (socket) => void socket.pipe(socket),
  'acknowledges alone': (socket) => socket.on('data', () => void socket.write('+')),
  'sends a letter now and then': (socket) => {
    const timer = setInterval(() => socket.writable && socket.write('$'), 300);
    socket.on('close', () => clearInterval(timer));
  },
  'prints without an end': (socket) => {
    const more = (): void => {
      if (socket.writable && socket.write(Buffer.concat(Array.from({ length: 3000 }, () => frame('O'))))) setImmediate(more);
    };
    socket.on('drain', more);
    more();
  },
  'sends noise': (socket) =>
    socket.on('data', () => void socket.write(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 37) & 0xff)))),
};
async function listen(peer: Peer): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    peer(socket);
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return String((server.address() as AddressInfo).port);
}

it.each(Object.keys(PEERS))(
  'a peer that %s ends every command',
  async (name) => {
    const gdb = await listen(PEERS[name]!);
    const ran = await Promise.all(
      COMMANDS.map(async (command) => {
        const run = await cli(['board', ...command, '--gdb', gdb, '--chip', 'stm32l476rg'], { cwd: folder() });
        return { command, code: run.code, out: run.out, sentence: /^bootbench: [^\n]+\n$/.test(run.err) };
      }),
    );
    expect(ran).toEqual(COMMANDS.map((command) => ({ command, code: 4, out: '', sentence: true })));
  },
  60_000,
);
it('a port at which nobody listens ends every command', async () => {
  for (const command of COMMANDS) {
    const run = await cli(['board', ...command, '--gdb', '127.0.0.1:1', '--chip', 'stm32l476rg'], { cwd: folder() });
    expect([run.code, run.out, run.err]).toEqual([4, '', expect.stringContaining('no GDB server answers at 127.0.0.1:1')]);
  }
});

/** Hands on what goes through, `edit` first. */
async function between(port: number, edit: (bytes: Buffer) => Buffer): Promise<string> {
  return listen((socket) => {
    const inner = createConnection({ port, host: '127.0.0.1' });
    inner.on('error', () => undefined);
    socket.on('data', (bytes) => void inner.write(edit(bytes)));
    socket.on('close', () => inner.destroy());
    inner.on('close', () => socket.destroy());
    inner.pipe(socket);
  });
}
it('a Ctrl-C that the server has lost is sent again', async () => {
  const { line } = await serve((io) => gdbCommand([ELF], { chip: 'stm32l476rg', port: '0' }, io));
  let lost = 0;
  const port = Number(line.trim().split(':').at(-1));
  const gdb = await between(port, (bytes) => (bytes.length === 1 && bytes[0] === 3 && lost++ === 0 ? Buffer.alloc(0) : bytes));
  const run = await cli(['board', 'watch', '--reset', '--gdb', gdb, '--chip', 'stm32l476rg', '--watch-for', '300ms']);
  expect([lost > 0, run.err]).toEqual([true, '']);
  expect(['DFU\n', 'no DFU\n']).toContain(run.out);
}, 20_000);

/** A GDB server that does this in place of its answers, from this packet on; then the signal comes. */
const FROM: Readonly<Record<string, { readonly command: readonly string[]; readonly packet: string }>> = {
  'a read': { command: ['check'], packet: '$me000ed' },
  'the core runs': { command: ['run'], packet: '$c#' },
  'a capture': { command: ['capture', '-'], packet: '$m4' },
  'the board is let go of': { command: ['check'], packet: '$qRcmd,726573756d65' },
};
const BABBLE: Readonly<Record<string, string>> = {
  silence: '',
  'acknowledgements alone': '+'.repeat(5000),
  'refusals alone': '-'.repeat(100),
  'packets without an end': `$${'a'.repeat(60_000)}`,
  'empty console packets': String.fromCharCode(...frame('O')).repeat(500),
};
async function turningTo(babble: string, packet: string, turned: () => void): Promise<string> {
  const { line } = await serve((io) => gdbCommand([ELF], { chip: 'stm32l476rg', port: '0' }, io));
  const inner = Number(line.trim().split(':').at(-1));
  return listen((socket) => {
    const to = createConnection({ port: inner, host: '127.0.0.1' });
    let babbles = false;
    const more = (): void => {
      if (babble !== '' && !socket.destroyed && socket.write(babble)) setImmediate(more);
    };
    socket.on('drain', more);
    socket.on('close', () => to.destroy());
    to.on('error', () => undefined).on('data', (bytes) => void (babbles || socket.write(bytes)));
    socket.on('data', (bytes) => {
      if (!babbles && bytes.includes(packet)) {
        babbles = true;
        more();
        setTimeout(turned, 100);
      }
      to.write(bytes);
    });
  });
}
it.each(Object.keys(BABBLE))(
  'a signal ends each command soon, with what is not known, at a server that goes over to %s',
  async (name) => {
    const ran = await Promise.all(
      Object.entries(FROM).map(async ([when, { command, packet }]) => {
        let [at, signal] = [0, (): void => undefined];
        const gdb = await turningTo(BABBLE[name]!, packet, () => {
          at = performance.now();
          signal();
        });
        const { code, err } = await cli(['board', ...command, '--gdb', gdb, '--chip', 'stm32l476rg'], {
          onInterrupt: (raise) => (signal = raise),
        });
        const ms = performance.now() - at;
        return { when, code, said: err.trim().split('\n').at(-1), ms };
      }),
    );
    const said = 'bootbench: interrupted: the board does not answer, and what it does now is not known';
    expect(ran).toMatchObject(Object.keys(FROM).map((when) => ({ when, code: 130, said })));
    // 1 s in all; each answer would be waited for 2 s, and so would Ctrl-C
    for (const { when, ms } of ran) expect(ms, when).toBeLessThan(4000);
    if (name === 'silence') expect(Math.min(...ran.map(({ ms }) => ms))).toBeLessThan(1450);
  },
  20_000,
);
it.each([
  ['the core is to stop', ['run', '--timeout', '300ms'], '$c#', 'the target does not stop: the GDB server did not answer Ctrl-C'],
  ['it is read', ['check'], '$me000ed', 'the GDB server did not answer "me000ed'],
])(
  'a server that falls silent when %s ends a command within seconds: what is left to do is given no time of its own',
  async (_when, command, packet, said) => {
    let at = 0;
    const gdb = await turningTo('', packet, () => (at = performance.now()));
    const { code, err } = await cli(['board', ...command, '--gdb', gdb, '--chip', 'stm32l476rg']);
    // an answer and the farewell are waited for 2 s each
    expect(performance.now() - at).toBeLessThan(6500);
    expect([code, err]).toEqual([4, expect.stringContaining(said)]);
  },
  30_000,
);

/** Of a server that does this with each packet that it is sent. */
type Hears = (asked: string, send: (text: string) => void) => void;
const clientOf = (hear: Hears): RspClient => new RspClient(transportTo(hear));
function transportTo(hear: Hears): Transport {
  const transport: Transport = {
    send: (bytes) => hear(new TextDecoder().decode(bytes), (text) => transport.onData(frame(text))),
    closed: false,
    onData: () => undefined,
    onClose: () => undefined,
    close: () => undefined,
    destroy: () => undefined,
  };
  return transport;
}
describe('a server that says that it works on an answer', () => {
  const client = (says: (send: (text: string) => void) => void): RspClient =>
    clientOf((asked, send) => {
      if (asked.includes('qRcmd')) says(send);
    });
  it('has more time, but not for ever', async () => {
    const slow = client((send) => {
      for (let i = 1; i <= 4; i++) setTimeout(() => send('O'), 40 * i);
      setTimeout(() => send('OK'), 190);
    });
    expect(await slow.ask('qRcmd,00', 60)).toBe('OK');
    const never = client((send) => {
      const timer = setInterval(() => send('O'), 10);
      onTestFinished(() => clearInterval(timer));
    });
    await expect(never.ask('qRcmd,00', 30)).rejects.toThrow(SilentBoard);
  });
  it('in pieces gives no command to a CI runner, and no colour', async () => {
    const hexOf = (text: string): string => Buffer.from(text).toString('hex');
    let shown = '';
    const printing = client((send) => {
      send(`O${hexOf('\u001b[31mred\n:')}`);
      setTimeout(() => {
        send(`O${hexOf(':error::split\n')}`);
        send('OK');
      }, 20);
    });
    printing.onConsole = (text) => (shown += spoken(text, false));
    await printing.ask('qRcmd,00', 2000);
    expect(shown).toBe('\\x1b[31mred\n:\n:error::split\n');
  });
  /** Of a server that sends this again and again, every so many ms of a clock that goes by it alone; how often it could. */
  const flood = async (packet: string, ms: number): Promise<{ readonly sent: number; readonly shown: number; readonly why: string }> => {
    let [now, sent, shown, over] = [0, 0, 0, false];
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    const printing = client((send) => {
      const go = (): void => {
        for (let i = 0; i < 100; i++, sent++, now += ms) send(packet);
        if (!over) setImmediate(go);
      };
      go();
    });
    printing.onConsole = (text) => (shown += text.length);
    const why = await printing.ask('qRcmd,00', 2000).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    over = true;
    return { sent, shown, why };
  };
  const text = `O${'41'.repeat(100)}`;
  it('by text has no more time: its deadline counts from the request', async () => {
    const { sent, why } = await flood(text, 10);
    expect(why).toMatch(/^the GDB server did not answer "qRcmd,00" in 2 s$/);
    expect(sent).toBeLessThanOrEqual(500);
  });
  it('by nothing has its end, also where timers have no turn', async () => {
    const { sent, why } = await flood('O', 10);
    expect(why).toMatch(/^the GDB server did not answer "qRcmd,00" in 2 s$/);
    expect(sent).toBeLessThanOrEqual(1500);
  });
  it('is given up with advice when it prints more than a probe can', async () => {
    const { shown, why } = await flood(text, 0);
    expect(why).toMatch(/^the GDB server prints without an end in place of an answer to "qRcmd,00"; start it anew, or /);
    expect(shown).toBeGreaterThan(100_000);
    expect(shown).toBeLessThan(1 << 20);
  });
});
it('a server that prints in place of an answer to Ctrl-C is left after 2 s, and not asked again', async () => {
  let asked = '';
  let printing: NodeJS.Timeout | undefined;
  onTestFinished(() => clearInterval(printing));
  const target = await GdbTarget.attach(
    transportTo((bytes, send) => {
      asked += bytes;
      if (bytes.startsWith('$c')) printing = setInterval(() => send(`O${'41'.repeat(8)}`), 20);
      else if (bytes.startsWith('$') && printing === undefined)
        send(bytes.includes('target.xml') ? 'l<reg name="pc"/>' : bytes.startsWith('$?') ? 'S05' : '');
    }),
  );
  const since = performance.now();
  await expect(target.runUntilStop(100)).rejects.toThrow(SilentBoard);
  expect(await target.detach(true)).toBe(false);
  expect(performance.now() - since).toBeLessThan(4000);
  expect(asked.split('\x03').length - 1).toBe(3);
}, 30_000);
/** The time that the client sees, put on by hand. */
function handClock(): { now: number } {
  const at = { now: 0 };
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => at.now);
  onTestFinished(() => clock.mockRestore());
  return at;
}
describe('a server that answers each question just in time', () => {
  const server = (ms: number): RspClient => {
    const at = handClock();
    return clientOf((asked, send) => {
      if (!asked.includes('$m')) return;
      at.now += ms;
      setImmediate(() => send('00000000'));
    });
  };
  const ask = async (client: RspClient, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await client.ask('m0,4');
  };
  it('is given up after 45 s', async () => {
    await ask(server(1900), 23);
    await expect(ask(server(1900), 24)).rejects.toThrow('the GDB server is too slow: 24 answers took 46 s');
  });
  it('is not given up where there are many questions and each takes a probe’s time', async () => ask(server(100), 1000));
});
describe('a target description', () => {
  /** Of a server that answers each question for a part of it by this, `ms` later. */
  const described = (part: (annex: string) => string, ms = 0): Promise<GdbTarget> => {
    const at = handClock();
    return GdbTarget.attach(
      transportTo((asked, send) => {
        if (!asked.startsWith('$')) return;
        at.now += ms;
        const annex = /qXfer:features:read:([^:]*):/.exec(asked)?.[1];
        setImmediate(() => send(annex === undefined ? (asked.startsWith('$?') ? 'S05' : 'PacketSize=1000') : part(annex)));
      }),
    );
  };
  it('that comes in small pieces without an end is given up after 8 s', () =>
    expect(described(() => 'm ', 50)).rejects.toThrow("the GDB server's target.xml did not come within 8 s"));
  it('that is too long is not read to its end', () =>
    expect(described(() => `m${' '.repeat(960)}`)).rejects.toThrow("the GDB server's target.xml has more than 256 KB"));
  it('that includes one part after the other counts as a whole', () => {
    const parts = Array.from({ length: 20 }, (_, i) => `<xi:include href="${i}"/>`).join('');
    const part = (annex: string): string => `l${annex === 'target.xml' ? parts : ' '.repeat(20_000)}`;
    return expect(described(part)).rejects.toThrow("the GDB server's 13 has more than 256 KB");
  });
  // seconds to hours where each beginning is followed to the end of the text
  it('of beginnings without an end is read once', () => {
    expect(registersIn('<reg '.repeat(50_000))).toEqual([]);
    expect(flashIn('<memory type="flash" >'.repeat(50_000))).toHaveLength(50_000);
    expect(flashIn('<memory '.repeat(50_000))).toEqual([]);
  }, 10_000);
});
