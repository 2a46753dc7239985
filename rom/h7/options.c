/* Defaults of the H7 column in src/rom/options.ts (a test holds both together). */
#include "rom.h"
#include "../common/dfu.h"
#include "../common/options.h"

__attribute__((section(".options"), used)) const volatile uint32_t rom_options[OPTION_COUNT] = {
  [OPTION_PRIMASK] = KEEPS_0,
  [OPTION_FAULTMASK] = KEEPS_0,
  [OPTION_BASEPRI] = KEEPS_0,
  [OPTION_NVIC_ENABLED] = KEEPS_0,
  [OPTION_NVIC_PENDING] = KEEPS_0,
  [OPTION_MPU] = KEEPS_0,
  [OPTION_CONTROL] = KEEPS_0,
  [OPTION_MSPLIM] = OPTION_ABSENT,
  [OPTION_ICACHE] = KEEPS_0,
  [OPTION_DCACHE] = KEEPS_0,
  [OPTION_VTOR] = SETS_0,
  [OPTION_REMAP] = OPTION_ABSENT,
  [OPTION_USB_SUPPLY] = SETS_0,
  [OPTION_HSI48] = SETS_0,
  [OPTION_SYSCLK] = SETS_0,
  [OPTION_PRESCALERS] = SETS_0,
  [OPTION_FLASH_LATENCY] = SETS_0,
  [OPTION_VOS] = VOS_SETS,
  [OPTION_SYSTICK] = SYSTICK_OFF,
  [OPTION_UNEXPECTED_EXCEPTION] = UNEXPECTED_LOOPS,
  [OPTION_BANK_CHECK] = OPTION_ABSENT,
  [OPTION_RESET_FLAGS] = RESET_FLAGS_IGNORES,
  [OPTION_SYSFLASH_GAP] = OPTION_ABSENT,
  [OPTION_IWDG] = IWDG_REFRESHES,
  [OPTION_LEAVE] = LEAVE_SILENT,
};

bool chip_leave_answers(void)
{
  return rom_option(OPTION_LEAVE) == LEAVE_ANSWERS;
}
