/** Notes carry what they say as data, so that reports and the verdict act on it without reading their words; the document has the words alone. */
import { expect, test } from 'vitest';
import { factsIn, refusedWrite } from '../../src/bench/documents/note-facts.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { shortReport } from '../../src/report/short.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const run = async (name: string) => inThread(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture('')), {});
/** Every note says something else. */
const reworded = (result: RunResult): RunResult => ({ ...result, notes: result.notes.map((n) => ({ ...n, text: 'other words' })) });

test('a crash names its instruction and whether that jumped', async () => {
  const result = await run('f405-own-crash');
  const [fault] = factsIn(result.notes, 'fault');
  expect(fault).toMatchObject({ at: { file: expect.stringMatching(/main\.c$/) as string }, jumped: false });
  expect(factsIn(result.notes, 'calls')[0]!.frames.length).toBeGreaterThan(0);
  const sources = () => ({ path: 'main.c', lines: Array.from({ length: 99 }, (_, i) => `line ${i + 1};`), newer: false, elsewhere: false });
  const marked = /> \d+ \| line \d+;/;
  expect(marked.exec(shortReport(reworded(result), { sources }))?.[0]).toBe(marked.exec(shortReport(result, { sources }))?.[0]);
});

test('a wait names its loop and its callers, whatever the words of its note', async () => {
  const result = await run('h533-stuck-pka');
  const [loop] = factsIn(result.notes, 'loop');
  expect(loop).toMatchObject({ at: { file: expect.stringMatching(/main\.c$/) as string }, inHandler: false });
  expect(shortReport(reworded(result))).toContain(loop!.where);
});

test('the document has the texts alone', async () => {
  const result = await run('h533-stuck-pka');
  expect(result.notes.some((n) => n.about !== undefined)).toBe(true);
  const document = JSON.parse(serialise(result)) as RunResult;
  expect(document.notes).toEqual(result.notes.map(({ kind, text }) => ({ kind, text })));
});

test('a refusal of the flash is one of its notes that lost something, and of no other block', () => {
  const note = (block: string | null, is: 'misuse' | 'nothing-lost') =>
    ({ kind: 'guest', text: 'FLASH: x', about: { is, block } }) as const;
  expect(refusedWrite([note('RCC', 'misuse'), note('FLASH', 'nothing-lost')])).toBeUndefined();
  const refused = note('FLASH', 'misuse');
  expect(refusedWrite([note('FLASH', 'nothing-lost'), refused])).toBe(refused);
});

test('a sentence becomes a string only where it is printed', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url));
  // reports print, explain hands on, a trace names its events; checks read the format of fixes that they write themselves; the picture of a hand-over draws a document,
  // and its ladder still parts rows of the bus at their colon: rows need a request and an answer of their own
  const PICTURE = ['ladder', 'picture', 'way-back', 'wires'].map((name) => `report/hand-over/${name}.ts`);
  const PRINT = [
    'report/text.ts',
    'report/explain.ts',
    'report/trace/perfetto.ts',
    'checks/fix-in-c.ts',
    'checks/entry-address.ts',
    ...PICTURE,
  ];
  const unwrapped =
    /\bString\((?:\w+[.!?]*\.)?(?:text|summary|because|explanation|observed|expected|repair|fix)\)|\b(?:text|summary|because|explanation|observed|expected|repair|fix)[!?]?\.toString\(\)/;
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts') && !/generated|\/app\//.test(f));
  const wrong = files.filter((f) => !PRINT.includes(f.replaceAll('\\', '/')) && unwrapped.test(readFileSync(join(src, f), 'utf8')));
  expect(files.length).toBeGreaterThan(400);
  expect(wrong).toEqual([]);
});
