/** `bootbench uart` with the unmodified stm32flash on its terminal; and what a user can get wrong. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openPty } from '../../src/cli/pty.ts';
import { cli, FIRMWARE, folder, isGone } from './helpers.ts';

const has = (program: string, arg: string): boolean => spawnSync(program, [arg]).error === undefined;
const missing = ['stm32flash', 'python3'].filter((program) => !has(program, '--help'));
const why = missing.length === 0 ? null : `${missing.join(' and ')} not installed`;
if (why !== null && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(why);

/** stm32flash waits a second of wall time for each answer: on a machine that gives this process too little of its CPU it gives up ("Failed to read ACK byte"). */
const AGAIN = { timeout: 60_000, retry: 2 };

describe.skipIf(why !== null)(`stm32flash${why === null ? '' : `: ${why}`}`, () => {
  it.each([
    ['stm32f405rg', 115_200],
    ['stm32f091rc', 115_200],
    ['stm32f303re', 115_200],
    ['stm32f412zg', 115_200],
    ['stm32l072cz', 57_600],
  ])('lists, writes, verifies, reads, erases and starts an %s at %i baud', AGAIN, async (chip, baud) => {
    const program = Uint8Array.from({ length: 1500 }, (_, i) => (i < 8 ? [0, 0x10, 0, 0x20, 9, 0, 0, 8][i]! : 0xe7fe >>> (8 * (i % 2))));
    const cwd = folder({ 'fw.bin': program });
    const flash = `stm32flash -m 8n1 -b ${baud}`;
    const steps = [
      `${flash} $UART`,
      `${flash} -w fw.bin -v $UART`,
      `${flash} -r read.bin -S 0x08000000:1500 $UART`,
      `${flash} -o -S 0x08000000:16384 $UART`,
      `${flash} -w fw.bin -g 0x08000000 $UART`,
    ];
    const ran = await cli(['uart', '--chip', chip, '--boot0', '--save', 'flash.bin', '--exec', steps.join(' && ')], { cwd });
    expect(ran.out, ran.err).toMatch(/^uart \/dev\//);
    expect(ran.out).toMatch(/Device ID +: 0x04/);
    expect(ran.out).toMatch(/verified address 0x080005dc \(100.00%\)/);
    expect(ran.out).toMatch(/Starting execution at address 0x08000000... done/);
    expect(ran.code).toBe(0);
    for (const name of ['read.bin', 'flash.bin'])
      expect(Buffer.compare(readFileSync(join(cwd, name)).subarray(0, program.length), program), name).toBe(0);
  });

  it.each([
    ['stm32h563zi', 115_200, 0x484],
    ['stm32h723zg', 115_200, 0x483],
    ['stm32c071rb', 57_600, 0x493],
  ])('reads the device ID of an %s, which stm32flash 0.7 does not know', async (chip, baud, id) => {
    const ran = await cli(['uart', '--chip', chip, '--boot0', '--exec', `stm32flash -m 8n1 -b ${baud} $UART 2>&1`]);
    expect(ran.out).toMatch(new RegExp(`Device ID *: 0x0?${id.toString(16)}`));
  });

  // ST's own code with BOOTBENCH_ROMS=<folder>, else the stand-in alone
  it.for(
    (['stm32f103c8', 'stm32f051r8'] as const).flatMap((chip) => [
      [chip, 'the stand-in', null] as const,
      [
        chip,
        "ST's own ROM",
        join(process.env['BOOTBENCH_ROMS'] ?? '/nowhere', chip === 'stm32f103c8' ? 'f103c8.bin' : 'f051.bin'),
      ] as const,
    ]),
  )('%s, %s: writes, verifies, erases, protects and unprotects', AGAIN, async ([chip, , rom], { skip }) => {
    if (rom !== null && !existsSync(rom)) skip(`BOOTBENCH_ROMS=<folder> does not give the ROM of ${chip}`);
    const program = Uint8Array.from({ length: 1500 }, (_x, i) => (i < 8 ? [0, 0x10, 0, 0x20, 9, 0, 0, 8][i]! : 0xe7fe >>> (8 * (i % 2))));
    const cwd = folder({ 'fw.bin': program });
    const flash = 'stm32flash -m 8n1 -b 57600';
    const steps = [
      `${flash} -w fw.bin -v $UART`,
      `${flash} -o -S 0x08000000:1024 $UART`,
      `${flash} -r erased.bin -S 0x08000000:1024 $UART`,
      `${flash} -w fw.bin -v $UART`,
      `${flash} -j $UART`,
      `(${flash} -r no.bin -S 0x08000000:16 $UART && exit 9 || echo REFUSED)`,
      `${flash} -k $UART`,
      `${flash} -r empty.bin -S 0x08000000:1500 $UART`,
      `${flash} -u $UART`,
      `${flash} -w fw.bin -v -g 0x08000000 $UART`,
    ];
    const dump = rom === null ? [] : ['--rom', rom];
    const ran = await cli(['uart', '--chip', chip, '--boot0', ...dump, '--save', 'flash.bin', '--exec', steps.join(' && ')], { cwd });
    expect(ran.code, `${ran.out}\n${ran.err}`).toBe(0);
    expect(ran.out).toContain('REFUSED');
    for (const name of ['erased.bin', 'empty.bin']) expect(readFileSync(join(cwd, name)).every((b) => b === 0xff)).toBe(true);
    expect(Buffer.compare(readFileSync(join(cwd, 'flash.bin')).subarray(0, program.length), program)).toBe(0);
  });

  it('ends with the exit code of the client', async () => {
    const ran = await cli(['uart', '--chip', 'stm32f405rg', '--boot0', '--exec', 'test -c $UART && exit 7']);
    expect(ran.code).toBe(7);
  });

  it('goes on behind the trigger that `run` finds, unless none is wanted', async () => {
    const image = fileURLToPath(new URL('../../fixtures/f405-polls-pin/firmware.elf', import.meta.url));
    const args = ['uart', image, '--chip', 'stm32f405rg', '--exec', 'exit 7'];
    const pressed = await cli(args);
    expect(pressed).toMatchObject({ code: 7, err: expect.stringContaining('triggered at 100 ms by bootbench: PC13 = 1\n') as string });
    const alone = await cli([...args, '--no-trigger']);
    expect(alone).toMatchObject({ code: 1, err: expect.stringContaining('the ROM does not listen: the run ended with stuck') as string });
  });
});

describe('what a user can get wrong', () => {
  it.each([
    [[], /nothing uses the port.*--pty/s],
    [['--pty', '--baud', '9'], /1200 to 115200/],
    [['--pty', '--port', 'USART9'], /--port USART9: this ROM listens on USART1, USART3/],
  ])('%j', async (args, message) => {
    const ran = await cli(['uart', '--chip', 'stm32f405rg', '--boot0', ...args]);
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(message)]);
  });
  it('a client that has started others is ended with them', async () => {
    const cwd = folder();
    let signal = (): void => undefined;
    const watch = setInterval(() => existsSync(join(cwd, 'started')) && signal(), 20);
    const client = `sh -c 'echo $$ > started; sleep 1000'; true`;
    const ran = await cli(['uart', '--chip', 'stm32f405rg', '--boot0', '--exec', client], {
      cwd,
      onInterrupt: (raise) => (signal = raise),
    });
    clearInterval(watch);
    expect(ran.code).toBe(0);
    const pid = Number(readFileSync(join(cwd, 'started'), 'utf8'));
    await vi.waitUntil(() => isGone(pid), { timeout: 10_000 });
  });
  // macOS shows nobody's environment
  it.skipIf(process.platform !== 'linux').each([
    ['setsid', `setsid sh ./client & wait`],
    ['a second fork, its parents gone', `(setsid sh -c 'sh ./client &' &); sleep 1000`],
  ])('a client that leaves its group by %s is ended all the same', async (_, client) => {
    // deaf to what asks it to end
    const cwd = folder({ client: Buffer.from(`trap '' TERM HUP; echo $$ > started; sleep 1000; true`) });
    let signal = (): void => undefined;
    const watch = setInterval(() => existsSync(join(cwd, 'started')) && signal(), 20);
    const ran = await cli(['uart', '--chip', 'stm32f405rg', '--boot0', '--exec', client], {
      cwd,
      onInterrupt: (raise) => (signal = raise),
    });
    clearInterval(watch);
    expect(ran.code).toBe(0);
    const pid = Number(readFileSync(join(cwd, 'started'), 'utf8'));
    expect(isGone(pid)).toBe(true);
  });
  it('a firmware that never enters the ROM', async () => {
    const loop = [0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7];
    const ran = await cli(['uart', 'fw.bin@0x08000000', '--chip', 'stm32f405rg', '--pty'], {
      cwd: folder({ 'fw.bin': Uint8Array.from(loop) }),
    });
    expect([ran.code, ran.err]).toEqual([1, expect.stringMatching(/the ROM does not listen/)]);
  });
});

