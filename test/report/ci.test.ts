/** What CI servers show of several scenarios at once. */
import { expect, it } from 'vitest';
import { codeQuality, githubAnnotations, sarif, stepSummary } from '../../src/report/ci.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { NO_SOURCES, type Sources } from '../../src/report/source-lines.ts';
import { primaskResult } from '../samples/results.ts';

const row = (path: string) => ({ path, state: 'fail', seconds: 1, failures: ['it fails'] });

it('a fix that several scenarios have in common is told once, and named by the others', () => {
  const of = (scenario: string) => findingsOf(scenario, primaskResult(), ['it fails'], NO_SOURCES, 'src/dfu.c');
  const [first] = of('a.json');
  expect(first!.fix).toMatch(/^Fix .*\n.*__enable_irq/);
  expect(first!.message).toContain(first!.fix);
  const all = [...of('a.json'), ...of('b.json'), ...of('c.json')];
  const count = (text: string, what: string): number => text.split(what).length - 1;
  const annotations = githubAnnotations(all);
  expect(count(annotations, '__enable_irq')).toBe(1);
  expect(count(annotations, 'Fix    as for a.json')).toBe(2);
  // the proof is each one's own
  expect(count(annotations, 'Proof')).toBe(3);
  const summary = stepSummary(['a.json', 'b.json', 'c.json'].map(row), all);
  for (const once of ['__enable_irq', 'Proof', 'Cause']) expect(count(summary, once), once).toBe(1);
  for (const later of ['b.json', 'c.json']) expect(summary).toContain(`in ${later}: as for a.json`);
  // each of these is shown alone
  for (const text of [codeQuality(all), sarif(all, '1')]) expect(count(text, 'as for a.json')).toBe(0);
});
it('a failure without a proved cause stands at the loop in which the run ends, not at the scenario', () => {
  const result = primaskResult();
  const at = { ...result.diagnosis.causes[0]!.lastWriter!, file: 'src/dfu.c', line: 27 };
  const stuck = { address: null, register: null, value: null, pc: at.pc, force: null, at };
  const here: Sources = (file) => ({ path: file, elsewhere: false, lines: [] }) as unknown as ReturnType<Sources>;
  const open = { ...result, outcome: 'stuck', entries: [], stuck, diagnosis: { ...result.diagnosis, causes: [], sets: [] } } as const;
  const [found] = findingsOf('a.json', open, ['it fails'], here);
  expect(found).toMatchObject({ rule: 'stuck', file: 'src/dfu.c', line: 27 });
});
it('another cause, another place or another fix is told in full', () => {
  const [first] = findingsOf('a.json', primaskResult(), ['it fails'], NO_SOURCES);
  const { fix, message } = first!;
  const others = [
    { ...first!, scenario: 'b.json', line: first!.line + 1 },
    { ...first!, scenario: 'c.json', rule: 'vtor' as const },
    { ...first!, scenario: 'd.json', fix: `${fix!}\n        more`, message: message.replace(fix!, () => `${fix!}\n        more`) },
  ];
  expect(githubAnnotations([first!, ...others])).not.toContain('as for');
});

it('the summary heads each cause with its name, and tells once what the causes of a scenario have in common', () => {
  const result = primaskResult();
  const [cause] = result.diagnosis.causes;
  const causes = ['PRIMASK', 'VTOR'].map((what) => ({ ...cause!, id: 'state' as const, what, explanation: `${what} is left so.` }));
  const findings = findingsOf('a.json', { ...result, diagnosis: { ...result.diagnosis, causes } }, ['it fails'], NO_SOURCES);
  expect(findings).toHaveLength(2);
  const summary = stepSummary([row('a.json')], findings);
  for (const once of ['PRIMASK is left so', 'VTOR is left so', 'Proof']) expect(summary.split(once).length - 1, once).toBe(1);
  expect(summary).not.toContain('**state**');
  expect(summary).toMatch(/^\*\*VTOR\*\* .*; the rest is as for \*\*PRIMASK\*\* /m);
});
