/**
 * What checks say of 1,200 subjects at random, beside what they said (minded/random.txt): how often which reason, with numbers and names left out, and a digest of all that each check said
 * and would repair. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { randomSubjects, saidBy } from './random-subjects.ts';

const COUNT = 1200;

it('is said of random subjects what was said', () => {
  const said = CHECKS.map(() => ({ reasons: new Map<string, number>(), digest: createHash('sha256') }));
  for (const { subject } of randomSubjects(1501, COUNT))
    CHECKS.forEach((check, i) => {
      const [short, whole] = saidBy(check, subject);
      const { reasons, digest } = said[i]!;
      const reason = short.replaceAll(/0x[0-9a-f]+|\d[\d.,]*/g, '#').slice(0, 200);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      digest.update(whole);
    });
  const lines = CHECKS.flatMap((check, i) => {
    const { reasons, digest } = said[i]!;
    const told = [...reasons].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, n]) => `  ${n}  ${reason}`);
    return [`${check.id}  ${digest.digest('hex').slice(0, 16)}`, ...told];
  });
  expect(lines.length).toBeGreaterThan(4 * CHECKS.length);
  expectAsBefore(lines, new URL('./minded/random.txt', import.meta.url));
});
