/** What a mask holds at the jump is no harmless rest: without the mask it comes to the ROM, so both are mended in one go. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const ROM = 0x1fff0000;
const [TIM2, RCC_APB1ENR, NVIC_ISER0] = [0x40000000, 0x40023840, 0xe000e100];
const [CPSID_I, CPSID_F] = [0xb672, 0xb671];
const TIM2_LINE = 1 << 28;

/** The timer ends later than DFU comes: without the mask it is not in the way by luck alone. */
function diagnosis(mask: number | readonly number[], enabled: number, more: readonly (readonly [number, number])[] = []) {
  const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
  const stores = [[RCC_APB1ENR, 1], [TIM2 + 0x28, 0xffff], [TIM2 + 0xc, 1], [NVIC_ISER0, enabled], [TIM2, 1], ...more]; // prettier-ignore
  const t = stores.reduce((u, [at, value]) => store(u, at!, value!), new Thumb(MAIN));
  for (const half of [mask].flat()) t.put(half);
  t.constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  const result = runBench(jobInput(plainJob('STM32F411CE', bareImage(t))));
  expect(result.outcome).not.toBe('dfu');
  return result.diagnosis;
}

describe.each([
  ['primask', CPSID_I],
  ['faultmask', CPSID_F],
] as const)('behind %s', (id, mask) => {
  it('an interrupt that is left on is mended with it, and in front of it', () => {
    const { explained, sets, causes, harmless } = diagnosis(mask, TIM2_LINE);
    expect({ explained, sets }).toEqual({ explained: true, sets: [['nvic-enabled', id]] });
    expect(causes.map((c) => [c.id, c.proved]).sort()).toEqual(
      [
        ['nvic-enabled', true],
        [id, true],
      ].sort(),
    );
    expect(harmless).not.toContain('nvic-enabled');
  });
  it('where none is left on, the mask is the only cause', () => {
    expect(diagnosis(mask, 0).sets).toEqual([[id]]);
  });
});

describe('behind BASEPRI', () => {
  // MOVS r2, #0x50; MSR BASEPRI, r2; the priorities of lines 28 to 31, and of OTG_FS (line 67)
  const raised = [0x2250, 0xf382, 0x8811];
  const priorities = (line28: number, usb: number): (readonly [number, number])[] => [
    [0xe000e41c, line28],
    [0xe000e440, usb * 2 ** 24],
  ];
  it('an interrupt that it holds is mended with it, and in front of it', () =>
    expect(diagnosis(raised, TIM2_LINE, priorities(0x60, 0x60)).sets).toEqual([['nvic-enabled', 'basepri']]));
  it('one above it was not held by it', () => expect(diagnosis(raised, TIM2_LINE, priorities(0x10, 0x60)).sets).toEqual([['basepri']]));
});

it('beside the fix that switches off what is left on, the one of the mask does not ask for that', () => {
  const { causes } = diagnosis(CPSID_I, TIM2_LINE);
  expect(causes.find(({ id }) => id === 'primask')?.fix).toMatch(/^__enable_irq\(\); +\/\* right before the jump \*\/$/);
});
