#!/usr/bin/env node
// Builds the playground: `build-site.mjs <folder>`, by default dist/web. Static files; any server will do. With --packed every file is gzipped in place
// (`bootbench serve` sends them so).
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
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
        "export const romImage = async (name) => new Uint8Array(await (await fetch(new URL('rom/' + name + '.bin', import.meta.url))).arrayBuffer());",
      ),
    );
    onLoad({ filter: /src[/\\]interpreters\.ts$/ }, () => {
      const rows = interpreters.map((f) => {
        const [, name, core] = /^interpreter-(.*)-(\d)\.wasm$/.exec(f);
        return `'${name}:${core}': () => new URL('${f}', import.meta.url)`;
      });
      return module(`export const INTERPRETERS = { ${rows.join(', ')} };`);
    });
    onLoad({ filter: /web[/\\]chip-names\.ts$/ }, () =>
      module(`export const CHIP_NAMES = ${JSON.stringify(CHIPS.map((c) => c.name.toLowerCase()))};`),
    );
    const validator = readdirSync(dist).find((f) => /^validator-.*\.js$/.test(f));
    onResolve({ filter: /^\.\/validator\.ts$/ }, () => ({ path: join(dist, validator) }));
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
      if (error.line === undefined) throw error;
      return error.line;
    },
  );
  rmSync(outfile);
  if (missing === null) break;
  console.error(`facts of ${missing} are part of the script: loading the catalogue looks at them`);
  inlined.add(missing);
}

await build({
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
  plugins: [apart],
});

cpSync(join(root, 'web', 'index.html'), join(out, 'index.html'));
cpSync(join(root, 'web', 'lessons', 'lessons.css'), join(out, 'lessons.css'));
// one description of the timeline for reports and the page
const { code } = await transform(readFileSync(join(root, 'src', 'report', 'timeline-style.ts'), 'utf8'), { loader: 'ts' });
const { TIMELINE_STYLE } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
writeFileSync(join(out, 'style.css'), readFileSync(join(root, 'web', 'style.css'), 'utf8') + TIMELINE_STYLE);
for (const f of lines) writeFileSync(join(out, 'facts', f), JSON.stringify(JSON.parse(readFileSync(join(facts, f), 'utf8'))));
for (const f of readdirSync(join(root, 'rom', 'images')))
  if (f.endsWith('.bin')) cpSync(join(root, 'rom', 'images', f), join(out, 'rom', f));
for (const f of interpreters) cpSync(join(dist, f), join(out, f));
const examples = EXAMPLES.map(([name, title]) => {
  const folder = join(root, 'fixtures', name);
  // the run on the page is that of the terminal, only nothing is expected of it
  const { chip, ...scenario } = JSON.parse(readFileSync(join(folder, 'scenario.json'), 'utf8'));
  for (const key of ['schema', 'images', 'expect']) delete scenario[key];
  cpSync(join(folder, 'firmware.elf'), join(out, 'examples', `${name}.elf`));
  const { sources } = JSON.parse(readFileSync(join(folder, 'fixture.json'), 'utf8'));
  const source = Object.fromEntries(sources.map((f) => [f, readFileSync(join(root, 'fixtures', f), 'utf8')]));
  return { name, title, chip, scenario, source };
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
