/* H745 and the single-core H74x (V9.2), on the Cortex-M7; with CHIP_H723 H72x and H73x (V9.3). */
#ifndef ROM_H7_ROM_H
#define ROM_H7_ROM_H

#define SPI_V3 1
#define CORE_V7M 1
#define CORE_V8M 0
#define HAS_REMAP 0
#define HAS_WORD_AREAS 0
#define HAS_FEATURE 0
#define USB_ON_HSI_FIRST 0
#define IWDG_BASE 0x58004800u /* IWDG1 */
#define IWDG_PR_MAX 6u /* /256 */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE_AT 0x1FF1E880u
#if defined CHIP_H723
#define IRQ_COUNT 163u
#define FLASH_SIZE (1024u * 1024u)
#define FLASH_BANKS 1u
#define AXI_END 0x24050000u
#define AXI_ROM_END 0x24004000u
#define USB_BASE 0x40040000u /* USB1_OTG_HS, with its full-speed transceiver */
#else
#define IRQ_COUNT 150u
#define FLASH_SIZE (2u * 1024u * 1024u)
#define FLASH_BANKS 2u
#define AXI_END 0x24080000u
#define AXI_ROM_END 0x24005000u
#define USB_BASE 0x40080000u /* USB2_OTG_FS */
#endif
#define FLASH_SECTOR_SIZE (128u * 1024u)
#define FLASH_BANK_SIZE (flash_bytes() > FLASH_SECTOR_SIZE ? flash_bytes() / FLASH_BANKS : FLASH_SECTOR_SIZE)
#define DTCM_BASE 0x20000000u
#define DTCM_END 0x20020000u
#define DTCM_ROM_END 0x20004100u /* AN2606 Table 226 */
#define AXI_BASE 0x24000000u

#define USB_GCCFG (1u << 16) /* PWRDWN = transceiver on; VBDEN clear: VBUS is not sensed */
#define USB_VBUS_SENSE_OFF_IN_GCCFG 0
#define USB_TRDT 6
#endif
