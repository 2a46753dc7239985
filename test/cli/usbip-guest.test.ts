/**
 * Debian's dfu-util and lsusb, unchanged, in a small Linux guest whose vhci_hcd has imported the emulated device. The test bed lies outside the
 * repository (`BOOTBENCH_TESTBED`, else `../shared/testbed` beside it) and fetches a kernel the first time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/program.ts';
import { streamOf, type Io } from '../../src/cli/io.ts';
import type { EndSignal } from '../../src/cli/signals.ts';
import { folder } from './helpers.ts';
import { byTurns } from '../turn.ts';

const FACTS = { isTTY: false, columns: 80 };

const root = fileURLToPath(new URL('../../', import.meta.url));
const bed = join(process.env['BOOTBENCH_TESTBED'] ?? resolve(root, '../shared/testbed'), 'dfu-util-guest');
const all = process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1';

/** What keeps the test bed from running; null = nothing. */
function missing(): string | null {
  if (!existsSync(bed)) return 'the test bed of dfu-util is not here (BOOTBENCH_TESTBED)';
  if (!all && spawnSync('sh', ['-c', 'command -v qemu-system-x86_64 && command -v dfu-util']).status !== 0)
    return 'qemu-system-x86_64 or dfu-util is not installed';
  return null;
}
const why = missing();

