/** `bootbench demo`, and the package that it copies from. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';
import { cli } from './helpers.ts';

const EXAMPLES = JSON.parse(readFileSync(packageFile('demo/examples.json'), 'utf8')) as readonly string[];

let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('demo', () => {
  it('writes a project and the examples, and says what to type', async () => {
    const { code, out } = await cli(['demo'], { cwd });
    expect(code).toBe(0);
    expect(out).toContain('cd bootbench-demo/firmware');
    const folder = join(cwd, 'bootbench-demo');
    for (const file of ['firmware/build/firmware.elf', 'firmware/TUTORIAL.md', 'firmware/scenarios/button.json', 'common/core/core.c'])
      expect(existsSync(join(folder, file)), file).toBe(true);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining([...EXAMPLES]));
    expect(readFileSync(join(folder, 'firmware/TUTORIAL.md'), 'utf8')).not.toMatch(/\]\(\w+\.md\)/);
    expect(readdirSync(cwd)).toEqual(['bootbench-demo']);
  });
  it.skipIf(process.platform === 'win32')('may be read by whoever may read what this user makes', async () => {
    const apart = join(cwd, 'apart');
    mkdirSync(apart);
    await cli(['demo', 'mine'], { cwd: apart });
    expect(statSync(join(apart, 'mine')).mode).toBe(statSync(apart).mode);
    rmSync(apart, { recursive: true });
  });
  it('takes an empty folder', async () => {
    mkdirSync(join(cwd, 'empty'));
    expect((await cli(['demo', 'empty'], { cwd })).code).toBe(0);
    expect(existsSync(join(cwd, 'empty', 'firmware'))).toBe(true);
  });
  it('leaves what is there alone', async () => {
    mkdirSync(join(cwd, 'mine'));
    writeFileSync(join(cwd, 'mine', 'main.c'), 'mine');
    for (const place of ['mine', 'mine/main.c']) {
      const { code, err } = await cli(['demo', place], { cwd });
      expect([code, err]).toEqual([2, `bootbench: ${place} is there already; give another folder: bootbench demo <folder>\n`]);
    }
    expect(readdirSync(join(cwd, 'mine'))).toEqual(['main.c']);
  });
  it('removes what a demo that was killed has left, and leaves what is not its own', async () => {
    const around = mkdtempSync(join(cwd, 'around-'));
    // a preloaded module ends the process as `kill -9` does, in the middle of the copy
    const killed = `data:text/javascript,import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
      fs.renameSync = () => process.kill(process.pid, 'SIGKILL'); syncBuiltinESMExports();`;
    const run = spawnSync(process.execPath, ['--import', killed, packageFile('tools/run-ts.mjs'), packageFile('src/cli/bootbench.ts'), 'demo'], { cwd: around, encoding: 'utf8' }); // prettier-ignore
    expect(run.signal, run.stderr).toBe('SIGKILL');
    expect(readdirSync(around)).toEqual([expect.stringMatching(/^\.bootbench-demo\..*\.tmp$/)]);
    mkdirSync(join(around, '.bootbench-demo-mine'));
    expect((await cli(['demo'], { cwd: around })).code).toBe(0);
    expect(readdirSync(around).sort()).toEqual(['.bootbench-demo-mine', 'bootbench-demo']);
  });
  it('says that the folder around is missing', async () => {
    const { code, err } = await cli(['demo', 'a/b'], { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(/^bootbench: there is no folder .*\/a; make it first\n$/);
  });
});

describe('the package', () => {
  interface Packed {
    readonly files: readonly { readonly path: string }[];
  }
  it('carries what demo writes, and the program runs with nothing else of the repository', () => {
    const list = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: packageFile('.'), encoding: 'utf8' });
    const [packed] = JSON.parse(list) as [Packed];
    const root = join(cwd, 'node_modules', 'bootbench');
    for (const { path } of packed.files)
      if (!path.startsWith('dist/')) cpSync(packageFile(path), join(mkdirp(join(root, dirname(path))), path.split('/').at(-1)!));
    const dist = builtProgram();
    cpSync(dist, join(root, 'dist'), { recursive: true });
    symlinkSync(packageFile('node_modules'), join(root, 'node_modules'));
    const run = (folder: string, ...args: readonly string[]) =>
      spawnSync(process.execPath, [join(root, 'dist', 'bootbench.js'), ...args], { cwd: join(cwd, folder), encoding: 'utf8' });
    expect(run('.', 'demo', 'installed')).toMatchObject({ status: 0, stderr: '' });
    expect(run('installed/firmware', 'run', 'build/firmware.elf').stdout).toContain('primask');
    expect(run('installed', 'run', '--scenario', 'f405-masked/scenario.json').status).toBe(0);
    for (const folder of [...EXAMPLES, 'common', 'evidence']) expect(existsSync(join(cwd, 'installed', folder)), folder).toBe(true);
    rmSync(dist, { recursive: true, force: true });
  });
  const mkdirp = (folder: string): string => {
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  it('has no example that no page uses', () => {
    const pages = readdirSync(packageFile('docs')).filter((f) => f.endsWith('.md'));
    const text = pages.map((page) => readFileSync(packageFile(`docs/${page}`), 'utf8')).join('\n');
    const used = (example: string): boolean => new RegExp(`^\\$ bootbench .*\\b${example}\\b`, 'm').test(text);
    const campaign = readFileSync(packageFile('demo/campaign-small.json'), 'utf8');
    expect(EXAMPLES.filter((example) => !used(example) && !campaign.includes(example))).toEqual([]);
    const { files } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { readonly files: readonly string[] };
    expect(files.filter((f) => /^fixtures\/\w+-/.test(f)).map((f) => f.slice('fixtures/'.length))).toEqual(EXAMPLES);
  });
});
