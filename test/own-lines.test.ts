/** The house's own eslint rule: how long a function is without the functions inside. */
import { RuleTester } from 'eslint';
import { describe, test } from 'vitest';
import { ownLines } from '../tools/own-lines.js';

RuleTester.describe = describe;
RuleTester.it = test;
const lines = (n: number): string => Array.from({ length: n }, (_, i) => `  a(${i});`).join('\n');

new RuleTester().run('own-lines', ownLines, {
  valid: [
    { code: `function f() {\n${lines(8)}\n}`, options: [10] },
    { name: 'comments and blank lines do not count', code: `function f() {\n// why\n\n/* a\n * b\n */\n${lines(8)}\n}`, options: [10] },
    { name: 'nor do functions inside', code: `const f = () => {\n${lines(5)}\nconst g = () => {\n${lines(8)}\n};\n};`, options: [10] },
  ],
  invalid: [
    { code: `function f() {\n${lines(9)}\n}`, options: [10], errors: [{ messageId: 'long', data: { count: 11, most: 10 } }] },
    {
      name: 'a function inside has the same limit',
      code: `const f = () => {\nconst g = () => {\n${lines(9)}\n};\n};`,
      options: [10],
      errors: [{ messageId: 'long', line: 2 }],
    },
    {
      name: 'a comment behind code does not hide the code',
      code: `function f() {\n${lines(8)}\n  b(); // why\n}`,
      options: [10],
      errors: 1,
    },
  ],
});
