/* The memories that DFU may reach, and programming through the FLASH registers: 128-bit quad-words, 8 KB pages, two banks. */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"

static void flash_changed(void)
{
}
#include "../common/flash.h"

#define OPTION_AREA_BASE 0x40022040u /* the option registers stand for the option bytes */
#define OPTION_AREA_SIZE 64u
#define OPTION_WORDS 12u /* behind them: the OEM keys, which are written only */
#define QUAD_WORD 16u

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for what is valid of RAM and system memory; option bytes and OTP as the layout strings say (reported). */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, 0x10000u, MEMORY_PLAIN, 0 },
  { OTP_BASE, OTP_SIZE, MEMORY_PLAIN, flash_write },
  { OPTION_AREA_BASE, OPTION_AREA_SIZE, MEMORY_WORDS, options_write },
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
  /* The register counts physical banks; SWAP_BANK decides which one is at 0x08000000. */
  bool second = (offset >= FLASH_BANK_SIZE) != ((FLASH_OPTR & OPTR_SWAP_BANK) != 0);
  return flash_erase(CR_PER | CR_PNB(page) | (second ? CR_BKER : 0));
}

enum dfu_status chip_mass_erase(void)
{
  return flash_erase(CR_MER1 | CR_MER2);
}

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  bool good = flash_open();
  if (!good)
    return errWRITE;
  FLASH_CR = CR_PG;
  for (uint32_t at = address & ~(QUAD_WORD - 1u); at < address + length && good; at += QUAD_WORD) {
    uint32_t unit[QUAD_WORD / 4];
    memory_unit((uint8_t *)unit, at, QUAD_WORD, address, data, length);
    for (uint32_t i = 0; i < QUAD_WORD / 4; i++)
      REG(at + 4u * i) = unit[i];
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

/* AN2662 figure 56: programmed, then reset. What the data leave out stays (ASSUMED). */
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  if (!options_open())
    return errWRITE;
  for (uint32_t i = 0; i < OPTION_WORDS; i++) {
    uint32_t at = OPTION_AREA_BASE + 4u * i;
    REG(at) = memory_option(at, 4, REG(at), address, data, length);
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
