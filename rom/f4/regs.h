/* The registers that this ROM uses, named as RM0090 and RM0383 name them. */
#ifndef ROM_F4_REGS_H
#define ROM_F4_REGS_H
#include "../common/cortex_m.h"
#include <stdbool.h>

/* RCC 0x40023800 */
#define RCC_CR REG(0x40023800u)
#define CR_HSION BIT(0)
#define CR_HSIRDY BIT(1)
#define CR_HSEON BIT(16)
#define CR_HSERDY BIT(17)
#define CR_CSSON BIT(19)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define CR_PLLI2SON BIT(26)
#define RCC_PLLCFGR REG(0x40023804u)
#define PLLCFGR_M(m) ((uint32_t)(m))
#define PLLCFGR_N(n) ((uint32_t)(n) << 6)
#define PLLCFGR_P(p) (((uint32_t)(p) / 2u - 1u) << 16)
#define PLLCFGR_SRC_HSE BIT(22)
#define PLLCFGR_Q(q) ((uint32_t)(q) << 24)
#define PLLCFGR_RESET 0x24003010u
#define RCC_CFGR REG(0x40023808u)
#define CFGR_SW 3u
#define CFGR_SWS (3u << 2)
#define SW_HSI 0u
#define SW_PLL 2u
#define CFGR_PRESCALERS 0x0000FCF0u /* HPRE, PPRE1, PPRE2 */
#define CFGR_PPRE1_2 (4u << 10)
#define CFGR_RTCPRE (31u << 16)
#define CFGR_RTCPRE_16 (16u << 16)
#define RCC_CIR REG(0x4002380Cu)
#define CIR_CSSF BIT(7)
#define RCC_AHB2RSTR REG(0x40023814u)
#define RCC_APB1RSTR REG(0x40023820u)
#define RCC_APB2RSTR REG(0x40023824u)
#define RCC_AHB1ENR REG(0x40023830u)
#define RCC_AHB2ENR REG(0x40023834u)
#define RCC_APB1ENR REG(0x40023840u)
#define RCC_APB2ENR REG(0x40023844u)
#define RCC_CSR REG(0x40023874u)
#define CSR_SFTRSTF BIT(28)
/* Bits that the ENR and RSTR registers share. */
#define AHB2_OTGFS BIT(7)
#define APB1_PWR BIT(28)
#define APB2_SYSCFG BIT(14)
#define APB2_TIM11 BIT(18)

/* PWR 0x40007000: VOS is one bit on F405 and F407, two elsewhere; all ones is the scale for the highest clocks */
#define PWR_CR REG(0x40007000u)
#define PWR_CR_VOS (VOS_MASK << 14)

/* FLASH 0x40023C00 */
#define FLASH_ACR REG(0x40023C00u)
#define ACR_LATENCY 15u
#if defined F7
#define ACR_ICEN BIT(9) /* ARTEN: one cache, on the ITCM bus */
#define ACR_DCEN 0u
#define ACR_ICRST BIT(11) /* ARTRST */
#define ACR_DCRST 0u
#else
#define ACR_ICEN BIT(9)
#define ACR_DCEN BIT(10)
#define ACR_ICRST BIT(11)
#define ACR_DCRST BIT(12)
#endif
#define FLASH_KEYR REG(0x40023C04u)
#define FLASH_OPTKEYR REG(0x40023C08u)
#define FLASH_SR REG(0x40023C0Cu)
#define SR_WRPERR BIT(4)
#define SR_ERRORS 0x000000F2u /* OPERR, WRPERR, PGAERR, PGPERR, PGSERR */
#define SR_FLAGS (SR_ERRORS | BIT(0))
#define SR_FAILURES (SR_ERRORS & ~SR_WRPERR)
#define SR_BSY BIT(16)
#define FLASH_CR REG(0x40023C10u)
#define CR_PG BIT(0)
#define CR_SER BIT(1)
#define CR_MER BIT(2)
#define CR_MER1 BIT(15) /* bank 2 */
#define CR_SNB(n) ((uint32_t)(n) << 3)
#define CR_PSIZE(n) ((uint32_t)(n) << 8)
#define CR_STRT BIT(16)
#define CR_LOCK BIT(31)
#define FLASH_OPTCR REG(0x40023C14u)
#define FLASH_OPTCR1 REG(0x40023C18u)
#define OPTCR_OPTLOCK BIT(0)
#define OPTCR_OPTSTRT BIT(1)
#define OPTCR_BFB2 BIT(4)
#define OPTCR_DB1M BIT(30)
#if FLASH_BANKS == 2
bool flash_has_two_banks(void);
#endif
#define OPTCR_RDP (0xFFu << 8)
#define OPTCR_RDP_LEVEL_0 (0xAAu << 8)

/* F7: two bits each of USART1 and 3 and of I2C1 to I2C3; 2 = HSI. The other interfaces that the ROM has keep the bus's clock. */
#define RCC_DCKCFGR2 REG(0x40023890u)
#define DCKCFGR2_INTERFACES (3u | 3u << 4 | 3u << 16 | 3u << 18 | 3u << 20)
#define DCKCFGR2_INTERFACES_HSI (2u | 2u << 4 | 2u << 16 | 2u << 18 | 2u << 20)

/* SYSCFG 0x40013800 */
#define SYSCFG_MEMRMP REG(0x40013800u)
#define SYSCFG_MEMORY SYSCFG_MEMRMP
#define MEM_MODE 3u
#define MEMRMP_FB_MODE BIT(8)
#define MEM_MODE_FLASH 0u
#define MEM_MODE_SYSTEM 1u

#define TIM11 0x40014800u
#define TIM11_OR REG(0x40014850u)
#define OR_TI1_HSE_RTC 2u

#define GPIOA 0x40020000u

#endif
