/* The registers that these ROMs use, named as RM0376, RM0038 and the SVDs name them; where L0 and L1 have the same one, by L0's name. */
#ifndef ROM_L0_REGS_H
#define ROM_L0_REGS_H
#include "../common/cortex_m.h"
#if defined L1
/* RCC 0x40023800 */
#define RCC_CR REG(0x40023800u)
#define CR_HSION BIT(0)
#define CR_HSIRDY BIT(1)
#define CR_MSION BIT(8)
#define CR_MSIRDY BIT(9)
#define CR_HSEON BIT(16)
#define CR_HSERDY BIT(17)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define CR_CSSON BIT(28)
#define CR_RTCPRE (3u << 29)
#define CR_RTCPRE_16 (3u << 29)
#define RCC_CFGR REG(0x40023808u)
#define CFGR_SW 3u
#define CFGR_SWS (3u << 2)
#define SW_MSI 0u
#define SW_HSI 1u
#define SW_PLL 3u
#define CFGR_PRESCALERS 0x00003FF0u /* HPRE, PPRE1, PPRE2 */
#define CFGR_PLL ((1u << 16) | (15u << 18) | (3u << 22))
#define CFGR_PLLSRC_HSE BIT(16)
#define CFGR_PLLMUL(code) ((uint32_t)(code) << 18)
#define CFGR_PLLDIV_3 (2u << 22)
#define RCC_CIR REG(0x4002380Cu)
#define CIR_CSSF BIT(7)
#define RCC_APB2RSTR REG(0x40023814u)
#define RCC_APB1RSTR REG(0x40023818u)
#define RCC_AHBENR REG(0x4002381Cu)
#define AHB_MIF BIT(15)
#define RCC_APB2ENR REG(0x40023820u)
#define RCC_APB1ENR REG(0x40023824u)
#define RCC_CSR REG(0x40023834u)
#define CSR_SFTRSTF BIT(28)
/* Bits that the ENR and RSTR registers share. */
#define APB1_USB BIT(23)
#define APB1_PWR BIT(28)
#define APB2_SYSCFG BIT(0)
#define APB2_TIM11 BIT(4)

/* PWR 0x40007000 */
#define PWR_CR REG(0x40007000u)
#define CR_VOS (3u << 11)
#define CR_VOS_RANGE_1 (1u << 11)
#define PWR_CSR REG(0x40007004u)
#define CSR_VOSF BIT(4)

/* FLASH 0x40023C00 */
#define FLASH_ACR REG(0x40023C00u)
#define ACR_LATENCY 1u
#define ACR_ACC64 BIT(2)
#define FLASH_PECR REG(0x40023C04u)
#define PECR_PELOCK BIT(0)
#define PECR_PRGLOCK BIT(1)
#define PECR_OPTLOCK BIT(2)
#define PECR_PROG BIT(3)
#define PECR_ERASE BIT(9)
#define PECR_FPRG BIT(10)
#define PECR_OBL_LAUNCH BIT(18)
#define FLASH_PEKEYR REG(0x40023C0Cu)
#define FLASH_PRGKEYR REG(0x40023C10u)
#define FLASH_OPTKEYR REG(0x40023C14u)
#define FLASH_SR REG(0x40023C18u)
#define SR_BSY BIT(0)
#define SR_EOP BIT(1)
#define SR_WRPERR BIT(8)
#define SR_ERRORS 0x00001F00u
#define SR_FAILURES (SR_ERRORS & ~SR_WRPERR)
#define FLASH_OPTR REG(0x40023C1Cu) /* OBR */
#define OPTR_RDP 0xFFu
#define OPTR_RDP_LEVEL_0 0xAAu
#define OPTR_BFB2 BIT(23) /* 0 = from bank 2 */

/* SYSCFG 0x40010000 */
#define SYSCFG_MEMORY REG(0x40010000u) /* MEMRMP */
#define MEM_MODE 3u
#define MEM_MODE_FLASH 0u
#define MEM_MODE_SYSTEM 1u
#define MEMORY_BOOT_MODE (3u << 8)
#define BOOT_MODE_SYSTEM (1u << 8)
#define SYSCFG_PMC REG(0x40010004u)
#define PMC_USB_PU BIT(0)

#define TIM11 0x40011000u
#define TIM11_OR REG(TIM11 + 0x50u)
#define OR_TI1_HSE_RTC 2u
#else

