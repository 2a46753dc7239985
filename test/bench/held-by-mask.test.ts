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
function diagnosis(mask: number, enabled: number) {
  const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
  const stores = [[RCC_APB1ENR, 1], [TIM2 + 0x28, 0xffff], [TIM2 + 0xc, 1], [NVIC_ISER0, enabled], [TIM2, 1]]; // prettier-ignore
  const t = stores.reduce((u, [at, value]) => store(u, at!, value!), new Thumb(MAIN)).put(mask);
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

it('beside the fix that switches off what is left on, the one of the mask does not ask for that', () => {
  const { causes } = diagnosis(CPSID_I, TIM2_LINE);
  expect(causes.find(({ id }) => id === 'primask')?.fix).toMatch(/^__enable_irq\(\); +\/\* right before the jump \*\/$/);
});
