/*
 * Memory of the families whose flash is programmed by half-words (F0, F1, F3). What includes it says UNIQUE_ID_WORD(i), UNPROTECTED_BYTE and, where the
 * hardware can reload the option bytes, CR_OBL_LAUNCH.
 */
#include "dfu.h"
#include "rom_core.h"
#include "usb_device.h"

static void flash_changed(void)
{
}
#include "flash.h"

#define OPTION_BYTES 8u /* each with its complement behind it */

static enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length);

/* AN2606 Table 226 for RAM; option bytes: the reported alternate setting. */
const struct memory_area memory_areas[] = {
  { FLASH_BASE, FLASH_SIZE, MEMORY_FLASH, flash_write },
  { RAM_ROM_END, RAM_END - RAM_ROM_END, MEMORY_PLAIN, memory_write_ram },
  { ROM_BASE, ROM_SIZE, MEMORY_PLAIN, 0 },
  { OPTION_BASE, 2u * OPTION_BYTES, MEMORY_PLAIN, options_write },
};
const uint32_t memory_area_count = sizeof memory_areas / sizeof *memory_areas;

bool chip_read_protected(void)
{
  return (FLASH_OBR & OBR_RDPRT) != 0;
}

void chip_unique_id(uint32_t words[3])
{
  for (uint32_t i = 0; i < 3; i++)
    words[i] = UNIQUE_ID_WORD(i);
}

enum dfu_status flash_erase_page(uint32_t address)
{
  if (!flash_open())
    return errERASE;
  FLASH_CR = CR_PER;
  FLASH_AR = address;
  return flash_close(flash_run(CR_PER), errERASE);
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
  for (uint32_t at = address & ~1u; at < address + length && good; at += 2) {
    uint8_t unit[2];
    memory_unit(unit, at, 2, address, data, length);
    REG16(at) = (uint16_t)(unit[0] | unit[1] << 8);
    good = memory_flash_idle(&FLASH_SR, SR_BSY) && !(FLASH_SR & (SR_PGERR | SR_WRPRTERR));
  }
  return flash_close(good || (FLASH_SR & SR_WRPRTERR), errWRITE);
}

/* Erases the option bytes and programs the first `count` of them; the hardware makes the complements. The reload is a reset. */
static void options_program(const uint8_t *bytes, uint32_t count)
{
  if (!flash_open())
    return;
  FLASH_OPTKEYR = 0x45670123u;
  FLASH_OPTKEYR = 0xCDEF89ABu;
  if (!flash_run(CR_OPTWRE | CR_OPTER))
    return;
  FLASH_CR = CR_OPTWRE | CR_OPTPG;
  for (uint32_t i = 0; i < count; i++) {
    REG16(OPTION_BASE + 2u * i) = (uint16_t)(bytes[i] | (~bytes[i] & 0xFFu) << 8);
    if (!memory_flash_idle(&FLASH_SR, SR_BSY))
      return;
  }
#if defined CR_OBL_LAUNCH
  FLASH_CR = CR_OPTWRE | CR_OBL_LAUNCH;
#endif
  system_reset();
}

/* AN2662 figure 56: programmed, then reset. What the data leave out stays (ASSUMED). */
static enum dfu_status options_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  uint8_t bytes[OPTION_BYTES];
  for (uint32_t i = 0; i < OPTION_BYTES; i++)
    bytes[i] = (uint8_t)memory_option(OPTION_BASE + 2u * i, 1, REG16(OPTION_BASE + 2u * i), address, data, length);
  options_program(bytes, OPTION_BYTES);
  return flash_close(false, errWRITE);
}

/* The hardware erases everything when the protection goes (AN2662). */
enum dfu_status chip_read_unprotect(void)
{
  static const uint8_t UNPROTECTED[] = { UNPROTECTED_BYTE };
  if (!chip_read_protected()) {
    enum dfu_status status = chip_mass_erase();
    if (status != DFU_OK)
      return status;
  }
  options_program(UNPROTECTED, sizeof UNPROTECTED);
  return errERASE;
}
