/*
 * The state that the caller leaves behind. AN2606 4.1 says that the ROM does not enable interrupts for its caller; everything else here
 * is undocumented and therefore an option. Each option is asked for only when the state would make a difference. The stack pointer is
 * used as it comes (ASSUMED): a reset or the caller has loaded it from the vector table.
 */
#include "rom.h"
#include "cortex_m.h"
#include "options.h"
#include "rom_core.h"

#define NVIC_WORDS ((IRQ_COUNT + 31u) / 32u)

static void masks(void)
{
  if (READ_SPECIAL(primask) && rom_option(OPTION_PRIMASK) == PRIMASK_CLEARS)
    WRITE_SPECIAL(primask, 0);
#if CORE_V7M
  if (READ_SPECIAL(faultmask) && rom_option(OPTION_FAULTMASK) == FAULTMASK_CLEARS)
    WRITE_SPECIAL(faultmask, 0);
  if (READ_SPECIAL(basepri) && rom_option(OPTION_BASEPRI) == BASEPRI_CLEARS)
    WRITE_SPECIAL(basepri, 0);
#endif
}

static void nvic(void)
{
  uint32_t enabled = 0;
  uint32_t pending = SCB_ICSR & (ICSR_PENDSTSET | ICSR_PENDSVSET);
  for (uint32_t n = 0; n < NVIC_WORDS; n++) {
    enabled |= NVIC_ISER(n);
    pending |= NVIC_ISPR(n);
  }
  if (enabled && rom_option(OPTION_NVIC_ENABLED) == NVIC_ENABLED_CLEARS)
    for (uint32_t n = 0; n < NVIC_WORDS; n++)
      NVIC_ICER(n) = 0xFFFFFFFFu;
  if (pending && rom_option(OPTION_NVIC_PENDING) == NVIC_PENDING_CLEARS) {
    SCB_ICSR = ICSR_PENDSTCLR | ICSR_PENDSVCLR;
    for (uint32_t n = 0; n < NVIC_WORDS; n++)
      NVIC_ICPR(n) = 0xFFFFFFFFu;
  }
}

/*
 * AN2606: SysTick measures the host's baud rate, which is LEFT OUT; so a stopped one stays as it is. A running one: `uses` makes it a free-running
 * counter without its exception (ASSUMED), `off` stops it, `keeps` lets it go on.
 */
static void systick(void)
{
  bool live = (SYST_CSR & SYST_CSR_ENABLE) || (SCB_ICSR & ICSR_PENDSTSET);
  if (!live)
    return;
  uint32_t choice = rom_option(OPTION_SYSTICK);
  if (choice == SYSTICK_KEEPS)
    return;
  SYST_CSR = 0;
  SCB_ICSR = ICSR_PENDSTCLR;
  if (choice == SYSTICK_USES) {
    SYST_RVR = SYST_MAX;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_ENABLE;
  }
}

/* Where exceptions find the ROM's handlers. VTOR = 0 with the ROM there would serve, too: after leave it makes a difference. */
static void vectors(void)
{
#if CORE_V7M || HAS_VTOR
  if (SCB_VTOR != ROM_BASE && rom_option(OPTION_VTOR) == VTOR_SETS) {
    SCB_VTOR = ROM_BASE;
    BARRIER();
  }
#endif
#if HAS_REMAP
  bool from_zero = true;
#if CORE_V7M || HAS_VTOR
  from_zero = SCB_VTOR == 0;
#endif
  if (from_zero && !rom_is_at_zero() && rom_option(OPTION_REMAP) == REMAP_SETS) {
    map_rom_at_zero();
    BARRIER();
  }
#endif
}

#if CORE_V8M
static void stack_limits(void)
{
  uint32_t own = READ_SPECIAL(msplim);
  uint32_t process = READ_SPECIAL(control) & BIT(1) ? READ_SPECIAL(psplim) : 0;
  if ((own | process) && rom_option(OPTION_MSPLIM) == MSPLIM_CLEARS) {
    WRITE_SPECIAL(msplim, 0);
    WRITE_SPECIAL(psplim, 0);
  }
}
#endif

void inherited_state(void)
{
#if CORE_V8M
  stack_limits();
#endif
  masks();
#if CORE_V7M || HAS_VTOR
  if ((MPU_CTRL & 1u) && rom_option(OPTION_MPU) == MPU_CLEARS) {
    MPU_CTRL = 0;
    BARRIER();
  }
#endif
  systick();
  nvic();
  vectors();
  inherited_caches();
}
