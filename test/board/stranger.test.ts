/** What a stranger does by README and docs/evidence.md alone: a probe, OpenOCD as it is, three options, a file of evidence. The probe is simulated, with a dump behind it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probeCommand } from '../../src/cli/probe.ts';
import { cli, folder } from '../cli/helpers.ts';
import { serve } from '../debug/serve.ts';
import { foreignRom } from './settle-board.ts';

const missing = spawnSync('openocd', ['--version']).error !== undefined;
if (missing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error('openocd is required');

/** OpenOCD, as Debian has it, on a simulated ST-LINK in front of an empty chip: its port. */
async function openOcdOn(chip: string, rom: string, target: string): Promise<{ readonly gdb: string; readonly tty: string }> {
  const { lines } = await serve((io) => probeCommand([], { chip, port: '0', rom: [rom], pty: target === 'stm32f1x' }, io));
  const server = spawn('openocd', [
    ...['-f', 'interface/stlink-dap.cfg', '-c', 'transport select dapdirect_swd'],
    ...['-c', `st-link backend tcp ${lines[0]!.trim().split(':')[1]}`, '-c', 'gdb_port 0; tcl_port disabled; telnet_port disabled'],
    ...['-f', `target/${target}.cfg`],
  ]);
  onTestFinished(() => void server.kill('SIGKILL'));
  let log = '';
  const gdb = await new Promise<string>((settle, fail) => {
    server.once('close', () => fail(new Error(`openocd ended: ${log}`)));
    server.stderr.on('data', (bytes: Buffer) => {
      log += bytes.toString();
      const found = /Listening on port (\d+) for gdb/.exec(log);
      if (found) settle(found[1]!);
    });
  });
  return { gdb, tty: (lines[1] ?? '').trim().replace('uart ', '') };
}

describe.skipIf(missing)(`a stranger with OpenOCD${missing ? ': openocd is not installed' : ''}`, () => {
  it('settles three options and sends a valid file, which counts for nothing because the chip is emulated', async () => {
    const cwd = folder({ 'dump.bin': foreignRom('stm32f405rg') });
    const { gdb } = await openOcdOn('stm32f405rg', join(cwd, 'dump.bin'), 'stm32f4x');
    const on = ['--gdb', `localhost:${gdb}`, '--chip', 'stm32f405rg', '--watch-for', '2s', '--tries', '1'];
    const run = await cli(['board', 'settle', 'primask', 'vtor', 'systick', ...on, '--evidence', 'ann.jsonl', '--record', 'ann.txt'], {
      cwd,
    });
    expect(run.err).toBe('ann.jsonl: 3 lines added\n');
    expect(run.code).toBe(0);
    expect(run.out).toContain('what is settled here is no evidence');

    const lines = readFileSync(join(cwd, 'ann.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((l) => (JSON.parse(l) as { option: string; value: string }).value)).toEqual(['keeps', 'sets', 'uses']);
    expect(lines.map((l) => (JSON.parse(l) as { debugger: string }).debugger)).toEqual(new Array(3).fill('OpenOCD on an emulated chip'));

    const valid = await cli(['evidence', 'check', 'ann.jsonl'], { cwd });
    expect(valid).toMatchObject({ code: 0, out: '3 lines from an emulated chip: valid in form, and counted for nothing\n', err: '' });
    const json = await cli(['evidence', 'check', 'ann.jsonl', '--json'], { cwd });
    expect(JSON.parse(json.out)).toEqual({ schema: 'bootbench/evidence-check@1', counted: 0, emulated: 3, options: [] });
    const merged = await cli(['evidence', 'check', 'ann.jsonl', '--merge', 'm.json'], { cwd });
    expect([merged.code, merged.err]).toEqual([2, expect.stringContaining('it was measured on an emulated chip')]);

    mkdirSync(join(cwd, 'evidence'));
    for (const file of ['ann.jsonl', 'ann.txt']) renameSync(join(cwd, file), join(cwd, 'evidence', file));
    const counts = await cli(['evidence', 'check'], { cwd });
    expect([counts.code, counts.err]).toEqual([2, expect.stringContaining('it was measured on an emulated chip')]);
    // the record knows better than a line that was edited
    writeFileSync(join(cwd, 'evidence', 'ann.jsonl'), lines.map((l) => `${l.replace(' on an emulated chip', '')}\n`).join(''));
    const edited = await cli(['evidence', 'check'], { cwd });
    expect([edited.code, edited.err]).toEqual([2, expect.stringContaining('is of an emulated chip, and the line does not say so')]);
  }, 300_000);

  it('a ROM without USB is heard on the serial port of the simulated probe', async () => {
    const own = join(process.env['BOOTBENCH_ROMS'] ?? '/nowhere', 'f103c8.bin');
    const cwd = folder({ 'dump.bin': existsSync(own) ? new Uint8Array(readFileSync(own)) : foreignRom('stm32f103c8') });
    const { gdb, tty } = await openOcdOn('stm32f103c8', join(cwd, 'dump.bin'), 'stm32f1x');
    const on = ['--gdb', `localhost:${gdb}`, '--chip', 'stm32f103c8', '--serial', tty, '--tries', '1'];
    const run = await cli(['board', 'settle', 'primask', 'vtor', 'hsi', 'iwdg', ...on, '--evidence', 'ann.jsonl', '--record', 'ann.txt'], {
      cwd,
    });
    expect([run.code, run.err]).toEqual([0, expect.stringMatching(/ann.jsonl: 4 lines added\n$/)]);
    const lines = readFileSync(join(cwd, 'ann.jsonl'), 'utf8').trimEnd().split('\n');
    const values = ['sets it itself', 'another value: 0x0', 'needs', 'written once, not refreshed'];
    expect(lines.map((l) => (JSON.parse(l) as { value: string }).value)).toEqual(values);
    const valid = await cli(['evidence', 'check', 'ann.jsonl'], { cwd });
    expect(valid).toMatchObject({ code: 0, out: '4 lines from an emulated chip: valid in form, and counted for nothing\n', err: '' });
  }, 300_000);
});
