/* What an options.c is made of, included by that file alone: DEFAULTS = { the family's column }. */
#ifndef ROM_DEFAULTS_H
#define ROM_DEFAULTS_H
#include "dfu.h"
#include "options.h"

#define DEFAULTS __attribute__((section(".options"), used)) const volatile uint32_t rom_options[OPTION_COUNT]

bool chip_leave_answers(void)
{
  return rom_option(OPTION_LEAVE) == LEAVE_ANSWERS;
}
#endif
