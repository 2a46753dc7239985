/** What mutants are made of, and which tests are asked about them. */
import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { AREAS } from '../tools/mutation/areas.ts';
import { alternatives, isTable, runsBuilt, statesFacts } from '../tools/mutation/kinds.ts';

describe('areas of mutants', () => {
  it.each(AREAS)('every pattern of $name matches a file', ({ files, first = [], namesakes = [], tests }) => {
    const patterns = [files, first, namesakes, tests].flat().flatMap(alternatives);
    expect(patterns.filter((pattern) => globSync(pattern).length === 0)).toEqual([]);
  });

  it('asks each alternative in braces', () => {
    expect(alternatives('a/{b,c/{d,e}}.ts')).toEqual(['a/b.ts', 'a/c/d.ts', 'a/c/e.ts']);
  });
});

it('no test stands in for a module or a function of one: mutants are shown in a runner that cannot do that', () => {
  const modules = (text: string): readonly string[] => [...text.matchAll(/import \* as (\w+) from/g)].map(([, name]) => name!);
  const bad = globSync('test/**/*.test.ts').filter((path) => {
    const text = readFileSync(path, 'utf8');
    return /\bvi\.(?:mock|doMock|hoisted)\(/.test(text) || modules(text).some((name) => text.includes(`vi.spyOn(${name},`));
  });
  expect(bad).toEqual([]);
});

describe('kinds of tests', () => {
  const files: Record<string, string> = {
    'test/a/table.test.ts': "import { expectAsBefore } from './golden-file.ts';",
    'test/b/by-helper.test.ts': "import { run } from './helper.ts';",
    'test/b/helper.ts': "import { more } from '../a/more.ts';",
    'test/a/more.ts': "import './more.ts';\nif (process.env['BOOTBENCH_GOLDEN'] === 'write') write();",
    'test/b/facts.test.ts': "import { golden } from '../../src/golden-file-format.ts';\nimport { a } from './plain.ts';",
    'test/b/plain.ts': '',
  };
  const kind = (path: string): boolean => isTable(path, (file) => files[file]!);

  it('a test that compares with a stored table is a table', () => expect(kind('test/a/table.test.ts')).toBe(true));
  it('so it is where a helper of its helper does that', () => expect(kind('test/b/by-helper.test.ts')).toBe(true));
  it('all others state facts', () => expect(kind('test/b/facts.test.ts')).toBe(false));
  it('a table that expects something else as well states facts', () => {
    const states = (text: string): boolean => statesFacts('t', () => `import { expectAsBefore } from './golden-file.ts';\n${text}`);
    expect([states('expectAsBefore(lines, url);'), states('expectAsBefore(lines, url);\nexpect(lines).toHaveLength(3);')]).toEqual([
      false,
      true,
    ]);
  });
  it('a test of the built program is not asked: that program has no mutant', () => {
    const built = globSync('test/**/*.test.ts').filter((path) => runsBuilt(path));
    expect(built).toContain('test/cli/mcp.test.ts');
    expect(built).not.toContain('test/cli/run.test.ts');
  });
});
