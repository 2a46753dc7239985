/*
 * What this ROM says of itself: ST's first generation of DFU descriptors ("STM32  BOOTLOADER"); names and bcdDevice are reported for both
 * chips. Poll timeouts of set address, erase and mass erase: reported for F401 and F405; that of a write is a free value.
 */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/usb_device.h"

static const char *const ALT_NAMES[] = {
#if defined CHIP_F405
  "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
#else
  "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
#endif
  "@Option Bytes  /0x1FFFC000/01*016 e",
  "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
  "@Device Feature/0xFFFF0000/01*004 e", /* LEFT OUT: nothing is behind it */
};

const struct usb_identity usb_identity = {
  .bcd_usb = 0x0100,
  .bcd_device = 0x2200,
  .configuration_string = 0,
  .first_alt_string = 4,
  .alt_count = sizeof ALT_NAMES / sizeof *ALT_NAMES,
  .answers_functional = true,
  .transfer_size = 2048,
  .manufacturer = "STMicroelectronics",
  .product = "STM32  BOOTLOADER",
  .alt_names = ALT_NAMES,
};

const struct dfu_profile dfu_profile = {
  .default_pointer = FLASH_BASE,
  .transfer_size = 2048,
  .clear_status_stalls = false,
  .set_address_ms = 104,
  .erase_page_ms = 100,
  .mass_erase_ms = 100,
  .write_ms = 104,
};

/* AN2606: the bootloader ID, from 0x1FFF76DE on. */
#if defined CHIP_F405
__attribute__((section(".id"), used)) static const uint8_t id[] = { [0 ... 0xFF] = 0xFF, [0x100] = ROM_ID };
#else
__attribute__((section(".id"), used)) static const uint8_t id[] = { ROM_ID };
#endif