/** Writes as much as it can for two seconds, reads nothing, and ends with 7. */
const FLOOD = `
import os, sys, time
port = os.open(os.environ['UART'], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
end = time.monotonic() + 2
while time.monotonic() < end:
    try:
        os.write(port, bytes([0, 255]) * 2048)
    except BlockingIOError:
        time.sleep(0.001)
sys.exit(7)
`;
describe.skipIf(!has('python3', '--help'))('a client that writes more than the line carries', () => {
  it('waits for it, and the command ends with it at once', { timeout: 60_000 }, async () => {
    const cwd = folder({ 'flood.py': FLOOD });
    const begun = performance.now();
    const ran = await cli(['uart', '--chip', 'stm32l476rg', '--boot0', '--exec', 'python3 flood.py'], { cwd });
    expect(ran.code, ran.err).toBe(7);
    // so much text takes the line minutes
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(ran.err).not.toContain('Traceback');
  });
});

/** The process of python3 that this one has started to hold a pseudo terminal. */
const holderOf = (): number | undefined =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      const of = (file: string): string => (existsSync(`/proc/${pid}/${file}`) ? readFileSync(`/proc/${pid}/${file}`, 'latin1') : '');
      return of('status').includes(`\nPPid:\t${process.pid}\n`) && of('cmdline').includes('openpty');
    });
