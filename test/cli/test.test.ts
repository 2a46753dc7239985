import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { globOf } from '../../src/cli/find-scenarios.ts';
import { FIRMWARE, IMAGE, cli, folder } from './helpers.ts';

function scenarios(expects: Readonly<Record<string, object>>): string {
  const cwd = folder({ 'fw.bin': FIRMWARE, 'other.json': '{"expect": 1}' });
  mkdirSync(join(cwd, 'deep'));
  writeFileSync(join(cwd, 'deep', 'fw.bin'), FIRMWARE);
  for (const [name, expected] of Object.entries(expects)) {
    const document = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [IMAGE], expect: expected };
    writeFileSync(join(cwd, name), JSON.stringify(document));
  }
  return cwd;
}

describe('bootbench test', () => {
  test('exit 0 and every name when all hold, also in sub-folders', async () => {
    const cwd = scenarios({ 'a.json': { outcome: 'dfu' }, 'deep/b.json': { notCauses: ['*'] } });
    const ran = await cli(['test', '.'], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/ok {3}a\.json.*\nok {3}deep\/b\.json/);
    expect(ran.out).toContain('2 of 2 scenarios hold');
  });

  test('exit 1 and what failed when one does not hold', async () => {
    const cwd = scenarios({ 'a.json': { outcome: 'dfu' }, 'b.json': { outcome: 'fault' } });
    const ran = await cli(['test', '.', '--junit', 'r.xml', '--quiet'], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.out).not.toContain('a.json');
    expect(ran.out).toContain('outcome is dfu, expected fault');
    expect(readFileSync(join(cwd, 'r.xml'), 'utf8')).toContain('tests="2" failures="1" errors="0"');
  });

  test('a scenario whose image is missing does not hold: exit 1, and the others run', async () => {
    const cwd = scenarios({ 'a.json': { outcome: 'dfu' }, 'b.json': { outcome: 'dfu' } });
    const b = JSON.parse(readFileSync(join(cwd, 'b.json'), 'utf8')) as object;
    writeFileSync(join(cwd, 'b.json'), JSON.stringify({ ...b, images: ['gone.elf'] }));
    const ran = await cli(['test', '.'], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('ok   a.json');
    expect(ran.out).toMatch(/ERR {2}b\.json.*\n +cannot read gone\.elf[^]*1 of 2 scenarios hold/);
  });

  test('a name of several lines stays on one: a CI reads commands from lines', async () => {
    const cwd = scenarios({ 'a\n::set-output name=x::1.json': { outcome: 'fault' } });
    for (const args of [
      ['test', '.'],
      ['test', '.', '--list'],
    ]) {
      const { out } = await cli(args, { cwd });
      expect(out).toContain('a\\x0a::set-output name=x::1.json');
      expect(out).not.toMatch(/^::/m);
    }
  });

  test('a folder whose name is not UTF-8 is told with why it cannot be read', async () => {
    const cwd = scenarios({ 'a.json': { outcome: 'dfu' } });
    mkdirSync(Buffer.concat([Buffer.from(`${cwd}/b`), Buffer.of(0xff)]));
    expect(await cli(['test', '.'], { cwd })).toMatchObject({
      code: 2,
      err: expect.stringContaining('only UTF-8 file names: rename the file') as string,
    });
  });

  test('exit 2 when there is nothing to run', async () => {
    expect((await cli(['test', '.'], { cwd: scenarios({}) })).code).toBe(2);
    expect((await cli(['test', 'nowhere'], { cwd: scenarios({}) })).code).toBe(2);
    expect((await cli(['test', '*.nothing'], { cwd: scenarios({}) })).code).toBe(2);
  });

  // deeper than the system takes paths, so that it cannot be read by anybody
  test('exit 2 for a folder below that cannot be read, and its name', async () => {
    const cwd = scenarios({ 'a.json': { outcome: 'dfu' } });
    const name = 'n'.repeat(200);
    spawnSync('sh', ['-c', `for i in $(seq 25); do mkdir ${name} && cd ${name}; done`], { cwd });
    const { code, err } = await cli(['test', '.'], { cwd });
    spawnSync('rm', ['-rf', join(cwd, name)]);
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^bootbench: cannot read .*nnn: the name is too long; give a subfolder or a pattern/),
    ]);
  });

  test('exit 2 for firmware in place of a scenario, and what to do with it', async () => {
    const cwd = folder({ 'fw.elf': Uint8Array.of(0x7f, 0x45, 0x4c, 0x46) });
    for (const args of [
      ['test', 'fw.elf'],
      ['run', '--scenario', 'fw.elf'],
    ]) {
      const { code, err } = await cli(args, { cwd });
      expect([code, err]).toEqual([2, expect.stringMatching(/^bootbench: fw\.elf is firmware .*`bootbench run fw\.elf` runs it/)]);
    }
  });

  test('a scenario that cannot be run fails and says why, the others still run', async () => {
    const cwd = scenarios({ 'a.json': { outcome: 'dfu' }, 'b.json': { outcom: 'dfu' } });
    const ran = await cli(['test', '*.json', '--junit', '-'], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('unknown key expect.outcom; did you mean outcome?');
    expect(ran.err).toContain('ok   a.json');
    expect(ran.out).toContain('<error message=');
  });
});

test.each([
  ['a/*.json', 'a/b.json', true],
  ['a/*.json', 'a/c/b.json', false],
  ['a/**/*.json', 'a/c/d/b.json', true],
  ['a/**/*.json', 'a/b.json', true],
  ['a/{x,y}?.json', 'a/y1.json', true],
  ['a/{x,y}?.json', 'a/z1.json', false],
  ['a.b', 'axb', false],
  ['{a,{b,}c}d', 'cd', true],
  ['{**/a,b}.json', 'x/b.json', false],
  ['{**/a,b}.json', 'x/y/a.json', true],
  ['**.json', 'a/b.json', true],
])('the pattern %s against %s: %s', (pattern, path, matches) => {
  expect(globOf(pattern).test(path)).toBe(matches);
});

test.each([`${'*'.repeat(60)}b`, '*a'.repeat(60), '**/*a'.repeat(20), `${'{a,*}'.repeat(40)}b`, `${'**'.repeat(40)}b`])(
  'the pattern %s takes no longer for a name that it nearly matches',
  (pattern) => {
    const glob = globOf(pattern);
    // a regular expression with these stars has no end; this is done in some milliseconds
    expect(glob.test(`${'a'.repeat(50)}c`)).toBe(false);
    expect(glob.test(`${'a/'.repeat(50)}c`)).toBe(false);
  },
);
