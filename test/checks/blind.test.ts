/** Targets that answer only in part, as a probe on a protected chip: what cannot be read breaks no rule, keeps none, and stops no check. */
import { describe, expect, it } from 'vitest';
import type { Judgement, Subject, TargetState } from '../../src/checks/check.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { PPB } from '../../src/checks/core-registers.ts';
import { FakeTarget } from './fake-target.ts';

type Question = 'core' | 'read' | 'field' | 'clockHz';
const keyOf = (kind: Question, what: string | number): string => `${kind} ${typeof what === 'number' ? `0x${what.toString(16)}` : what}`;

/** A target on which what `hides` names has no answer; `asked` gets what a check wanted to know. */
function inPart(subject: Subject, hides: (key: string) => boolean, asked = new Set<string>()): Subject {
  const ask = <K extends string | number, T>(kind: Question, what: K, answer: (what: K) => T): T | null => {
    const key = keyOf(kind, what);
    asked.add(key);
    return hides(key) ? null : answer(what);
  };
  const whole = subject.state;
  const state: TargetState = {
    ...whole,
    core: (name) => ask('core', name, (n) => whole.core(n)),
    read: (address, size) => ask('read', address, (a) => whole.read(a, size)),
    field: (path) => ask('field', path, (f) => whole.field(f)),
    clockHz: (name) => ask('clockHz', name, (n) => whole.clockHz(n)),
  };
  return { ...subject, state };
}
const complete = ({ observed, expected, because }: Judgement): void =>
  expect(`${observed ?? ''} ${expected ?? ''} ${because}`).not.toMatch(/\b(null|NaN|undefined)\b/);

/** What it asks is no matter of registers. */
const OF_THE_PART = ['rom-usb'];
describe('A target that cannot be read at all', () => {
  it.each(CHECKS.filter((c) => !c.path && !OF_THE_PART.includes(c.id)).map((c) => [c.id, c] as const))(
    '%s keeps no rule and breaks none',
    (_id, c) => {
      const verdict = c.judge({ ...inPart(new FakeTarget().subject(), () => true), history: null });
      expect(['unknown', 'n/a']).toContain(verdict.verdict);
      complete(verdict);
    },
  );
});

/** Everything wrong that registers can show. */
function disorder(): FakeTarget {
  const t = new FakeTarget();
  Object.assign(t.core, { msp: 0x20001000, primask: 1, basepri: 0x50, faultmask: 1, control: 3, msplim: 0x20043000, vtor: 0x08000000 });
  t.ppb
    .set(PPB.SYST_CSR, 7)
    .set(PPB.ICSR, 1 << 28)
    .set(PPB.MPU_CTRL, 5)
    .set(PPB.FPCCR, 0xc0000001);
  t.enable(45).enable(46, PPB.NVIC_ISPR);
  t.set('RCC.CR.HSI48ON', 0).set('RCC.CR.HSI48RDY', 0).set('PWR.USBSCR.USB33SV', 0).set('RCC.CFGR1.SW', 3).set('RCC.CFGR1.SWS', 3);
  t.set('ICACHE.CR.EN', 1).set('IWDG.SR.ONF', 1).set('WWDG.CR.WDGA', 1).set('RCC.CFGR2.PPRE1', 4).set('RCC.CCIPR4.USBSEL', 3);
  return t;
}

/** Where nothing answers at the vector table, the core faults: that is what is wrong. Without CONTROL the limit of the main stack is judged. */
const TELLING = ['boot-selection read', 'stack-limit core control'];
describe.each([
  ['that is in order', () => new FakeTarget()],
  ['that is not', disorder],
] as const)('A chip %s', (_what, make) => {
  it.each(CHECKS.map((c) => [c.id, c] as const))('%s: one answer that is missing does not turn the verdict round', (id, c) => {
    const asked = new Set<string>();
    const seen = c.judge(inPart(make().subject(), () => false, asked)).verdict;
    for (const key of asked) {
      if (TELLING.some((known) => `${id} ${key}`.startsWith(known))) continue;
      const judgement = c.judge(inPart(make().subject(), (k) => k === key));
      complete(judgement);
      const { verdict } = judgement;
      if (seen === 'pass') expect(['pass', 'unknown', 'n/a'], key).toContain(verdict);
      if (seen === 'fail') expect(['fail', 'warn', 'unknown', 'n/a'], key).toContain(verdict);
    }
  });
});
