/* L07x and L08x with USB: Cortex-M0+ with VTOR. RAM_END and RAM_ROM_END come from the profile (config.h). */
#ifndef ROM_L0_ROM_H
#define ROM_L0_ROM_H

#define CORE_V7M 0
#define CORE_V8M 0
#define HAS_VTOR 1
#define HAS_REMAP 1
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define I2C_V1 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_PAGE_SIZE 128u
#define EEPROM_BASE 0x08080000u
#define EEPROM_SIZE (6u * 1024u)
#define OPTION_BASE 0x1FF80000u
#define OPTION_SIZE 32u
#define RAM_BASE 0x20000000u

#define USB_BASE 0x40005C00u
#define USB_PMA_BASE 0x40006000u
#endif
