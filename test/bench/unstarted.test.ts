/** Two images, of which the loader never starts the other. */
import { describe, expect, it } from 'vitest';
import { Session } from '../../src/bench/session/session.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { unstarted } from '../../src/bench/slice/unstarted.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const APP = 0x08008000;
const SP = 0x20018000;

/** An image of a vector table and code behind it. */
function image(base: number, code: (t: Thumb) => unknown): Uint8Array {
  const t = new Thumb(base + 16);
  code(t);
  const words = t.bytes();
  const bytes = new Uint8Array(16 + words.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SP, true);
  view.setUint32(4, base + 16 + 1, true);
  bytes.set(words, 16);
  return bytes;
}
function told(loader: (t: Thumb) => unknown, runsOn = false): string[] {
  const images = [
    { path: 'boot.bin@0x08000000', bytes: image(0x08000000, loader) },
    { path: 'build/app.bin@0x08008000', bytes: image(APP, (t) => t.label('on').b('on')) },
  ];
  const session = new Session(jobInput(plainJob('stm32l476rg', images)));
  const powerOn = session.save();
  session.run();
  const lines = unstarted(session, powerOn, MS, runsOn).map(({ text }) => text);
  session.release();
  return lines;
}

describe('an application behind a loader', () => {
  it('that the loader turned away by its stack pointer is told, with who did it', () => {
    // the test of many loaders, which takes 128 KB of RAM at most: (sp & 0x2ffe0000) == 0x20000000 fails for another RAM
    const lines = told((t) => t.constant(0, APP).ldr(1, 0, 0).label('on').b('on'));
    expect(lines).toEqual([
      expect.stringMatching(
        /^app\.bin at 0x08008000 was never started: 0x0800001\w read its initial SP, 0x20018000, but nothing read its reset vector/,
      ),
    ]);
  });
  it('that nobody looked at is told', () => {
    expect(told((t) => t.label('on').b('on'))).toEqual([expect.stringContaining('was never started: nothing read its vector table')]);
  });
  it('that was started is not', () => {
    expect(told((t) => t.constant(0, APP).ldr(1, 0, 4).bx(1))).toEqual([]);
  });
  it('that was started and runs is told where nothing entered the ROM: another goal judges it', () => {
    const lines = told((t) => t.constant(0, APP).ldr(1, 0, 4).bx(1), true);
    expect(lines).toEqual(['app.bin at 0x08008000 was started and runs: with --goal app that is what is judged']);
    expect(told((t) => t.label('on').b('on'), true)).toEqual([expect.stringContaining('was never started')]);
  });
  it('that was started through the alias of the flash at 0 is not', () => {
    expect(
      told((t) =>
        t
          .constant(0, APP - 0x08000000)
          .ldr(1, 0, 4)
          .bx(1),
      ),
    ).toEqual([]);
  });
  it('that runs is not, though its reset vector was never read: an address in the loader, that of the alias too', () => {
    for (const start of [APP + 17, APP - 0x08000000 + 17]) expect(told((t) => t.constant(1, start).bx(1))).toEqual([]);
  });
});
