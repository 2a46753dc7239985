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
  let out = '';
  for (const pipe of [gdb.stdout, gdb.stderr]) pipe.on('data', (bytes: Buffer) => (out += bytes.toString()));
  await new Promise((settle) => gdb.on('close', settle));
  return { out, code: await end() };
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
