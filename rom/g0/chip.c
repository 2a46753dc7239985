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

/* AN2606, known limitation of all but G03x, G05x, C011 and C031: at its start the ROM writes FLASH_ACR as a whole, and so clears EMPTY: the next reset starts an empty flash. */
static void empty_flag(void)
{
#if !defined KEEPS_EMPTY
#if defined ROM_V11_3 /* G07x: in this version alone (Table 108) */
  if (rom_version() != ROM_V11_3)
    return;
#endif
  FLASH_ACR &= ~ACR_EMPTY;
#endif
}

void boot_decision(void)
{
  empty_flag();
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS) {
    syscfg_on();
    SYSCFG_CFGR1 = (SYSCFG_CFGR1 & ~MEM_MODE) | MEM_MODE_FLASH;
    boot_from(FLASH_BASE);
  }
}

void inherited_caches(void)
{
  /* The instruction cache only matters once the flash has changed: flash_changed asks. */
}

#if HAS_USB
/* The pins need no alternate function: the USB takes them when its transceiver is on. */
void usb_block_on(void)
{
#if !defined C0
  RCC_APBENR1 |= APB1_PWR;
  (void)RCC_APBENR1;
  PWR_CR2 |= CR2_USV; /* as RM0444 asks; on this chip USB works without it, too */
#endif
  RCC_APBENR1 |= APB1_USB;
  (void)RCC_APBENR1;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_APBRSTR1, APB1_USB);
  RCC_APBENR1 &= ~APB1_USB;
}
#endif

/* AN2606 4.1: what the ROM used is not put back to its reset values. SYSCLK stays on the PLL (reported). */
void resources_leave(void)
{
}
