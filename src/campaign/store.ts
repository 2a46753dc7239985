/**
 * Results in one SQLite file. A result is written once: the same case again is compared and left as it is. What has been committed survives the
 * death of the process at any moment.
 */
import { closeSync, existsSync, lstatSync, openSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Database as SqliteDatabase, JSValue, Statement } from 'node-sqlite3-wasm';
import { OUTCOMES } from '../bench/documents/outcomes.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import type { CaseResult } from './base.ts';
import type { Explanation } from './explain.ts';
import type { Case, SpaceTarget } from './space.ts';
import { isAlive, isPlain } from './temporary.ts';

const FORMAT = 2;
/** Rows that are read at once. */
const PAGE = 50_000;
const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE targets (target INTEGER PRIMARY KEY, name TEXT NOT NULL, chip TEXT NOT NULL, hash TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE TABLE groups (grp INTEGER PRIMARY KEY, outcome TEXT NOT NULL, cause TEXT NOT NULL, entry TEXT NOT NULL, place TEXT NOT NULL,
  UNIQUE (outcome, cause, entry, place));
CREATE TABLE proofs (grp INTEGER PRIMARY KEY, checks TEXT NOT NULL);
CREATE TABLE results (no INTEGER PRIMARY KEY, id BLOB NOT NULL, target INTEGER NOT NULL, delay TEXT, factor REAL, seed INTEGER, leave TEXT, fault TEXT,
  before INTEGER, pc INTEGER, outcome TEXT NOT NULL, ended TEXT NOT NULL, at_ps INTEGER NOT NULL, cycles INTEGER NOT NULL, grp INTEGER);
CREATE TABLE aside (no INTEGER PRIMARY KEY, id BLOB NOT NULL, target INTEGER NOT NULL, attempts INTEGER NOT NULL, evidence TEXT NOT NULL);
CREATE INDEX results_outcome ON results (outcome, target);
CREATE INDEX results_group ON results (grp) WHERE grp IS NOT NULL;
CREATE VIEW cases AS SELECT no, lower(hex(id)) AS id, t.name AS target, t.chip AS chip, delay, factor, seed, leave, fault, before,
  printf('0x%08x', pc) AS pc, r.outcome AS outcome, ended, at_ps / 1e12 AS seconds, cycles, g.cause AS cause, g.entry AS entry, g.place AS place, r.grp AS grp
  FROM results r JOIN targets t USING (target) LEFT JOIN groups g ON g.grp = r.grp;`;

/** A file of somebody else may have views and triggers of its own, which run when its rows are read. */
const OWN_SCHEMA = TABLES.split(';').map((text) => text.trim()).filter(Boolean).sort().join('\n'); // prettier-ignore
function hasOwnSchema(db: SqliteDatabase): boolean {
  const rows = db.all('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL') as { sql: string }[];
  return rows.map(({ sql }) => sql).sort().join('\n') === OWN_SCHEMA; // prettier-ignore
}

const LONGEST_WORD = 256;
const LONGEST_TEXT = 2 ** 16;
const MOST = Number.MAX_SAFE_INTEGER;
const among = (words: readonly string[]): string => `(${words.map((word) => `'${word}'`).join()})`;
const isText = (column: string, most: number): string => `(typeof(${column}) = 'text' AND length(${column}) <= ${most})`;
const isCount = (column: string, most: number | string = MOST): string =>
  `(typeof(${column}) = 'integer' AND ${column} BETWEEN 0 AND ${most})`;
const orNull = (column: string, holds: string): string => `(${column} IS NULL OR ${holds})`;
const IS_OUTCOME = (column: string): string => `(typeof(${column}) = 'text' AND ${column} IN ${among([...OUTCOMES, 'absent'])})`;
const IS_CASE = ["typeof(id) = 'blob' AND length(id) = 16", isCount('no', ':size - 1'), isCount('target', ':targets - 1')];
/** What each row holds that this program writes: in place of the types that a column of SQLite does not have. */
const HOLDS: Readonly<Record<'results' | 'aside' | 'groups', readonly string[]>> = {
  results: [
    ...IS_CASE,
    ...['delay', 'fault'].map((column) => orNull(column, isText(column, LONGEST_WORD))),
    orNull('leave', isText('leave', LONGEST_TEXT)),
    orNull('factor', "typeof(factor) IN ('integer', 'real')"),
    ...['seed', 'before', 'pc'].map((column) => orNull(column, isCount(column))),
    IS_OUTCOME('outcome'),
    `${isText('ended', LONGEST_WORD)} AND ended NOT GLOB '*[^a-z-]*'`,
    isCount('at_ps'),
    isCount('cycles'),
    orNull('grp', 'grp IN (SELECT grp FROM groups)'),
  ],
  aside: [...IS_CASE, isCount('attempts'), isText('evidence', 2 ** 20)],
  groups: [IS_OUTCOME('outcome'), ...['cause', 'entry', 'place'].map((column) => isText(column, LONGEST_TEXT))],
};

/** What results are of. */
export interface Bounds {
  /** Cases of the space. */
  readonly size: number;
  readonly targets: number;
}

export interface StoredTarget {
  readonly name: string;
  readonly chip: string;
  readonly hash: string;
  readonly facts: SpaceTarget;
}
export interface Group extends Explanation {
  readonly grp: number;
  readonly cases: number;
  /** The first case. */
  readonly first: number;
  /** Targets with such cases. */
  readonly targets: readonly number[];
  /** Checks that are the cause of the first case, proved by repair at its entry; empty: none are; null: not tried. */
  readonly proved: string | null;
}
export interface Aside {
  readonly no: number;
  readonly id: string;
  readonly target: number;
  readonly attempts: number;
  readonly evidence: string;
}
/** Case and its result. */
export interface Row {
  readonly one: Case;
  readonly steps: SpaceTarget['steps'];
  readonly result: CaseResult;
}

/** What the file says already of a case. */
interface Known {
  readonly outcome: string;
  readonly ended: string;
  readonly at_ps: number;
  readonly cycles: number;
  readonly id: Uint8Array;
}
const isSame = (there: Known, r: Row['result']): boolean =>
  hexOf(there.id) === r.id && there.outcome === r.outcome && there.ended === r.ended && there.at_ps === r.at && there.cycles === r.cycles;

export class Store {
  readonly path: string;
  private readonly db: SqliteDatabase;
  private readonly insert: Statement;
  private readonly known: Statement;
  private readonly groups = new Map<string, number>();
  /** Results that differed from what was there: a run that is not deterministic. */
  conflicts = 0;
  /** Results that were there already. */
  repeated = 0;

  private constructor(path: string, db: SqliteDatabase) {
    this.path = path;
    this.db = db;
    this.insert = db.prepare(`INSERT INTO results VALUES (${Array.from({ length: 15 }, () => '?').join()})`);
    this.known = db.prepare('SELECT outcome, ended, at_ps, cycles, id FROM results WHERE no = ?');
  }

  /** A new file, or with `resume` the one that is there. @param shown what an error calls it */
  static async open(path: string, resume: boolean, shown = path): Promise<Store> {
    const { Database } = (await import('node-sqlite3-wasm')).default;
    takeOver(path);
    let db: SqliteDatabase | undefined;
    const made = !resume && makeFile(path);
    try {
      db = new Database(path, { fileMustExist: resume });
      // one process writes; the journal is cut instead of deleted, which is one call less to the file system at each commit
      db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL;');
      // killed before anything was written: nothing is lost
      const nothing = (db.get('SELECT count(*) AS n FROM sqlite_master') as { n: number }).n === 0;
      if (!resume || nothing) db.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${FORMAT}; COMMIT;`);
      const version = db.get('PRAGMA user_version') as { user_version: number } | null;
      if (version?.user_version !== FORMAT || !hasOwnSchema(db))
        throw new UsageError(
          `${shown} holds no results of a campaign that this version can go on with`,
          'give another --out, or --overwrite',
        );
      return new Store(path, db);
    } catch (error) {
      const open = db;
      if (open) calmly(() => open.close());
      if (made) calmly(() => rmSync(path, { force: true }));
      leave(path);
      if (error instanceof UsageError) throw error;
      throw (
        unwritten(shown, error) ??
        new UsageError(`${shown}: ${(error as Error).message}`, 'it must be an SQLite file that this program wrote')
      );
    }
  }

  /** Behind a write that failed the library throws that error once more, of each statement that it ends. */
  close(): void {
    calmly(() => this.insert.finalize());
    calmly(() => this.known.finalize());
    calmly(() => this.db.close());
    leave(this.path);
  }

  meta(key: string): string | null {
    const row = this.db.get('SELECT value FROM meta WHERE key = ?', key) as { value: string } | null;
    return row?.value ?? null;
  }
  setMeta(key: string, value: string): void {
    this.db.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', [key, value]);
  }

  /** What the campaign consists of, as one transaction. */
  begin(meta: Readonly<Record<string, string>>, targets: readonly StoredTarget[]): void {
    this.transaction(() => {
      for (const [key, value] of Object.entries(meta)) this.setMeta(key, value);
      targets.forEach((t, i) => this.db.run('INSERT INTO targets VALUES (?, ?, ?, ?, ?)', [i, t.name, t.chip, t.hash, t.facts.outcome]));
      this.setMeta('targets', JSON.stringify(targets));
    });
  }

  /** Writes results and what was set aside; all of it or nothing. */
  add(rows: readonly Row[], aside: readonly Aside[] = []): void {
    this.transaction(() => {
      for (const row of rows) this.addRow(row);
      for (const a of aside)
        this.db.run('INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?, ?)', [a.no, bytesOf(a.id), a.target, a.attempts, a.evidence]);
    });
  }
  private addRow({ one, steps, result: r }: Row): void {
    const there = this.known.get(one.no) as Known | null;
    if (there) {
      if (isSame(there, r)) this.repeated++;
      else this.conflicts++;
      return;
    }
    const { delay, seed, leave: left, fault } = one.variation;
    this.insert.run([
      ...[one.no, bytesOf(r.id), one.target, delay?.name ?? null, delay?.factor ?? null, seed],
      left.length === 0 ? null : left.map((i) => steps[i]!.what).join(' and '),
      ...[fault?.kind ?? null, fault?.before ?? null, r.pc, r.outcome, r.ended, r.at, r.cycles, r.group && this.group(r.group)],
    ] as JSValue[]);
    this.db.run('DELETE FROM aside WHERE no = ?', one.no);
  }
  /** What is there and was not written by this program, in words that follow the name of the file; null where all was. Signals have their turn. */
  async wrongIn({ size, targets }: Bounds): Promise<string | null> {
    for (const [table, key, one] of [
      ['groups', 'grp', 'group'],
      ['results', 'no', 'case'],
      ['aside', 'no', 'case'],
    ] as const) {
      const holds = HOLDS[table]
        .map((text) => `(${text})`)
        .join(' AND ')
        .replaceAll(':size', String(size))
        .replaceAll(':targets', String(targets));
      const below = this.db.get(`SELECT ${key} AS no FROM ${table} WHERE ${key} < 0 LIMIT 1`) as { no: number | bigint } | null;
      if (below !== null) return `${one} ${below.no} is none of this campaign`;
      const page = `SELECT * FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ${PAGE}`;
      const sql = `SELECT max(${key}) AS last, min(CASE WHEN ${holds} THEN NULL ELSE ${key} END) AS wrong FROM (${page})`;
      for (let after: number | bigint | null = -1; after !== null;) {
        const found = this.db.get(sql, [after]) as { last: number | bigint | null; wrong: number | bigint | null };
        if (found.wrong !== null) return `${one} ${found.wrong} is none of this campaign`;
        after = found.last;
        await new Promise((turn) => setImmediate(turn));
      }
    }
    return null;
  }
  /** All results and cases set aside of another file of the same campaign, in which nothing is wrong. */
  async take(other: Store): Promise<void> {
    const columns = 'no, id, target, delay, factor, seed, leave, fault, before, pc, outcome, ended, at_ps, cycles';
    type Taken = Record<string, JSValue> & { no: number; outcome: string; grp: number | null };
    const groups = new Map(other.all<Explanation & { grp: number }>('SELECT * FROM groups').map((g) => [g.grp, g]));
    for (let after = -1; ;) {
      const rows = other.all<Taken>(`SELECT ${columns}, grp FROM results WHERE no > ? ORDER BY no LIMIT ${PAGE}`, [after]);
      this.transaction(() => {
        for (const row of rows) {
          const there = this.known.get(row.no) as Taken | null;
          if (there === null) {
            const group = row.grp === null ? null : groups.get(row.grp)!;
            this.insert.run([...columns.split(', ').map((c) => row[c]!), group && this.group(group)]);
          } else if (there.outcome === row.outcome && there['cycles'] === row['cycles'] && there['at_ps'] === row['at_ps']) this.repeated++;
          else this.conflicts++;
        }
      });
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.no;
      await new Promise((turn) => setImmediate(turn));
    }
    const aside = other.aside().filter(({ no }) => this.known.get(no) === null);
    this.add([], aside);
  }
  private group({ outcome, cause, entry, place }: Explanation): number {
    const values = [outcome, cause, entry, place];
    const key = JSON.stringify(values);
    let grp = this.groups.get(key);
    if (grp === undefined) {
      this.db.run('INSERT OR IGNORE INTO groups (outcome, cause, entry, place) VALUES (?, ?, ?, ?)', values);
      const row = this.db.get('SELECT grp FROM groups WHERE outcome = ? AND cause = ? AND entry = ? AND place = ?', values) as {
        grp: number;
      };
      this.groups.set(key, (grp = row.grp));
    }
    return grp;
  }

  private transaction(act: () => void): void {
    this.db.exec('BEGIN');
    try {
      act();
      this.db.exec('COMMIT');
    } catch (error) {
      calmly(() => this.db.inTransaction && this.db.exec('ROLLBACK'));
      this.groups.clear();
      throw unwritten(this.path, error) ?? error;
    }
  }

  /** Neither a result nor a case that was set aside. */
  isEmpty(): boolean {
    return this.db.get('SELECT no FROM results UNION ALL SELECT no FROM aside LIMIT 1') === null;
  }
  /** Rising. */
  *doneNumbers(): Iterable<number> {
    for (let after = -1; ;) {
      const rows = this.db.all('SELECT no FROM results WHERE no > ? ORDER BY no LIMIT ?', [after, PAGE]) as { no: number }[];
      for (const { no } of rows) yield no;
      if (rows.length < PAGE) return;
      after = rows.at(-1)!.no;
    }
  }
  /** Rows of a query of this program's own. */
  all<T>(sql: string, values: readonly (string | number)[] = []): T[] {
    return this.db.all(sql, [...values]) as T[];
  }

  setProof(grp: number, checks: readonly string[]): void {
    this.db.run('INSERT OR REPLACE INTO proofs VALUES (?, ?)', [grp, checks.join(' ')]);
  }
  aside(): Aside[] {
    const rows = this.all<Omit<Aside, 'id'> & { id: Uint8Array }>('SELECT * FROM aside ORDER BY no');
    return rows.map((r) => ({ ...r, id: hexOf(r.id) }));
  }
  /** Of failures, the largest first. */
  failures(): Group[] {
    const rows = this.all<Omit<Group, 'targets'> & { targets: string }>(
      `SELECT g.*, count(*) AS cases, min(no) AS first, group_concat(DISTINCT target) AS targets, p.checks AS proved
       FROM results r JOIN groups g USING (grp) LEFT JOIN proofs p USING (grp) GROUP BY grp ORDER BY cases DESC, first`,
    );
    return rows.map((r) => ({ ...r, targets: r.targets.split(',').map(Number) }));
  }
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

