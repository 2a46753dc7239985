/* The memories that DFU may reach, and programming through the FLASH registers: 64-bit double words, 2 KB pages, two banks. */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"
#include "../common/art.h"
#include "../common/flash.h"

#define DOUBLE_WORD 8u
#if !defined OPTIONS_BANK_1
#define OPTIONS_BANK_1 0x1FFF7800u /* each word with its complement behind it */
#define OPTIONS_BANK_2 0x1FFFF800u
#endif
#if !defined OPTION_WORDS
#define OPTION_WORDS 5u
#endif
#if !defined OPTIONS_SIZE
#define OPTIONS_SIZE (OPTION_WORDS * DOUBLE_WORD)
#endif

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for RAM; the areas behind the alternate settings are ASSUMED, by the sibling ROMs. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { RAM_ROM_END, SRAM1_END - RAM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { SRAM2_BASE, SRAM2_END - SRAM2_BASE, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, 0x7000u, MEMORY_PLAIN, 0 },
  { OTP_BASE, OTP_SIZE, MEMORY_PLAIN, flash_write },
  { OPTIONS_BANK_1, OPTIONS_SIZE, MEMORY_PLAIN, options_write },
#if FLASH_BANKS == 2
  { OPTIONS_BANK_2, OPTIONS_SIZE, MEMORY_PLAIN, options_write },
#endif
#if HAS_FEATURE
  { FEATURE_BASE, FEATURE_SIZE, MEMORY_FEATURE, 0 },
#endif
};
const uint32_t memory_area_count = sizeof memory_areas / sizeof *memory_areas;

#if FLASH_BANKS == 2
/* The register counts physical banks; FB_MODE decides which one is at 0x08000000. */
static bool second_bank(uint32_t offset)
{
  RCC_APB2ENR |= APB2_SYSCFG;
  (void)RCC_APB2ENR;
  return (offset >= FLASH_BANK_SIZE) != ((SYSCFG_MEMRMP & MEMRMP_FB_MODE) != 0);
}
#else
#define second_bank(offset) false
#endif
#include "../common/memory_double_words.h"
