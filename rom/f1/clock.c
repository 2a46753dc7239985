/* AN2606 Table 45: 24 MHz from the PLL on HSI. */
#include "rom.h"
#include "regs.h"
#include "../common/clock_steps.h"

#define LATENCY 0u /* what 24 MHz needs */

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  reset_pulse(&RCC_APB2RSTR, APB2_USART1);
}

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own) {
    RCC_CR |= CR_HSION;
    wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    select_sysclk(SW_HSI);
    RCC_CR &= ~CR_PLLON;
    wait_for(&RCC_CR, CR_PLLRDY, 0);
  }
  flash_latency(LATENCY);
  if ((RCC_CFGR & CFGR_PRESCALERS) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR &= ~CFGR_PRESCALERS;
  if (!own)
    return;
  RCC_CFGR = (RCC_CFGR & ~CFGR_PLL) | CFGR_PLLMUL(6u);
  RCC_CR |= CR_PLLON;
  if (wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY))
    select_sysclk(SW_PLL);
}

void clocks_restore(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~(CR_PLLON | CR_HSEON);
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}

/* This ROM uses no crystal and no clock security system. */
void nmi_interrupt(void)
{
  unexpected_exception();
}
