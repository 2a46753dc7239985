/** A wait in a handler for what cannot preempt it is a cause, with the line of the wait. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, TICK, SYST, SHPR3, ICSR, IPR2] = [0x1fff0000, 0x20000040, 0xe000e010, 0xe000ed20, 0xe000ed04, 0xe000e408];
const [ISER0, ISPR0, ICER0] = [0xe000e100, 0xe000e200, 0xe000e180];
const LINE = 8;
interface Wait {
  /** The handler that waits for the next tick: that of interrupt 8, or SysTick's own. */
  readonly own: boolean;
  /** Priorities of SysTick and of interrupt 8. */
  readonly tick?: number;
  readonly line?: number;
  /** PRIMASK is 1 at the jump: another thing that is wrong. */
  readonly masks?: boolean;
  /** Interrupts 8 and 9 come, to the same handler. */
  readonly twice?: boolean;
}
/** A tick each millisecond; interrupt 8 is pended behind the first. Who waits jumps behind the wait. */
function waits({
  own,
  tick = 0,
  line = 0,
  masks = false,
  twice = false,
}: Wait): ReturnType<typeof runBench> & { readonly waitsAt: number } {
  const lines = (twice ? 3 : 1) << LINE;
  const t = new Thumb(MAIN).b('main').put(0xbf00);
  const here = (): number => MAIN + 2 * t.length;
  const tickAt = here();
  t.constant(0, TICK).ldr(1, 0).put(0x3101).str(1, 0);
  if (own) t.cmp(1, 3).bne('back').b('wait').label('back');
  t.bxLr();
  const lineAt = here();
  t.constant(0, TICK).label('wait').ldr(1, 0);
  const waitsAt = here();
  // prettier-ignore
  t.label('again').ldr(2, 0).cmpRegister(2, 1).beq('again').constant(0, ICER0).constant(1, lines).str(1, 0);
  if (masks) t.cpsidI();
  // prettier-ignore
  t.constant(0, SYST).movs(1, 0).str(1, 0).constant(0, ICSR).constant(1, 1 << 25).str(1, 0);
  t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  t.label('main').constant(0, TICK).movs(1, 0).str(1, 0);
  t.constant(0, SHPR3)
    .constant(1, tick * 2 ** 24)
    .str(1, 0)
    .constant(0, IPR2)
    .constant(1, line)
    .str(1, 0);
  t.constant(2, SYST).constant(1, 15999).str(1, 2, 4).str(1, 2, 8).movs(1, 7).str(1, 2);
  // the tick has come before
  t.constant(0, TICK).label('first').ldr(1, 0).cmp(1, 0).beq('first');
  // prettier-ignore
  if (!own) t.constant(0, ISER0).constant(1, lines).str(1, 0).constant(0, ISPR0).str(1, 0);
  const [image] = bareImage(t.label('end').b('end'));
  const view = new DataView(image!.bytes.buffer);
  view.setUint32(4 * 15, tickAt + 1, true);
  for (const vector of [16 + LINE, 17 + LINE]) view.setUint32(4 * vector, lineAt + 1, true);
  expect(view.getUint16(waitsAt - FLASH, true)).toBe(0x6802);
  return { ...runBench(jobInput(plainJob('stm32f405rg', [image!]))), waitsAt };
}
const causesOf = ({ outcome, diagnosis, waitsAt }: ReturnType<typeof waits>): object => ({
  outcome,
  sets: diagnosis.sets,
  causes: diagnosis.causes.map(({ what, proved, lastWriter }) => [what, proved, Number(lastWriter!.pc) - waitsAt < 8]),
});

it.each([
  ['that of the same priority', { own: false }, 'wait in the handler of interrupt 8 (EXTI)'],
  ['a lower one', { own: false, tick: 0xf0, line: 0x10 }, 'wait in the handler of interrupt 8 (EXTI)'],
  ['that of the same priority, in the handler of two', { own: false, twice: true }, 'wait in the handler of interrupt 8 (EXTI)'],
  ['itself', { own: true }, 'wait in the handler of SysTick'],
] as const)('a handler that waits for %s: in Thread mode the wait ends, and DFU comes', (_which, wait, what) => {
  const run = waits(wait);
  expect(causesOf(run)).toEqual({ outcome: 'stuck', sets: [['state']], causes: [[what, true, true]] });
  expect(run.diagnosis.causes[0]!.explanation).toContain('In Thread mode, DFU comes.');
});
it('where the tick can preempt the handler there is no wait', () => {
  const { outcome, causes } = causesOf(waits({ own: false, tick: 0, line: 0x10 })) as { outcome: string; causes: readonly unknown[] };
  expect(outcome).not.toBe('stuck');
  expect(JSON.stringify(causes)).not.toContain('wait in the handler');
});
it('what is wrong behind the wait keeps it from being proved, and is said', () => {
  const run = waits({ own: false, masks: true });
  expect(causesOf(run)).toMatchObject({
    outcome: 'stuck',
    sets: [],
    causes: [['wait in the handler of interrupt 8 (EXTI)', false, true]],
  });
  expect(run.diagnosis.causes[0]!.explanation).toContain('In Thread mode, the firmware comes further.');
});
