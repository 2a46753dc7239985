#include "intrinsics.h"

#define SYST_CSR (*(volatile unsigned *)0xe000e010u)
#define SYST_RVR (*(volatile unsigned *)0xe000e014u)

volatile unsigned depth;

__attribute__((noinline)) static void deep(unsigned n)
{
  volatile unsigned local[5] = {n, n, n, n, n};
  if (n == 0u) {
    stop_here(n);
  } else {
    deep(n - 1u);
  }
  depth += local[2];
}

void SysTick_Handler(void)
{
  depth++;
  deep(3u);
  depth--;
}

__attribute__((noinline)) static void wait_for_tick(unsigned from)
{
  while (depth == from) { }
}

int main(void)
{
  depth = 0u;
  SYST_RVR = 1000u;
  SYST_CSR = 7u;
  wait_for_tick(0u);
  return (int)depth;
}

void Reset_Handler(void)
{
  main();
  for (;;) { }
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
  (void *)0x20001000, (void *)Reset_Handler, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (void *)SysTick_Handler};
