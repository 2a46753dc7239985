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
#define RCC_AHBENR REG(0x40021014u)
#define RCC_APB1RSTR REG(0x40021010u)
#define RCC_AHBRSTR REG(0x40021028u)
#define AHB_OTGFS BIT(12)
#define APB1_USART2 BIT(17)
#define CR_HSERDY BIT(17)
#define CR_CSSON BIT(19)
#define CR_PLL2ON BIT(26)
#define CR_PLL2RDY BIT(27)
#define CFGR_PLLSRC BIT(16) /* 1 = PREDIV1 */
#define CFGR_PLLMUL_BITS(v) ((uint32_t)(v) << 18)
#define CFGR_OTGFSPRE BIT(22) /* 1 = twice the PLL, halved */
#define CFGR_PPRE1_2 (4u << 8)
#define RCC_CFGR2 REG(0x4002102Cu)
#define CFGR2_PREDIV1(n) ((uint32_t)(n) - 1u)
#define CFGR2_PREDIV2(n) (((uint32_t)(n) - 1u) << 4)
#define CFGR2_PLL2MUL(n) (((uint32_t)(n) - 2u) << 8)
#define CFGR2_PREDIV1SRC_PLL2 BIT(16)
#define RCC_CIR REG(0x40021008u)
#define CIR_CSSF BIT(7)
#define RCC_CSR REG(0x40021024u)
#define CSR_SFTRSTF BIT(28)
#define APB2_AFIO BIT(0)
#define APB2_GPIOA BIT(2)
#define APB2_GPIOB BIT(3)
#define APB2_GPIOD BIT(5)
#define APB2_USART1 BIT(14)

/* FLASH 0x40022000 */
#define FLASH_ACR REG(0x40022000u)
#define ACR_LATENCY 7u
#define FLASH_KEYR REG(0x40022004u)
#define FLASH_OPTKEYR REG(0x40022008u)
#define FLASH_SR REG(0x4002200Cu)
#define SR_BSY BIT(0)
#define SR_PGERR BIT(2)
#define SR_WRPRTERR BIT(4)
#define SR_EOP BIT(5)
#define SR_FLAGS (SR_PGERR | SR_WRPRTERR | SR_EOP)
#define SR_FAILURES SR_PGERR
#define FLASH_CR REG(0x40022010u)
#define CR_PG BIT(0)
#define CR_PER BIT(1)
#define CR_MER BIT(2)
#define CR_OPTPG BIT(4)
#define CR_OPTER BIT(5)
#define CR_STRT BIT(6)
#define CR_LOCK BIT(7)
#define CR_OPTWRE BIT(9)
#define FLASH_AR REG(0x40022014u)
#define FLASH_OBR REG(0x4002201Cu)
#define OBR_RDPRT BIT(1)

#define OTG_GOTGCTL REG(0x50000000u)
#define GOTG_BSVLD BIT(19)
#define OTG_GINTSTS REG(0x50000014u)
#define GINT_SOF BIT(3)

#define GPIOA 0x40010800u
#define GPIOB 0x40010C00u
#define GPIOD 0x40011400u
#endif
