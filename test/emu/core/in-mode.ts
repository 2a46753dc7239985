/** The tests of cores that run programs on a bare machine, once more in another mode: see `setMode`. */
import { expect, it } from 'vitest';
import { regionsTranslated, setMode, type Mode } from './bare-machine.ts';

export async function runBareMachineTests(mode: Mode): Promise<void> {
  setMode(mode);
  await import('./bit-band.test.ts');
  await import('./cycles.test.ts');
  await import('./exceptions.test.ts');
  await import('./exceptions-qemu.test.ts');
  await import('./fp-qemu.test.ts');
  await import('./mpu.test.ts');
  await import('./nvic.test.ts');
  await import('./scs.test.ts');
  await import('./system-ops.test.ts');
  await import('./systick.test.ts');
  await import('./self-modifying.test.ts');

  it('these tests have run translated code', () => {
    expect(regionsTranslated()).toBeGreaterThan(200);
  });
}
