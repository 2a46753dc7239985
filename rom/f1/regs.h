/* The registers that this ROM uses, named as RM0008 names them. */
#ifndef ROM_F1_REGS_H
#define ROM_F1_REGS_H
#include "../common/cortex_m.h"

/* RCC 0x40021000 */
#define RCC_CR REG(0x40021000u)
#define CR_HSION BIT(0)
#define CR_HSIRDY BIT(1)
#define CR_HSEON BIT(16)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define RCC_CFGR REG(0x40021004u)
#define CFGR_SW 3u
#define CFGR_SWS (3u << 2)
#define SW_HSI 0u
#define SW_PLL 2u
#define CFGR_PRESCALERS 0x00003FF0u /* HPRE, PPRE1, PPRE2 */
#define CFGR_PLL (0x3Fu << 16)
#define CFGR_PLLMUL(n) (((n) - 2u) << 18) /* of HSI / 2 */
#define RCC_APB2RSTR REG(0x4002100Cu)
#define RCC_APB2ENR REG(0x40021018u)
#define RCC_CSR REG(0x40021024u)
#define CSR_SFTRSTF BIT(28)
#define APB2_GPIOA BIT(2)
#define APB2_USART1 BIT(14)

/* FLASH 0x40022000 */
#define FLASH_ACR REG(0x40022000u)
#define ACR_LATENCY 7u

#define GPIOA 0x40010800u
#endif
