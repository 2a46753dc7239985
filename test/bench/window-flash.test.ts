/** A look at single instructions of a core that waits for its flash. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { record } from '../../src/bench/slice/window.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

it('goes on where the flash has done its work, and not cycle by cycle', () => {
  const [KEYR, CR, SER_OF_5] = [0x40023c04, 0x40023c10, 2 | (5 << 3)];
  const t = new Thumb(MAIN).constant(0, KEYR).constant(1, 0x45670123).str(1, 0).constant(1, 0xcdef89ab).str(1, 0);
  t.constant(0, CR)
    .constant(1, SER_OF_5)
    .str(1, 0)
    .constant(1, SER_OF_5 | (1 << 16))
    .str(1, 0)
    .label('end')
    .b('end');
  const s = new Session(jobInput(plainJob('stm32f405rg', bareImage(t))));
  s.machine.run(1 * MS);
  const core = s.machine.bootCore;
  const before = core.retired();
  const { steps, ended } = s.budget.within(1, () => record(s, core, s.machine.now + 5_000 * MS, 4));
  expect([steps.length, ended, core.retired() > before, core.now() > 100 * MS]).toEqual([4, 'steps', true, true]);
  s.release();
});
