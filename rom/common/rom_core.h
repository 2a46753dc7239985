/*
 * What every ROM is made of. The chip-independent parts (start.c, leave.h, inherited.c, vectors.c, iwdg.c, interfaces.c) call down into the family's
 * folder. The family's own rom.h comes first and defines, as macros:
 *   IRQ_COUNT, CORE_V7M (0 = ARMv6-M), HAS_VTOR (1 where an ARMv6-M core has VTOR and an MPU), CORE_V8M, HAS_REMAP, IWDG_BASE, FLASH_BASE, USB_ON_HSI_FIRST (the crystal comes after the choice of USB).
 * config.h, which every file gets first, has what the profile says: ROM_BASE, USB_IRQ, the DFU device, the options' defaults.
 */
#ifndef ROM_CORE_H
#define ROM_CORE_H
#include "helpers.h"

/*
 * ASSUMED: ST's ROM gives up waiting at some point; after how long nobody has published. Rounds of a wait loop, each some cycles long:
 * more than 10 ms even at the highest clock that an application can leave, so that every delay of the data sheets fits.
 */
#define WAIT_ROUNDS 1000000u
static inline bool wait_rounds(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t rounds)
{
  for (; rounds; rounds--)
    if ((*reg & mask) == value)
      return true;
  return false;
}
static inline bool wait_for(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
  return wait_rounds(reg, mask, value, WAIT_ROUNDS);
}

/* start.c */
void rom_entry(void);

/* leave.h */
/* Starts the program whose vector table is at `vectors` as a boot from there would, VTOR included; resets if there is none that can run. */
void boot_from(uint32_t vectors) __attribute__((noreturn));

/* inherited.c */
void inherited_state(void);

/* vectors.c */
void system_reset(void) __attribute__((noreturn));
void unexpected_exception(void);

/* iwdg.c */
void iwdg_init(void);
void iwdg_refresh(void);

/* interfaces.c */
void interfaces_init(void);
/* One pass over the pins and flags of the serial interfaces; true once one of them has been addressed. */
bool interfaces_poll(void);

/* The USB driver. */
void usb_start(void);
void usb_stop(void);
void usb_interrupt(void);

/* Given by the family. */
/* What this ROM does before it becomes the bootloader: reset flags, bank check. May not return. */
void boot_decision(void);
/* Caches that the caller left on. */
void inherited_caches(void);
/* SYSCFG shows system memory at address 0 / make it so. */
bool rom_is_at_zero(void);
void map_rom_at_zero(void);
void map_flash_at_zero(void);
void clocks_deinit(void);
void clocks_init(void);
/* The clock tree, the flash's wait states and the voltage range as a reset leaves them. */
void clocks_restore(void);
/* Where rom.h defines USB_CABLE_SENSED: VBUS is there. */
bool usb_cable(void);
/* Brings up USB's 48 MHz; false if the board has no clock that serves. */
bool usb_clock_init(void);
/* The clock of CAN; false if the board has none that serves. */
bool can_clock_init(void);
/* Clock, supply and pins of the USB block, and its soft reset at the end. */
void usb_block_on(void);
void usb_block_off(void);
void interfaces_open(void);
/* What this ROM is known or taken to put back when it leaves: the USB is off then, the jump comes next. */
void resources_leave(void);
bool chip_stack_valid(uint32_t sp);
bool chip_code_valid(uint32_t pc);
/* NMI: the clock security system, or nothing that the ROM knows. */
void nmi_interrupt(void);
/* Of the part: one image serves several sizes. The family gives the largest (FLASH_SIZE) and where the part says its own (FLASH_SIZE_AT). */
#if defined FLASH_SIZE_PLAIN /* no room: what the part says, and areas of the largest */
#define flash_bytes() (REG16(FLASH_SIZE_AT) * 1024u)
#else
uint32_t flash_bytes(void);
#endif

#endif
