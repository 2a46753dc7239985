// Code that the page loads behind its first verdict, as a plugin of esbuild. In the place of a module whose exports are functions stand functions that ask
// for it (web/late.ts).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { build } from 'esbuild';

/** What a run calls for some verdicts only. A function that each run calls belongs to no module of this list: the page would load all of them at once. */
const SOMETIMES = [
  'bench/assumed',
  'bench/difference/find',
  'bench/difference/fix',
  'bench/difference/gave-up',
  'bench/difference/left-out',
  'bench/difference/programs',
  'bench/first-run',
  'bench/input/counted-crystal',
  'bench/proof/again',
  'bench/proof/behind-leave',
  'bench/proof/board-causes',
  'bench/proof/find-jump',
  'bench/proof/first-answer',
  'bench/proof/leave',
  'bench/proof/refused',
  'bench/proof/wrong-turn',
  'bench/slice/deaf-pin',
  'bench/slice/deciding-bit',
  'bench/slice/empty-table',
  'bench/slice/grown-stack',
  'bench/slice/lost-flag',
  'bench/slice/received',
  'bench/slice/requests',
  'bench/slice/reset-flags-read',
  'bench/slice/starved',
  'bench/slice/stores',
  'bench/slice/unrun-handler',
  'bench/slice/unstarted',
  'bench/slice/wakers',
  'bench/slice/why',
  'bench/slice/words',
  'bench/verdict/crash',
  'bench/verdict/point-of-no-return',
  'bench/verdict/symptom',
  'emu/core/interpreter/interpreter',
  'report/patch/main-loop',
  'usb-sim/msc-driver',
];
const MODELS = 'src/peripherals/index.ts';
/** Plain data, whose copy is as good. */
const isConstant = (value) => typeof value !== 'function' && isDeepStrictEqual(value, JSON.parse(JSON.stringify(value) ?? 'null'));

/** @param first the fixture whose chip's models do not come late */
export async function lateCode(root, first) {
  const { chip } = JSON.parse(readFileSync(join(root, 'fixtures', first, 'scenario.json'), 'utf8'));
  const groups = { sometimes: SOMETIMES.map((name) => `src/${name}.ts`), models: await lateModels(root, chip) };
  const made = await exportsOf(root, Object.values(groups).flat());
  const place = new Map(Object.entries(groups).flatMap(([group, files]) => files.map((file, i) => [file, { group, i }])));
  const isLate = (file) => place.has(file);
  const inRoot = (path) => relative(root, path).split(sep).join('/');
  const standIn = (file) => {
    const { group, i } = place.get(file);
    const rows = Object.entries(made.get(file)).map(([name, value]) =>
      isConstant(value) ? `export const ${name} = ${JSON.stringify(value)};` : `export const ${name} = late('${group}', ${i}, '${name}');`,
    );
    return `import { late } from './web/late.ts';\n${rows.join('\n')}`;
  };
  const module = (contents) => ({ contents, loader: 'ts', resolveDir: root });
  return {
    name: 'late code',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, importer, namespace, resolveDir, kind }) => {
        const file = inRoot(resolve(resolveDir, path));
        if (namespace === 'late group' || !isLate(file) || isLate(inRoot(importer)) || kind === 'dynamic-import') return null;
        return { path: file, namespace: 'stand-in' };
      });
      onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => module(standIn(path)));
      onResolve({ filter: /^late group:/ }, ({ path }) => ({ path: path.slice('late group:'.length), namespace: 'late group' }));
      onLoad({ filter: /.*/, namespace: 'late group' }, ({ path }) => {
        const files = groups[path];
        const imports = files.map((file, i) => `import * as m${i} from './${file}';`);
        return module(`${imports.join('\n')}\nexport const modules = [${files.map((_, i) => `m${i}`).join(', ')}];`);
      });
      onLoad({ filter: /web[/\\]late-groups\.ts$/ }, () => {
        const rows = Object.keys(groups).map((group) => `'${group}': async () => (await import('late group:${group}')).modules`);
        return module(`export const GROUPS = { ${rows.join(', ')} };`);
      });
    },
  };
}

/** What modules export, as far as it is functions and plain data. A class has no stand-in: where code that comes first imports one, the build fails. */
async function exportsOf(root, files) {
  const found = await loaded(root, files.map((file, i) => `export * as m${i} from './${file}';`).join('\n'));
  const hasStandIn = ([, value]) => isConstant(value) || (typeof value === 'function' && !/^class\b/.test(String(value)));
  return new Map(files.map((file, i) => [file, Object.fromEntries(Object.entries(found[`m${i}`]).filter(hasStandIn))]));
}
/** Files of models that no block of this chip has. */
async function lateModels(root, chip) {
  const text = readFileSync(join(root, MODELS), 'utf8');
  const files = [...text.matchAll(/^import \{.*\} from '(\.\/.*\.ts)';$/gm)].map(([, path]) =>
    join(dirname(MODELS), path).split(sep).join('/'),
  );
  const imports = files.map((file, i) => `export * as m${i} from './${file}';`);
  const found = await loaded(
    root,
    `export { MODELS } from './${MODELS}'; export { findChip } from './src/chips/index.ts';\n${imports.join('\n')}`,
  );
  const used = new Set(found.findChip(chip).blocks.flatMap(({ model }) => (model === null ? [] : [found.MODELS[model]])));
  return files.filter((_, i) => !Object.values(found[`m${i}`]).some((value) => used.has(value)));
}
async function loaded(root, contents) {
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-late-'));
  const outfile = join(folder, 'modules.mjs');
  try {
    await build({
      absWorkingDir: root,
      stdin: { contents, resolveDir: root, loader: 'ts' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      outfile,
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
