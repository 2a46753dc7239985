/** Which files `--unicorn-js` takes. The modules here execute nothing: that a real one does is shown by test/emu/core/engine.test.ts. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { unicornFromFile } from '../../src/cli/unicorn-file.ts';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { plainJob } from '../bench/plain-job.ts';
import { folder } from './helpers.ts';

/** A module with all functions of unicorn.js, each of which returns 0; `over` replaces some. */
const module = (over = ''): string => `Object.assign({}, ...[
  '_malloc', '_free', '_uc_arch_supported', '_uc_open', '_uc_close', '_uc_mem_map', '_uc_mem_map_ptr', '_uc_mem_read', '_uc_mem_write',
  '_uc_reg_read_batch', '_uc_reg_write_batch', '_uc_emu_start', '_uc_hook_add', 'addFunction', 'removeFunction', 'getValue', 'setValue',
  'writeArrayToMemory',
].map((name) => ({ [name]: () => 0 })), { _uc_version: () => 0x020104ff, ${over} })`;

async function refusal(name: string, source: string, others: Readonly<Record<string, string>> = {}): Promise<string> {
  const path = join(folder({ [name]: source, ...others }), name);
  const error: unknown = await unicornFromFile(path).then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(UsageError);
  const { message } = error as UsageError;
  expect(message).toContain(`--unicorn-js: ${path}`);
  expect(message).toContain('it takes a build of unicorn.js 2.1 with ARM');
  expect(message).not.toContain('\n');
  return message;
}

describe('a file that is no unicorn.js of use is refused in one line', () => {
  test.each([
    ['text', 'Once upon a time', ' is not a unicorn.js: '],
    ['another module', 'module.exports = { answer: 42 };', 'it is not a unicorn.js'],
    ['another function', 'module.exports = () => 42;', 'it is not a unicorn.js'],
    ['a module that fails', 'throw new Error("no luck\\nat all");', 'is not a unicorn.js: no luck'],
    ['a factory that fails', 'module.exports = async () => { throw new Error("no memory"); };', 'it does not start: no memory'],
    ['Unicorn 1', `module.exports = () => (${module('_uc_version: () => 0x0100')});`, 'it is too old: Unicorn 1, and 2 is needed'],
    ['a build without ARM', `module.exports = async () => ${module()};`, 'it was built without ARM'],
    [
      'a build that exports less',
      `module.exports = async () => (${module('_uc_hook_add: null, setValue: null')});`,
      'it has no _uc_hook_add, setValue',
    ],
    [
      'a build that does nothing',
      `module.exports = async () => (${module('_uc_arch_supported: () => 1, _malloc: () => 0x10000')});`,
      'it does not execute Thumb code as expected',
    ],
    [
      'a build whose calls fail',
      `module.exports = async () => (${module('_uc_arch_supported: () => 1, _malloc: () => 0x10000, _uc_open: () => 5')});`,
      'it does not execute Thumb code: uc_open gives 5',
    ],
  ])('%s', async (_what, source, message) => {
    expect(await refusal('uc.js', source)).toContain(message);
  });
});

describe('builds are found in files of every form', () => {
  const found = 'it was built without ARM';
  test.each<[string, string, string, Readonly<Record<string, string>>]>([
    ['a script for pages', 'uc.js', `var MUnicorn = async () => ${module()};`, {}],
    [
      'UMD beside a package.json that says ES modules',
      'uc.js',
      `var MUnicorn = async () => ${module()}; if (typeof exports === 'object') module.exports = MUnicorn;`,
      { 'package.json': '{ "type": "module" }' },
    ],
    ['CommonJS', 'uc.cjs', `module.exports = async () => ${module()};`, {}],
    ['CommonJS with a default', 'uc.cjs', `exports.default = async () => ${module()};`, {}],
    ['an ES module', 'uc.mjs', `export default async () => ${module()};`, {}],
    ['a module that is there already', 'uc.js', `module.exports = ${module()};`, {}],
    ['a promise of one', 'uc.js', `module.exports = Promise.resolve(${module()});`, {}],
  ])('%s', async (_what, name, source, others) => {
    expect(await refusal(name, source, others)).toContain(found);
  });
});

test('a run with a file that is none ends as wrong input', async () => {
  const unicornJs = join(folder({ 'uc.js': 'module.exports = {};' }), 'uc.js');
  await expect(inThread({ ...plainJob('stm32h533re', []), engine: 'unicorn', unicornJs }, {})).rejects.toThrow(UsageError);
});
