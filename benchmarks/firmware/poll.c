/* Waits for a thousand SysTick periods by polling COUNTFLAG. */
#include <stdint.h>
#define SYST ((volatile uint32_t *)0xE000E010)
int main(void) {
  SYST[1] = 24999;
  SYST[2] = 0;
  SYST[0] = 5;
  for (int i = 0; i < 1000; i++)
    while (!(SYST[0] & 0x10000u)) {
    }
  return 0;
}
