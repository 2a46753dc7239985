/** `bootbench leave`: without an image, and of a firmware whose own jump nothing makes. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { streamOf } from '../../src/cli/io.ts';
import { main } from '../../src/cli/program.ts';
import { folder } from './helpers.ts';

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
