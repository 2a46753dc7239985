/* G0B1, G0B0 (USB), G07x, G03x, G05x and C0: Cortex-M0+ with VTOR. What they differ in comes from the profile (config.h): FLASH_BANKS, RAM_END, RAM_ROM_END, HAS_HSI48, ROM_PLL, ROM_LATENCY, C0, KEEPS_EMPTY. */
#ifndef ROM_G0_ROM_H
#define ROM_G0_ROM_H

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
#define FLASH_PAGE_SIZE 2048u
#define FLASH_BANK_SIZE (flash_bytes() / FLASH_BANKS)
#define OTP_BASE 0x1FFF7000u
#define OTP_SIZE 1024u
#if defined C0
#define UID_BASE 0x1FFF7550u
#define FLASH_SIZE_AT 0x1FFF75A0u
#else
#define UID_BASE 0x1FFF7590u
#define FLASH_SIZE_AT 0x1FFF75E0u
#endif
#define RAM_BASE 0x20000000u
#define DBGMCU_IDCODE REG(0x40015800u)

#define USB_BASE 0x40005C00u
#define USB_PMA_BASE 0x40009800u
#endif
