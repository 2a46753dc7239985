/* ST's generations of DFU descriptors, for the initialiser of a family's `usb_identity`; ALT_NAMES and TRANSFER_SIZE are the family's. */
#ifndef ROM_IDENTITY_H
#define ROM_IDENTITY_H
#include "usb_device.h"

#define IDENTITY(bcdUSB, bcdDevice, configuration, first_alt, name) \
  .bcd_usb = (bcdUSB), .bcd_device = (bcdDevice), .configuration_string = (configuration), .first_alt_string = (first_alt), \
  .alt_count = sizeof ALT_NAMES / sizeof *ALT_NAMES, .answers_functional = true, .transfer_size = TRANSFER_SIZE, \
  .manufacturer = "STMicroelectronics", .product = (name), .alt_names = ALT_NAMES

#define FIRST_GENERATION IDENTITY(0x0100, 0x2200, 0, 4, "STM32  BOOTLOADER")
/* The second and the third, told apart by bcdDevice. */
#define DFU_IN_FS_MODE(bcdDevice) IDENTITY(0x0200, (bcdDevice), 2, 6, "DFU in FS Mode")
#endif
