/** Files of results that come from elsewhere, or that somebody has changed: looked at before they are used, and never written. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { cli } from '../cli/helpers.ts';
import { commandsIn, CONTROLS } from '../samples/hostile.ts';
import { campaignFolder, SMALL } from './helpers.ts';
import { stored } from './stored.ts';

// the package is no module
const { Database } = createRequire(import.meta.url)('node-sqlite3-wasm') as typeof Sqlite;

/** `spec.json`, its results in `all.sqlite`, and those of one half in `half.sqlite`. */
let made = '';
beforeAll(async () => {
  made = campaignFolder(SMALL, afterAll);
  for (const words of [['--out', 'all.sqlite'], ['--out', 'half.sqlite', '--shard', '1/2']])
    await cli(['campaign', 'spec.json', '--quiet', ...words], { cwd: made });
}, 60_000); // prettier-ignore

/** The same with one of its files changed. */
function changed(file: string, sql: string): string {
  const cwd = mkdtempSync(join(made, '..', 'bootbench-test-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  cpSync(made, cwd, { recursive: true });
  const db = new Database(join(cwd, file));
  db.exec(sql);
  db.close();
  return cwd;
}
/** A folder with its files, to be compared. */
const contents = (cwd: string): Record<string, string> =>
  Object.fromEntries(readdirSync(cwd).map((name) => [name, readFileSync(join(cwd, name)).toString('base64')]));

const HOSTILE = "char(27) || '[31m' || char(10) || '::error::DB'";
const ROW = '(SELECT id FROM results LIMIT 1)';
const CASE = /case \d+ is none of this campaign/;
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  ['an outcome that is none', `UPDATE results SET outcome = ${HOSTILE}`, CASE],
  ['an end that is none', `UPDATE results SET ended = ${HOSTILE} WHERE no = 3`, /case 3 is none/],
  ['a time that is a text', `UPDATE results SET at_ps = ${HOSTILE} WHERE no = 3`, /case 3 is none/],
  ['a number of cycles that is none', "UPDATE results SET cycles = x'00'", CASE],
  ['a name of no length', "UPDATE results SET id = x''", CASE],
  ['an address that is a text', "UPDATE results SET pc = 'here'", CASE],
  ['a long word', "UPDATE results SET fault = replace(hex(zeroblob(200000)), '00', 'x')", CASE],
  ['a group that is not there', 'DELETE FROM groups', CASE],
  ['a group of another number', 'UPDATE results SET grp = 99 WHERE no = 0', /case 0 is none/],
  ['a group that is no text', "UPDATE groups SET cause = x'1b' WHERE grp = 1", /group 1 is none of this campaign/],
  ['a target that is not there', 'UPDATE results SET target = 7 WHERE no = 2', /case 2 is none/],
  ['a case behind the last one', `INSERT INTO results SELECT no + 1000000, id, target, delay, factor, seed, leave, fault, before, pc, outcome, ended, at_ps, cycles, grp FROM results`, /case 1000000 is none/],
  ['a case in front of the first one', 'UPDATE results SET no = -5 WHERE no = 0', /case -5 is none/],
  ['a case set aside that is none', `INSERT INTO aside VALUES (4, ${ROW}, 9, 1, 'x')`, /case 4 is none/],
  ['no table of groups', 'DROP VIEW cases; DROP TABLE groups', /holds no results of a campaign/],
  ['a query without an end in place of a table', 'DROP TABLE aside; CREATE VIEW aside AS WITH RECURSIVE r(no) AS (SELECT 1 UNION ALL SELECT no + 1 FROM r) SELECT * FROM r', /holds no results of a campaign/],
  ['a trigger', 'CREATE TRIGGER t BEFORE INSERT ON proofs BEGIN DELETE FROM results; END', /holds no results of a campaign/],
  ['another version', 'PRAGMA user_version = 7', /holds no results of a campaign/],
  ['no campaign that it is of', "UPDATE meta SET value = '{' WHERE key = 'identity'", /does not say which campaign its results are of/],
  ['a campaign that is null', "UPDATE meta SET value = 'null' WHERE key = 'identity'", /does not say which campaign its results are of/],
]; // prettier-ignore

describe.each(WRONG)('results with %s', (_what, sql, why) => {
  it('are not merged, and their file is left as it was', async () => {
    const cwd = changed('half.sqlite', sql);
    const before = contents(cwd);
    const ran = await cli(['campaign', 'spec.json', '--merge', 'half.sqlite', '--out', 'out.sqlite'], { cwd });
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toMatch(/^bootbench: --merge: half\.sqlite[^\n\u001b]*\n$/);
    expect(ran.err).toMatch(why);
    expect(contents(cwd)).toEqual(before);
  });
  it('are not gone on with', async () => {
    const cwd = changed('all.sqlite', sql);
    const ran = await cli(['campaign', 'spec.json', '--resume', '--out', 'all.sqlite'], { cwd });
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toMatch(/^bootbench: [^\n\u001b]*all\.sqlite[^\n\u001b]*\n$/);
    expect(ran.err).toMatch(why);
  });
});

it.each([
  ['no list', '{}'],
  ['null', '[null]'],
  ['no facts', '[{"name":"x","chip":"y","hash":"z"}]'],
  ['not there', '['],
])('targets that are %s are not gone on with', async (_what, targets) => {
  const cwd = changed('all.sqlite', `UPDATE meta SET value = '${targets}' WHERE key = 'targets'`);
  const ran = await cli(['campaign', 'spec.json', '--resume', '--out', 'all.sqlite'], { cwd });
  expect([ran.code, ran.out]).toEqual([2, '']);
  expect(ran.err).toMatch(/^bootbench: [^\n]*all\.sqlite: its targets: [^\n]*\n$/);
});

it('what a file of results says of groups, targets and proofs is text in every output', async () => {
  const sql = `UPDATE groups SET place = ${HOSTILE}, cause = cause || ${HOSTILE}; INSERT OR REPLACE INTO proofs SELECT grp, ${HOSTILE} FROM groups`;
  const cwd = changed('all.sqlite', sql);
  for (const [name, words] of [
    ['m.sqlite', ['--merge', 'all.sqlite']],
    ['all.sqlite', ['--resume']],
  ] as const) {
    const ran = await cli(['campaign', 'spec.json', '--out', name, ...words, '--html', 'm.html', '--junit', 'm.xml'], { cwd });
    expect([ran.code, ran.out]).toEqual([1, expect.stringContaining('\\x1b[31m')]);
    for (const text of [ran.out, ran.err, ...['m.html', 'm.xml'].map((file) => readFileSync(join(cwd, file), 'utf8'))]) {
      expect(text).not.toMatch(CONTROLS);
      expect(commandsIn(text)).toEqual([]);
    }
  }
});

it('a file whose pages are damaged is told, not merged and not gone on with', async () => {
  const cwd = changed('all.sqlite', '');
  const bytes = readFileSync(join(cwd, 'all.sqlite'));
  bytes.fill(0xa5, 4096);
  for (const name of ['all.sqlite', 'half.sqlite']) writeFileSync(join(cwd, name), bytes);
  for (const words of [
    ['--out', 'all.sqlite', '--resume'],
    ['--out', 'm.sqlite', '--merge', 'half.sqlite'],
  ]) {
    const ran = await cli(['campaign', 'spec.json', ...words], { cwd });
    expect([ran.code, ran.out, ran.err]).toEqual([
      2,
      '',
      expect.stringMatching(/^bootbench: .*\.sqlite: database disk image is malformed; .*\n$/),
    ]);
  }
});

describe('what is merged is not written', () => {
  it('also where it is empty', async () => {
    const cwd = changed('all.sqlite', '');
    writeFileSync(join(cwd, 'empty.sqlite'), '');
    const ran = await cli(['campaign', 'spec.json', '--merge', 'empty.sqlite', '--out', 'out.sqlite'], { cwd });
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('--merge: empty.sqlite contains no results')]);
    expect(readFileSync(join(cwd, 'empty.sqlite'), 'utf8')).toBe('');
    expect(existsSync(join(cwd, 'out.sqlite'))).toBe(false);
  });
  it('also where it is right: its results are taken', async () => {
    const cwd = changed('all.sqlite', '');
    // another program keeps it locked
    mkdirSync(join(cwd, 'half.sqlite.lock'));
    const before = readFileSync(join(cwd, 'half.sqlite'));
    const ran = await cli(['campaign', 'spec.json', '--merge', 'half.sqlite', '--merge', 'all.sqlite', '--out', 'out.sqlite'], { cwd });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('14 of 14 cases in out.sqlite')]);
    expect(stored(join(cwd, 'out.sqlite'))).toEqual(stored(join(cwd, 'all.sqlite')));
    expect(readFileSync(join(cwd, 'half.sqlite'))).toEqual(before);
  });
  it('and not read while somebody writes it', async () => {
    const cwd = changed('all.sqlite', '');
    writeFileSync(join(cwd, 'half.sqlite.writer'), String(process.ppid));
    const ran = await cli(['campaign', 'spec.json', '--merge', 'half.sqlite', '--out', 'out.sqlite'], { cwd });
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/--merge: half\.sqlite is being written by process \d+; wait for it/)]);
  });
});

it.skipIf(process.platform !== 'linux')('a device is not gone on with, and nothing is written beside it', async () => {
  const cwd = changed('all.sqlite', '');
  symlinkSync('/dev/null', join(cwd, 'null.sqlite'));
  const before = readdirSync(cwd);
  const ran = await cli(['campaign', 'spec.json', '--resume', '--out', 'null.sqlite'], { cwd });
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('null.sqlite is no file, so nothing can be gone on with')]);
  expect(readdirSync(cwd)).toEqual(before);
});

it.skipIf(process.platform !== 'linux')('results that cannot be made where they should be are exit 2 and a sentence, before anything runs', async () => {
  for (const option of ['--out', '--html', '--junit', '--parquet']) {
    const ran = await cli(['campaign', 'spec.json', option, '/proc/x.sqlite'], { cwd: made });
    expect([ran.code, ran.err]).toEqual([2, `bootbench: ${option}: cannot write /proc/x.sqlite: this folder takes no files\n`]);
  }
}); // prettier-ignore
