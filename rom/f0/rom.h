/*
 * F0 and F3: one source. CHIP_F042 and CHIP_F072 choose what these two have of their own; for the others the profile gives (config.h): FLASH_PAGE_SIZE, RAM_END, RAM_ROM_END,
 * HAS_EMPTY_CHECK, HSI_PLL (SYSCLK is HSI / 2 times it; left out = HSI48), USB_FROM_HSE, and for F3 (a Cortex-M4, with VTOR) F3, CCM_END and USB_SCATTERED; and the interfaces' tables. Cortex-M0, so without VTOR: exceptions are taken from what SYSCFG maps to address 0.
 */
#ifndef ROM_F0_ROM_H
#define ROM_F0_ROM_H

#if !defined ROM_LATENCY
#define ROM_LATENCY 1u /* what 48 MHz needs; AN2606 names it for 24 MHz too */
#endif
#if defined F3
#define CORE_V7M 1
#define SERIAL_SHIFT(base) ((base) < 0x40010000u ? 1u : 0u) /* APB1 runs at half of HCLK */
#else
#define CORE_V7M 0
#define IRQ_COUNT 32u
#endif
#define CORE_V8M 0
#define HAS_REMAP 1
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE_AT 0x1FFFF7CCu
#if defined CHIP_F042
#define FLASH_SIZE (32u * 1024u)
#define FLASH_PAGE_SIZE 1024u
#define RAM_END 0x20001800u
#define RAM_ROM_END RAM_END /* AN2606: the ROM uses all of it */
#define HAS_EMPTY_CHECK 1
#define HAS_BOOT_SEL 1
#define HAS_TABLES 0
#elif defined CHIP_F072
#define FLASH_SIZE (128u * 1024u)
#define FLASH_PAGE_SIZE 2048u
#define RAM_END 0x20004000u
#define RAM_ROM_END 0x20001800u /* AN2606: the ROM's own 6 KB */
#define HAS_EMPTY_CHECK 0
#define HAS_TABLES 0
#else
#define HAS_TABLES 1
#define HAS_BOOT_SEL 0
#define I2C_V1 0
#endif
#if !defined HSI_PLL
#define HAS_HSI48 1
#else
#define HAS_HSI48 0
#endif
#if !defined USB_FROM_HSE
#define USB_FROM_HSE 0
#endif
#define OPTION_BASE 0x1FFFF800u
#define RAM_BASE 0x20000000u

#define USB_BASE 0x40005C00u
#define USB_PMA_BASE 0x40006000u
#endif
