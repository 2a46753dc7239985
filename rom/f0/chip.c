/* The chip's part of the ROM's course: boot decision, mapping, USB block, ways out. */
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

#include "../common/syscfg.h"

void boot_decision(void)
{
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash, which is then mapped as a boot maps it. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS) {
    syscfg_on();
    SYSCFG_CFGR1 = (SYSCFG_CFGR1 & ~MEM_MODE) | MEM_MODE_FLASH;
    boot_from(FLASH_BASE);
  }
}

void inherited_caches(void)
{
}

void usb_block_on(void)
{
  /* The pins need no alternate function: the USB takes them when its transceiver is on (RM0091). */
  RCC_APB1ENR |= APB1_USB;
  (void)RCC_APB1ENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_APB1RSTR, APB1_USB);
  RCC_APB1ENR &= ~APB1_USB;
}

/* AN2606 4.1: what the ROM used is not put back. The mapping stays too (inferred: it explains applications whose USB is dead after leave). */
void resources_leave(void)
{
}
