/* The chip's part of the ROM's course: boot decision, caches, USB block, ways out. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/memory.h"
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

/* No memory can be mapped to 0 on H5. */
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

void boot_decision(void)
{
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_RSR & RSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS)
    boot_from(FLASH_BASE);
}

static bool icache_off(void)
{
  if (!(ICACHE_CR & CACHE_EN))
    return false;
  ICACHE_CR &= ~CACHE_EN;
  wait_for(&ICACHE_CR, CACHE_EN, 0);
  wait_for(&ICACHE_SR, CACHE_BUSYF, 0); /* switching it off starts an invalidation */
  return true;
}

/* The OTP and read-only areas answer cached reads with a bus error. */
bool words_begin(void)
{
  return icache_off();
}

void words_end(bool was)
{
  if (was)
    ICACHE_CR |= CACHE_EN;
}

void inherited_caches(void)
{
  if ((ICACHE_CR & CACHE_EN) && rom_option(OPTION_ICACHE) == ICACHE_CLEARS)
    icache_off();
#if HAS_DCACHE
  if ((RCC_AHB1ENR & AHB1ENR_DCACHEEN) && (DCACHE_CR & CACHE_EN) && rom_option(OPTION_DCACHE) == DCACHE_CLEARS)
    DCACHE_CR &= ~CACHE_EN;
#endif
}

/* DM PA11, DP PA12: alternate function, no pull (AN2606 Table 124). */
void usb_block_on(void)
{
  static const struct pin_setup USB_PINS[] = { { GPIOA, 11, PIN_ALTERNATE, 10, PULL_NONE }, { GPIOA, 12, PIN_ALTERNATE, 10, PULL_NONE } };
#if HAS_VDDUSB
  if (!(PWR_USBSCR & USBSCR_USB33SV) && rom_option(OPTION_USB_SUPPLY) == USB_SUPPLY_SETS)
    PWR_USBSCR |= USBSCR_USB33SV;
#endif
  for (uint32_t i = 0; i < COUNT(USB_PINS); i++)
    pin_setup(&USB_PINS[i]);
  RCC_APB2ENR |= APB2_USB;
  (void)RCC_APB2ENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_APB2RSTR, APB2_USB);
  RCC_APB2ENR &= ~APB2_USB;
}

#if HAS_TRUSTZONE
/* ST's secure first stage, which only a boot by pin passes, has secured peripherals: what reads as 0 after a jump. User code cannot undo it. */
static void security_leave(void)
{
  uint32_t secured = 0;
  for (uint32_t n = 0; n < TZSC_SECCFGR_COUNT; n++)
    secured |= TZSC_SECCFGR(n);
  if (!secured || rom_option(OPTION_PIN_BOOT_SECURITY) == PIN_BOOT_SECURITY_LEAVES)
    return;
  RCC_AHB1ENR |= AHB1ENR_TZSC1EN;
  (void)RCC_AHB1ENR;
  for (uint32_t n = 0; n < TZSC_SECCFGR_COUNT; n++)
    TZSC_SECCFGR(n) = 0;
  RCC_AHB1ENR &= ~AHB1ENR_TZSC1EN;
}
#endif

/*
 * AN2606 4.1: newer ROMs put RCC, PWR, GPIO and interrupts back when they leave, not always completely. Measured on H523: HSIDIV stays /1
 * and VOS raised, SYSCLK is HSI. IWDG's prescaler stays at its maximum.
 */
void resources_leave(void)
{
  clocks_deinit();
  reset_pulse(&RCC_AHB2RSTR, AHB2_GPIOA | AHB2_GPIOB | AHB2_GPIOC | AHB2_GPIOD);
  interfaces_close();
  RCC_APB1LENR &= ~APB1L_CRS;
  clocks_leave();
#if HAS_TRUSTZONE
  security_leave();
#endif
#if HAS_VDDUSB
  PWR_USBSCR &= ~USBSCR_USB33SV;
#endif
}
