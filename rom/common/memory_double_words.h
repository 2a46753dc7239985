/*
 * Memory of the families whose flash is programmed by double words (L4, G4, G0, C0, WB). What includes it gives FLASH_BANKS, OPTIONS_BANK_1 and, where the second bank has
 * option bytes of its own, OPTIONS_BANK_2, OPTION_WORDS, and second_bank().
 */
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
  return flash_erase(CR_PER | CR_PNB(page) | (FLASH_BANKS == 2 && second_bank(offset) ? CR_BKER : 0));
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
#if defined OPTIONS_BANK_2
  uint32_t base = address < OPTIONS_BANK_2 ? OPTIONS_BANK_1 : OPTIONS_BANK_2;
#else
  uint32_t base = OPTIONS_BANK_1;
#endif
  if (!options_open())
    return errWRITE;
  for (uint32_t i = base == OPTIONS_BANK_1 ? 0 : 1; i < OPTION_WORDS; i++) {
#if defined OPTIONS_BANK_2
    volatile uint32_t *option = (base == OPTIONS_BANK_1 ? &FLASH_OPTR : &FLASH_PCROP2SR - 1) + i;
#else
    volatile uint32_t *option = &FLASH_OPTR + i;
#endif
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
