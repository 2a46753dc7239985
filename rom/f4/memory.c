/*
 * The memories that DFU may reach, and programming through the FLASH registers: sectors of one, four and eight times the smallest, written byte by byte, because the
 * ROM assumes a supply of 1.62 to 2.1 V until the host says otherwise at 0xFFFF0000 (AN2606).
 */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"
#include "../common/art.h"
#include "../common/flash.h"

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status feature_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for RAM; OTP and option bytes: the reported alternate settings. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, ROM_SIZE, MEMORY_PLAIN, 0 },
  { OTP_BASE, OTP_SIZE, MEMORY_PLAIN, flash_write },
  { OPTION_BASE, OPTION_SIZE, MEMORY_PLAIN, options_write },
#if FLASH_BANKS == 2
  { OPTION_BANK_2, OPTION_SIZE, MEMORY_PLAIN, options_write },
#endif
  { FEATURE_BASE, FEATURE_SIZE, MEMORY_FEATURE, feature_write },
};
const uint32_t memory_area_count = sizeof memory_areas / sizeof *memory_areas;

bool chip_read_protected(void)
{
  return (FLASH_OPTCR & OPTCR_RDP) != OPTCR_RDP_LEVEL_0;
}

void chip_unique_id(uint32_t words[3])
{
  for (uint32_t i = 0; i < 3; i++)
    words[i] = REG(UID_BASE + 4u * i);
}

#if FLASH_BANKS == 2
/* RM0090 3.4: parts of 1 MB have two while DB1M is set. */
bool flash_has_two_banks(void)
{
  return flash_bytes() > 1024u * 1024u || (FLASH_OPTCR & OPTCR_DB1M);
}
#endif

/* Bank 2 counts from 16 on. */
static uint32_t sector_of(uint32_t offset)
{
#if FLASH_BANKS == 2
  if (flash_has_two_banks() && offset >= flash_bytes() / 2u)
    return 16u + sector_of(offset - flash_bytes() / 2u);
#endif
  if (offset < 4u * SMALLEST_SECTOR)
    return offset / SMALLEST_SECTOR;
  return offset < 8u * SMALLEST_SECTOR ? 4u : 4u + offset / (8u * SMALLEST_SECTOR);
}

/* Sectors as hosts number them: bank 2 goes on with 12. */
uint32_t chip_sector_address(uint32_t sector)
{
#if FLASH_BANKS == 2
  if (sector >= 12u)
    return chip_sector_address(sector - 12u) + flash_bytes() / 2u;
#endif
  if (sector < 4u)
    return FLASH_BASE + sector * SMALLEST_SECTOR;
  return FLASH_BASE + (sector == 4u ? 4u : 8u * (sector - 4u)) * SMALLEST_SECTOR;
}

/* log2 of the bytes that are programmed at once. */
static uint32_t psize;

enum dfu_status flash_erase_page(uint32_t address)
{
  return flash_erase(CR_SER | CR_PSIZE(psize) | CR_SNB(sector_of(address - FLASH_BASE)));
}

enum dfu_status chip_mass_erase(void)
{
#if FLASH_BANKS == 2
  if (flash_has_two_banks())
    return flash_erase(CR_MER | CR_MER1 | CR_PSIZE(psize));
#endif
  return flash_erase(CR_MER | CR_PSIZE(psize));
}

static void program_unit(uint32_t at, const uint8_t *unit)
{
  const uint32_t word = *(const uint32_t *)unit;
  if (psize == 2)
    REG(at) = word;
  else if (psize == 1)
    REG16(at) = (uint16_t)word;
  else
    REG8(at) = (uint8_t)word;
}

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t size = 1u << psize;
  bool good = flash_open();
  if (!good)
    return errWRITE;
  FLASH_CR = CR_PG | CR_PSIZE(psize);
  for (uint32_t at = address & ~(size - 1u); at < address + length && good; at += size) {
    uint32_t unit;
    memory_unit((uint8_t *)&unit, at, size, address, data, length);
    program_unit(at, (const uint8_t *)&unit);
    good = memory_flash_idle(&FLASH_SR, SR_BSY) && !(FLASH_SR & SR_ERRORS);
  }
  return flash_close(good || (FLASH_SR & SR_WRPERR), errWRITE);
}

/*
 * The supply's range, in the order of the reference manual's table (AN2606: "voltage range"; the codes: ASSUMED in this order): 1.8 to 2.1 V, to 2.4 V, to 2.7 V, to 3.6 V. LEFT OUT: the fifth,
 * double words with VPP.
 */
static enum dfu_status feature_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  static const uint8_t PSIZE_OF_RANGE[] = { 0, 1, 1, 2 };
  if (address != FEATURE_BASE || length == 0 || data[0] >= sizeof PSIZE_OF_RANGE)
    return errTARGET;
  psize = PSIZE_OF_RANGE[data[0]];
  return DFU_OK;
}

static bool options_open(void)
{
  FLASH_OPTKEYR = 0x08192A3Bu;
  FLASH_OPTKEYR = 0x4C5D6E7Fu;
  return !(FLASH_OPTCR & OPTCR_OPTLOCK);
}

/* Programs what the option registers hold, then resets (AN2662). */
static void options_start(void)
{
  FLASH_OPTCR |= OPTCR_OPTSTRT;
  if (memory_flash_idle(&FLASH_SR, SR_BSY))
    system_reset();
}

/* AN2662 figure 56: programmed, then reset. Half-words, each eight bytes behind the last; what the data leave out stays (ASSUMED). */
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t optcr = FLASH_OPTCR;
  uint32_t low = memory_option(OPTION_BASE, 2, optcr & 0xFFFFu, address, data, length);
  uint32_t high = memory_option(OPTION_BASE + 8u, 2, optcr >> 16, address, data, length);
  if (!options_open())
    return errWRITE;
#if defined F7
  uint32_t optcr1 = FLASH_OPTCR1;
  FLASH_OPTCR1 = memory_option(OPTION_BASE + 16u, 2, optcr1 & 0xFFFFu, address, data, length) |
                 memory_option(OPTION_BASE + 24u, 2, optcr1 >> 16, address, data, length) << 16;
#elif FLASH_BANKS == 2
  FLASH_OPTCR1 = memory_option(OPTION_BANK_2 + 8u, 2, FLASH_OPTCR1 >> 16, address, data, length) << 16;
#endif
  FLASH_OPTCR = high << 16 | (low & ~(OPTCR_OPTLOCK | OPTCR_OPTSTRT));
  options_start();
  FLASH_OPTCR |= OPTCR_OPTLOCK;
  return errWRITE;
}

/* RDP back to level 0: the hardware erases everything if it was level 1. */
enum dfu_status chip_read_unprotect(void)
{
  if (!chip_read_protected()) {
    enum dfu_status status = chip_mass_erase();
    if (status != DFU_OK)
      return status;
  }
  if (!options_open())
    return errERASE;
  FLASH_OPTCR = (FLASH_OPTCR & ~OPTCR_RDP) | OPTCR_RDP_LEVEL_0;
  options_start();
  return errERASE;
}
