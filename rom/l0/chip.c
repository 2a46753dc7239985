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

#if defined L1
#define BANK_BOOT_ASKED (!(FLASH_OPTR & OPTR_BFB2))
/* Nothing changes places: the second bank's program is linked for where it lies. */
static void run_bank(bool second)
{
  syscfg_on();
  SYSCFG_MEMORY = (SYSCFG_MEMORY & ~MEM_MODE) | MEM_MODE_FLASH;
  BARRIER();
  boot_from(second ? FLASH_BASE + flash_bytes() / 2 : FLASH_BASE);
}
#else
#define BANK_BOOT_ASKED (FLASH_OPTR & OPTR_BFB2)
static void run_bank(bool second)
{
  syscfg_on();
  SYSCFG_CFGR1 = (SYSCFG_CFGR1 & ~(MEM_MODE | CFGR1_UFB)) | (second ? CFGR1_UFB : 0) | MEM_MODE_FLASH;
  BARRIER();
  boot_from(FLASH_BASE);
}
#endif

#if TWO_BANKS
/* AN2606 Table 159: V4.2 of L1xxxD takes a stack at the very end of the RAM for none. */
static bool bank_valid(uint32_t base)
{
#if defined ROM_V4_2
  if (rom_version() == ROM_V4_2 && REG(base) == RAM_END)
    return false;
#endif
  return chip_stack_valid(REG(base));
}

/*
 * AN2606 figure 83, whose arrows are lost; reported for V4.1 of L0: a jump always ends in the second bank, or else in the first one, whose first word is a stack pointer, whatever BFB2
 * says (`bank-check`). A boot with BOOT0 high stays: the ROM is taken to look at BOOT_MODE, the selection of the pins (inferred).
 */
static void bank_check(void)
{
  syscfg_on();
  if ((SYSCFG_MEMORY & MEMORY_BOOT_MODE) == BOOT_MODE_SYSTEM)
    return;
  bool first = bank_valid(FLASH_BASE);
  bool second = bank_valid(FLASH_BASE + flash_bytes() / 2);
  if (!first && !second)
    return;
  uint32_t choice = rom_option(OPTION_BANK_CHECK);
  if (choice == BANK_CHECK_ALWAYS || (choice == BANK_CHECK_BFB2 && BANK_BOOT_ASKED))
    run_bank(second);
}
#else
static void bank_check(void)
{
}
#endif

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

#if HAS_USB
/* The pins need no alternate function: the USB takes them when its transceiver is on. */
void usb_block_on(void)
{
  RCC_APB1ENR |= APB1_USB;
  (void)RCC_APB1ENR;
#if defined L1
  syscfg_on();
  SYSCFG_PMC |= PMC_USB_PU;
#endif
}

void usb_block_off(void)
{
#if defined L1
  SYSCFG_PMC &= ~PMC_USB_PU;
#endif
  reset_pulse(&RCC_APB1RSTR, APB1_USB);
  RCC_APB1ENR &= ~APB1_USB;
}
#endif

/* AN2606 4.1: what the ROM used is not put back. */
void resources_leave(void)
{
}
