#!/usr/bin/env node
// Builds dist/: the program, what its threads load, the library and the declarations. Packages stay outside; shared code lies in chunks, so that
// `bootbench --help` loads little. `build.mjs <folder>` builds there, without declarations (for the tests of the built program).
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import { build } from 'esbuild';
import { builtFrom } from './built-from.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
/** What is compiled ahead: one scenario of each family. */
const CACHED_RUNS = [
  'f072-seed002-as-posted',
  'l496-seed003-as-posted',
  'h745-seed001-as-posted',
  'h533-tick-into-rom',
  'h533-seed000-as-posted',
];
const from = builtFrom(root);
rmSync(dist, { recursive: true, force: true });

/** Register facts are most of the program's bytes: they are packed, and a run unpacks those of its chip (src/chips/packed.ts). */
const packedFacts = {
  name: 'packed facts',
  setup({ onLoad }) {
    onLoad({ filter: /chips[/\\]generated[/\\]stm32\w+\.json$/ }, ({ path }) => ({
      contents: `
        import { unpackFacts } from './src/chips/packed.ts';
        export default unpackFacts('${deflateSync(JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))), { level: 9 }).toString('base64')}');`,
      resolveDir: root,
      loader: 'ts',
    }));
  },
};
const bundle = (format, { plugins = [], facts = packedFacts, ...options }) =>
  build({
    absWorkingDir: root,
    outdir: dist,
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    format,
    plugins: [facts, ...plugins],
    ...options,
  });
/** Runs TypeScript once, in dist/. */
async function runOnce(name, contents) {
  const outfile = join(dist, name);
  await bundle('esm', { stdin: { resolveDir: root, loader: 'ts', contents }, outdir: undefined, outfile, packages: 'external' });
  await import(pathToFileURL(outfile).href);
  rmSync(outfile);
}

// One interpreter module per kind and number of core, so that no run has to make it (src/cli/prebuilt.ts), and the source of the scenario's validator.
await runOnce(
  'make-modules.mjs',
  `
    import { writeFileSync } from 'node:fs';
    import { CHIPS } from './src/chips/index.ts';
    import { AJV_OPTIONS } from './src/bench/documents/scenario-check.ts';
    import { moduleFile, moduleKey } from './src/cli/prebuilt.ts';
    import schema from './schemas/scenario-1.schema.json' with { type: 'json' };
    import { Ajv } from 'ajv';
    import standalone from 'ajv/dist/standalone/index.js';
    import { PROFILES } from './src/emu/core/models/index.ts';
    import { interpreterBytes } from './src/emu/core/interpreter/interpreter-module.ts';
    const keys = new Set(CHIPS.flatMap((chip) => chip.cores.map(moduleKey)));
    for (const key of keys) {
      const [profile, core] = key.split(':');
      writeFileSync(new URL(moduleFile(key), import.meta.url), interpreterBytes(PROFILES[profile], Number(core)));
    }
    const ajv = new Ajv({ ...AJV_OPTIONS, code: { source: true, esm: true } });
    writeFileSync(new URL('validator-source.mjs', import.meta.url), standalone.default(ajv, ajv.compile(schema)));`,
);

// The validator with the few functions of Ajv's that it calls, in the place of src/cli/validator.ts.
const validatorSource = join(dist, 'validator-source.mjs');
const validator = join(dist, 'validator.mjs');
await bundle('esm', { entryPoints: [validatorSource], outdir: undefined, outfile: validator, minify: true });
/** A thread runs machines; campaigns have processes of their own, and packages that a classic script cannot load. */
const withoutCampaigns = {
  name: 'without campaigns',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/(campaign|worker)\.ts$/ }, ({ path }) => ({ path, external: true })),
};
const withValidator = {
  name: 'validator',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/validator\.ts$/ }, () => ({ path: validator })),
};

