/*
 * AN2606 4.8: the ROM never starts the IWDG, always writes its prescaler, and refreshes it so that a watchdog which the option bytes or the
 * application started does not bite. With the IWDG off that write never completes and IWDG_SR.PVU stays 1.
 */
#include "../common/options.h"
#include "regs.h"
#include "rom.h"

static bool refreshing;

void iwdg_init(void)
{
  if (rom_option(OPTION_IWDG) != IWDG_REFRESHES)
    return;
  IWDG_KR = IWDG_KEY_REFRESH;
  IWDG_KR = IWDG_KEY_UNLOCK;
  IWDG_PR = IWDG_PR_1024;
  /* Nothing can start it while the ROM runs, so one look is enough. */
  refreshing = (IWDG_SR & IWDG_SR_ONF) != 0;
}

void iwdg_refresh(void)
{
  if (refreshing)
    IWDG_KR = IWDG_KEY_REFRESH;
}
