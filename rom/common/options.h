/*
 * The option block: what the stand-in does where ST documents nothing. One 32-bit word per option, in this order; the value is an
 * index into the option's list in src/rom/options.ts, which states defaults, confidence and sources. The block is patched before the
 * image is loaded. A word is read only when the ROM acts on it and only if the answer matters then: the bench takes the reads as "this
 * run hung on that option".
 */
#ifndef ROM_OPTIONS_H
#define ROM_OPTIONS_H
#include <stdint.h>

enum rom_option {
  OPTION_PRIMASK,
  OPTION_FAULTMASK,
  OPTION_BASEPRI,
  OPTION_NVIC_ENABLED,
  OPTION_NVIC_PENDING,
  OPTION_MPU,
  OPTION_CONTROL,
  OPTION_MSPLIM,
  OPTION_ICACHE,
  OPTION_DCACHE,
  OPTION_VTOR,
  OPTION_REMAP,
  OPTION_USB_SUPPLY,
  OPTION_HSI48,
  OPTION_SYSCLK,
  OPTION_PRESCALERS,
  OPTION_FLASH_LATENCY,
  OPTION_VOS,
  OPTION_SYSTICK,
  OPTION_UNEXPECTED_EXCEPTION,
  OPTION_BANK_CHECK,
  OPTION_RESET_FLAGS,
  OPTION_SYSFLASH_GAP,
  OPTION_IWDG,
  OPTION_LEAVE,
  OPTION_COUNT
};

/* A family that lacks an option keeps the erased pattern in its word. */
#define OPTION_ABSENT 0xFFFFFFFFu

enum { KEEPS_0 = 0, CLEARS_1 = 1 };                                    /* primask … dcache: keeps | clears */
enum { SETS_0 = 0, KEEPS_1 = 1 };                                      /* vtor, usb-supply, hsi48, sysclk, prescalers, flash-latency */
enum { REMAP_KEEPS = 0, REMAP_SETS = 1 };                              /* remap: keeps | sets */
enum { BANK_CHECK_BFB2 = 0, BANK_CHECK_ALWAYS = 1, BANK_CHECK_NEVER = 2 };
enum { VOS_KEEPS = 0, VOS_SETS = 1 };                                  /* vos: keeps | sets */
enum { SYSTICK_OFF = 0, SYSTICK_USES = 1, SYSTICK_KEEPS = 2 };         /* systick */
enum { UNEXPECTED_LOOPS = 0, UNEXPECTED_RESETS = 1, UNEXPECTED_RETURNS = 2 };
enum { RESET_FLAGS_IGNORES = 0, RESET_FLAGS_SOFTWARE_RETURNS = 1 };
enum { IWDG_REFRESHES = 0, IWDG_IGNORES = 1 };
enum { LEAVE_ANSWERS = 0, LEAVE_SILENT = 1 };

extern const volatile uint32_t rom_options[OPTION_COUNT];

static inline uint32_t rom_option(enum rom_option id)
{
  return rom_options[id];
}
#endif