/** Vectors and `b .`, then a pattern; 6001 is no multiple of any transfer size. */
function application(): Uint8Array {
  const bytes = Uint8Array.from({ length: 6001 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  bytes.set([0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7]);
  return bytes;
}

/** Runs in the guest; each line of its output is one step. */
const SCRIPT = `
step() { name=$1; shift; "$@" >out.txt 2>&1; echo "$name $?"; }
OPTIONS=$1
echo "alternates $(dfu-util -l 2>/dev/null | grep -c 'Found DFU: .0483:df11.')"
step download dfu-util -a 0 -s 0x08000000 -D app.bin
step upload dfu-util -a 0 -s 0x08000000:6001 -U back.bin
step same cmp app.bin back.bin
step mass-erase dfu-util -a 0 -s 0x08000000:mass-erase:force -D app.bin
step again dfu-util -a 0 -s 0x08000000:6001 -U again.bin
step same-again cmp app.bin again.bin
step options dfu-util -a 1 -s $OPTIONS -U options.bin
step bad-address dfu-util -a 0 -s 0x1F000000:force -D app.bin
step unprotect dfu-util -a 0 -s 0x08000000:unprotect -D app.bin
echo "lsusb $(lsusb -v -d 0483:df11 2>/dev/null | grep -c 'bInterfaceSubClass *1')"
(dfu-util -w -a 0 -s 0x08000000:16 -U first.bin >/dev/null 2>&1; echo "wait $?") &
usbip detach -p 0 >/dev/null 2>&1; sleep 1; usbip-attach >/dev/null; wait
step leave dfu-util -a 0 -s 0x08000000:leave -D app.bin
for i in 1 2 3 4 5 6 7 8 9 10; do lsusb -d 0483:df11 >/dev/null || break; sleep 0.3; done
step gone lsusb -d 0483:df11
`;

describe.skipIf(why !== null)(`dfu-util over USB/IP${why === null ? '' : `: ${why}`}`, () => {
  const chips = [
    ['stm32f072rb', 'FSDEV', 2, '0x1FFFF800:16', 0],
    ['stm32h533re', 'DRD', 3, '0x40022050:64', 0],
    ['stm32l476rg', 'DWC2', 4, '0x1FFF7800:40', 0],
    ['stm32f405rg', 'DWC2', 4, '0x1FFFC000:16', 0],
    // H7 leaves without an answer to the last GETSTATUS
    ['stm32h745xi', 'DWC2', 2, '0x5200201C:128', 74],
  ] as const;
  it.each(all ? byTurns(chips, chips.length) : chips.slice(0, 1))(
    '%s (%s): list, download, upload, mass erase, option bytes, a bad address, unplug, -w, leave',
    async (chip, _controller, alternates, options, left) => {
      const cwd = folder({ 'app.bin': application(), 'script.sh': SCRIPT });
      const out: string[] = [];
      const stream = streamOf((text) => void out.push(text), FACTS);
      const io: Io = {
        stdout: stream,
        stderr: streamOf(() => undefined, FACTS),
        env: process.env,
        cwd,
        onInterrupt: () => () => undefined,
      };
      const client = `'${bed}' $USBIP_PORT $USBIP_BUSID -- 'sh script.sh ${options}'`;
      const code = await main(['dfu', '--chip', chip, '--boot0', '--port', '0', '--exec', client, '--save', 'flash.bin'], io);
      const lines = out.join('').split('\n');
      expect(lines[0]).toMatch(/^usbip 127\.0\.0\.1:\d+ 1-1$/);
      expect(lines.filter((l) => /^[a-z-]+ \d+$/.test(l)).sort()).toEqual(
        [
          `alternates ${alternates}`,
          'again 0',
          'mass-erase 0',
          'options 0',
          'same-again 0',
          'bad-address 74',
          'download 0',
          'gone 1',
          `leave ${left}`,
          `lsusb ${alternates}`,
          'same 0',
          'unprotect 64',
          'upload 0',
          'wait 0',
        ].sort(),
      );
      expect(code).toBe(0);
      expect(new Uint8Array(readFileSync(join(cwd, 'flash.bin'))).subarray(0, 6001)).toEqual(application());
    },
    300_000,
  );
});

describe('bootbench dfu', () => {
  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => runHearing(null, ...args);
  /** @param signal comes when the client has said its first word */
  const runHearing = async (signal: EndSignal | null, ...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    let heard: EndSignal | null = null;
    const io: Io = {
      stdout: streamOf((text) => (out += text), FACTS),
      stderr: streamOf((text) => (err += text), FACTS),
      env: process.env,
      cwd: folder(),
      onInterrupt: (listener) => {
        const look = setInterval(() => {
          if (signal === null || !out.includes('begun')) return;
          clearInterval(look);
          listener((heard = signal));
        }, 20);
        return () => clearInterval(look);
      },
      interruptedBy: () => heard,
    };
    const code = await main(['dfu', ...args], io);
    return { code, out, err };
  };
  it('ends with the exit code of the client, which finds the server in its environment', async () => {
    const ran = await run('--chip', 'stm32f072rb', '--boot0', '--port', '0', '--exec', 'echo "$USBIP_HOST $USBIP_BUSID"; exit 7');
    expect(ran.code).toBe(7);
    expect(ran.out).toMatch(/^usbip 127\.0\.0\.1:\d+ 1-1\n127\.0\.0\.1 1-1\n$/);
  });
  it.each([
    [['--chip', 'stm32f072rb', '--boot0', '--usbip', '--port', 'x'], /--port: "x" is not a port/],
    [['--chip', 'stm32f072rb', '--boot0', '--usbip', '--port', '70000'], /--port/],
    [['--chip', 'stm32f072rb', '--boot0', '--port', '0'], /add --usbip/],
    [['--chip', 'stm32f072rb', '--usbip'], /no image is given/],
    [['--chip', 'stm32f072rb', '--boot0', '--exec', ' '], /--exec: the command is empty/],
    [['--chip', 'stm32f072rb', '--boot0', '--exec', 'true', '--save', 'no/such/folder.bin'], /--save: cannot write/],
  ])('%j is exit 2 with one line', async (args, text) => {
    const ran = await run(...args);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(text);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
  it('a client that a signal ends is told of as a shell does', async () => {
    expect((await run('--chip', 'stm32f072rb', '--boot0', '--port', '0', '--exec', 'kill -9 $$')).code).toBe(137);
  });
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a client that was cut off by %s is no success: %i', async (signal, code) => {
    const ran = await runHearing(signal, '--chip', 'stm32f072rb', '--boot0', '--port', '0', '--exec', 'echo begun; sleep 1000');
    expect(ran.code).toBe(code);
  });
  it('without a device on the bus it is exit 1, with the outcome', async () => {
    const cwd = folder({ 'loop.bin': Uint8Array.of(0, 0x10, 0, 0x20, 9, 0, 0, 8, 0xfe, 0xe7) });
    let err = '';
    const io: Io = {
      stdout: streamOf(() => undefined, FACTS),
      stderr: streamOf((text) => (err += text), FACTS),
      env: {},
      cwd,
      onInterrupt: () => () => undefined,
    };
    expect(await main(['dfu', 'loop.bin@0x08000000', '--chip', 'stm32f072rb', '--usbip', '--port', '0'], io)).toBe(1);
    expect(err).toContain('no USB device appeared: the run ended with stuck');
  });
});
