/** The server of `bootbench gdb` as gdb-multiarch sees it. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gdbCommand } from '../../src/cli/gdb.ts';
import { ROOT, serve } from './serve.ts';

const GDB = 'gdb-multiarch';
const missing = spawnSync(GDB, ['--version']).status === 0 ? null : `${GDB} is not installed`;
if (missing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(missing);

/** Serves an image, runs GDB's commands against it, gives what GDB printed and how the server ended. */
async function debug(chip: string, elf: string, commands: readonly string[]): Promise<{ out: string; code: number }> {
  const { line, end } = await serve((io) => gdbCommand([elf], { chip, port: '0' }, io));
  const address = /^gdb (127\.0\.0\.1:\d+)\n$/.exec(line)![1]!;
  const script = ['set pagination off', 'set confirm off', 'set remotetimeout 20', `target remote ${address}`, ...commands, 'disconnect'];
  const gdb = spawn(GDB, ['-q', '-batch', '-nx', ...script.flatMap((c) => ['-ex', c]), join(ROOT, elf)]);
  // GDB writes a line in pieces: what it says of files it does not find may come between them
  const said = [gdb.stdout, gdb.stderr].map((pipe) => {
    const pieces: Buffer[] = [];
    pipe.on('data', (bytes: Buffer) => pieces.push(bytes));
    return pieces;
  });
  await new Promise((settle) => gdb.on('close', settle));
  return { out: said.map((pieces) => Buffer.concat(pieces).toString()).join('\n'), code: await end() };
}

const F405 = 'fixtures/f405-straight/firmware.elf';

/** GDB/MI: a command a line, an answer that begins with `^`, stops that begin with `*stopped`. */
class MachineInterface {
  private readonly gdb;
  private text = '';
  private changed: () => void = () => undefined;

  constructor(elf: string) {
    this.gdb = spawn(GDB, ['-q', '-nx', '--interpreter=mi2', elf]);
    for (const pipe of [this.gdb.stdout, this.gdb.stderr])
      pipe.on('data', (bytes: Buffer) => {
        this.text += bytes.toString();
        this.changed();
      });
  }
  ask(command: string): Promise<string> {
    this.gdb.stdin.write(`-${command}\n`);
    return this.take(/^\^.*$/m);
  }
  stop(): Promise<string> {
    return this.take(/^\*stopped.*$/m);
  }
  /** The next line of this kind; what stands before it stays. */
  private async take(kind: RegExp): Promise<string> {
    for (let found = kind.exec(this.text); ; found = kind.exec(this.text)) {
      if (found && this.text.length > found.index + found[0].length) {
        this.text = this.text.slice(0, found.index) + this.text.slice(found.index + found[0].length + 1);
        return found[0];
      }
      await new Promise<void>((go) => (this.changed = go));
    }
  }
  end(): void {
    this.gdb.kill('SIGKILL');
  }
}

describe.skipIf(missing !== null)(`gdb-multiarch${missing === null ? '' : `: ${missing}`}`, () => {
  it('breaks, watches, steps backwards and sees the entry into the ROM (H533)', async () => {
    const { out, code } = await debug('stm32h533re', 'fixtures/h533-straight/firmware.elf', [
      'break main',
      'continue',
      'print $primask',
      'stepi',
      'reverse-stepi',
      'print $pc == (unsigned)&main',
      'monitor catch entry',
      'continue',
      'monitor checks',
      'reverse-stepi',
      'info symbol $pc',
    ]);
    expect(out).toMatch(/Breakpoint 1, main/);
    expect(out).toContain('$1 = 0');
    expect(out).toContain('$2 = 1');
    expect(out).toContain('jump_to_bootloader');
    expect(out).toMatch(/pass +primask/);
    expect(code).toBe(0);
  }, 60_000);

  it('reads and writes peripherals, also where memory lies between them (F405)', async () => {
    const { out } = await debug('stm32f405rg', 'fixtures/f405-straight/firmware.elf', [
      'print/x *(int*)0x40023830',
      'set {int}0x40023830 = 1',
      'print/x *(int*)0x40023830',
      'print/x *(int*)0x40024000 & 0',
      'print/x *(int*)0xe000ed00',
      'print/x *(int*)0x68000000',
    ]);
    expect(out).toMatch(/\$1 = 0x100000\n\$2 = 0x1\n\$3 = 0x0\n\$4 = 0x410fc241\n/);
    expect(out).toContain('Cannot access memory at address 0x68000000');
  }, 60_000);

  it('is driven by the machine interface as IDEs do it: extended-remote, download, reset, run to main, step, interrupt', async () => {
    const { line, end } = await serve((io) => gdbCommand([F405], { chip: 'stm32f405rg', port: '0' }, io));
    const address = /^gdb (127\.0\.0\.1:\d+)\n$/.exec(line)![1]!;
    const gdb = new MachineInterface(join(ROOT, F405));
    try {
      for (const command of [
        'gdb-set mi-async on',
        `target-select extended-remote ${address}`,
        'interpreter-exec console "monitor reset halt"',
        'target-download',
        'interpreter-exec console "monitor reset halt"',
        'break-insert -t main',
      ])
        expect(await gdb.ask(command)).toMatch(/^\^(done|connected)/);
      // the stop with which it was found
      expect(await gdb.stop()).toMatch(/func="Reset_Handler"/);
      expect(await gdb.ask('exec-continue')).toMatch(/^\^running/);
      expect(await gdb.stop()).toMatch(/reason="breakpoint-hit".*func="main"/);
      expect(await gdb.ask('exec-next')).toMatch(/^\^running/);
      expect(await gdb.stop()).toMatch(/reason="end-stepping-range"/);
      expect(await gdb.ask('stack-list-frames')).toMatch(/^\^done,stack=\[frame=\{level="0".*func="main"/);
      expect(await gdb.ask('thread-info')).toMatch(/state="stopped"/);
      await gdb.ask('exec-continue');
      expect(await gdb.ask('exec-interrupt')).toMatch(/^\^done/);
      expect(await gdb.stop()).toMatch(/reason="signal-received",signal-name="SIGINT"/);
      await gdb.ask('target-detach');
    } finally {
      gdb.end();
    }
    expect(await end()).toBe(0);
  }, 60_000);

  it('loads flash and compares sections, and reads a Cortex-M0 without a VTOR (F072)', async () => {
    const { out } = await debug('stm32f072rb', 'fixtures/f072-entry-address/firmware.elf', [
      'load',
      'compare-sections',
      'monitor reset halt',
      'info registers sp pc',
      'stepi',
      'stepi',
    ]);
    expect(out).toMatch(/Section .*range 0x8000000 .*matched/);
    expect(out).not.toMatch(/MIS-MATCHED|Remote failure|Error/);
    expect(out).toMatch(/pc .*Reset_Handler/);
  }, 60_000);
});
