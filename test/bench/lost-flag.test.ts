/** A program that asks for the ROM by resetting the chip, and does not find the flag of that reset. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { RunInput } from '../../src/bench/input/run-input.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { traceLostFlag } from '../../src/bench/slice/lost-flag.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf, RAM } from './rounds-firmware.ts';

const ROM = 0x1fff0000;
const [RMVF_L4, PINRSTF, BORRSTF, SFTRSTF] = [1 << 23, 1 << 26, 1 << 27, 1 << 28];
const CHIPS = { stm32l476rg: 0x40021094, stm32f405rg: 0x40023874 } as const;
type Chip = keyof typeof CHIPS;
const main = (): Thumb => new Thumb(0x08000200);

/** What it does behind `ask`: `to-rom` jumps there; anything else resets the chip if a word of RAM says that it has not done so yet, and stays. */
function run(chip: Chip, t: Thumb): RunResult {
  return runBench(inputOf(chip, t));
}
function inputOf(chip: Chip, t: Thumb): RunInput {
  t.label('once')
    .constant(6, RAM + 0x100)
    .constant(2, 0x0bad5eed)
    .ldr(3, 6)
    .cmpRegister(3, 2)
    .beq('stay')
    .str(2, 6);
  t.label('reset').constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('stay').b('stay');
  t.label('to-rom').constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(0, 0, 4).bx(0);
  return jobInput(plainJob(chip, [{ path: 'app.bin@0x8000000', bytes: imageOf(t, new Thumb(0x08000400).bxLr()) }]));
}
const flags = (chip: Chip, t = main()): Thumb => t.constant(1, CHIPS[chip]).ldr(3, 1);
const test = (t: Thumb, flag: number): Thumb => t.constant(4, flag).tst(3, 4);
const at = (t: Thumb): number => 0x08000200 + 2 * (t.length - 1);
const causes = (r: RunResult): unknown =>
  (r.diagnosis.causes as readonly { id: string; proved: boolean }[]).filter((c) => c.proved).map((c) => c.id);
const check = (r: RunResult): unknown => r.checks.find((c) => c.id === 'magic-survives');

describe('the flag of a software reset', () => {
  it('is not asked for behind that of the pin, which every reset sets: the branch is to blame', () => {
    const t = test(flags('stm32l476rg').constant(4, RMVF_L4).str(4, 1), BORRSTF).bne('once');
    test(t, PINRSTF).bne('stay');
    const branch = at(t);
    const found = run('stm32l476rg', test(t, SFTRSTF).bne('to-rom'));
    expect(found.outcome).toBe('stuck');
    expect(causes(found)).toEqual(['magic-survives']);
    expect(check(found)).toMatchObject({
      because: 'the firmware leaves because of RCC_CSR.PINRSTF, which every reset sets, before it asks for SFTRSTF',
      lastWriter: { pc: `0x0${branch.toString(16)}` },
    });
  });
  it('is looked for in the whole run, wherever a search before has left the session', () => {
    const t = test(flags('stm32l476rg'), BORRSTF).bne('once');
    const session = new Session(inputOf('stm32l476rg', test(t, SFTRSTF).bne('to-rom')));
    const powerOn = session.save();
    session.run({ until: 100 * MS });
    const finished = session.save();
    session.restore(powerOn);
    expect(traceLostFlag(session, powerOn, finished)?.others).toEqual(['RCC.CSR.BORRSTF']);
  });
  it('is not asked for behind one that nothing has cleared since power-on', () => {
    const t = test(flags('stm32l476rg'), BORRSTF).bne('once');
    const found = run('stm32l476rg', test(t, SFTRSTF).bne('to-rom'));
    expect(causes(found)).toEqual(['magic-survives']);
    expect(check(found)).toMatchObject({ because: expect.stringContaining('RCC_CSR.BORRSTF, which was still set from before') as unknown });
  });
  it('is cleared through the bit-band alias before it is read: that store is to blame', () => {
    // RCC_CSR.RMVF
    const t = main()
      .constant(1, 0x42000000 + 32 * 0x23874 + 4 * 24)
      .movs(0, 1)
      .str(0, 1);
    const store = at(t);
    const found = run('stm32f405rg', test(flags('stm32f405rg', t), SFTRSTF).bne('to-rom').b('reset'));
    expect(found.outcome).toBe('reset-loop');
    expect(causes(found)).toEqual(['magic-survives']);
    expect(check(found)).toMatchObject({
      because: expect.stringMatching(/set RCC_CSR.SFTRSTF; the firmware clears the reset flags \(RMVF\) before it reads/) as unknown,
      lastWriter: { pc: `0x0${store.toString(16)}` },
    });
  });
  it('is read in time, cleared, and means something else: nothing is said of it', () => {
    const t = flags('stm32l476rg').constant(4, RMVF_L4).str(4, 1).ldr(5, 1);
    const found = run('stm32l476rg', test(t, SFTRSTF).bne('stay'));
    expect(found.outcome).toBe('stuck');
    expect(causes(found)).toEqual([]);
    expect(check(found)).not.toMatchObject({ verdict: 'fail' });
  });
});
