/* A busy wait of so many milliseconds (25,000 cycles each) on a counter that the SysTick interrupt moves on. */
#include <stdint.h>
#define SYST ((volatile uint32_t *)0xE000E010)

/* Milliseconds; the bench writes another number here before it loads the file. */
const volatile uint32_t repeats = 1000;

static volatile uint32_t ticks;
void SysTick_Handler(void) { ticks++; }
int main(void) {
  SYST[1] = 24999;
  SYST[2] = 0;
  SYST[0] = 7;
  uint32_t start = ticks;
  while (ticks - start < repeats) {
  }
  return 0;
}
