/** A program that waits for a clock signal where the board has a crystal: the store of the bypass bit is to blame, not the wait. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

/** Sets bits of a register, each by a store of its own, as HAL does. */
const sets = (t: Thumb, address: number, ...bits: readonly number[]): Thumb => {
  t.constant(1, address);
  for (const bit of bits) t.ldr(0, 1).constant(2, bit).put(0x4310).str(0, 1);
  return t;
};
const toRom = (t: Thumb): Thumb => t.constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(0, 0, 4).bx(0);
const run = (chip: string, t: Thumb, board: NonNullable<Scenario['board']>) => {
  const bytes = imageOf(toRom(t), new Thumb(0x08000400).label('loop').b('loop'));
  const { outcome, diagnosis } = runBench(jobInput(plainJob(chip, [{ path: 'app.bin@0x8000000', bytes }], { board })));
  return { outcome, causes: diagnosis.causes.map(({ id, proved, lastWriter }) => [id, proved, Number(lastWriter?.pc)]) };
};
const CRYSTAL = { hz: 8_000_000, kind: 'crystal' } as const;

it('HSE of a L476, the bit set before HSEON', () => {
  const [HSEON, HSERDY, HSEBYP] = [1 << 16, 1 << 17, 1 << 18];
  const t = sets(new Thumb(0x08000200), 0x40021000, HSEBYP);
  const store = 0x08000200 + 2 * (t.length - 1);
  sets(t, 0x40021000, HSEON).constant(2, HSERDY).label('wait').ldr(0, 1).tst(0, 2).beq('wait');
  // back to what the ROM expects
  t.movs(0, 0x63).str(0, 1);
  expect(run('stm32l476rg', t, { hse: CRYSTAL })).toEqual({ outcome: 'stuck', causes: [['hse', true, store]] });
  expect(run('stm32l476rg', t, { hse: { ...CRYSTAL, kind: 'bypass' } })).toEqual({ outcome: 'dfu', causes: [] });
});
it('a try that is given up at once, with HSE off again, is no cause', () => {
  const [HSEON, HSEBYP] = [1 << 16, 1 << 18];
  const t = sets(new Thumb(0x08000200), 0x40021000, HSEBYP, HSEON).movs(0, 0x63).str(0, 1).label('stay').b('stay');
  expect(run('stm32l476rg', t, { hse: CRYSTAL })).toEqual({ outcome: 'stuck', causes: [] });
});
