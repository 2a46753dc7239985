/* U575/U585 (V9.3): Cortex-M33, TrustZone off. What comes from the profile stands in config.h. */
#ifndef ROM_U5_ROM_H
#define ROM_U5_ROM_H

#define CORE_V7M 1
#define CORE_V8M 1
#define HAS_REMAP 0
#define HAS_WORD_AREAS 1
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 8u /* /1024 */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE_AT 0x0BFA07A0u
#define FLASH_BANK_SIZE (flash_bytes() / 2u)
#define FLASH_PAGE_SIZE 8192u
#define SPI_V3 1
#define I2C_V1 0
#define OTP_BASE 0x0BFA0000u
#define OTP_SIZE 512u
#define UID_BASE 0x0BFA0700u
#define RAM_BASE 0x20000000u
#define RAM_ROM_END 0x20004000u /* AN2606: the ROM's own 16 KB */
#define RAM_END 0x200C0000u

#define USB_BASE 0x42040000u
#define USB_GCCFG (1u << 16) /* PWRDWN = transceiver on; VBDEN clear: VBUS is not sensed */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 0
#define USB_TRDT 6 /* AHB at 60 MHz */
#endif
