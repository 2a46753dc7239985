/**
 * The documentation says what is true: the commands on its pages are run and give what stands there, its links lead somewhere, the reference is that of the
 * schemas. `BOOTBENCH_DOCS=write npx vitest run test/docs` writes outputs and reference anew.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyPatch } from 'diff';
import { afterAll, beforeAll, describe, expect, it, test, onTestFinished } from 'vitest';
import { parseScenario } from '../../src/bench/input/scenario.ts';
import { inThread } from '../../src/cli/engine.ts';
import { streamOf, type Io } from '../../src/cli/io.ts';
import { main } from '../../src/cli/program.ts';
import { STILL_RUNNING } from '../cli/helpers.ts';
import { reference } from './reference.ts';
import { supportPage } from './support.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WRITE = process.env['BOOTBENCH_DOCS'] === 'write';
const pages = [
  ...readdirSync(join(ROOT, 'docs'), { recursive: true })
    .map(String)
    .filter((f) => f.endsWith('.md'))
    .sort()
    .map((f) => `docs/${f}`),
  'README.md',
  'CONTRIBUTING.md',
];
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

describe('the walks of docs/dev/engine.md', () => {
  const section = read('docs/dev/engine.md').split('## Six walks')[1]!.split('\n## ')[0]!;
  const named = [...section.matchAll(/`(\w+)` \(`(src\/[^`]+)`\)/g)].map(([, name, file]): [string, string] => [name!, file!]);
  it.each(named)('%s is in %s', (name, file) => {
    const defined = new RegExp(`^(export )?(async )?function ${name}\\b|^  ((private|protected|override|async) )*${name}\\(`, 'm');
    expect(read(file)).toMatch(defined);
  });
  it('are six', () => {
    expect(named.length).toBeGreaterThan(40);
    const walks = section.split(/^\*\*/m).slice(1);
    expect(walks).toHaveLength(6);
  });
});

