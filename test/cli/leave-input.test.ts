/** `bootbench leave`: without an image, and of a firmware whose own jump nothing makes. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { streamOf } from '../../src/cli/io.ts';
import { main } from '../../src/cli/program.ts';
import { cli, folder } from './helpers.ts';

it('leave without an image asks for the application: BOOT0 would not help', async () => {
  let err = '';
  const facts = { isTTY: false, columns: 80 };
  const code = await main(['leave'], {
    stdout: streamOf(() => undefined, facts),
    stderr: streamOf((text) => void (err += text), facts),
    env: {},
    cwd: folder(),
    onInterrupt: () => () => undefined,
  });
  expect(code).toBe(2);
  expect(err).toMatch(/no image is given; give the application that the ROM starts/);
  expect(err).not.toMatch(/boot0/i);
});

it('a jump that bootbench makes itself is told as one', async () => {
  let out = '';
  const facts = { isTTY: false, columns: 80 };
  await main(
    [
      'leave',
      fileURLToPath(new URL('../../fixtures/f405-polls-pin/firmware.elf', import.meta.url)),
      '--chip',
      'stm32f405rg',
      '--no-trigger',
    ],
    {
      stdout: streamOf((text) => void (out += text), facts),
      stderr: streamOf(() => undefined, facts),
      env: {},
      cwd: folder(),
      onInterrupt: () => () => undefined,
    },
  );
  expect(out).toMatch(/^(OK {2}|FAIL) After a jump that bootbench itself made from reset: /m);
});

it('the way in that `run` finds is left, and not a jump in its place', async () => {
  let out = '';
  const facts = { isTTY: false, columns: 100 };
  await main(['leave', fileURLToPath(new URL('../../demo/firmware/fixes/2-from-the-main-loop.elf', import.meta.url))], {
    stdout: streamOf((text) => void (out += text), facts),
    stderr: streamOf(() => undefined, facts),
    env: {},
    cwd: folder(),
    onInterrupt: () => () => undefined,
  });
  expect(out).toMatch(/^OK {3}After the firmware's own jump: .*\n {2}Way in +triggered at 100 ms by bootbench: PC13 = 0$/m);
  expect(out).not.toContain('a jump that bootbench itself made');
});

describe('a ROM without USB is left by Go', () => {
  const image = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url));
  it('behind a jump it comes back; behind a boot by the pin, its exceptions go to the ROM', async () => {
    const { code, out } = await cli(['leave', image('f103-backup-no-clock'), '--chip', 'stm32f103c8']);
    expect(out).toMatch(
      /^OK {3}After a jump that bootbench itself made from reset: after the leave, the program behaves as after a reset$/m,
    );
    expect(out).toMatch(/^FAIL After a boot by BOOT0: the program depends on state that the ROM has changed: leave-vtor$/m);
    expect(out).not.toContain('DFU device');
    expect(code).toBe(1);
  });
  it.each([
    [
      'f405-timer-left-on',
      'stm32f405rg',
      'usart1',
      "After the scenario's entry",
      'the ROM does not answer on USART1 (rom-silent): see `bootbench run`',
    ],
    ['f405-straight', 'stm32f412zg', 'spi1', 'After a boot by BOOT0', 'the ROM did not start the application: no client for SPI1 is here'],
  ])('%s on %s, goal %s: why there was no leave', async (name, chip, goal, way, why) => {
    const cwd = folder({
      's.json': JSON.stringify({
        schema: 'bootbench/scenario@1',
        chip,
        goal,
        steps: [{ at: '1ms', do: { pin: { name: 'PC13', level: 0 } } }],
      }),
    });
    const { code, out } = await cli(['leave', image(name), '--scenario', 's.json'], { cwd });
    expect(out.split('\n')).toContainEqual(expect.stringMatching(new RegExp(`^FAIL ${way}.*: ${why.replace(/[()]/g, '\\$&')}$`)));
    expect(code).toBe(1);
  });
});
