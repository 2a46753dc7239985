/* Entry from reset or from a jump, the detection loop (AN2606 Figure 73), and the ways out. */
#include "../common/dfu.h"
#include "../common/options.h"
#include "../common/usb_device.h"
#include "regs.h"
#include "rom.h"
#include "../common/course.h"

/* CONTROL is changed here, before anything lies on a stack: with SPSEL cleared the code below runs on MSP. */
__attribute__((naked, noreturn, used)) void rom_entry(void)
{
  __asm volatile(
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
    "b rom_main\n\t"
    ".ltorg"
    ::"i"(&rom_options[OPTION_CONTROL]), "i"(CLEARS_1));
}

static void obey_reset_flags(void)
{
  /* A forum claim with evidence against it: a software reset makes the ROM go back to flash. VTOR then is what a boot leaves there. */
  if ((RCC_RSR & RSR_SFTRSTF) && rom_option(OPTION_RESET_FLAGS) == RESET_FLAGS_SOFTWARE_RETURNS)
    jump_to(FLASH_BASE);
}

static void leave(uint32_t pointer)
{
  usb_stop();
  interfaces_leave();
  clocks_leave();
  jump_to(pointer);
}

__attribute__((noreturn, used)) void rom_main(void)
{
  clear_bss();
  inherited_state();
  obey_reset_flags();
  clocks_deinit();
  clocks_init();
  iwdg_init();
  interfaces_init();
  usb_start();
  serve();
}

void jump_to(uint32_t vectors)
{
  bool readable = in(vectors, FLASH_BASE, FLASH_BASE + FLASH_SIZE - 7) || in(vectors, RAM_BASE, RAM_END - 7);
  if (!readable || (vectors & 3u))
    system_reset();
  uint32_t sp = REG(vectors);
  uint32_t pc = REG(vectors + 4u);
  if (!in(sp, RAM_BASE + 1, RAM_END + 1) || !(pc & 1u) || !(in(pc, FLASH_BASE, FLASH_BASE + FLASH_SIZE) || in(pc, RAM_BASE, RAM_END)))
    system_reset();
  SCB_VTOR = vectors; /* ASSUMED: so that the program's own vectors serve it; nothing is published for H5 */
  __asm volatile(
    "dsb\n\t"
    "isb\n\t"
    "movs r2, #0\n\t"
    "msr msplim, r2\n\t"
    "msr control, r2\n\t"
    "isb\n\t"
    "msr msp, %0\n\t"
    "bx %1"
    ::"r"(sp), "r"(pc) : "r2", "memory");
  __builtin_unreachable();
}
