/** A reset is asked for by a function of CMSIS, and without optimisation that is a function of its own: LR says who called it. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { AIRCR, CHIP, imageOf, type Part } from './late-program.ts';
import { plainJob } from './plain-job.ts';

it('a reset tells LR at the instruction that asked for it', () => {
  const CALLER = 0x08001235;
  const program: Part = (t) => t.constant(0, CALLER).put(0x4686).constant(1, AIRCR).constant(0, 0x05fa0004).str(0, 1).label('x').b('x');
  const session = new Session(jobInput(plainJob(CHIP, [{ path: 'x.bin@0x08000000', bytes: imageOf({ wait: program }) }])));
  session.run();
  const [powerOn, reset] = session.machine.history.resets;
  expect(powerOn).toMatchObject({ by: 'power', fromPc: null, fromLr: null });
  expect(reset).toMatchObject({ by: 'software', fromLr: CALLER });
});
