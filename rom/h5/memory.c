/* The memories that DFU may reach, and programming through the FLASH registers: 128-bit quad-words, 8 KB sectors, two banks. */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"

static void flash_changed(void)
{
}
#include "../common/flash.h"

#define OPTION_AREA_BASE 0x40022050u /* the option registers stand for the option bytes */
#define OPTION_AREA_SIZE 64u
#define QUAD_WORD 16u
#define PRODUCT_STATE_OPEN 0xEDu
#define PRODUCT_STATE_PROVISIONING 0x17u

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status otp_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for what is valid of RAM and system memory; option bytes and OTP: ASSUMED, by the sibling ROMs. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, 0x9000u, MEMORY_PLAIN, 0 }, /* AN2606 Table 226: to the end of the system flash */
  { OTP_BASE, OTP_SIZE, MEMORY_WORDS, otp_write },
  { OPTION_AREA_BASE, OPTION_AREA_SIZE, MEMORY_WORDS, options_write },
};
const uint32_t memory_area_count = sizeof memory_areas / sizeof *memory_areas;

/* H5 has no read-out protection level; a product state past Provisioning closes the debug and programming doors (inferred). */
bool chip_read_protected(void)
{
  uint32_t state = OPTSR_PRODUCT_STATE(FLASH_OPTSR_CUR);
  return state != PRODUCT_STATE_OPEN && state != PRODUCT_STATE_PROVISIONING;
}

void chip_unique_id(uint32_t words[3])
{
  bool was = words_begin();
  for (uint32_t i = 0; i < 3; i++)
    words[i] = REG(UID_BASE + 4u * i);
  words_end(was);
}

enum dfu_status flash_erase_page(uint32_t address)
{
  uint32_t offset = address - FLASH_BASE;
  uint32_t sector = offset % FLASH_BANK_SIZE / FLASH_SECTOR_SIZE;
  /* The register counts physical banks; SWAP_BANK decides which one is at 0x08000000. */
  bool second = (offset >= FLASH_BANK_SIZE) != ((FLASH_OPTSR_CUR & OPTSR_SWAP_BANK) != 0);
  return flash_erase(CR_SER | CR_SNB(sector) | (second ? CR_BKSEL : 0));
}

enum dfu_status chip_mass_erase(void)
{
  return flash_erase(CR_MER);
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

/* OTP takes half-words (RM0481 7.3.10). A locked block is like a write-protected sector: nothing happens (ASSUMED). */
static enum dfu_status otp_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  bool good = flash_open();
  if (!good)
    return errWRITE;
  FLASH_CR = CR_PG;
  for (uint32_t at = address & ~1u; at < address + length && good; at += 2) {
    uint8_t unit[2];
    memory_unit(unit, at, 2, address, data, length);
    REG16(at) = (uint16_t)(unit[0] | unit[1] << 8);
    good = memory_flash_idle(&FLASH_SR, SR_BSY) && !(FLASH_SR & SR_ERRORS);
  }
  return flash_close(good || (FLASH_SR & SR_WRPERR), errWRITE);
}

/* AN2662 figure 56: programmed, then reset. The words at the places of *_PRG registers are the new values, those of *_CUR are left out (ASSUMED). */
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  static const uint8_t PRG[] = { 0x54, 0x74, 0x84, 0x8C }; /* H503 has nothing at the last one */
  if (!flash_open())
    return errWRITE;
  FLASH_OPTKEYR = 0x08192A3Bu;
  FLASH_OPTKEYR = 0x4C5D6E7Fu;
  for (uint32_t i = 0; i < sizeof PRG; i++) {
    uint32_t at = FLASH_REGISTERS + PRG[i];
    REG(at) = memory_option(at, 4, REG(at), address, data, length);
  }
  FLASH_OPTCR = OPTCR_OPTSTRT;
  if (memory_flash_idle(&FLASH_SR, SR_BSY) && !(FLASH_SR & SR_FAILURES))
    system_reset();
  FLASH_OPTCR = OPTCR_OPTLOCK;
  return flash_close(false, errWRITE);
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
