/* The chip's part of the ROM's course: boot decision, mapping, USB block, ways out. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

/* CCM RAM is not reachable by the ROM, but may hold the application's stack. */
bool chip_stack_valid(uint32_t sp)
{
  bool ccm = FLASH_SIZE == 1024u * 1024u && in(sp, 0x10000001u, 0x10010001u);
  return ccm || in(sp, RAM_BASE + 1, RAM_END + 1);
}

bool chip_code_valid(uint32_t pc)
{
  return in(pc, FLASH_BASE, FLASH_BASE + FLASH_SIZE) || in(pc, RAM_BASE, RAM_END);
}

#include "../common/syscfg.h"

void boot_decision(void)
{
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS) {
    syscfg_on();
    SYSCFG_MEMRMP = (SYSCFG_MEMRMP & ~MEM_MODE) | MEM_MODE_FLASH;
    boot_from(FLASH_BASE);
  }
}

void inherited_caches(void)
{
  /* The ART caches only matter once the flash has changed: flash_changed asks. */
}

void usb_block_on(void)
{
  static const struct pin_setup USB_PINS[] = { { GPIOA, 11, PIN_ALTERNATE, 10, PULL_NONE }, { GPIOA, 12, PIN_ALTERNATE, 10, PULL_NONE } };
  for (uint32_t i = 0; i < COUNT(USB_PINS); i++)
    pin_setup(&USB_PINS[i]);
  RCC_AHB2ENR |= AHB2_OTGFS;
  (void)RCC_AHB2ENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_AHB2RSTR, AHB2_OTGFS);
  RCC_AHB2ENR &= ~AHB2_OTGFS;
}

/*
 * AN2606 4.1: what the ROM used is not put back to its reset values. F411 V13.0 leaves RCC_AHB1ENR at 0, CCM RAM included (Table 84); F405 V9.1
 * has that mended (Table 76).
 */
void resources_leave(void)
{
#if defined CHIP_F411
  RCC_AHB1ENR = 0;
#endif
}
