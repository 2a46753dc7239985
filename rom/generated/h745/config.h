/* stm32h745 V9.2. Written by tools/rom-config.ts from src/rom; change it there. */
#ifndef ROM_CONFIG_H
#define ROM_CONFIG_H
#define CHIP_H745 1
#define ROM_BASE 0x1FF09800u
#define ROM_SIZE 86016u
#define ROM_V13_2 0u
#define ROM_V13_3 1u
#define ROM_V9_0 2u
#define ROM_V9_1 3u
#define ROM_V9_2 4u
#define HAS_USB 1
#define USB_IRQ 101u
#define DFU_BCD_USB 0x00000200u
#define DFU_BCD_DEVICE 0x00000200u
#define DFU_CONFIGURATION_STRING 2
#define DFU_FIRST_ALT_STRING 6
#define DFU_PRODUCT "DFU in FS Mode"
#define DFU_TRANSFER_SIZE 1024
#define DFU_CLEAR_STATUS_STALLS 0
#define DFU_ALTS "@Internal Flash   /0x08000000/16*128Kg", "@Option Bytes   /0x5200201C/01*128 e"
#define DFU_SET_ADDRESS_MS 1
#define DFU_ERASE_PAGE_MS 1000
#define DFU_MASS_ERASE_MS 10000
#define DFU_WRITE_MS 5
#define ROM_ID 0x00000092u
#define HAS_SERIAL 1
#define ROM_PID 0x00000450u
#define ROM_SERIAL { 0x40011000u, { 0x580244F0u, 0x00000010u }, 0x58020000u, 9, 7, 7 }, { 0x40011000u, { 0x580244F0u, 0x00000010u }, 0x58020400u, 14, 4, 4 }, { 0x40004400u, { 0x580244E8u, 0x00020000u }, 0x58020000u, 2, 7, 7 }, { 0x40004800u, { 0x580244E8u, 0x00040000u }, 0x58020400u, 10, 7, 7 }
#define SERIAL_COUNT 4
#define OWN_ADDRESS 0x0000004Eu
#define SERVES_I2C 1
#define SERVES_SPI 1
#define SERVES_CAN 0
#define OPTION_DEFAULTS 0u, 0u, 0u, 0u, 0u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 0u, 0u, 1u, 0u, 0u, 4294967295u, 0u, 4294967295u, 0u, 1u, 0u, 4294967295u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 4294967295u, 4294967295u, 4294967295u, 4294967295u, 4u
#endif
