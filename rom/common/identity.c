/* What this ROM's DFU device says of itself: the profile's data (config.h). */
#include "dfu.h"
#include "usb_device.h"

static const char *const ALT_NAMES[] = { DFU_ALTS };

const struct usb_identity usb_identity = {
  .bcd_usb = DFU_BCD_USB,
  .bcd_device = DFU_BCD_DEVICE,
  .configuration_string = DFU_CONFIGURATION_STRING,
  .first_alt_string = DFU_FIRST_ALT_STRING,
  .alt_count = sizeof ALT_NAMES / sizeof *ALT_NAMES,
  .answers_functional = true,
  .transfer_size = DFU_TRANSFER_SIZE,
  .manufacturer = "STMicroelectronics",
  .product = DFU_PRODUCT,
  .alt_names = ALT_NAMES,
};

const struct dfu_profile dfu_profile = {
  .default_pointer = 0x08000000u,
  .transfer_size = DFU_TRANSFER_SIZE,
  .clear_status_stalls = DFU_CLEAR_STATUS_STALLS,
  .set_address_ms = DFU_SET_ADDRESS_MS,
  .erase_page_ms = DFU_ERASE_PAGE_MS,
  .mass_erase_ms = DFU_MASS_ERASE_MS,
  .write_ms = DFU_WRITE_MS,
};
