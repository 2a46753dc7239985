import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CHECK_IDS } from '../../src/bench/result.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { ledger } from '../../src/cli/chips.ts';
import { cli } from './helpers.ts';

describe('bootbench chips', () => {
  test('lists every chip', async () => {
    const { out, code } = await cli(['chips']);
    expect(code).toBe(0);
    for (const chip of CHIPS) expect(out).toContain(chip.name);
  });

  test('prints every parameter and ROM option of a chip with confidence and source', async () => {
    const { out } = await cli(['chips', 'STM32H533RET6']);
    const flat = out.replace(/\s+/g, ' ');
    for (const rows of Object.values(ledger(CHIPS[0]!))) {
      for (const r of rows) expect(flat).toContain(`${r.name}: ${r.value} ${r.confidence} ${r.source}`.replace(/\s+/g, ' '));
    }
  });

  test.each(CHIPS.map((chip) => [chip.name, chip] as const))(
    'every number of %s has one of the six confidence words and a source',
    (_name, chip) => {
      for (const r of Object.values(ledger(chip)).flat()) {
        expect(['documented', 'measured', 'reported', 'inferred', 'fitted', 'assumed']).toContain(r.confidence);
        expect(r.source).not.toBe('');
      }
    },
  );

  test('an unknown chip is exit 2 with near names', async () => {
    const ran = await cli(['chips', 'stm32h53']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('STM32H533RE');
  });
});

describe('bootbench explain', () => {
  test.each(CHECKS.map((check) => [check.id, check] as const))('%s prints its question and explanation', async (id, check) => {
    const { out, code } = await cli(['explain', id.toUpperCase()]);
    expect(code).toBe(0);
    const flat = out.replace(/\s+/g, ' ');
    expect(flat).toContain(check.question.replace(/\s+/g, ' '));
    expect(flat).toContain(check.explanation.replace(/\s+/g, ' ').slice(0, 60));
  });

  test('an id that is not built yet says so, an unknown one is exit 2', async () => {
    const missing = CHECK_IDS.find((id) => !CHECKS.some((c) => c.id === id));
    if (missing !== undefined) expect((await cli(['explain', missing])).out).toContain('not checked in this version');
    const ran = await cli(['explain', 'primsk']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('did you mean primask?');
  });
});

describe('the program', () => {
  test('--help is exit 0 and names the commands', async () => {
    const ran = await cli(['--help']);
    expect(ran.code).toBe(0);
    for (const name of ['run', 'test', 'chips', 'explain']) expect(ran.out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  });

  test('no command is exit 2 with help on stderr', async () => {
    const ran = await cli([]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('Usage: bootbench');
  });

  test('an unknown command is exit 2 with a near one', async () => {
    const ran = await cli(['chip']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('chips');
  });

  test('--version is the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect((await cli(['--version'])).out.trim()).toBe(version);
  });
});
