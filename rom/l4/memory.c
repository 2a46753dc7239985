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

bool chip_read_protected(void)
{
  return (FLASH_OPTR & OPTR_RDP) != OPTR_RDP_LEVEL_0;
}

void chip_unique_id(uint32_t words[3])
{
  for (uint32_t i = 0; i < 3; i++)
    words[i] = REG(UID_BASE + 4u * i);
}

enum dfu_status flash_erase_page(uint32_t address)
{
  uint32_t offset = address - FLASH_BASE;
  uint32_t page = offset % FLASH_BANK_SIZE / FLASH_PAGE_SIZE;
#if FLASH_BANKS == 2
  /* The register counts physical banks; FB_MODE decides which one is at 0x08000000. */
  RCC_APB2ENR |= APB2_SYSCFG;
  (void)RCC_APB2ENR;
  bool second = (offset >= FLASH_BANK_SIZE) != ((SYSCFG_MEMRMP & MEMRMP_FB_MODE) != 0);
  return flash_erase(CR_PER | CR_PNB(page) | (second ? CR_BKER : 0));
#else
  return flash_erase(CR_PER | CR_PNB(page));
#endif
}

enum dfu_status chip_mass_erase(void)
{
  return flash_erase(CR_MER1 | (FLASH_BANKS == 2 ? CR_MER2 : 0));
}

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  bool good = flash_open();
  if (!good)
    return errWRITE;
  FLASH_CR = CR_PG;
  for (uint32_t at = address & ~(DOUBLE_WORD - 1u); at < address + length && good; at += DOUBLE_WORD) {
    uint32_t unit[DOUBLE_WORD / 4];
    memory_unit((uint8_t *)unit, at, DOUBLE_WORD, address, data, length);
    REG(at) = unit[0];
    REG(at + 4u) = unit[1];
    good = memory_flash_idle(&FLASH_SR, SR_BSY) && !(FLASH_SR & SR_ERRORS);
  }
  return flash_close(good || (FLASH_SR & SR_WRPERR), errWRITE);
}

static bool options_open(void)
{
  if (!flash_open())
    return false;
  FLASH_OPTKEYR = 0x08192A3Bu;
  FLASH_OPTKEYR = 0x4C5D6E7Fu;
  return !(FLASH_CR & CR_OPTLOCK);
}

/* Programs what the option registers hold. The reload is a reset. */
static void options_launch(void)
{
  FLASH_CR = CR_OPTSTRT;
  if (!memory_flash_idle(&FLASH_SR, SR_BSY) || (FLASH_SR & SR_FAILURES))
    return;
  FLASH_CR = CR_OBL_LAUNCH;
  system_reset();
}

/* AN2662 figure 56: programmed, then reset. The complements are the hardware's; what the data leave out stays (ASSUMED). */
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t base = address < OPTIONS_BANK_2 ? OPTIONS_BANK_1 : OPTIONS_BANK_2;
  if (!options_open())
    return errWRITE;
  for (uint32_t i = base == OPTIONS_BANK_1 ? 0 : 1; i < OPTION_WORDS; i++) {
    volatile uint32_t *option = (base == OPTIONS_BANK_1 ? &FLASH_OPTR : &FLASH_PCROP2SR - 1) + i;
    *option = memory_option(base + DOUBLE_WORD * i, 4, *option, address, data, length);
  }
  options_launch();
  return flash_close(false, errWRITE);
}

/* RDP back to level 0: the hardware erases everything if it was level 1 (AN2662). */
enum dfu_status chip_read_unprotect(void)
{
  if (!chip_read_protected()) {
    enum dfu_status status = chip_mass_erase();
    if (status != DFU_OK)
      return status;
  }
  if (!options_open())
    return errERASE;
  FLASH_OPTR = (FLASH_OPTR & ~OPTR_RDP) | OPTR_RDP_LEVEL_0;
  options_launch();
  return errERASE;
}
