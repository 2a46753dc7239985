/** Timers fire in the order of their due times, ties in the order of their slots, whatever was armed and disarmed in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scheduler } from '../../src/emu/time.ts';

const SLOTS = 6;

describe('Scheduler', () => {
  it('knows the earliest due time after every change', () => {
    const slot = fc.integer({ min: 0, max: SLOTS - 1 });
    const due = fc.integer({ min: 0, max: 20 });
    const step = fc.oneof(
      fc.record({ what: fc.constant('arm' as const), slot, due }),
      fc.record({ what: fc.constant('disarm' as const), slot, due }),
      fc.record({ what: fc.constant('take' as const), slot, due }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const s = new Scheduler();
        for (let i = 0; i < SLOTS; i++) expect(s.addSlot(`t${i}`)).toBe(i);
        const model = Array<number>(SLOTS).fill(Infinity);
        for (const { what, slot, due } of steps) {
          if (what === 'arm') s.arm(slot, (model[slot] = due));
          else if (what === 'disarm') {
            s.disarm(slot);
            model[slot] = Infinity;
          } else {
            const first = Math.min(...model);
            const expected = first <= due ? model.indexOf(first) : -1;
            expect(s.takeDue(due)).toBe(expected);
            if (expected >= 0) model[expected] = Infinity;
          }
          expect([...s.due]).toEqual(model);
          expect(s.next).toBe(Math.min(...model));
        }
      }),
    );
  });

  it('has room for any number of slots', () => {
    const s = new Scheduler();
    for (let i = 0; i < 1000; i++) s.arm(s.addSlot(`t${i}`), 5000 - i);
    expect(s.due).toHaveLength(1000);
    expect([s.next, s.takeDue(10_000), s.next]).toEqual([4001, 999, 4002]);
  });
});
