/** What a program wrote below test/ is read by a person when it changes: it stays small, and has no digests. */
import { readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { globSync } from 'tinyglobby';

/** KiB by room. Outputs of other programs, with which ours are compared, count as well. */
const BUDGET: Readonly<Record<string, number>> = {
  bench: 50,
  checks: 130,
  chips: 70,
  emu: 100,
  image: 155,
  library: 1,
  peripherals: 300,
  report: 90,
  'usb-sim': 100,
};
const files = globSync('test/**/*', { onlyFiles: true }).filter((file) => !/\.(ts|c|h|ld|sh)$/.test(file));
const roomOf = (file: string): string => file.split('/')[1]!;

it.each(Object.entries(BUDGET))('tables of %s have at most %i KiB', (room, most) => {
  const bytes = files.filter((file) => roomOf(file) === room).reduce((sum, file) => sum + statSync(file).size, 0);
  expect(bytes / 1024).toBeLessThanOrEqual(most);
});
it('all tables together have at most one megabyte', () => {
  expect(files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(1_000_000);
});
it('no other room has tables', () => {
  expect(files.filter((file) => BUDGET[roomOf(file)] === undefined)).toEqual([]);
});
it.each(['bench', 'checks', 'chips', 'emu', 'image', 'peripherals', 'report'])(
  'tables of %s have no digests: a row that changed says what changed',
  (room) => {
    const digests = files.filter(
      (file) => roomOf(file) === room && /(?<=[:;]\s?)(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{8}\s*$/m.test(readFileSync(file, 'utf8')),
    );
    expect(digests).toEqual([]);
  },
);
