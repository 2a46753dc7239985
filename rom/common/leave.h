/*
 * The ways out: the start of a program, with or without what this ROM puts back before it. They stand below everything that may leave (course.h, rom_core.h) and call
 * nothing of it. start.c includes this at its end: as one unit with it the compiler lays the images out as they were.
 */
#include "rom.h"
#include "cortex_m.h"
#include "course.h"
#include "memory.h"
#include "options.h"
#include "rom_core.h"

/* Resets if there is no program that can run (AN2662). */
__attribute__((noreturn)) static void start_program(uint32_t vectors, bool own_vectors)
{
  if ((vectors & 3u) || !chip_code_valid(vectors | 1u))
    system_reset();
  uint32_t sp = REG(vectors);
  uint32_t pc = REG(vectors + 4u);
  if (!chip_stack_valid(sp) || !(pc & 1u) || !chip_code_valid(pc))
    system_reset();
#if CORE_V7M || HAS_VTOR
  if (own_vectors)
    SCB_VTOR = vectors;
#else
  (void)own_vectors;
#endif
  BARRIER();
#if CORE_V8M
  WRITE_SPECIAL(msplim, 0);
#endif
  WRITE_SPECIAL(control, 0);
  __asm volatile(
    "msr msp, %0\n\t"
    "bx %1"
    ::"r"(sp), "r"(pc) : "memory");
  __builtin_unreachable();
}

void boot_from(uint32_t vectors)
{
  start_program(vectors, true);
}

/* G0 is reported to leave its FLASH unlocked, G4 to leave error flags in FLASH_SR. */
static void flash_hand_over(void)
{
  uint32_t choice = rom_option(OPTION_LEAVE_FLASH);
  if (choice == LEAVE_FLASH_UNLOCKED)
    flash_unlock();
  else if (choice == LEAVE_FLASH_ERRORS)
    flash_provoke_error();
}

/* Each option is asked for only where the state differs. */
void leave_to(uint32_t vectors)
{
  bool own_vectors = false;
#if HAS_USB
  usb_stop();
#endif
  resources_leave();
  if (rom_option(OPTION_LEAVE_CLOCKS) == LEAVE_CLOCKS_RESTORES)
    clocks_restore();
  if (memory_flash_was_opened)
    flash_hand_over();
#if HAS_REMAP
  if (rom_is_at_zero() && rom_option(OPTION_LEAVE_REMAP) == LEAVE_REMAP_RESTORES)
    map_flash_at_zero();
#endif
#if CORE_V7M || HAS_VTOR
  own_vectors = SCB_VTOR != vectors && rom_option(OPTION_LEAVE_VTOR) == LEAVE_VTOR_SETS;
#endif
  start_program(vectors, own_vectors);
}
