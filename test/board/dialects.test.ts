/** `bootbench board` through servers that speak as pyOCD, st-util, probe-rs, Black Magic Probe, J-Link and ST-LINK_gdbserver do. */
import { spawn, spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { recognise } from '../../src/board/dialects.ts';
import { cli } from '../cli/helpers.ts';
import { dialectServer, RULES } from './dialect-server.ts';

const PRIMASK = 'fixtures/h533-primask/firmware.elf';
const verdicts = (json: string): Record<string, string> =>
  Object.fromEntries((JSON.parse(json) as { checks: { id: string; verdict: string }[] }).checks.map((c) => [c.id, c.verdict]));
const BROKEN = { primask: 'fail', 'entry-address': 'pass', msp: 'pass', vtor: 'pass', control: 'pass' };

describe.each([
  ['pyocd', []],
  ['st-util', []],
  ['probe-rs', []],
  ['blackmagic', []],
  ['stlink', []],
  ['jlink', ['--server', 'jlink']],
] as const)('%s', (name, more) => {
  it('the entry is reached and PRIMASK is found set', async () => {
    const { gdb, heard } = await dialectServer('stm32h533', PRIMASK, RULES[name]);
    const run = await cli(['board', 'run', '--gdb', gdb, '--chip', 'stm32h533', ...more, '--json', '-']);
    expect(run.err).toBe('');
    expect(verdicts(run.out)).toMatchObject(BROKEN);
    // software breakpoints in flash are a trap: some servers reprogram it, some do nothing
    expect(heard.filter((text) => text.startsWith('Z0'))).toEqual([]);
    if (name === 'jlink') expect(heard).toContain('flash breakpoints = 0');
  });
});

describe('a server that is not what it seems', () => {
  it('a reset that does not halt is found out, and the way to name the server is told', async () => {
    const { gdb } = await dialectServer('stm32h533', PRIMASK, { ...RULES.stlink, advanced: true, monitor: () => ({ answer: 'OK' }) });
    const run = await cli(['board', 'run', '--gdb', gdb, '--chip', 'stm32h533']);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/did not reset the board into a halt: the core is at 0x08.*--server/);
  });
  it('a core that runs while the server says that it stands is not judged', async () => {
    const { gdb } = await dialectServer('stm32h533', PRIMASK, { ...RULES.stlink, runsAway: true });
    const run = await cli(['board', 'check', '--gdb', gdb, '--chip', 'stm32h533']);
    expect(run.code).toBe(2);
    expect(run.err).toContain('the core runs, although the GDB server says that it stands');
  });
  it('a stop that comes before the first answer is none to what was asked', async () => {
    const { gdb } = await dialectServer('stm32h533', PRIMASK, { ...RULES.stlink, tellsOfStop: true });
    const run = await cli(['board', 'check', '--gdb', gdb, '--chip', 'stm32h533']);
    expect(run).toMatchObject({ code: 1, err: '' });
    expect(run.out).toContain('not at an entry into the ROM');
  });
  it('an unknown name is refused', async () => {
    const run = await cli(['board', 'check', '--gdb', '1', '--chip', 'stm32h533', '--server', 'segger']);
    expect(run.code).toBe(2);
    expect(run.err).toContain('--server: "segger" is not known');
  });
});

describe('recognising a server', () => {
  const registers = new Set(['pc', 'primask']);
  it.each([
    ['qemu', { supported: '', sstepbits: 'ENABLE=1,NOIRQ=2,NOTIMER=4', version: '', registers }],
    ['openocd', { supported: '', sstepbits: '', version: 'Open On-Chip Debugger 0.12.0\n', registers }],
    ['blackmagic', { supported: '', sstepbits: '', version: 'Black Magic Probe v2.0\n', registers }],
    // OpenOCD in front of an erased flash
    ['openocd', { supported: 'PacketSize=4000', sstepbits: '', version: '[stm32f4x.cpu] clearing lockup after double fault\n', registers }],
    ['unknown', { supported: 'PacketSize=4000', sstepbits: '', version: '', registers }],
  ] as const)('%s', (name, fingerprint) => {
    expect(recognise(fingerprint).name).toBe(name);
  });
});

/** A pseudo-terminal joined to a TCP port: its name. */
const PTY = `
import os, pty, select, socket, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
print(os.ttyname(slave), flush=True)
while True:
    for r in select.select([master, s], [], [])[0]:
        data = os.read(master, 4096) if r is master else s.recv(4096)
        if not data: sys.exit(0)
        if r is master: s.sendall(data)
        else: os.write(master, data)
`;
const noPython = spawnSync('python3', ['--version']).error !== undefined;
if (noPython && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error('python3 is required');
describe.skipIf(noPython)(`a probe that is a serial device${noPython ? ': python3 is not installed' : ''}`, () => {
  it('is opened by its path (Black Magic Probe)', async () => {
    const { gdb } = await dialectServer('stm32h533', PRIMASK, RULES.blackmagic);
    const bridge = spawn('python3', ['-c', PTY, gdb]);
    onTestFinished(() => void bridge.kill('SIGKILL'));
    const path = await new Promise<string>((settle) => bridge.stdout.once('data', (b: Buffer) => settle(b.toString().trim())));
    const run = await cli(['board', 'run', '--gdb', path, '--chip', 'stm32h533', '--json', '-']);
    expect(run.err).toBe('');
    expect(verdicts(run.out)).toMatchObject(BROKEN);
  }, 60_000);
});
