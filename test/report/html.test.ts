/** The report as a page: whole without a script, safe with hostile text, and nothing from elsewhere. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { htmlReport } from '../../src/report/html.ts';
import { indexPage } from '../../src/report/index-page.ts';
import type { SourceFile } from '../../src/report/source-lines.ts';
import { dfuResult, primaskResult } from '../samples/results.ts';

const source: SourceFile = {
  path: 'main.c',
  lines: Array.from({ length: 60 }, (_, i) => `line ${i + 1} < & >`),
  newer: false,
  elsewhere: false,
};
const hostile = '</script><script>alert(1)</script>\u001b[2J<img src=x onerror=alert(1)>';

describe('without a script the page says', () => {
  const page = htmlReport(primaskResult(), { sources: () => source });
  it('outcome, cause and the line in its context, which is marked without colour', () => {
    expect(page).toContain('✗ rom-silent');
    expect(page).toContain('<li class="blamed"><code>line 42 &lt; &amp; &gt;</code></li>');
    expect(page).toContain('line 37 ');
    expect(page).not.toContain('line 36 ');
  });
  it('every check, those that fail unfolded', () => {
    expect(page).toMatch(/<details open><summary><span class="fail">1 fail/);
    expect(page).toMatch(/<details><summary><span class="pass">/);
    for (const { id } of primaskResult().checks) expect(page).toContain(`id="check-${id}"`);
  });
  it('and every link inside of it leads somewhere', () => {
    for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(`id="${id}"`);
  });
});

describe('a scenario that expects a failure', () => {
  const page = String(htmlReport(primaskResult(), { judgement: { holds: true, failures: [] } }));
  it('is no success: its heading is neutral, and says whose wish the failure is', () => {
    expect(/<header class="(\w+)"><h1>([^<]*)/.exec(page)?.slice(1)).toEqual([
      'expected',
      'The scenario expects this failure, rom-silent: the ROM was entered, but no DFU device appeared',
    ]);
  });
  it('is green where it expects DFU', () => {
    expect(String(htmlReport(dfuResult(), { judgement: { holds: true, failures: [] } }))).toContain(
      '<header class="good"><h1>✓ as the scenario',
    );
  });
});

describe('the verdict', () => {
  it('stands once: the picture below it has no heading', () => {
    const page = String(htmlReport(primaskResult()));
    expect(page.match(/>[^<]*the ROM was entered, but no DFU device appeared/gi)).toHaveLength(1);
    expect(page).toContain('<svg ');
  });
});

describe('text of the firmware', () => {
  const result: RunResult = {
    ...primaskResult(),
    console: { usart1: hostile },
    summary: hostile,
    notes: [{ kind: 'crash', text: hostile }],
  };
  const timeline = [{ at: '0.000000000', cycle: 0, kind: 'scenario', text: hostile, pc: null, file: null, line: null }];
  const page = htmlReport({ ...result, timeline }, { script: 'let x = "</script>";' });
  it('never becomes markup, in the page or in the data of its script', () => {
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<script>alert');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toContain('\u001b');
  });
  it('nor in the index of all scenarios', () =>
    expect(indexPage([{ path: hostile, state: 'fail', seconds: 1, failures: [hostile], result }])).not.toMatch(/<img|<script/));
});

it('a page asks nothing of another place', () => {
  for (const page of [htmlReport(dfuResult(), { script: '' }), indexPage([])])
    expect(page).not.toMatch(/(?:src|href)="(?!#)|@import|url\(/);
});

it('a source outside of the working folder is named as the build has it, not by half a path', () => {
  const page = htmlReport(primaskResult(), { sources: () => ({ ...source, path: 'home/me/project/src/main.c', elsewhere: true }) });
  expect(page).toContain('<figcaption class="soft">');
  expect(page).not.toContain('home/me/project');
});
