/*
 * L476 V10.x (AN2606 Table 168): 24 MHz from the PLL fed by HSI16. USB's 48 MHz: MSI trimmed by LSE if there is one, else HSE, whose value
 * is measured with TIM17; then the system runs from HSE too. WB: the PLL is fed by MSI (Table 183). L496 (Table 172): 72 MHz from the PLL fed by HSI16, USB from HSI48 with CRS; so do the others,
 * at what the profile says.
 * The voltage range is left as it is (AN2606: DFU does not work in range 2).
 */
#include "rom.h"
#include "../common/hse.h"
#include "regs.h"
#include "../common/clock_steps.h"
#include "../common/interfaces.h"

#if defined ROM_PLL
#define PLL_OWN ((CHIP_WB ? PLLCFGR_SRC_MSI : PLLCFGR_SRC_HSI) | PLLCFGR_REN | ROM_PLL)
#define LATENCY ROM_LATENCY
#elif HAS_HSI48
#define PLL_OWN (PLLCFGR_SRC_HSI | PLLCFGR_M(2) | PLLCFGR_N(18) | PLLCFGR_R(2) | PLLCFGR_REN) /* 16 / 2 x 18 / 2 = 72 MHz */
#define LATENCY 4u                                                                            /* ASSUMED: what range 1 asks for at 72 MHz */
#else
#define PLL_OWN (PLLCFGR_SRC_HSI | PLLCFGR_M(2) | PLLCFGR_N(24) | PLLCFGR_R(8) | PLLCFGR_REN) /* 16 / 2 x 24 / 8 = 24 MHz */
#define LATENCY 3u                                                                            /* ASSUMED: enough in both voltage ranges */
#define SYSCLK_KHZ 24000u
/* AN2606 Table 227: the start-up without LSE is 2.5 s longer than with it. Rounds of about seven cycles at 24 MHz. */
#define LSE_ROUNDS 8840000u
#endif

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
#if HAS_TABLES
  interfaces_reset();
  reset_pulse(&RCC_APB1RSTR1, APB1_CRS | (USB_FSDEV ? APB1_USB : 0));
#else
  reset_pulse(&RCC_APB1RSTR1, APB1_SPI2 | APB1_USART2 | APB1_USART3 | APB1_I2C1 | APB1_I2C2 | APB1_I2C3 | (HAS_HSI48 ? APB1_CRS : 0));
  reset_pulse(&RCC_APB2RSTR, APB2_SPI1 | APB2_USART1 | APB2_TIM17);
#endif
  if (!USB_FSDEV)
    reset_pulse(&RCC_AHB2RSTR, AHB2_OTGFS);
}

#if HAS_MSI
static void msi_4mhz(void)
{
  RCC_CR |= CR_MSION;
  wait_for(&RCC_CR, CR_MSIRDY, CR_MSIRDY);
  RCC_CR = (RCC_CR & ~(CR_MSIRANGE | CR_MSIPLLEN)) | CR_MSIRANGE_4M | CR_MSIRGSEL;
  select_sysclk(SW_MSI);
}
#endif

/* From the oscillator behind the PLL: HSI16, on WB MSI. */
static void sysclk_from_start(void)
{
#if CHIP_WB
  msi_4mhz();
#else
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
#endif
  RCC_CR &= ~(CR_PLLON | CR_PLLSAI1ON | CR_PLLSAI2ON);
  wait_for(&RCC_CR, CR_PLLRDY, 0);
}

static void voltage(void)
{
  RCC_APB1ENR1 |= APB1_PWR;
  (void)RCC_APB1ENR1;
  if ((PWR_CR1 & CR1_VOS) != CR1_VOS_RANGE_1 && rom_option(OPTION_VOS) == VOS_SETS) {
    PWR_CR1 = (PWR_CR1 & ~CR1_VOS) | CR1_VOS_RANGE_1;
    wait_for(&PWR_SR2, SR2_VOSF, 0);
  }
}

static void prescalers(void)
{
  if ((RCC_CFGR & CFGR_PRESCALERS) && rom_option(OPTION_PRESCALERS) == PRESCALERS_SETS)
    RCC_CFGR &= ~CFGR_PRESCALERS;
}

static void pll(uint32_t config)
{
  RCC_PLLCFGR = config;
  RCC_CR |= CR_PLLON;
  if (wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY))
    select_sysclk(SW_PLL);
}

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own)
    sysclk_from_start();
  voltage();
  flash_latency(LATENCY);
  prescalers();
  if (own)
    pll(PLL_OWN);
}

