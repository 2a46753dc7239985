/* A NUCLEO-F446RE that blinks. Its button, and two commands on USART2, start the update of the firmware over USB. */
#include "bootloader.h"
#include "stm32f446.h"

static volatile uint32_t ticks;
static volatile char command;

void SysTick_Handler(void) { ticks++; }

void USART2_IRQHandler(void) {
  char byte = (char)USART2->DR;
  if (byte == 'd') {
    bootloader_jump();
  }
  command = byte;
}

/* 84 MHz from the HSI by the PLL */
static void clock_init(void) {
  FLASH->ACR = 0x702u; /* caches, two wait states */
  RCC->PLLCFGR = (16u << 0) | (168u << 6) | (0u << 16) | (7u << 24) | (2u << 28);
  RCC->CR |= 1u << 24;
  while (!(RCC->CR & (1u << 25))) {
  }
  RCC->CFGR = (4u << 10) | 2u; /* APB1 at 42 MHz; SYSCLK is the PLL */
  while ((RCC->CFGR & 0xCu) != 0x8u) {
  }
}

static void pins_init(void) {
  RCC->AHB1ENR |= (1u << 0) | (1u << 2);
  GPIOA->AFR[0] |= (7u << 8) | (7u << 12);                                          /* PA2, PA3: USART2 */
  GPIOA->MODER = (GPIOA->MODER & ~0xCF0u) | (2u << 4) | (2u << 6) | (1u << 10); /* PA5: LED */
  GPIOC->PUPDR |= 1u << 26; /* PC13: button to ground */
  RCC->APB1ENR |= 1u << 17;
  USART2->BRR = 365; /* 115200 baud at 42 MHz */
  USART2->CR1 = (1u << 13) | (1u << 5) | (1u << 3) | (1u << 2);
  NVIC->ISER[USART2_IRQn / 32] = 1u << (USART2_IRQn % 32);
}

static void say(const char *text) {
  for (; *text != '\0'; text++) {
    while (!(USART2->SR & (1u << 7))) {
    }
    USART2->DR = (uint8_t)*text;
  }
}

static int button_is_down(void) { return !(GPIOC->IDR & (1u << 13)); }

int main(void) {
  bootloader_check();
  clock_init();
  pins_init();
  SysTick->LOAD = 84000 - 1;
  SysTick->CTRL = 7;
  say("ready\n");
  for (;;) {
    if (button_is_down()) {
      bootloader_jump();
    }
    if (command == 'r') {
      bootloader_reset();
    }
    GPIOA->ODR = (ticks / 500 & 1) << 5;
    __WFI();
  }
}
