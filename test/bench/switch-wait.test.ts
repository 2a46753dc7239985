/** A wait for a source of SYSCLK that does not come is a cause, with what SW asks for in its place, or what that source lacks. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

/** L4: where SWS = 0 is MSI, and HSI is 1 (RM0351 6.4.3). */
const RCC = 0x4002_1000;
interface Waiting {
  /** Stored to SW in front. */
  readonly asks?: number;
  /** How often it looks; null: for good. */
  readonly looks: number | null;
  readonly wants?: { readonly sws: number; readonly by: 'beq' | 'bne' };
}
function run({ asks, looks, wants = { sws: 1, by: 'beq' } }: Waiting) {
  const t = new Thumb(MAIN).constant(0, RCC);
  if (asks !== undefined) t.movs(1, asks).str(1, 0, 8);
  t.constant(3, looks ?? 1).label('wait');
  const wait = MAIN + 2 * t.length;
  t.ldr(1, 0, 8)
    .movs(2, 0xc)
    .ands(1, 2)
    .cmp(1, wants.sws << 2)
    [wants.by]('on');
  if (looks === null) t.b('wait');
  else t.put(0x3b01).bne('wait').label('end').b('end');
  t.label('on').constant(0, 0x1fff_0000).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  const { outcome, diagnosis } = runBench(jobInput(plainJob('stm32l476rg', bareImage(t))));
  const [cause] = diagnosis.causes;
  return {
    outcome,
    proved: cause?.proved,
    repair: cause?.repair,
    atWait: Number(cause?.lastWriter?.pc) === wait,
    why: cause?.explanation,
    fix: cause?.fix,
  };
}

it.each([
  ['without a bound', null],
  ['with a bound', 20_000],
] as const)('HSI that nothing asked for, %s', (_what, looks) => {
  const { why, fix, ...found } = run({ looks });
  expect(found).toEqual({ outcome: 'stuck', proved: true, repair: 'RCC.CFGR.SWS = 1 in time', atWait: true });
  expect(why).toContain('that is MSI (0), not HSI (1); nothing has changed RCC.CFGR.SW.');
  expect(fix).toContain('RCC->CR |= RCC_CR_HSION;\nwhile (!(RCC->CR & RCC_CR_HSIRDY)) {}\nRCC->CFGR = (RCC->CFGR & ~RCC_CFGR_SW) | 1u;');
});
it('HSI that is asked for and off', () => {
  const { why, repair } = run({ asks: 1, looks: null });
  expect([repair, why]).toEqual([
    'RCC.CFGR.SWS = 1 in time',
    expect.stringContaining('RCC.CFGR.SW = 1 asks for HSI, which does not run: RCC.CR.HSION is 0.'),
  ]);
});
it('any source but that of the reset', () => {
  expect(run({ looks: null, wants: { sws: 0, by: 'bne' } })).toMatchObject({ proved: true, repair: 'RCC.CFGR.SWS other than 0 in time' });
});
