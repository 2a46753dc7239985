/*
 * F04x, F07x, F09x (AN2606 Tables 35, 41, 43): 48 MHz from HSI48, which CRS trims by USB's frames; no crystal. F03x and F05x (Tables 29, 31, 33): the PLL on HSI.
 * F070 (Tables 37, 39) and F302, F303 (Tables 55, 57, 59): the PLL on HSI until the crystal, if there is one, has been measured with TIM14 or TIM16; then the PLL on HSE feeds the system and USB.
 */
#include "rom.h"
#include "../common/hse.h"
#include "../common/interfaces.h"
#include "regs.h"
#include "../common/clock_steps.h"

#define LATENCY ROM_LATENCY

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
#if HAS_TABLES
  interfaces_reset();
#if HAS_USB
  reset_pulse(&RCC_APB1RSTR, APB1_USB);
#if USB_FROM_HSE && defined F3
  reset_pulse(&RCC_APB2RSTR, APB2_TIM16);
#elif USB_FROM_HSE
  reset_pulse(&RCC_APB1RSTR, APB1_TIM14);
#endif
#endif
#else
  reset_pulse(&RCC_APB1RSTR, APB1_USART2 | APB1_I2C1 | APB1_USB | APB1_CRS);
  reset_pulse(&RCC_APB2RSTR, APB2_USART1);
#endif
}

static void sysclk_from_hsi(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~CR_PLLON;
  wait_for(&RCC_CR, CR_PLLRDY, 0);
}

#if HAS_HSI48
static bool hsi48_on(void)
{
  uint32_t ready = CR2_HSI48ON | CR2_HSI48RDY;
  if ((RCC_CR2 & ready) != ready && rom_option(OPTION_HSI48) == HSI48_SETS) {
    RCC_CR2 |= CR2_HSI48ON;
    wait_for(&RCC_CR2, CR2_HSI48RDY, CR2_HSI48RDY);
  }
  return (RCC_CR2 & ready) == ready;
}
#else
static void pll(uint32_t config)
{
  RCC_CFGR = (RCC_CFGR & ~CFGR_PLL) | config;
  RCC_CR |= CR_PLLON;
  if (wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY))
    select_sysclk(SW_PLL);
}
#endif

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own) {
    /* Documented as a mistake of most versions: HSITRIM becomes 0 instead of 16. */
#if !defined KEEPS_HSITRIM
    RCC_CR &= ~CR_HSITRIM;
#endif
    sysclk_from_hsi();
  }
  flash_latency(LATENCY);
  if ((RCC_CFGR & CFGR_PRESCALERS) != CFGR_OWN_PRESCALERS && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR = (RCC_CFGR & ~CFGR_PRESCALERS) | CFGR_OWN_PRESCALERS;
#if HAS_HSI48
  if (hsi48_on() && own)
    select_sysclk(SW_HSI48);
#else
  if (own && HSI_PLL)
    pll(CFGR_PLLMUL(HSI_PLL));
#endif
}

#if HAS_USB && USB_FROM_HSE
#define TIMER_KHZ 48000u
#if defined F3
#define HSE_TIMER TIM16
#define HSE_TIMER_ENR RCC_APB2ENR
#define HSE_TIMER_EN APB2_TIM16
#else
#define HSE_TIMER TIM14
#define HSE_TIMER_ENR RCC_APB1ENR
#define HSE_TIMER_EN APB1_TIM14
#endif
/* What multiplied by `mul` and divided by `div` gives 48 MHz. */
static const struct {
  uint8_t mhz, mul, div;
} CRYSTALS[] = {
#if defined F3
  { 3, 16, 1 }, { 9, 16, 3 },
#endif
  { 4, 12, 1 }, { 6, 8, 1 }, { 8, 6, 1 }, { 12, 4, 1 }, { 16, 3, 1 }, { 18, 8, 3 }, { 24, 2, 1 },
};

static uint32_t measure_hse(void)
{
  TIM_OR(HSE_TIMER) = OR_TI1_HSE_32;
  /* TIM14EN stays set (reported: a register dump of a ROM that runs). */
  return hse_khz(HSE_TIMER, TIMER_KHZ, 32);
}

/* The supported value that is nearest to what was measured (inferred: with HSITRIM = 0 a crystal of 16 MHz is reported to be taken for 18 MHz, the others not). */
static uint32_t nearest(uint32_t khz)
{
  uint32_t best = 0;
  uint32_t off = ~0u;
  for (uint32_t i = 0; i < COUNT(CRYSTALS); i++) {
    uint32_t at = CRYSTALS[i].mhz * 1000u;
    uint32_t distance = at > khz ? at - khz : khz - at;
    if (distance < off) {
      off = distance;
      best = i;
    }
  }
  return best;
}

bool usb_clock_init(void)
{
  HSE_TIMER_ENR |= HSE_TIMER_EN;
  (void)HSE_TIMER_ENR;
  if (hse_start(&RCC_CR, CR_HSEON, CR_HSERDY, HSE_TIMER, TIMER_KHZ, HSE_TIMEOUT_US)) {
    uint32_t khz = measure_hse();
    if (khz != 0) {
      uint32_t i = nearest(khz);
      sysclk_from_hsi();
      RCC_CR |= CR_CSSON; /* a crystal that fails later means a reset: nmi_interrupt */
      RCC_CFGR2 = CRYSTALS[i].div - 1u;
      pll(CFGR_PLLSRC_HSE | CFGR_PLLMUL(CRYSTALS[i].mul));
#if defined F3
      RCC_CFGR |= CFGR_USBPRE;
#else
      RCC_CFGR3 |= CFGR3_USBSW;
#endif
      return true;
    }
  }
  RCC_CR &= ~CR_HSEON;
  return false;
}
#elif HAS_USB
bool usb_clock_init(void)
{
  RCC_CFGR3 &= ~CFGR3_USBSW;
  RCC_APB1ENR |= APB1_CRS;
  (void)RCC_APB1ENR; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_CFGR_SYNCSRC_USB;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}
#endif

void clocks_restore(void)
{
  sysclk_from_hsi();
  RCC_CR = (RCC_CR & ~(CR_HSITRIM | CR_HSEON | CR_CSSON)) | CR_HSITRIM_RESET;
#if HAS_HSI48
  RCC_CR2 &= ~CR2_HSI48ON;
#endif
  RCC_CFGR = 0;
  FLASH_ACR &= ~ACR_LATENCY;
}

/* AN2606: with the clock security system on, a failing crystal resets. */
void nmi_interrupt(void)
{
  if (USB_FROM_HSE && (RCC_CIR & CIR_CSSF))
    system_reset();
  unexpected_exception();
}
