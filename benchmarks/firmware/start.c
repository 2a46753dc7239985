/* Start-up for the benchmark programs: no clock set-up, no interrupts; ends by semihosting exit. */
#include <stdint.h>

extern uint32_t _stack_top[], _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];
int main(void);
void Reset_Handler(void);
void SysTick_Handler(void);
void SVC_Handler(void);
void PendSV_Handler(void);

static void Default_Handler(void) {
  for (;;) {
  }
}
__attribute__((weak)) void SysTick_Handler(void) { Default_Handler(); }
__attribute__((weak, alias("Default_Handler"))) void SVC_Handler(void);
__attribute__((weak, alias("Default_Handler"))) void PendSV_Handler(void);

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))_stack_top, Reset_Handler,   Default_Handler, Default_Handler, Default_Handler, Default_Handler,
    Default_Handler,            Default_Handler, Default_Handler, Default_Handler, Default_Handler, SVC_Handler,
    Default_Handler,            Default_Handler, PendSV_Handler,  SysTick_Handler,
};

static void semihosting_exit(uint32_t code) {
  register uint32_t r0 __asm("r0") = 0x18;
  register uint32_t r1 __asm("r1") = code == 0 ? 0x20026u : 0x20023u;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void Reset_Handler(void) {
  const uint32_t *from = _data_load;
  for (uint32_t *to = _data_start; to < _data_end;) *to++ = *from++;
  for (uint32_t *to = _bss_start; to < _bss_end;) *to++ = 0;
  semihosting_exit((uint32_t)main());
  for (;;) {
  }
}
