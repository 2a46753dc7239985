/*
 * AN2606 4.8: the ROM never starts the IWDG, always writes its prescaler, and refreshes it so that a watchdog which the option bytes or the
 * application started does not bite. With the IWDG off that write never completes and IWDG_SR.PVU stays 1: this is how the ROM knows that
 * there is nothing to refresh.
 */
#include "rom.h"
#include "cortex_m.h"
#include "options.h"
#include "rom_core.h"

#define IWDG_KR REG(IWDG_BASE)
#define IWDG_PR REG(IWDG_BASE + 0x4u)
#define IWDG_SR REG(IWDG_BASE + 0xCu)
#define KEY_UNLOCK 0x5555u
#define KEY_REFRESH 0xAAAAu
#define SR_PVU BIT(0)

static bool in_charge;

void iwdg_init(void)
{
  in_charge = rom_option(OPTION_IWDG) == IWDG_REFRESHES;
  if (!in_charge)
    return;
  IWDG_KR = KEY_REFRESH;
  IWDG_KR = KEY_UNLOCK;
  IWDG_PR = IWDG_PR_MAX;
}

void iwdg_refresh(void)
{
  if (in_charge && !(IWDG_SR & SR_PVU))
    IWDG_KR = KEY_REFRESH;
}
