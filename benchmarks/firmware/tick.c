/* A busy wait of a thousand milliseconds on a counter that the SysTick interrupt moves on. */
#include <stdint.h>
#define SYST ((volatile uint32_t *)0xE000E010)
static volatile uint32_t ticks;
void SysTick_Handler(void) { ticks++; }
int main(void) {
  SYST[1] = 24999;
  SYST[2] = 0;
  SYST[0] = 7;
  uint32_t start = ticks;
  while (ticks - start < 1000u) {
  }
  return 0;
}
