/** What `bootbench/node` says of a file that it cannot read. */
import { expect, it } from 'vitest';
import { readBytes, readImage, readScenario } from '../../src/node.ts';

const HOSTILE = 'a\n::error::x\x1b[2J\u202e';
it.each([
  ['readBytes', () => readBytes(HOSTILE)],
  ['readImage', () => readImage(HOSTILE)],
  ['readScenario', () => readScenario(HOSTILE)],
] as const)('%s: a name with a line feed and escapes is no line of a log', async (_name, read) => {
  await expect(async () => read()).rejects.toThrow(/^"a\\n::error::x[^\n\x1b]* cannot be read; ENOENT$/);
});
it('a plain name is told with what the system says', () => {
  expect(() => readBytes('no/such/file')).toThrow(/^no\/such\/file cannot be read; ENOENT: no such file/);
});
