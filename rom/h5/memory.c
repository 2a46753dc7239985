/* The memories that DFU may reach, and programming through the FLASH registers: 128-bit quad-words, 8 KB sectors, two banks. */
#include "../common/dfu.h"
#include "../common/usb_device.h"
#include "regs.h"
#include "rom.h"

#define OPTION_AREA_BASE 0x40022050u /* the option registers stand for the option bytes */
#define OPTION_AREA_SIZE 64u
#define QUAD_WORD 16u
#define PRODUCT_STATE_OPEN 0xEDu
#define PRODUCT_STATE_PROVISIONING 0x17u

enum access { BYTES, WORDS_UNCACHED };
struct area {
  uint32_t base;
  uint32_t size;
  enum access access;
};

/* AN2606 Table 226 for what is valid of RAM and system memory; option bytes and OTP: ASSUMED, by the sibling ROMs. */
static const struct area AREAS[] = {
  { FLASH_BASE, FLASH_SIZE, BYTES },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, BYTES },
  { ROM_BASE, 0x9000u, BYTES },
  { OTP_BASE, OTP_SIZE, WORDS_UNCACHED },
  { OPTION_AREA_BASE, OPTION_AREA_SIZE, WORDS_UNCACHED },
};

static const struct area *area_of(uint32_t address)
{
  for (uint32_t i = 0; i < sizeof AREAS / sizeof *AREAS; i++)
    if (address - AREAS[i].base < AREAS[i].size)
      return &AREAS[i];
  return 0;
}

static bool in_flash(uint32_t address)
{
  return address - FLASH_BASE < FLASH_SIZE;
}

/* H5 has no read-out protection level; a product state past Provisioning closes the debug and programming doors (inferred). */
bool chip_read_protected(void)
{
  uint32_t state = OPTSR_PRODUCT_STATE(FLASH_OPTSR_CUR);
  return state != PRODUCT_STATE_OPEN && state != PRODUCT_STATE_PROVISIONING;
}

bool chip_address_known(uint32_t address)
{
  return area_of(address) != 0;
}

/* The area holds aligned words only, and a cached read of it is a bus error. */
static void read_words(uint32_t address, uint8_t *to, uint32_t length)
{
  bool cached = icache_off();
  for (uint32_t i = 0; i < length; i++)
    to[i] = (uint8_t)(REG((address + i) & ~3u) >> 8 * ((address + i) & 3u));
  icache_restore(cached);
}

uint32_t chip_read(uint32_t address, uint8_t *to, uint32_t length)
{
  const struct area *area = area_of(address);
  if (!area)
    return 0;
  uint32_t left = area->size - (address - area->base);
  if (length > left)
    length = left;
  if (area->access == WORDS_UNCACHED)
    read_words(address, to, length);
  else
    for (uint32_t i = 0; i < length; i++)
      to[i] = *(const volatile uint8_t *)(address + i);
  return length;
}

void chip_unique_id(uint32_t words[3])
{
  bool cached = icache_off();
  for (uint32_t i = 0; i < 3; i++)
    words[i] = REG(UID_BASE + 4u * i);
  icache_restore(cached);
}

static bool flash_idle(void)
{
  /* A mass erase takes longer than any other wait; the watchdog is fed meanwhile. ASSUMED: ST's limit is not known. */
  for (uint32_t rounds = 0; rounds < 4000u; rounds++) {
    iwdg_refresh();
    for (uint32_t i = 0; i < 10000u; i++)
      if (!(FLASH_NSSR & (NSSR_BSY | NSSR_DBNE)))
        return true;
  }
  return false;
}

static bool flash_open(void)
{
  if (!flash_idle())
    return false;
  FLASH_NSCCR = NSSR_ERRORS;
  if (FLASH_NSCR & NSCR_LOCK) {
    FLASH_NSKEYR = 0x45670123u;
    FLASH_NSKEYR = 0xCDEF89ABu;
  }
  return !(FLASH_NSCR & NSCR_LOCK);
}

/* AN2662: a write-protected sector is no error for the host, nothing happens. */
static enum dfu_status flash_close(bool finished, enum dfu_status failure)
{
  uint32_t errors = FLASH_NSSR & NSSR_ERRORS & ~NSSR_WRPERR;
  FLASH_NSCCR = NSSR_ERRORS;
  FLASH_NSCR = NSCR_LOCK;
  return finished && !errors ? DFU_OK : failure;
}

static enum dfu_status flash_erase(uint32_t command)
{
  if (!flash_open())
    return errERASE;
  FLASH_NSCR = command;
  FLASH_NSCR = command | NSCR_STRT;
  return flash_close(flash_idle(), errERASE);
}

enum dfu_status chip_erase_page(uint32_t address)
{
  if (!in_flash(address))
    return errTARGET;
  uint32_t offset = address - FLASH_BASE;
  uint32_t sector = offset % FLASH_BANK_SIZE / FLASH_SECTOR_SIZE;
  /* The register counts physical banks; SWAP_BANK decides which one is at 0x08000000. */
  bool second = (offset >= FLASH_BANK_SIZE) != ((FLASH_OPTSR_CUR & OPTSR_SWAP_BANK) != 0);
  return flash_erase(NSCR_SER | NSCR_SNB(sector) | (second ? NSCR_BKSEL : 0));
}

enum dfu_status chip_mass_erase(void)
{
  return flash_erase(NSCR_MER);
}

static bool program_quad_word(uint32_t address, const uint8_t bytes[QUAD_WORD])
{
  for (uint32_t i = 0; i < QUAD_WORD; i += 4)
    REG(address + i) = bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24;
  return flash_idle() && !(FLASH_NSSR & NSSR_ERRORS);
}

static enum dfu_status write_flash(uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t at = address & ~(QUAD_WORD - 1u);
  bool good = true;
  if (!flash_open())
    return errWRITE;
  FLASH_NSCR = NSCR_PG;
  for (; at < address + length && good; at += QUAD_WORD) {
    uint8_t quad[QUAD_WORD];
    for (uint32_t i = 0; i < QUAD_WORD; i++)
      quad[i] = at + i >= address && at + i < address + length ? data[at + i - address] : 0xFF; /* odd ends */
    good = program_quad_word(at, quad);
  }
  return flash_close(good || (FLASH_NSSR & NSSR_WRPERR), errWRITE);
}

enum dfu_status chip_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  const struct area *area = area_of(address);
  if (!area || length > area->size - (address - area->base))
    return errTARGET;
  if (area->base == FLASH_BASE)
    return write_flash(address, data, length);
  if (area->base != RAM_ROM_END)
    return errTARGET; /* LEFT OUT: writing OTP and option bytes */
  for (uint32_t i = 0; i < length; i++)
    *(volatile uint8_t *)(address + i) = data[i];
  return DFU_OK;
}

/*
 * AN2662: erase all, remove the protection, reset. H5 has no RDP to remove: an open device is erased and reset; a closed one needs a
 * regression by debug authentication, which USB cannot ask for.
 */
enum dfu_status chip_read_unprotect(void)
{
  if (chip_read_protected())
    return errVENDOR;
  enum dfu_status status = chip_mass_erase();
  if (status != DFU_OK)
    return status;
  system_reset();
}
