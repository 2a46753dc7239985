/** Behind a leave: what the firmware itself had left switched on in front of the jump is told as its own, with its line, and not as the ROM's. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { Step } from '../../src/bench/documents/scenario-types.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ICER0, ISER0, ICPR0, SYST_CSR, SYST_RVR] = [0xe000e180, 0xe000e100, 0xe000e280, 0xe000e010, 0xe000e014];
const TIM3 = 1 << 29;
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);

/** F411: SysTick ticks, TIM3 is enabled in the NVIC first and runs later; PC13 low goes for the ROM. `quiet`: what it does in front of the jump. */
function firmware(early: readonly (readonly [number, number])[], quiet: readonly (readonly [number, number])[]) {
  let t = new Thumb(MAIN).b('main').bxLr().label('main');
  for (const [address, value] of [
    [0xe000ed08, 0x08000000], // VTOR
    ...early,
    [SYST_RVR, 15999],
    [SYST_CSR, 7],
    [0x40023830, 4], // RCC_AHB1ENR: GPIOC
    [0x4002080c, 1 << 26], // GPIOC_PUPDR: PC13 up
    [0x40023840, 2], // RCC_APB1ENR: TIM3
    [0x4000042c, 999], // TIM3_ARR
  ] as const)
    t = store(t, address, value);
  t.cpsidI();
  // TIM3_DIER, TIM3_CR1
  t = store(store(t, 0x4000040c, 1), 0x40000400, 1);
  t = store(store(t, ICER0, TIM3), ICPR0, TIM3).cpsieI();
  t.label('poll').constant(0, 0x40020810).ldr(1, 0).lsls(1, 1, 18).lsrs(1, 1, 31).bne('poll');
  for (const [address, value] of [[SYST_CSR, 0], ...quiet] as const) t = store(t, address, value);
  t.constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  const images = bareImage(t);
  new DataView(images[0]!.bytes.buffer).setUint32(4 * 15, MAIN + 2 + 1, true);
  const steps: readonly Step[] = [
    { at: '100ms', do: { pin: { name: 'PC13', level: 0 } } },
    { after: '200ms', do: { pin: { name: 'PC13', level: 1 } } },
  ];
  return { images, steps };
}
function behindLeave({ images, steps }: ReturnType<typeof firmware>) {
  const leave: Step = { after: '0ms', do: { dfu: { leave: '0x08000000' } } };
  const { outcome, checks } = runBench(jobInput(plainJob('STM32F411CE', images, { steps: [...steps, leave] })));
  return [outcome, checks.find(({ id }) => id === 'leave-path')] as const;
}
const onAtStart = firmware([[ISER0, TIM3]], []);

it('a timer', () => {
  const [outcome, check] = behindLeave(onAtStart);
  expect(outcome).toBe('dfu');
  expect(check).toMatchObject({ verdict: 'fail', because: expect.stringMatching(/^the firmware left TIM3 on when it jumped/) as string });
  expect(check?.lastWriter).toMatchObject({ kind: 'cpu' });
});
it('is the cause of a device that a host cannot use, with its reset as the fix', () => {
  const { images, steps } = onAtStart;
  const { diagnosis } = runBench({ ...jobInput(plainJob('STM32F411CE', images, { steps })), after: true });
  expect(diagnosis.causes.map(({ what, at }) => [what, at])).toEqual([['TIM3', 'entry']]);
  expect(diagnosis.causes[0]!.explanation).toContain('The firmware left TIM3 on when it entered the ROM');
  expect(diagnosis.causes[0]!.fix).toContain('RCC->APB1RSTR |= RCC_APB1RSTR_TIM3RST;');
  expect(diagnosis.causes[0]!.fix).toContain('NVIC_ClearPendingIRQ((IRQn_Type)29);');
});
it('of a timer that is reset in front of the jump there is nothing to tell', () => {
  const [, check] = behindLeave(firmware([[ISER0, TIM3]], [[0x40023820, 2], [0x40023820, 0], [ICPR0, TIM3]])); // prettier-ignore
  expect(check?.verdict).toBe('pass');
});

