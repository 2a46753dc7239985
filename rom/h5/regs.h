/* The registers that this ROM uses, named as RM0481 and the SVD name them; addresses and bits from the SVD facts in the repository. */
#ifndef ROM_H5_REGS_H
#define ROM_H5_REGS_H
#include "../common/cortex_m.h"

/* RCC 0x44020C00 */
#define RCC_CR REG(0x44020C00u)
#define CR_HSION BIT(0)
#define CR_HSIRDY BIT(1)
#define CR_HSIDIV (3u << 3)
#define CR_HSIDIV_2 (1u << 3)
#define CR_HSIDIVF BIT(5)
#define CR_HSI48ON BIT(12)
#define CR_HSI48RDY BIT(13)
#define CR_PLL1ON BIT(24)
#define CR_PLL1RDY BIT(25)
#define CR_PLLS (CR_PLL1ON | BIT(26) | CR_PLL3ON)
#define RCC_CFGR1 REG(0x44020C1Cu)
#define CFGR1_SW 3u
#define CFGR1_SWS (3u << 3)
#define SW_HSI 0u
#define SW_PLL1 3u
#define RCC_CFGR2 REG(0x44020C20u)
#define CFGR2_PRESCALERS 0x00007777u /* PPRE3, PPRE2, PPRE1, and HPRE without its top bit */
#define CFGR2_HPRE3 BIT(3)
#define RCC_PLL1CFGR REG(0x44020C28u)
#define PLL1CFGR_SRC_HSI 1u
#define PLL1CFGR_RGE_4_8 (2u << 2)
#define PLL1CFGR_M(m) ((uint32_t)(m) << 8)
#define PLL1CFGR_PEN BIT(16)
#define PLL1CFGR_QEN BIT(17)
#define RCC_PLL1DIVR REG(0x44020C34u)
#define PLL1DIVR(n, p, q, r) (((n) - 1u) | ((p) - 1u) << 9 | ((q) - 1u) << 16 | ((r) - 1u) << 24)
#define PLL1DIVR_RESET 0x01010280u
#define RCC_PLL1FRACR REG(0x44020C38u)
#define RCC_AHB2RSTR REG(0x44020C64u)
#define RCC_APB1LRSTR REG(0x44020C74u)
#define RCC_APB2RSTR REG(0x44020C7Cu)
#define RCC_AHB1ENR REG(0x44020C88u)
#define AHB1ENR_TZSC1EN BIT(24)
#define AHB1ENR_DCACHEEN BIT(30)
#define RCC_AHB2ENR REG(0x44020C8Cu)
#define RCC_APB1LENR REG(0x44020C9Cu)
#define RCC_APB2ENR REG(0x44020CA4u)
#define RCC_CCIPR1 REG(0x44020CD8u)
#define RCC_CCIPR3 REG(0x44020CE0u)
#define RCC_CCIPR4 REG(0x44020CE4u)
#define CCIPR4_USBSEL (3u << 4)
#define CCIPR4_USBSEL_HSI48 (3u << 4)
#define RCC_CCIPR5 REG(0x44020CE8u)
#define CCIPR5_FDCANSEL (3u << 8)
#define CCIPR5_FDCANSEL_PLL1Q (1u << 8)
#define RCC_RSR REG(0x44020CF4u)
#define RSR_SFTRSTF BIT(28)
/* Bits that the ENR and RSTR registers share. */
#define AHB2_GPIOA BIT(0)
#define AHB2_GPIOB BIT(1)
#define AHB2_GPIOC BIT(2)
#define AHB2_GPIOD BIT(3)
#define APB1L_CRS BIT(24)
#define APB2_USB BIT(24)

/* PWR 0x44020800 */
#define PWR_VOSCR REG(0x44020810u)
#define VOSCR_VOS (3u << 4)
#define VOSCR_VOS1 (2u << 4)
#define PWR_VOSSR REG(0x44020814u)
#define VOSSR_VOSRDY BIT(3)
#define VOSSR_ACTVOSRDY BIT(13)
#define PWR_USBSCR REG(0x44020838u)
#define USBSCR_USB33SV BIT(25)

/* FLASH 0x40022000 */
#define FLASH_REGISTERS 0x40022000u
#define FLASH_ACR REG(0x40022000u)
#define ACR_LATENCY_AND_WRHIGHFREQ 0x3Fu
#define ACR_RESET 0x13u
/* The non-secure interface; the manual's names have NS in them. */
#define FLASH_KEYR REG(0x40022004u)
#define FLASH_SR REG(0x40022020u)
#define SR_BSY (BIT(0) | BIT(3)) /* BSY, DBNE */
#define SR_WRPERR BIT(17)
#define SR_ERRORS (0xFEu << 16)
#define SR_FLAGS SR_ERRORS
#define SR_FAILURES (SR_ERRORS & ~SR_WRPERR)
#define FLASH_CR REG(0x40022028u)
#define CR_LOCK BIT(0)
#define CR_PG BIT(1)
#define CR_SER BIT(2)
#define CR_STRT BIT(5)
#define CR_SNB(n) ((uint32_t)(n) << 6)
#define CR_MER BIT(15)
#define CR_BKSEL BIT(31)
#define FLASH_CCR REG(0x40022030u)
#define FLASH_CLEAR(flags) (FLASH_CCR = (flags))
#define FLASH_OPTKEYR REG(0x4002200Cu)
#define FLASH_OPTCR REG(0x4002201Cu)
#define OPTCR_OPTLOCK BIT(0)
#define OPTCR_OPTSTRT BIT(1)
#define FLASH_OPTSR_CUR REG(0x40022050u)
#define OPTSR_PRODUCT_STATE(v) ((v) >> 8 & 0xFFu)
#define OPTSR_SWAP_BANK BIT(31)

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

/* GPIO */
#define GPIOA 0x42020000u

/* 1 = secure, by peripheral; n = 0 to 2 */
#define TZSC_SECCFGR(n) REG(0x40032410u + 4u * (n))
#define TZSC_SECCFGR_COUNT 3u
#endif
