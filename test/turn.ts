/**
 * Long lists are gone through by turns: a run takes every n-th item, and other ones the next time. BOOTBENCH_TURN says whose turn it is (.ci/run: the number
 * of commits, so that a commit is always tested alike); `all` takes everything.
 */
const TURN = process.env['BOOTBENCH_TURN'] ?? '0';
export const ALL_TURNS = TURN === 'all';
const turn = Number(TURN);
if (!ALL_TURNS && !(Number.isInteger(turn) && turn >= 0)) throw new Error(`BOOTBENCH_TURN=${TURN} is neither a number nor all`);

/** Whether it is the turn of item `i`, if they are gone through in so many runs. */
export const isTurn = (i: number, runs: number): boolean => ALL_TURNS || i % runs === turn % runs;
/** The seed of this run's set of random cases, of so many sets that are gone through. */
export const seedByTurn = (seed: number, sets: number): number => (ALL_TURNS ? seed : seed + (turn % sets));
export const byTurns = <T>(list: readonly T[], runs: number): T[] => list.filter((_, i) => isTurn(i, runs));
