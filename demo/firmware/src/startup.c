/* Vector table, and what runs before main(). */
#include "stm32f446.h"

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;
int main(void);

void Reset_Handler(void) {
  uint32_t *from = &_sidata;
  for (uint32_t *to = &_sdata; to < &_edata; to++) {
    *to = *from++;
  }
  for (uint32_t *to = &_sbss; to < &_ebss; to++) {
    *to = 0;
  }
  SCB->VTOR = 0x08000000u;
  main();
  for (;;) {
  }
}

void Default_Handler(void) {
  for (;;) {
  }
}

void SysTick_Handler(void);
void USART2_IRQHandler(void);

typedef void (*handler)(void);
__attribute__((section(".isr_vector"), used)) static const struct {
  uint32_t *stack;
  handler exceptions[15];
  handler interrupts[97];
} vectors = {
    .stack = &_estack,
    .exceptions = {Reset_Handler, Default_Handler, Default_Handler, Default_Handler, Default_Handler, Default_Handler, 0, 0, 0, 0,
                   Default_Handler, Default_Handler, 0, Default_Handler, SysTick_Handler},
    .interrupts = {[0 ... USART2_IRQn - 1] = Default_Handler, USART2_IRQHandler, [USART2_IRQn + 1 ... 96] = Default_Handler},
};
