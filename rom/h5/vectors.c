/* The vector table at the documented address, and what runs for a vector that the ROM does not expect. */
#include "../common/options.h"
#include "regs.h"
#include "rom.h"

extern uint8_t rom_stack_top[];
void rom_entry(void);

void system_reset(void)
{
  __asm volatile("dsb" ::: "memory");
  SCB_AIRCR = AIRCR_SYSRESETREQ;
  for (;;)
    ;
}

static void unexpected_exception(void)
{
  switch (rom_option(OPTION_UNEXPECTED_EXCEPTION)) {
  case UNEXPECTED_RESETS:
    system_reset();
  case UNEXPECTED_RETURNS:
    return;
  default:
    for (;;)
      ;
  }
}

static bool systick_used;

void systick_tick(void)
{
  systick_used = true;
}

static void systick_handler(void)
{
  /* With `systick` = uses the tick only paces the ROM: it has nothing to do. */
  if (!systick_used)
    unexpected_exception();
}

typedef void (*vector)(void);

#define U unexpected_exception
#define U8 U, U, U, U, U, U, U, U
#define U64 U8, U8, U8, U8, U8, U8, U8, U8

/* 16 system exceptions, 133 interrupts. */
__attribute__((section(".vectors"), used)) static const vector vectors[16 + 133] = {
  (vector)rom_stack_top, rom_entry,
  U, U, U, U, U, U, /* NMI, HardFault, MemManage, BusFault, UsageFault, SecureFault */
  0, 0, 0,
  U, U, 0, U,       /* SVCall, DebugMonitor, reserved, PendSV */
  systick_handler,
  U64, U8, U, U,    /* interrupts 0 to 73 */
  usb_drd_interrupt,
  U8, U8, U8, U8, U8, U8, U8, U, U /* 75 to 132 */
};
_Static_assert(sizeof vectors == 149 * 4, "vector table");
