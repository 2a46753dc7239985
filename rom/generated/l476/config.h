/* stm32l476 V10.3. Written by tools/rom-config.ts from src/rom; change it there. */
#ifndef ROM_CONFIG_H
#define ROM_CONFIG_H
#define CHIP_L476 1
#define ROM_BASE 0x1FFF0000u
#define ROM_SIZE 28672u
#define ROM_V9_0 0u
#define ROM_V9_1 1u
#define ROM_V9_2 2u
#define ROM_V10_1 3u
#define ROM_V10_2 4u
#define ROM_V10_3 5u
#define HAS_USB 1
#define HSE_TIMEOUT_US 100000u
#define USB_IRQ 67u
#define DFU_BCD_USB 0x00000100u
#define DFU_BCD_DEVICE 0x00002200u
#define DFU_CONFIGURATION_STRING 0
#define DFU_FIRST_ALT_STRING 4
#define DFU_PRODUCT "STM32  BOOTLOADER"
#define DFU_TRANSFER_SIZE 2048
#define DFU_CLEAR_STATUS_STALLS 0
#define DFU_ALTS "@Internal Flash  /0x08000000/0512*0002Kg", "@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e", "@OTP Memory /0x1FFF7000/01*0001Ke", "@Device Feature/0xFFFF0000/01*004 e"
#define DFU_SET_ADDRESS_MS 1
#define DFU_ERASE_PAGE_MS 25
#define DFU_MASS_ERASE_MS 50
#define DFU_WRITE_MS 25
#define ROM_ID 0x000000A3u
#define HAS_SERIAL 1
#define ROM_PID 0x00000415u
#define ROM_SERIAL { 0x40013800u, { 0x40021060u, 0x00004000u }, 0x48000000u, 9, 7, 7 }, { 0x40004400u, { 0x40021058u, 0x00020000u }, 0x48000000u, 2, 7, 7 }, { 0x40004800u, { 0x40021058u, 0x00040000u }, 0x48000800u, 10, 7, 7 }
#define SERIAL_COUNT 3
#define OWN_ADDRESS 0x00000043u
#define SERVES_I2C 1
#define SERVES_SPI 0
#define SERVES_CAN 0
#define OPTION_DEFAULTS 0u, 0u, 0u, 0u, 0u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 0u, 1u, 1u, 0u, 0u, 4294967295u, 0u, 0u, 0u, 0u, 0u, 0u, 0u, 4294967295u, 4294967295u, 4294967295u, 4294967295u, 4294967295u, 4294967295u, 4294967295u, 5u
#endif
