/* The chip's part of the ROM's course: boot decision, ways out. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

bool chip_stack_valid(uint32_t sp)
{
  return in(sp, RAM_BASE + 1, RAM_END + 1);
}

bool chip_code_valid(uint32_t pc)
{
  return in(pc, FLASH_BASE, FLASH_BASE + FLASH_SIZE) || in(pc, RAM_BASE, RAM_END);
}

bool rom_is_at_zero(void)
{
  return false;
}

void map_rom_at_zero(void)
{
}

void boot_decision(void)
{
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS)
    boot_from(FLASH_BASE);
}

void inherited_caches(void)
{
}

/* The pins need no alternate function: the USB takes them when its transceiver is on. */
void usb_block_on(void)
{
  RCC_AHBENR |= AHB_OTGFS;
  (void)RCC_AHBENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_AHBRSTR, AHB_OTGFS);
  RCC_AHBENR &= ~AHB_OTGFS;
}

void resources_leave(void)
{
}
