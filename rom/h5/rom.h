/* What the files of this ROM share. */
#ifndef ROM_H5_ROM_H
#define ROM_H5_ROM_H
#include "../common/helpers.h"

#define ROM_BASE 0x0BF97000u
#define ROM_SIZE 35840u            /* AN2606 Table 124: 35 Kbytes */
#define FLASH_BASE 0x08000000u
#define FLASH_SIZE (512u * 1024u)  /* H523xE/H533xE */
#define FLASH_BANK_SIZE (FLASH_SIZE / 2u)
#define FLASH_SECTOR_SIZE 8192u
#define OTP_BASE 0x08FFF000u
#define OTP_SIZE 2048u
#define UID_BASE 0x08FFF800u
#define RAM_BASE 0x20000000u
#define RAM_END 0x20044000u
#define RAM_ROM_END 0x20004000u    /* AN2606: the ROM's own 16 KB */

/*
 * ASSUMED: ST's ROM gives up waiting at some point; after how long nobody has published. Rounds of a wait loop, each some cycles long:
 * more than 10 ms even at 250 MHz, so that every delay of the data sheets fits.
 */
#define WAIT_ROUNDS 1000000u
static inline bool wait_for(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
  for (uint32_t left = WAIT_ROUNDS; left; left--)
    if ((*reg & mask) == value)
      return true;
  return false;
}

void inherited_state(void);
void systick_tick(void);

void clocks_deinit(void);
void clocks_init(void);
void clocks_leave(void);

void iwdg_init(void);
void iwdg_refresh(void);

void interfaces_init(void);
/* One pass over the pins and flags of the serial interfaces; true once one of them has been addressed. */
bool interfaces_poll(void);
void interfaces_leave(void);

void usb_start(void);
void usb_stop(void);
void usb_drd_interrupt(void);

/* Jumps to the program whose vector table is at `vectors`; resets if there is none that can run (AN2662). */
void jump_to(uint32_t vectors) __attribute__((noreturn));
void system_reset(void) __attribute__((noreturn));

/* Run the ROM with the ICACHE off for a moment: the OTP and read-only areas answer cached reads with a bus error. */
bool icache_off(void);
void icache_restore(bool was_on);
#endif