/** F411: a rise of PA0 has no handler that returns. The program pulls PA0 up before it asks EXTI for that edge, but behind the leave the ask is still there. */
function byEdge() {
  const [RCC, GPIOA, GPIOC, EXTI] = [0x40023800, 0x40020000, 0x40020800, 0x40013c00];
  let t = new Thumb(MAIN).b('main').bxLr().label('main');
  for (const [address, value] of [
    [0xe000ed08, 0x08000000], // VTOR
    [ISER0, 1 << 6], // EXTI0
    [SYST_RVR, 15999],
    [SYST_CSR, 7],
    [RCC + 0x30, 5], // AHB1ENR: GPIOA, GPIOC
    [GPIOC + 0x0c, 1 << 26], // PUPDR: PC13 up
    [GPIOA + 0x0c, 0x64000001], // PUPDR: PA0 up, the debug port as from reset
  ] as const)
    t = store(t, address, value);
  t = store(store(t, EXTI + 8, 1), EXTI, 1); // RTSR, IMR
  t.label('poll')
    .constant(0, GPIOC + 0x10)
    .ldr(1, 0)
    .lsls(1, 1, 18)
    .lsrs(1, 1, 31)
    .bne('poll');
  for (const [address, value] of [[RCC + 0x10, 1], [RCC + 0x10, 0], [SYST_CSR, 0]] as const) t = store(t, address, value); // prettier-ignore
  t.constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  const images = bareImage(t);
  new DataView(images[0]!.bytes.buffer).setUint32(4 * 15, MAIN + 2 + 1, true);
  const steps: readonly Step[] = [
    { at: '100ms', do: { pin: { name: 'PC13', level: 0 } } },
    { after: '200ms', do: { pin: { name: 'PC13', level: 1 } } },
  ];
  return { images, steps };
}
it('of a block that RCC cannot reset, what was left on is written back', () => {
  const { diagnosis } = runBench({ ...jobInput(plainJob('STM32F411CE', byEdge().images, { steps: byEdge().steps })), after: true });
  expect(diagnosis.causes.map(({ what }) => what)).toEqual(['EXTI']);
  const fix = diagnosis.causes[0]!.fix!;
  expect(fix).toContain('EXTI->RTSR = 0;');
  expect(fix.match(/NVIC_\w+\(\(IRQn_Type\)\d+\)/g)).toEqual(['NVIC_ClearPendingIRQ((IRQn_Type)6)']);
});

/**
 * F411: a fall of PC13 sends it to the ROM, from behind the handler. It resets SYSCFG in front of the jump and EXTI not: where the application that the leave has started leads line 13
 * from PA13, which is high, to PC13, which is still low, that is an edge.
 */
function byOldEdge(quiet: readonly (readonly [number, number])[], more: readonly Step[] = []) {
  const [RCC, SYSCFG, EXTI, FLAG] = [0x40023800, 0x40013800, 0x40013c00, 0x20000800];
  let t = new Thumb(MAIN).b('main');
  // the handler clears the line and tells main()
  t = store(store(t, EXTI + 0x14, 1 << 13), FLAG, 1)
    .bxLr()
    .label('main');
  for (const [address, value] of [
    [0xe000ed08, 0x08000000], // VTOR
    [FLAG, 0],
    [RCC + 0x30, 5], // AHB1ENR: GPIOA, GPIOC
    [RCC + 0x44, 1 << 14], // APB2ENR: SYSCFG
    [SYSCFG + 0x14, 2 << 4], // EXTICR4: PC13
    [EXTI + 0xc, 1 << 13], // FTSR
    [EXTI, 1 << 13], // IMR
    [0xe000e104, 1 << 8], // EXTI15_10
  ] as const)
    t = store(t, address, value);
  t.label('poll').constant(0, FLAG).ldr(1, 0).cmp(1, 0).beq('poll');
  const end = [[RCC + 0x24, 1 << 14], [RCC + 0x24, 0], [0xe000e184, 1 << 8], ...quiet] as const; // prettier-ignore
  for (const [address, value] of end) t = store(t, address, value);
  t.constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  const images = bareImage(t);
  new DataView(images[0]!.bytes.buffer).setUint32(4 * 56, MAIN + 2 + 1, true);
  const steps: readonly Step[] = [{ at: '100ms', do: { pin: { name: 'PC13', level: 0 } } }];
  return {
    ...jobInput(plainJob('STM32F411CE', images, { board: { pins: { PC13: 1 } }, steps: [...steps, ...more] })),
    after: more.length === 0,
  };
}
it('of an edge that was asked for before the jump, EXTI is the cause, and not the pin that is as it was', () => {
  const { after, diagnosis } = runBench(byOldEdge([]));
  expect(after?.alive).toMatchObject({
    result: 'failed',
    because: 'it enters the ROM again, because the firmware left EXTI on when it jumped',
  });
  expect(diagnosis.causes.map(({ what, at }) => [what, at])).toEqual([['EXTI', 'entry']]);
  expect(diagnosis.causes[0]!.fix).toContain('EXTI->FTSR = 0;');
});
it('so it is where the scenario itself leaves', () => {
  const { checks } = runBench(byOldEdge([], [{ after: '200ms', do: { dfu: { leave: '0x08000000' } } }]));
  expect(checks.find(({ id }) => id === 'leave-path')).toMatchObject({
    observed: 'the application starts, then enters the ROM again',
    because: expect.stringMatching(/^the firmware left EXTI on when it jumped/) as string,
  });
});
it('with that edge taken back in front of the jump, the application starts', () => {
  const EXTI = 0x40013c00;
  const { after } = runBench(byOldEdge([[EXTI, 0], [EXTI + 0xc, 0], [EXTI + 0x14, 0x7fffff]])); // prettier-ignore
  expect(after?.alive.result).toBe('ok');
});
