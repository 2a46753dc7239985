/** SysTick is one block: CTRL, LOAD and VAL go together, and a proof is made with the stores that are printed. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const SYST = 0xe000e010;
const ROM = 0x1ffff000;
const OFFSETS = { CTRL: 0, LOAD: 4, VAL: 8 } as const;
type Register = keyof typeof OFFSETS;

/** SysTick counts from 72000, some of its registers are cleared, and the ROM of an F103 measures the host's baud rate with it. */
function jumps(cleared: readonly Register[]) {
  const t = new Thumb(MAIN).constant(4, SYST).constant(0, 71_999).str(0, 4, OFFSETS.LOAD).str(0, 4, OFFSETS.VAL).movs(0, 5).str(0, 4);
  // VAL stands somewhere
  t.constant(1, 3000).movs(2, 1).label('wait').subs(1, 1, 2).bne('wait').movs(0, 0);
  for (const register of cleared) t.str(0, 4, OFFSETS[register]);
  t.constant(0, ROM).ldr(1, 0).movSp(1).ldr(0, 0, 4).bx(0);
  return runBench(jobInput(plainJob('stm32f103cb', bareImage(t))));
}
const storesIn = (fix: string): Register[] => [...fix.matchAll(/SysTick->(CTRL|LOAD|VAL) = 0;/g)].map(([, name]) => name as Register);

it.each([[[]], [['CTRL']], [['CTRL', 'LOAD']]] satisfies Register[][][])('%j are cleared: what is printed is enough', (cleared) => {
  const failing = jumps(cleared);
  expect(failing.goal.reached).toBe(false);
  const [cause] = failing.diagnosis.causes;
  expect(cause).toMatchObject({ proved: true });
  const printed = storesIn(cause!.fix!);
  expect(printed).toContain('VAL');
  expect(jumps([...cleared, ...printed]).goal.reached).toBe(true);
});
