#include "hal.h"

volatile uint32_t uwTick;
static uint32_t uwTickPrio = 16, uwTickFreq = 1;
uint32_t SystemCoreClock = 16000000u;

__attribute__((weak)) void HAL_IncTick(void) { uwTick += uwTickFreq; }
__attribute__((weak)) uint32_t HAL_GetTick(void) { return uwTick; }
__attribute__((weak)) void HAL_Delay(uint32_t delay) {
  uint32_t start = HAL_GetTick();
  uint32_t wait = delay;
  if (wait < HAL_MAX_DELAY) wait += uwTickFreq;
  while (HAL_GetTick() - start < wait) {
  }
}
HAL_StatusTypeDef HAL_InitTick(uint32_t priority) {
  uint32_t ticks = SystemCoreClock / (1000u / uwTickFreq);
  if (ticks - 1u > 0xFFFFFFu) return HAL_ERROR;
  SysTick->LOAD = ticks - 1u;
  SCB->SHP[11] = (uint8_t)(priority << 4);
  SysTick->VAL = 0;
  SysTick->CTRL = 7;
  uwTickPrio = priority;
  return HAL_OK;
}
HAL_StatusTypeDef HAL_Init(void) {
  SCB->AIRCR = (SCB->AIRCR & 0xF8FFu) | 0x05FA0000u | 3u << 8; /* four bits of preemption */
  return HAL_InitTick(15);
}
HAL_StatusTypeDef HAL_DeInit(void) {
  SysTick->CTRL = 0;
  SysTick->LOAD = 0;
  SysTick->VAL = 0;
  for (uint32_t i = 0; i < 4; i++) {
    NVIC_ICER(i) = HAL_MAX_DELAY;
    NVIC_ICPR(i) = HAL_MAX_DELAY;
  }
  SCB->ICSR = 1u << 25 | 1u << 27; /* PENDSTCLR, PENDSVCLR */
  return HAL_OK;
}
/* Waits until a register has these bits, or for so many milliseconds. */
HAL_StatusTypeDef HAL_WaitFor(IO uint32_t *reg, uint32_t mask, uint32_t value, uint32_t timeout) {
  uint32_t start = HAL_GetTick();
  while ((*reg & mask) != value) {
    if (timeout != HAL_MAX_DELAY && (timeout == 0 || HAL_GetTick() - start > timeout)) return HAL_TIMEOUT;
  }
  return HAL_OK;
}

void HAL_GPIO_Init(GPIO_TypeDef *port, const GPIO_InitTypeDef *init) {
  for (uint32_t position = 0; (init->Pin >> position) != 0; position++) {
    if ((init->Pin & (1u << position)) == 0) continue;
#ifdef F103
    IO uint32_t *config = position < 8 ? &port->CRL : &port->CRH;
    uint32_t shift = (position & 7u) * 4u;
    uint32_t mode = init->Mode == GPIO_INPUT ? (init->Pull ? 8u : 4u) : init->Mode == GPIO_OUTPUT ? 2u : 11u;
    *config = (*config & ~(15u << shift)) | mode << shift;
#else
    if (init->Mode == GPIO_AF) {
      uint32_t shift = (position & 7u) * 4u;
      port->AFR[position >> 3] = (port->AFR[position >> 3] & ~(15u << shift)) | init->Alternate << shift;
    }
    port->OSPEEDR = (port->OSPEEDR & ~(3u << (position * 2u))) | init->Speed << (position * 2u);
    port->PUPDR = (port->PUPDR & ~(3u << (position * 2u))) | init->Pull << (position * 2u);
    port->MODER = (port->MODER & ~(3u << (position * 2u))) | init->Mode << (position * 2u);
#endif
  }
}
GPIO_PinState HAL_GPIO_ReadPin(GPIO_TypeDef *port, uint32_t pin) { return (port->IDR & pin) != 0 ? GPIO_PIN_SET : GPIO_PIN_RESET; }
void HAL_GPIO_WritePin(GPIO_TypeDef *port, uint32_t pin, GPIO_PinState state) { port->BSRR = state ? pin : pin << 16; }
void HAL_GPIO_TogglePin(GPIO_TypeDef *port, uint32_t pin) {
  uint32_t odr = port->ODR;
  port->BSRR = ((odr & pin) << 16) | (~odr & pin);
}

#ifdef F405
HAL_StatusTypeDef HAL_UART_Init(UART_HandleTypeDef *huart) {
  huart->Instance->CR1 = 0;
  huart->Instance->BRR = (SystemCoreClock / 4u + huart->BaudRate / 2u) / huart->BaudRate;
  huart->Instance->CR1 = 1u << 13 | 1u << 3 | 1u << 2;
  huart->State = 0x20;
  return HAL_OK;
}
HAL_StatusTypeDef HAL_UART_Receive(UART_HandleTypeDef *huart, uint8_t *data, uint32_t size, uint32_t timeout) {
  if (huart->State != 0x20) return HAL_BUSY;
  huart->State = 0x22;
  huart->pRxBuffPtr = data;
  for (huart->RxXferCount = size; huart->RxXferCount > 0; huart->RxXferCount--) {
    if (HAL_WaitFor(&huart->Instance->SR, 1u << 5, 1u << 5, timeout) != HAL_OK) {
      huart->State = 0x20;
      return HAL_TIMEOUT;
    }
    *huart->pRxBuffPtr++ = (uint8_t)huart->Instance->DR;
  }
  huart->State = 0x20;
  return HAL_OK;
}
HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, const uint8_t *data, uint32_t size, uint32_t timeout) {
  while (size-- > 0) {
    if (HAL_WaitFor(&huart->Instance->SR, 1u << 7, 1u << 7, timeout) != HAL_OK) return HAL_TIMEOUT;
    huart->Instance->DR = *data++;
  }
  return HAL_WaitFor(&huart->Instance->SR, 1u << 6, 1u << 6, timeout);
}
#endif
#ifdef H743
HAL_StatusTypeDef HAL_TIM_Base_Start_IT(TIM_HandleTypeDef *htim) {
  htim->Instance->PSC = htim->Prescaler;
  htim->Instance->ARR = htim->Period;
  htim->Instance->EGR = 1;
  htim->Instance->SR = 0;
  htim->Instance->DIER |= 1;
  htim->Instance->CR1 |= 1;
  return HAL_OK;
}
void HAL_TIM_IRQHandler(TIM_HandleTypeDef *htim) {
  if ((htim->Instance->SR & 1u) != 0 && (htim->Instance->DIER & 1u) != 0) {
    htim->Instance->SR = ~1u;
    HAL_TIM_PeriodElapsedCallback(htim);
  }
}
#endif