describe.skipIf(process.platform !== 'linux' || !has('python3', '--help'))('python3, which holds the pseudo terminal,', () => {
  const CHIP = ['--chip', 'stm32f405rg'];
  it.each([
    ['uart', '--pty', ...CHIP, '--boot0'],
    ['uart', '--exec', 'sleep 1000', ...CHIP, '--boot0'],
    ['probe', '--pty', 'fw.bin@0x08000000', ...CHIP, '--port', '0'],
  ])('is killed: `%s %s …` ends, and says so', async (...args) => {
    const cwd = folder({ 'fw.bin': FIRMWARE });
    const kill = vi.waitFor(() => process.kill(holderOf()!, 'SIGKILL'), { timeout: 10_000, interval: 20 });
    const ran = await cli(args, { cwd });
    await kill;
    expect(ran.err).toContain('bootbench: python3, which holds the pseudo terminal, was ended by SIGKILL; start the command again\n');
    expect(ran.code).toBe(4);
  });
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'lives on with %s, which a whole group of processes gets, until its program ends',
    async (signal) => {
      const pty = await openPty();
      onTestFinished(() => pty.close());
      process.kill(holderOf()!, signal);
      const heard = new Promise((settle) => (pty.onData = (bytes) => settle(Buffer.from(bytes).toString('latin1'))));
      writeFileSync(pty.path, 'still there');
      expect(await heard).toBe('still there');
    },
  );
});
