/** What a report of conformance says of a requirement of each verdict, in words and as a page. */
import { describe, expect, it } from 'vitest';
import { conformanceHtml, conformanceText } from '../../src/report/conformance.ts';
import type { ConformanceReport } from '../../src/usb-sim/conform/kit.ts';
import type { RequirementResult, Verdict } from '../../src/usb-sim/conform/requirement.ts';

const SAID: Readonly<Record<Verdict, Pick<RequirementResult, 'observed' | 'dialect' | 'sequence'>>> = {
  pass: { observed: null, dialect: null, sequence: [] },
  'n/a': { observed: 'it <cannot> upload', dialect: null, sequence: [] },
  dialect: { observed: 'it stalls', dialect: 'st', sequence: ['DNLOAD', 'GETSTATUS'] },
  fail: { observed: 'no answer', dialect: null, sequence: ['DETACH'] },
};
function reportOf(...verdicts: readonly Verdict[]): ConformanceReport {
  const device = { vid: 0x483, pid: 0xdf11, bcdDevice: 0x2200, product: 'A', bcdDfuVersion: 0x11a, alternates: [] };
  const requirements = verdicts.map((verdict) => {
    const name = verdict.replace('/', '');
    return { id: `r-${name}`, title: `title of ${name}`, paragraph: '6.1', verdict, ...SAID[verdict] } as RequirementResult;
  });
  const counts = { pass: 1, fail: 2, dialect: 3, 'n/a': 4 };
  return { schema: 'bootbench/conformance@1', device, counts, dialect: [], requirements };
}
const ALL = ['pass', 'n/a', 'dialect', 'fail'] as const;
const HEAD = '0483:df11 A, bcdDevice 2200, bcdDFUVersion 011a';
const COUNTS = '1 pass, 2 fail, 3 in a dialect, 4 not applicable';
const FAIL = ['FAIL  r-fail: title of fail (6.1)', '      no answer', '      1. DETACH'];
const DIALECT = ['dialect  r-dialect: title of dialect (6.1)', '      st: it stalls'];

describe('A report of conformance', () => {
  it('has what failed, then dialects, and nothing else', () => {
    expect(conformanceText(reportOf(...ALL)).split('\n')).toEqual([HEAD, '', ...FAIL, ...DIALECT, '', COUNTS, '']);
    expect(conformanceText(reportOf('pass')).split('\n')).toEqual([HEAD, '', COUNTS, '']);
  });
  it('tells failures that the same requests led to together, by the one that speaks of DFU itself', () => {
    const [first] = reportOf('fail').requirements;
    const failing = (id: string, ...sequence: string[]): RequirementResult => ({ ...first!, id, sequence });
    const requirements = [failing('flash.a', 'x', 'y'), failing('dfu.b', 'x', 'y'), failing('flash.c', 'x'), failing('flash.d', 'x', 'y')];
    const text = conformanceText({ ...reportOf('fail'), requirements } as ConformanceReport)
      .split('\n')
      .slice(2);
    expect(text.filter((line) => !/^ +(no answer|\d\.)/.test(line)).slice(0, 3)).toEqual([
      'FAIL  dfu.b: title of fail (6.1)',
      '      the same requests fail flash.a, flash.d',
      'FAIL  flash.c: title of fail (6.1)',
    ]);
  });
  it('has all of it where that is asked for', () => {
    const rest = ['n/a  r-na: title of na (6.1)', '      it <cannot> upload', 'pass  r-pass: title of pass (6.1)'];
    expect(conformanceText(reportOf(...ALL), { all: true }).split('\n')).toEqual([HEAD, '', ...FAIL, ...DIALECT, ...rest, '', COUNTS, '']);
  });
  it('has the name of the device on one line', () => {
    const report = reportOf('pass');
    const named = { ...report, device: { ...report.device, product: 'P\n161 pass, 0 fail' } } as ConformanceReport;
    expect(conformanceText(named)).toContain('0483:df11 P\\x0a161 pass, 0 fail, bcdDevice');
  });
  it('has a row of the page for each, with the requests where there are some', () => {
    const row = (verdict: Verdict): string => /<tr class=.*<\/tr>/.exec(conformanceHtml(reportOf(verdict)))![0];
    const cells = (verdict: Verdict): string => `<td>${verdict}</td><td>r-${verdict.replace('/', '')}</td><td>title of ${verdict.replace('/', '')}</td><td>6.1</td>`; // prettier-ignore
    expect(ALL.map(row)).toEqual([
      `<tr class="pass">${cells('pass')}<td></td></tr>`,
      `<tr class="na">${cells('n/a')}<td>it &lt;cannot&gt; upload</td></tr>`,
      `<tr class="dialect">${cells('dialect')}<td>st: it stalls<ol><li>DNLOAD</li><li>GETSTATUS</li></ol></td></tr>`,
      `<tr class="fail">${cells('fail')}<td>no answer<ol><li>DETACH</li></ol></td></tr>`,
    ]);
  });
});
