/* Entry from reset or from a jump, the detection loop (AN2606, selection figures), and the ways out. */
#include "rom.h"
#include "cortex_m.h"
#include "dfu.h"
#include "options.h"
#include "rom_core.h"
#include "usb_device.h"
#include "course.h"

/* CONTROL is changed here, before anything lies on a stack: with SPSEL cleared the code below runs on MSP. */
__attribute__((naked, noreturn, used)) void rom_entry(void)
{
  __asm volatile(
    ".syntax unified\n\t"
    "mrs r0, control\n\t"
    "movs r1, #3\n\t"
    "ands r0, r1\n\t"
    "beq 1f\n\t"
    "ldr r1, =%c0\n\t"
    "ldr r1, [r1]\n\t"
    "cmp r1, #%c1\n\t"
    "bne 1f\n\t"
    "movs r0, #0\n\t"
    "msr control, r0\n\t"
    "isb\n"
    "1:\n\t"
    "ldr r0, =rom_main\n\t"
    "bx r0\n\t"
    ".ltorg"
    ::"i"(&rom_options[OPTION_CONTROL]), "i"(CLEARS_1));
}

static void leave(uint32_t pointer)
{
  usb_stop();
  resources_leave();
  jump_to(pointer);
}

__attribute__((noreturn, used)) void rom_main(void)
{
  clear_bss();
  inherited_state();
  boot_decision();
  clocks_deinit();
  clocks_init();
  iwdg_init();
  interfaces_init();
  if (usb_clock_init())
    usb_start();
  serve();
}

void jump_to(uint32_t vectors)
{
  if ((vectors & 3u) || !chip_code_valid(vectors | 1u))
    system_reset();
  uint32_t sp = REG(vectors);
  uint32_t pc = REG(vectors + 4u);
  if (!chip_stack_valid(sp) || !(pc & 1u) || !chip_code_valid(pc))
    system_reset();
#if CORE_V7M
  SCB_VTOR = vectors; /* ASSUMED: so that the program's own vectors serve it; nothing is published */
#endif
  BARRIER();
  WRITE_SPECIAL(control, 0);
  __asm volatile(
    "msr msp, %0\n\t"
    "bx %1"
    ::"r"(sp), "r"(pc) : "memory");
  __builtin_unreachable();
}
