/** A vector table in RAM that nothing has filled: the write that puts it in force is the cause where the program runs with its vectors there. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf, RAM } from './rounds-firmware.ts';

const [SYSCFG_CFGR1, VTOR, SYSTICK] = [0x40010000, 0xe000ed08, 0xe000e010];
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(1, address).constant(0, value).str(0, 1);
/** Puts the table in force, and goes into the ROM with the tenth tick. */
function found(chip: string, rom: number, puts: (t: Thumb) => Thumb) {
  const t = store(
    puts(
      new Thumb(0x08000200)
        .constant(7, RAM + 0x400)
        .movs(0, 0)
        .str(0, 7),
    ),
    SYSTICK + 4,
    7_999,
  );
  store(t, SYSTICK, 7).label('wait').ldr(0, 7).cmp(0, 10).bne('wait');
  store(t, SYSTICK, 0).constant(0, rom).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  const tick = new Thumb(0x08000400).ldr(0, 7).adds(0, 1).str(0, 7).bxLr();
  const { outcome, diagnosis } = runBench(jobInput(plainJob(chip, [{ path: 'app.bin@0x8000000', bytes: imageOf(t, tick) }])));
  return { outcome, sets: diagnosis.sets, says: diagnosis.causes[0]?.explanation };
}

it('is mapped to address 0 on a core without VTOR', () => {
  const { outcome, sets, says } = found('stm32f072rb', 0x1fffc800, (t) => store(store(t, 0x40021018, 1), SYSCFG_CFGR1, 3));
  expect([outcome, sets]).toEqual(['fault', [['state']]]);
  expect(says).toMatch(
    /^This line maps the RAM to address 0, and nothing has copied the vectors of app\.bin to its start\. With them copied, DFU comes\.$/,
  );
});
it('is where VTOR points', () => {
  const { outcome, sets, says } = found('stm32f405rg', 0x1fff0000, (t) => store(t, VTOR, RAM));
  expect([outcome, sets]).toEqual(['fault', [['state']]]);
  expect(says).toMatch(/^This line points VTOR to RAM, and nothing has copied the vectors of app\.bin there\./);
});
it('is no cause where something has stored there', () => {
  const { outcome, says } = found('stm32f405rg', 0x1fff0000, (t) => store(store(t, RAM + 0x3c, 0x10000001), VTOR, RAM));
  expect(outcome).toBe('fault');
  expect(says).not.toContain('nothing has copied');
});
