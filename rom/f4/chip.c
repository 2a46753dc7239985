/* The chip's part of the ROM's course: boot decision, mapping, USB block, ways out. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

/* CCM RAM is not reachable by the ROM, but may hold the application's stack. */
bool chip_stack_valid(uint32_t sp)
{
  return (HAS_CCM && in(sp, 0x10000001u, 0x10010001u)) || in(sp, RAM_BASE + 1, RAM_END + 1);
}

bool chip_code_valid(uint32_t pc)
{
  #if defined F7
  if (in(pc, FLASH_ON_ITCM, FLASH_ON_ITCM + FLASH_SIZE))
    return true;
#endif
  return in(pc, FLASH_BASE, FLASH_BASE + FLASH_SIZE) || in(pc, RAM_BASE, RAM_END);
}

#if HAS_REMAP
#include "../common/syscfg.h"
#else
/* No memory can be mapped to 0 on F7. */
bool rom_is_at_zero(void)
{
  return false;
}

void map_rom_at_zero(void)
{
}
#endif

#if FLASH_BANKS == 2
/*
 * AN2606, figures of F42x/43x: with BFB2 set and BOOT0 low a bank that begins with a stack pointer in RAM is run, the second one first. BOOT0's level
 * cannot be read by software: that BFB2 is asked first is the option `bank-check`. After a jump the same code runs.
 */
static void bank_check(void)
{
  if (!flash_has_two_banks())
    return;
  bool first = chip_stack_valid(REG(FLASH_BASE));
  bool second = chip_stack_valid(REG(FLASH_BASE + flash_bytes() / 2u));
  if (!(first || second))
    return;
  uint32_t choice = rom_option(OPTION_BANK_CHECK);
  if (!(choice == BANK_CHECK_ALWAYS || (choice == BANK_CHECK_BFB2 && (FLASH_OPTCR & OPTCR_BFB2))))
    return;
  syscfg_on();
  SYSCFG_MEMRMP = second ? MEMRMP_FB_MODE | MEM_MODE_FLASH : MEM_MODE_FLASH;
  BARRIER();
  boot_from(FLASH_BASE);
}
#endif

void boot_decision(void)
{
#if FLASH_BANKS == 2
  bank_check();
#endif
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_CSR & CSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS) {
#if HAS_REMAP
    syscfg_on();
    SYSCFG_MEMRMP = (SYSCFG_MEMRMP & ~MEM_MODE) | MEM_MODE_FLASH;
#endif
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
 * AN2606 4.1: what the ROM used is not put back to its reset values. F7 leaves HSI as the kernel clock of USART1, USART3 and I2C1 to I2C3 (reported). Most versions leave RCC_AHB1ENR at 0, CCM RAM included (known limitations);
 * F405 has that mended in V9.1 (Table 76).
 */
void resources_leave(void)
{
#if LEAVES_AHB1ENR_0
  RCC_AHB1ENR = 0;
#elif HAS_V3
  if (rom_version() < ROM_V9_1)
    RCC_AHB1ENR = 0;
#endif
#if defined F7
  if (rom_option(OPTION_LEAVE_MUXES) == LEAVE_MUXES_KEEPS)
    RCC_DCKCFGR2 = (RCC_DCKCFGR2 & ~DCKCFGR2_INTERFACES) | DCKCFGR2_INTERFACES_HSI;
#endif
}
