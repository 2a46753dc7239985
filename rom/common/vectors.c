/* The vector table at the documented address, and what runs for a vector that the ROM does not expect. */
#include "rom.h"
#include "cortex_m.h"
#include "options.h"
#include "rom_core.h"

extern uint8_t rom_stack_top[];

void system_reset(void)
{
  BARRIER();
  SCB_AIRCR = AIRCR_SYSRESETREQ;
  for (;;)
    ;
}

void unexpected_exception(void)
{
  switch (rom_option(OPTION_UNEXPECTED_EXCEPTION)) {
  case UNEXPECTED_EXCEPTION_RESETS:
    system_reset();
  case UNEXPECTED_EXCEPTION_RETURNS:
    return;
  default:
    for (;;)
      ;
  }
}

typedef void (*vector)(void);
#define U unexpected_exception

__attribute__((section(".vectors"), used)) static const vector vectors[16 + IRQ_COUNT] = {
  [0] = (vector)rom_stack_top,
  [1] = rom_entry,
  [2] = nmi_interrupt,
  [3] = U, /* HardFault */
#if CORE_V7M
  [4] = U, [5] = U, [6] = U, /* MemManage, BusFault, UsageFault */
#if CORE_V8M
  [7] = U, /* SecureFault */
#endif
  [12] = U,                  /* DebugMonitor */
#endif
  [11] = U, /* SVCall */
  [14] = U, /* PendSV */
  [15] = U, /* SysTick */
#if HAS_USB
  [16 ... 16 + USB_IRQ - 1] = U,
  [16 + USB_IRQ] = usb_interrupt,
#if USB_IRQ + 1 < IRQ_COUNT
  [16 + USB_IRQ + 1 ... 16 + IRQ_COUNT - 1] = U,
#endif
#else
  [16 ... 16 + IRQ_COUNT - 1] = U,
#endif
};
