/*
 * The option block: what the stand-in does where ST documents nothing. One 32-bit word per option, in the order of generated/options.h; the value
 * is an index into the option's list in src/rom/options.ts, which states defaults, confidence and sources. The block is patched before the
 * image is loaded. A word is read only when the ROM acts on it and only if the answer matters then: the bench takes the reads as "this
 * run hung on that option". Behind the options stands the version of the ROM that is played.
 */
#ifndef ROM_OPTIONS_H
#define ROM_OPTIONS_H
#include <stdint.h>
#include "../generated/options.h"

/* A family that lacks an option has the erased pattern in its word, which is none of the values. */
extern const volatile uint32_t rom_options[OPTION_COUNT + 1];

static inline uint32_t rom_option(enum rom_option id)
{
  return rom_options[id];
}

/* Index of the version, as ROM_V… of config.h. */
static inline uint32_t rom_version(void)
{
  return rom_options[OPTION_COUNT];
}
#endif
