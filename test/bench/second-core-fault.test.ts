import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

it('the CM4 without an image locks up at once; the first fault of the run is the one of CM7 all the same', () => {
  const FLASH = 0x08000000;
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x201 : 0x301), true);
  const load = new Thumb(FLASH + 0x200).movs(2, 0).label('wait').adds(2, 1).cmp(2, 200).bne('wait').constant(0, 0x1fff0000).ldr(1, 0);
  bytes.set(load.bytes(), 0x200);
  bytes.set(new Thumb(FLASH + 0x300).label('x').b('x').bytes(), 0x300);
  const session = new Session(jobInput(plainJob('stm32h745', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run({ until: 5 * MS });
  const { machine, faultCheckpoint } = session;
  expect(machine.state.lockups[1]!.at).toBeLessThan(machine.state.firstFault!.at);
  expect(machine.state.firstFault).toMatchObject({ kind: 'bus-data', address: 0x1fff0000, pc: FLASH + 0x20a });
  expect(faultCheckpoint!.machine.firstFault!.pc).toBe(FLASH + 0x20a);
  session.release();
});
