/*
 * AN2606 Table 47: 24 MHz from the PLL on HSI. Then the ROM finds the crystal by trial (AN2662 figure 52): the clock tree is set for 25, 14.7456 and 8 MHz in turn until a host's
 * start of frame is seen, twice; after six trials the chip is reset.
 */
#include "rom.h"
#include "regs.h"
#include "../common/clock_steps.h"
#include "../common/interfaces.h"

#define LATENCY 0u /* what 24 MHz needs */
#define LATENCY_48MHZ 1u

/* "De-init system": the blocks that the ROM is going to use start from reset. Others stay as they are (ASSUMED). */
void clocks_deinit(void)
{
  interfaces_reset();
  reset_pulse(&RCC_AHBRSTR, AHB_OTGFS);
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

/*
 * Rounds of the loop below, 34 cycles each, at 48 MHz: a slower crystal makes a trial longer. The times are fitted to AN2606 Table 229, 460, 4500 and 13700 ms for the three
 * crystals: 4040 = T1 x 25 / 14.7456, 13240 = T1 x 25 / 8 + T2 x 14.7456 / 8.
 */
#define ROUNDS_OF_MS(ms) ((ms) * 1412u)
static const struct trial {
  uint32_t cfgr2, pllmul, rounds;
} TRIALS[] = {
  /* 25 / 5 x 8 / 5 x 6 = 48 MHz */
  { CFGR2_PREDIV2(5) | CFGR2_PLL2MUL(8) | CFGR2_PREDIV1(5) | CFGR2_PREDIV1SRC_PLL2, CFGR_PLLMUL_BITS(4), ROUNDS_OF_MS(2383u) },
  /* 14.7456 / 4 x 12 / 6 x 6.5 = 47.92 MHz */
  { CFGR2_PREDIV2(4) | CFGR2_PLL2MUL(12) | CFGR2_PREDIV1(6) | CFGR2_PREDIV1SRC_PLL2, CFGR_PLLMUL_BITS(13), ROUNDS_OF_MS(3143u) },
  /* 8 x 6 = 48 MHz */
  { CFGR2_PREDIV1(1), CFGR_PLLMUL_BITS(4), ROUNDS_OF_MS(2383u) },
};

static void sysclk_from_hsi(void)
{
  select_sysclk(SW_HSI);
  RCC_CR &= ~(CR_PLLON | CR_PLL2ON);
  wait_for(&RCC_CR, CR_PLLRDY | CR_PLL2RDY, 0);
}

static void clock_tree(const struct trial *t)
{
  sysclk_from_hsi();
  RCC_CFGR2 = t->cfgr2;
  if (t->cfgr2 & CFGR2_PREDIV1SRC_PLL2) {
    RCC_CR |= CR_PLL2ON;
    wait_for(&RCC_CR, CR_PLL2RDY, CR_PLL2RDY);
  }
  FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY) | LATENCY_48MHZ;
  RCC_CFGR = (RCC_CFGR & ~CFGR_PLL) | CFGR_PLLSRC | t->pllmul | CFGR_OTGFSPRE | CFGR_PPRE1_2;
  RCC_CR |= CR_PLLON;
  if (wait_for(&RCC_CR, CR_PLLRDY, CR_PLLRDY))
    select_sysclk(SW_PLL);
}

/*
 * AN2606 Table 47: VBUS on PA9; while it is low the USB is left alone. Here the core's own comparator behind that pin is asked (ASSUMED to be the same).
 * Written only on a change: an idle loop leaves no trace.
 */
bool usb_cable(void)
{
  if (!(RCC_AHBENR & AHB_OTGFS)) {
    RCC_AHBENR |= AHB_OTGFS;
    (void)RCC_AHBENR;
  }
  if (REG(USB_BASE + 0x38u) != USB_GCCFG)
    REG(USB_BASE + 0x38u) = USB_GCCFG;
  return OTG_GOTGCTL & GOTG_BSVLD;
}

/* A frame of the host has been understood. */
static bool frames_come(uint32_t rounds)
{
  bool seen = false;
  usb_start();
  OTG_GINTSTS = GINT_SOF;
  for (; rounds && !seen; rounds--) {
    iwdg_refresh();
    seen = OTG_GINTSTS & GINT_SOF;
  }
  usb_stop();
  return seen;
}

bool usb_clock_init(void)
{
  RCC_CR |= CR_HSEON;
  if (!wait_for(&RCC_CR, CR_HSERDY, CR_HSERDY))
    return false;
  for (uint32_t i = 0; i < 2u * (sizeof TRIALS / sizeof *TRIALS); i++) {
    const struct trial *t = &TRIALS[i % (sizeof TRIALS / sizeof *TRIALS)];
    clock_tree(t);
    if (frames_come(t->rounds)) {
      RCC_CR |= CR_CSSON;
      return true;
    }
  }
  return false;
}

void clocks_restore(void)
{
  RCC_CR |= CR_HSION;
  wait_for(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
  select_sysclk(SW_HSI);
  RCC_CR &= ~(CR_PLLON | CR_HSEON | CR_CSSON | CR_PLL2ON);
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