it.each(pages.filter((page) => page.startsWith('docs/dev/') && page !== 'docs/dev/outside.md'))('%s names files that are there', (page) => {
  const named = [...read(page).matchAll(/`((?:src|test|tools|rom|benchmarks|fixtures)\/[\w./-]+\.(?:ts|c|h|sh|mjs|json))`/g)].map(
    ([, file]) => file!,
  );
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

/** What a command says in a folder, stdout and stderr in their order, 80 columns, no colour. */
async function output(line: string, cwd: string): Promise<string> {
  let text = '';
  let interrupt = (): void => undefined;
  const [program, ...args] = line.split(/\s+/);
  const serves = SERVERS.has(args[0]!);
  const stream = streamOf(
    (part) => {
      text += part;
      // Ctrl-C as soon as a server listens
      if (serves) setTimeout(() => interrupt(), 0);
    },
    { isTTY: false, columns: 80 },
  );
  const onInterrupt: Io['onInterrupt'] = (ended) => {
    interrupt = () => ended('SIGINT');
    return () => undefined;
  };
  // a folder below the user's own is no repository: paths are those of the folder
  const io: Io = { stdout: stream, stderr: stream, env: { HOME: ROOT }, cwd, onInterrupt };
  expect(program).toBe('bootbench');
  // ports of the documentation may be taken on this machine
  if (serves) args.push('--port', '0');
  await main(args, io, (job, hooks) => inThread(job, hooks));
  return serves ? text.replace(/(?<=127\.0\.0\.1:)\d+/g, PORTS[args[0]!]!) : text;
}
const PORTS: Readonly<Record<string, string>> = { gdb: '3333', probe: '7184' };
const SERVERS: ReadonlySet<string> = new Set(Object.keys(PORTS));
/** A queue, python3, a build, a dump of ST's ROM: not everybody who runs the tests has them. */
const NEEDS_MORE: ReadonlySet<string> = new Set(['help', 'worker', 'uart', 'serve', 'rom', 'mcp']);
/** A line that stands for lines which are left out. */
const LEFT_OUT = '…';
/** What was said, with as many of its first lines as `shown` has in front of the line that stands for the others. */
function shortened(said: string, shown: string): string {
  const at = shown.split('\n').indexOf(LEFT_OUT);
  return at < 0 ? said.trimEnd() : [...said.split('\n').slice(0, at), LEFT_OUT].join('\n');
}
/** Real time is nobody's promise. */
const timeless = (text: string): string => text.replace(/\d+\.\d s\b/g, 'N s').trimEnd();

/** It stays in the folder of its own project, and changes its sources and its image between the commands. */
const TUTORIAL = 'docs/tutorial.md';
const STEP = /^```(?:console\n\$|sh\n(?=patch)) ?(.*)\n([^]*?)^```$/gm;
function change(cwd: string, lines: string): void {
  const [, patch, from, to] = /^patch -p1 < (\S+)\ncp (\S+) (\S+)\n$/.exec(lines) ?? [];
  const text = readFileSync(join(cwd, patch!), 'utf8');
  const source = join(cwd, /^\+\+\+ b\/(.*)$/m.exec(text)![1]!);
  const patched = applyPatch(readFileSync(source, 'utf8'), text);
  if (patched === false) expect.fail(`${patch} does not fit`);
  writeFileSync(source, patched);
  copyFileSync(join(cwd, from!), join(cwd, to!));
}
const CONSOLE = /^```console\n\$ (.*)\n([^]*?)^```$/gm;

describe.each(pages.filter((page) => read(page).match(CONSOLE)))('%s', (page) => {
  const blocks = [...read(page).matchAll(page === TUTORIAL ? STEP : CONSOLE)];
  // each page begins in a folder that `bootbench demo` has written, as its reader does
  let demo = '';
  beforeAll(async () => {
    demo = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
    expect(await output('bootbench demo .', demo)).toContain('wrote .');
  });
  afterAll(() => rmSync(demo, { recursive: true, force: true }));
  test.each(blocks.map(([, command, shown]) => [command!, shown!] as const))('$ %s', async (command, shown) => {
    const cwd = join(demo, page === TUTORIAL ? 'firmware' : '.');
    if (command.startsWith('patch ')) return change(cwd, `${command}\n${shown}`);
    const said = shortened((await output(command, cwd)).replace(STILL_RUNNING, ''), shown);
    if (WRITE && timeless(said) !== timeless(shown)) {
      const block = (text: string): string => `\`\`\`console\n$ ${command}\n${text}\`\`\``;
      writeFileSync(
        join(ROOT, page),
        read(page).replace(block(shown), () => block(`${said.trimEnd()}\n`)),
      );
      return;
    }
    expect(timeless(said)).toBe(timeless(shown));
  });
});

it('every command is shown with what it prints', async () => {
  let help = '';
  const stream = streamOf((part) => void (help += part), { isTTY: false, columns: 80 });
  await main(['--help'], { stdout: stream, stderr: stream, env: {}, cwd: ROOT, onInterrupt: () => () => undefined });
  const commands = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name!);
  const shown = new Set(pages.flatMap((page) => [...read(page).matchAll(CONSOLE)].map(([, line]) => line!.split(/\s+/)[1])));
  expect(commands.length).toBeGreaterThan(15);
  expect(commands.filter((name) => !shown.has(name) && !NEEDS_MORE.has(name))).toEqual([]);
});

describe.each([
  ['scenario-1', 'docs/scenario.md'],
  ['run-1', 'docs/result.md'],
])('the reference of %s', (schema, page) => {
  it('is made of the schema', () => {
    const text = reference(read(page), read(`schemas/${schema}.schema.json`));
    if (WRITE) writeFileSync(join(ROOT, page), text);
    else expect(read(page)).toBe(text);
  });
});

it('docs/result.md shows what its command writes', async () => {
  const [, line] = /^bootbench (run .* --json) result\.json$/m.exec(read('docs/result.md'))!;
  const [, excerpt] = /^```json\n([^]*?)^```$/m.exec(read('docs/result.md'))!;
  const demo = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  await output('bootbench demo .', demo);
  await output(`bootbench ${line} result.json`, demo);
  expect(JSON.parse(readFileSync(join(demo, 'result.json'), 'utf8'))).toMatchObject(JSON.parse(excerpt!) as object);
  rmSync(demo, { recursive: true, force: true });
});

it('docs/chips.md is made of the program', () => {
  if (WRITE) writeFileSync(join(ROOT, 'docs/chips.md'), supportPage());
  else expect(read('docs/chips.md')).toBe(supportPage());
});

it('the tutorial: what it says of fix works in the folder that demo has written', async () => {
  const demo = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  onTestFinished(() => rmSync(demo, { recursive: true, force: true }));
  await output('bootbench demo .', demo);
  const [, command] = /`(bootbench fix [^`]*)`/.exec(read(TUTORIAL))!;
  expect(await output(command!, join(demo, 'firmware'))).toContain('round 1: primask: src/bootloader.c changed');
  expect(readFileSync(join(demo, 'firmware', 'src', 'bootloader.c'), 'utf8')).toContain('__enable_irq();');
});

/** Code of a page that names its file: `~~~ts src/checks/basepri.ts`, `…` for what is left out. */
const QUOTED = /^```ts (\S+)\n([^]*?)^```$/gm;
it('quotes code that is there', () => {
  for (const page of pages)
    for (const [, file, code] of read(page).matchAll(QUOTED)) {
      const text = read(file!);
      for (const part of code!.split(/^\s*…\n/m)) expect(text, `${page} quotes ${file}`).toContain(part);
    }
});

describe.each(pages)('%s', (page) => {
  it('links to what exists', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target]) => target!);
    expect(links.filter((target) => !existsSync(resolve(ROOT, dirname(page), target)))).toEqual([]);
  });
  it('has scenarios that are scenarios', async () => {
    for (const [, text] of read(page).matchAll(/^```json\n([^]*?)^```$/gm))
      if (text!.includes('bootbench/scenario@1')) await parseScenario(text!, page);
    // a part of one, in a sentence: `"board": { … }`
    for (const [, text] of read(page).matchAll(/`("board": \{[^`]*\})`/g))
      await parseScenario(`{ "schema": "bootbench/scenario@1", "images": ["a.elf"], ${text} }`, page);
  });
});
