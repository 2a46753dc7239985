/** `bootbench leave` without an image. */
import { expect, it } from 'vitest';
import { main } from '../../src/cli/program.ts';
import { folder } from './helpers.ts';

it('leave without an image asks for the application: BOOT0 would not help', async () => {
  let err = '';
  const quiet = { write: () => undefined, isTTY: false, columns: 80 };
  const code = await main(['leave'], {
    stdout: quiet,
    stderr: { ...quiet, write: (text) => void (err += text) },
    env: {},
    cwd: folder(),
    onInterrupt: () => () => undefined,
  });
  expect(code).toBe(2);
  expect(err).toMatch(/no image is given; give the application that the ROM starts/);
  expect(err).not.toMatch(/boot0/i);
});
