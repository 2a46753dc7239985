/* AN2606 Table 41: 48 MHz from HSI48, which CRS trims by USB's frames; no crystal. */
#include "rom.h"
#include "regs.h"
#include "../common/clock_steps.h"

#define LATENCY_48MHZ 1u

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  reset_pulse(&RCC_APB1RSTR, APB1_USART2 | APB1_I2C1 | APB1_USB | APB1_CRS);
  reset_pulse(&RCC_APB2RSTR, APB2_USART1);
}

static bool hsi48_on(void)
{
  uint32_t ready = CR2_HSI48ON | CR2_HSI48RDY;
  if ((RCC_CR2 & ready) != ready && rom_option(OPTION_HSI48) == HSI48_SETS) {
    RCC_CR2 |= CR2_HSI48ON;
    wait_for(&RCC_CR2, CR2_HSI48RDY, CR2_HSI48RDY);
  }
  return (RCC_CR2 & ready) == ready;
}

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own) {
    /* Documented as a mistake of V10.1: HSITRIM becomes 0 instead of 16. */
    RCC_CR = (RCC_CR & ~CR_HSITRIM) | CR_HSION;
    wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    select_sysclk(SW_HSI);
    RCC_CR &= ~CR_PLLON;
    wait_for(&RCC_CR, CR_PLLRDY, 0);
  }
  flash_latency(LATENCY_48MHZ);
  if ((RCC_CFGR & CFGR_PRESCALERS) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR &= ~CFGR_PRESCALERS;
  if (hsi48_on() && own)
    select_sysclk(SW_HSI48);
}

bool usb_clock_init(void)
{
  RCC_CFGR3 &= ~CFGR3_USBSW;
  RCC_APB1ENR |= APB1_CRS;
  (void)RCC_APB1ENR; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_CFGR_SYNCSRC_USB;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}

void clocks_restore(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR = (RCC_CR & ~CR_HSITRIM) | CR_HSITRIM_RESET;
  RCC_CR2 &= ~CR2_HSI48ON;
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}

/* This ROM uses no crystal and no clock security system. */
void nmi_interrupt(void)
{
  unexpected_exception();
}
