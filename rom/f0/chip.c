/* The chip's part of the ROM's course: boot decision, mapping, USB block, ways out. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

bool chip_stack_valid(uint32_t sp)
{
#if defined CCM_END
  if (in(sp, 0x10000001u, CCM_END + 1))
    return true;
#endif
  return in(sp, RAM_BASE + 1, RAM_END + 1);
}

bool chip_code_valid(uint32_t pc)
{
  return in(pc, FLASH_BASE, FLASH_BASE + FLASH_SIZE) || in(pc, RAM_BASE, RAM_END);
}

#include "../common/syscfg.h"

static void __attribute__((noreturn)) run_flash(void)
{
  syscfg_on();
  SYSCFG_CFGR1 = (SYSCFG_CFGR1 & ~MEM_MODE) | MEM_MODE_FLASH;
  boot_from(FLASH_BASE);
}

#if HAS_EMPTY_CHECK
static bool pin_is_high(uint32_t clock, uint32_t port, uint32_t pin)
{
  bool was_on = RCC_AHBENR & clock;
  RCC_AHBENR |= clock;
  (void)RCC_AHBENR;
  bool high = GPIO_IDR(port) & BIT(pin);
  if (!was_on)
    RCC_AHBENR &= ~clock;
  return high;
}

static bool boot0_asks(void)
{
#if HAS_BOOT_SEL
  if (!(FLASH_OBR & OBR_BOOT_SEL))
    return true;
#endif
  return pin_is_high(AHB_GPIOF, GPIOF, 11) || pin_is_high(AHB_GPIOB, GPIOB, 8);
}
#endif

#if HAS_EMPTY_CHECK
/*
 * AN2606, chapters of F04x and F070x6: the ROM goes back to the flash unless its first word is erased, BOOT_SEL is 0 or the BOOT0 pin, PB8 or PF11 by package, reads 1. The pins are
 * read as the caller left them, so one that drives BOOT0 itself stays (reported: candleLight). For F070x6 the first word alone is printed; a boot by pin
 * with a program in flash has to stay all the same, and the die is F04x's (INFERRED).
 */
static void empty_check(void)
{
  if (REG(FLASH_BASE) == 0xFFFFFFFFu)
    return;
  uint32_t choice = rom_option(OPTION_JUMP_EMPTY_CHECK);
  if (choice == JUMP_EMPTY_CHECK_NONE)
    return;
  if (choice == JUMP_EMPTY_CHECK_OR_BOOT0 && boot0_asks())
    return;
  run_flash();
}
#else
static void empty_check(void)
{
}
#endif

void boot_decision(void)
{
  empty_check();
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash, which is then mapped as a boot maps it. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS)
    run_flash();
}

void inherited_caches(void)
{
}

#if HAS_USB
void usb_block_on(void)
{
#if defined F3
  static const struct pin_setup USB_PINS[] = { { GPIOA, 11, PIN_ALTERNATE, 14, PULL_NONE }, { GPIOA, 12, PIN_ALTERNATE, 14, PULL_NONE } };
  for (uint32_t i = 0; i < COUNT(USB_PINS); i++)
    pin_setup(&USB_PINS[i]);
#endif
  /* On F0 the pins need no alternate function: the USB takes them when its transceiver is on (RM0091). */
  RCC_APB1ENR |= APB1_USB;
  (void)RCC_APB1ENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_APB1RSTR, APB1_USB);
  RCC_APB1ENR &= ~APB1_USB;
}
#endif

/* AN2606 4.1: what the ROM used is not put back. The mapping stays too (inferred: it explains applications whose USB is dead after leave). */
void resources_leave(void)
{
}
