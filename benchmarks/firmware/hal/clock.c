/* SystemClock_Config of each part: full speed, each wait with a time-out by the tick. */
#include "hal.h"

#define CHECK(x) \
  do { \
    HAL_StatusTypeDef status = (x); \
    if (status != HAL_OK) return status; \
  } while (0)
enum { HSE_TIMEOUT = 100, PLL_TIMEOUT = 2, SWITCH_TIMEOUT = 5000 };

#if defined(F103)
HAL_StatusTypeDef HAL_RCC_Config(void) { /* HSE 8 MHz * 9 */
  RCC->CR |= 1u << 16;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 17, 1u << 17, HSE_TIMEOUT));
  RCC->CR &= ~(1u << 24);
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 0, PLL_TIMEOUT));
  RCC->CFGR = (RCC->CFGR & ~(0xFu << 18 | 1u << 16)) | 7u << 18 | 1u << 16;
  RCC->CR |= 1u << 24;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 1u << 25, PLL_TIMEOUT));
  FLASH_ACR = (FLASH_ACR & ~7u) | 2u;
  RCC->CFGR = (RCC->CFGR & ~(7u << 8)) | 4u << 8;
  RCC->CFGR = (RCC->CFGR & ~3u) | 2u;
  CHECK(HAL_WaitFor(&RCC->CFGR, 3u << 2, 2u << 2, SWITCH_TIMEOUT));
  SystemCoreClock = 72000000u;
  return HAL_InitTick(15);
}
void HAL_RCC_DeInit(void) {}
#elif defined(F405)
HAL_StatusTypeDef HAL_RCC_Config(void) { /* HSE 8 MHz / 8 * 336 / 2 */
  RCC->APB1ENR |= 1u << 28;
  (void)RCC->APB1ENR;
  PWR_CR |= 1u << 14;
  RCC->CR |= 1u << 16;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 17, 1u << 17, HSE_TIMEOUT));
  RCC->CR &= ~(1u << 24);
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 0, PLL_TIMEOUT));
  RCC->PLLCFGR = 8u | 336u << 6 | 1u << 22 | 7u << 24;
  RCC->CR |= 1u << 24;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 1u << 25, PLL_TIMEOUT));
  FLASH_ACR = 5u | 7u << 8;
  RCC->CFGR |= 5u << 10 | 4u << 13;
  RCC->CFGR = (RCC->CFGR & ~3u) | 2u;
  CHECK(HAL_WaitFor(&RCC->CFGR, 3u << 2, 2u << 2, SWITCH_TIMEOUT));
  SystemCoreClock = 168000000u;
  return HAL_InitTick(15);
}
void HAL_RCC_DeInit(void) {
  RCC->CR |= 1;
  HAL_WaitFor(&RCC->CR, 2, 2, PLL_TIMEOUT);
  RCC->CFGR = 0;
  HAL_WaitFor(&RCC->CFGR, 3u << 2, 0, SWITCH_TIMEOUT);
  RCC->CR &= ~(1u << 24 | 1u << 16);
  HAL_WaitFor(&RCC->CR, 1u << 25, 0, PLL_TIMEOUT);
  SystemCoreClock = 16000000u;
  HAL_InitTick(15);
}
#elif defined(G474)
HAL_StatusTypeDef HAL_RCC_Config(void) { /* HSI 16 MHz / 4 * 85 / 2, boost */
  RCC->APB1ENR1 |= 1u << 28;
  (void)RCC->APB1ENR1;
  PWR_CR5 &= ~(1u << 8);
  RCC->CR |= 1u << 8;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 10, 1u << 10, PLL_TIMEOUT));
  RCC->CR &= ~(1u << 24);
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 0, PLL_TIMEOUT));
  RCC->PLLCFGR = 2u | 3u << 4 | 85u << 8 | 1u << 24;
  RCC->CR |= 1u << 24;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 1u << 25, PLL_TIMEOUT));
  FLASH_ACR = (FLASH_ACR & ~15u) | 4u | 7u << 8;
  CHECK(HAL_WaitFor(&FLASH_ACR, 15u, 4u, PLL_TIMEOUT));
  RCC->CFGR = (RCC->CFGR & ~(15u << 4)) | 8u << 4; /* half speed for a microsecond: RM0440 */
  RCC->CFGR = (RCC->CFGR & ~3u) | 3u;
  CHECK(HAL_WaitFor(&RCC->CFGR, 3u << 2, 3u << 2, SWITCH_TIMEOUT));
  for (volatile uint32_t i = 0; i < 20; i++) {
  }
  RCC->CFGR &= ~(15u << 4);
  SystemCoreClock = 170000000u;
  return HAL_InitTick(15);
}
void HAL_RCC_DeInit(void) {
  RCC->CFGR = (RCC->CFGR & ~(15u << 4 | 3u)) | 1u;
  HAL_WaitFor(&RCC->CFGR, 3u << 2, 1u << 2, SWITCH_TIMEOUT);
  RCC->CR &= ~(1u << 24);
  HAL_WaitFor(&RCC->CR, 1u << 25, 0, PLL_TIMEOUT);
  SystemCoreClock = 16000000u;
  HAL_InitTick(15);
}
#elif defined(L432)
HAL_StatusTypeDef HAL_RCC_Config(void) { /* MSI 4 MHz * 40 / 2 */
  SystemCoreClock = 4000000u;
  CHECK(HAL_InitTick(15));
  RCC->APB1ENR1 |= 1u << 28;
  (void)RCC->APB1ENR1;
  CHECK(HAL_WaitFor(&RCC->CR, 2, 2, PLL_TIMEOUT));
  RCC->PLLCFGR = 1u | 40u << 8 | 1u << 24;
  RCC->CR |= 1u << 24;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 1u << 25, PLL_TIMEOUT));
  FLASH_ACR = (FLASH_ACR & ~7u) | 4u | 7u << 8;
  CHECK(HAL_WaitFor(&FLASH_ACR, 7u, 4u, PLL_TIMEOUT));
  RCC->CFGR = (RCC->CFGR & ~3u) | 3u;
  CHECK(HAL_WaitFor(&RCC->CFGR, 3u << 2, 3u << 2, SWITCH_TIMEOUT));
  SystemCoreClock = 80000000u;
  CHECK(HAL_InitTick(15));
  PWR_CR2 |= 1u << 10; /* USV */
  RCC->CRRCR |= 1;
  return HAL_WaitFor(&RCC->CRRCR, 2, 2, PLL_TIMEOUT);
}
void HAL_RCC_DeInit(void) {
  RCC->CFGR &= ~3u;
  HAL_WaitFor(&RCC->CFGR, 3u << 2, 0, SWITCH_TIMEOUT);
  RCC->CR &= ~(1u << 24);
  HAL_WaitFor(&RCC->CR, 1u << 25, 0, PLL_TIMEOUT);
  FLASH_ACR &= ~7u;
  SystemCoreClock = 4000000u;
  HAL_InitTick(15);
}
#elif defined(H743)
HAL_StatusTypeDef HAL_RCC_Config(void) { /* HSI 64 MHz / 4 * 50 / 2 = 400 MHz, scale 1 */
  SystemCoreClock = 64000000u;
  CHECK(HAL_InitTick(15));
  PWR_CR3 = (PWR_CR3 & ~7u) | 2u; /* LDO */
  CHECK(HAL_WaitFor(&PWR_CSR1, 1u << 13, 1u << 13, 1000));
  PWR_D3CR |= 3u << 14;
  CHECK(HAL_WaitFor(&PWR_D3CR, 1u << 13, 1u << 13, 1000));
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 2, 1u << 2, PLL_TIMEOUT));
  RCC->PLLCKSELR = (RCC->PLLCKSELR & ~(63u << 4 | 3u)) | 4u << 4;
  RCC->PLL1DIVR = 49u | 1u << 9 | 3u << 16 | 1u << 24;
  RCC->PLLCFGR = (RCC->PLLCFGR & ~0xFu) | 3u << 2 | 7u << 16;
  RCC->CR |= 1u << 24;
  CHECK(HAL_WaitFor(&RCC->CR, 1u << 25, 1u << 25, PLL_TIMEOUT));
  RCC->D1CFGR = 8u | 4u << 4;
  RCC->D2CFGR = 4u << 4 | 4u << 8;
  RCC->D3CFGR = 4u << 4;
  FLASH_ACR = 2u | 2u << 4;
  CHECK(HAL_WaitFor(&FLASH_ACR, 15u, 2u, PLL_TIMEOUT));
  RCC->CFGR = (RCC->CFGR & ~7u) | 3u;
  CHECK(HAL_WaitFor(&RCC->CFGR, 7u << 3, 3u << 3, SWITCH_TIMEOUT));
  SystemCoreClock = 400000000u;
  return HAL_InitTick(15);
}
void HAL_RCC_DeInit(void) {
  RCC->CFGR &= ~7u;
  HAL_WaitFor(&RCC->CFGR, 7u << 3, 0, SWITCH_TIMEOUT);
  RCC->CR &= ~(1u << 24);
  HAL_WaitFor(&RCC->CR, 1u << 25, 0, PLL_TIMEOUT);
  RCC->D1CFGR = RCC->D2CFGR = RCC->D3CFGR = 0;
  SystemCoreClock = 64000000u;
  HAL_InitTick(15);
}
#endif
