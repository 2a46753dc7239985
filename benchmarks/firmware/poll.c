/* Waits for SysTick periods of 25,000 cycles by polling COUNTFLAG. */
#include <stdint.h>
#define SYST ((volatile uint32_t *)0xE000E010)

/* Periods; the bench writes another number here before it loads the file. */
const volatile uint32_t repeats = 1000;

int main(void) {
  SYST[1] = 24999;
  SYST[2] = 0;
  SYST[0] = 5;
  for (uint32_t i = 0; i < repeats; i++)
    while (!(SYST[0] & 0x10000u)) {
    }
  return 0;
}
