/* AN2606 Table 148: 32 MHz from HSI16 through the PLL, in voltage range 1, which that needs. USB's 48 MHz: no crystal is asked for, so HSI48, trimmed by CRS (inferred). */
#include "rom.h"
#include "regs.h"
#include "../common/clock_steps.h"
#include "../common/interfaces.h"

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  interfaces_reset();
  reset_pulse(&RCC_APB1RSTR, APB1_USB | APB1_CRS);
}

static void sysclk_from_hsi(void)
{
  RCC_CR = (RCC_CR & ~CR_HSIDIVEN) | CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~CR_PLLON;
  wait_for(&RCC_CR, CR_PLLRDY, 0);
}

static void voltage(void)
{
  RCC_APB1ENR |= APB1_PWR;
  (void)RCC_APB1ENR;
  if ((PWR_CR & CR_VOS) != CR_VOS_RANGE_1 && rom_option(OPTION_VOS) == VOS_SETS) {
    PWR_CR = (PWR_CR & ~CR_VOS) | CR_VOS_RANGE_1;
    wait_for(&PWR_CSR, CSR_VOSF, 0);
  }
}

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own)
    sysclk_from_hsi();
  voltage();
  flash_latency(1);
  if ((RCC_CFGR & CFGR_PRESCALERS) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR &= ~CFGR_PRESCALERS;
  if (!own)
    return;
  RCC_CFGR = (RCC_CFGR & ~CFGR_PLL) | CFGR_PLL_HSI_X4_BY_2;
  RCC_CR |= CR_PLLON;
  if (wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY))
    select_sysclk(SW_PLL);
}

bool usb_clock_init(void)
{
  uint32_t ready = CRRCR_HSI48ON | CRRCR_HSI48RDY;
  if ((RCC_CRRCR & ready) != ready && rom_option(OPTION_HSI48) == HSI48_SETS) {
    RCC_APB2ENR |= APB2_SYSCFG;
    (void)RCC_APB2ENR;
    SYSCFG_CFGR3 |= CFGR3_ENREF_HSI48;
    RCC_CRRCR |= CRRCR_HSI48ON;
    wait_for(&RCC_CRRCR, CRRCR_HSI48RDY, CRRCR_HSI48RDY);
  }
  RCC_CCIPR |= CCIPR_HSI48SEL;
  RCC_APB1ENR |= APB1_CRS;
  (void)RCC_APB1ENR; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_CFGR_SYNCSRC_USB;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}

void clocks_restore(void)
{
  RCC_CR |= CR_MSION;
  wait_for(&RCC_CR, CR_MSIRDY, CR_MSIRDY);
  select_sysclk(SW_MSI);
  RCC_CR &= ~(CR_PLLON | CR_HSION);
  wait_for(&RCC_CR, CR_PLLRDY, 0);
  RCC_CRRCR &= ~CRRCR_HSI48ON;
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}

void nmi_interrupt(void)
{
  unexpected_exception();
}
