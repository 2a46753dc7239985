/* Small steps that every ROM takes. */
#ifndef ROM_HELPERS_H
#define ROM_HELPERS_H
#include <stdbool.h>
#include <stdint.h>

static inline void reset_pulse(volatile uint32_t *rstr, uint32_t bits)
{
  *rstr |= bits;
  (void)*rstr;
  *rstr &= ~bits;
}

static inline bool in(uint32_t address, uint32_t base, uint32_t end)
{
  return address >= base && address < end;
}
#endif
