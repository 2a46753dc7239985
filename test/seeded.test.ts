/** Random faults in right programs of each kind (`npm run seeded`): a few with each run, others with the next. */
import { describe, expect, it } from 'vitest';
import { CHIPS, drawCase } from '../tools/seeded/cases.ts';
import { FAULT_KINDS } from '../tools/seeded/faults.ts';
import { byAll } from '../tools/seeded/judge.ts';
import { PROGRAM_KINDS } from '../tools/seeded/kinds.ts';
import { inWords, judged } from '../tools/seeded/score.ts';
import { random } from '../tools/random.ts';
import { seedByTurn } from './turn.ts';

const SEED = 47_000;
const SETS = 1000;
/** Of each kind of program. */
const CHANGED = 2;
const MOST_DRAWN = 30;

describe('faults in a right program', () => {
  const sums = { changed: 0, named: 0 };
  it.each(PROGRAM_KINDS)('%s: no wrong instruction is named, and nothing is accused that changes nothing', (kind) => {
    const seed = seedByTurn(SEED, SETS) * PROGRAM_KINDS.length + PROGRAM_KINDS.indexOf(kind);
    const draw = random(seed);
    let changed = 0;
    for (let n = 0; changed < CHANGED && n < MOST_DRAWN; n++) {
      // fields are drawn by test/bench/difference.test.ts, where most change nothing
      const fault = FAULT_KINDS[1 + Math.floor(draw() * (FAULT_KINDS.length - 1))]!;
      const drawn = drawCase({ chips: CHIPS, kind, fault, pairs: false }, draw);
      if (drawn === null) continue;
      const { verdict, answer } = judged(drawn, byAll);
      expect(['named', 'missed', 'unchanged'], `${inWords(drawn)}: ${answer.outcome}; ${answer.said}`).toContain(verdict);
      if (verdict === 'unchanged') continue;
      changed++;
      sums.changed++;
      if (verdict === 'named') sums.named++;
    }
    expect(changed).toBe(CHANGED);
  });
  it('most are named by the instruction that is to blame', () => {
    expect(sums.changed).toBe(CHANGED * PROGRAM_KINDS.length);
    expect(sums.named / sums.changed).toBeGreaterThanOrEqual(0.7);
  });
});
