/** `explain` and `completion` know the words that bootbench uses. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it, test } from 'vitest';
import { CHECK_IDS, OUTCOMES, SYMPTOMS } from '../../src/bench/documents/result.ts';
import { RESET_CAUSES } from '../../src/emu/component.ts';
import { ROM_OPTION_VALUES } from '../../src/rom/options.ts';
import { cli } from './helpers.ts';

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
