/** An application that puts the table of its loader into VTOR: a cause where the run comes further with its own. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const [LOADER, APP, ROM, COUNT, VTOR] = [0x08000000, 0x08004000, 0x1fff0000, 0x20000800, 0xe000ed08];
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(1, address).constant(0, value).str(0, 1);
const counts = (base: number, address: number, also = (t: Thumb): Thumb => t): Thumb =>
  also(new Thumb(base + 0x400).constant(2, address).ldr(3, 2).adds(3, 1).str(3, 2)).bxLr();
/** What it writes where depends on how often it ran, so that no loop is proved. */
const keepsHistory = (base: number): Thumb => counts(base, COUNT + 4, (t) => t.lsls(3, 3, 27).lsrs(3, 3, 25).add(3, 3, 2).str(3, 3, 16));
const hangs = (base: number): Thumb => new Thumb(base + 0x400).label('on').b('on');
const jumps = (t: Thumb): Thumb => t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);

/** The loader goes to the application, which waits for three ticks. */
function run(ofLoader: Thumb, ofApp: Thumb, then: (t: Thumb) => Thumb, table = LOADER, before = APP) {
  const loader = store(new Thumb(LOADER + 0x200), VTOR, before)
    .constant(0, APP)
    .ldr(0, 0, 4)
    .bx(0);
  const app = store(new Thumb(APP + 0x200), COUNT, 0)
    .constant(1, VTOR)
    .constant(0, table);
  const setsAt = APP + 0x200 + 2 * app.length;
  app.str(0, 1);
  store(store(app, 0xe000e014, 15_999), 0xe000e010, 7);
  // BL
  const offset = WAIT - (0x200 + 2 * app.length + 4);
  app.put(0xf000, 0xf800 | (offset >> 1));
  const wait = new Thumb(APP + WAIT).constant(1, COUNT).label('wait').ldr(0, 1).cmp(0, 3).bcc('wait').bxLr();
  const bytes = imageOf(then(app), ofApp, APP);
  bytes.set(wait.bytes(), WAIT);
  const images = [
    { path: 'loader.bin@0x8000000', bytes: imageOf(loader, ofLoader) },
    { path: 'app.bin@0x8004000', bytes },
  ];
  return { ...runBench(jobInput(plainJob('stm32f405rg', images))), setsAt };
}
const WAIT = 0x600;
const WHOSE = 'this is the vector table of loader.bin, but app.bin runs, which has its own at 0x08004000';

it.each([
  ['counts something else', counts(LOADER, COUNT + 4), 'stuck'],
  ['keeps a history', keepsHistory(LOADER), 'no-jump'],
  ['never returns', hangs(LOADER), 'stuck'],
] as const)('with its own the ROM is entered, and the handler of the loader %s', (_what, handler, ends) => {
  const { outcome, diagnosis, notes, setsAt } = run(handler, counts(APP, COUNT), jumps);
  const [cause] = diagnosis.causes;
  expect([outcome, diagnosis.sets, cause?.what, cause?.proved, Number(cause?.lastWriter?.pc)]).toEqual([ends, [['state']], 'VTOR', true, setsAt]); // prettier-ignore
  expect(cause).toMatchObject({ fix: 'SCB->VTOR = 0x08004000;', explanation: `VTOR is 0x08000000: ${WHOSE}. With that one, DFU comes.` });
  expect(notes.filter(({ text }) => text.includes('vector table of'))).toEqual([]);
});
it.each([
  ['for ever', hangs(LOADER)],
  ['in a function', keepsHistory(LOADER)],
] as const)('with its own it no longer hangs %s: no proof', (_what, handler) => {
  const { diagnosis } = run(handler, counts(APP, COUNT), (t) => t.label('end').b('end'));
  expect(diagnosis.causes).toMatchObject([{ what: 'VTOR', proved: false }]);
  expect(diagnosis.causes[0]!.explanation).toContain('it no longer hangs where this run ends');
});
it('that the loader has put there before, too: from reset it does more with its own', () => {
  const { diagnosis, setsAt } = run(keepsHistory(LOADER), counts(APP, COUNT), jumps, LOADER, LOADER);
  const [cause] = diagnosis.causes;
  expect([cause?.what, cause?.proved, Number(cause?.lastWriter?.pc)]).toEqual(['VTOR', false, setsAt]);
  expect(cause!.explanation).toContain('With that one, it does more from reset than with the other one.');
});
it('with its own it comes no further: no cause', () => {
  const { diagnosis, notes } = run(keepsHistory(LOADER), keepsHistory(APP), jumps);
  expect(diagnosis.causes.map(({ what }) => what)).not.toContain('VTOR');
  expect(notes.some(({ text }) => text.endsWith(WHOSE))).toBe(true);
});
it('its own from the beginning', () =>
  expect(run(hangs(LOADER), counts(APP, COUNT), jumps, APP)).toMatchObject({ outcome: 'dfu', diagnosis: { causes: [] } }));
