/** What is read as a whole has an end: pipes and endless devices are refused, by whatever name they come. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mustEnd } from '../../src/cli/has-end.ts';
import { cli, folder } from './helpers.ts';

describe.skipIf(process.platform === 'win32')('a file', () => {
  it('is read, and one that is not there is what the system says', () => {
    const cwd = folder({ 'a.bin': 'a' });
    expect(() => mustEnd(join(cwd, 'a.bin'), 'a.bin')).not.toThrow();
    expect(() => mustEnd(join(cwd, 'b.bin'), 'b.bin')).toThrow(/ENOENT/);
  });
  it('that is a named pipe, or a link to a device without an end, is refused', () => {
    const cwd = folder({});
    spawnSync('mkfifo', [join(cwd, 'pipe')]);
    for (const device of ['zero', 'full', 'random', 'urandom']) symlinkSync(`/dev/${device}`, join(cwd, device));
    expect(() => mustEnd(join(cwd, 'pipe'), 'pipe')).toThrow('pipe is a named pipe');
    for (const name of ['zero', 'full', 'random', 'urandom'])
      expect(() => mustEnd(join(cwd, name), name)).toThrow(`cannot read ${name}: it never ends`);
    expect(() => mustEnd('/dev/zero', '/dev/zero')).toThrow('it never ends');
    expect(() => mustEnd('/dev/null', '/dev/null')).not.toThrow();
  });
  it.skipIf(process.platform !== 'linux')('of the kernel, a terminal and a device are refused, as they may stay silent', () => {
    const cwd = folder({});
    symlinkSync('/proc/kmsg', join(cwd, 'kmsg'));
    expect(() => mustEnd(join(cwd, 'kmsg'), 'kmsg')).toThrow('kmsg is a file of the kernel, which is not read');
    expect(() => mustEnd('/dev/tty', '/dev/tty')).toThrow('/dev/tty is a device or a terminal, which is not read');
  });
  it.skipIf(process.platform !== 'linux')(
    'that is open is read, and a pipe that is open and silent is refused everywhere: exit 2',
    async () => {
      const cwd = folder({ 'a.bin': 'a' });
      spawnSync('mkfifo', [join(cwd, 'pipe')]);
      const [file, pipe] = [openSync(join(cwd, 'a.bin'), 'r'), openSync(join(cwd, 'pipe'), 'r+')];
      expect(() => mustEnd(`/dev/fd/${file}`, 'a.bin')).not.toThrow();
      const name = `/proc/self/fd/${pipe}`;
      for (const words of [
        ['run', name, '--chip', 'stm32f103c8'],
        ['run', `${name}@0x08000000`, '--chip', 'stm32f103c8'],
        ['run', '--scenario', name],
        ['init', name, '--chip', 'stm32f103c8'],
        ['board', 'replay', name],
        ['evidence', 'check', name],
        ['test', name],
      ]) {
        const ran = await cli(words, { cwd });
        expect([ran.code, ran.err.replace(/\s+/g, ' ')], words.join(' ')).toEqual([
          2,
          expect.stringContaining(`${name} is a pipe, which is not read`),
        ]);
      }
      for (const fd of [file, pipe]) closeSync(fd);
    },
  );
  it('of these names in place of an image, a record, evidence or a scenario: exit 2, at once', async () => {
    const cwd = folder({});
    for (const name of ['x.bin', 'e.jsonl', 's.json']) symlinkSync('/dev/zero', join(cwd, name));
    for (const words of [
      ['run', 'x.bin@0x08000000', '--chip', 'stm32f103c8'],
      ['board', 'replay', 'x.bin'],
      ['evidence', 'check', 'e.jsonl'],
      ['test', 's.json'],
    ]) {
      const ran = await cli(words, { cwd });
      expect([ran.code, ran.err], words.join(' ')).toEqual([2, expect.stringContaining('it never ends')]);
    }
  });
});
