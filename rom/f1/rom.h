/* F105 and F107, with OTG_FS. No memory can be mapped to 0 by software. */
#ifndef ROM_F1_ROM_H
#define ROM_F1_ROM_H

#define CORE_V7M 1
#define CORE_V8M 0
#define HAS_REMAP 0
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define GPIO_V1 1
#define I2C_V1 1 /* and the first USART */
#define SERIAL_VERSION 0x22u
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE_AT 0x1FFFF7E0u
#define RAM_BASE 0x20000000u
#define RAM_END 0x20010000u
#define OPTION_BASE 0x1FFFF800u
#define UID_BASE 0x1FFFF7E8u
#define FLASH_PAGE_SIZE 2048u
#define USB_CABLE_SENSED 1
/* PD5 and PD6 */
#define SERIAL_REMAP(base) \
  do { \
    if ((base) < 0x40010000u) { \
      REG(0x40021018u) |= BIT(0); /* AFIO */ \
      REG(0x40010004u) |= BIT(3); /* USART2_REMAP */ \
    } \
  } while (0)
#define RAM_ROM_END 0x20001000u /* AN2606: the ROM's own 4 KB */
#define USB_BASE 0x50000000u
#define USB_GCCFG (1u << 16 | 1u << 19) /* PWRDWN = transceiver on; VBUSBSEN: VBUS is sensed on PA9 */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 1
#define USB_TRDT 8 /* AHB at 48 MHz */
#endif
