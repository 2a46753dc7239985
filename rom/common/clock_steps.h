/* Steps of the families with the older RCC, included by their clock.c alone. */
#ifndef ROM_CLOCK_STEPS_H
#define ROM_CLOCK_STEPS_H
#include "options.h"
#include "rom_core.h"

static void select_sysclk(uint32_t source)
{
  RCC_CFGR = (RCC_CFGR & ~CFGR_SW) | source;
  wait_for(&RCC_CFGR, CFGR_SWS, source << 2);
}

static void flash_latency(uint32_t wait_states)
{
  if ((FLASH_ACR & ACR_LATENCY) != wait_states && rom_option(OPTION_FLASH_LATENCY) == FLASH_LATENCY_SETS) {
    FLASH_ACR = (FLASH_ACR & ~ACR_LATENCY) | wait_states;
    wait_for(&FLASH_ACR, ACR_LATENCY, wait_states);
  }
}
#endif
