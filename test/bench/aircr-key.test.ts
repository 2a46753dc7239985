/** AIRCR takes a write with 0x05FA in its upper half alone; a read gives 0xFA05 there, so `AIRCR |= SYSRESETREQ` resets nothing (PM0214 4.4.5). */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [AIRCR, ROM, REQUEST, MAGIC] = [0xe000ed0c, 0x1fff0000, 0x20002000, 0xcafed00d];
const SYSRESETREQ = 4;

/** Enters the ROM where the request is there, else stores it and writes AIRCR. */
function asks(write: (t: Thumb) => Thumb): Thumb {
  const t = new Thumb(MAIN).constant(0, REQUEST).constant(1, MAGIC).ldr(2, 0).cmpRegister(2, 1).bne('ask');
  t.movs(2, 0).str(2, 0).constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  t.label('ask').str(1, 0).dsb().constant(3, AIRCR);
  return write(t).label('end').b('end');
}
const resultOf = (program: Thumb) => runBench(jobInput(plainJob('STM32F405RG', bareImage(program))));

describe('a reset that is asked for by AIRCR', () => {
  it.each([
    ['as it was read, with the bit', (t: Thumb) => t.ldr(4, 3).movs(5, SYSRESETREQ).put(0x432c).str(4, 3)],
    ['with another key', (t: Thumb) => t.constant(4, 0x05fb0004).str(4, 3)],
    ['with the key the wrong way round', (t: Thumb) => t.constant(4, 0xfa050004).str(4, 3)],
    ['as its lower half alone (STRH)', (t: Thumb) => t.movs(4, SYSRESETREQ).put(0x801c)],
    ['as the bit alone', (t: Thumb) => t.movs(4, SYSRESETREQ).str(4, 3)],
  ])('%s: nothing happens, which is the cause', (_how, write) => {
    const { outcome, diagnosis } = resultOf(asks(write));
    expect(outcome).toBe('stuck');
    const [cause] = diagnosis.causes;
    expect(cause).toMatchObject({ id: 'lost-write', proved: true, what: 'SCB.AIRCR.SYSRESETREQ' });
    expect(cause?.explanation).toMatch(/^A write to SCB\.AIRCR\.SYSRESETREQ has no effect, because its upper half is not the key 0x05FA\./);
    expect(cause?.fix).toContain('0x05FAu << SCB_AIRCR_VECTKEY_Pos');
  });
  it('with the key: it comes', () => {
    const { outcome } = resultOf(asks((t) => t.constant(4, 0x05fa0004).str(4, 3)));
    expect(outcome).toBe('dfu');
  });
});
