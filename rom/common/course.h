/* The parts of a ROM's course that all families share, included by their start.c alone. */
#ifndef ROM_COURSE_H
#define ROM_COURSE_H
#include "dfu.h"
#include "usb_device.h"

/* Given by the family: the USB off, what it puts back, the jump. */
static void leave(uint32_t pointer);

extern uint32_t rom_bss_start[], rom_bss_end[];

static void clear_bss(void)
{
  for (volatile uint32_t *word = rom_bss_start; word < rom_bss_end; word++)
    *word = 0;
}

/* From the detection of an interface to the leave. */
__attribute__((noreturn)) static void serve(void)
{
  uint32_t pointer;
  /* Until somebody talks to us every interface is listened to; the first one that is addressed is the one that stays. */
  while (!usb_addressed_by_host) {
    if (interfaces_poll()) {
      usb_stop();
      /* LEFT OUT: the command sets of USART, I2C and SPI (AN3155, AN4221, AN4286). The interface is selected, nothing answers. */
      for (;;)
        iwdg_refresh();
    }
    iwdg_refresh();
  }
  for (;;) {
    if (dfu_leave_requested(&pointer))
      leave(pointer);
    iwdg_refresh();
  }
}
#endif
