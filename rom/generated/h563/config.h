/* stm32h563 V14.5. Written by tools/rom-config.ts from src/rom; change it there. */
#ifndef ROM_CONFIG_H
#define ROM_CONFIG_H
#define CHIP_H563 1
#define ROM_BASE 0x0BF97000u
#define ROM_SIZE 35840u
#define ROM_V14_3 0u
#define ROM_V14_4 1u
#define ROM_V14_5 2u
#define HAS_USB 1
#define USB_IRQ 74u
#define DFU_BCD_USB 0x00000200u
#define DFU_BCD_DEVICE 0x00000300u
#define DFU_CONFIGURATION_STRING 2
#define DFU_FIRST_ALT_STRING 6
#define DFU_PRODUCT "DFU in FS Mode"
#define DFU_TRANSFER_SIZE 1024
#define DFU_CLEAR_STATUS_STALLS 1
#define DFU_ALTS "@Internal Flash   /0x08000000/256*08Kg", "@Option Bytes   /0x40022050/01*64 e", "@OTP Memory   /0x08FFF000/01*2048 e"
#define DFU_SET_ADDRESS_MS 1
#define DFU_ERASE_PAGE_MS 10
#define DFU_MASS_ERASE_MS 700
#define DFU_WRITE_MS 8
#define ROM_ID 0x000000E5u
#define HAS_SERIAL 1
#define ROM_PID 0x00000484u
#define ROM_SERIAL { 0x40013800u, { 0x44020CA4u, 0x00004000u }, 0x42020000u, 9, 7, 7 }, { 0x40004400u, { 0x44020C9Cu, 0x00020000u }, 0x42020000u, 2, 7, 7 }, { 0x40004800u, { 0x44020C9Cu, 0x00040000u }, 0x42020C00u, 8, 7, 7 }
#define OPTION_DEFAULTS 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 0u, 0u, 1u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 0u, 0u, 4294967295u, 0u, 0u, 4294967295u, 4294967295u, 4294967295u, 4294967295u, 0u, 4294967295u, 4294967295u, 4294967295u, 2u
#endif
