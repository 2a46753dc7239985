/** The bugs planted in fixtures/planted: `conform` has nothing against the images as they are, and finds the bugs, some by turns. `npm run planted` tries all. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUGS, type PlantedBug } from '../tools/planted/bugs.ts';
import { bugNumbers, FIRMWARE, plantedImage, wayNumbers, type FirmwareName } from '../tools/planted/firmware.ts';
import { namesIt, paragraphsOf } from '../tools/planted/judge.ts';
import { openDfu } from '../src/property.ts';
import { accusations, besideApplication, conform, failures, judgeOf, planted, property } from '../tools/planted/kits.ts';
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
/** The examples alone do not find it on DfuSe firmware; random commands do. */
const BY_CHANCE: ReadonlySet<string> = new Set(['STALE_DATA']);
describe('a planted bug is found by the examples of the property kit', () => {
  it.each(byTurns(EVERY, Math.floor(EVERY.length / 8)))('%s on %s', async (id, firmware) => {
    const judge = await judgeOf(firmware);
    const cases = BY_CHANCE.has(id) ? 20 : 0;
    const found = await property(planted(firmware, plantedImage(firmware, id)), { cases, judge });
    expect([found.fell, found.message !== null]).toEqual([null, true]);
  });
});
const ALLOWED = WAYS.flatMap((way) => FIRMWARE.filter((f) => way.firmware.some((p) => f.startsWith(p))).map((f) => [way.id, f] as const));
describe('of what the standards leave to a device neither kit says anything', () => {
  it.each(byTurns(ALLOWED, Math.floor(ALLOWED.length / 3)))('%s on %s', async (way, firmware) => {
    expect(await accusations(firmware, way, 10)).toEqual([]);
  });
});

describe('a loader beside an application that a reset starts', () => {
  it.each(FIRMWARE.filter((f) => f.endsWith('f072')))('%s: the kit says which reset that is, and its case ends there', async (firmware) => {
    const beside = besideApplication(firmware, plantedImage(firmware, 'BUTTON'));
    const dfu = await openDfu(beside);
    expect(dfu.endsAt()).toEqual(['nrst']);
    dfu.check([
      { do: 'nrst', ms: 10 },
      { do: 'standard', type: 0, request: 8, value: 0, index: 0, length: 1 },
    ]);
    dfu.close();
    const held = await openDfu({ ...beside, scenario: { board: { pins: { PA0: 0 } } } });
    expect(held.endsAt()).toEqual([]);
    held.close();
  });
  it('one that ends in HardFault is no application: the device does not come back', async () => {
    const beside = besideApplication('dfuse-f072', plantedImage('dfuse-f072', 'BUTTON'));
    const [loader, application] = beside.images;
    // UDF in place of its loop: HardFault of the loader, whose vector table is still the one
    const bytes = application!.bytes.slice();
    bytes.set([0x00, 0xde], bytes.length - 4);
    const dfu = await openDfu({ ...beside, images: [loader!, { ...application!, bytes }] });
    expect(dfu.endsAt()).toEqual([]);
    expect(() => dfu.check([{ do: 'nrst', ms: 10 }])).toThrow('the device does not come back: it does not attach; PC is 0x0800');
    dfu.close();
  });
});

function imagesOf(bug: PlantedBug): FirmwareName[] {
  return FIRMWARE.filter(
    (f) => bug.firmware.some((p) => f.startsWith(p)) && (bug.parts === undefined || bug.parts.some((p) => f.endsWith(p))),
  );
}
