/*
 * AN2606 Table 135: 64 MHz from HSI, HSI48 trimmed by CRS for USB, voltage range 3. H72x (Table 133): 66 MHz from the PLL on HSI. 20 MHz for FDCAN from PLL1Q.
 */
#include "rom.h"
#include "../common/options.h"
#include "../common/rom_core.h"
#include "regs.h"

#if defined CHIP_H723
#define CRS_SOURCE CRS_CFGR_SYNCSRC_USB1
#else
#define CRS_SOURCE CRS_CFGR_SYNCSRC_USB2
#endif
#define LATENCY_64MHZ (1u | 1u << 4) /* VOS3: 1 wait state, WRHIGHFREQ 1 */

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  reset_pulse(&RCC_AHB1RSTR, AHB1_USBOTG);
  reset_pulse(&RCC_APB1LRSTR, APB1L_SPI2 | APB1L_SPI3 | APB1L_USART2 | APB1L_USART3 | APB1L_I2C1 | APB1L_I2C2 | APB1L_I2C3);
  reset_pulse(&RCC_APB1HRSTR, APB1H_CRS);
  reset_pulse(&RCC_APB2RSTR, APB2_SPI1 | APB2_SPI4 | APB2_USART1);
}

static void sysclk_from_hsi(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  RCC_CR &= ~CR_HSIDIV;
  wait_for(&RCC_CR, CR_HSIDIVF, CR_HSIDIVF);
  RCC_CFGR = (RCC_CFGR & ~CFGR_SW) | SW_HSI;
  wait_for(&RCC_CFGR, CFGR_SWS, SW_HSI << 3);
  RCC_CR &= ~(CR_PLL1ON | CR_PLL2ON | CR_PLL3ON);
  wait_for(&RCC_CR, CR_PLL1RDY, 0);
}

static void voltage(void)
{
  if ((PWR_D3CR & D3CR_VOS) == D3CR_VOS3 || rom_option(OPTION_VOS) != VOS_SETS)
    return;
  RCC_APB4ENR |= APB4_SYSCFG;
  (void)RCC_APB4ENR;
  SYSCFG_PWRCR &= ~PWRCR_ODEN; /* VOS0 ends first */
  wait_for(&PWR_D3CR, D3CR_VOSRDY, D3CR_VOSRDY);
  PWR_D3CR = (PWR_D3CR & ~D3CR_VOS) | D3CR_VOS3;
  wait_for(&PWR_D3CR, D3CR_VOSRDY, D3CR_VOSRDY);
}

static void prescalers(void)
{
  uint32_t set = (RCC_D1CFGR & D1CFGR_PRESCALERS) | (RCC_D2CFGR & D2CFGR_PRESCALERS) | (RCC_D3CFGR & D3CFGR_PRESCALERS);
  if (!set || rom_option(OPTION_PRESCALERS) != PRESCALERS_SETS)
    return;
  RCC_D1CFGR &= ~D1CFGR_PRESCALERS;
  RCC_D2CFGR &= ~D2CFGR_PRESCALERS;
  RCC_D3CFGR &= ~D3CFGR_PRESCALERS;
}

static void flash_latency(void)
{
  if ((FLASH_ACR & ACR_LATENCY_AND_WRHIGHFREQ) != LATENCY_64MHZ && rom_option(OPTION_FLASH_LATENCY) == FLASH_LATENCY_SETS) {
    FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY_AND_WRHIGHFREQ) | LATENCY_64MHZ;
    wait_for(&FLASH_ACR, ACR_LATENCY_AND_WRHIGHFREQ, LATENCY_64MHZ);
  }
}

#if defined CHIP_H723
/* 64 / 32 = 2 MHz, x 330 = 660 MHz: P 66 MHz, Q 20 MHz. */
static void pll_66mhz(void)
{
  RCC_PLLCKSELR = (RCC_PLLCKSELR & ~PLLCKSELR_DIVM1) | PLLCKSELR_M(32u);
  RCC_PLLCFGR = (RCC_PLLCFGR & ~PLLCFGR_PLL1) | PLLCFGR_PLL1_2MHZ;
  RCC_PLL1DIVR = PLL1DIVR(330u, 10u, 33u);
  RCC_CR |= CR_PLL1ON;
  if (wait_for(&RCC_CR, CR_PLL1RDY, CR_PLL1RDY)) {
    RCC_CFGR = (RCC_CFGR & ~CFGR_SW) | SW_PLL1;
    wait_for(&RCC_CFGR, CFGR_SWS, SW_PLL1 << 3);
  }
}
#endif

