/*
 * L0, AN2606 Tables 146 and 148: 32 MHz from HSI16 through the PLL, in voltage range 1, which that needs. USB's 48 MHz: no crystal is asked for, so HSI48, trimmed by CRS (inferred).
 * L1, Tables 154 to 160: 16 MHz from HSI, in range 1. USB is looked for with the PLL on HSI (ASSUMED: AN2606 says "using the HSI"); then the crystal is measured with TIM11, and the PLL on
 * it feeds the system with 32 MHz and USB.
 */
#include "rom.h"
#include "regs.h"
#include "../common/clock_steps.h"
#include "../common/hse.h"
#include "../common/interfaces.h"

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  interfaces_reset();
#if defined L1 && HAS_USB
  reset_pulse(&RCC_APB1RSTR, APB1_USB);
  reset_pulse(&RCC_APB2RSTR, APB2_TIM11);
#elif HAS_USB
  reset_pulse(&RCC_APB1RSTR, APB1_USB | APB1_CRS);
#endif
}

static void sysclk_from_hsi(void)
{
#if defined L1
  RCC_CR |= CR_HSION;
#else
  RCC_CR = (RCC_CR & ~CR_HSIDIVEN) | CR_HSION;
#endif
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

#if HAS_USB || !defined L1
static bool pll(uint32_t config)
{
  RCC_CFGR = (RCC_CFGR & ~CFGR_PLL) | config;
  RCC_CR |= CR_PLLON;
  return wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY);
}
#endif

#if defined L1
#define LATENCY_16MHZ 0u
#else
#define LATENCY_16MHZ 1u /* 32 MHz */
#endif

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own)
    sysclk_from_hsi();
  voltage();
  flash_latency(LATENCY_16MHZ);
  if ((RCC_CFGR & CFGR_PRESCALERS) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR &= ~CFGR_PRESCALERS;
  if (!own)
    return;
#if !defined L1
  if (pll(CFGR_PLL_HSI_X4_BY_2))
    select_sysclk(SW_PLL);
#elif HAS_USB
  pll(CFGR_PLLMUL(2) | CFGR_PLLDIV_3); /* times 6: 96 MHz, whose half is USB's */
#endif
}

#if defined L1 && HAS_USB
#define TIM11_KHZ 16000u
/* AN2606 Tables 156 to 160: each gives 96 MHz behind the PLL's factor, by its code. */
static const struct {
  uint8_t mhz, mul;
} CRYSTALS[] = { { 24, 1 }, { 16, 2 }, { 12, 3 }, { 8, 4 }, { 6, 5 }, { 4, 6 }, { 3, 7 }, { 2, 8 } };

static uint32_t measure_hse(void)
{
  RCC_CR = (RCC_CR & ~CR_RTCPRE) | CR_RTCPRE_16;
  TIM11_OR = OR_TI1_HSE_RTC;
  return hse_mhz(TIM11, TIM11_KHZ, 16);
}

static void sysclk_from_hse(uint32_t mul)
{
  sysclk_from_hsi();
  RCC_CR |= CR_CSSON; /* a crystal that fails later means a reset: nmi_interrupt */
  FLASH_ACR |= ACR_ACC64;
  FLASH_ACR |= ACR_LATENCY;
  if (pll(CFGR_PLLSRC_HSE | CFGR_PLLMUL(mul) | CFGR_PLLDIV_3))
    select_sysclk(SW_PLL);
}

bool usb_clock_init(void)
{
  RCC_APB2ENR |= APB2_TIM11;
  (void)RCC_APB2ENR;
  uint32_t mhz = hse_start(&RCC_CR, CR_HSEON, CR_HSERDY, TIM11, TIM11_KHZ, HSE_TIMEOUT_US) ? measure_hse() : 0;
  RCC_APB2ENR &= ~APB2_TIM11;
  if (mhz != 0) {
    for (uint32_t i = 0; i < COUNT(CRYSTALS); i++)
      if (CRYSTALS[i].mhz == mhz) {
        sysclk_from_hse(CRYSTALS[i].mul);
        return true;
      }
  }
  RCC_CR &= ~CR_HSEON;
  return false;
}
#elif HAS_USB
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
#endif

void clocks_restore(void)
{
  RCC_CR |= CR_MSION;
  wait_for(&RCC_CR, CR_MSIRDY, CR_MSIRDY);
  select_sysclk(SW_MSI);
#if defined L1
  RCC_CR &= ~(CR_PLLON | CR_HSION | CR_HSEON | CR_CSSON | CR_RTCPRE);
#else
  RCC_CR &= ~(CR_PLLON | CR_HSION);
#if HAS_USB
  RCC_CRRCR &= ~CRRCR_HSI48ON;
#endif
#endif
  wait_for(&RCC_CR, CR_PLLRDY, 0);
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}

/* AN2606: with the clock security system on, a failing crystal resets. */
void nmi_interrupt(void)
{
#if defined L1
  if (RCC_CIR & CIR_CSSF)
    system_reset();
#endif
  unexpected_exception();
}
