/* The registers that this ROM uses, named as RM0456 and the SVD name them; addresses and bits from the SVD facts in the repository. */
#ifndef ROM_U5_REGS_H
#define ROM_U5_REGS_H
#include "../common/cortex_m.h"

/* RCC 0x46020C00 */
#define RCC_CR REG(0x46020C00u)
#define CR_MSISON BIT(0)
#define CR_MSISRDY BIT(2)
#define CR_HSION BIT(8)
#define CR_HSIRDY BIT(10)
#define CR_HSI48ON BIT(12)
#define CR_HSI48RDY BIT(13)
#define CR_PLL1ON BIT(24)
#define CR_PLL1RDY BIT(25)
#define CR_PLLS (CR_PLL1ON | BIT(26) | BIT(28))
#define RCC_CFGR1 REG(0x46020C1Cu)
#define CFGR1_SW 3u
#define CFGR1_SWS (3u << 2)
#define SW_MSIS 0u
#define SW_HSI 1u
#define SW_PLL1 3u
#define RCC_CFGR2 REG(0x46020C20u)
#define CFGR2_PRESCALERS 0x0000077Fu /* PPRE2, PPRE1, HPRE */
#define RCC_CFGR3 REG(0x46020C24u)
#define CFGR3_PPRE3 0x00000070u
#define RCC_PLL1CFGR REG(0x46020C28u)
#define PLL1CFGR_SRC_HSI 2u
#define PLL1CFGR_RGE_8_16 (3u << 2)
#define PLL1CFGR_M(m) (((uint32_t)(m) - 1u) << 8)
#define PLL1CFGR_QEN BIT(17)
#define PLL1CFGR_REN BIT(18)
#define RCC_PLL1DIVR REG(0x46020C34u)
#define PLL1DIVR(n, p, q, r) (((n) - 1u) | ((p) - 1u) << 9 | ((q) - 1u) << 16 | ((r) - 1u) << 24)
#define PLL1DIVR_RESET 0x01010280u
#define RCC_PLL1FRACR REG(0x46020C38u)
#define RCC_AHB2RSTR1 REG(0x46020C64u)
#define RCC_APB1RSTR1 REG(0x46020C74u)
#define RCC_AHB2ENR1 REG(0x46020C8Cu)
#define AHB2_OTG BIT(14)
#define RCC_AHB1ENR REG(0x46020C88u)
#define AHB1ENR_DCACHE1EN BIT(30)
#define RCC_AHB3ENR REG(0x46020C94u)
#define AHB3ENR_PWREN BIT(2)
#define RCC_APB1ENR1 REG(0x46020C9Cu)
#define APB1_CRS BIT(24)
#define RCC_CCIPR1 REG(0x46020CE0u)
#define CCIPR1_ICLKSEL (3u << 26) /* 0 = HSI48 */
#define CCIPR1_FDCAN1SEL (3u << 24)
#define CCIPR1_FDCAN1SEL_PLL1Q (1u << 24)
#define RCC_CSR REG(0x46020CF4u)
#define CSR_SFTRSTF BIT(28)

/* PWR 0x46020800 */
#define PWR_VOSR REG(0x4602080Cu)
#define VOSR_BOOSTRDY BIT(14)
#define VOSR_VOSRDY BIT(15)
#define VOSR_VOS (3u << 16)
#define VOSR_VOS_RANGE_1 (3u << 16)
#define VOSR_BOOSTEN BIT(18)
#define PWR_SVMCR REG(0x46020810u)
#define SVMCR_USV BIT(28)

/* FLASH 0x40022000: the non-secure interface; the manual's names have NS in them. */
#define FLASH_REGISTERS 0x40022000u
#define FLASH_ACR REG(0x40022000u)
#define ACR_LATENCY 0xFu
#define FLASH_KEYR REG(0x40022008u)
#define FLASH_OPTKEYR REG(0x40022010u)
#define FLASH_SR REG(0x40022020u)
#define SR_WRPERR BIT(4)
#define SR_ERRORS 0x000000FAu /* OPERR, PROGERR to PGSERR */
#define SR_FLAGS (SR_ERRORS | BIT(13)) /* OPTWERR */
#define SR_FAILURES (SR_FLAGS & ~SR_WRPERR)
#define SR_BSY (BIT(16) | BIT(17)) /* BSY, WDW */
#define FLASH_CR REG(0x40022028u)
#define CR_PG BIT(0)
#define CR_PER BIT(1)
#define CR_MER1 BIT(2)
#define CR_PNB(n) ((uint32_t)(n) << 3)
#define CR_BKER BIT(11)
#define CR_MER2 BIT(15)
#define CR_STRT BIT(16)
#define CR_OPTSTRT BIT(17)
#define CR_OBL_LAUNCH BIT(27)
#define CR_OPTLOCK BIT(30)
#define CR_LOCK BIT(31)
#define FLASH_OPTR REG(0x40022040u)
#define OPTR_RDP 0xFFu
#define OPTR_RDP_LEVEL_0 0xAAu
#define OPTR_SWAP_BANK BIT(20)

/* ICACHE 0x40030400, DCACHE 0x40031400 */
#define ICACHE_CR REG(0x40030400u)
#define ICACHE_SR REG(0x40030404u)
#define DCACHE_CR REG(0x40031400u)
#define CACHE_EN BIT(0)
#define CACHE_BUSYF BIT(0)

/* CRS 0x40006000 */
#define CRS_CR REG(0x40006000u)
#define CRS_CR_CEN BIT(5)
#define CRS_CR_AUTOTRIMEN BIT(6)
#define CRS_CFGR REG(0x40006004u)
#define CRS_CFGR_SYNCSRC (3u << 28)
#define CRS_CFGR_SYNCSRC_USB (2u << 28)

#define GPIOA 0x42020000u
#endif
