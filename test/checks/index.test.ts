/** What is made from the files of src/checks. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHECK_IDS } from '../../src/checks/ids.ts';
import { checkFiles, checkIndex } from '../../tools/check-index-text.ts';

const modules = await Promise.all(
  checkFiles().map((file) => import(/* @vite-ignore */ `../../src/checks/${file}`) as Promise<Record<string, unknown>>),
);

test('index, ids and schema are those of the folder (else: node tools/run-ts.mjs tools/check-index.ts)', async () => {
  for (const [path, text] of Object.entries(await checkIndex(modules, CHECK_IDS))) expect(readFileSync(path, 'utf8'), path).toBe(text);
});

test('a new check comes last in the result, and one that results promise cannot go', async () => {
  const ids = await checkIndex(modules, CHECK_IDS.slice(0, -1));
  expect(ids['src/checks/ids.ts']).toContain(`'${CHECK_IDS.at(-1)}',\n] as const`);
  await expect(checkIndex(modules, [...CHECK_IDS, 'gone'])).rejects.toThrow('no check has the id gone');
});
