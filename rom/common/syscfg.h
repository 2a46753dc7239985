/*
 * What lies at address 0, where SYSCFG chooses; included by a family's chip.c alone. Its regs.h gives SYSCFG_MEMORY, the register with the field
 * MEM_MODE, whatever the manual calls it.
 */
#ifndef ROM_SYSCFG_H
#define ROM_SYSCFG_H
#include "rom_core.h"

static void syscfg_on(void)
{
  RCC_APB2ENR |= APB2_SYSCFG;
  (void)RCC_APB2ENR;
}

bool rom_is_at_zero(void)
{
  bool was_on = RCC_APB2ENR & APB2_SYSCFG;
  syscfg_on();
  bool mapped = (SYSCFG_MEMORY & MEM_MODE) == MEM_MODE_SYSTEM;
  if (!was_on)
    RCC_APB2ENR &= ~APB2_SYSCFG;
  return mapped;
}

void map_rom_at_zero(void)
{
  syscfg_on();
  SYSCFG_MEMORY = (SYSCFG_MEMORY & ~MEM_MODE) | MEM_MODE_SYSTEM;
}

void map_flash_at_zero(void)
{
  syscfg_on();
  SYSCFG_MEMORY = (SYSCFG_MEMORY & ~MEM_MODE) | MEM_MODE_FLASH;
}
#endif
