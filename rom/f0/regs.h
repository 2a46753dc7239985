/* The registers that this ROM uses, named as RM0091 and the SVD name them; addresses and bits from the SVD facts in the repository. */
#ifndef ROM_F0_REGS_H
#define ROM_F0_REGS_H
#include "../common/cortex_m.h"

/* RCC 0x40021000 */
#define RCC_CR REG(0x40021000u)
#define CR_HSION BIT(0)
#define CR_HSIRDY BIT(1)
#define CR_HSITRIM (31u << 3)
#define CR_HSITRIM_RESET (16u << 3)
#define CR_HSEON BIT(16)
#define CR_HSERDY BIT(17)
#define CR_CSSON BIT(19)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define RCC_CFGR REG(0x40021004u)
#define CFGR_SW 3u
#define CFGR_SWS (3u << 2)
#define SW_HSI 0u
#define SW_PLL 2u
#define SW_HSI48 3u
#if defined F3
#define CFGR_PRESCALERS 0x00003FF0u /* HPRE, PPRE1, PPRE2 */
#define CFGR_OWN_PRESCALERS (4u << 8) /* PPRE1 = 2: APB1 ends at 36 MHz */
#define CFGR_USBPRE BIT(22)       /* 1 = PLL, 0 = two thirds of it */
#else
#define CFGR_PRESCALERS 0x000007F0u /* HPRE, PPRE */
#define CFGR_OWN_PRESCALERS 0u
#endif
#define CFGR_PLL (0x7Fu << 15)
#define CFGR_PLLSRC_HSE (2u << 15)
#define CFGR_PLLMUL(n) (((n) - 2u) << 18)
#define RCC_CIR REG(0x40021008u)
#define CIR_CSSF BIT(7)
#define RCC_APB2RSTR REG(0x4002100Cu)
#define RCC_APB1RSTR REG(0x40021010u)
#define RCC_AHBENR REG(0x40021014u)
#define RCC_APB2ENR REG(0x40021018u)
#define RCC_APB1ENR REG(0x4002101Cu)
#define RCC_CSR REG(0x40021024u)
#define CSR_SFTRSTF BIT(28)
#define RCC_CFGR2 REG(0x4002102Cu) /* PREDIV */
#define RCC_CFGR3 REG(0x40021030u)
#define CFGR3_USBSW BIT(7) /* 0 = HSI48, 1 = PLL */
#define RCC_CR2 REG(0x40021034u)
#define CR2_HSI48ON BIT(16)
#define CR2_HSI48RDY BIT(17)
/* Bits that the ENR and RSTR registers share. */
#define AHB_GPIOA BIT(17)
#define AHB_GPIOB BIT(18)
#define AHB_GPIOF BIT(22)
#define APB1_TIM14 BIT(8)
#define APB1_USART2 BIT(17)
#define APB1_I2C1 BIT(21)
#define APB1_USB BIT(23)
#define APB1_CRS BIT(27)
#define APB2_SYSCFG BIT(0)
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
#define CR_OBL_LAUNCH BIT(13)
#define FLASH_AR REG(0x40022014u)
#define FLASH_OBR REG(0x4002201Cu)
#define OBR_RDPRT (3u << 1)
#define OBR_BOOT_SEL BIT(15) /* F04x */

/* SYSCFG 0x40010000 */
#define SYSCFG_CFGR1 REG(0x40010000u)
#define SYSCFG_MEMORY SYSCFG_CFGR1
#define MEM_MODE 3u
#define MEM_MODE_FLASH 0u
#define MEM_MODE_SYSTEM 1u

#define APB2_TIM16 BIT(17)

/* TIM16 0x40014400 of F3 */
#define TIM16 0x40014400u

/* TIM14 0x40002000 */
#define TIM14 0x40002000u
#define TIM_OR(timer) REG((timer) + 0x50u)
#define OR_TI1_HSE_32 2u

/* CRS 0x40006C00 */
#define CRS_CR REG(0x40006C00u)
#define CRS_CR_CEN BIT(5)
#define CRS_CR_AUTOTRIMEN BIT(6)
#define CRS_CFGR REG(0x40006C04u)
#define CRS_CFGR_SYNCSRC (3u << 28)
#define CRS_CFGR_SYNCSRC_USB (2u << 28)

#define GPIOA 0x48000000u
#define GPIOB 0x48000400u
#define GPIOF 0x48001400u

#define I2C1 0x40005400u
#define I2C_CR1(base) REG((base) + 0x00u)
#define I2C_CR1_PE BIT(0)
#define I2C_OAR1(base) REG((base) + 0x08u)
#define I2C_OAR1_OA1EN BIT(15)
#define I2C_ISR 0x18u
#define I2C_ISR_ADDR BIT(3)
#endif
