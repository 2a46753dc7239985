/* The memories that DFU may reach, and programming through the FLASH registers: 256-bit words, 128 KB sectors, one bank or two. */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/memory.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"

#define FLASH_WORD 32u
#define BANKS (flash_bytes() > FLASH_SECTOR_SIZE ? FLASH_BANKS : 1u)

#define OPTION_AREA_BASE 0x5200201Cu /* the option registers stand for the option bytes */
#define OPTION_AREA_SIZE 128u

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for RAM; SRAM1 to SRAM3 and ITCM cannot be reached (Table 136). Option bytes: reported for H743. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { DTCM_ROM_END, DTCM_END - DTCM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { AXI_ROM_END, AXI_END - AXI_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, ROM_SIZE, MEMORY_PLAIN, 0 },
  { OPTION_AREA_BASE, OPTION_AREA_SIZE, MEMORY_PLAIN, options_write },
};
const uint32_t memory_area_count = sizeof memory_areas / sizeof *memory_areas;

bool chip_read_protected(void)
{
  return (FLASH_OPTSR_CUR & OPTSR_RDP) != OPTSR_RDP_LEVEL_0;
}

/* Reported for H743 and H750: the serial number is made of the ID code of the die, 200364500000 on all of revision V. ASSUMED for H745. */
void chip_unique_id(uint32_t words[3])
{
  words[0] = DBGMCU_IDC;
  words[1] = 0;
  words[2] = 0;
}

/* The registers count physical banks; SWAP_BANK decides which one is at 0x08000000. */
static uint32_t bank_at(uint32_t offset)
{
  bool second = offset >= FLASH_BANK_SIZE;
  return second != ((FLASH_OPTSR_CUR & OPTSR_SWAP_BANK) != 0);
}

static bool idle(uint32_t bank)
{
  return memory_flash_idle(&FLASH_SR(bank), SR_BUSY);
}

static bool flash_open(uint32_t bank)
{
  memory_flash_was_opened = true;
  if (!idle(bank))
    return false;
  FLASH_CCR(bank) = SR_FLAGS;
  if (FLASH_CR(bank) & CR_LOCK) {
    FLASH_KEYR(bank) = 0x45670123u;
    FLASH_KEYR(bank) = 0xCDEF89ABu;
  }
  return !(FLASH_CR(bank) & CR_LOCK);
}

void flash_unlock(void)
{
  for (uint32_t bank = 0; bank < BANKS; bank++)
    flash_open(bank);
}

/* AN2662: a write-protected sector is no error for the host, nothing happens. */
static enum dfu_status flash_close(uint32_t bank, bool finished, enum dfu_status failure)
{
  uint32_t errors = FLASH_SR(bank) & SR_ERRORS & ~SR_WRPERR;
  FLASH_CCR(bank) = SR_FLAGS;
  FLASH_CR(bank) = CR_LOCK;
  return finished && !errors ? DFU_OK : failure;
}

static enum dfu_status flash_erase(uint32_t bank, uint32_t command)
{
  if (!flash_open(bank))
    return errERASE;
  FLASH_CR(bank) = command | CR_PSIZE_64;
  FLASH_CR(bank) = command | CR_PSIZE_64 | CR_START;
  return flash_close(bank, idle(bank), errERASE);
}

enum dfu_status flash_erase_page(uint32_t address)
{
  uint32_t offset = address - FLASH_BASE;
  return flash_erase(bank_at(offset), CR_SER | CR_SNB(offset % FLASH_BANK_SIZE / FLASH_SECTOR_SIZE));
}

enum dfu_status chip_mass_erase(void)
{
  enum dfu_status status = DFU_OK;
  for (uint32_t bank = 0; bank < BANKS && status == DFU_OK; bank++)
    status = flash_erase(bank, CR_BER);
  return status;
}

static enum dfu_status write_in_bank(uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t bank = bank_at(address - FLASH_BASE);
  bool good = flash_open(bank);
  if (!good)
    return errWRITE;
  FLASH_CR(bank) = CR_PG | CR_PSIZE_64;
  for (uint32_t at = address & ~(FLASH_WORD - 1u); at < address + length && good; at += FLASH_WORD) {
    uint32_t unit[FLASH_WORD / 4];
    memory_unit((uint8_t *)unit, at, FLASH_WORD, address, data, length);
    BARRIER();
    for (uint32_t i = 0; i < FLASH_WORD / 4; i++)
      REG(at + 4u * i) = unit[i];
    BARRIER();
    good = idle(bank) && !(FLASH_SR(bank) & SR_ERRORS);
  }
  return flash_close(bank, good || (FLASH_SR(bank) & SR_WRPERR), errWRITE);
}

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t border = FLASH_BASE + FLASH_BANK_SIZE;
  if (address >= border || address + length <= border)
    return write_in_bank(address, data, length);
  uint32_t first = border - address;
  enum dfu_status status = write_in_bank(address, data, first);
  return status == DFU_OK ? write_in_bank(border, data + first, length - first) : status;
}

static bool options_open(void)
{
  FLASH_OPTKEYR = 0x08192A3Bu;
  FLASH_OPTKEYR = 0x4C5D6E7Fu;
  return !(FLASH_OPTCR & OPTCR_OPTLOCK);
}

/* Programs what the *_PRG registers hold. H7 does not reset by itself (AN2662: the ROM does). */
static void options_start(void)
{
  FLASH_OPTCR |= OPTCR_OPTSTART;
  if (memory_flash_idle(&FLASH_OPTSR_CUR, OPTSR_OPT_BUSY) && !(FLASH_OPTSR_CUR & OPTSR_OPTCHANGEERR))
    system_reset();
}

/* AN2662 figure 56. The words at the places of *_PRG registers are the new values, those of *_CUR are left out (ASSUMED). */
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  static const uint8_t PRG[] = { 0x20, 0x2C, 0x34, 0x3C, 0x44, 0x4C };
  if (!options_open())
    return errWRITE;
  for (uint32_t i = 0; i < sizeof PRG; i++) {
    uint32_t at = FLASH_REGISTERS + PRG[i];
    REG(at) = memory_option(at, 4, REG(at), address, data, length);
  }
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
  FLASH_OPTSR_PRG = (FLASH_OPTSR_PRG & ~OPTSR_RDP) | OPTSR_RDP_LEVEL_0;
  options_start();
  return errERASE;
}
