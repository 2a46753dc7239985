import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { collectBase } from '../../src/bench/verdict/document.ts';
import { proveFixedLoop } from '../../src/bench/session/fixed-loop.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { MS } from '../../src/emu/time.ts';
import { bench } from '../../src/index.ts';
import { plainJob } from './plain-job.ts';

const CPSID_I = 0xb672;
const CPSIE_I = 0xb662;
/** SysTick counts 51,200 cycles and interrupts. */
const START_SYSTICK = [0x23e0, 0x061b, 0x24e0, 0x0224, 0x191b, 0x2410, 0x191b, 0x24c8, 0x0224, 0x605c, 0x2400, 0x609c, 0x2407, 0x601c];
const NOP = 0xbf00;
const BX_LR = 0x4770;
const FLASH = 0x08000000;

/** Vectors, a handler that returns at once, and main: `before`, then a loop that masks and unmasks interrupts. */
function firmware(before: readonly number[]): Uint8Array {
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x201 : 0x301), true);
  view.setUint16(0x300, BX_LR, true);
  [...before, CPSID_I, NOP, CPSIE_I, 0xe000 | (-5 & 0x7ff)].forEach((h, i) => view.setUint16(0x200 + 2 * i, h, true));
  return image;
}
const outcome = async (before: readonly number[]): Promise<string> =>
  (await bench({ chip: 'stm32h533re', images: [{ path: `loop.bin@0x${FLASH.toString(16)}`, bytes: firmware(before) }], until: '100ms' }))
    .outcome;

describe('Fixed loops', () => {
  it('a loop that masks interrupts and lets them in again is no dead end while SysTick runs', async () => {
    expect(await outcome(START_SYSTICK)).toBe('no-jump');
  });
  it('the same loop with no interrupt enabled is one', async () => {
    expect(await outcome([])).toBe('stuck');
  });
  it('a look for one goes no further than a look may, however slow SysTick is', () => {
    // SYST_RVR = 0xFFFFFF: half a second
    const slow = START_SYSTICK.flatMap((h) => (h === 0x24c8 ? [0x2400, 0x3c01] : h === 0x0224 ? [0x0a24] : [h]));
    const setUp = [...START_SYSTICK.slice(0, 7), ...slow.slice(slow.indexOf(0x3c01) - 1)];
    const session = new Session(jobInput(plainJob('stm32h533re', [{ path: 'loop.bin@0x08000000', bytes: firmware(setUp) }])));
    const { machine } = session;
    machine.run(MS);
    expect(machine.bootCore.peek(0xe000e014, 4)).toBe(0xffffff);
    const furthest = vi.spyOn(machine, 'run');
    expect(proveFixedLoop(session)).toBeNull();
    expect(furthest).toHaveBeenCalled();
    for (const [limit] of furthest.mock.calls) expect(limit - machine.now).toBeLessThan(2 * MS);
    session.release();
  });
  it('who called it is told from the loop, though the run ended on the way there', async () => {
    const path = fileURLToPath(new URL('../../fixtures/h533-stuck-pka/scenario.json', import.meta.url));
    const session = new Session(jobInput(await loadJob([], { scenario: path }, '')));
    const powerOn = session.save();
    const end = session.run();
    const told = (): string => collectBase(session, end).notes.find((n) => n.kind === 'loop')!.text;
    const { loop } = session.state;
    const there = told();
    session.restore(powerOn);
    session.state.loop = loop;
    expect(told()).toBe(there);
    expect(told()).toMatch(/main\.c:12 \(pka_init\) < main \([^)]*main\.c:\d+\) < Reset_Handler/);
    session.release();
  });
  it('a known loop of the ROM that reads its USB block is not tried: no checkpoint is made', async () => {
    const path = fileURLToPath(new URL('../../fixtures/h533-seed000-as-posted/scenario.json', import.meta.url));
    const session = new Session(jobInput(await loadJob([], { scenario: path }, '')));
    session.run();
    expect(session.machine.state.inSystem).toBe(true);
    const known = vi.spyOn(session.machine, 'knownLoopOf');
    const saved = vi.spyOn(session.machine, 'save');
    expect(proveFixedLoop(session)).toBeNull();
    expect(known.mock.results[0]!.value).not.toBeNull();
    expect(saved).not.toHaveBeenCalled();
    session.release();
  });
});
