/*
 * AN2606, configuration tables: 60 MHz from the PLL, fed by HSI until the USB is to run. USB needs a crystal of 4 to 26 MHz in steps of 1 MHz, which
 * TIM11 measures against HSI; then the PLL is fed by it, 60 MHz for the system and 48 MHz for USB. The clock security system watches it.
 */
#include "rom.h"
#include "../common/hse.h"
#include "../common/interfaces.h"
#include "regs.h"
#include "../common/clock_steps.h"

/* VCO 240 MHz from 1 MHz at its input: P = 4 gives 60 MHz, Q = 5 gives 48 MHz. */
#define PLL_FROM(mhz) (PLLCFGR_M(mhz) | PLLCFGR_N(240) | PLLCFGR_P(4) | PLLCFGR_Q(5))
#define HSI_MHZ 16u
#define TIM11_KHZ 60000u
#define LATENCY_60MHZ 3u /* ASSUMED: enough for every supply range; the text of F412 names 3 */
static uint32_t hse_timeout_us(void)
{
#if defined HSE_TIMEOUT_EARLY_US
  if (rom_version() <= HSE_TIMEOUT_EARLY_TO)
    return HSE_TIMEOUT_EARLY_US;
#endif
  return HSE_TIMEOUT_US;
}

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  reset_pulse(&RCC_AHB2RSTR, AHB2_OTGFS);
  interfaces_reset();
  reset_pulse(&RCC_APB2RSTR, APB2_TIM11);
}

/* F42x: a ROM that finds HSI off is reported not to start. */
static void sysclk_from_hsi(void)
{
  if (!(RCC_CR & CR_HSION) && rom_option(OPTION_HSI) != HSI_NEEDS)
    RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~(CR_PLLON | CR_PLLI2SON);
  wait_for(&RCC_CR, CR_PLLRDY, 0);
}

static void pll(uint32_t config)
{
  RCC_PLLCFGR = config;
  RCC_CR |= CR_PLLON;
  if (wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY))
    select_sysclk(SW_PLL);
}

static void voltage(void)
{
  RCC_APB1ENR |= APB1_PWR;
  (void)RCC_APB1ENR;
  if ((PWR_CR & PWR_CR_VOS) != PWR_CR_VOS && rom_option(OPTION_VOS) == VOS_SETS)
    PWR_CR |= PWR_CR_VOS;
}

/* APB1 ends at 42 MHz on F405: half of 60. */
static void prescalers(void)
{
  if ((RCC_CFGR & CFGR_PRESCALERS) != CFGR_PPRE1_2 && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR = (RCC_CFGR & ~CFGR_PRESCALERS) | CFGR_PPRE1_2;
}

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own)
    sysclk_from_hsi();
  voltage();
  flash_latency(LATENCY_60MHZ);
  prescalers();
  if (own)
    pll(PLL_FROM(HSI_MHZ));
}

static uint32_t measure_hse(void)
{
  RCC_CFGR = (RCC_CFGR & ~CFGR_RTCPRE) | CFGR_RTCPRE_16;
  TIM11_OR = OR_TI1_HSE_RTC;
  uint32_t mhz = hse_mhz(TIM11, TIM11_KHZ, 16);
  RCC_CFGR &= ~CFGR_RTCPRE;
  return mhz;
}

bool usb_clock_init(void)
{
  RCC_APB2ENR |= APB2_TIM11;
  (void)RCC_APB2ENR;
  uint32_t mhz = hse_start(&RCC_CR, CR_HSEON, CR_HSERDY, TIM11, TIM11_KHZ, hse_timeout_us()) ? measure_hse() : 0;
  RCC_APB2ENR &= ~APB2_TIM11;
  if (mhz >= 4 && mhz <= 26) {
    sysclk_from_hsi();
    RCC_CR |= CR_CSSON;
    pll(PLL_FROM(mhz) | PLLCFGR_SRC_HSE);
    return true;
  }
  RCC_CR &= ~CR_HSEON;
  return false;
}

/* AN2606, selection figures: CAN runs from the crystal, as USB does. */
bool can_clock_init(void)
{
  return usb_clock_init();
}

void clocks_restore(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~(CR_PLLON | CR_PLLI2SON | CR_HSEON | CR_CSSON);
  wait_for(&RCC_CR, CR_PLLRDY, 0);
  RCC_PLLCFGR = PLLCFGR_RESET;
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}

/* AN2606: with the clock security system on, a failing crystal resets. */
void nmi_interrupt(void)
{
  if (RCC_CIR & CIR_CSSF)
    system_reset();
  unexpected_exception();
}
