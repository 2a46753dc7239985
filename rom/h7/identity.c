/*
 * What this ROM says of itself: ST's second generation of DFU descriptors ("DFU in FS Mode"); strings, bcdDevice and wTransferSize are reported
 * for H743, which has the same die. The poll timeouts are free values: in the log of an H743 the erase is done inside the request.
 */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/identity.h"

#define TRANSFER_SIZE 1024u
static const char *const ALT_NAMES[] = {
  "@Internal Flash   /0x08000000/16*128Kg",
  "@Option Bytes   /0x5200201C/01*128 e",
};

const struct usb_identity usb_identity = { DFU_IN_FS_MODE(0x0200) };

const struct dfu_profile dfu_profile = {
  .default_pointer = FLASH_BASE,
  .transfer_size = TRANSFER_SIZE,
  .clear_status_stalls = false, /* reported: dfuERROR with errUNKNOWN */
  .set_address_ms = 1,
  .erase_page_ms = 1000,
  .mass_erase_ms = 10000,
  .write_ms = 5,
};

/* AN2606: the bootloader ID. */
__attribute__((section(".id"), used)) static const uint8_t id = ROM_ID;
