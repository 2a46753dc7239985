#!/usr/bin/env node
// Builds the playground: `build-site.mjs <folder>`, by default dist/web. Static files; any server will do. With --packed every file is gzipped in place
// (`bootbench serve` sends them so).
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { lateCode } from './late-code.mjs';
import { lessonFirmware } from './lesson-firmware.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const packed = process.argv.includes('--packed');
const given = process.argv.slice(2).find((a) => !a.startsWith('--'));
const out = resolve(given ?? join(dist, 'web'));
/** Firmware of the page, the first one runs when it is opened. */
const EXAMPLES = [
  ['f072-masked', 'STM32F072: interrupts masked before the jump'],
  ['h533-seed000-as-posted', 'STM32H533: as posted, no DFU after a software reset'],
  ['h533-straight', 'STM32H533: a jump that works'],
  ['h745-seed001-as-posted', 'STM32H745: as posted, a fault'],
  ['f072-seed002-as-posted', 'STM32F072: as posted, remap'],
  ['l496-seed003-as-posted', 'STM32L496: as posted'],
  ['l476-seed004-masked', 'STM32L476: thrown back into the application'],
];

rmSync(out, { recursive: true, force: true });
for (const folder of ['', 'facts', 'rom', 'examples', 'lessons', 'cases']) mkdirSync(join(out, folder), { recursive: true });

const facts = join(root, 'src', 'chips', 'generated');
const lines = readdirSync(facts).filter((f) => /^stm32\w+\.json$/.test(f));
const interpreters = readdirSync(dist).filter((f) => /^interpreter-.*\.wasm$/.test(f));
const { CHIPS } = await import(pathToFileURL(join(dist, 'index-node.js')).href);

const apart = {
  name: 'files of the page',
  setup({ onLoad, onResolve }) {
    const module = (contents, resolveDir = root) => ({ contents, loader: 'ts', resolveDir });
    onLoad({ filter: /generated[/\\]stm32\w+\.json$/ }, ({ path }) =>
      inlined.has(basename(path, '.json'))
        ? null
        : module(`import { remoteFacts } from './web/facts-store.ts'; export default remoteFacts('${basename(path, '.json')}');`),
    );
    onLoad({ filter: /src[/\\]rom-images\.ts$/ }, () =>
      module(
        "import { fetched } from './web/fetched.ts'; export const romImage = async (name) => new Uint8Array(await (await fetched('rom/' + name + '.bin')).arrayBuffer());",
      ),
    );
    onLoad({ filter: /src[/\\]interpreters\.ts$/ }, () => {
      const rows = interpreters.map((f) => {
        const [, name, core] = /^interpreter-(.*)-(\d)\.wasm$/.exec(f);
        return `'${name}:${core}': () => addressOf('${f}')`;
      });
      return module(`import { addressOf } from './web/fetched.ts'; export const INTERPRETERS = { ${rows.join(', ')} };`);
    });
    onLoad({ filter: /web[/\\]chip-names\.ts$/ }, () =>
      module(`export const CHIP_NAMES = ${JSON.stringify(CHIPS.map((c) => c.name.toLowerCase()))};`),
    );
    const validator = readdirSync(dist).find((f) => /^validator-.*\.js$/.test(f));
    onResolve({ filter: /[/\\]validator\.ts$/ }, () => ({ path: join(dist, validator) }));
    // only sources without a build need it
    onResolve({ filter: /^ajv$/ }, () => ({ path: 'ajv', external: true }));
  },
};
/** Lines whose facts are looked at while the catalogue is loaded: a page cannot fetch them first, so they stay in the script. */
const inlined = new Set();
for (;;) {
  const outfile = join(out, 'catalogue.mjs');
  const contents = "import './src/chips/index.ts'; import './src/rom/profiles.ts';";
  await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: root },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    plugins: [apart],
  });
  const missing = await import(`${pathToFileURL(outfile).href}?${inlined.size}`).then(
    () => null,
    (error) => {
      if (error.what === undefined) throw error;
      return error.what;
    },
  );
  rmSync(outfile);
  if (missing === null) break;
  console.error(`facts of ${missing} are part of the script: loading the catalogue looks at them`);
  inlined.add(missing);
}

const { metafile } = await build({
  metafile: true,
  absWorkingDir: root,
  entryPoints: { main: 'web/main.tsx', lab: 'web/lab.ts' },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  plugins: [await lateCode(root, EXAMPLES[0][0]), apart],
});

cpSync(join(root, 'web', 'lessons', 'lessons.css'), join(out, 'lessons.css'));
// one description of the timeline for reports and the page
const { code } = await transform(readFileSync(join(root, 'src', 'report', 'timeline-style.ts'), 'utf8'), { loader: 'ts' });
const { TIMELINE_STYLE } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
const style = readFileSync(join(root, 'web', 'style.css'), 'utf8') + TIMELINE_STYLE;
writeFileSync(join(out, 'index.html'), withStyle(withLoads(readFileSync(join(root, 'web', 'index.html'), 'utf8')), style));
for (const f of lines) writeFileSync(join(out, 'facts', f), JSON.stringify(JSON.parse(readFileSync(join(facts, f), 'utf8'))));
for (const f of readdirSync(join(root, 'rom', 'images')))
  if (f.endsWith('.bin')) cpSync(join(root, 'rom', 'images', f), join(out, 'rom', f));
