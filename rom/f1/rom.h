/* F103 (USART1 alone). No memory can be mapped to 0 by software. */
#ifndef ROM_F1_ROM_H
#define ROM_F1_ROM_H

#define CORE_V7M 1
#define CORE_V8M 0
#define HAS_REMAP 0
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define IRQ_COUNT 43u
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE (512u * 1024u)
#define RAM_BASE 0x20000000u
#define RAM_END 0x20010000u
#endif
