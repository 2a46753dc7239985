/* AN2606 Table 217: 60 MHz from PLL1 fed by HSI, PLL1Q = 20 MHz for FDCAN, HSI48 trimmed by CRS for USB. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

#define PLL1_CFGR (PLL1CFGR_SRC_HSI | PLL1CFGR_RGE_8_16 | PLL1CFGR_M(2) | PLL1CFGR_QEN | PLL1CFGR_REN) /* 16 MHz / 2; the booster takes the 16 MHz */
#define PLL1_DIVR PLL1DIVR(30u, 2u, 12u, 4u) /* VCO 240 MHz: Q 20 MHz, R 60 MHz */
#define LATENCY_60MHZ 1u                     /* range 1 or 2 */

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  interfaces_reset();
  reset_pulse(&RCC_APB1RSTR1, APB1_CRS);
  reset_pulse(&RCC_AHB2RSTR1, AHB2_OTG);
}

static void select_sysclk(uint32_t source)
{
  RCC_CFGR1 = (RCC_CFGR1 & ~CFGR1_SW) | source;
  wait_for(&RCC_CFGR1, CFGR1_SWS, source << 2);
}

static void sysclk_from_hsi(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~CR_PLLS;
  wait_for(&RCC_CR, CR_PLL1RDY, 0);
}

/* 60 MHz is above what range 3 allows. ASSUMED: range 1. */
static void voltage(void)
{
  if ((PWR_VOSR & VOSR_VOS) != VOSR_VOS_RANGE_1 && rom_option(OPTION_VOS) == VOS_SETS) {
    PWR_VOSR = (PWR_VOSR & ~VOSR_VOS) | VOSR_VOS_RANGE_1;
    wait_for(&PWR_VOSR, VOSR_VOSRDY, VOSR_VOSRDY);
  }
}

static void flash_latency(void)
{
  if ((FLASH_ACR & ACR_LATENCY) != LATENCY_60MHZ && rom_option(OPTION_FLASH_LATENCY) == FLASH_LATENCY_SETS) {
    FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY) | LATENCY_60MHZ;
    wait_for(&FLASH_ACR, ACR_LATENCY, LATENCY_60MHZ);
  }
}

static void prescalers(void)
{
  if (((RCC_CFGR2 & CFGR2_PRESCALERS) || (RCC_CFGR3 & CFGR3_PPRE3)) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS) {
    RCC_CFGR2 &= ~CFGR2_PRESCALERS;
    RCC_CFGR3 &= ~CFGR3_PPRE3;
  }
}

static void pll_60mhz(void)
{
  PWR_VOSR &= ~VOSR_BOOSTEN; /* its clock changes */
  RCC_PLL1CFGR = PLL1_CFGR;
  RCC_PLL1DIVR = PLL1_DIVR;
  RCC_PLL1FRACR = 0;
  PWR_VOSR |= VOSR_BOOSTEN;
  wait_for(&PWR_VOSR, VOSR_BOOSTRDY, VOSR_BOOSTRDY);
  RCC_CR |= CR_PLL1ON;
  if (wait_for(&RCC_CR, CR_PLL1RDY, CR_PLL1RDY))
    select_sysclk(SW_PLL1);
}

bool usb_clock_init(void)
{
  if ((RCC_CR & (CR_HSI48ON | CR_HSI48RDY)) != (CR_HSI48ON | CR_HSI48RDY) && rom_option(OPTION_HSI48) == HSI48_SETS) {
    RCC_CR |= CR_HSI48ON;
    wait_for(&RCC_CR, CR_HSI48RDY, CR_HSI48RDY);
  }
  RCC_CCIPR1 &= ~CCIPR1_ICLKSEL;
  RCC_APB1ENR1 |= APB1_CRS;
  (void)RCC_APB1ENR1; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_CFGR_SYNCSRC_USB;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}

bool can_clock_init(void)
{
  RCC_CCIPR1 = (RCC_CCIPR1 & ~CCIPR1_FDCAN1SEL) | CCIPR1_FDCAN1SEL_PLL1Q;
  return true;
}

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  RCC_AHB3ENR |= AHB3ENR_PWREN;
  (void)RCC_AHB3ENR;
  if (own)
    sysclk_from_hsi();
  voltage();
  flash_latency();
  prescalers();
  if (own)
    pll_60mhz();
}

void clocks_restore(void)
{
  RCC_CR |= CR_MSISON;
  wait_for(&RCC_CR, CR_MSISRDY, CR_MSISRDY);
  select_sysclk(SW_MSIS);
  RCC_CR &= ~CR_PLLS;
  wait_for(&RCC_CR, CR_PLL1RDY, 0);
  PWR_VOSR &= ~(VOSR_BOOSTEN | VOSR_VOS);
  RCC_PLL1CFGR = 0;
  RCC_PLL1DIVR = PLL1DIVR_RESET;
  FLASH_ACR &= ~ACR_LATENCY;
}

/* This ROM uses no crystal and no clock security system. */
void nmi_interrupt(void)
{
  unexpected_exception();
}
