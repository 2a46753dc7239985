/** A chip that starts in the ROM because the firmware has changed what it starts by. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const FLASH_SR = 0x40022010;
const PEMPTY = 1 << 17;
const AIRCR = 0xe000ed0c;

it('by a flag that it turned round with others that it meant to clear: the line is told', () => {
  const bytes = new Uint8Array(0x140);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20004000, true);
  view.setUint32(4, FLASH + 0x101, true);
  const program = new Thumb(FLASH + 0x100).constant(0, 0xc3fb | PEMPTY).constant(1, FLASH_SR);
  const writes = FLASH + 0x100 + 2 * program.length;
  program.str(0, 1).constant(0, 0x05fa0004).constant(1, AIRCR).str(0, 1).label('on').b('on');
  bytes.set(program.bytes(), 0x100);
  const result = runBench(jobInput(plainJob('stm32l432kc', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  expect(result.outcome).toBe('dfu');
  expect(result.summary).toContain('after the chip started in the stand-in ROM, as chosen by the firmware');
  const { verdict, lastWriter } = result.checks.find(({ id }) => id === 'boot-selection')!;
  expect([verdict, Number(lastWriter!.pc)]).toEqual(['pass', writes]);
});
