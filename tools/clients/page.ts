/** The table of docs/clients.md. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DFU_ROMS, type DfuRom } from '../../src/usb.ts';
import type { Client, Outcome } from './client.ts';

export interface Row {
  readonly rom: DfuRom;
  /** By the client's name; null: not tried. */
  readonly cells: ReadonlyMap<string, Outcome | null>;
}
const PAGE = join(process.cwd(), 'docs/clients.md');

/** Reasons are numbered below the table. */
class Reasons {
  readonly list: string[] = [];
  mark(text: string): string {
    let at = this.list.indexOf(text);
    if (at < 0) at = this.list.push(text) - 1;
    return `[${at + 1}]`;
  }
}
/** No tables or markup out of what clients say. */
const plain = (text: string): string =>
  text
    .replace(/[\r\n|`<>]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 160);

function table(names: readonly string[], rows: readonly Row[], reasons: Reasons): string[] {
  const cell = (outcome: Outcome | null | undefined): string => {
    if (outcome == null) return '–';
    return outcome.ok ? 'ok' : `${outcome.step} ${reasons.mark(plain(outcome.why ?? ''))}`;
  };
  return [
    `| ROM | ${names.join(' | ')} |`,
    `| --- | ${names.map(() => '---').join(' | ')} |`,
    ...rows.map(({ rom, cells }) => `| ${rom.name} | ${names.map((name) => cell(cells.get(name))).join(' | ')} |`),
  ];
}

interface Kept {
  rows: Record<string, Record<string, Outcome | null>>;
  before: Record<string, Record<string, Outcome | null>>;
}
/** What this run saw, and what earlier ones saw of other ROMs and clients: `<folder>/results.json`. */
export function kept(folder: string, rows: readonly Row[], before: readonly Row[]): { rows: Row[]; before: Row[] } {
  const file = join(folder, 'results.json');
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : { rows: {}, before: {} };
  for (const [into, list] of [[old.rows, rows] as const, [old.before, before] as const])
    for (const { rom, cells } of list) into[rom.name] = { ...into[rom.name], ...Object.fromEntries(cells) };
  writeFileSync(file, JSON.stringify(old, null, 1));
  const rowsOf = (from: Kept['rows']): Row[] =>
    DFU_ROMS.flatMap((rom) => (from[rom.name] ? [{ rom, cells: new Map(Object.entries(from[rom.name]!)) }] : []));
  return { rows: rowsOf(old.rows), before: rowsOf(old.before) };
}

const commit = (client: Client): string => {
  if (client.program) {
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', client.name], { encoding: 'utf8' });
    return stdout || '(version unknown)';
  }
  if (client.from.startsWith('npm ')) {
    const file = join(process.cwd(), 'node_modules', client.from.slice('npm '.length), 'package.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return '';
};

export function writePage(folder: string, list: readonly Client[], rows: readonly Row[], before: readonly Row[]): void {
  const reasons = new Reasons();
  const names = list.map(({ name }) => name);
  const lines = [
    ...table(names, rows, reasons),
    '',
    ...reasons.list.map((reason, i) => `- [${i + 1}] ${reason}`),
    '',
    `Run on ${new Date().toISOString().slice(0, 10)} at ${execFileSync('git', ['rev-parse', '--short=8', 'HEAD'], { encoding: 'utf8' }).trim()}; ${list.map((c) => `${c.name} ${readVersion(folder, c)}`).join(', ')}.`,
  ];
  const again = new Reasons();
  const old =
    before.length === 0
      ? []
      : [...table([...before[0]!.cells.keys()], before, again), '', ...again.list.map((r, i) => `- [${i + 1}] ${r}`)];
  let page = readFileSync(PAGE, 'utf8');
  page = withSection(page, 'clients', lines.join('\n'));
  if (old.length > 0) page = withSection(page, 'regression', old.join('\n'));
  writeFileSync(PAGE, page);
}
/** `<folder>/versions` has a line for each client: its name below the folder, and the commit. */
function readVersion(folder: string, client: Client): string {
  const own = commit(client);
  if (own !== '') return own;
  const directory = client.file.slice(folder.length).replace(/^\/+/, '').split('/')[0]!;
  const versions = readFileSync(join(folder, 'versions'), 'utf8');
  return new RegExp(`^${directory} (\\S+)$`, 'm').exec(versions)?.[1] ?? '(commit unknown)';
}

export function withSection(page: string, name: string, text: string): string {
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = page.indexOf(from);
  const end = page.indexOf(to);
  if (start < 0 || end < start) throw new Error(`the page has no section ${name}`);
  return `${page.slice(0, start + from.length)}\n\n${text.trim()}\n\n${page.slice(end)}`;
}
