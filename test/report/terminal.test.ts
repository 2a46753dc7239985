import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { terminalReport } from '../../src/report/terminal.ts';
import { shortReport } from '../../src/report/short.ts';
import { ansi, humanTime, plain, printable, visibleLength, wrap } from '../../src/report/text.ts';
import { dfuResult, primaskCause, primaskResult, writer } from '../samples/results.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';

const flat = (text: string): string => text.replace(/\s+/g, ' ');
const report = (result: RunResult, width = 80): string => terminalReport(result, { width });

test('a colour is set and taken back by its own codes (ECMA-48 8.3.117, SGR), and empty text has none', () => {
  const codes = (['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const).map((style) => ansi(style, 'x').match(/\d+/g)!.map(Number));
  expect(codes).toEqual([
    [1, 22],
    [2, 22],
    [31, 39],
    [32, 39],
    [33, 39],
    [36, 39],
  ]);
  expect(ansi('red', '')).toBe('');
});

describe('the terminal report', () => {
  test('answers in order: what happened, why, which line, how to fix it, how sure', () => {
    const text = flat(report(primaskResult()));
    const order = [
      'FAIL rom-silent: the ROM was entered, but no DFU device appeared',
      'The ROM was entered from main.c:50 with interrupts switched off',
      'Cause primask:',
      'Interrupts were still off',
      'main.c:42 (enter_dfu), at 100.1 ms: PRIMASK = 1 (expected: PRIMASK = 0)',
      'the jump: main.c:50 (enter_dfu) to 0x0bf97165',
      'Fix in C',
      '__enable_irq(); /* last thing before the jump */',
      'Proof with only this repaired, the same run reaches DFU on the stand-in ROM',
      'Holds if the real ROM leaves PRIMASK as the jump hands it over (assumed)',
      'Checks: ',
    ];
    let at = -1;
    for (const part of order) {
      const found = text.indexOf(part);
      expect(found, part).toBeGreaterThan(at);
      at = found;
    }
  });

  test('the first ten lines hold outcome, cause and the blamed line', () => {
    const head = report(primaskResult()).split('\n').slice(0, 10).join('\n');
    for (const part of ['rom-silent', 'primask', 'main.c:42']) expect(head).toContain(part);
  });

  test('advises what it does not show itself: the checks and the page', () => {
    const text = flat(report(primaskResult()));
    expect(text).toContain('add --checks (all checks), --html report.html (page)');
    expect(text).not.toContain('add -v');
    expect(flat(shortReport(primaskResult(), { width: 80 }))).toContain('add -v (full report), --checks');
  });

  test('says stand-in ROM in every report on one, and not of a dump', () => {
    expect(report(dfuResult())).toContain('stand-in ROM (stm32h5 V14.2)');
    expect(report(primaskResult())).toContain('stand-in ROM');
    const shared = { ...dfuResult(), rom: { ...dfuResult().rom, id: 'stm32h745' } };
    expect(flat(report(shared))).toContain('stand-in ROM (V14.2, which STM32H533RE shares with STM32H745)');
    const dumped = { ...dfuResult(), rom: { ...dfuResult().rom, kind: 'dump' as const } };
    expect(report(dumped)).not.toContain('stand-in');
  });

  test('lists failed and warned checks with last writer, not the passed ones', () => {
    const text = report(primaskResult());
    expect(flat(text)).toMatch(
      /fail primask the ROM serves USB by interrupts .* found PRIMASK = 1; last written by main\.c:42 \(enter_dfu\) \[AN2606 4\.1, documented\]/,
    );
    expect(text).toContain('warn systick');
    expect(text).toMatch(/\nChecks: \d+ pass, 1 fail, 1 warn, 1 unknown/);
    expect(text).not.toMatch(/pass msp/);
    expect(flat(text)).toContain('unlike a start by BOOT0, but harmless with this ROM: systick');
  });

  test('an offset where the chip has no register is no gap of a model, and is told once', () => {
    const unmodelled = ['I2SCFGR', '+0x8'].map((register) => ({ peripheral: 'SPI1', register, reads: 1, writes: 1 }));
    const result = { ...primaskResult(), unmodelled };
    expect(flat(report(result))).toContain('registers used that are not modelled: SPI1.I2SCFGR Note');
    expect(flat(report(result))).toContain('accessed where bootbench knows no register: SPI1+0x8; it reads 0 and ignores writes');
    const notes = [{ kind: 'chip', text: 'although it reads 0x40013008', about: { is: 'no-register' as const } }];
    expect(flat(report({ ...result, notes }))).not.toContain('reserved');
  });

  test('does not hold against a firmware what a reset leaves, and the ROM does itself', () => {
    const harmless = ['systick', 'hsi48', 'vddusb', 'reset-flags'] as const;
    const told = (lastWriter: typeof writer | null): string | undefined => {
      const result = dfuResult();
      const checks = result.checks.map((c) => (harmless.some((id) => id === c.id) ? { ...c, verdict: 'warn' as const, lastWriter } : c));
      const text = flat(report({ ...result, checks, diagnosis: { ...result.diagnosis, harmless } }));
      return /but harmless [^:]*: ([\w-]+(?:, [\w-]+)*)/.exec(text)?.[1];
    };
    expect(told(null)).toBe('systick');
    // who switched HSI48 or the supply off did something
    expect(told(writer)?.split(', ').sort()).toEqual([...harmless].sort());
  });

  test('a bound of the search stands below the finding, and does not disturb a proof', () => {
    const notes = [{ kind: 'bounded', text: 'limits of the search: 2 of 3 pins' }];
    const said = 'Note Limits of the search: 2 of 3 pins.';
    expect(flat(report({ ...primaskResult(), notes }))).toContain(said);
    expect(flat(shortReport({ ...primaskResult(), notes }))).not.toContain('2 of 3 pins');
    const suspect = { ...primaskCause, proved: false };
    const open = { ...primaskResult(), notes, diagnosis: { explained: false, causes: [suspect], sets: [], harmless: [] } };
    const text = flat(shortReport(open));
    expect(text.indexOf(said)).toBeGreaterThan(text.indexOf('Maybe primask'));
  });

  test('names what the outcome hangs on, and the option to try', () => {
    expect(flat(report(primaskResult()))).toContain('- primask: keeps (assumed); with --rom-option primask=clears the outcome is dfu');
  });

  test('a suspect is never called a cause or proved', () => {
    const suspect = { ...primaskCause, proved: false, outcomeAfterRepair: 'rom-silent' as const };
    const text = flat(report({ ...primaskResult(), diagnosis: { explained: false, causes: [suspect], sets: [], harmless: [] } }));
    expect(text).toContain('Maybe primask: ');
    expect(text).toContain('no cause is proved');
    expect(text).not.toContain('Cause ');
    expect(text).not.toMatch(/reaches DFU on/);
  });

  test('with one cause proved, suspects are not shown beside it', () => {
    const text = report({
      ...primaskResult(),
      diagnosis: { ...primaskResult().diagnosis, causes: [{ ...primaskCause, id: 'icache', proved: false }, primaskCause] },
    });
    expect(text).toMatch(/^Cause +primask/m);
    expect(text).not.toContain('icache');
  });

  test('a symptom that the run does not show is said before any cause, with what would show it', () => {
    const symptom = {
      asked: 'resets' as const,
      matches: false,
      options: [{ rom: { 'sysflash-gap': 'decoy' }, board: {}, outcome: 'reset-loop' as const, text: 'a decoy table earlier in the gap' }],
    };
    const text = flat(report({ ...primaskResult(), symptom }));
    expect(text.indexOf('This is NOT what you reported (the board resets).')).toBeGreaterThan(0);
    expect(text.indexOf('NOT what you reported')).toBeLessThan(text.indexOf('Cause primask'));
    expect(text).toContain('a decoy table earlier in the gap [--rom-option sysflash-gap=decoy, reset-loop]');
  });

  test('an image that misses the boot address is told so before anything else', () => {
    const notes = [{ kind: 'boot-address', text: 'no image has bytes at 0x08000000' }];
    expect(
      report({ ...primaskResult(), notes })
        .split('\n')
        .slice(0, 5)
        .join(),
    ).toContain('No image has bytes at 0x08000000');
  });

  test('a stuck firmware is told what it polls and how to get past it', () => {
    const stuck = {
      address: '0x40029000',
      register: 'ETH.DMAMR',
      value: '0x00000001',
      pc: '0x08000500',
      force: 'ETH.DMAMR.SWR=0',
    } as const;
    const text = flat(report({ ...dfuResult(), outcome: 'stuck', stuck }));
    expect(text).toContain('the loop at 0x08000500 polls ETH.DMAMR, which always reads 0x00000001');
    expect(text).toContain('Next add --force ETH.DMAMR.SWR=0 to get past the wait');
  });

  test('a write that the flash refused before a wait is told beside it', () => {
    const stuck = { address: null, register: null, value: null, pc: '0x08000500', force: null } as const;
    const waits = { ...dfuResult(), outcome: 'stuck', stuck } as const;
    const text = 'FLASH: FLASH_OPTR written while OPTLOCK = 1: ignored';
    const refused = flat(report({ ...waits, notes: [{ kind: 'guest', text, about: { is: 'locked', lock: 'OPTLOCK', block: 'FLASH' } }] }));
    expect(refused).toContain(`No check fails before the wait, but the chip ignored a write before it: ${text}.`);
    expect(flat(report(waits))).not.toContain('No check fails');
  });

  test('registers without behaviour and console output are shown', () => {
    const text = report({ ...primaskResult(), console: { usart1: 'one\ntwo\nthree\nfour\nfive\n' } });
    expect(flat(text)).toContain('registers used that are not modelled: ETH.DMAMR');
    expect(text).toContain('five');
    expect(text).not.toMatch(/\bone\n/);
    expect(text).toContain('last 4 of 5 lines');
  });

  test('keeps within 80 columns', () => {
    for (const line of report(primaskResult()).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const line of report(dfuResult()).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('colour changes nothing but colour', () => {
    const stripped = terminalReport(primaskResult(), { paint: ansi }).replace(/\u001b\[\d+m/g, '');
    expect(stripped).toBe(terminalReport(primaskResult(), { paint: plain }));
  });

  test('control characters of the firmware never reach the terminal', () => {
    const text = report({ ...dfuResult(), console: { usart1: '\u001b[2Jgone\u0007' } });
    expect(text).not.toContain('\u001b');
    expect(text).toContain('\\x1b[2Jgone\\x07');
  });

  test('says whether the expectation held and what did not', () => {
    expect(terminalReport(dfuResult(), { judgement: { holds: true, failures: [] } })).toContain('HOLDS');
    const failed = terminalReport(dfuResult(), { judgement: { holds: false, failures: ['outcome is dfu, expected fault'] } });
    expect(failed).toContain('not what the scenario expects');
    expect(failed).toContain('outcome is dfu, expected fault');
  });
});

describe('text', () => {
  test('wrapping keeps all words in order and lines within the width', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 20, max: 80 }),
        (words, width) => {
          const lines = wrap(words.join(' '), width, '  ');
          expect(
            lines
              .join(' ')
              .split(/\s+/)
              .filter((w) => w !== ''),
          ).toEqual(words);
          for (const line of lines) expect(visibleLength(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  test.each([
    ['0.000000000', '0 s'],
    ['0.000012500', '12.5 µs'],
    ['0.100123456', '100.1 ms'],
    ['0.100000000', '100 ms'],
    ['2.450000000', '2.45 s'],
    ['10.000000000', '10 s'],
  ])('%s reads %s', (seconds, text) => {
    expect(humanTime(seconds)).toBe(text);
  });

  test('printable keeps letters and line ends', () => {
    expect(printable('né\tx\ny')).toBe('né\tx\ny');
    expect(printable('a\u202eb\u2066c')).toBe('a\\u202eb\\u2066c');
  });
});
