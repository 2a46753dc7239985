import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const score = (option: string): Promise<{ code: number; out: string; err: string }> =>
  new Promise((done) => {
    execFile('node', ['tools/run-ts.mjs', 'tools/score/score.ts', option], { cwd: root }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

test('a tool says what it takes when it is asked, and in one line that an option is none of its', async () => {
  expect(await score('--help')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^How right .*`npm run score -- \[--only/s) as string,
    err: '',
  });
  expect(await score('--bogus')).toEqual({ code: 2, out: '', err: "score: Unknown option '--bogus'; --help says what it takes\n" });
});
