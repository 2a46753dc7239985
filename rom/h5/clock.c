/* AN2606 Tables 121, 124 and 127: 200 MHz from PLL1 fed by HSI, PLL1Q = 20 MHz for FDCAN, HSI48 trimmed by CRS for USB. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

#define PLL1_CFGR (PLL1CFGR_SRC_HSI | PLL1CFGR_RGE_4_8 | PLL1CFGR_M(16) | PLL1CFGR_PEN | PLL1CFGR_QEN) /* 64 MHz / 16 = 4 MHz */
#define PLL1_DIVR PLL1DIVR(100u, 2u, 20u, 2u) /* VCO 400 MHz: P 200 MHz, Q 20 MHz */
#define LATENCY_200MHZ (5u | 2u << 4)          /* VOS1: 5 wait states, WRHIGHFREQ 2 */

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  interfaces_reset();
  reset_pulse(&RCC_APB1LRSTR, APB1L_CRS);
  reset_pulse(&RCC_APB2RSTR, APB2_USB);
}

static void select_sysclk(uint32_t source)
{
  RCC_CFGR1 = (RCC_CFGR1 & ~CFGR1_SW) | source;
  wait_for(&RCC_CFGR1, CFGR1_SWS, source << 3);
}

static void sysclk_from_hsi(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~CR_PLLS;
  wait_for(&RCC_CR, CR_PLL1RDY, 0);
}

static void voltage(void)
{
  if ((PWR_VOSCR & VOSCR_VOS) != VOSCR_VOS1 && rom_option(OPTION_VOS) == VOS_SETS) {
    PWR_VOSCR = (PWR_VOSCR & ~VOSCR_VOS) | VOSCR_VOS1;
    wait_for(&PWR_VOSSR, VOSSR_VOSRDY | VOSSR_ACTVOSRDY, VOSSR_VOSRDY | VOSSR_ACTVOSRDY);
  }
}

static void flash_latency(void)
{
  if ((FLASH_ACR & ACR_LATENCY_AND_WRHIGHFREQ) != LATENCY_200MHZ && rom_option(OPTION_FLASH_LATENCY) == FLASH_LATENCY_SETS) {
    FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY_AND_WRHIGHFREQ) | LATENCY_200MHZ;
    wait_for(&FLASH_ACR, ACR_LATENCY_AND_WRHIGHFREQ, LATENCY_200MHZ);
  }
}

static void prescalers(void)
{
  uint32_t bits = CFGR2_PRESCALERS | CFGR2_HPRE3;
  if ((RCC_CFGR2 & bits) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR2 &= ~bits;
}

static void pll_200mhz(void)
{
  RCC_CR &= ~CR_HSIDIV;
  wait_for(&RCC_CR, CR_HSIDIVF, CR_HSIDIVF);
  RCC_PLL1CFGR = PLL1_CFGR;
  RCC_PLL1DIVR = PLL1_DIVR;
  RCC_PLL1FRACR = 0;
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
  RCC_CCIPR4 = (RCC_CCIPR4 & ~CCIPR4_USBSEL) | CCIPR4_USBSEL_HSI48;
  RCC_APB1LENR |= APB1L_CRS;
  (void)RCC_APB1LENR; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_CFGR_SYNCSRC_USB;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}

bool can_clock_init(void)
{
  RCC_CCIPR5 = (RCC_CCIPR5 & ~CCIPR5_FDCANSEL) | CCIPR5_FDCANSEL_PLL1Q;
  return true;
}

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own)
    sysclk_from_hsi();
  voltage();
  flash_latency();
  prescalers();
  if (own)
    pll_200mhz();
}

/* The PLL off, SYSCLK from HSI as the ROM has it (64 MHz), USB's clock off. Wait states, HSIDIV and VOS stay. */
void clocks_leave(void)
{
  if ((RCC_CFGR1 & CFGR1_SWS) == SW_PLL1 << 3 && RCC_PLL1DIVR == PLL1_DIVR) {
    select_sysclk(SW_HSI);
    RCC_CR &= ~CR_PLL1ON;
    wait_for(&RCC_CR, CR_PLL1RDY, 0);
    RCC_PLL1CFGR = 0;
    RCC_PLL1DIVR = PLL1DIVR_RESET;
  }
  RCC_CCIPR4 &= ~CCIPR4_USBSEL;
  RCC_CR &= ~CR_HSI48ON;
}

void clocks_restore(void)
{
  sysclk_from_hsi();
  RCC_CR = (RCC_CR & ~CR_HSIDIV) | CR_HSIDIV_2;
  wait_for(&RCC_CR, CR_HSIDIVF, CR_HSIDIVF);
  FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY_AND_WRHIGHFREQ) | ACR_RESET;
  PWR_VOSCR &= ~VOSCR_VOS;
}

/* This ROM uses no crystal and no clock security system. */
void nmi_interrupt(void)
{
  unexpected_exception();
}
