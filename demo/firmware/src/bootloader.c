/* The three ways into ST's bootloader go through here. */
#include "bootloader.h"
#include "stm32f446.h"

#define REQUEST 0xB007D0F5u

static volatile uint32_t boot_request;

void bootloader_jump(void) {
  __disable_irq();
  SysTick->CTRL = 0;
  for (int i = 0; i < 4; i++) {
    NVIC->ICER[i] = 0xFFFFFFFFu;
    NVIC->ICPR[i] = 0xFFFFFFFFu;
  }
  /* the ROM expects the clock as it is after reset: HSI, no PLL */
  RCC->CR |= 1u;
  while (!(RCC->CR & 2u)) {
  }
  RCC->CFGR = 0;
  while (RCC->CFGR & 0xCu) {
  }
  RCC->CR &= ~(1u << 24);
  RCC->APB1RSTR = 1u << 17; /* USART2 */
  RCC->APB1RSTR = 0;

  const uint32_t *rom = (const uint32_t *)SYSTEM_MEMORY;
  void (*start)(void) = (void (*)(void))rom[1];
  SCB->VTOR = SYSTEM_MEMORY;
  __DSB();
  __set_MSP(rom[0]);
  start();
  for (;;) {
  }
}

void bootloader_reset(void) {
  boot_request = REQUEST;
  __DSB();
  SCB->AIRCR = 0x05FA0004u; /* SYSRESETREQ */
  for (;;) {
  }
}

void bootloader_check(void) {
  if (boot_request == REQUEST) {
    boot_request = 0;
    bootloader_jump();
  }
}
