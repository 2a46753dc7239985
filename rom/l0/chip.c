/* The chip's part of the ROM's course: boot decision, mapping, USB block, ways out. */
#include "rom.h"
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

static void run_bank(bool second)
{
  syscfg_on();
  SYSCFG_CFGR1 = (SYSCFG_CFGR1 & ~(MEM_MODE | CFGR1_UFB)) | (second ? CFGR1_UFB : 0) | MEM_MODE_FLASH;
  BARRIER();
  boot_from(FLASH_BASE);
}

/*
 * AN2606 figure 83, whose arrows are lost; reported for V4.1: a jump always ends in the second bank, or else in the first one, whose first word is a stack pointer, whatever BFB2
 * says (`bank-check`). A boot with BOOT0 high stays: the ROM is taken to look at BOOT_MODE, the selection of the pins (inferred).
 */
static void bank_check(void)
{
  syscfg_on();
  if ((SYSCFG_CFGR1 & CFGR1_BOOT_MODE) == BOOT_MODE_SYSTEM)
    return;
  bool first = chip_stack_valid(REG(FLASH_BASE));
  bool second = chip_stack_valid(REG(FLASH_BASE + FLASH_SIZE / 2));
  if (!first && !second)
    return;
  uint32_t choice = rom_option(OPTION_BANK_CHECK);
  if (choice == BANK_CHECK_ALWAYS || (choice == BANK_CHECK_BFB2 && (FLASH_OPTR & OPTR_BFB2)))
    run_bank(second);
}

void boot_decision(void)
{
  bank_check();
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS)
    run_bank(false);
}

void inherited_caches(void)
{
}

/* The pins need no alternate function: the USB takes them when its transceiver is on. */
void usb_block_on(void)
{
  RCC_APB1ENR |= APB1_USB;
  (void)RCC_APB1ENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_APB1RSTR, APB1_USB);
  RCC_APB1ENR &= ~APB1_USB;
}

/* AN2606 4.1: what the ROM used is not put back. */
void resources_leave(void)
{
}
