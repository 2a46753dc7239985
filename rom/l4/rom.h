/* L476 (V10.3) and L496 (V9.3): one source, CHIP_L476 or CHIP_L496 chooses. */
#ifndef ROM_L4_ROM_H
#define ROM_L4_ROM_H

#define CORE_V7M 1
#define CORE_V8M 0
#define HAS_REMAP 1
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 1
#define USB_ON_HSI_FIRST 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE (1024u * 1024u)
#define FLASH_BANK_SIZE (FLASH_SIZE / 2u)
#define FLASH_PAGE_SIZE 2048u
#define OTP_BASE 0x1FFF7000u
#define OTP_SIZE 1024u
#define UID_BASE 0x1FFF7590u
#define DBGMCU_IDCODE REG(0xE0042000u)
#define SRAM1_BASE 0x20000000u
#define SRAM2_BASE 0x10000000u

#define USB_BASE 0x50000000u
#define USB_GCCFG (1u << 16) /* PWRDWN = transceiver on; VBDEN clear: VBUS is not sensed */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 0

#if defined CHIP_L476
#define IRQ_COUNT 82u
#define SRAM1_END 0x20018000u
#define SRAM2_END 0x10008000u
#define RAM_ROM_END 0x20003000u /* AN2606: the ROM's own 12 KB */
#define USB_TRDT 9           /* AHB at 24 MHz */
#define HAS_HSI48 0
#define HAS_SPI 0
#define OWN_ADDRESS 0x43u    /* I2C, seven bits: 0b1000011 */
#elif defined CHIP_L496
#define IRQ_COUNT 91u
#define SRAM1_END 0x20050000u /* SRAM1, and SRAM2's second address behind it */
#define SRAM2_END 0x10010000u
#define RAM_ROM_END 0x20003100u /* AN2606 Table 226 */
#define USB_TRDT 6           /* AHB at 72 MHz */
#define HAS_HSI48 1
#define HAS_SPI 1
#define OWN_ADDRESS 0x4Cu    /* 0b1001100 */
#else
#error which chip?
#endif
#endif
