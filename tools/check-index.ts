/**
 * Writes what names all checks, from the files in src/checks: its index.ts and ids.ts, and the ids in schemas/run-1.schema.json.
 *   node tools/run-ts.mjs tools/check-index.ts
 * test/checks/index.test.ts says when they are not up to date.
 */
import { writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { CHECK_IDS } from '../src/checks/ids.ts';
import { checkFiles, checkIndex, CHECKS_FOLDER } from './check-index-text.ts';

const { outputFiles } = await build({
  stdin: {
    contents: checkFiles()
      .map((file, i) => `export * as m${i} from './${CHECKS_FOLDER}/${file}';`)
      .join('\n'),
    resolveDir: process.cwd(),
  },
  bundle: true,
  format: 'esm',
  write: false,
});
const modules = (await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString('base64')}`)) as Record<
  string,
  Record<string, unknown>
>;
const texts = await checkIndex(
  checkFiles().map((_, i) => modules[`m${i}`]!),
  CHECK_IDS,
);
for (const [path, text] of Object.entries(texts)) writeFileSync(path, text);
