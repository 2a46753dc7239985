/* Vector table with the lines of the part, and the start that every project has. */
#include "device.h"
extern uint32_t _stack_top[], _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];
int main(void);
void SystemInit(void);
void Reset_Handler(void);
void Default_Handler(void) {
  for (;;) {
  }
}
#define WEAK __attribute__((weak, alias("Default_Handler")))
WEAK void NMI_Handler(void);
WEAK void HardFault_Handler(void);
WEAK void MemManage_Handler(void);
WEAK void BusFault_Handler(void);
WEAK void UsageFault_Handler(void);
WEAK void SVC_Handler(void);
WEAK void DebugMon_Handler(void);
WEAK void PendSV_Handler(void);
WEAK void SysTick_Handler(void);
WEAK void TIM6_DAC_IRQHandler(void);
WEAK void USB_IRQHandler(void);
#if defined(F103)
#define LINES 43
#elif defined(F405)
#define LINES 82
#elif defined(G474)
#define LINES 102
#elif defined(L432)
#define LINES 83
#elif defined(H743)
#define LINES 150
#endif
typedef void (*vector_t)(void);
__attribute__((section(".vectors"), used)) static const vector_t vectors[16 + LINES] = {
    [0 ... 15 + LINES] = Default_Handler,
    [0] = (vector_t)_stack_top,
    [1] = Reset_Handler,
    [2] = NMI_Handler,
    [3] = HardFault_Handler,
    [4] = MemManage_Handler,
    [5] = BusFault_Handler,
    [6] = UsageFault_Handler,
    [7 ... 10] = 0,
    [11] = SVC_Handler,
    [12] = DebugMon_Handler,
    [13] = 0,
    [14] = PendSV_Handler,
    [15] = SysTick_Handler,
#ifdef H743
    [16 + 54] = TIM6_DAC_IRQHandler,
#endif
#ifdef L432
    [16 + 67] = USB_IRQHandler,
#endif
};

void *memset(void *to, int value, unsigned length) {
  for (uint8_t *at = to; length > 0; length--) *at++ = (uint8_t)value;
  return to;
}
void *memcpy(void *to, const void *from, unsigned length) {
  const uint8_t *source = from;
  for (uint8_t *at = to; length > 0; length--) *at++ = *source++;
  return to;
}
void SystemInit(void) {
#ifndef F103
  *(IO uint32_t *)0xE000ED88u |= 0xFu << 20;
#endif
  SCB->VTOR = 0x08000000u;
}
void Reset_Handler(void) {
  SystemInit();
  const uint32_t *from = _data_load;
  for (uint32_t *to = _data_start; to < _data_end;) *to++ = *from++;
  for (uint32_t *to = _bss_start; to < _bss_end;) *to++ = 0;
  main();
  for (;;) {
  }
}