/** Development servers hand a package's modules to the browser as they are: what is CommonJS becomes part of ours. Ajv is loaded where no validator was built. */
const withCommonJs = {
  name: 'CommonJS inside',
  setup: ({ onResolve }) => onResolve({ filter: /^fast-deep-equal\// }, ({ path }) => ({ path: fileURLToPath(import.meta.resolve(path)) })),
};
/** Entries of the library that run anywhere; each has a twin for Node, with threads and files. */
const LIBRARY = ['index', 'usb', 'property'];
const twins = {
  name: 'twins for Node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^twin:/ }, ({ path }) => ({ path: path.slice('twin:'.length), namespace: 'twin' }));
    onLoad({ filter: /.*/, namespace: 'twin' }, ({ path }) => ({
      contents: `import './src/node-host.ts'; export * from './src/${path}.ts';`,
      resolveDir: root,
      loader: 'ts',
    }));
  },
};
/** What sources read from files, in modules that the library loads when it needs them. */
const withFiles = {
  name: 'files of the library',
  setup({ onLoad }) {
    onLoad({ filter: /src[/\\](rom-images|cli[/\\]rom-image)\.ts$/ }, () => ({ contents: packedRoms(), resolveDir: root, loader: 'js' }));
    onLoad({ filter: /src[/\\]interpreters\.ts$/ }, () => ({ contents: interpreterUrls(), loader: 'js' }));
  },
};
function packedRoms() {
  const folder = join(root, 'rom', 'images');
  const names = readdirSync(folder).filter((f) => f.endsWith('.bin'));
  const packed = names.map((f) => [
    f.slice(0, -'.bin'.length),
    deflateSync(readFileSync(join(folder, f)), { level: 9 }).toString('base64'),
  ]);
  return `
    import { unzlibSync } from 'fflate';
    const IMAGES = ${JSON.stringify(Object.fromEntries(packed))};
    export const romImage = (name) => unzlibSync(Uint8Array.from(atob(IMAGES[name]), (c) => c.charCodeAt(0)));`;
}
function interpreterUrls() {
  const files = readdirSync(dist).flatMap((f) => /^interpreter-(.*)-(\d)\.wasm$/.exec(f) ?? []);
  let text = '';
  for (let i = 0; i < files.length; i += 3) text += `'${files[i + 1]}:${files[i + 2]}': () => new URL('./${files[i]}', import.meta.url),`;
  return `export const INTERPRETERS = {${text}};`;
}

await bundle('esm', {
  entryPoints: {
    here: 'src/cli/here.ts',
    'thread-program': 'src/cli/thread.ts',
    'campaign-worker': 'src/cli/campaign-worker.ts',
    ...Object.fromEntries(
      LIBRARY.flatMap((name) => [
        [name, `src/${name}.ts`],
        [`${name}-node`, `twin:${name}`],
      ]),
    ),
    node: 'src/node.ts',
    vitest: 'src/vitest.ts',
    'bench-worker': 'src/bench-worker.ts',
  },
  splitting: true,
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  // names stay: they stand in the stack of an error; and Node prints the line of one that nobody catches, which is not to be the whole file
  minifyWhitespace: true,
  lineLimit: 120,
  legalComments: 'none',
  // Beside the entries: the engine looks for thread.cjs next to itself, and the library for its worker.
  chunkNames: '[name]-[hash]',
  plugins: [withValidator, withCommonJs, withFiles, twins],
});

// The start is one small file: it is what comes before a run's thread.
await bundle('esm', {
  entryPoints: { bootbench: 'src/cli/bootbench.ts' },
  banner: { js: '#!/usr/bin/env node' },
  plugins: [
    {
      name: 'built before',
      setup: ({ onResolve }) => onResolve({ filter: /^\.\/here\.ts$/ }, () => ({ path: './here.js', external: true })),
    },
  ],
});

// The script of the report's page.
await bundle('iife', {
  entryPoints: { 'report-app': 'src/report/app/app.ts' },
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
});

/** As text in the script they would lie in V8's code cache as well, and each start would read all of it. */
const dataBeside = {
  name: 'data beside the program',
  setup({ onLoad }) {
    const folder = join(dist, 'program');
    mkdirSync(folder);
    const images = join(root, 'rom', 'images');
    for (const f of readdirSync(images)) if (f.endsWith('.bin')) copyFileSync(join(images, f), join(folder, f));
    const from = (contents) => ({
      contents: `import { factsBeside, romBeside } from './src/cli/beside.ts'; ${contents}`,
      resolveDir: root,
      loader: 'ts',
    });
    onLoad({ filter: /chips[/\\]generated[/\\]stm32\w+\.json$/ }, ({ path }) => {
      writeFileSync(join(folder, basename(path)), JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))));
      return from(`export default factsBeside('${basename(path)}');`);
    });
    onLoad({ filter: /src[/\\](rom-images|cli[/\\]rom-image)\.ts$/ }, () => from('export const romImage = romBeside;'));
  },
};
// What a thread runs: the program once more, in one script, so that V8's code cache holds for all of it. Its start has the cache in hand.
await bundle('cjs', {
  entryPoints: { program: 'src/cli/thread.ts' },
  outExtension: { '.js': '.cjs' },
  external: ['ajv', 'koffi'],
  facts: dataBeside,
  plugins: [withValidator, withFiles, withoutCampaigns],
  // names stay: they stand in the stack of an internal error
  minifyWhitespace: true,
  charset: 'ascii',
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': '__moduleUrl' },
  banner: {
    js: '(function (exports, require, module, __filename, __dirname) { const __moduleUrl = require("node:url").pathToFileURL(__filename).href;',
  },
  footer: { js: '})' },
});
await bundle('cjs', {
  entryPoints: { thread: 'src/cli/thread-loader.ts' },
  outExtension: { '.js': '.cjs' },
});
rmSync(validatorSource);
rmSync(validator);

