/** What is read as a whole has an end: pipes and endless devices are refused, by whatever name they come. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LARGEST, mustEnd, type FileKind } from '../../src/cli/has-end.ts';
import { SMALL } from '../campaign/helpers.ts';
import { ROOT } from '../debug/serve.ts';
import { cli, folder } from './helpers.ts';

const CAMPAIGN = JSON.stringify(SMALL);

describe.skipIf(process.platform === 'win32')('a file', () => {
  it('is read, and one that is not there is what the system says', () => {
    const cwd = folder({ 'a.bin': 'a' });
    expect(() => mustEnd(join(cwd, 'a.bin'), 'image', 'a.bin')).not.toThrow();
    expect(() => mustEnd(join(cwd, 'b.bin'), 'image', 'b.bin')).toThrow(/ENOENT/);
  });
  it('that is a named pipe, or a link to a device without an end, is refused', () => {
    const cwd = folder({});
    spawnSync('mkfifo', [join(cwd, 'pipe')]);
    for (const device of ['zero', 'full', 'random', 'urandom']) symlinkSync(`/dev/${device}`, join(cwd, device));
    expect(() => mustEnd(join(cwd, 'pipe'), 'image', 'pipe')).toThrow('pipe is a named pipe');
    for (const name of ['zero', 'full', 'random', 'urandom'])
      expect(() => mustEnd(join(cwd, name), 'image', name)).toThrow(`cannot read ${name}: it never ends`);
    expect(() => mustEnd('/dev/zero', 'image', '/dev/zero')).toThrow('it never ends');
    expect(() => mustEnd('/dev/null', 'image', '/dev/null')).not.toThrow();
  });
  it.skipIf(process.platform !== 'linux')('of the kernel, a terminal and a device are refused, as they may stay silent', () => {
    const cwd = folder({});
    symlinkSync('/proc/kmsg', join(cwd, 'kmsg'));
    expect(() => mustEnd(join(cwd, 'kmsg'), 'image', 'kmsg')).toThrow('kmsg is a file of the kernel, which is not read');
    expect(() => mustEnd('/dev/tty', 'image', '/dev/tty')).toThrow('/dev/tty is a device or a terminal, which is not read');
  });
  it.skipIf(process.platform !== 'linux')(
    'that is open is read, and a pipe that is open and silent is refused everywhere: exit 2',
    async () => {
      const cwd = folder({ 'a.bin': 'a' });
      spawnSync('mkfifo', [join(cwd, 'pipe')]);
      const [file, pipe] = [openSync(join(cwd, 'a.bin'), 'r'), openSync(join(cwd, 'pipe'), 'r+')];
      expect(() => mustEnd(`/dev/fd/${file}`, 'image', 'a.bin')).not.toThrow();
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
    writeFileSync(join(cwd, 'small.json'), CAMPAIGN);
    for (const words of [
      ['run', 'x.bin@0x08000000', '--chip', 'stm32f103c8'],
      ['board', 'replay', 'x.bin'],
      ['evidence', 'check', 'e.jsonl'],
      ['test', 's.json'],
      ['campaign', 'small.json', '--merge', 'x.bin'],
      ['campaign', 'small.json', '--out', 'x.bin', '--resume'],
    ]) {
      const ran = await cli(words, { cwd });
      expect([ran.code, ran.err], words.join(' ')).toEqual([2, expect.stringContaining('it never ends')]);
    }
  });
  it('of each kind that is larger than such a file can be is refused before it is read', async () => {
    const cwd = folder({});
    const names: Record<FileKind, readonly (readonly string[])[]> = {
      image: [
        ['run', 'x', '--chip', 'stm32f103c8'],
        ['init', 'x', '--chip', 'stm32f103c8'],
        ['board', 'check', 'x', '--gdb', '127.0.0.1:1'],
        ['compare', 'x', 'x'],
      ],
      binary: [['run', 'x@0x08000000', '--chip', 'stm32f103c8']],
      dump: [['run', join(ROOT, 'fixtures/f405-masked/firmware.elf'), '--chip', 'stm32f405rg', '--rom', 'x']],
      scenario: [
        ['run', '--scenario', 'x'],
        ['test', 'x'],
      ],
      campaign: [['campaign', 'x']],
      results: [['campaign', 'small.json', '--merge', 'x', '--out', 'out.sqlite']],
      result: [['compare', 'x.json', 'x.json']],
      baseline: [['test', join(ROOT, 'demo/firmware/scenarios'), '--baseline', 'x']],
      record: [['board', 'replay', 'x']],
      evidence: [['evidence', 'check', 'x']],
      program: [
        ['run', join(ROOT, 'fixtures/f405-masked/firmware.elf'), '--chip', 'stm32f405rg', '--engine', 'unicorn', '--unicorn-js', 'x'],
      ],
    };
    symlinkSync('x', join(cwd, 'x.json'));
    writeFileSync(join(cwd, 'small.json'), CAMPAIGN);
    for (const [kind, commands] of Object.entries(names) as [FileKind, (typeof names)[FileKind]][]) {
      writeFileSync(join(cwd, 'x'), '');
      // nothing of it takes place on the disk
      truncateSync(join(cwd, 'x'), LARGEST[kind] * 2 ** 20 + 1);
      for (const words of commands) {
        const ran = await cli(words, { cwd });
        const said = ran.err.replace(/\s+/g, ' ');
        expect([ran.code, said], words.join(' ')).toEqual([
          2,
          expect.stringMatching(`cannot read x(\\.json)?: it is larger than ${LARGEST[kind]} MiB`),
        ]);
      }
    }
  });
});
