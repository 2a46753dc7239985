/*
 * Five projects as ST's code generator begins them, each with another way to its boot loader: F103 none, F405 a byte of the UART, G474 a button, H743 a timer,
 * L432 a command of the USB host.
 */
#include "hal.h"

static void SystemClock_Config(void) {
  if (HAL_RCC_Config() != HAL_OK) Error_Handler();
}
void Error_Handler(void) {
  __disable_irq();
  while (1) {
  }
}
void SysTick_Handler(void) { HAL_IncTick(); }

#if defined(F103)
#define LED_PORT GPIO(2)
#define LED_PIN (1u << 13)
#define BUTTON_PORT GPIO(0)
#define BUTTON_PIN (1u << 0)
#else
#define LED_PORT GPIO(0)
#define LED_PIN (1u << 5)
#define BUTTON_PORT GPIO(2)
#define BUTTON_PIN (1u << 13)
#endif
#if defined(H743)
#define ROM_BASE 0x1FF09800u
#else
#define ROM_BASE 0x1FFF0000u
#endif

static void MX_GPIO_Init(void) {
  GPIO_InitTypeDef init = {0};
  RCC_GPIO_EN(0);
#ifndef L432
  RCC_GPIO_EN(2);
#endif
  HAL_GPIO_WritePin(LED_PORT, LED_PIN, GPIO_PIN_RESET);
  init.Pin = LED_PIN;
  init.Mode = GPIO_OUTPUT;
  HAL_GPIO_Init(LED_PORT, &init);
#ifndef L432
  init.Pin = BUTTON_PIN;
  init.Mode = GPIO_INPUT;
  HAL_GPIO_Init(BUTTON_PORT, &init);
#endif
}

#ifndef F103
__attribute__((noinline)) static void JumpToBootloader(void) {
#if defined(L432)
  extern void usb_stop(void);
  usb_stop();
#endif
#if defined(H743)
  TIM6->CR1 = 0;
  TIM6->DIER = 0;
#endif
  HAL_RCC_DeInit();
  __disable_irq();
  HAL_DeInit();
#if defined(F405)
  RCC->APB2ENR |= 1u << 14;
  (void)RCC->APB2ENR;
  SYSCFG_MEMRMP = 1;
#elif defined(G474) || defined(L432)
  RCC->APB2ENR |= 1;
  (void)RCC->APB2ENR;
  SYSCFG_MEMRMP = 1;
#endif
  SCB->VTOR = ROM_BASE;
  void (*jump)(void) = (void (*)(void))(*(IO uint32_t *)(ROM_BASE + 4u));
  __enable_irq();
  __set_MSP(*(IO uint32_t *)ROM_BASE);
  jump();
  while (1) {
  }
}
#endif

#if defined(F405)
static UART_HandleTypeDef huart2 = {.Instance = USART2, .BaudRate = 115200};
static void MX_USART2_UART_Init(void) {
  GPIO_InitTypeDef init = {.Pin = 3u << 2, .Mode = GPIO_AF, .Alternate = 7};
  RCC->APB1ENR |= 1u << 17;
  (void)RCC->APB1ENR;
  HAL_GPIO_Init(GPIO(0), &init);
  if (HAL_UART_Init(&huart2) != HAL_OK) Error_Handler();
}
#endif
#if defined(H743)
static TIM_HandleTypeDef htim6 = {.Instance = TIM6, .Prescaler = 19999, .Period = 99};
static volatile uint32_t elapsed;
static void MX_TIM6_Init(void) {
  RCC_APB1LENR |= 1u << 4;
  (void)RCC_APB1LENR;
  NVIC_IPR(54) = 0x50;
  NVIC_ISER(1) = 1u << (54 - 32);
  HAL_TIM_Base_Start_IT(&htim6);
}
void TIM6_DAC_IRQHandler(void) { HAL_TIM_IRQHandler(&htim6); }
void HAL_TIM_PeriodElapsedCallback(TIM_HandleTypeDef *htim) {
  if (htim == &htim6) elapsed++;
}
#endif
#if defined(L432)
#include "../../../fixtures/common/usb/device.h"
static volatile uint8_t command;
void usb_on_received(uint32_t endpoint, const uint8_t *data, uint32_t length) {
  (void)endpoint;
  if (length > 0) command = data[0];
}
void usb_board_on(void) {
  GPIO_InitTypeDef init = {.Pin = 3u << 11, .Mode = GPIO_AF, .Speed = 3, .Alternate = 10};
  HAL_GPIO_Init(GPIO(0), &init);
  RCC->APB1ENR1 |= 1u << 26 | 1u << 24;
  (void)RCC->APB1ENR1;
  CRS_CR |= 3u << 5;
}
#endif

#if defined(F103)
static volatile uint32_t rounds;
#endif
__attribute__((unused)) static void blink(uint32_t *last, uint32_t every) {
  if (HAL_GetTick() - *last < every) return;
  *last = HAL_GetTick();
  HAL_GPIO_TogglePin(LED_PORT, LED_PIN);
}

int main(void) {
  HAL_Init();
  SystemClock_Config();
  MX_GPIO_Init();
#if defined(F405)
  MX_USART2_UART_Init();
  HAL_UART_Transmit(&huart2, (const uint8_t *)"ready\r\n", 7, 100);
#elif defined(H743)
  MX_TIM6_Init();
#elif defined(L432)
  usb_start();
#endif
  HAL_Delay(100);
  uint32_t last = HAL_GetTick();
#if defined(F103)
  uint32_t pressed = 0, since = 0;
#endif
  while (1) {
#if defined(F103) /* a debounced button that changes the rhythm, and rounds that are counted */
    rounds++;
    if (HAL_GPIO_ReadPin(BUTTON_PORT, BUTTON_PIN) == GPIO_PIN_RESET) since = HAL_GetTick();
    if (HAL_GetTick() - since > 20) pressed = 1;
    blink(&last, pressed ? 100 : 500);
#elif defined(F405)
    uint8_t byte;
    blink(&last, 500);
    if (HAL_UART_Receive(&huart2, &byte, 1, 10) == HAL_OK && byte == 'B') JumpToBootloader();
#elif defined(G474) /* no tick in it: a pin that an oscilloscope shows */
    (void)last;
    if (HAL_GPIO_ReadPin(BUTTON_PORT, BUTTON_PIN) == GPIO_PIN_SET) JumpToBootloader();
    HAL_GPIO_TogglePin(LED_PORT, LED_PIN);
#elif defined(H743)
    blink(&last, 500);
    if (HAL_GPIO_ReadPin(BUTTON_PORT, BUTTON_PIN) == GPIO_PIN_SET) HAL_GPIO_WritePin(LED_PORT, LED_PIN, GPIO_PIN_SET);
    if (elapsed >= 300) JumpToBootloader();
#elif defined(L432)
    blink(&last, 500);
    if (command == 'D') JumpToBootloader();
    if (command != 0) {
      usb_send(1, (const uint8_t *)"?\r\n", 3);
      command = 0;
    }
#endif
  }
}
