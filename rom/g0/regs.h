/* The registers that this ROM uses, named as RM0444 and the SVD name them. */
#ifndef ROM_G0_REGS_H
#define ROM_G0_REGS_H
#include "../common/cortex_m.h"

/* RCC 0x40021000 */
#define RCC_CR REG(0x40021000u)
#define CR_HSION BIT(8)
#define CR_HSIRDY BIT(10)
#define CR_HSIDIV (7u << 11)
#define CR_HSIDIV_2 (1u << 11)
#define CR_HSIDIV_4 (2u << 11)
#define CR_SYSDIV (7u << 2) /* C0 */
#define CR_HSEON BIT(16)
#define CR_HSERDY BIT(17)
#define CR_CSSON BIT(19)
#define CR_HSI48ON BIT(22)
#define CR_HSI48RDY BIT(23)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define RCC_CFGR REG(0x40021008u)
#define CFGR_SW 7u
#define CFGR_SWS (7u << 3)
#define SW_HSI 0u
#define SW_PLL 2u
#define CFGR_PRESCALERS 0x00007F00u /* HPRE, PPRE */
#define RCC_PLLCFGR REG(0x4002100Cu)
#define PLLCFGR_RESET 0x1000u
#define PLLCFGR_SRC_HSI 2u
#define PLLCFGR_SRC_HSE 3u
#define PLLCFGR_M(m) (((uint32_t)(m) - 1u) << 4)
#define PLLCFGR_N(n) ((uint32_t)(n) << 8)
#define PLLCFGR_QEN BIT(24)
#define PLLCFGR_Q(q) (((uint32_t)(q) - 1u) << 25)
#define PLLCFGR_REN BIT(28)
#define PLLCFGR_R(r) (((uint32_t)(r) - 1u) << 29)
#define RCC_CIFR REG(0x4002101Cu)
#define CIFR_CSSF BIT(8)
#define RCC_APBRSTR1 REG(0x4002102Cu)
#define RCC_APBRSTR2 REG(0x40021030u)
#define RCC_IOPENR REG(0x40021034u)
#define RCC_APBENR1 REG(0x4002103Cu)
#define RCC_APB2ENR REG(0x40021040u) /* APBENR2 */
#define RCC_CCIPR2 REG(0x40021058u)
#define CCIPR2_USBSEL (3u << 12)
#define CCIPR2_FDCANSEL (3u << 8)
#define CCIPR2_FDCANSEL_PLLQ (1u << 8)
#define USBSEL_HSI48 (0u << 12)
#define USBSEL_PLLQ (2u << 12)
#define RCC_CSR REG(0x40021060u)
#define CSR_SFTRSTF BIT(28)
/* Bits that the ENR and RSTR registers share. */
#define APB1_USB BIT(13)
#define APB1_CRS BIT(16)
#define APB1_PWR BIT(28)
#define APB2_SYSCFG BIT(0)
#define APB2_TIM17 BIT(18)

/* PWR 0x40007000 */
#define PWR_CR1 REG(0x40007000u)
#define CR1_VOS (3u << 9)
#define CR1_VOS_RANGE_1 (1u << 9)
#define PWR_CR2 REG(0x40007004u)
#define CR2_USV BIT(10)
#define PWR_SR2 REG(0x40007014u)
#define SR2_VOSF BIT(10)

/* FLASH 0x40022000 */
#define FLASH_ACR REG(0x40022000u)
#define ACR_LATENCY 7u
#define ACR_ICEN BIT(9)
#define ACR_DCEN 0u
#define ACR_ICRST BIT(11)
#define ACR_DCRST 0u
#define ACR_EMPTY BIT(16)
#define FLASH_KEYR REG(0x40022008u)
#define FLASH_OPTKEYR REG(0x4002200Cu)
#define FLASH_SR REG(0x40022010u)
#define SR_WRPERR BIT(4)
#define SR_ERRORS 0x0000C3FAu
#define SR_FLAGS SR_ERRORS
#define SR_FAILURES (SR_ERRORS & ~SR_WRPERR)
#define SR_BSY (BIT(16) | BIT(17))
#define FLASH_CR REG(0x40022014u)
#define CR_PG BIT(0)
#define CR_PER BIT(1)
#define CR_MER1 BIT(2)
#define CR_PNB(n) ((uint32_t)(n) << 3)
#define CR_BKER BIT(13)
#define CR_MER2 BIT(15)
#define CR_STRT BIT(16)
#define CR_OPTSTRT BIT(17)
#define CR_OBL_LAUNCH BIT(27)
#define CR_OPTLOCK BIT(30)
#define CR_LOCK BIT(31)
#define FLASH_OPTR REG(0x40022020u)
#define OPTR_RDP 0xFFu
#define OPTR_RDP_LEVEL_0 0xAAu

/* SYSCFG 0x40010000 */
#define SYSCFG_CFGR1 REG(0x40010000u)
#define SYSCFG_MEMORY SYSCFG_CFGR1
#define MEM_MODE 3u
#define MEM_MODE_FLASH 0u
#define MEM_MODE_SYSTEM 1u

#define CRS_CR REG(0x40006C00u)
#define CRS_CR_CEN BIT(5)
#define CRS_CR_AUTOTRIMEN BIT(6)
#define CRS_CFGR REG(0x40006C04u)
#define CRS_CFGR_SYNCSRC (3u << 28)
#define CRS_CFGR_SYNCSRC_USB (2u << 28)
#endif
