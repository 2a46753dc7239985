/* The delay loop that stands before so many jumps, unoptimised. */
#include <stdint.h>
int main(void) {
  for (volatile uint32_t i = 0; i < 20000000u; i++) __asm volatile("nop");
  return 0;
}
