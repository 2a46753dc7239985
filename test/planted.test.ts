/** The bugs planted in fixtures/planted: `conform` has nothing against the images as they are, and finds the bugs, some by turns. `npm run planted` tries all. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUGS, type PlantedBug } from '../tools/planted/bugs.ts';
import { bugNumbers, FIRMWARE, plantedImage, type FirmwareName } from '../tools/planted/firmware.ts';
import { namesIt, paragraphsOf } from '../tools/planted/judge.ts';
import { conform, failures, planted } from '../tools/planted/kits.ts';
import { byTurns } from './turn.ts';

it('each number of bugs.h is in the table, and in the sources of the firmware', () => {
  const numbers = bugNumbers();
  expect([...numbers.keys()].sort()).toEqual(BUGS.map((b) => b.id).sort());
  expect(new Set(numbers.values()).size).toBe(numbers.size);
  const sources = readdirSync('fixtures/planted')
    .filter((name) => name.endsWith('.c'))
    .map((name) => readFileSync(`fixtures/planted/${name}`, 'utf8'));
  expect([...new Set(sources.flatMap((text) => [...text.matchAll(/BUG\((\w+)\)/g)].map((m) => m[1]!)))].sort()).toEqual(
    [...numbers.keys()].sort(),
  );
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

/** Bugs that `conform` does not name by a right paragraph, and why. */
const MISSED: Readonly<Record<string, string>> = {
  RESET_KEEPS_POINTER: 'neither DFU 1.1 nor AN3156 says what the pointer is behind a reset',
  VERIFY_MISSING: 'the dialect not-verified: no document asks for a look at what was written',
  POLL_TOO_SHORT: 'a host asks once more: the standard allows it',
  LEAVE_IGNORES_POINTER: 'where the core goes is not looked at',
  TRANSFER_SIZE_DOUBLED: 'found, as blocks that are refused',
};
describe('a planted bug is found, by a paragraph that it breaks', () => {
  const all = BUGS.filter((b) => !(b.id in MISSED)).flatMap((bug) => imagesOf(bug).map((firmware) => [bug, firmware] as const));
  it.each(byTurns(all, Math.floor(all.length / 3)).map(([bug, firmware]) => [bug.id, firmware, bug] as const))(
    '%s on %s',
    async (id, firmware, bug) => {
      const found = await conform(planted(firmware, plantedImage(firmware, id)));
      const said = failures(found).map((r) => r.paragraph);
      expect(namesIt(bug, [...said, found.none ?? '']), said.join('\n')).toBe(true);
    },
  );
});

function imagesOf(bug: PlantedBug): FirmwareName[] {
  return FIRMWARE.filter(
    (f) => bug.firmware.some((p) => f.startsWith(p)) && (bug.parts === undefined || bug.parts.some((p) => f.endsWith(p))),
  );
}
