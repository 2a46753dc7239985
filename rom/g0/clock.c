/*
 * AN2606 Table 16 (C071): SYSCLK is HSI48 / 2, there is no PLL. Tables 107, 109 and 111: SYSCLK from the PLL fed by HSI16. USB's 48 MHz: HSI48 trimmed by CRS (G0B1), or the PLL fed by a crystal of 8, 12, 16, 32 or 48 MHz (G0B0).
 */
#include "rom.h"
#include "regs.h"
#include "../common/hse.h"
#include "../common/interfaces.h"
#include "../common/options.h"
#include "../common/rom_core.h"

#if !defined C0
#define PLL_HSI (PLLCFGR_SRC_HSI | PLLCFGR_REN | ROM_PLL)
#endif

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  interfaces_reset();
#if HAS_USB
  reset_pulse(&RCC_APBRSTR1, APB1_USB | (HAS_HSI48 ? APB1_CRS : 0));
#endif
}

static void select_sysclk(uint32_t source)
{
  RCC_CFGR = (RCC_CFGR & ~CFGR_SW) | source;
  wait_for(&RCC_CFGR, CFGR_SWS, source << 3);
}

#if !defined C0
static void sysclk_from_hsi(void)
{
  RCC_CR = (RCC_CR & ~CR_HSIDIV) | CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~CR_PLLON;
  wait_for(&RCC_CR, CR_PLLRDY, 0);
}

static void voltage(void)
{
  RCC_APBENR1 |= APB1_PWR;
  (void)RCC_APBENR1;
  if ((PWR_CR1 & CR1_VOS) != CR1_VOS_RANGE_1 && rom_option(OPTION_VOS) == VOS_SETS) {
    PWR_CR1 = (PWR_CR1 & ~CR1_VOS) | CR1_VOS_RANGE_1;
    wait_for(&PWR_SR2, SR2_VOSF, 0);
  }
}
#endif

static void latency(void)
{
  if ((FLASH_ACR & ACR_LATENCY) != ROM_LATENCY && rom_option(OPTION_FLASH_LATENCY) == FLASH_LATENCY_SETS) {
    FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY) | ROM_LATENCY;
    wait_for(&FLASH_ACR, ACR_LATENCY, ROM_LATENCY);
  }
}

#if !defined C0
static void pll(uint32_t config)
{
  RCC_PLLCFGR = config;
  RCC_CR |= CR_PLLON;
  if (wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY))
    select_sysclk(SW_PLL);
}
#endif

#if defined C0
/* 24 MHz need no wait state; SYSCLK falls before they do. */
void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own) {
    RCC_CR |= CR_HSION;
    wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    select_sysclk(SW_HSI);
    RCC_CR = (RCC_CR & ~(CR_HSIDIV | CR_SYSDIV)) | CR_HSIDIV_2;
  }
  latency();
  if ((RCC_CFGR & CFGR_PRESCALERS) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR &= ~CFGR_PRESCALERS;
}
#else
void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own)
    sysclk_from_hsi();
  voltage();
  latency();
  if ((RCC_CFGR & CFGR_PRESCALERS) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR &= ~CFGR_PRESCALERS;
  if (own)
    pll(PLL_HSI);
}
#endif

#if HAS_USB && HAS_HSI48
bool usb_clock_init(void)
{
  uint32_t ready = CR_HSI48ON | CR_HSI48RDY;
  if ((RCC_CR & ready) != ready && rom_option(OPTION_HSI48) == HSI48_SETS) {
    RCC_CR |= CR_HSI48ON;
    wait_for(&RCC_CR, CR_HSI48RDY, CR_HSI48RDY);
  }
  RCC_CCIPR2 = (RCC_CCIPR2 & ~CCIPR2_USBSEL) | USBSEL_HSI48;
  RCC_APBENR1 |= APB1_CRS;
  (void)RCC_APBENR1; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_CFGR_SYNCSRC_USB;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}
#elif HAS_USB

/* VCO 240 MHz for all: R = 4 gives 60 MHz, Q = 5 gives 48 MHz. */
static const struct {
  uint8_t mhz, m, n;
} CRYSTALS[] = { { 48, 6, 30 }, { 32, 4, 30 }, { 16, 2, 30 }, { 12, 2, 40 }, { 8, 1, 30 } };

/* How ST's ROM measures the crystal is not published: TIM17 captures HSE / 32, as on the siblings (ASSUMED). */
#define TIM17 0x40014800u
#define TIM17_KHZ 60000u
#define TIM17_TISEL REG(0x40014868u)
#define TISEL_HSE_32 2u

static uint32_t measure_hse(void)
{
  TIM17_TISEL = TISEL_HSE_32;
  return hse_mhz(TIM17, TIM17_KHZ, 32);
}

bool usb_clock_init(void)
{
  RCC_APB2ENR |= APB2_TIM17;
  (void)RCC_APB2ENR;
  uint32_t mhz = hse_start(&RCC_CR, CR_HSEON, CR_HSERDY, TIM17, TIM17_KHZ, HSE_TIMEOUT_US) ? measure_hse() : 0;
  RCC_APB2ENR &= ~APB2_TIM17;
  if (mhz != 0) {
    for (uint32_t i = 0; i < sizeof CRYSTALS / sizeof *CRYSTALS; i++) {
      if (CRYSTALS[i].mhz != mhz)
        continue;
      sysclk_from_hsi();
      pll(PLLCFGR_SRC_HSE | PLLCFGR_M(CRYSTALS[i].m) | PLLCFGR_N(CRYSTALS[i].n) | PLLCFGR_R(4) | PLLCFGR_REN | PLLCFGR_Q(5) | PLLCFGR_QEN);
      RCC_CCIPR2 = (RCC_CCIPR2 & ~CCIPR2_USBSEL) | USBSEL_PLLQ;
      return true;
    }
  }
  RCC_CR &= ~CR_HSEON;
  return false;
}
#endif

#if SERVES_CAN
bool can_clock_init(void)
{
  RCC_CCIPR2 = (RCC_CCIPR2 & ~CCIPR2_FDCANSEL) | CCIPR2_FDCANSEL_PLLQ;
  return true;
}
#endif

#if defined C0
void clocks_restore(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR = (RCC_CR & ~(CR_HSIDIV | CR_HSI48ON)) | CR_HSIDIV_4;
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}
#else
void clocks_restore(void)
{
  RCC_CR = (RCC_CR & ~CR_HSIDIV) | CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~(CR_PLLON | CR_HSEON | CR_HSI48ON);
  wait_for(&RCC_CR, CR_PLLRDY, 0);
  RCC_PLLCFGR = PLLCFGR_RESET;
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}
#endif

void nmi_interrupt(void)
{
  unexpected_exception();
}
