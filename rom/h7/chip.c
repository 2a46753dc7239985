/* The chip's part of the ROM's course: boot decision, caches, USB block, ways out. The M4 is left to itself. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

/* LEFT OUT: "SP must be below the end of RAM - 16" (AN2606 Table 136): what happens otherwise is not said. */
bool chip_stack_valid(uint32_t sp)
{
  return in(sp, DTCM_BASE + 1, DTCM_END + 1) || in(sp, AXI_BASE + 1, AXI_END + 1);
}

bool chip_code_valid(uint32_t pc)
{
  return in(pc, FLASH_BASE, FLASH_BASE + FLASH_SIZE) || in(pc, AXI_BASE, AXI_END) || in(pc, DTCM_BASE, DTCM_END);
}

/* No memory can be mapped to 0 on H7. */
bool rom_is_at_zero(void)
{
  return false;
}

void map_rom_at_zero(void)
{
}

void boot_decision(void)
{
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. */
  if ((RCC_RSR & RSR_SFT1RSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS)
    boot_from(FLASH_BASE);
}

static void data_cache_off(void)
{
  SCB_CSSELR = 0; /* level 1, data */
  BARRIER();
  uint32_t size = SCB_CCSIDR;
  uint32_t sets = size >> 13 & 0x7FFFu;
  uint32_t ways = size >> 3 & 0x3FFu;
  uint32_t way_shift = (uint32_t)__builtin_clz(ways);
  SCB_CCR &= ~CCR_DC;
  BARRIER();
  for (uint32_t set = 0; set <= sets; set++)
    for (uint32_t way = 0; way <= ways; way++)
      SCB_DCCISW = set << 5 | way << way_shift;
  BARRIER();
}

void inherited_caches(void)
{
  if ((SCB_CCR & CCR_DC) && rom_option(OPTION_DCACHE) == DCACHE_CLEARS)
    data_cache_off();
  if ((SCB_CCR & CCR_IC) && rom_option(OPTION_ICACHE) == ICACHE_CLEARS) {
    SCB_CCR &= ~CCR_IC;
    SCB_ICIALLU = 0;
    BARRIER();
  }
}

void usb_block_on(void)
{
  static const struct pin_setup USB_PINS[] = { { GPIOA, 11, PIN_ALTERNATE, 10, PULL_NONE }, { GPIOA, 12, PIN_ALTERNATE, 10, PULL_NONE } };
  /* One byte only: the supply bits beside it can be written once after power-on (AN2606: ROMs before V9.2 locked them by writing the word). */
  uint32_t supply = !(PWR_CR3 & CR3_USB33DEN) && rom_option(OPTION_USB_SUPPLY) == USB_SUPPLY_SETS ? CR3_USB33DEN : 0;
  if (rom_option(OPTION_PWR_LOCK) == PWR_LOCK_LOCKS)
    PWR_CR3 |= supply;
  else if (supply)
    PWR_CR3_BYTE_3 |= CR3_USB33DEN >> 24;
  if (supply)
    wait_for(&PWR_CR3, CR3_USB33RDY, CR3_USB33RDY);
  for (uint32_t i = 0; i < COUNT(USB_PINS); i++)
    pin_setup(&USB_PINS[i]);
  RCC_AHB1ENR |= AHB1_USBOTG;
  (void)RCC_AHB1ENR;
}

void usb_block_off(void)
{
  reset_pulse(&RCC_AHB1RSTR, AHB1_USBOTG);
  RCC_AHB1ENR &= ~AHB1_USBOTG;
}

/* AN2606 4.1: newer ROMs put what they used back to reset (ASSUMED to be one of them). IWDG's prescaler stays at its maximum. */
void resources_leave(void)
{
  uint32_t ports = AHB4_GPIOA | AHB4_GPIOB | AHB4_GPIOC | AHB4_GPIOE | AHB4_GPIOF | AHB4_GPIOI;
  clocks_deinit();
  RCC_APB1LENR &= ~(APB1L_SPI2 | APB1L_SPI3 | APB1L_I2C1 | APB1L_I2C2 | APB1L_I2C3);
  RCC_APB1HENR &= ~APB1H_CRS;
  RCC_APB2ENR &= ~(APB2_SPI1 | APB2_SPI4);
  reset_pulse(&RCC_AHB4RSTR, ports);
  RCC_AHB4ENR &= ~ports;
  RCC_D2CCIP2R &= ~D2CCIP2R_USBSEL;
  RCC_CR &= ~CR_HSI48ON;
  SYST_CSR = 0;
}
