/*
 * What this ROM says of itself: ST's first generation of DFU descriptors ("STM32  BOOTLOADER"). bcdDevice and the strings of alternate
 * settings 2 and 3 are reported for the siblings L433, L452 and L4R9; those of 0 and 1 follow their pattern (ASSUMED: no listing of an L476 or
 * L496 was found). The poll timeouts are free values; dfu-util reports that L4's are too short.
 */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/identity.h"

#define TRANSFER_SIZE 2048u
static const char *const ALT_NAMES[] = {
  "@Internal Flash  /0x08000000/0512*0002Kg",
  "@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e",
  "@OTP Memory /0x1FFF7000/01*0001Ke",
  "@Device Feature/0xFFFF0000/01*004 e", /* LEFT OUT: nothing is behind it */
};

const struct usb_identity usb_identity = { FIRST_GENERATION };

const struct dfu_profile dfu_profile = {
  .default_pointer = FLASH_BASE,
  .transfer_size = TRANSFER_SIZE,
  .clear_status_stalls = false,
  .set_address_ms = 1,
  .erase_page_ms = 25,
  .mass_erase_ms = 50,
  .write_ms = 25,
};

/* AN2606: the bootloader ID. */
__attribute__((section(".id"), used)) static const uint8_t id = ROM_ID;
