/** Handlers that C++ compiled under names of their own. */
import { expect, it } from 'vitest';
import { mangledHandler } from '../../src/bench/verdict/mangled-handler.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import type { LoadedImage } from '../../src/image/image.ts';
import { debugSections } from '../../src/image/dwarf-reader.ts';
import { FunctionTable } from '../../src/image/dwarf-functions.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const imageWith = (symbols: readonly string[], strings: string | null = null): LoadedImage =>
  ({
    symbols: { all: symbols.map((name) => ({ name })) },
    functions: new FunctionTable(
      debugSections((name) => (name === '.debug_str' && strings !== null ? bytes(strings) : null)),
      null as never,
      () => false,
    ),
  }) as unknown as LoadedImage;
const told = (exception: number, symbols: readonly string[], strings: string | null = null): string | null =>
  mangledHandler(STM32L476RG, [imageWith(symbols, strings)], exception);
const [SVC, SYSTICK, USART2] = [11, 15, 16 + 38];

it.each([
  [SYSTICK, '_Z15SysTick_Handlerv', 'SysTick_Handler() '],
  [SVC, '_ZL11SVC_Handlerv', 'SVC_Handler() '],
  [USART2, '_Z17USART2_IRQHandlerv', 'USART2_IRQHandler() '],
])('exception %i: %s is told, by its symbol or where only the debug data know it', (exception, name, plain) => {
  expect(told(exception, ['main', name])).toContain(plain);
  expect(told(exception, ['main'], `main\0${name}\0int\0`)).toContain(`its symbol is ${name}`);
});
it.each([
  [SYSTICK, '_Z17USART2_IRQHandlerv'],
  [USART2, '_Z15SysTick_Handlerv'],
  [SYSTICK, '_ZN3app15SysTick_HandlerEv'],
  [SYSTICK, 'SysTick_Handler'],
  [SYSTICK, '_Z15SysTick_Handleri'],
])('exception %i: %s is another function', (exception, name) => {
  expect(told(exception, [name], `${name}\0`)).toBeNull();
});
