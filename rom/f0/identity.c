/*
 * What this ROM says of itself: ST's first generation of DFU descriptors ("STM32  BOOTLOADER"); names, bcdDevice and wTransferSize are
 * reported for F072. The poll timeouts are free values: no capture of an F072 was found.
 */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/identity.h"

#define TRANSFER_SIZE 2048u
static const char *const ALT_NAMES[] = {
  "@Internal Flash  /0x08000000/064*0002Kg",
  "@Option Bytes  /0x1FFFF800/01*016 e",
};

const struct usb_identity usb_identity = { FIRST_GENERATION };

const struct dfu_profile dfu_profile = {
  .default_pointer = FLASH_BASE,
  .transfer_size = TRANSFER_SIZE,
  .clear_status_stalls = false,
  .set_address_ms = 1,
  .erase_page_ms = 35,
  .mass_erase_ms = 35,
  .write_ms = 60,
};

/* AN2606: the bootloader ID. */
__attribute__((section(".id"), used)) static const uint8_t id = ROM_ID;
