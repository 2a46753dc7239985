/** `bootbench board` against our own GDB server, OpenOCD on the emulated ST-LINK, QEMU, and servers that misbehave. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { blocksOf, flashIn, GdbTarget, registersIn } from '../../src/board/gdb-target.ts';
import { connectTcp } from '../../src/board/transports.ts';
import { frame, FrameReader, toHex } from '../../src/debug/packets.ts';
import { gdbCommand } from '../../src/cli/gdb.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { probeCommand } from '../../src/cli/probe.ts';
import { cli, folder } from '../cli/helpers.ts';
import { serve } from '../debug/serve.ts';
import { join } from 'node:path';

const PRIMASK = 'fixtures/h533-primask/firmware.elf';
const gdbOf = async (chip: string, elf: string): Promise<string> => {
  const { line } = await serve((io) => gdbCommand([elf], { chip, port: '0' }, io));
  return line.trim().replace('gdb ', '');
};
/** A server in front of another one, which tells what a client sends. */
async function between(place: string) {
  const packets: string[] = [];
  let tell: (packet: string) => void = () => undefined;
  const server = createServer((client) => {
    const reader = new FrameReader();
    const to = connect(Number(place.split(':')[1]), '127.0.0.1');
    client.on('data', (bytes) => {
      to.write(bytes);
      for (const f of reader.read(bytes))
        if (f.kind === 'packet') {
          packets.push(f.text);
          tell(f.text);
        }
    });
    to.on('data', (bytes) => client.write(bytes));
    for (const [one, other] of [
      [client, to],
      [to, client],
    ] as const)
      one.on('close', () => other.destroy()).on('error', () => undefined);
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  onTestFinished(() => void server.close());
  const gdb = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { gdb, packets, onPacket: (callback: (packet: string) => void) => (tell = callback) };
}
const verdicts = (json: string): Record<string, string> =>
  Object.fromEntries((JSON.parse(json) as { checks: { id: string; verdict: string }[] }).checks.map((c) => [c.id, c.verdict]));

describe('board run', () => {
  it('stops in front of the first instruction of the ROM and finds PRIMASK set; the record says the same without a board', async () => {
    const cwd = folder();
    const gdb = await gdbOf('stm32h533', PRIMASK);
    const run = await cli(['board', 'run', '--gdb', gdb, '--chip', 'stm32h533', '--record', 'board.txt', '--json', '-'], { cwd });
    expect(run.code).toBe(1);
    expect(verdicts(run.out)).toMatchObject({
      primask: 'fail',
      'entry-address': 'pass',
      msp: 'pass',
      hsi48: 'pass',
      'usb-disconnect': 'unknown',
    });
    const replay = await cli(['board', 'replay', 'board.txt', '--json', '-'], { cwd });
    expect(replay.out).toBe(run.out);
    // as Windows' editors and mailers leave it, cut off, and edited
    const whole = readFileSync(join(cwd, 'board.txt'), 'utf8');
    writeFileSync(join(cwd, 'crlf.txt'), whole.replaceAll('\n', '\r\n'));
    expect((await cli(['board', 'replay', 'crlf.txt', '--json', '-'], { cwd })).out).toBe(run.out);
    for (const bad of [whole.slice(0, 2000), whole.replace(/^< .*$/gm, '< 0xzz')]) {
      writeFileSync(join(cwd, 'bad.txt'), bad);
      const refused = await cli(['board', 'replay', 'bad.txt'], { cwd });
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toMatch(/^bootbench: bad\.txt:.*\n$/);
    }
    // nothing of the ROM but where it begins
    const record = readFileSync(join(cwd, 'board.txt'), 'utf8');
    expect(record).toContain('> mbf97004,4');
  });

  it.each([
    [true, 'dump'],
    [false, 'stand-in'],
  ])('tells a dump behind the own server (%s) from a stand-in: %s', async (dumped, kind) => {
    const cwd = folder();
    const rom = join(cwd, 'rom.bin');
    writeFileSync(rom, romImage('f072'));
    const scenario = join(cwd, 'scenario.json');
    writeFileSync(scenario, JSON.stringify({ schema: 'bootbench/scenario@1', board: { boot0: 1 } }));
    const { line } = await serve((io) =>
      gdbCommand([], { chip: 'stm32f072rb', port: '0', scenario, ...(dumped ? { rom: [rom] } : {}) }, io),
    );
    const run = await cli(['board', 'check', '--gdb', line.trim().replace('gdb ', ''), '--chip', 'stm32f072rb', '--json', '-'], { cwd });
    expect((JSON.parse(run.out) as { rom: unknown }).rom).toEqual({ kind });
  });

  it('says that the entry was not reached, and where the core was', async () => {
    const gdb = await gdbOf('stm32h533', 'fixtures/h533-stuck-pka/firmware.elf');
    const run = await cli(['board', 'run', '--gdb', gdb, '--chip', 'stm32h533', '--timeout', '300ms']);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/was not reached in 0\.3 s; the core was at 0x0800/);
  });

  it('a core behind the entry is in the ROM, not at its entry: what it finds there is not the hand-over', async () => {
    const gdb = await gdbOf('stm32h533', PRIMASK);
    const board = ['--gdb', gdb, '--chip', 'stm32h533'];
    const entry = await cli(['board', 'run', ...board, '--leave-halted']);
    expect(entry.out).toContain('at the entry into the ROM');
    expect(entry.out.replace(/\s+/g, ' ')).toContain("the debugger's own reset leaves one");
    const at = await cli(['board', 'check', ...board, '--leave-halted']);
    expect(at.out).toContain('at the entry into the ROM');
    await cli(['board', 'watch', ...board, '--watch', 'none', '--watch-for', '100ms']);
    const behind = await cli(['board', 'check', ...board]);
    expect(behind.code).toBe(1);
    expect(behind.out).toContain('inside the ROM, not at its entry');
    expect(behind.out).not.toMatch(/fail +(entry-address|msp|nvic-enabled)/);
  });

  it.each([
    ['runs to the entry', 'board run', /^c$/, []],
    ['is about to set a breakpoint', 'board run', /^Z1,/, []],
    ['is watched in a proof', 'board prove', /^qRcmd,757362/, []],
    ['is to be left halted', 'board run', /^c$/, ['--leave-halted']],
  ])('a signal while it %s: the board is let go of', async (_what, command, at, more) => {
    const { gdb, packets, onPacket } = await between(await gdbOf('stm32h533', PRIMASK));
    let signal = (): void => undefined;
    onPacket((packet) => at.test(packet) && signal());
    const ran = await cli([...command.split(' '), '--gdb', gdb, '--chip', 'stm32h533', ...more], {
      onInterrupt: (raise) => (signal = raise),
    });
    const state = more.length > 0 ? 'the board is left halted' : 'the board runs on';
    expect([ran.code, ran.err.trim().split('\n').at(-1)]).toEqual([130, `bootbench: interrupted: ${state}`]);
    const set = (letter: string) => packets.filter((p) => p.startsWith(letter)).map((p) => p.slice(1));
    expect(set('z')).toEqual(expect.arrayContaining(set('Z')));
    expect(packets.slice(-2)).toEqual(
      more.length > 0 ? [expect.stringMatching(/^z1/), 'D'] : [`qRcmd,${toHex(Buffer.from('resume'))}`, 'D'],
    );
  });

  it('another core than the chip has is refused', async () => {
    const gdb = await gdbOf('stm32h533', PRIMASK);
    const run = await cli(['board', 'check', '--gdb', gdb, '--chip', 'stm32f405']);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain('the board has another core than STM32F405RG');
  });
});

const needs = (program: string): string | null => {
  const found = spawnSync(program, ['--version']).error === undefined;
  if (!found && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(`${program} is required`);
  return found ? null : `${program} is not installed`;
};
const [noOpenOcd, noQemu] = [needs('openocd'), needs('qemu-system-arm')];

/** OpenOCD on the emulated ST-LINK; gives its GDB port. */
async function openOcdOn(chip: string, elf: string, target: string): Promise<string> {
  const { line } = await serve((io) => probeCommand([elf], { chip, port: '0' }, io));
  const server = spawn('openocd', [
    ...['-f', 'interface/stlink-dap.cfg', '-c', 'transport select dapdirect_swd'],
    ...['-c', `st-link backend tcp ${line.trim().split(':')[1]}`, '-c', 'gdb_port 0; tcl_port disabled; telnet_port disabled'],
    ...['-f', target, '-c', 'init; reset halt'],
  ]);
  onTestFinished(() => void server.kill('SIGKILL'));
  let log = '';
  return new Promise<string>((settle) => {
    server.stderr.on('data', (bytes: Buffer) => {
      log += bytes.toString();
      const found = /Listening on port (\d+) for gdb/.exec(log);
      if (found) settle(found[1]!);
    });
  });
}

describe.skipIf(noOpenOcd !== null)(`through OpenOCD${noOpenOcd === null ? '' : `: ${noOpenOcd}`}`, () => {
  it('the checks read what OpenOCD reads over the probe (F405)', async () => {
    const port = await openOcdOn('stm32f405', 'fixtures/f405-straight/firmware.elf', 'target/stm32f4x.cfg');
    const run = await cli(['board', 'run', '--gdb', port, '--chip', 'stm32f405', '--json', '-']);
    expect(verdicts(run.out)).toMatchObject({ primask: 'pass', 'entry-address': 'pass', control: 'pass', systick: 'pass' });
    expect(JSON.parse(run.out)).toMatchObject({ entry: { how: 'branch' }, rom: { kind: 'silicon' } });
  }, 120_000);

  it('memory that faults is not zero, memory that is zero is', async () => {
    const port = await openOcdOn('stm32f405', 'fixtures/f405-straight/firmware.elf', 'target/stm32f4x.cfg');
    const target = await GdbTarget.attach(await connectTcp('127.0.0.1', Number(port)));
    expect(target.dialect.name).toBe('openocd');
    expect(await target.readMemory(0x60000000, 4)).toBeNull();
    expect(await target.writeMemory(0x20000100, new Uint8Array(8))).toBe(true);
    expect(await target.readMemory(0x20000100, 8)).toEqual(new Uint8Array(8));
    await target.detach(false);
  }, 120_000);

  it('an F405 is programmed, judged, captured, stepped beside the emulated one and repaired, all by one server', async () => {
    const cwd = folder();
    const elf = join(import.meta.dirname, '../../fixtures/f405-straight/firmware.elf');
    const port = await openOcdOn('stm32f405', 'fixtures/f405-masked/firmware.elf', 'target/stm32f4x.cfg');
    const on = ['--gdb', port, '--chip', 'stm32f405'];
    const flash = await cli(['board', 'run', elf, ...on, '--flash', '--json', '-'], { cwd });
    expect(flash.err).toMatch(/\d+ bytes programmed/);
    expect(verdicts(flash.out)).toMatchObject({ primask: 'pass', 'entry-address': 'pass' });
    const facts = await cli(['board', 'capture', 'facts.json', '--at', 'entry', ...on], { cwd });
    expect(facts.err).toMatch(/\d+ registers read at entry/);
    const steps = await cli(['board', 'step-compare', elf, ...on, '--steps', '60'], { cwd });
    expect(steps.err + steps.out).toMatch(/^60 equal steps/);
    // nobody watches USB here: nothing may be called proved
    const proof = await cli(['board', 'prove', ...on, '--watch', 'none'], { cwd });
    expect(proof.out + proof.err).toMatch(/nobody watched|no check fails/i);
    expect(proof.out).not.toContain('proved on silicon');
  }, 180_000);
});

describe.skipIf(noQemu !== null)(`QEMU's stub${noQemu === null ? '' : `: ${noQemu}`}`, () => {
  it('is a board that shows few registers: what it does not show is unknown, not zero', async () => {
    const free = createServer();
    await new Promise<void>((settle) => free.listen(0, '127.0.0.1', settle));
    const { port } = free.address() as AddressInfo;
    await new Promise((settle) => free.close(settle));
    const qemu = spawn('qemu-system-arm', ['-M', 'netduinoplus2', '-nographic', '-S', '-gdb', `tcp:127.0.0.1:${port}`]);
    onTestFinished(() => void qemu.kill('SIGKILL'));
    let run = await cli(['board', 'check', '--gdb', `${port}`, '--chip', 'stm32f405', '--json', '-']);
    for (let i = 0; i < 40 && run.err.includes('no GDB server answers'); i++) {
      await new Promise((settle) => setTimeout(settle, 250));
      run = await cli(['board', 'check', '--gdb', `${port}`, '--chip', 'stm32f405', '--json', '-']);
    }
    const found = JSON.parse(run.out) as { registers: Record<string, string>; entry: null };
    expect(found.entry).toBeNull();
    expect(found.registers).toHaveProperty('pc');
    expect(found.registers).not.toHaveProperty('primask');
  }, 60_000);
});

/** A server that answers by a table of first characters; others get the empty answer. Gives its port. */
async function misbehaving(answers: Readonly<Record<string, string | null>>): Promise<string> {
  const server = createServer((socket) => {
    const reader = new FrameReader();
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const f of reader.read(new Uint8Array(bytes))) {
        if (f.kind !== 'packet') continue;
        const key = Object.keys(answers).find((k) => f.text.startsWith(k));
        const answer = key === undefined ? '' : answers[key]!;
        if (answer === null) socket.destroy();
        else socket.write(frame(answer));
      }
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  onTestFinished(() => void server.close());
  return String((server.address() as AddressInfo).port);
}
const XML = `l<target><feature name="org.gnu.gdb.arm.m-profile">${['r0', 'sp', 'lr', 'pc', 'xpsr'].map((n, i) => `<reg name="${n}" bitsize="32" regnum="${i}"/>`).join('')}</feature></target>`;
const CPUID = 'me000ed00';
const M4 = '41c20f41';
const check = async (answers: Readonly<Record<string, string | null>>, ...more: string[]) =>
  cli(['board', 'check', '--gdb', await misbehaving(answers), '--chip', 'stm32f405', ...more]);

describe('a board that does not answer as it should', () => {
  it('zeros for CPUID are no board (OpenOCD answers so when the power is gone)', async () => {
    const run = await check({ 'qXfer:features': XML, '?': 'S05', m: '00000000' });
    expect(run.code).toBe(2);
    expect(run.err).toContain('the board does not answer');
  });
  it('a wrong DBGMCU_IDCODE is another chip', async () => {
    const run = await check({ 'qXfer:features': XML, '?': 'S05', [CPUID]: M4, me0042000: '31040010', m: '00000000', g: '' });
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/is no STM32F405RG: DBGMCU_IDCODE.DEV_ID = 0x431/);
  });
  it('no description of registers', async () => {
    expect((await check({ '?': 'S05' })).err).toContain('there is no register pc');
  });
  it('a server that hangs up', async () => {
    const run = await check({ 'qXfer:features': XML, '?': 'S05', m: null });
    expect(run.code).toBe(4);
    expect(run.err).toContain('closed the connection');
  });
  it('registers that only `g` shows, and errors for memory: unknown, never zero', async () => {
    const g = ['01000000', '00100020', 'ffffffff', '00020008', '00000001'].join('');
    const run = await check({ 'qXfer:features': XML, '?': 'S05', [CPUID]: M4, me0042000: '13041000', m: 'E01', g }, '--json', '-');
    const found = JSON.parse(run.out) as { pc: string; registers: Record<string, string> };
    expect(found.pc).toBe('0x08000200');
    expect(found.registers).toMatchObject({ sp: '0x20001000', r0: '0x00000001' });
    expect(found.registers).not.toHaveProperty('vtor');
    expect(run.code).toBe(1);
  });
  it('no breakpoint left', async () => {
    const gdb = await misbehaving({
      'qXfer:features': XML,
      '?': 'S05',
      [CPUID]: M4,
      me0042000: '13041000',
      m1fff0000: '00100020',
      m1fff0004: '010fff1f',
      qRcmd: 'OK',
      Z1: 'E0E',
    });
    const run = await cli(['board', 'run', '--gdb', gdb, '--chip', 'stm32f405']);
    expect(run.code).toBe(2);
    expect(run.err).toContain('set no hardware breakpoint at 0x1fff0f00 (E0E)');
  });
});

describe('another side that is no GDB server: exit 4, and the program ends', () => {
  /** Its end of the connection stays open, whatever the client does. */
  async function other(talks: (socket: Socket) => void): Promise<{ port: string; sockets: Socket[] }> {
    const sockets: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      talks(socket);
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: String((server.address() as AddressInfo).port), sockets };
  }
  const flood = (bytes: Uint8Array | string) => (socket: Socket) => {
    const timer = setInterval(() => socket.writable && socket.write(bytes), 1);
    socket.on('close', () => clearInterval(timer));
    onTestFinished(() => clearInterval(timer));
  };
  it.each([
    ['silent', (socket: Socket) => void socket.resume(), 'does not answer as a GDB server'],
    [
      'a web server',
      (socket: Socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'closed the connection before',
    ],
    ['one that talks without an end', flood('x'.repeat(10_000)), 'does not answer as a GDB server'],
    // all at once: on a busy machine a timer would not come to print enough in time
    [
      'one that prints without an end',
      (socket: Socket) => void socket.resume().write(Buffer.concat(Array.from({ length: 4000 }, () => frame(`O${'41'.repeat(500)}`)))),
      'prints without an end',
    ],
    ['one that refuses each packet', flood('-'.repeat(1000)), 'does not answer as a GDB server'],
    ['one that stops without an end', flood(frame('T05')), 'tells of stops without an end'],
  ])(
    '%s',
    async (what, talks, text) => {
      const { port, sockets } = await other(talks);
      for (const command of what === 'silent' ? ['check', 'run'] : ['check']) {
        const ran = await cli(['board', command, '--gdb', port, '--chip', 'stm32f405']);
        expect(ran.err).toContain(text);
        expect(ran.code).toBe(text.includes('stops') ? 2 : 4);
      }
      // nothing of them keeps the program alive
      await vi.waitFor(() => expect(sockets.every((s) => s.destroyed || s.readableEnded || s.errored !== null)).toBe(true));
    },
    30_000,
  );
  it('nothing listens there', async () => {
    const ran = await cli(['board', 'check', '--gdb', '127.0.0.1:1', '--chip', 'stm32f405']);
    expect(ran).toMatchObject({ code: 4, out: '', err: expect.stringContaining('no GDB server answers at 127.0.0.1:1') });
  });
  it('a description without an end, and one that includes itself', async () => {
    const endless = await check({ 'qXfer:features': `m${'x'.repeat(900)}`, '?': 'S05' });
    expect(endless.err).toContain('target.xml has more than 256 KB');
    const itself = await check({ 'qXfer:features': 'l<target><xi:include href="target.xml"/></target>', '?': 'S05' });
    expect(itself.err).toContain('includes itself');
  });
  it('what a server prints is shown and not obeyed', async () => {
    const { port } = await other((socket) =>
      socket.on('data', () => socket.write(frame(`O${toHex(new TextEncoder().encode('\u001b]0;x\u0007\n::error::x\n'))}`))),
    );
    const ran = await cli(['board', 'check', '--gdb', port, '--chip', 'stm32f405']);
    expect(ran.err).toContain('\\x1b]0;x\\x07\n\\x3a:error::x\n');
  }, 30_000);
});

describe('wrong input', () => {
  it.each([
    [['board', 'check'], '--gdb is missing'],
    [['board', 'check', '--gdb', '1'], '--chip is missing'],
    [['board', 'check', '--gdb', 'x', '--chip', 'stm32f405'], 'is not host:port'],
    [['board', 'check', '--gdb', '127.0.0.1:1', '--chip', 'stm32f405', '--hse', '8'], 'is not a frequency from 1 to 50 MHz'],
    [['board', 'replay', 'fw.bin'], 'is not a recording'],
    [['board', 'replay'], '`bootbench board replay --help`'],
    [['board', 'replay', 'nothing'], 'cannot read nothing'],
    [['board', 'sideways'], 'sideways'],
  ])('%j', async (args, text) => {
    const run = await cli(args);
    expect(run.code).toBe(2);
    expect(run.err).toContain(text);
    expect(run.out).toBe('');
  });
});

describe('target descriptions', () => {
  it('number registers one behind the other where regnum is left out', () => {
    const rows = registersIn(
      '<reg name="r0" bitsize="32" regnum="3"/><reg name="PC" bitsize="32"/><reg name="primask" bitsize="1" regnum="20"/>',
    );
    expect(rows).toEqual([
      { name: 'r0', number: 3, bits: 32, at: 0 },
      { name: 'pc', number: 4, bits: 32, at: 8 },
      { name: 'primask', number: 20, bits: 1, at: 16 },
    ]);
  });
});

describe('memory maps', () => {
  it('flash is erased in whole blocks, each once', () => {
    const regions = flashIn(
      '<memory-map><memory type="ram" start="0x0" length="0x8000000"/>' +
        '<memory type="flash" start="0x8000000" length="0x10000"><property name="blocksize">0x4000</property></memory>' +
        '<memory type="flash" start="0x08010000" length="0x10000"><property name="blocksize">0x10000</property></memory></memory-map>',
    );
    expect(regions).toHaveLength(2);
    const range = (address: number, length: number) => ({ address, bytes: new Uint8Array(length) });
    expect(blocksOf(regions, [range(0x08000000, 1)])).toEqual([[0x08000000, 0x08004000]]);
    expect(blocksOf(regions, [range(0x08004004, 0x3ffc), range(0x08007ffc, 8)])).toEqual([[0x08004000, 0x0800c000]]);
    expect(blocksOf(regions, [range(0x0800fffe, 4)])).toEqual([[0x0800c000, 0x08020000]]);
  });
});
