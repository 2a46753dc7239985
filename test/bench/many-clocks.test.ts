/** Firmware that changes its clocks by the thousand: of the trees those at the hand-over are kept, too, and what is not kept is counted. */
import { expect, it } from 'vitest';
import type { RunTrace, TracedClocks } from '../../src/bench/documents/trace-types.ts';
import { inThread } from '../../src/cli/engine.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [CFGR, PPRE1_HALF, ROM, ROUNDS] = [0x40023808, 4 << 10, 0x1fff0000, 3000];
const rateOf = ({ tree }: TracedClocks, name: string): number => tree.nodes.find((n) => n.name === name)!.hz;

it('has the first 4000 changes, the tree at the entry, and how many lie between', async () => {
  const t = new Thumb(MAIN).constant(0, CFGR).constant(1, PPRE1_HALF).movs(2, 0).constant(3, ROUNDS);
  t.label('again').str(1, 0).str(2, 0).put(0x3b01).bne('again').str(1, 0);
  const job = plainJob('stm32f405rg', bareImage(t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2)));
  let trace: RunTrace | null = null;
  const result = await inThread(job, { trace: (recorded) => (trace = recorded) });
  const entry = Number(result.entries[0]!.at);
  const { clocks } = (trace as unknown as RunTrace).run;
  const atEntry = clocks.findIndex(({ unkept }) => unkept !== undefined) + 1;
  expect(atEntry).toBe(4000);
  // power-on is a tree; each round has two changes, and one more comes behind the rounds
  expect(clocks[atEntry - 1]!.unkept).toBe(2 * ROUNDS + 1 + 1 - 4000);
  expect(clocks[atEntry]!.at / 1e12).toBeCloseTo(entry, 9);
  expect([rateOf(clocks[atEntry]!, 'pclk1'), rateOf(clocks[atEntry - 1]!, 'hclk')]).toEqual([8e6, 16e6]);
  expect(clocks.length).toBeGreaterThan(atEntry + 1);
  expect(clocks.slice(atEntry).every(({ unkept }) => unkept === undefined)).toBe(true);
});
