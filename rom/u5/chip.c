/* The chip's part of the ROM's course: boot decision, caches, USB block, ways out. */
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

/* No memory can be mapped to 0 on U5. */
bool rom_is_at_zero(void)
{
  return false;
}

void map_rom_at_zero(void)
{
}

void map_flash_at_zero(void)
{
}

/* Option bytes and OTP need no care beyond whole words. */
bool words_begin(void)
{
  return false;
}

void words_end(bool was)
{
  (void)was;
}

void boot_decision(void)
{
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS)
    boot_from(FLASH_BASE);
}

void inherited_caches(void)
{
  if ((ICACHE_CR & CACHE_EN) && rom_option(OPTION_ICACHE) == ICACHE_CLEARS) {
    ICACHE_CR &= ~CACHE_EN;
    wait_for(&ICACHE_CR, CACHE_EN, 0);
    wait_for(&ICACHE_SR, CACHE_BUSYF, 0); /* switching it off starts an invalidation */
  }
  if ((RCC_AHB1ENR & AHB1ENR_DCACHE1EN) && (DCACHE_CR & CACHE_EN) && rom_option(OPTION_DCACHE) == DCACHE_CLEARS)
    DCACHE_CR &= ~CACHE_EN;
}

/* DM PA11, DP PA12: alternate function, no pull (AN2606 Table 217). */
void usb_block_on(void)
{
  static const struct pin_setup USB_PINS[] = { { GPIOA, 11, PIN_ALTERNATE, 10, PULL_NONE }, { GPIOA, 12, PIN_ALTERNATE, 10, PULL_NONE } };
  if (!(PWR_SVMCR & SVMCR_USV) && rom_option(OPTION_USB_SUPPLY) == USB_SUPPLY_SETS)
    PWR_SVMCR |= SVMCR_USV;
  for (uint32_t i = 0; i < COUNT(USB_PINS); i++)
    pin_setup(&USB_PINS[i]);
  RCC_AHB2ENR1 |= AHB2_OTG;
  (void)RCC_AHB2ENR1;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_AHB2RSTR1, AHB2_OTG);
  RCC_AHB2ENR1 &= ~AHB2_OTG;
}

/* AN2606 4.1: what the ROM used is not put back to its reset values, at least not completely; of U5 nothing more is known. */
void resources_leave(void)
{
}
