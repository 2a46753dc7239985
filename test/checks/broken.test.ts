/** What holds of every check on every family, whichever single fact breaks it. */
import { describe, expect, it } from 'vitest';
import type { RepairTarget } from '../../src/checks/check.ts';
import { familyOf, locate } from '../../src/checks/families.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { CHIPS } from '../../src/chips/index.ts';
import type { FakeTarget } from './fake-target.ts';
import { brokenBy, type Broken } from './minded.ts';

const CONFIDENCES = ['documented', 'measured', 'reported', 'inferred', 'fitted', 'assumed'];
const chips = [...new Map(CHIPS.toReversed().map((c) => [c.family, c])).values()].filter((c) => familyOf(c) !== null);
const broken = CHECKS.flatMap((check) => chips.flatMap((chip) => brokenBy(check, chip)));
const named = ({ check, chip, what }: Broken): string => `${check.id} on ${chip.name}, ${what}`;

it('most checks of the state are broken by some fact on most families', () => {
  expect(new Set(broken.map(({ check }) => check.id)).size).toBeGreaterThan(30);
  expect(new Set(broken.map(({ chip }) => chip.name)).size).toBe(chips.length);
});

describe('A broken check', () => {
  it('says what it saw, what it expects and why, from where and how sure', () => {
    const silent = broken.filter(({ check, target }) => {
      const { observed, expected, because, source, confidence } = check.judge(target.subject());
      return !observed || !expected || !because || !source || !CONFIDENCES.includes(confidence!);
    });
    expect(silent.map(named)).toEqual([]);
  });

  it('says the same without a history, or nothing', () => {
    const otherwise = broken.filter(({ check, target }) => {
      target.withHistory = false;
      const { verdict } = check.judge(target.subject());
      target.withHistory = true;
      return verdict !== check.judge(target.subject()).verdict && verdict !== 'unknown' && verdict !== 'pass';
    });
    expect(otherwise.map(named)).toEqual([]);
  });

  it('has a repair in words and in C', () => {
    const wordless = broken.filter(({ check, target }) => {
      const repair = check.repair(target.subject());
      return repair !== null && (!repair.what || !repair.fix);
    });
    expect(wordless.map(named)).toEqual([]);
  });
});

/** The status field of a switch follows it. */
function setWithStatus(target: FakeTarget, path: string, value: number): void {
  target.set(path, value);
  if (path.endsWith('.SW')) target.set(`${path}S`, value);
}
/** Follows a repair on the facts; null: the repair does what only a machine can. */
function mended({ check, target }: Broken): string | null {
  const subject = target.subject();
  const repair = check.repair(subject);
  if (repair?.at !== 'entry') return null;
  let followed = true;
  const facts = new Proxy(target, {
    get: (t, verb: keyof RepairTarget) => {
      if (verb === 'write') return () => void (followed = false);
      if (verb === 'putField' || verb === 'setField') return (path: string, value: number) => setWithStatus(t, path, value);
      if (verb === 'stopTimersOf')
        return (block: string) => void (block.startsWith('WWDG') ? t.set(`${block}.CR.WDGA`, 0) : t.stopTimersOf(block));
      const own = t[verb as keyof typeof t] as unknown;
      return typeof own === 'function' ? (own as (...args: unknown[]) => unknown).bind(t) : () => void (followed = false);
    },
  });
  repair.apply(facts as unknown as RepairTarget, subject);
  return followed ? check.judge(target.subject()).verdict : null;
}

/** What the hardware alone changes, and a clock above every range, which none mends. */
const BEYOND = /HSI48RDY|ACTVOS|voltage-range .* clock hclk/;

describe('The repair of a broken check', () => {
  it('takes back what broke it', () => {
    const own = broken.filter((b) => !BEYOND.test(named(b)));
    const verdicts = own.map((b) => [named(b), mended(b)] as const).filter(([, verdict]) => verdict !== null);
    expect(verdicts.length).toBeGreaterThan(200);
    expect(verdicts.filter(([, verdict]) => verdict === 'fail' || verdict === 'warn')).toEqual([]);
  });

  it('names fields that the chip has', () => {
    const strange = broken.flatMap((b) => {
      const repair = b.check.repair(b.target.subject());
      if (repair?.at !== 'entry') return [];
      const paths: string[] = [];
      const verbs = new Proxy({}, { get: (_, verb) => (path: unknown) => void (/Field$/.test(String(verb)) && paths.push(String(path))) });
      repair.apply(verbs as RepairTarget, b.target.subject());
      return paths
        .filter((path) => locate(b.chip, path) === null || locate(b.chip, path) === undefined)
        .map((path) => `${named(b)}: ${path}`);
    });
    expect(strange).toEqual([]);
  });
});
