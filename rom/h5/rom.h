/* H503 (V14.2), H523/H533 (V14.2), H562/H563/H573 (V14.5): Cortex-M33, TrustZone off. What they differ in comes from the profile (config.h). */
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
#define FLASH_SIZE_AT 0x08FFF80Cu
#define SPI_V3 1
#define I2C_V1 0
#define FLASH_BANK_SIZE (flash_bytes() / 2u)
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
