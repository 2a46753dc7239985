/*
 * The memories that DFU may reach, and programming through the FLASH registers: sectors of one, four and eight times the smallest, written byte by byte, because the
 * ROM assumes a supply of 1.62 to 2.1 V (AN2606). LEFT OUT: changing that range through 0xFFFF0000.
 */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"
#include "../common/art.h"
#include "../common/flash.h"

/* AN2606 Table 226 for RAM; OTP and option bytes: the reported alternate settings. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, MEMORY_RAM },
  { ROM_BASE, ROM_SIZE, MEMORY_READ_ONLY },
  { OTP_BASE, OTP_SIZE, MEMORY_READ_ONLY },
  { OPTION_BASE, 16u, MEMORY_READ_ONLY },
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

/* Bank 2 counts from 16 on. */
static uint32_t sector_of(uint32_t offset)
{
#if FLASH_BANKS == 2
  if (offset >= FLASH_SIZE / 2u)
    return 16u + sector_of(offset - FLASH_SIZE / 2u);
#endif
  if (offset < 4u * SMALLEST_SECTOR)
    return offset / SMALLEST_SECTOR;
  return offset < 8u * SMALLEST_SECTOR ? 4u : 4u + offset / (8u * SMALLEST_SECTOR);
}

enum dfu_status flash_erase_page(uint32_t address)
{
  return flash_erase(CR_SER | CR_SNB(sector_of(address - FLASH_BASE)));
}

enum dfu_status chip_mass_erase(void)
{
  return flash_erase(FLASH_BANKS == 2 ? CR_MER | CR_MER1 : CR_MER);
}

enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  bool good = flash_open();
  if (!good)
    return errWRITE;
  FLASH_CR = CR_PG; /* PSIZE = 0: bytes */
  for (uint32_t i = 0; i < length && good; i++) {
    REG8(address + i) = data[i];
    good = memory_flash_idle(&FLASH_SR, SR_BSY) && !(FLASH_SR & SR_ERRORS);
  }
  return flash_close(good || (FLASH_SR & SR_WRPERR), errWRITE);
}

/* RDP back to level 0: the hardware erases everything if it was level 1; then the ROM resets (AN2662). */
enum dfu_status chip_read_unprotect(void)
{
  if (!chip_read_protected()) {
    enum dfu_status status = chip_mass_erase();
    if (status != DFU_OK)
      return status;
  }
  FLASH_OPTKEYR = 0x08192A3Bu;
  FLASH_OPTKEYR = 0x4C5D6E7Fu;
  if (FLASH_OPTCR & OPTCR_OPTLOCK)
    return errERASE;
  FLASH_OPTCR = (FLASH_OPTCR & ~OPTCR_RDP) | OPTCR_RDP_LEVEL_0;
  FLASH_OPTCR |= OPTCR_OPTSTRT;
  if (!memory_flash_idle(&FLASH_SR, SR_BSY))
    return errERASE;
  system_reset();
}
