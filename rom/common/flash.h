/*
 * Steps of the families whose FLASH has one interface, included by their memory.c alone. Their regs.h and memory.c give, besides the registers and
 * bits: FLASH_CLEAR(flags) where flags are not cleared in FLASH_SR itself; SR_FLAGS, what is cleared by writing one; SR_FAILURES, the errors that a host is told; flash_changed(), what follows a change of the flash.
 */
#ifndef ROM_FLASH_H
#define ROM_FLASH_H
#include "memory.h"

#if !defined FLASH_CLEAR
#define FLASH_CLEAR(flags) (FLASH_SR = (flags))
#endif

static bool flash_open(void)
{
  memory_flash_was_opened = true;
  if (!memory_flash_idle(&FLASH_SR, SR_BSY))
    return false;
  FLASH_CLEAR(SR_FLAGS);
  if (FLASH_CR & CR_LOCK) {
    FLASH_KEYR = 0x45670123u;
    FLASH_KEYR = 0xCDEF89ABu;
  }
  return !(FLASH_CR & CR_LOCK);
}

void flash_unlock(void)
{
  flash_open();
}

/* AN2662: a write-protected page or sector is no error for the host, nothing happens. */
static enum dfu_status flash_close(bool finished, enum dfu_status failure)
{
  uint32_t errors = FLASH_SR & SR_FAILURES;
  FLASH_CLEAR(SR_FLAGS);
  FLASH_CR = CR_LOCK;
  flash_changed();
  return finished && !errors ? DFU_OK : failure;
}

static bool flash_run(uint32_t command)
{
  FLASH_CR = command;
  FLASH_CR = command | CR_STRT;
  return memory_flash_idle(&FLASH_SR, SR_BSY);
}

static enum dfu_status flash_erase(uint32_t command)
{
  if (!flash_open())
    return errERASE;
  return flash_close(flash_run(command), errERASE);
}
#endif