// ---- one writer ------------------------------------------------------------------------------------------------------------------------
// The library locks by a folder beside the file, which a process that was killed leaves behind. So the writer's process number stands beside it, too.
const lockFolder = (path: string): string => `${path}.lock`;
const writerFile = (path: string): string => `${path}.writer`;
const journalFile = (path: string): string => `${path}-journal`;

/** Somebody else writes the file, or something lies beside it: nothing of that is this process's to remove. */
export class InTheWay extends UsageError {}

/** The process that writes a file of results, or did so when it was killed. What is no file was not made by one. */
function writerOf(path: string): number | null {
  if (!isPlain(writerFile(path))) return null;
  const number = Number(readFileSync(writerFile(path), 'utf8'));
  // on a full disk nothing came into it
  return number > 0 ? number : null;
}
/** Removes a link; a UsageError where something else than a file lies in the way. */
function makeWay(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true) rmSync(path);
  else if (found !== undefined && !found.isFile()) throw new InTheWay(`${path} is no file`, 'remove it, or give another --out');
}
/** Throws a UsageError where somebody writes it. */
export function mustBeAtRest(path: string, shown: string, instead: string): void {
  const writer = writerOf(path);
  if (writer !== null && writer !== process.pid && isAlive(writer))
    throw new InTheWay(`${shown} is being written by process ${writer}`, `wait for it, or give another ${instead}`);
}

