/* The memories that DFU may reach, and programming through the FLASH registers: 64-bit double words, 2 KB pages, two banks. */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/rom_core.h"
#include "../common/usb_device.h"
#include "regs.h"
#include "../common/art.h"
#include "../common/flash.h"

#define DOUBLE_WORD 8u

/* AN2606 Table 226 for RAM; the areas behind the alternate settings are ASSUMED, by the sibling ROMs. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH },
  { RAM_ROM_END, SRAM1_END - RAM_ROM_END, MEMORY_RAM },
  { SRAM2_BASE, SRAM2_END - SRAM2_BASE, MEMORY_RAM },
  { ROM_BASE, 0x7000u, MEMORY_READ_ONLY },
  { OTP_BASE, OTP_SIZE, MEMORY_READ_ONLY },
  { 0x1FFF7800u, 40u, MEMORY_READ_ONLY }, /* option bytes of bank 1 and bank 2 */
  { 0x1FFFF800u, 40u, MEMORY_READ_ONLY },
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
  /* The register counts physical banks; FB_MODE decides which one is at 0x08000000. */
  RCC_APB2ENR |= APB2_SYSCFG;
  (void)RCC_APB2ENR;
  bool second = (offset >= FLASH_BANK_SIZE) != ((SYSCFG_MEMRMP & MEMRMP_FB_MODE) != 0);
  return flash_erase(CR_PER | CR_PNB(page) | (second ? CR_BKER : 0));
}

enum dfu_status chip_mass_erase(void)
{
  return flash_erase(CR_MER1 | CR_MER2);
}

enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length)
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

/* RDP back to level 0: the hardware erases everything if it was level 1, and the reload of the option bytes is a reset (AN2662). */
enum dfu_status chip_read_unprotect(void)
{
  if (!chip_read_protected()) {
    enum dfu_status status = chip_mass_erase();
    if (status != DFU_OK)
      return status;
  }
  if (!flash_open())
    return errERASE;
  FLASH_OPTKEYR = 0x08192A3Bu;
  FLASH_OPTKEYR = 0x4C5D6E7Fu;
  FLASH_OPTR = (FLASH_OPTR & ~OPTR_RDP) | OPTR_RDP_LEVEL_0;
  FLASH_CR = CR_OPTSTRT;
  if (!memory_flash_idle(&FLASH_SR, SR_BSY))
    return errERASE;
  FLASH_CR = CR_OBL_LAUNCH;
  system_reset();
}
