/** Who stored to a word last, in a long run: its watch is short, and the answer that of a watch over all of it. */
import { expect, it, vi } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { storesOf } from '../../src/bench/slice/stores.ts';
import { MS, type Ps } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const [COUNT, ZERO, TWICE, GONE] = [0x20000000, 0x20000010, 0x20000020, 0x20000030];
const MAGIC = 0xb007a11e;

/** Stores 0 to one word, a value and then another to two, counts in the same page for long, stores the value to one of the two again. */
function program(): { readonly bytes: Uint8Array; readonly at: Readonly<Record<'zero' | 'gone' | 'over' | 'again', number>> } {
  const start = 0x08000200;
  const main = new Thumb(start).constant(7, COUNT).constant(4, ZERO).constant(5, TWICE).constant(6, GONE).constant(2, MAGIC);
  const next = (): number => start + 2 * main.length;
  main.movs(0, 0).movs(1, 1).str(0, 7);
  const zero = next();
  main.str(0, 4).str(2, 5);
  const gone = next();
  main.str(2, 6);
  const over = next();
  main.str(1, 6).constant(3, 6_000_000).label('wait').ldr(0, 7).adds(0, 1).str(0, 7).cmpRegister(0, 3).bne('wait');
  const again = next();
  main.str(2, 5).label('on').b('on');
  return { bytes: imageOf(main, new Thumb(0x08000400).bxLr()), at: { zero, gone, over, again } };
}

it('the last store of a long run is found with a watch on a small part of it', () => {
  const { bytes, at } = program();
  const session = new Session(jobInput(plainJob('stm32f405', [{ path: 'app.bin@0x8000000', bytes }])));
  const powerOn = session.save();
  session.run();
  const end = session.machine.now;
  const watched: Ps[] = [];
  const set = session.machine.setRepairs.bind(session.machine);
  vi.spyOn(session.machine, 'setRepairs').mockImplementation((repairs) => {
    watched.push(repairs === null ? session.machine.now : -session.machine.now);
    return set(repairs);
  });
  const words = [
    { address: ZERO, size: 4 },
    { address: TWICE, size: 4 },
    { address: GONE, size: 4 },
    { address: GONE, size: 4, value: MAGIC },
    { address: GONE + 0x40, size: 4 },
  ];
  const found = storesOf(session, powerOn, words, end);
  session.release();
  const pcs = found.map((store) => (store === null || store === 'too long' ? store : store.pc));
  expect(pcs).toEqual([at.zero, at.again, at.over, at.gone, null]);
  expect(end).toBeGreaterThan(500 * MS);
  expect(watched.reduce((sum, t) => sum + t, 0)).toBeLessThan(0.8 * end);
});

it('of a run with a reset, a checkpoint not long before the reset is kept', () => {
  // waits 300 ms, resets once, counts on
  const main = new Thumb(0x08000200).constant(7, GONE).constant(2, MAGIC).constant(3, 600_000).movs(0, 0);
  main.label('wait').adds(0, 1).str(0, 7, 4).cmpRegister(0, 3).bne('wait').ldr(1, 7).cmpRegister(1, 2).beq('wait');
  main.str(2, 7).constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('on').b('on');
  const bytes = imageOf(main, new Thumb(0x08000400).bxLr());
  const session = new Session(jobInput(plainJob('stm32f405', [{ path: 'app.bin@0x8000000', bytes }])));
  session.keepTrail = true;
  session.run();
  const reset = session.machine.history.resets.at(-1)!;
  const kept = session.trail.map(({ system }) => system.now);
  session.release();
  expect(reset.by).toBe('software');
  expect(session.machine.now).toBeGreaterThan(2 * reset.at);
  expect(kept.some((at) => at < reset.at && reset.at - at < reset.at / 4)).toBe(true);
});
