/** The bugs planted in fixtures/planted: `conform` has nothing against the images as they are, and finds the bugs, some by turns. `npm run planted` tries all. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUGS, type PlantedBug } from '../tools/planted/bugs.ts';
import { bugNumbers, FIRMWARE, plantedImage, wayNumbers, type FirmwareName } from '../tools/planted/firmware.ts';
import { namesIt, paragraphsOf } from '../tools/planted/judge.ts';
import { accusations, conform, failures, judgeOf, planted, property } from '../tools/planted/kits.ts';
import { WAYS } from '../tools/planted/ways.ts';
import { byTurns } from './turn.ts';

it.each([
  ['BUG', bugNumbers(), BUGS],
  ['WAY', wayNumbers(), WAYS],
] as const)('each number of a %s is in its table, and in the sources of the firmware', (macro, numbers, table) => {
  expect([...numbers.keys()].sort()).toEqual(table.map(({ id }) => id).sort());
  expect(new Set(numbers.values()).size).toBe(numbers.size);
  const sources = readdirSync('fixtures/planted')
    .filter((name) => name.endsWith('.c'))
    .map((name) => readFileSync(`fixtures/planted/${name}`, 'utf8'));
  const used = sources.flatMap((text) => [...text.matchAll(new RegExp(`${macro}\\((\\w+)\\)`, 'g'))].map((m) => m[1]!));
  expect([...new Set(used)].sort()).toEqual([...numbers.keys()].sort());
});

it('paragraphs of a text belong to the document that stands before them', () => {
  expect(paragraphsOf('DFU 1.1 §6.1.1, §A.2.4; AN3156 §5.1')).toEqual(['DFU 1.1 §6.1.1', 'DFU 1.1 §A.2.4', 'AN3156 §5.1']);
  expect(paragraphsOf('AN2662 fig. 55')).toEqual([]);
});

it.each(byTurns(FIRMWARE, 2))('%s as it is built: nothing fails', async (firmware) => {
  const found = await conform(planted(firmware, plantedImage(firmware, null)));
  expect([found.none, found.fell, ...failures(found).map((r) => `${r.id}: ${r.observed}`)]).toEqual([null, null]);
  expect(found.results.length).toBeGreaterThan(90);
});

const EVERY = BUGS.flatMap((bug) => imagesOf(bug).map((firmware) => [bug.id, firmware, bug] as const));

/** Bugs that `conform` does not name by a right paragraph, and why. */
const MISSED: Readonly<Record<string, string>> = { TRANSFER_SIZE_DOUBLED: 'found, as blocks that are refused' };
describe('a planted bug is found by conform and the baseline of the right firmware, by a paragraph that it breaks', () => {
  const all = EVERY.filter(([id]) => !(id in MISSED));
  it.each(byTurns(all, Math.floor(all.length / 3)))('%s on %s', async (id, firmware, bug) => {
    const { baseline } = await judgeOf(firmware);
    const found = await conform(planted(firmware, plantedImage(firmware, id)));
    const said = failures(found, baseline.requirements).map((r) => r.paragraph);
    expect(namesIt(bug, [...said, found.none ?? '']), said.join('\n')).toBe(true);
  });
});
describe('a planted bug is found by the examples of the property kit', () => {
  it.each(byTurns(EVERY, Math.floor(EVERY.length / 8)))('%s on %s', async (id, firmware) => {
    const judge = await judgeOf(firmware);
    const found = await property(planted(firmware, plantedImage(firmware, id)), { cases: 0, judge });
    expect([found.fell, found.message !== null]).toEqual([null, true]);
  });
});
const ALLOWED = WAYS.flatMap((way) => FIRMWARE.filter((f) => way.firmware.some((p) => f.startsWith(p))).map((f) => [way.id, f] as const));
describe('of what the standards leave to a device neither kit says anything', () => {
  it.each(byTurns(ALLOWED, Math.floor(ALLOWED.length / 3)))('%s on %s', async (way, firmware) => {
    expect(await accusations(firmware, way, 10)).toEqual([]);
  });
});

function imagesOf(bug: PlantedBug): FirmwareName[] {
  return FIRMWARE.filter(
    (f) => bug.firmware.some((p) => f.startsWith(p)) && (bug.parts === undefined || bug.parts.some((p) => f.endsWith(p))),
  );
}
