/* The memories that DFU may reach, and programming through the FLASH registers: 64-bit double words, 2 KB pages. */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"
#include "../common/art.h"
#include "../common/flash.h"

#define DOUBLE_WORD 8u
#define OPTIONS_BANK_1 0x1FFF7800u /* each word with its complement behind it */
#define OPTION_WORDS 5u
#define OPTIONS_SIZE 128u

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for RAM; the areas behind the alternate settings are ASSUMED, by the sibling ROMs. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, ROM_SIZE, MEMORY_PLAIN, 0 },
  { OTP_BASE, OTP_SIZE, MEMORY_PLAIN, flash_write },
  { OPTIONS_BANK_1, OPTIONS_SIZE, MEMORY_PLAIN, options_write },
};
const uint32_t memory_area_count = sizeof memory_areas / sizeof *memory_areas;

#define second_bank(offset) ((offset) >= FLASH_BANK_SIZE)
#include "../common/memory_double_words.h"
