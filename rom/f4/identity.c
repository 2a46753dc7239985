/*
 * What this ROM says of itself: ST's first generation of DFU descriptors ("STM32  BOOTLOADER"); names and bcdDevice are reported for both
 * chips. Poll timeouts of set address, erase and mass erase: reported for F401 and F405; that of a write is a free value.
 */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/identity.h"

#define TRANSFER_SIZE 2048u
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

const struct usb_identity usb_identity = { FIRST_GENERATION };

const struct dfu_profile dfu_profile = {
  .default_pointer = FLASH_BASE,
  .transfer_size = TRANSFER_SIZE,
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
