/** A loop over a table that the linker left empty: its start and its end are one address, and no command, no driver is found there. */
import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/bench/documents/scenario-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { namedImage, type Named } from './named-image.ts';
import { plainJob } from './plain-job.ts';

const [TABLE, ROM, AHB1ENR, GPIOC_IDR] = [0x080003f0, 0x1fff0000, 0x40023830, 0x40020810];
const steps: Step[] = [{ at: '5ms', do: { pin: { name: 'PC13', level: 1 } } }];
const jumps = (t: Thumb): Thumb => t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);

const calls = (t: Thumb): Thumb => t.ldr(1, 6).blx(1);
/** As start-up code copies .data to where R0 points. */
const copies = (t: Thumb): Thumb => t.ldr(1, 6).str(1, 0);

/** Waits until PC13 is high, and goes through a table of which R6 is the next entry: it calls each function of it. `end`: where it ends, as the code says. */
function run(
  names: readonly [string, string],
  { end = TABLE, entries = [] as readonly number[], given = steps, each = calls, compared = true, more = [] as readonly Named[] } = {},
) {
  const t = new Thumb(MAIN).constant(0, AHB1ENR).movs(1, 4).str(1, 0).constant(4, GPIOC_IDR).movs(5, 1).lsls(5, 5, 13);
  t.label('wait');
  if (given.length > 0) t.ldr(1, 4).tst(1, 5).beq('wait');
  t.constant(6, TABLE).constant(7, end).label('each');
  if (compared) t.cmpRegister(6, 7);
  else t.ldr(1, 6).tst(1, 1);
  const compares = MAIN + 2 * (t.length - 1);
  each(t.beq('none')).adds(6, 4).b('each').label('none');
  // one that was given nothing has nothing to jump with either
  if (given.length > 0) jumps(t.ldr(1, 4).tst(1, 5).bne('none').b('wait').label('jump'));
  else t.ldr(1, 4).b('none');
  const bytes = bareImage(t)[0]!.bytes;
  entries.forEach((entry, i) => new DataView(bytes.buffer).setUint32(TABLE - 0x08000000 + 4 * i, entry, true));
  const [start, stop] = names;
  const images = namedImage(bytes, [
    { name: 'main', address: MAIN, size: t.bytes().length },
    { name: start, address: TABLE },
    { name: stop, address: end },
    { name: '_sidata', address: TABLE },
    ...more,
  ]);
  const job = plainJob('stm32f405rg', images);
  const { notes, outcome } = runBench(jobInput({ ...job, scenario: { ...job.scenario, steps: given, until: '60ms' } }));
  return { outcome, compares, told: notes.map(({ text }) => String(text)).filter((text) => text.includes('goes through the table')) };
}

describe('a table without entries', () => {
  it.each([
    ['_shell_first', '_shell_end'],
    ['__start_shell', '__stop_shell'],
  ])('is told where it is gone through behind what was given: %s', (start, end) => {
    const { told, compares } = run([start, end]);
    expect(told).toEqual([
      expect.stringMatching(
        new RegExp(
          `^PC13 was 1 .*, and no jump came of it: 0x0${compares.toString(16)} \\(main.*\\) goes through the table from ${start} to ${end}, which has no entry in this image: both are 0x080003f0 `,
        ),
      ),
    ]);
  });
  it('is told where nothing was given, of a program that has nothing to jump with', () => {
    expect(run(['_inits_begin', '_inits_limit'], { given: [] }).told).toEqual([
      expect.stringMatching(/^0x\w+ \(main.*\) goes through the table from _inits_begin /),
    ]);
  });
  it('is not told where it is one that may well be empty', () => expect(run(['__init_array_start', '__init_array_end']).told).toEqual([]));
  it('is none where two other names share an address', () => expect(run(['_shell_first', '_menu_end']).told).toEqual([]));
  it('is none where the loop only copies or clears', () => {
    expect(run(['Image$$RW_IRAM1$$Base', 'Image$$RW_IRAM1$$Limit'], { each: copies }).told).toEqual([]);
    expect(run(['__ccm_start', '__ccm_end'], { each: (t) => t.str(1, 6) }).told).toEqual([]);
  });
  it('is none where the two are not compared: the address then is that of something else', () =>
    expect(run(['_ramfunc_start', '_ramfunc_end'], { compared: false }).told).toEqual([]));
  it('is none where a variable lies at the address', () =>
    expect(run(['_shell_first', '_shell_end'], { more: [{ name: 'list', address: TABLE, size: 8, variable: true }] }).told).toEqual([]));
  it.each<[string, (t: Thumb) => Thumb]>([
    ['the second word of each entry', (t) => t.ldr(1, 6, 4).blx(1)],
    ['what the entry points to', (t) => t.ldr(1, 6).ldr(1, 1, 8).blx(1)],
    ['by a variable on the stack', (t) => t.put(0xb082, 0x9601, 0x9a01).ldr(2, 2).blx(2).put(0xb002)],
  ])('is one where the loop calls %s', (_, each) => expect(run(['_shell_first', '_shell_end'], { each }).told).toHaveLength(1));
  it('is none with an entry', () => {
    const { told, outcome } = run(['_shell_first', '_shell_end'], { end: TABLE + 4, entries: [0x080001f1] });
    expect([told, outcome]).toEqual([[], 'stuck']);
  });
});
