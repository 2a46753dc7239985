/** Fixes for sources without CMSIS: addresses are those of the manual, and a header that cannot be seen counts only if the debug data know CMSIS. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { inAddresses } from '../../src/report/in-addresses.ts';
import { namesKnownIn } from '../../src/report/known-names.ts';
import type { SourceFile } from '../../src/report/source-lines.ts';

const nothing = (): boolean => false;
const plain = (chip: string, code: string, knows: (name: string) => boolean = nothing): string | null =>
  inAddresses(code.split('\n'), findChip(chip)!, (name) => name === 'uint32_t' || knows(name))?.join('\n') ?? null;
const word = (address: string): string => `*(volatile uint32_t *)0x${address}u`;

describe('a fix without names of CMSIS', () => {
  it.each([
    ['stm32f405rg', 'SCB->VTOR = 0x1fff0000u;', `${word('E000ED08')} = 0x1fff0000u;   /* SCB->VTOR = 0x1fff0000u */`],
    [
      'stm32f405rg',
      'RCC->AHB2ENR &= ~(RCC_AHB2ENR_OTGFSEN);',
      `${word('40023834')} &= ~(0x80u);   /* RCC->AHB2ENR &= ~(RCC_AHB2ENR_OTGFSEN) */`,
    ],
    ['stm32f405rg', 'RCC->CFGR |= RCC_CFGR_SW_1;   /* RCC->CFGR */', `${word('40023808')} |= 0x2u;   /* RCC->CFGR */`],
    [
      'stm32l476rg',
      'PWR->CR1 = (PWR->CR1 & ~PWR_CR1_VOS) | PWR_CR1_VOS_0; while (PWR->SR2 & PWR_SR2_VOSF) {}',
      `${word('40007000')} = (${word('40007000')} & ~0x600u) | 0x200u; while (${word('40007014')} & 0x400u) {}`,
    ],
    ['stm32f072rb', 'RCC->AHBENR |= RCC_AHBENR_GPIOAEN;', `${word('40021014')} |= 0x20000u;   /* RCC->AHBENR |= RCC_AHBENR_GPIOAEN */`],
    ['stm32f405rg', 'DMA2_Stream3->CR &= ~DMA_SxCR_EN;', `${word('40026458')} &= ~0x1u;   /* DMA2_Stream3->CR &= ~DMA_SxCR_EN */`],
    ['stm32l476rg', 'DMA1_Channel2->CCR &= ~DMA_CCR_EN;', `${word('4002001C')} &= ~0x1u;   /* DMA1_Channel2->CCR &= ~DMA_CCR_EN */`],
    [
      'stm32f405rg',
      'NVIC_DisableIRQ((IRQn_Type)67);   /* OTG_FS */',
      `${word('E000E188')} = 0x8u; __asm volatile("dsb\\n\\tisb" : : : "memory");   /* OTG_FS */`,
    ],
    [
      'stm32f405rg',
      'for (unsigned i = 0; i < sizeof NVIC->ICER / sizeof NVIC->ICER[0]; i++) NVIC->ICER[i] = 0xFFFFFFFFu;',
      'for (unsigned i = 0; i < 3u; i++) ((volatile uint32_t *)0xE000E180u)[i] = 0xFFFFFFFFu;',
    ],
    ['stm32f405rg', '__enable_irq();', '__asm volatile("cpsie i" : : : "memory");'],
  ])('%s: %s', (chip, code, expected) => expect(plain(chip, code)).toBe(expected));

  it('keeps the names that the sources know', () =>
    expect(plain('stm32f405rg', '__enable_irq();\nSCB->VTOR = 0;', (name) => name === '__enable_irq')).toBe(
      `__enable_irq();\n${word('E000ED08')} = 0;   /* SCB->VTOR = 0 */`,
    ));
  it('has the types of C where <stdint.h> is missing', () =>
    expect(inAddresses(['uint32_t old = SCB->VTOR;'], findChip('stm32f405rg')!, nothing)).toEqual([
      'unsigned int old = *(volatile unsigned int *)0xE000ED08u;',
    ]));
  it('is none where a name has no short form', () => expect(plain('stm32h745xi', 'SCB_CleanInvalidateDCache();')).toBeNull());
});

describe('the names that a file knows', () => {
  const known = (files: Readonly<Record<string, string>>, name: string, cmsis: boolean | null): boolean => {
    const of = (path: string): SourceFile | null =>
      path in files ? { path, lines: files[path]!.split('\n'), newer: false, elsewhere: false } : null;
    return namesKnownIn('src/main.c', Object.assign(of, { usesCmsis: () => cmsis }))(name);
  };
  it.each([
    ['of a file without headers', { 'src/main.c': 'int main(void) {}' }, null, false],
    ['of C alone', { 'src/main.c': '#include <stdint.h>' }, true, false],
    ['of the device header', { 'src/main.c': '#include "stm32f4xx.h"' }, null, true],
    ['of a header that includes it', { 'src/main.c': '#include "app.h"', 'inc/app.h': '#include <stm32f4xx_hal.h>' }, false, true],
    ['of its own headers', { 'src/main.c': '#include "regs.h"', 'src/regs.h': '#define VTOR 0xE000ED08 /* SCB */' }, true, false],
    ['of a header that defines it', { 'src/main.c': '#include "regs.h"', 'src/regs.h': '#define SCB 1' }, false, true],
    ['of a header that is not there, without debug data', { 'src/main.c': '#include "regs.h"' }, null, true],
    ['of a header that is not there, in an image with CMSIS', { 'src/main.c': '#include "regs.h"' }, true, true],
    ['of a header that is not there, in an image without CMSIS', { 'src/main.c': '#include "regs.h"' }, false, false],
    ['of a comment', { 'src/main.c': '/* SCB */ int x; // SCB' }, null, false],
  ] as const)('SCB %s', (_, files, cmsis, expected) => expect(known(files as Record<string, string>, 'SCB', cmsis)).toBe(expected));
  it('ends in headers that include each other', () =>
    expect(known({ 'src/main.c': '#include "a.h"', 'src/a.h': '#include "b.h"', 'src/b.h': '#include "a.h"' }, 'SCB', null)).toBe(false));
  it.each([
    ['#include <stdint.h>', true],
    ['#include <string.h>', false],
  ])('uint32_t with %s: %s', (line, expected) => expect(known({ 'src/main.c': line }, 'uint32_t', null)).toBe(expected));
  it('__enable_irq beside __disable_irq', () =>
    expect(known({ 'src/main.c': '#include "x.h"\n__disable_irq();' }, '__enable_irq', false)).toBe(true));
});
