/** What has changed between two checkpoints is what was said to have moved, and all of that: any words of RAM and registers of the core. */
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { onlyMoved } from '../../src/bench/session/tick-period.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Cell } from '../../src/emu/proofs/linear.ts';
import { RAM, TickBench } from './tick-bench.ts';

const bench = new TickBench('stm32f405rg');
afterAll(() => bench.session.release());
const { machine } = bench.run({ loop: (t) => t.label('here').b('here'), csr: 0 }).session;
const core = machine.bootCore;
const start = machine.save();

const value = fc.integer({ min: 1, max: 0x7fff_ffff });
/** Any of R0 to R7, and words of two pages of RAM, each once and with another value than before. */
const changes = fc.uniqueArray(
  fc.record({
    where: fc.oneof(
      fc.nat(7).map((n) => S.R + 4 * n),
      fc.nat(2000).map((n) => RAM + 4 * n),
    ),
    by: value,
  }),
  { selector: ({ where }) => where, minLength: 1, maxLength: 12 },
);
const isMemory = (where: number): boolean => where >= RAM;
const at = (where: number): number => (isMemory(where) ? core.peek(where, 4)! : core.get(where));
function put(where: number, word: number): void {
  if (isMemory(where)) core.write(where, 4, word, true);
  else core.set(where, word);
}
/** Makes the changes, and says what `onlyMoved` says of what `told` makes of them. */
function judged(made: readonly { where: number; by: number }[], told: (cells: Cell[]) => Cell[]): boolean {
  machine.restore(start);
  const cells = made.map(({ where, by }): Cell => {
    const word = (at(where) ^ by) | 0;
    put(where, word);
    return { where, size: isMemory(where) ? 4 : 0, at: word, step: 0, input: false };
  });
  const said = told(cells);
  // pages that are as they were may be those of the checkpoint before
  const verdicts = [machine.save(), machine.save(start)].map((after) => onlyMoved(machine, start, after, said));
  expect(verdicts[0]).toBe(verdicts[1]);
  return verdicts[0]!;
}

it('what is said of every change holds', () => {
  fc.assert(
    fc.property(changes, (made) => {
      expect(judged(made, (cells) => cells)).toBe(true);
    }),
  );
});
it('a change that is not said, or one that is said otherwise, is noticed', () => {
  fc.assert(
    fc.property(changes, fc.nat(), value, fc.boolean(), (made, which, by, isLeftOut) => {
      const n = which % made.length;
      const spoilt = (cells: Cell[]): Cell[] => cells.with(n, { ...cells[n]!, at: cells[n]!.at ^ by });
      expect(judged(made, isLeftOut ? (cells) => cells.toSpliced(n, 1) : spoilt)).toBe(false);
    }),
  );
});
it('bytes of a word may move by themselves', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.nat(3), fc.integer({ min: 1, max: 0xff }), (word, byte, by) => {
      const where = RAM + 4 * word + byte;
      machine.restore(start);
      core.write(where, 1, core.peek(where, 1)! ^ by, true);
      const moved = (place: number): boolean =>
        onlyMoved(machine, start, machine.save(start), [{ where: place, size: 1, at: core.peek(place, 1)!, step: 0, input: false }]);
      expect(moved(where)).toBe(true);
      expect(moved(where ^ 1)).toBe(false);
    }),
  );
});
