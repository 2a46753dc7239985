/** `explain` and `completion` know the words that bootbench uses. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { CORE_PARTS } from '../../src/bench/difference/core-parts.ts';
import { AFTER_STEPS, CHECK_IDS, FOUND_CAUSES, OUTCOMES, SYMPTOMS, VERDICTS } from '../../src/bench/documents/result.ts';
import { reportEntries } from '../../src/bench/verdict/report-words.ts';
import { explained } from '../../src/cli/explain.ts';
import { RESET_CAUSES } from '../../src/emu/component.ts';
import { ROM_OPTION_VALUES } from '../../src/rom/options.ts';
import { cli } from './helpers.ts';

/** Labels of the lines of a report, as src/report/story/sentences.ts writes them. */
const labels = (): string[] => {
  const source = readFileSync(new URL('../../src/report/story/sentences.ts', import.meta.url), 'utf8');
  const named = [...source.matchAll(/label: '([^'.:,]+(?:, but)?)'/g)].map(([, label]) => label!);
  const [, choice] = /label: \{([^}]*)\}/.exec(source)!;
  return [...named, ...[...choice!.matchAll(/: '(\w+)'/g)].map(([, label]) => label!)];
};
const expectKeys = (): string[] => {
  const text = readFileSync(new URL('../../schemas/scenario-1.schema.json', import.meta.url), 'utf8');
  const { properties } = JSON.parse(text) as { properties: { expect: { properties: object } } };
  return Object.keys(properties.expect.properties);
};
/** With the number that tells several of a kind apart. */
const registers = (): string[] =>
  CORE_PARTS.flatMap((part) => [...part.registers.map(([name]) => name), ...(part.face ? [part.face[0]] : [])]);
/** General registers, and what no hand-over is about. */
const PLAIN = /^(R\d+|LR|SP|PC|[xA]?PSR|x?PSR|FPSCR)$/;

describe('every word of a first screen and of a scenario is explained', () => {
  const entries = explained().map(({ id }) => id.toLowerCase());
  const has = (word: string): boolean => [word, word.replace(/\d+$/, '')].some((w) => entries.includes(w.toLowerCase()));
  it.each([
    ['checks', CHECK_IDS],
    ['outcomes', OUTCOMES],
    ['causes that no check names', FOUND_CAUSES],
    ['verdicts of checks', VERDICTS],
    ['ROM options of Holds', Object.keys(ROM_OPTION_VALUES)],
    ['confidence', ['documented', 'measured', 'reported', 'inferred', 'fitted', 'assumed']],
    ['steps of a client', AFTER_STEPS],
    ['their results', ['ok', 'refused', 'failed', 'not-tried']],
    ['keys of expect', expectKeys()],
    ['labels', labels()],
    ['registers of the cause state', registers().filter((name) => !PLAIN.test(name))],
    ['goals', ['usb', 'app', 'usart1', 'can2', 'fdcan1', 'i2c1', 'spi1']],
    ['words that newcomers asked for', ['harmless', 'alive', 'IPSR', 'usable', 'leave', 'proved', 'guess', 'stand-in']],
  ])('%s', (_what, words) => {
    expect(words.length).toBeGreaterThan(2);
    expect(words.filter((word) => !has(word))).toEqual([]);
  });
  it('a word refers to words that are explained', () => {
    const told = reportEntries().flatMap(({ text }) => [
      ...text.join(' ').matchAll(/\bSee (?!the |--|ROM )([a-z-]+)(?: and ([a-z-]+))?\./g),
    ]);
    expect(told.length).toBeGreaterThan(10);
    for (const [, ...words] of told) for (const word of words) expect(word === undefined || has(word), word).toBe(true);
  });
});

describe('bootbench explain', () => {
  const words = [
    ...CHECK_IDS,
    ...OUTCOMES,
    ...SYMPTOMS,
    ...RESET_CAUSES,
    ...Object.keys(ROM_OPTION_VALUES),
    'INVSTATE',
    'FORCED',
    'assumed',
  ];
  test('lists all words when it is given none', async () => {
    const { out, code } = await cli(['explain']);
    expect(code).toBe(0);
    for (const word of words) expect(out).toContain(`  ${word} `);
  });
  test.each([...new Set(words)])('%s', async (word) => {
    const ran = await cli(['explain', word.toUpperCase()]);
    expect(ran.code).toBe(0);
    expect(ran.out.length).toBeGreaterThan(40);
  });
  test('a word of two topics is told in both', async () => {
    const { out } = await cli(['explain', 'iwdg']);
    expect(out).toContain('iwdg (ROM option)');
    expect(out).toContain('iwdg (cause of reset)');
  });
  test.each([
    ['watchdog', 'did you mean iwdg?'],
    ['crystal', 'did you mean hse?'],
    ['hardfault', 'did you mean fault?'],
    ['primsk', 'did you mean primask?'],
    ['BFB2', 'did you mean dual-bank?'],
    ['nSWBOOT0', 'did you mean boot-selection?'],
    ['RDP', 'did you mean protection?'],
    ['DBP', 'did you mean magic-survives?'],
    ['SFTRSTF', 'did you mean reset-flags?'],
    ['qqqqqqqq\u001b[2J', '`bootbench explain` lists all words'],
  ])('%j is no word: exit 2, %s', async (word, hint) => {
    const ran = await cli(['explain', word]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(hint);
    expect(ran.err).not.toContain('\u001b');
  });
});

test('an argument too many is told in one sentence', async () => {
  const { code, err } = await cli(['explain', 'iwdg', 'wwdg']);
  expect(code).toBe(2);
  expect(err).toBe(
    "bootbench: too many arguments for 'explain': expected 1 argument but got 2; `bootbench explain --help` lists the options\n",
  );
});

describe('bootbench completion', () => {
  const complete = (script: string, ...line: string[]): string[] => {
    const words = line.map((w) => `'${w}'`).join(' ');
    const ran = spawnSync(
      'bash',
      ['-c', `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _bootbench; printf '%s\\n' "\${COMPREPLY[@]}"`],
      { encoding: 'utf8' },
    );
    expect(ran.stderr).toBe('');
    return ran.stdout.trim().split('\n');
  };
  it.skipIf(process.platform === 'win32')('bash: commands, options, chips, words, values of ROM options', async () => {
    const { out } = await cli(['completion', 'bash']);
    expect(complete(out, 'bootbench', 'expl')).toEqual(['explain']);
    expect(complete(out, 'bootbench', 'run', '--chip', 'stm32h53')).toEqual(['stm32h533re']);
    expect(complete(out, 'bootbench', 'test', '--sar')).toEqual(['--sarif']);
    expect(complete(out, 'bootbench', 'explain', 'rom-s')).toEqual(['rom-silent']);
    expect(complete(out, 'bootbench', 'run', '--rom-option', 'primask=k')).toEqual(['primask=keeps']);
  });
  it.each(['zsh', 'fish'])('%s names every command', async (shell) => {
    const { out } = await cli(['completion', shell]);
    for (const name of ['run', 'test', 'explain', 'compare']) expect(out).toMatch(new RegExp(`\\b${name}\\b`));
  });
  it('another shell is refused', async () => expect((await cli(['completion', 'bsh'])).err).toContain('did you mean bash'));
});
