/* The option block and the bootloader ID, both from the profile. */
#include "options.h"

__attribute__((section(".options"), used)) const volatile uint32_t rom_options[OPTION_COUNT + 1] = { OPTION_DEFAULTS };

#if defined ROM_ID
__attribute__((section(".id"), used)) static const uint8_t id = ROM_ID;
#endif