await romSources();
for (const f of interpreters) cpSync(join(dist, f), join(out, f));
const needs = await filesOf(EXAMPLES.map(([name]) => JSON.parse(readFileSync(join(root, 'fixtures', name, 'scenario.json'), 'utf8')).chip));
const examples = EXAMPLES.map(([name, title]) => {
  const folder = join(root, 'fixtures', name);
  // the run on the page is that of the terminal, only nothing is expected of it
  const { chip, ...scenario } = JSON.parse(readFileSync(join(folder, 'scenario.json'), 'utf8'));
  for (const key of ['schema', 'images', 'expect']) delete scenario[key];
  cpSync(join(folder, 'firmware.elf'), join(out, 'examples', `${name}.elf`));
  const { sources } = JSON.parse(readFileSync(join(folder, 'fixture.json'), 'utf8'));
  const source = Object.fromEntries(sources.map((f) => [f, readFileSync(join(root, 'fixtures', f), 'utf8')]));
  return { name, title, chip, scenario, source, needs: needs.get(chip) };
});
writeFileSync(join(out, 'examples', 'examples.json'), JSON.stringify(examples));
await lessons();
// `bootbench serve --rom` answers with a dump in its place
writeFileSync(join(out, 'dump.json'), 'null');

if (packed) {
  for (const f of readdirSync(out, { recursive: true })) {
    const file = join(out, f);
    if (!statSync(file).isFile()) continue;
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
    rmSync(file);
  }
}

/** The lines of the stand-in ROMs by image, and the files that they are of. */
async function romSources() {
  const outfile = join(out, 'lines.mjs');
  await build({ absWorkingDir: root, entryPoints: ['src/rom/make-code-lines.ts'], bundle: true, format: 'esm', platform: 'node', outfile });
  const { makeCodeLines } = await import(pathToFileURL(outfile).href);
  rmSync(outfile);
  mkdirSync(join(out, 'rom', 'lines'));
  const images = join(root, 'rom', 'images');
  for (const f of readdirSync(images).filter((name) => name.endsWith('.elf'))) {
    const made = makeCodeLines(readFileSync(join(images, f)), f);
    writeFileSync(join(out, 'rom', 'lines', `${basename(f, '.elf')}.json`), JSON.stringify(made));
    for (const file of made.files) cpSync(join(root, 'rom', file), join(out, 'rom', 'source', file));
  }
}

/** Firmware of the lessons, which say themselves what they run, and the forum cases that they were written after. */
async function lessons() {
  const entry = { stdin: { contents: "export { LESSONS, FIRMWARE } from './web/lessons/lessons.ts';", resolveDir: root } };
  const { outputFiles } = await build({ absWorkingDir: root, ...entry, bundle: true, format: 'esm', write: false });
  const { LESSONS, FIRMWARE } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  for (const name of FIRMWARE) {
    const fixture = name.split('/')[0];
    writeFileSync(join(out, 'lessons', `${name.replace('/', '--')}.json`), JSON.stringify(lessonFirmware(root, name)));
    cpSync(join(root, 'fixtures', fixture, 'firmware.elf'), join(out, 'lessons', `${fixture}.elf`));
  }
  for (const { forumCase } of LESSONS)
    if (forumCase !== undefined) cpSync(join(root, 'docs', 'cases', `${forumCase}.md`), join(out, 'cases', `${forumCase}.txt`));
}

/** All scripts that page and worker import at their start are asked for at once. */
function withLoads(page) {
  const importsOf = (file, seen = new Set()) => {
    for (const { path, kind } of metafile.outputs[file].imports)
      if (kind === 'import-statement' && !seen.has(path)) importsOf(path, seen.add(path));
    return seen;
  };
  const outputOf = (name) => relative(root, join(out, name)).split(sep).join('/');
  const own = importsOf(outputOf('main.js'));
  const links = [
    ...[...own].map((file) => `<link rel="modulepreload" href="${basename(file)}" />`),
    ...[...importsOf(outputOf('lab.js'))]
      .filter((file) => !own.has(file))
      .map((file) => `<link rel="preload" as="script" crossorigin fetchpriority="low" href="${basename(file)}" />`),
  ];
  return page.replace('<!-- scripts -->', links.join('\n    '));
}

/** In the page itself: the first thing that is seen waits for no second answer. */
function withStyle(page, style) {
  const link = '<link rel="stylesheet" href="style.css" />';
  if (!page.includes(link)) throw new Error(`web/index.html has no ${link}`);
  return page.replace(link, () => `<style>\n${style}</style>`);
}

/** By chip: the files that its first run reads, as the page's own code asks for them. */
async function filesOf(chips) {
  const outfile = join(out, 'needs.mjs');
  const contents = `
    import './web/options.ts';
    import { HOST } from './src/library/host.ts';
    import { findChip } from './src/chips/index.ts';
    import { romProfile } from './src/bench/input/job.ts';
    export async function read(chip) {
      await HOST.prepare(chip);
      await HOST.romImage(romProfile(findChip(chip)).image);
    }`;
  const stdin = { contents, resolveDir: root, loader: 'ts' };
  await build({ absWorkingDir: root, stdin, bundle: true, format: 'esm', platform: 'node', outfile, plugins: [apart] });
  const real = globalThis.fetch;
  const found = new Map();
  try {
    for (const chip of new Set(chips)) {
      // a module of its own, that has read nothing yet
      const { read } = await import(`${pathToFileURL(outfile).href}?${chip}`);
      const names = ['dump.json'];
      globalThis.fetch = async (url) => {
        const file = fileURLToPath(url);
        names.push(relative(realpathSync(out), file).split(sep).join('/'));
        return new Response(readFileSync(file));
      };
      await read(chip);
      found.set(chip, names);
    }
  } finally {
    globalThis.fetch = real;
    rmSync(outfile);
  }
  return found;
}
