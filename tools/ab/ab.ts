/**
 * What another commit answers otherwise than these sources: `npm run ab -- <commit> [--with <commit>] [--parts results,registers,writes,programs,boots]
 * [--only <text>] [--groups <n>]`.
 *
 * Builds both outside the tracked files and asks both the same: all scenarios of all fixtures of these sources (`results`), reset values and what
 * is left of ones and zeros in each register of each chip (`registers`), all registers after random writes (`writes`), registers and time after random
 * programs on each core (`programs`), boots into the stand-in ROM up to DFU (`boots`). Differences of one kind stand in one group. `--with` names
 * another commit in place of these sources, `--only` takes fixtures or chips whose name contains the text.
 * Exit 0: equal. 1: different.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { differences, grouped, groupText } from './leaves.ts';

const PARTS = ['results', 'registers', 'writes', 'programs', 'boots'];
/** Below node_modules, so that packages are found from there. */
const CACHE = resolve('node_modules/.cache/ab');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    with: { type: 'string' },
    parts: { type: 'string', default: PARTS.join(',') },
    only: { type: 'string', default: '' },
    groups: { type: 'string', default: '40' },
  },
});
const fail = (what: string): never => {
  console.error(`ab: ${what}; --help says what it takes`);
  process.exit(2);
};
const parts = values.parts.split(',');
const strange = parts.find((part) => !PARTS.includes(part));
if (strange !== undefined) fail(`there is no part ${strange}`);
if (positionals.length !== 1) fail('name one commit');

function shaOf(commit: string): string {
  try {
    return execFileSync('git', ['rev-parse', '--verify', `${commit}^{commit}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return fail(`${commit} is no commit`);
  }
}
/** The build of a commit; it is kept. */
function buildOf(sha: string): string {
  const folder = join(CACHE, sha);
  const done = join(folder, 'built');
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const tar = execFileSync(
      'git',
      ['archive', sha, '--', 'package.json', 'tsconfig.json', 'src', 'rom', 'schemas', 'tools', 'web', 'fixtures', 'docs'],
      {
        maxBuffer: 2 ** 30,
      },
    );
    execFileSync('tar', ['-x', '-C', folder], { input: tar });
    execFileSync(process.execPath, ['tools/build.mjs', join(folder, 'dist')], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    writeFileSync(done, '');
  }
  return join(folder, 'dist');
}
function buildHere(): string {
  const dist = join(CACHE, 'here', 'dist');
  mkdirSync(dist, { recursive: true });
  execFileSync(process.execPath, ['tools/build.mjs', dist], { stdio: ['ignore', 'ignore', 'inherit'] });
  return dist;
}

/** The answers of one build to one part, by a process of its own. */
function answers(dist: string, part: string, out: string): Promise<ReadonlyMap<string, unknown>> {
  const options = ['--dist', dist, '--part', part, '--out', out, '--only', values.only];
  const child = spawn(process.execPath, ['tools/run-ts.mjs', 'tools/ab/collect.ts', ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((done, broken) => {
    child.on('exit', (code) => {
      if (code !== 0) return broken(new Error(`${part} of ${dist} ended with ${code}`));
      const lines = readFileSync(out, 'utf8').split('\n').filter(Boolean);
      return done(new Map(lines.map((line) => JSON.parse(line) as [string, unknown])));
    });
  });
}

const other = shaOf(positionals[0]!);
const folder = mkdtempSync(join(tmpdir(), 'bootbench-ab-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const before = buildOf(other);
const after = values.with === undefined ? buildHere() : buildOf(shaOf(values.with));
let different = 0;
for (const part of parts) {
  const [a, b] = await Promise.all([answers(before, part, join(folder, `${part}-a`)), answers(after, part, join(folder, `${part}-b`))]);
  const list = differences(a, b);
  const groups = grouped(list);
  different += list.length;
  console.log(
    `${part}: ${Math.max(a.size, b.size)} answers, ${list.length} differ${list.length > 0 ? `, in ${groups.length} groups` : ''}`,
  );
  for (const group of groups.slice(0, Number(values.groups))) console.log(groupText(group).join('\n'));
  if (groups.length > Number(values.groups)) console.log(`  … ${groups.length - Number(values.groups)} more groups (--groups)`);
}
process.exitCode = different === 0 ? 0 : 1;
