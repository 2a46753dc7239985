/** UG sets the update flag of a timer, and who asks for it takes the period for over before it has begun. */
import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/bench/documents/scenario-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, AHB1ENR, APB1ENR, GPIOC_IDR, TIM2, FLAG] = [0x1fff0000, 0x40023830, 0x40023840, 0x40020810, 0x40000000, 0x20000040];
const [SR, EGR, PSC, ARR] = [0x10, 0x14, 0x28, 0x2c];
const TIM2_LINE = 28;
const steps: Step[] = [{ at: '5ms', do: { pin: { name: 'PC13', level: 1 } } }];
/** Without the interrupt, which the ROM has no handler for. */
const jumps = (t: Thumb): Thumb =>
  t
    .constant(0, 0xe000e180)
    .constant(1, 1 << TIM2_LINE)
    .str(1, 0)
    .constant(0, ROM)
    .ldr(1, 0)
    .ldr(2, 0, 4)
    .movSp(1)
    .bx(2);

/** R4 = TIM2, which gets 20 ms by UG; R5 = GPIOC.IDR. */
function opens(t: Thumb, urs = 0): Thumb {
  t.constant(0, AHB1ENR).movs(1, 4).str(1, 0).constant(0, APB1ENR).movs(1, 1).str(1, 0);
  t.constant(4, TIM2).constant(5, GPIOC_IDR).constant(6, FLAG).movs(7, 1).lsls(7, 7, 13);
  return t.movs(1, urs).str(1, 4).constant(1, 15_999).str(1, 4, PSC).movs(1, 19).str(1, 4, ARR).movs(1, 1).str(1, 4, EGR);
}
/** Waits for the pin until the window is over, as `over` asks. */
const waits = (t: Thumb, over: (t: Thumb) => Thumb): Thumb => jumps(over(t.label('wait')).ldr(1, 5).tst(1, 7).beq('wait').b('go').label('no').adds(0, 1).b('no').label('go')); // prettier-ignore
function run(t: Thumb, handler: number | null = null) {
  const [image] = bareImage(t);
  if (handler !== null) new DataView(image!.bytes.buffer).setUint32(4 * (16 + TIM2_LINE), handler + 1, true);
  const job = plainJob('stm32f405rg', [image!]);
  const { diagnosis, outcome } = runBench(jobInput({ ...job, scenario: { ...job.scenario, steps, until: '600ms' } }));
  const [cause] = diagnosis.causes;
  return { outcome, sets: diagnosis.sets, says: cause?.explanation ?? '', pc: Number(cause?.lastWriter?.pc), fix: cause?.fix ?? '' };
}
const polls = (t: Thumb): Thumb => t.ldr(1, 4, SR).movs(2, 1).tst(1, 2).bne('no');

describe('a period that is taken for over', () => {
  it('by a loop that asks for the flag', () => {
    const t = opens(new Thumb(MAIN));
    const ug = MAIN + 2 * (t.length - 1);
    const { says, sets, pc, fix } = run(waits(t.movs(1, 9).str(1, 4), polls));
    expect([sets, pc]).toEqual([[['state']], ug]);
    expect(says).toMatch(
      /^This write of UG loads the prescaler and the period of TIM2, and sets SR\.UIF, too, before anything is counted: 0x0800\w+ asks for it, and takes the period for over\. With UIF cleared behind it, DFU comes\.$/,
    );
    expect(fix).toContain('0x40000010u = ~1u');
  });
  it('by the handler of its interrupt', () => {
    const t = new Thumb(MAIN).b('main').put(0xbf00).label('handler').constant(0, TIM2).movs(1, 0).str(1, 0, SR).constant(0, FLAG).movs(1, 1).str(1, 0).bxLr(); // prettier-ignore
    opens(t.label('main'));
    t.movs(1, 0).str(1, 6).movs(1, 1).str(1, 4, 12).constant(0, 0xe000e100).constant(1, 1 << TIM2_LINE).str(1, 0).movs(1, 1).str(1, 4); // prettier-ignore
    const { says, sets } = run(
      waits(t, (over) => over.ldr(1, 6).cmp(1, 0).bne('no')),
      MAIN + 4,
    );
    expect(sets).toEqual([['state']]);
    expect(says).toContain('the handler of interrupt 28 (TIM2) acts on it (0x0800');
  });
});
describe('is none', () => {
  it('where the flag is cleared behind UG', () => {
    expect(run(waits(opens(new Thumb(MAIN)).movs(1, 0).str(1, 4, SR).movs(1, 9).str(1, 4), polls)).outcome).toBe('dfu');
  });
  it('where URS is set', () => expect(run(waits(opens(new Thumb(MAIN), 4).movs(1, 13).str(1, 4), polls)).outcome).toBe('dfu'));
  it('where the pin comes too late all the same', () => {
    const t = opens(new Thumb(MAIN)).movs(1, 1).str(1, 4, ARR).movs(1, 9).str(1, 4);
    expect(run(waits(t, polls)).says).not.toContain('UG');
  });
});
