/* Entry from reset or from a jump, and the detection loop (AN2606, selection figures). */
#include "rom.h"
#include "cortex_m.h"
#include "can.h"
#include "course.h"
#include "dfu.h"
#include "interfaces.h"
#include "options.h"
#include "rom_core.h"
#include "serial.h"
#include "usb_device.h"

extern uint32_t rom_bss_start[], rom_bss_end[];

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
    ::"i"(&rom_options[OPTION_CONTROL]), "i"(CONTROL_CLEARS));
}

static void clear_bss(void)
{
  for (volatile uint32_t *word = rom_bss_start; word < rom_bss_end; word++)
    *word = 0;
}

__attribute__((noreturn)) static void serve_serial(void)
{
#if HAS_SERIAL
  if (rx_chosen >= 0 && rx_chosen < SERIAL_COUNT) {
#if HAS_USB
    NVIC_ICER(USB_IRQ / 32u) = BIT(USB_IRQ % 32u); /* the pulse that comes now is measured first */
#endif
    serial_serve((uint32_t)rx_chosen);
  }
#endif
#if HAS_USB
  usb_stop();
#endif
#if HAS_SERIAL
#if SERVES_I2C || SERVES_SPI
  if (rx_chosen < 0)
    serial_serve_bus(flag_chosen);
#endif
#if SERVES_CAN
  if (rx_chosen >= 0)
    can_serve();
#endif
#endif
  for (;;)
    iwdg_refresh();
}

static void listen_until(const volatile bool *chosen)
{
  while (!*chosen) {
    if (interfaces_poll())
      serve_serial();
    iwdg_refresh();
  }
}

#if HAS_USB
/* A ROM that has chosen USB and finds no crystal that serves has no clock for it. */
static void hse_missing(void)
{
  if (rom_option(OPTION_HSE_MISSING) == HSE_MISSING_RESETS)
    system_reset();
  for (;;) {
    if (interfaces_poll())
      serve_serial();
    iwdg_refresh();
  }
}
#endif

/*
 * Until somebody talks to us every interface is listened to; the first one that is addressed is the one that stays. Where USB needs a crystal
 * (USB_ON_HSI_FIRST) D+ comes up on the internal oscillator; the crystal is started and measured once a host has reset the bus, and USB
 * starts anew from it (AN2606, selection figures of F2, F4, F7).
 */
static void detect(void)
{
#if !HAS_USB
  static volatile bool never;
  listen_until(&never);
#else
#if defined USB_CABLE_SENSED
  while (!usb_cable()) {
    if (interfaces_poll())
      serve_serial();
    iwdg_refresh();
  }
#endif
#if USB_ON_HSI_FIRST
  usb_start();
  listen_until(&usb_enumeration_done);
  usb_stop();
  if (!usb_clock_init())
    hse_missing();
#else
  if (!usb_clock_init())
    hse_missing();
#endif
  usb_start();
  listen_until(&usb_addressed_by_host);
#endif
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
  detect();
  for (;;) {
#if HAS_USB
    uint32_t pointer;
    if (dfu_leave_requested(&pointer))
      leave_to(pointer);
#endif
    iwdg_refresh();
  }
}

#include "leave.h"
