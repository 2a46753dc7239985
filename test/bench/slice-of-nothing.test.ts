/** A value that is made of nothing came from nowhere: the walk back ends at once, and looks through no memory. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { Slicer } from '../../src/bench/slice/slice.ts';
import { US } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

it('is not looked for', () => {
  const session = new Session(jobInput(plainJob('stm32f405rg', bareImage(new Thumb(MAIN).movs(0, 4).label('end').b('end')))));
  const powerOn = session.save();
  session.run({ until: 50 * US });
  const wanted = () => ({ places: new Set<number>(), value: 4, before: 1 });
  const chain = new Slicer(session, powerOn).slice({ core: session.machine.bootCore, until: 20 * US, wanted });
  expect(chain).toMatchObject({ value: 4, links: [], origin: { kind: 'unknown' } });
});