/* RCC 0x40021000 */
#define RCC_CR REG(0x40021000u)
#define CR_HSION BIT(0)
#define CR_HSIRDY BIT(2)
#define CR_HSIDIVEN BIT(3)
#define CR_MSION BIT(8)
#define CR_MSIRDY BIT(9)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define RCC_CRRCR REG(0x40021008u)
#define CRRCR_HSI48ON BIT(0)
#define CRRCR_HSI48RDY BIT(1)
#define RCC_CFGR REG(0x4002100Cu)
#define CFGR_SW 3u
#define CFGR_SWS (3u << 2)
#define SW_MSI 0u
#define SW_HSI 1u
#define SW_PLL 3u
#define CFGR_PRESCALERS 0x00003FF0u /* HPRE, PPRE1, PPRE2 */
#define CFGR_PLL ((1u << 16) | (15u << 18) | (3u << 22))
#define CFGR_PLL_HSI_X4_BY_2 ((1u << 18) | (1u << 22))
#define RCC_APB2RSTR REG(0x40021024u)
#define RCC_APB1RSTR REG(0x40021028u)
#define RCC_AHBENR REG(0x40021030u)
#define AHB_MIF BIT(8)
#define RCC_APB2ENR REG(0x40021034u)
#define RCC_APB1ENR REG(0x40021038u)
#define RCC_CCIPR REG(0x4002104Cu)
#define CCIPR_HSI48SEL BIT(26)
#define RCC_CSR REG(0x40021050u)
#define CSR_SFTRSTF BIT(28)
/* Bits that the ENR and RSTR registers share. */
#define APB1_USB BIT(23)
#define APB1_CRS BIT(27)
#define APB1_PWR BIT(28)
#define APB2_SYSCFG BIT(0)

/* PWR 0x40007000 */
#define PWR_CR REG(0x40007000u)
#define CR_VOS (3u << 11)
#define CR_VOS_RANGE_1 (1u << 11)
#define PWR_CSR REG(0x40007004u)
#define CSR_VOSF BIT(4)

/* FLASH 0x40022000 */
#define FLASH_ACR REG(0x40022000u)
#define ACR_LATENCY 1u
#define FLASH_PECR REG(0x40022004u)
#define PECR_PELOCK BIT(0)
#define PECR_PRGLOCK BIT(1)
#define PECR_OPTLOCK BIT(2)
#define PECR_PROG BIT(3)
#define PECR_ERASE BIT(9)
#define PECR_FPRG BIT(10)
#define PECR_OBL_LAUNCH BIT(18)
#define FLASH_PEKEYR REG(0x4002200Cu)
#define FLASH_PRGKEYR REG(0x40022010u)
#define FLASH_OPTKEYR REG(0x40022014u)
#define FLASH_SR REG(0x40022018u)
#define SR_BSY BIT(0)
#define SR_EOP BIT(1)
#define SR_WRPERR BIT(8)
#define SR_ERRORS 0x00032F00u
#define SR_FAILURES (SR_ERRORS & ~SR_WRPERR)
#define FLASH_OPTR REG(0x4002201Cu)
#define OPTR_RDP 0xFFu
#define OPTR_RDP_LEVEL_0 0xAAu
#define OPTR_BFB2 BIT(23)

/* SYSCFG 0x40010000 */
#define SYSCFG_CFGR1 REG(0x40010000u)
#define SYSCFG_MEMORY SYSCFG_CFGR1
#define MEM_MODE 3u
#define MEM_MODE_FLASH 0u
#define MEM_MODE_SYSTEM 1u
#define CFGR1_UFB BIT(3)
#define MEMORY_BOOT_MODE (3u << 8)
#define BOOT_MODE_SYSTEM (1u << 8)
#define SYSCFG_CFGR3 REG(0x40010020u)
#define CFGR3_ENREF_HSI48 BIT(13)

#define CRS_CR REG(0x40006C00u)
#define CRS_CR_CEN BIT(5)
#define CRS_CR_AUTOTRIMEN BIT(6)
#define CRS_CFGR REG(0x40006C04u)
#define CRS_CFGR_SYNCSRC (3u << 28)
#define CRS_CFGR_SYNCSRC_USB (2u << 28)
#endif
#endif
