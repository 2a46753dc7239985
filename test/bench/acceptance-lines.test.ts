/** On each interface that the ROM of a line serves, a host's tool lists, reads, erases, writes and verifies the first page. */
import { describe, expect, it } from 'vitest';
import { AFTER_STEPS } from '../../src/bench/documents/result.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { plannedGoal } from '../../src/bench/input/goal.ts';
import { runBench } from '../../src/bench/run.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { plainJob } from './plain-job.ts';
import { byTurns } from '../turn.ts';

/** CAN needs a crystal, which not every board has. */
const CRYSTAL = { hz: 8_000_000, kind: 'crystal' } as const;

/** One line for each image of a ROM: what the lines share is the image. */
const ofImage = new Map(CHIPS.flatMap((chip) => (romProfileOf(chip) ? [[romProfileOf(chip)!.image, chip] as const] : [])));

const goalsOf = (chip: (typeof CHIPS)[number]): readonly string[] => {
  const profile = romProfileOf(chip)!;
  const names = [...(profile.dfu === null ? [] : ['usb']), ...profile.interfaces.value.map(({ name }) => name.toLowerCase())];
  return [...new Set(names)].filter((name) => {
    try {
      return plannedGoal(chip, name, 'goal').asking?.serves !== null;
    } catch {
      return false;
    }
  });
};

describe.each(byTurns([...ofImage], 3).map(([image, chip]) => [image, chip] as const))('%s', (_image, chip) => {
  it.each(goalsOf(chip))('%s', (goal) => {
    const result = runBench(
      jobInput({
        ...plainJob(chip.name.toLowerCase(), [], { goal, board: { boot0: 1, ...(goal.startsWith('can') ? { hse: CRYSTAL } : {}) } }),
        after: true,
      }),
    );
    const words =
      result.after === null
        ? result.outcome
        : AFTER_STEPS.map((step) => `${step} ${result.after![step].result} ${result.after![step].because ?? ''}`.trim()).join('\n');
    expect(words.replace(/^list ok .*$/m, 'list ok')).toBe(
      'list ok\nupload ok\nerase ok\ndownload ok\nverify ok\nleave not-tried there is no application\nalive not-tried there is no application',
    );
  });
});
