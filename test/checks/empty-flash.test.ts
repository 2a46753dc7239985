/** RM0444 3.3.4, 2.5: the chip looks whether its flash is empty when it loads the option bytes. A system reset behind an erase starts the erased flash. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { FLASH } from '../bench/bare-image.ts';
import { plainJob } from '../bench/plain-job.ts';
import { Thumb } from '../emu/thumb.ts';

const PROGRAM = FLASH + 0x1000;
const [KEYR, SR, CR, AIRCR] = [0x40022008, 0x40022010, 0x40022014, 0xe000ed0c];

/** From its third page, erases the first one, and resets. @param launches by OBL_LAUNCH */
function erases(launches: boolean): { readonly path: string; readonly bytes: Uint8Array } {
  const t = new Thumb(PROGRAM).constant(0, KEYR).constant(1, 0x45670123).str(1, 0).constant(1, 0xcdef89ab).str(1, 0);
  if (launches)
    t.constant(0, KEYR + 4)
      .constant(1, 0x08192a3b)
      .str(1, 0)
      .constant(1, 0x4c5d6e7f)
      .str(1, 0);
  t.constant(0, CR).constant(1, 2).str(1, 0).constant(1, 0x10002).str(1, 0).constant(2, SR);
  t.label('busy').ldr(1, 2).lsrs(1, 1, 16).cmp(1, 0).bne('busy');
  if (launches) t.constant(1, 1 << 27).str(1, 0);
  t.constant(0, AIRCR).constant(1, 0x05fa0004).str(1, 0).label('end').b('end');
  const bytes = new Uint8Array(0x1400);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < 0xc0; at += 4) view.setUint32(at, PROGRAM + 1, true);
  view.setUint32(0, 0x20001000, true);
  bytes.set(t.bytes(), PROGRAM - FLASH);
  return { path: `app.bin@0x${FLASH.toString(16)}`, bytes };
}
const resultOf = (launches: boolean) => runBench(jobInput(plainJob('STM32G0B1RE', [erases(launches)])));

it('with the option bytes loaded, the ROM starts', () => expect(resultOf(true).outcome).toBe('dfu'));
it('a system reset is the cause, and the same reset by OBL_LAUNCH proves it', () => {
  const { outcome, diagnosis } = resultOf(false);
  expect(outcome).toBe('fault');
  expect(diagnosis.causes.map(({ id, proved, outcomeAfterRepair }) => [id, proved, outcomeAfterRepair])).toEqual([
    ['boot-selection', true, 'dfu'],
  ]);
  expect(diagnosis.causes[0]!.explanation).toContain('only when it loads the option bytes');
  expect(diagnosis.causes[0]!.lastWriter?.pc).toMatch(/^0x080010/);
});
