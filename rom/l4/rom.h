/*
 * L4, L4+, G4 and WB: one source. CHIP_L476 and CHIP_L496 choose what these two have of their own; for the other chips the profile gives (config.h): SRAM1_END,
 * SRAM2_BASE, SRAM2_END, RAM_ROM_END, FLASH_BANKS, FLASH_PAGE_SIZE, HAS_MSI, USB_FSDEV, BOOT0_PORT, BOOT0_PIN, CRS_BASE, ROM_PLL, ROM_LATENCY, and the interfaces' tables.
 */
#ifndef ROM_L4_ROM_H
#define ROM_L4_ROM_H

#define CAN_DIVIDER 1u /* APB1 */
#define CORE_V7M 1
#define CORE_V8M 0
#define HAS_REMAP 1
#define HAS_WORD_AREAS 0
#if !defined HAS_FEATURE
#define HAS_FEATURE 1
#endif
#define USB_ON_HSI_FIRST 0
#define IWDG_BASE 0x40003000u
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE_AT 0x1FFF75E0u
#define OTP_BASE 0x1FFF7000u
#define OTP_SIZE 1024u
#define UID_BASE 0x1FFF7590u
#define DBGMCU_IDCODE REG(0xE0042000u)
#define SRAM1_BASE 0x20000000u

#if defined CHIP_L476 || defined CHIP_L496
#define FLASH_SIZE (1024u * 1024u)
#define FLASH_BANKS 2
#define FLASH_PAGE_SIZE 2048u
#define SRAM2_BASE 0x10000000u
#define HAS_MSI 1
#define HAS_TABLES 0
#define USB_FSDEV 0
#define CRS_BASE 0x40006000u
#define BOOT0_PORT 7 /* PH3 */
#define BOOT0_PIN 3
#else
#define HAS_HSI48 1
#define HAS_TABLES 1
#define I2C_V1 0
#define USB_TRDT 6 /* AHB at 60 or 72 MHz */
#endif
#define FLASH_BANK_SIZE (flash_bytes() / FLASH_BANKS)
#if !defined CHIP_WB
#define CHIP_WB 0
#endif
#if CHIP_WB
#define RCC_REGISTERS 0x58000000u
#define PWR_REGISTERS 0x58000400u
#define FLASH_REGISTERS 0x58004000u
#else
#define RCC_REGISTERS 0x40021000u
#define PWR_REGISTERS 0x40007000u
#define FLASH_REGISTERS 0x40022000u
#endif

#if USB_FSDEV
#if !defined USB_BASE
#define USB_BASE 0x40005C00u
#define USB_PMA_BASE 0x40006000u
#endif
#else
#define USB_BASE 0x50000000u
#define USB_GCCFG (1u << 16) /* PWRDWN = transceiver on; VBDEN clear: VBUS is not sensed */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 0
#endif

#if defined CHIP_L476
#define IRQ_COUNT 82u
#define SRAM1_END 0x20018000u
#define SRAM2_END 0x10008000u
#define RAM_ROM_END 0x20003000u /* AN2606: the ROM's own 12 KB */
#define USB_TRDT 9           /* AHB at 24 MHz */
#define HAS_HSI48 0
#define HAS_SPI 0
#elif defined CHIP_L496
#define IRQ_COUNT 91u
#define SRAM1_END 0x20050000u /* SRAM1, and SRAM2's second address behind it */
#define SRAM2_END 0x10010000u
#define RAM_ROM_END 0x20003100u /* AN2606 Table 226 */
#define USB_TRDT 6           /* AHB at 72 MHz */
#define HAS_HSI48 1
#define HAS_SPI 1
#endif
#endif
