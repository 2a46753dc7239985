/**
 * Each rule of the machine earns its keep: where it does not hold, the firmware that breaks it passes falsely. And the other way round: an image that is right, with
 * one step of its hand-over patched out, passes all the same or has a cause that is proved.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { handOverSteps, type HandOverStep } from '../../src/bench/proof/hand-over.ts';
import { runTo } from '../../src/bench/slice/window.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunInput } from '../../src/bench/input/run-input.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import type { Interceptor } from '../../src/emu/core/core.ts';
import { MS } from '../../src/emu/time.ts';
import { placeIn } from '../fixtures/place.ts';
import { byTurns } from '../turn.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const inputOf = async (name: string): Promise<RunInput> =>
  jobInput(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture('')), {});

type Rule = Omit<Interceptor, 'pages'>;
/** The register of the core never takes another value. */
const without = (register: string): Rule => ({ special: (_core, name, old, value) => (name === register ? old : value) });
/** The watchdog never bites. */
const toothless = (watchdog: string): Rule => ({ vetoReset: (by) => by === watchdog });
/** Stores of user code to these addresses do nothing. */
const inert = (first: number, last: number): Rule => ({
  everyDeviceWrite: true,
  write: (core, address, _size, value) => (core.zone === 'user' && address >= first && address <= last ? null : value),
});

describe('a rule of the machine that is switched off', () => {
  const rows: readonly (readonly [check: string, name: string, off: Rule])[] = [
    ['primask', 'f072-masked', without('PRIMASK')],
    ['primask', 'h533-seed000-as-posted', without('PRIMASK')],
    ['basepri', 'h533-basepri', without('BASEPRI')],
    ['faultmask', 'h533-faultmask', without('FAULTMASK')],
    ['control', 'h533-control-unprivileged', without('CONTROL')],
    ['stack-limit', 'h533-msplim', without('MSPLIM')],
    ['mpu', 'h743-mpu-background-xn', without('MPU_CTRL')],
    ['mpu', 'f405-mpu-no-execute', without('MPU_CTRL')],
    ['iwdg', 'l476-iwdg-in-wait', toothless('iwdg')],
    ['wwdg', 'f405-wwdg-during-detach', toothless('wwdg')],
    ['kernel-clocks', 'h743-uart-kernel-clock', inert(0x58024454, 0x58024457)],
    ['dma', 'f405-dma-into-rom-ram', inert(0x40026400, 0x400267ff)],
    ['voltage-range', 'l476-voltage-range-2', inert(0x40007000, 0x40007003)],
  ];
  test.each(byTurns(rows, 2))('%s: %s passes falsely', { timeout: 30_000 }, async (_check, name, off) => {
    const session = new Session(await inputOf(name));
    try {
      session.machine.setRepairs({ pages: new Set(), ...off });
      expect(session.run().outcome).toBe('dfu');
    } finally {
      session.release();
    }
  });
});

// ---- steps patched out of the image ----------------------------------------------------------------------------------------------

const STRETCH = 50 * MS;
function stepsOf(input: RunInput): readonly HandOverStep[] {
  const s = new Session(input);
  try {
    const powerOn = s.save();
    s.run();
    const { entries, resets } = s.machine.history;
    const jump = entries.find((e) => e.how === 'branch')!;
    const reset = resets.findLast((r) => r.at < jump.at)?.at ?? 0;
    s.keepCheckpoints = false;
    s.restore(powerOn);
    runTo(s, Math.max(reset, jump.at - STRETCH));
    return handOverSteps(s, s.save(), jump.at);
  } finally {
    s.release();
  }
}

const NOP = [0x00, 0xbf];
/** The instruction is a NOP in the image, or two where it had 32 bits. */
function patchedOut(input: RunInput, pc: number): RunInput {
  const images = input.images.map((image) => ({
    ...image,
    chunks: image.chunks.map((c) => {
      const at = pc - c.address;
      if (at < 0 || at >= c.data.length) return c;
      const data = c.data.slice();
      const wide = data[at + 1]! >>> 3 >= 0x1d;
      data.set(wide ? [...NOP, ...NOP] : NOP, at);
      return { ...c, data };
    }),
  }));
  return { ...input, images };
}

describe('a step of a right hand-over that is patched out', () => {
  it.each([
    ['h533-seed000-fixed', { 'main.c:34 PRIMASK': 'primask' }],
    [
      'g0b1-backup-in-system-init',
      {
        [`main.c:${placeIn('g0b1-backup-in-system-init', 'RCC_APBENR1 |=').line} RCC.APBENR1`]: 'magic-survives',
        [`main.c:${placeIn('g0b1-backup-in-system-init', 'PWR_CR1 |=').line} PWR.CR1`]: 'magic-survives',
      },
    ],
    ['f405-straight', { 'main.c:25 PRIMASK': 'primask', 'board.c:79 RCC.AHB1RSTR': 'peripherals-left-on' }],
  ] as const)('of %s does no harm, or is the cause', { timeout: 60_000 }, async (name, decisive: Readonly<Record<string, string>>) => {
    const input = await inputOf(name);
    const all = stepsOf(input);
    expect(all.map((s) => s.what)).toEqual(expect.arrayContaining(Object.keys(decisive)));
    const some = byTurns(all, 4);
    for (const step of all.filter((s) => some.includes(s) || decisive[s.what] !== undefined)) {
      const result = runBench(patchedOut(input, step.pc));
      const causes = result.diagnosis.causes.map((c) => [c.id, c.proved]);
      const wanted = decisive[step.what];
      if (wanted !== undefined) expect(causes, step.what).toEqual([[wanted, true]]);
      // the firmware may wait for what the step had switched on or off; then the register is named
      else if (result.outcome === 'stuck') expect(result.stuck?.register, step.what).toBe(step.what.split(' ')[1]);
      else expect([result.outcome, causes], step.what).toEqual(['dfu', []]);
    }
  });
});
