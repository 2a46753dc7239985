/** The bugs planted in fixtures/planted: `conform` has nothing against the images as they are, and finds the bugs, some by turns. `npm run planted` tries all. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUGS, type PlantedBug } from '../tools/planted/bugs.ts';
import { bugNumbers, FIRMWARE, plantedImage, type FirmwareName } from '../tools/planted/firmware.ts';
import { namesIt, paragraphsOf } from '../tools/planted/judge.ts';
import { conform, failures } from '../tools/planted/kits.ts';
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

it.each(FIRMWARE)('%s as it is built: nothing fails', async (firmware) => {
  const found = await conform(firmware, plantedImage(firmware, null));
  expect([found.none, found.fell, ...failures(found).map((r) => `${r.id}: ${r.observed}`)]).toEqual([null, null]);
  expect(found.results.length).toBeGreaterThan(90);
});

/** Bugs that `conform` names by a right paragraph, on every image that they are for. */
const FOUND = [
  'DNLOAD_OFF_BY_ONE',
  'UPLOAD_OFF_BY_ONE',
  'BOTH_OFF_BY_ONE',
  'ODD_TAIL_LOST',
  'UPLOAD_STAYS',
  'STATUS_IGNORES_WLENGTH',
  'ABORT_STAYS',
  'ABORT_IN_UPLOAD_STALLS',
  'RESET_KEEPS_STATE',
  'DETACH_DISCONNECTS',
  'DNLOAD_IN_ERROR',
  'UPLOAD_IN_DNLOAD_IDLE',
  'UNKNOWN_TAKEN',
  'GETSTATE_CLEARS_ERROR',
  'GETSTATE_SIX_BYTES',
  'MANIFEST_SKIPPED',
  'MANIFEST_WAITS_RESET',
  'CLRSTATUS_KEEPS_STATUS',
  'CLRSTATUS_KEEPS_STATE',
  'ERROR_SAYS_OK',
  'ERROR_SAYS_FIRMWARE',
  'TARGET_IS_FILE',
  'GETSTATUS_FIVE_BYTES',
  'WORK_IN_DNLOAD',
  'ERASE_NEXT_PAGE',
  'ERASE_TOO_MUCH',
  'SET_ADDRESS_UNCHECKED',
  'GET_WITHOUT_ERASE',
  'FUNCTIONAL_SEVEN_BYTES',
  'VERSION_SWAPPED',
  'UPLOAD_BIT_MISSING',
  'DNLOAD_BIT_MISSING',
  'ENDPOINT_COUNTED',
  'SET_INTERFACE_IGNORED',
  'SET_INTERFACE_ANY',
  'GET_INTERFACE_ZERO',
  'SET_CONFIGURATION_ANY',
  'GET_CONFIGURATION_ZERO',
  'GET_STATUS_ONE_BYTE',
];
describe('a planted bug is found, by a paragraph that it breaks', () => {
  const all = FOUND.map((id) => BUGS.find((b) => b.id === id)!).flatMap((bug) => imagesOf(bug).map((firmware) => [bug, firmware] as const));
  it.each(byTurns(all, Math.floor(all.length / 3)).map(([bug, firmware]) => [bug.id, firmware, bug] as const))(
    '%s on %s',
    async (id, firmware, bug) => {
      const found = await conform(firmware, plantedImage(firmware, id));
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
