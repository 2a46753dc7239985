/** A loop without end is proved some instructions before the core comes to it: what is told of the end has to be told of a core that is in it. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import { CHIP, imageOf, nothing, type Part } from './late-program.ts';
import { plainJob } from './plain-job.ts';

it('the run goes on into the loop, behind what led there', () => {
  // somewhere here the tick that ends the first loop comes a moment after the look at 20 ms
  for (let tenths = 0; tenths < 4; tenths++) {
    const setUp: Part = (t) =>
      t
        .constant(2, 133 * tenths + 1)
        .label('delay')
        .put(0x3a01)
        .bne('delay');
    const wait: Part = (t) =>
      t.label('first').ldr(0, 7).cmp(0, 18).bne('first').cpsidI().movs(6, 1).label('second').ldr(0, 7).cmp(0, 99).bne('second');
    const session = new Session(jobInput(plainJob(CHIP, [{ path: 'x.bin@0x08000000', bytes: imageOf({ setUp, wait, tick: nothing }) }])));
    expect(session.run()).toMatchObject({ outcome: 'stuck', reason: 'settled' });
    const { bootCore } = session.machine;
    const { r6 } = registerFile(bootCore, bootCore.pc);
    expect([tenths, r6, bootCore.arm.primask]).toEqual([tenths, 1, 1]);
  }
});