void clocks_init(void)
{
  bool own = rom_option(OPTION_SYSCLK) == SYSCLK_SETS;
  if (own)
    sysclk_from_hsi();
  prescalers();
  flash_latency();
  voltage();
#if defined CHIP_H723
  if (own)
    pll_66mhz();
#endif
}

bool usb_clock_init(void)
{
  uint32_t ready = CR_HSI48ON | CR_HSI48RDY;
  if ((RCC_CR & ready) != ready && rom_option(OPTION_HSI48) == HSI48_SETS) {
    RCC_CR |= CR_HSI48ON;
    wait_for(&RCC_CR, CR_HSI48RDY, CR_HSI48RDY);
  }
  RCC_D2CCIP2R = (RCC_D2CCIP2R & ~D2CCIP2R_USBSEL) | USBSEL_HSI48;
  RCC_APB1HENR |= APB1H_CRS;
  (void)RCC_APB1HENR; /* the clock is on when the enable bit has been read back */
  CRS_CFGR = (CRS_CFGR & ~CRS_CFGR_SYNCSRC) | CRS_SOURCE;
  CRS_CR |= CRS_CR_AUTOTRIMEN | CRS_CR_CEN;
  return true;
}

/* 64 / 16 = 4 MHz, x 100 = 400 MHz: Q 20 MHz. ASSUMED: where SYSCLK does not come from the PLL it starts once FDCAN is chosen. */
bool can_clock_init(void)
{
#if !defined CHIP_H723
  RCC_PLLCKSELR = (RCC_PLLCKSELR & ~PLLCKSELR_DIVM1) | PLLCKSELR_M(16u);
  RCC_PLLCFGR = (RCC_PLLCFGR & ~PLLCFGR_PLL1) | PLLCFGR_PLL1_4MHZ;
  RCC_PLL1DIVR = PLL1DIVR(100u, 2u, 20u);
  RCC_CR |= CR_PLL1ON;
  if (!wait_for(&RCC_CR, CR_PLL1RDY, CR_PLL1RDY))
    return false;
#endif
  RCC_D2CCIP1R = (RCC_D2CCIP1R & ~D2CCIP1R_FDCANSEL) | FDCANSEL_PLL1Q;
  return true;
}

void clocks_restore(void)
{
  sysclk_from_hsi(); /* HSI at 64 MHz is what a reset leaves; so is VOS3 */
  FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY_AND_WRHIGHFREQ) | ACR_RESET;
}

/*
 * Reported (STM32CubeH7 issue 103): the jump fails if the kernel clocks of USART, SPI or I2C were changed. ASSUMED how: the ROM waits for the
 * transmitter of its USART, which never answers when the chosen clock does not run.
 */
void kernel_clocks(void)
{
  uint32_t changed = (RCC_D2CCIP1R & D2CCIP1R_SPI) | (RCC_D2CCIP2R & D2CCIP2R_USART_I2C);
  if (!changed)
    return;
  if (rom_option(OPTION_KERNEL_CLOCKS) == KERNEL_CLOCKS_SETS) {
    RCC_D2CCIP1R &= ~D2CCIP1R_SPI;
    RCC_D2CCIP2R &= ~D2CCIP2R_USART_I2C;
    return;
  }
  RCC_APB1LENR |= APB1L_USART2;
  RCC_APB2ENR |= APB2_USART1;
  (void)RCC_APB2ENR;
  static const uint32_t USART[] = { USART1, USART2 };
  for (uint32_t i = 0; i < sizeof USART / sizeof *USART; i++) {
    USART_CR1(USART[i]) = USART_CR1_TE | USART_CR1_UE;
    while (!(USART_ISR(USART[i]) & USART_ISR_TEACK))
      iwdg_refresh();
    USART_CR1(USART[i]) = 0;
  }
}

/* This ROM uses no crystal and no clock security system. */
void nmi_interrupt(void)
{
  unexpected_exception();
}
