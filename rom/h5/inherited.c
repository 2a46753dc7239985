/*
 * The state that the caller leaves behind. AN2606 4.1 says that the ROM does not enable interrupts for its caller; everything else here
 * is undocumented and therefore an option. Each option is asked for only when the state would make a difference. The stack pointer is
 * used as it comes (ASSUMED): a reset or the caller has loaded it from the vector table.
 */
#include "../common/options.h"
#include "regs.h"
#include "rom.h"

static void masks(void)
{
  if (READ_SPECIAL(primask) && rom_option(OPTION_PRIMASK) == CLEARS_1)
    WRITE_SPECIAL(primask, 0);
  if (READ_SPECIAL(faultmask) && rom_option(OPTION_FAULTMASK) == CLEARS_1)
    WRITE_SPECIAL(faultmask, 0);
  if (READ_SPECIAL(basepri) && rom_option(OPTION_BASEPRI) == CLEARS_1)
    WRITE_SPECIAL(basepri, 0);
}

static void stack_limits(void)
{
  uint32_t own = READ_SPECIAL(msplim);
  uint32_t process = READ_SPECIAL(control) & BIT(1) ? READ_SPECIAL(psplim) : 0;
  if ((own | process) && rom_option(OPTION_MSPLIM) == CLEARS_1) {
    WRITE_SPECIAL(msplim, 0);
    WRITE_SPECIAL(psplim, 0);
  }
}

static void nvic(void)
{
  uint32_t enabled = 0;
  uint32_t pending = SCB_ICSR & (ICSR_PENDSTSET | ICSR_PENDSVSET);
  for (uint32_t n = 0; n < NVIC_WORDS; n++) {
    enabled |= NVIC_ISER(n);
    pending |= NVIC_ISPR(n);
  }
  if (enabled && rom_option(OPTION_NVIC_ENABLED) == CLEARS_1)
    for (uint32_t n = 0; n < NVIC_WORDS; n++)
      NVIC_ICER(n) = 0xFFFFFFFFu;
  if (pending && rom_option(OPTION_NVIC_PENDING) == CLEARS_1) {
    SCB_ICSR = ICSR_PENDSTCLR | ICSR_PENDSVCLR;
    for (uint32_t n = 0; n < NVIC_WORDS; n++)
      NVIC_ICPR(n) = 0xFFFFFFFFu;
  }
}

static void systick(void)
{
  /* A stopped SysTick is the same with `off` and `keeps`; `uses` starts it either way. */
  uint32_t choice = rom_option(OPTION_SYSTICK);
  if (choice == SYSTICK_OFF) {
    SYST_CSR = 0;
    SCB_ICSR = ICSR_PENDSTCLR;
  } else if (choice == SYSTICK_USES) {
    systick_tick();
    SYST_RVR = 200000u - 1u; /* 1 ms at the ROM's 200 MHz */
    SYST_CVR = 0;
    SYST_CSR = 7;
  }
}

static void caches(void)
{
  if ((ICACHE_CR & CACHE_EN) && rom_option(OPTION_ICACHE) == CLEARS_1)
    icache_off();
  if ((RCC_AHB1ENR & AHB1ENR_DCACHEEN) && (DCACHE_CR & CACHE_EN) && rom_option(OPTION_DCACHE) == CLEARS_1)
    DCACHE_CR &= ~CACHE_EN;
}

void inherited_state(void)
{
  stack_limits();
  masks();
  if ((MPU_CTRL & 1u) && rom_option(OPTION_MPU) == CLEARS_1) {
    MPU_CTRL = 0;
    BARRIER();
  }
  systick();
  nvic();
  if (SCB_VTOR != ROM_BASE && rom_option(OPTION_VTOR) == SETS_0) {
    SCB_VTOR = ROM_BASE;
    BARRIER();
  }
  caches();
}

bool icache_off(void)
{
  if (!(ICACHE_CR & CACHE_EN))
    return false;
  ICACHE_CR &= ~CACHE_EN;
  wait_for(&ICACHE_CR, CACHE_EN, 0);
  wait_for(&ICACHE_SR, CACHE_BUSYF, 0); /* switching it off starts an invalidation */
  return true;
}

void icache_restore(bool was_on)
{
  if (was_on)
    ICACHE_CR |= CACHE_EN;
}