/** Removes what a process has left that was killed: it stands beside the number of a writer that is gone, or beside nothing that anybody could write. */
function unlock(path: string): void {
  if (!existsSync(lockFolder(path))) return;
  const isLeft = isPlain(writerFile(path)) || lstatSync(path, { throwIfNoEntry: false }) === undefined;
  if (isLeft) calmly(() => rmdirSync(lockFolder(path)));
  if (existsSync(lockFolder(path)))
    throw new InTheWay(`${path} is locked by ${lockFolder(path)}`, 'remove that folder if no other program has the file open');
}
function takeOver(path: string): void {
  mustBeAtRest(path, path, '--out');
  unlock(path);
  makeWay(writerFile(path));
  makeWay(journalFile(path));
  try {
    // made anew: a link in its place is not followed
    rmSync(writerFile(path), { force: true });
    writeFileSync(writerFile(path), String(process.pid), { flag: 'wx' });
    // SQLite would follow one that comes now
    if (!existsSync(journalFile(path))) writeFileSync(journalFile(path), '', { flag: 'wx' });
  } catch (error) {
    // another one has been faster
    mustBeAtRest(path, path, '--out');
    calmly(() => rmSync(writerFile(path), { force: true }));
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw full(path);
    throw new UsageError(`cannot write ${path}: ${code === 'EROFS' ? 'the file system is read-only' : message}`);
  }
}
/** Behind a proper end the journal is empty; one that is not brings the file back to its last transaction when it is opened again. */
function leave(path: string): void {
  const journal = journalFile(path);
  if (isPlain(journal) && statSync(journal).size === 0) rmSync(journal);
  rmSync(writerFile(path), { force: true });
}

function calmly(act: () => void): void {
  try {
    act();
  } catch {
    // what went wrong before is what is told
  }
}
/** An empty file with the permissions that every output has: SQLite's own is for this user alone. False: it is there, or SQLite will say why it cannot be. */
function makeFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch {
    return false;
  }
}
/** What SQLite says where the file system takes no more, as a user can act on it; null for other errors. */
function unwritten(path: string, error: unknown): SurroundingsError | null {
  const { message } = error as Error;
  if (!/disk I\/O error|disk is full/.test(message)) return null;
  return full(path);
}
const full = (path: string): SurroundingsError =>
  new SurroundingsError(`${path} cannot be written: the disk is full, or fails`, 'make room; --resume goes on with what was stored');
