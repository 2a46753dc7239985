/** Unmodified OpenOCD 0.12 with its own scripts on the emulated ST-LINK: halt, reset, step, break, watch, program flash. */
import { spawn, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { probeCommand } from '../../../src/cli/probe.ts';
import { ROOT, serve } from '../serve.ts';

const missing = spawnSync('openocd', ['--version']).status === 0 ? null : 'openocd is not installed';
if (missing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(missing);

/** Attaches OpenOCD to an image's chip and gives what it printed. */
async function openocd(chip: string, elf: string, config: readonly string[], commands: readonly string[]): Promise<string> {
  const { line, end } = await serve((io) => probeCommand([elf], { chip, port: '0' }, io));
  const port = /^probe 127\.0\.0\.1:(\d+)\n$/.exec(line)![1]!;
  const args = [
    ...['-f', 'interface/stlink-dap.cfg', '-c', 'transport select dapdirect_swd', '-c', `st-link backend tcp ${port}`],
    ...['-c', 'gdb_port disabled; tcl_port disabled; telnet_port disabled', ...config],
    ...['init', ...commands, 'exit'].flatMap((c) => ['-c', c]),
  ];
  const child = spawn('openocd', args, { cwd: ROOT });
  let out = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (bytes: Buffer) => (out += bytes.toString()));
  await new Promise((settle) => child.on('close', settle));
  expect(await end()).toBe(0);
  return out;
}

describe.skipIf(missing !== null)(`OpenOCD${missing === null ? '' : `: ${missing}`}`, () => {
  it('programs an F405 by its flash loader, verifies, breaks and watches', async () => {
    const elf = 'fixtures/f405-straight/firmware.elf';
    const out = await openocd(
      'stm32f405rg',
      elf,
      ['-f', 'target/stm32f4x.cfg'],
      [
        'reset halt',
        'step',
        `program ${elf} verify`,
        'bp 0x080004ba 2 hw',
        'reset run',
        'sleep 200',
        'targets',
        'mww 0x20000100 0x12345678; mdw 0x20000100',
        'catch {mdw 0x60000000}',
      ],
    );
    expect(out).toContain('Cortex-M4 r0p1 processor detected');
    expect(out).toContain('target has 6 breakpoints, 4 watchpoints');
    expect(out).toContain('halted due to single-step');
    expect(out).toContain('** Verified OK **');
    expect(out).toContain('halted due to breakpoint');
    expect(out).toContain('0x20000100: 12345678');
  }, 120_000);

  it('knows an F072 by its BPU and programs it', async () => {
    const elf = 'fixtures/f072-entry-address/firmware.elf';
    const out = await openocd('stm32f072rb', elf, ['-f', 'target/stm32f0x.cfg'], ['reset halt', `program ${elf} verify`, 'targets']);
    expect(out).toContain('target has 4 breakpoints, 2 watchpoints');
    expect(out).toContain('flash size = 128 KiB');
    expect(out).toContain('** Verified OK **');
  }, 120_000);

  it('halts an H533 behind access port 1, by the target file in docs/openocd', async () => {
    const out = await openocd(
      'stm32h533re',
      'fixtures/h533-primask/firmware.elf',
      ['-f', 'docs/openocd/stm32h5.cfg'],
      ['reset halt', 'targets', 'bp 0x08000254 2 hw', 'resume', 'wait_halt 2000', 'reg pc', 'mdw 0x44024000'],
    );
    expect(out).toContain('Cortex-M33 r0p4 processor detected');
    expect(out).toMatch(/pc \(\/32\): 0x08000254/);
    expect(out).toMatch(/0x44024000: [0-9a-f]{5}478/);
  }, 120_000);

  it('halts both cores of an H745', async () => {
    const config = ['-c', 'set DUAL_CORE 1', '-f', 'target/stm32h7x.cfg'];
    const out = await openocd('stm32h745xi', 'fixtures/h745-seed001-fixed/firmware.elf', config, ['reset halt', 'targets']);
    expect(out).toMatch(/cpu0 +cortex_m .* halted/);
    expect(out).toMatch(/cpu1 +cortex_m .* halted/);
    expect(out).not.toContain('Error');
  }, 120_000);
});
