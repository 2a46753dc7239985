import tseslint from 'typescript-eslint';
import { ownLines } from './tools/own-lines.js';

/** Rooms from the bottom up; a room may import those before it. test/rooms.test.ts holds the whole rule, this one speaks in the editor. */
const FLOORS = [
  ['emu', 'image'],
  ['peripherals', 'engines'],
  ['chips'],
  ['checks', 'usb-sim', 'rom'],
  ['bench'],
  ['debug'],
  ['library'],
  ['board'],
  ['report'],
  ['campaign'],
  ['cli'],
];
const BROWSER_ROOMS = [
  'emu',
  'image',
  'engines',
  'chips',
  'peripherals',
  'checks',
  'usb-sim',
  'rom',
  'bench',
  'debug',
  'library',
  'report',
];

/** Rooms in which no function has more than 70 lines or a complexity above 15. */
const SPLIT_ROOMS = ['bench', 'rom', 'board', 'campaign', 'cli', 'usb-sim', 'library', 'checks', 'report', 'debug', 'chips'];

/** Where text becomes `SafeText` (src/bench/documents/safe-text.ts): one door for each kind of output. */
const DOORS = [
  'src/bench/documents/json-text.ts',
  'src/report/text.ts',
  'src/report/page.ts',
  'src/report/junit.ts',
  'src/report/ci.ts',
  'src/report/trace/perfetto.ts',
  'src/report/trace/vcd.ts',
  'src/cli/io.ts',
];

const roomRules = FLOORS.flatMap((rooms, floor) =>
  rooms.map((room) => {
    const above = FLOORS.slice(floor + 1).flat();
    const beside = rooms.filter((other) => other !== room);
    const patterns = [...above, ...beside].map((other) => ({
      regex: `^(\\.\\./)+${other}/`,
      message: `src/${room} must not import src/${other}: imports point one way (docs/dev/structure.md).`,
    }));
    if (BROWSER_ROOMS.includes(room)) patterns.push({ regex: '^node:', message: `src/${room} runs in a browser too.` });
    return { files: [`src/${room}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
  }),
);

export default tseslint.config(
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { ignores: ['dist/', 'node_modules/', 'site/dist/', 'site/pages/', 'site/.vitepress/cache/', 'src/**/generated/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // A `!` on an index is the price of noUncheckedIndexedAccess in hot files and behind a check of the length.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'max-lines': ['error', { max: 800, skipComments: true, skipBlankLines: true }],
    },
  },
  {
    // A function that has to be longer or to branch more says why in the line above it.
    files: SPLIT_ROOMS.map((room) => `src/${room}/**/*.ts`),
    rules: {
      complexity: ['error', 15],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
    },
  },
  ...roomRules,
  {
    // A function that has to be longer or has more branches says why in front of it.
    files: ['src/{emu,image,engines,peripherals}/**/*.ts'],
    plugins: { house: { rules: { 'own-lines': ownLines } } },
    rules: { complexity: ['error', 15], 'house/own-lines': ['error', 70] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: DOORS,
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: ':matches(TSAsExpression, TSTypeAssertion) TSTypeReference > Identifier[name="SafeText"]',
          message: 'SafeText is made by its doors (DOORS in eslint.config.js) and not by a cast.',
        },
        {
          selector: 'TSTypePredicate TSTypeReference > Identifier[name="SafeText"]',
          message: 'SafeText is made by its doors (DOORS in eslint.config.js) and not by a predicate.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'benchmarks/**/*.ts', 'tools/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly' } },
  },
);
