/** Two causes whose fixes say the same at the same place: it stands in the patch once. */
import { expect, it } from 'vitest';
import { applied, type Edit } from '../../src/report/patch/edit.ts';
import { saidOnce } from '../../src/report/patch/once.ts';

const SOURCE = ['void jump(void)', '{', '  rom();', '}'];
const at = (cause: string, line: number, ...code: string[]): Edit => ({ cause, file: 'boot.c', line, how: 'before', code });
/** What stands above the jump then, and the causes that are mended. */
function patched(...edits: readonly Edit[]): { readonly lines: readonly string[]; readonly causes: readonly string[] } {
  const done = new Set<string>();
  const changed = applied(SOURCE, saidOnce(edits), (cause) => expect.unreachable(cause), done)!;
  return { lines: changed.slice(2, changed.indexOf('  rom();')).map((text) => text.trim()), causes: [...done].sort() };
}

it('a store that two causes need stands there once, and mends both', () => {
  const store = 'RCC->CFGR = 0;';
  expect(patched(at('a', 3, store), at('b', 3, store))).toEqual({ lines: [store], causes: ['a', 'b'] });
  const clock = '__HAL_RCC_PWR_CLK_ENABLE();';
  expect(patched(at('a', 3, 'PWR->CR |= PWR_CR_DBP;'), at('b', 3, clock, 'TIM2->CR1 = 0;'), at('c', 3, clock)).lines).toEqual([
    clock,
    'TIM2->CR1 = 0;',
    'PWR->CR |= PWR_CR_DBP;',
  ]);
});
it('bits of a register that is cleared as a whole are not cleared again, and the wait stays', () => {
  const wait = 'while (RCC->CFGR & RCC_CFGR_SWS) {}';
  const { lines } = patched(at('sysclk', 3, 'RCC->CFGR &= ~RCC_CFGR_SW;', wait), at('RCC.CFGR', 3, 'RCC->CFGR = 0;'));
  expect(lines).toEqual(['RCC->CFGR = 0;', wait]);
});
it('a store stays that one cause repeats, that another value lies between, or that belongs elsewhere', () => {
  const twice = ['FLASH->KEYR = 1;', 'FLASH->KEYR = 2;'];
  expect(patched(at('a', 3, ...twice), at('b', 3, ...twice)).lines).toEqual([...twice, ...twice]);
  const start = 'FLASH->CR |= FLASH_CR_STRT;';
  expect(patched(at('a', 3, start, 'while (FLASH->SR & 1) {}', start)).lines).toEqual([start, 'while (FLASH->SR & 1) {}', start]);
  const [on, off] = ['RCC->CR |= 1;', 'RCC->CR &= ~1u;'];
  expect(patched(at('a', 3, on), at('b', 3, off), at('c', 3, on)).lines).toEqual([on, off, on]);
  expect(saidOnce([at('a', 3, on), at('b', 1, on)]).map((e) => e.code)).toEqual([[on], [on]]);
});
