/*
 * What this ROM says of itself: ST's third generation of DFU descriptors ("USB DFU V3.0"). bcdDevice, product and version are reported for
 * H563 and ASSUMED for H533; the alternate settings are ASSUMED by the pattern of the sibling ROMs. The poll timeouts are free values: no
 * capture of an H5 was found.
 */
#include "../common/dfu.h"
#include "../common/options.h"
#include "../common/identity.h"
#include "rom.h"

#define TRANSFER_SIZE 1024u
static const char *const ALT_NAMES[] = {
  "@Internal Flash   /0x08000000/64*08Kg",
  "@Option Bytes   /0x40022050/01*64 e",
  "@OTP Memory   /0x08FFF000/01*2048 e",
};

const struct usb_identity usb_identity = { DFU_IN_FS_MODE(0x0300) };

const struct dfu_profile dfu_profile = {
  .default_pointer = FLASH_BASE,
  .transfer_size = TRANSFER_SIZE,
  .clear_status_stalls = true, /* reported for C5, which shares V3.0 */
  .set_address_ms = 1,
  .erase_page_ms = 10,
  .mass_erase_ms = 700,
  .write_ms = 8,
};
