/* The ART caches of F4 and L4, included by their memory.c alone. */
#ifndef ROM_ART_H
#define ROM_ART_H
#include "options.h"

/* Lines that were read before are stale now. The caches are flushed as ST's HAL does it; that the ROM does so is ASSUMED. */
static void flash_changed(void)
{
  uint32_t on = FLASH_ACR & (ACR_ICEN | ACR_DCEN);
  bool keep_i = (on & ACR_ICEN) && rom_option(OPTION_ICACHE) == ICACHE_KEEPS;
  bool keep_d = (on & ACR_DCEN) && rom_option(OPTION_DCACHE) == DCACHE_KEEPS;
  FLASH_ACR &= ~(ACR_ICEN | ACR_DCEN);
  FLASH_ACR |= ACR_ICRST | ACR_DCRST;
  FLASH_ACR &= ~(ACR_ICRST | ACR_DCRST);
  FLASH_ACR |= (keep_i ? ACR_ICEN : 0) | (keep_d ? ACR_DCEN : 0);
}
#endif
