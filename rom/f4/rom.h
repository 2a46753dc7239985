/* F405 (V9.1) and F411 (V13.0): one source, CHIP_F405 or CHIP_F411 chooses. */
#ifndef ROM_F4_ROM_H
#define ROM_F4_ROM_H

#define CORE_V7M 1
#define CORE_V8M 0
#define HAS_REMAP 1
#define HAS_WORD_AREAS 0
#define USB_ON_HSI_FIRST 1
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define OTP_BASE 0x1FFF7800u
#define OTP_SIZE 528u
#define UID_BASE 0x1FFF7A10u
#define OPTION_BASE 0x1FFFC000u
#define RAM_BASE 0x20000000u
#define RAM_END 0x20020000u
#define RAM_ROM_END 0x20003000u /* AN2606: the ROM's own 12 KB */

#define USB_BASE 0x50000000u
#define USB_GCCFG (1u << 16 | 1u << 21) /* PWRDWN = transceiver on; NOVBUSSENS: VBUS is not sensed */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 1
#define USB_TRDT 6 /* AHB at 60 MHz */

#if defined CHIP_F405
#define IRQ_COUNT 82u
#define FLASH_SIZE (1024u * 1024u)
#define OWN_ADDRESS 0x3Au /* I2C, seven bits: 0b0111010 */
#elif defined CHIP_F411
#define IRQ_COUNT 86u
#define FLASH_SIZE (512u * 1024u)
#define OWN_ADDRESS 0x39u /* 0b0111001 */
#else
#error which chip?
#endif
#endif
