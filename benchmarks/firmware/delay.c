/* The delay loop that stands before so many jumps, unoptimised. */
#include <stdint.h>

/* The bench writes another number here before it loads the file. */
const volatile uint32_t repeats = 1;

static void delay(void) {
  for (volatile uint32_t i = 0; i < 6400000u; i++) __asm volatile("nop");
}
int main(void) {
  for (uint32_t r = 0; r < repeats; r++) delay();
  return 0;
}
