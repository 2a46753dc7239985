/* Functions in the form of a vendor's abstraction layer: handles, status words, time-outs by the tick. Written for the benchmark. */
#ifndef HAL_H
#define HAL_H
#include "device.h"
typedef enum { HAL_OK, HAL_ERROR, HAL_BUSY, HAL_TIMEOUT } HAL_StatusTypeDef;
typedef enum { GPIO_PIN_RESET, GPIO_PIN_SET } GPIO_PinState;
typedef struct {
  uint32_t Pin, Mode, Pull, Speed, Alternate;
} GPIO_InitTypeDef;
enum { GPIO_INPUT, GPIO_OUTPUT, GPIO_AF };
#define HAL_MAX_DELAY 0xFFFFFFFFu
extern volatile uint32_t uwTick;
extern uint32_t SystemCoreClock;
HAL_StatusTypeDef HAL_Init(void);
HAL_StatusTypeDef HAL_InitTick(uint32_t priority);
HAL_StatusTypeDef HAL_DeInit(void);
void HAL_IncTick(void);
uint32_t HAL_GetTick(void);
void HAL_Delay(uint32_t delay);
void HAL_GPIO_Init(GPIO_TypeDef *port, const GPIO_InitTypeDef *init);
GPIO_PinState HAL_GPIO_ReadPin(GPIO_TypeDef *port, uint32_t pin);
void HAL_GPIO_WritePin(GPIO_TypeDef *port, uint32_t pin, GPIO_PinState state);
void HAL_GPIO_TogglePin(GPIO_TypeDef *port, uint32_t pin);
HAL_StatusTypeDef HAL_WaitFor(IO uint32_t *reg, uint32_t mask, uint32_t value, uint32_t timeout);
HAL_StatusTypeDef HAL_RCC_Config(void);
void HAL_RCC_DeInit(void);
void Error_Handler(void);
#ifdef F405
typedef struct {
  USART_TypeDef *Instance;
  uint32_t BaudRate, State, RxXferCount;
  uint8_t *pRxBuffPtr;
} UART_HandleTypeDef;
HAL_StatusTypeDef HAL_UART_Init(UART_HandleTypeDef *huart);
HAL_StatusTypeDef HAL_UART_Receive(UART_HandleTypeDef *huart, uint8_t *data, uint32_t size, uint32_t timeout);
HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, const uint8_t *data, uint32_t size, uint32_t timeout);
#endif
#ifdef H743
typedef struct {
  TIM_TypeDef *Instance;
  uint32_t Prescaler, Period;
} TIM_HandleTypeDef;
HAL_StatusTypeDef HAL_TIM_Base_Start_IT(TIM_HandleTypeDef *htim);
void HAL_TIM_IRQHandler(TIM_HandleTypeDef *htim);
void HAL_TIM_PeriodElapsedCallback(TIM_HandleTypeDef *htim);
#endif
#endif
