/* H523/H533 (V14.2) and, with CHIP_H563, H562/H563/H573 (V14.5): Cortex-M33, TrustZone off. */
#ifndef ROM_H5_ROM_H
#define ROM_H5_ROM_H

#define CORE_V7M 1
#define CORE_V8M 1
#define HAS_REMAP 0
#define HAS_WORD_AREAS 1
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 8u /* /1024 */
#define FLASH_BASE 0x08000000u
#if defined CHIP_H563
#define IRQ_COUNT 131u
#define FLASH_SIZE (2048u * 1024u)
#define RAM_END 0x200A0000u
#define OWN_ADDRESS 0x65u /* I2C, seven bits: 0b1100101 */
#else
#define IRQ_COUNT 133u
#define FLASH_SIZE (512u * 1024u)  /* H523xE/H533xE */
#define RAM_END 0x20044000u
#define OWN_ADDRESS 0x6Eu /* 0b1101110 */
#endif
#define FLASH_BANK_SIZE (FLASH_SIZE / 2u)
#define FLASH_SECTOR_SIZE 8192u
#define OTP_BASE 0x08FFF000u
#define OTP_SIZE 2048u
#define UID_BASE 0x08FFF800u
#define RAM_BASE 0x20000000u
#define RAM_ROM_END 0x20004000u    /* AN2606: the ROM's own 16 KB */

#define USB_BASE 0x40016000u
#define USB_PMA_BASE 0x40016400u
void clocks_leave(void);
#endif