#if HAS_HSI48
bool usb_clock_init(void)
{
  uint32_t ready = CRRCR_HSI48ON | CRRCR_HSI48RDY;
  if ((RCC_CRRCR & ready) != ready && rom_option(OPTION_HSI48) == HSI48_SETS) {
    RCC_CRRCR |= CRRCR_HSI48ON;
    wait_for(&RCC_CRRCR, CRRCR_HSI48RDY, CRRCR_HSI48RDY);
  }
  RCC_CCIPR = (RCC_CCIPR & ~CCIPR_CLK48SEL) | CLK48SEL_HSI48;
  RCC_APB1ENR1 |= APB1_CRS;
  (void)RCC_APB1ENR1; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_CFGR_SYNCSRC_USB;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}
#else
static bool lse_ready(void)
{
  if (RCC_BDCR & BDCR_LSERDY)
    return true;
  PWR_CR1 |= CR1_DBP;
  RCC_BDCR |= BDCR_LSEON;
  if (wait_rounds(&RCC_BDCR, BDCR_LSERDY, BDCR_LSERDY, LSE_ROUNDS))
    return true;
  RCC_BDCR &= ~BDCR_LSEON;
  return false;
}

static bool usb_from_msi(void)
{
  RCC_CR |= CR_MSION;
  wait_for(&RCC_CR, CR_MSIRDY, CR_MSIRDY);
  RCC_CR = (RCC_CR & ~CR_MSIRANGE) | CR_MSIRANGE_48M | CR_MSIRGSEL;
  RCC_CR |= CR_MSIPLLEN;
  RCC_CCIPR = (RCC_CCIPR & ~CCIPR_CLK48SEL) | CLK48SEL_MSI;
  return wait_for(&RCC_CR, CR_MSIRDY, CR_MSIRDY);
}

/* VCO 192 MHz for all: R = 8 gives 24 MHz, Q = 4 gives 48 MHz. 9 MHz stands in brackets in AN2606 and has no such pair. */
static const struct {
  uint8_t mhz, m, n;
} CRYSTALS[] = { { 24, 6, 48 }, { 20, 5, 48 }, { 18, 3, 32 }, { 16, 4, 48 }, { 12, 3, 48 }, { 8, 2, 48 }, { 6, 1, 32 }, { 4, 1, 48 } };

static uint32_t measure_hse(void)
{
  TIM17_OR1 = OR1_TI1_HSE_32;
  return hse_mhz(TIM17, SYSCLK_KHZ, 32);
}

static bool usb_from_hse(void)
{
  RCC_APB2ENR |= APB2_TIM17;
  (void)RCC_APB2ENR;
  uint32_t mhz = hse_start(&RCC_CR, CR_HSEON, CR_HSERDY, TIM17, SYSCLK_KHZ, HSE_TIMEOUT_US) ? measure_hse() : 0;
  RCC_APB2ENR &= ~APB2_TIM17;
  for (uint32_t i = 0; i < sizeof CRYSTALS / sizeof *CRYSTALS; i++) {
    if (CRYSTALS[i].mhz != mhz)
      continue;
    sysclk_from_start();
    RCC_CR |= CR_CSSON; /* a crystal that fails later means a reset: nmi_interrupt */
    pll(PLLCFGR_SRC_HSE | PLLCFGR_M(CRYSTALS[i].m) | PLLCFGR_N(CRYSTALS[i].n) | PLLCFGR_R(8) | PLLCFGR_REN | PLLCFGR_Q(4) | PLLCFGR_QEN);
    RCC_CCIPR = (RCC_CCIPR & ~CCIPR_CLK48SEL) | CLK48SEL_PLLQ;
    return true;
  }
  RCC_CR &= ~CR_HSEON; /* a value that the ROM cannot use */
  return false;
}

bool usb_clock_init(void)
{
  return lse_ready() ? usb_from_msi() : usb_from_hse();
}
#endif

/* The crystal has to be there (AN2606: HSE, when CAN is selected); the stand-in goes on from what it runs on (ASSUMED: the same rate). */
bool can_clock_init(void)
{
  RCC_CR |= CR_HSEON;
  return wait_for(&RCC_CR, CR_HSERDY, CR_HSERDY);
}

void clocks_restore(void)
{
#if HAS_MSI
  msi_4mhz();
  RCC_CR &= ~(CR_PLLON | CR_HSION | CR_HSEON | CR_CSSON);
#else
  select_sysclk(SW_HSI);
  RCC_CR &= ~(CR_PLLON | CR_HSEON | CR_CSSON);
#endif
  wait_for(&RCC_CR, CR_PLLRDY, 0);
  RCC_PLLCFGR = PLLCFGR_RESET;
  RCC_CFGR = CFGR_RESET;
  RCC_CCIPR &= ~CCIPR_CLK48SEL;
#if HAS_HSI48
  RCC_CRRCR &= ~CRRCR_HSI48ON;
#endif
  FLASH_ACR &= ~ACR_LATENCY;
}

/* AN2606: with the clock security system on, a failing crystal resets. */
void nmi_interrupt(void)
{
  if (RCC_CIFR & CIFR_CSSF)
    system_reset();
  unexpected_exception();
}
