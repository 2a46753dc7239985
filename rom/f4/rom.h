/* F4, and F7 where the profile defines F7: one source; what the chips differ in comes from the profile (config.h). */
#ifndef ROM_F4_ROM_H
#define ROM_F4_ROM_H

#define HAS_SECTOR_TABLE 1
#define SERIAL_SHIFT(base) ((base) < 0x40010000u ? 1u : 0u) /* APB1 runs at half of HCLK */
#define CAN_DIVIDER 2u /* APB1 */
#define CORE_V7M 1
#define CORE_V8M 0
#if defined F7
#define HAS_REMAP 0
#define OPTION_BASE 0x1FFF0000u
#define OPTION_SIZE 48u /* as its layout string says; RM0385 has 32, what follows reads erased (inferred from clients that ask for all of it) */
#define RAM_ROM_END 0x20004000u /* AN2606: the ROM's own 16 KB of DTCM */
#else
#define HAS_REMAP 1
#define SMALLEST_SECTOR 0x4000u
#define OTP_BASE 0x1FFF7800u
#define OTP_SIZE 528u
#define UID_BASE 0x1FFF7A10u
#define FLASH_SIZE_AT 0x1FFF7A22u
#define OPTION_BASE 0x1FFFC000u
#define OPTION_SIZE 16u
#define OPTION_BANK_2 0x1FFEC000u
#ifndef RAM_ROM_END
#define RAM_ROM_END 0x20003000u /* AN2606: the ROM's own 12 KB; F2 has 8 */
#endif
#endif
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 1
#define USB_ON_HSI_FIRST 1
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_ON_ITCM 0x00200000u /* F7 */
#define RAM_BASE 0x20000000u

#define DBGMCU_IDCODE REG(0xE0042000u)

#define USB_BASE 0x50000000u
#if OLD_OTG
#define USB_GCCFG (1u << 16 | 1u << 21) /* PWRDWN = transceiver on; NOVBUSSENS: VBUS is not sensed */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 1
#else
#define USB_GCCFG (1u << 16) /* PWRDWN = transceiver on; VBDEN clear: VBUS is not sensed */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 0
#endif
#define USB_TRDT 6 /* AHB at 60 MHz */
#endif
