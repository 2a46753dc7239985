/* The memories that DFU may reach, and programming through the FLASH registers: words and half pages, pages of 128 bytes, data EEPROM. Erased cells are 0. */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/memory.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status eeprom_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for RAM; the others: the reported alternate settings. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, ROM_SIZE, MEMORY_PLAIN, 0 },
  { EEPROM_BASE, EEPROM_SIZE, MEMORY_PLAIN, eeprom_write },
  { OPTION_BASE, OPTION_SIZE, MEMORY_PLAIN, options_write },
};
const uint32_t memory_area_count = sizeof memory_areas / sizeof *memory_areas;

bool chip_read_protected(void)
{
  return (FLASH_OPTR & OPTR_RDP) != OPTR_RDP_LEVEL_0;
}

/* RM0376 33.1, RM0038 31.2: the third word does not lie behind the second. */
void chip_unique_id(uint32_t words[3])
{
  words[0] = REG(UID_BASE);
  words[1] = REG(UID_BASE + 4u);
  words[2] = REG(UID_BASE + 0x14u);
}

static bool idle(void)
{
  return memory_flash_idle(&FLASH_SR, SR_BSY);
}

static bool flash_open(void)
{
  memory_flash_was_opened = true;
  RCC_AHBENR |= AHB_MIF;
  if (!idle())
    return false;
  FLASH_SR = SR_ERRORS | SR_EOP;
  if (FLASH_PECR & PECR_PELOCK) {
    FLASH_PEKEYR = 0x89ABCDEFu;
    FLASH_PEKEYR = 0x02030405u;
  }
  if (FLASH_PECR & PECR_PRGLOCK) {
    FLASH_PRGKEYR = 0x8C9DAEBFu;
    FLASH_PRGKEYR = 0x13141516u;
  }
  return !(FLASH_PECR & (PECR_PELOCK | PECR_PRGLOCK));
}

void flash_unlock(void)
{
  flash_open();
}

/* AN2662: a write-protected page is no error for the host, nothing happens. */
static enum dfu_status flash_close(bool finished, enum dfu_status failure)
{
  uint32_t errors = FLASH_SR & SR_FAILURES;
  FLASH_SR = SR_ERRORS | SR_EOP;
  FLASH_PECR &= ~(PECR_PROG | PECR_ERASE | PECR_FPRG);
  FLASH_PECR |= PECR_PELOCK;
  return finished && !errors ? DFU_OK : failure;
}

static bool erase_pages(uint32_t from, uint32_t end)
{
  bool good = true;
  FLASH_PECR |= PECR_ERASE | PECR_PROG;
  for (uint32_t at = from; at < end && good; at += FLASH_PAGE_SIZE) {
    REG(at) = 0;
    good = idle();
  }
  FLASH_PECR &= ~(PECR_ERASE | PECR_PROG);
  return good;
}

enum dfu_status flash_erase_page(uint32_t address)
{
  uint32_t page = address & ~(FLASH_PAGE_SIZE - 1u);
  return flash_close(flash_open() && erase_pages(page, page + FLASH_PAGE_SIZE), errERASE);
}

/* The block has no mass erase but that of the read-out protection: page by page. */
enum dfu_status chip_mass_erase(void)
{
  return flash_close(flash_open() && erase_pages(FLASH_BASE, FLASH_BASE + flash_bytes()), errERASE);
}

static uint32_t word_at(uint32_t at, uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t value = 0;
  for (uint32_t i = 0; i < 4; i++)
    if (at + i - address < length)
      value |= (uint32_t)data[at + i - address] << 8 * i;
  return value;
}

/* Whole half pages at once, what is left word by word. */
static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  bool good = flash_open();
  uint32_t at = address & ~3u;
  while (good && at < address + length) {
    bool half = !(at % HALF_PAGE) && at >= address && at + HALF_PAGE <= address + length;
    uint32_t end = at + (half ? HALF_PAGE : 4u);
    if (half)
      FLASH_PECR |= PECR_FPRG | PECR_PROG;
    for (; at < end; at += 4)
      REG(at) = word_at(at, address, data, length);
    good = idle() && !(FLASH_SR & SR_ERRORS);
    FLASH_PECR &= ~(PECR_FPRG | PECR_PROG);
  }
  return flash_close(good || (FLASH_SR & SR_WRPERR), errWRITE);
}

static enum dfu_status eeprom_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  bool good = flash_open();
  for (uint32_t i = 0; i < length && good; i++) {
    REG8(address + i) = data[i];
    good = idle();
  }
  return flash_close(good, errWRITE);
}

static bool options_open(void)
{
  if (!flash_open())
    return false;
  FLASH_OPTKEYR = 0xFBEAD9C8u;
  FLASH_OPTKEYR = 0x24252627u;
  return !(FLASH_PECR & PECR_OPTLOCK);
}

/* Programmed, then reloaded, which is a reset (AN2662 figure 56). The data have the complements; what they leave out stays (ASSUMED). */
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  if (!options_open())
    return errWRITE;
  for (uint32_t at = OPTION_BASE; at < OPTION_BASE + OPTION_USED; at += 4u) {
    REG(at) = memory_option(at, 4, REG(at), address, data, length);
    if (!idle())
      return flash_close(false, errWRITE);
  }
  FLASH_PECR |= PECR_OBL_LAUNCH;
  system_reset();
}

/* The hardware erases everything when RDP goes from level 1 to 0 (AN2662). */
enum dfu_status chip_read_unprotect(void)
{
  if (!chip_read_protected()) {
    enum dfu_status status = chip_mass_erase();
    if (status != DFU_OK)
      return status;
  }
  if (!options_open())
    return errERASE;
  uint32_t low = (REG(OPTION_BASE) & 0xFF00u) | OPTR_RDP_LEVEL_0;
  REG(OPTION_BASE) = low | (~low << 16);
  idle();
  FLASH_PECR |= PECR_OBL_LAUNCH;
  system_reset();
}
