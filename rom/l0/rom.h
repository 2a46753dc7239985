/*
 * L0: Cortex-M0+ with VTOR; where the profile defines L1, STM32L1: Cortex-M3. From the profile (config.h): RAM_END, RAM_ROM_END, EEPROM_SIZE, TWO_BANKS, and for L1
 * HSE_ROUNDS.
 */
#ifndef ROM_L0_ROM_H
#define ROM_L0_ROM_H

#if defined L1
#define CORE_V7M 1
#define OPTION_USED 32u /* bytes that are programmed */
#define I2C_V1 1 /* and the first USART */
#define FLASH_PAGE_SIZE 256u
#define HALF_PAGE 128u
#define USB_ON_HSI_FIRST 1
#define USB_SCATTERED 1
#define USB_PULL_UP_OUTSIDE 1 /* of the block: SYSCFG has it */
#if HAS_USB
#define UID_BASE 0x1FF800D0u
#define FLASH_SIZE_AT 0x1FF800CCu
#else
#define UID_BASE 0x1FF80050u
#define FLASH_SIZE_AT 0x1FF8004Cu
#define FLASH_SIZE_PLAIN 1
#endif
#else
#define CORE_V7M 0
#define HAS_VTOR 1
#define OPTION_USED (TWO_BANKS ? 20u : 12u)
#define I2C_V1 0
#define FLASH_PAGE_SIZE 128u
#define HALF_PAGE 64u
#define USB_ON_HSI_FIRST 0
#define UID_BASE 0x1FF80050u
#define FLASH_SIZE_AT 0x1FF8007Cu
#endif
#define CORE_V8M 0
#define HAS_REMAP 1
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define EEPROM_BASE 0x08080000u
#define OPTION_BASE 0x1FF80000u
#define OPTION_SIZE 32u
#define RAM_BASE 0x20000000u

#define USB_BASE 0x40005C00u
#define USB_PMA_BASE 0x40006000u
#endif
