/* F103 (USART1 alone) and, where the profile defines F105, F105 and F107 with OTG_FS. No memory can be mapped to 0 by software. */
#ifndef ROM_F1_ROM_H
#define ROM_F1_ROM_H

#define CORE_V7M 1
#define CORE_V8M 0
#define HAS_REMAP 0
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define RAM_BASE 0x20000000u
#define RAM_END 0x20010000u
#if defined F105
#define IRQ_COUNT 68u
#define FLASH_SIZE (256u * 1024u)
#define FLASH_PAGE_SIZE 2048u
#define RAM_ROM_END 0x20001000u /* AN2606: the ROM's own 4 KB */
#define OPTION_BASE 0x1FFFF800u
#define UID_BASE 0x1FFFF7E8u
#define USB_BASE 0x50000000u
#define USB_GCCFG (1u << 16 | 1u << 19) /* PWRDWN = transceiver on; VBUSBSEN: VBUS is sensed on PA9 */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 1
#define USB_TRDT 8 /* AHB at 48 MHz */
#else
#define IRQ_COUNT 43u
#define FLASH_SIZE (512u * 1024u)
#endif
#endif