chmodSync(join(dist, 'bootbench.js'), 0o755);

// V8's code cache: of what a thread has compiled when it has run a scenario of each family.
await runOnce(
  'make-cache.mjs',
  `
    import { BenchThread } from './src/cli/threads.ts';
    const runs = ${JSON.stringify(CACHED_RUNS)}.map((name) => ['run', '--scenario', 'fixtures/' + name + '/scenario.json']);
    const stream = { isTTY: false, columns: 80 };
    const stop = new SharedArrayBuffer(4);
    const command = { kind: 'command', args: runs.pop(), before: runs, cwd: ${JSON.stringify(root)}, stdout: stream, stderr: stream, asks: false, stop };
    const thread = new BenchThread({ makesCodeCache: true });
    thread.begin(command, () => undefined);
    await new Promise((done, fail) => thread.worker.on('exit', done).on('error', fail));`,
);

if (process.argv[2] === undefined) {
  declarations();
  pruneDeclarations();
  await chipNames();
  const site = spawnSync(process.execPath, [join(root, 'tools', 'build-site.mjs'), '--packed'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (site.status !== 0) process.exitCode = 1;
}
writeFileSync(join(dist, 'built-from'), from);

/** Declarations of modules that no entry's own reach are of no use to anybody. */
function pruneDeclarations() {
  const folder = join(dist, 'src');
  const entries = ['index', 'usb', 'property', 'node', 'vitest'].map((name) => join(folder, `${name}.d.ts`));
  const reached = new Set(entries);
  for (const file of reached) {
    const text = readFileSync(file, 'utf8');
    for (const [, from] of text.matchAll(/(?:from |import\(|import )['"](\.[^'"]+)['"]/g))
      if (from.endsWith('.ts')) reached.add(join(dirname(file), from.replace(/\.ts$/, '.d.ts')));
  }
  for (const name of readdirSync(folder, { recursive: true })) {
    const file = join(folder, name);
    if (name.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
}

// For users of the library. Type errors are the business of `npm run typecheck`, not of an installation.
function declarations() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = [
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--declaration',
    '--noEmitOnError',
    'false',
    '--outDir',
    'dist',
    '--rootDir',
    '.',
  ];
  const declared = spawnSync(process.execPath, [tsc, '-p', join(root, 'tools', 'declarations.json'), ...options], {
    cwd: root,
    encoding: 'utf8',
  });
  if (declared.error) console.error(`declarations were not written: ${declared.error.message}`);
}
/** The declarations know which chips there are: sources take any text, so that a new line needs no list. */
async function chipNames() {
  await runOnce(
    'make-names.mjs',
    `
      import { writeFileSync } from 'node:fs';
      import { CHIPS, LINES } from './src/chips/index.ts';
      const union = (names) => [...new Set(names)].map((name) => "'" + name + "'").join(' | ');
      const lines = LINES.map((l) => l.name.replace('STM32', ''));
      const text = [
        'type Line = ' + union(lines) + ';',
        'type Listed = ' + union(CHIPS.map((c) => c.name.toLowerCase())) + ';',
        '/** A part or a line: \`stm32h533re\`, \`STM32F407VGT6\`, \`stm32l476\`. */',
        'export type ChipName = Listed | \`stm32\${Lowercase<Line>}\${string}\` | \`STM32\${Line}\${string}\`;',
        '',
      ];
      writeFileSync(new URL('src/library/names.d.ts', import.meta.url), text.join('\\n'));`,
  );
}
