/* The chip's part of the ROM's course: boot decision, mapping, USB block, ways out. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

/* V10.3: the bank check takes a stack in SRAM2 as well (AN2606 Table 169); ASSUMED for V9.3. */
bool chip_stack_valid(uint32_t sp)
{
  return in(sp, SRAM1_BASE + 1, SRAM1_END + 1) || in(sp, SRAM2_BASE + 1, SRAM2_END + 1);
}

bool chip_code_valid(uint32_t pc)
{
  return in(pc, FLASH_BASE, FLASH_BASE + FLASH_SIZE) || in(pc, SRAM1_BASE, SRAM1_END) || in(pc, SRAM2_BASE, SRAM2_END);
}

#include "../common/syscfg.h"

#if FLASH_BANKS == 2
/* ASSUMED for L476, whose BOOT0 is no port pin by the data sheet: the level can be read as PH3, as on L496. On G4 it is PB8. */
static bool boot0_is_low(void)
{
  uint32_t port = GPIO_PORT(BOOT0_PORT);
  bool was_on = RCC_AHB2ENR & BIT(BOOT0_PORT);
  RCC_AHB2ENR |= BIT(BOOT0_PORT);
  (void)RCC_AHB2ENR;
  uint32_t mode = GPIO_MODER(port);
  GPIO_MODER(port) = mode & ~(3u << 2 * BOOT0_PIN);
  bool low = !(GPIO_IDR(port) & BIT(BOOT0_PIN));
  GPIO_MODER(port) = mode;
  if (!was_on)
    RCC_AHB2ENR &= ~BIT(BOOT0_PORT);
  return low;
}
#define MEMRMP_BANK(second) ((second) ? MEMRMP_FB_MODE : 0)
#else
#define MEMRMP_BANK(second) 0
#endif

static void run_bank(bool second)
{
  syscfg_on();
  (void)second;
  SYSCFG_MEMRMP = MEMRMP_BANK(second) | MEM_MODE_FLASH;
  BARRIER();
  boot_from(FLASH_BASE);
}

#if FLASH_BANKS == 2
/*
 * AN2606 figures 98 and 102: with BOOT0 low, or at RDP level 2, a bank that begins with a stack pointer in SRAM is run, the second one first.
 * The arrows of the figure are lost; that BFB2 is asked first is the option `bank-check`.
 */
static void bank_check(void)
{
  bool first = chip_stack_valid(REG(FLASH_BASE));
  bool second = chip_stack_valid(REG(FLASH_BASE + FLASH_BANK_SIZE));
  bool protected = (FLASH_OPTR & OPTR_RDP) == OPTR_RDP_LEVEL_2;
  if (!(first || second) || !(protected || boot0_is_low()))
    return;
  uint32_t choice = rom_option(OPTION_BANK_CHECK);
  if (choice == BANK_CHECK_ALWAYS || (choice == BANK_CHECK_BFB2 && (FLASH_OPTR & OPTR_BFB2)))
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
  /* The ART caches only matter once the flash has changed: flash_changed asks. */
}

/* G4 needs neither: it has no supply-valid bit, and its USB takes the pins when the transceiver is on. */
#if HAS_MSI
static void supply_and_pins(void)
{
  static const struct pin_setup USB_PINS[] = { { GPIOA, 11, PIN_ALTERNATE, 10, PULL_NONE }, { GPIOA, 12, PIN_ALTERNATE, 10, PULL_NONE } };
  RCC_APB1ENR1 |= APB1_PWR;
  (void)RCC_APB1ENR1;
  if (!(PWR_CR2 & CR2_USV) && rom_option(OPTION_USB_SUPPLY) == USB_SUPPLY_SETS)
    PWR_CR2 |= CR2_USV;
  for (uint32_t i = 0; i < COUNT(USB_PINS); i++)
    pin_setup(&USB_PINS[i]);
}
#endif

#if USB_FSDEV
void usb_block_on(void)
{
#if HAS_MSI
  supply_and_pins();
#endif
  RCC_APB1ENR1 |= APB1_USB;
  (void)RCC_APB1ENR1;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_APB1RSTR1, APB1_USB);
  RCC_APB1ENR1 &= ~APB1_USB;
}
#else
void usb_block_on(void)
{
  supply_and_pins();
  RCC_AHB2ENR |= AHB2_OTGFS;
  (void)RCC_AHB2ENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_AHB2RSTR, AHB2_OTGFS);
  RCC_AHB2ENR &= ~AHB2_OTGFS;
}
#endif

/*
 * AN2606 4.1: what the ROM used is not put back to its reset values. The kernel clocks of its interfaces are not known to be changed here, as they
 * are on F7: then they would be HSI.
 */
void resources_leave(void)
{
  if (rom_option(OPTION_LEAVE_MUXES) == LEAVE_MUXES_KEEPS)
    RCC_CCIPR = (RCC_CCIPR & ~CCIPR_INTERFACES) | CCIPR_INTERFACES_HSI;
}
