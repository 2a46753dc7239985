#include "inline.h"

volatile unsigned counter;
unsigned table[4] = {1, 2, 3, 4};

static void wait(void)
{
  for (unsigned i = 0; i < 100u; i++) {
    counter += twice(i);
  }
}

void unused_function(void) { counter = 7u; }

int main(void)
{
  wait();
  counter = table[counter & 3u];
  return other((int)counter);
}

void Reset_Handler(void)
{
  main();
  for (;;) { }
}

__attribute__((section(".vectors"), used)) static void *const vectors[2] = {(void *)0x20001000, (void *)Reset_Handler};
