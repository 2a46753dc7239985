/** A report costs neither a file of the user's that the command reads nor another report. */
import { existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SurroundingsError, UsageError } from '../../src/bench/documents/usage-error.ts';
import { couldNotWrite, mustHaveWritten, newCommand } from '../../src/cli/command-files.ts';
import { cli, folder } from './helpers.ts';

const ELF = new Uint8Array(readFileSync('fixtures/f405-straight/firmware.elf'));
const SCENARIO = { schema: 'bootbench/scenario@1', chip: 'stm32f405rg', images: ['firmware.elf'], expect: { outcome: 'dfu' } };
const text = (document: object): string => JSON.stringify(document);

describe('what a command reads is not written over, whatever it is called', () => {
  it('campaign: the scenario of a target, by a link too', async () => {
    const spec = { schema: 'bootbench/campaign@1', targets: [{ scenarios: ['scenario.json'] }], expect: 'dfu' };
    const cwd = folder({ 'firmware.elf': ELF, 'scenario.json': text(SCENARIO), 'camp.json': text(spec) });
    linkSync(join(cwd, 'scenario.json'), join(cwd, 'other.json'));
    for (const name of ['scenario.json', 'other.json']) {
      const run = await cli(['campaign', 'camp.json', '--jobs', '1', '--html', name], { cwd });
      expect([run.code, run.err]).toEqual([2, expect.stringContaining(`--html: ${name} is an input of this run`)]);
    }
    expect(readFileSync(join(cwd, 'scenario.json'), 'utf8')).toBe(text(SCENARIO));
  });
  it('test: a file that a scenario downloads, and the baseline; the other reports are there', async () => {
    const download = { after: '1s', do: { dfu: { download: { file: 'update.bin', address: '0x08000000' } } } };
    const cwd = folder({ 'firmware.elf': ELF, 'update.bin': 'payload', 'scenario.json': text({ ...SCENARIO, steps: [download] }) });
    const run = await cli(['test', 'scenario.json', '--jobs', '1', '--json', 'update.bin', '--junit', 'report.xml'], { cwd });
    expect([run.code, run.err]).toEqual([2, expect.stringContaining('--json: update.bin is an input of this run')]);
    expect([readFileSync(join(cwd, 'update.bin'), 'utf8'), existsSync(join(cwd, 'report.xml'))]).toEqual(['payload', true]);

    const baseline = text({ schema: 'bootbench/baseline@1', failures: {} });
    writeFileSync(join(cwd, 'known.json'), baseline);
    const over = await cli(['test', 'scenario.json', '--jobs', '1', '--baseline', 'known.json', '--json', 'known.json'], { cwd });
    expect([over.code, readFileSync(join(cwd, 'known.json'), 'utf8')]).toEqual([2, baseline]);
    const both = ['--baseline', 'new.json', '--update-baseline', '--json', 'new.json'];
    expect((await cli(['test', 'scenario.json', '--jobs', '1', ...both], { cwd })).err).toContain(
      '--json and --baseline both write new.json',
    );
    const updated = await cli(['test', 'scenario.json', '--jobs', '1', '--baseline', 'known.json', '--update-baseline'], { cwd });
    expect(updated.code).toBe(0);
  });
  it('evidence check --merge, conform --json: what they compare with', async () => {
    const cwd = folder({ 'e.jsonl': 'no evidence\n' });
    mkdirSync(join(cwd, 'evidence'));
    const merged = await cli(['evidence', 'check', 'e.jsonl', '--merge', 'e.jsonl'], { cwd });
    expect([merged.code, readFileSync(join(cwd, 'e.jsonl'), 'utf8')]).toEqual([2, 'no evidence\n']);
    const asked = ['conform', '--chip', 'stm32f072rb', '--boot0'];
    expect((await cli([...asked, '--json', 'before.json'], { cwd })).code).toBe(0);
    const again = await cli([...asked, '--baseline', 'before.json', '--json', 'before.json'], { cwd });
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('--json: before.json is an input of this run')]);
  });
});
it('init: the scenario that it begins from may be replaced, its image never', async () => {
  const cwd = folder({ 'firmware.elf': ELF, 'scenario.json': text(SCENARIO) });
  const from = ['init', '--scenario', 'scenario.json', '--overwrite'];
  const run = await cli([...from, '--out', 'scenario.json'], { cwd });
  expect([run.code, run.err]).toEqual([0, '']);
  expect(readFileSync(join(cwd, 'scenario.json'), 'utf8')).not.toBe(text(SCENARIO));
  const over = await cli([...from, '--out', 'firmware.elf'], { cwd });
  expect([over.code, over.err]).toEqual([2, expect.stringContaining('--out: firmware.elf is an input of this run')]);
});
it('init: the folder of the scenarios is made, unless a file stands in its way, and none where nothing was found', async () => {
  const cwd = folder({ 'firmware.elf': ELF, 'idle.bin': Uint8Array.of(0, 0x10, 0, 0x20, 9, 0, 0, 8, 0xfe, 0xe7), notes: 'text' });
  const init = (image: string, out: string) => cli(['init', image, '--chip', 'stm32f405rg', '--out', out], { cwd });
  const run = await init('firmware.elf', 'tests/boot/dfu.json');
  expect([run.code, run.out]).toEqual([0, expect.stringContaining('a CI job checks it with: bootbench test tests/boot/dfu.json')]);
  expect(JSON.parse(readFileSync(join(cwd, 'tests/boot/dfu.json'), 'utf8'))).toMatchObject({ images: ['../../firmware.elf'] });
  const through = await init('firmware.elf', 'notes/dfu.json');
  expect([through.code, through.err]).toEqual([2, expect.stringMatching(/--out: .*notes is no folder/)]);
  expect((await init('idle.bin@0x08000000', 'other/dfu.json')).code).toBe(1);
  expect(existsSync(join(cwd, 'other'))).toBe(false);
});
it('init: in a repository it is told what git does not ignore yet, and that the scenario is committed', async () => {
  const cwd = folder({ 'firmware.elf': ELF, '.gitignore': 'node_modules/\n' });
  const init = async () => (await cli(['init', 'firmware.elf', '--chip', 'stm32f405rg', '--overwrite'], { cwd })).out;
  expect(await init()).not.toContain('.gitignore');
  mkdirSync(join(cwd, '.git'));
  expect(await init()).toMatch(/^for \.gitignore: \.bootbench\/, bootbench\.sarif, .*; commit scenario\.json$/m);
  writeFileSync(join(cwd, '.gitignore'), 'node_modules\n.bootbench/\n*.sarif\n');
  expect(await init()).not.toContain('.gitignore');
});
it('source code is not written over', async () => {
  const cwd = folder({ 'firmware.elf': ELF, 'main.c': 'int main(void);' });
  const run = await cli(['run', 'firmware.elf', '--chip', 'stm32f405rg', '--json', 'main.c'], { cwd });
  expect([run.code, run.err]).toEqual([2, expect.stringContaining('--json: main.c is source code')]);
  expect(readFileSync(join(cwd, 'main.c'), 'utf8')).toBe('int main(void);');
});
describe('two outputs of a command', () => {
  it.each(['capture', 'dump-rom'])('board %s: are two files', async (action) => {
    const on = ['--gdb', 'localhost:1', '--chip', 'stm32f405rg'];
    const run = await cli(['board', action, 'one.json', ...on, '--record', 'one.json'], { cwd: folder({}) });
    expect([run.code, run.err]).toEqual([2, expect.stringContaining('--record both write one.json')]);
  });
  it.skipIf(!existsSync('/dev/full'))('the one that can be written is there, whatever becomes of the other', async () => {
    const cwd = folder({ 'firmware.elf': ELF, 'scenario.json': text(SCENARIO) });
    const run = await cli(['run', '--scenario', 'scenario.json', '--json', '/dev/full', '--junit', 'o.xml'], {
      cwd,
    });
    expect(run.code).toBe(4);
    expect(run.err).toContain('--json: cannot write /dev/full: the disk is full');
    expect(existsSync(join(cwd, 'o.xml'))).toBe(true);
    const dfu = ['dfu', '--chip', 'stm32f072rb', '--boot0', '--exec', 'true', '--pcap', '/dev/full', '--save', 'flash.bin'];
    expect([(await cli(dfu, { cwd })).code, existsSync(join(cwd, 'flash.bin'))]).toEqual([4, true]);
  });
  it('that both cannot be written are told in one message, with their advice once', () => {
    newCommand();
    const advice = 'allow larger files (`ulimit -f`)';
    for (const option of ['--pcap', '--save'])
      couldNotWrite(new SurroundingsError(`${option}: cannot write it: it would be larger`, advice));
    const told = '--pcap: cannot write it: it would be larger; --save: cannot write it: it would be larger';
    expect(mustHaveWritten).toThrow(new SurroundingsError(told, advice));
    couldNotWrite(new UsageError('a: is an input', 'give another name'));
    couldNotWrite(new SurroundingsError('b: the disk is full', 'make room'));
    expect(mustHaveWritten).toThrow(new SurroundingsError('a: is an input; b: the disk is full', 'give another name; make room'));
    expect(mustHaveWritten).not.toThrow();
  });
});
