/** The tests of cores that run programs on a bare machine, once more in another mode: see `setMode`. Each file runs in one of the two modes, by turns in the other. */
import { expect, it } from 'vitest';
import { isTurn } from '../../turn.ts';
import { regionsTranslated, setMode, type Mode } from './bare-machine.ts';

const FILES = [
  () => import('./cycles.test.ts'),
  () => import('./exceptions.test.ts'),
  () => import('./exceptions-qemu.test.ts'),
  () => import('./fp-qemu.test.ts'),
  () => import('./mpu.test.ts'),
  () => import('./nvic.test.ts'),
  () => import('./scs.test.ts'),
  () => import('./system-ops.test.ts'),
  () => import('./systick.test.ts'),
  () => import('./self-modifying.test.ts'),
];

export async function runBareMachineTests(mode: Mode): Promise<void> {
  setMode(mode);
  for (const [i, load] of FILES.entries()) if (isTurn(mode === 'mixed' ? i : i + 1, 2)) await load();

  it('these tests have run translated code', () => {
    expect(regionsTranslated()).toBeGreaterThan(100);
  });
}
