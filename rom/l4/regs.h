/* The registers that this ROM uses, named as RM0351 and the SVD name them; addresses and bits from the SVD facts in the repository. */
#ifndef ROM_L4_REGS_H
#define ROM_L4_REGS_H
#include "../common/cortex_m.h"

/* RCC */
#define RCC_CR REG(RCC_REGISTERS + 0x00u)
#define CR_MSION BIT(0)
#define CR_MSIRDY BIT(1)
#define CR_MSIPLLEN BIT(2)
#define CR_MSIRGSEL (CHIP_WB ? 0 : BIT(3)) /* WB: MSIRANGE counts from reset on */
#define CR_MSIRANGE (15u << 4)
#define CR_MSIRANGE_48M (11u << 4)
#define CR_MSIRANGE_4M (6u << 4)
#define CR_HSION BIT(8)
#define CR_HSIRDY BIT(10)
#define CR_HSEON BIT(16)
#define CR_HSERDY BIT(17)
#define CR_CSSON BIT(19)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define CR_PLLSAI1ON BIT(26)
#define CR_PLLSAI2ON BIT(28)
#define RCC_CFGR REG(RCC_REGISTERS + 0x08u)
#define CFGR_RESET (HAS_MSI ? 0u : 1u)
#define CFGR_SW 3u
#define CFGR_SWS (3u << 2)
#define SW_MSI 0u
#define SW_HSI 1u
#define SW_PLL 3u
#define CFGR_PRESCALERS 0x00003FF0u /* HPRE, PPRE1, PPRE2 */
#define RCC_PLLCFGR REG(RCC_REGISTERS + 0x0Cu)
#define PLLCFGR_SRC_MSI 1u
#define PLLCFGR_SRC_HSI 2u
#define PLLCFGR_SRC_HSE 3u
#define PLLCFGR_M(m) (((uint32_t)(m) - 1u) << 4)
#define PLLCFGR_N(n) ((uint32_t)(n) << 8)
#if CHIP_WB
#define PLLCFGR_RESET 0x22040100u
#define PLLCFGR_REN BIT(28)
#define PLLCFGR_R(r) (((uint32_t)(r) - 1u) << 29)
#else
#define PLLCFGR_RESET 0x00001000u
#define PLLCFGR_QEN BIT(20)
#define PLLCFGR_Q(q) (((uint32_t)(q) / 2u - 1u) << 21)
#define PLLCFGR_REN BIT(24)
#define PLLCFGR_R(r) (((uint32_t)(r) / 2u - 1u) << 25)
#endif
#define RCC_CIFR REG(RCC_REGISTERS + 0x1Cu)
#define CIFR_CSSF BIT(8)
#define RCC_AHB2RSTR REG(RCC_REGISTERS + 0x2Cu)
#define RCC_APB1RSTR1 REG(RCC_REGISTERS + 0x38u)
#define RCC_APB2RSTR REG(RCC_REGISTERS + 0x40u)
#define RCC_AHB2ENR REG(RCC_REGISTERS + 0x4Cu)
#define RCC_APB1ENR1 REG(RCC_REGISTERS + 0x58u)
#define RCC_APB2ENR REG(RCC_REGISTERS + 0x60u)
#define RCC_CCIPR REG(RCC_REGISTERS + 0x88u)
#define CCIPR_INTERFACES (CHIP_WB ? 0x00033003u : 0x0003F03Fu) /* USART1 to 3, I2C1 to 3 */
#define CCIPR_INTERFACES_HSI (0x0002A02Au & CCIPR_INTERFACES)
#define CCIPR_CLK48SEL (3u << 26)
#define CLK48SEL_HSI48 (0u << 26)
#define CLK48SEL_PLLQ (2u << 26)
#define CLK48SEL_MSI (3u << 26)
#define RCC_BDCR REG(RCC_REGISTERS + 0x90u)
#define BDCR_LSEON BIT(0)
#define BDCR_LSERDY BIT(1)
#define RCC_CSR REG(RCC_REGISTERS + 0x94u)
#define CSR_SFTRSTF BIT(28)
#define RCC_CRRCR REG(RCC_REGISTERS + 0x98u)
#define CRRCR_HSI48ON BIT(0)
#define CRRCR_HSI48RDY BIT(1)
/* Bits that the ENR and RSTR registers share. */
#define AHB2_GPIOA BIT(0)
#define AHB2_GPIOB BIT(1)
#define AHB2_GPIOC BIT(2)
#define AHB2_OTGFS BIT(12)
#define APB1_SPI2 BIT(14)
#define APB1_USART2 BIT(17)
#define APB1_USART3 BIT(18)
#define APB1_I2C1 BIT(21)
#define APB1_I2C2 BIT(22)
#define APB1_I2C3 BIT(23)
#if HAS_MSI
#define APB1_CRS BIT(24) /* L49x, L43x, L4+ */
#define APB1_USB BIT(26) /* FSDEV of L4x2 and L4x3 */
#else
#define APB1_CRS BIT(8)
#define APB1_USB BIT(23)
#endif
#define APB1_PWR (CHIP_WB ? 0 : BIT(28)) /* WB gates neither */
#define APB2_SYSCFG (CHIP_WB ? 0 : BIT(0))
#define APB2_SPI1 BIT(12)
#define APB2_USART1 BIT(14)
#define APB2_TIM17 BIT(18)

/* PWR */
#define PWR_CR1 REG(PWR_REGISTERS + 0x00u)
#define CR1_DBP BIT(8)
#define CR1_VOS (3u << 9)
#define CR1_VOS_RANGE_1 (1u << 9)
#define PWR_CR2 REG(PWR_REGISTERS + 0x04u)
#define CR2_USV BIT(10)
#define PWR_SR2 REG(PWR_REGISTERS + 0x14u)
#define SR2_VOSF BIT(10)

/* FLASH */
#define FLASH_ACR REG(FLASH_REGISTERS + 0x00u)
#define ACR_LATENCY 7u
#define ACR_ICEN BIT(9)
#define ACR_DCEN BIT(10)
#define ACR_ICRST BIT(11)
#define ACR_DCRST BIT(12)
#define FLASH_KEYR REG(FLASH_REGISTERS + 0x08u)
#define FLASH_OPTKEYR REG(FLASH_REGISTERS + 0x0Cu)
#define FLASH_SR REG(FLASH_REGISTERS + 0x10u)
#define SR_WRPERR BIT(4)
#define SR_ERRORS 0x0000C3FAu /* OPERR to FASTERR, RDERR, OPTVERR */
#define SR_FLAGS SR_ERRORS
#define SR_FAILURES (SR_ERRORS & ~SR_WRPERR)
#define SR_BSY BIT(16)
#define FLASH_CR REG(FLASH_REGISTERS + 0x14u)
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
#define FLASH_OPTR REG(FLASH_REGISTERS + 0x20u)
#define FLASH_PCROP2SR REG(FLASH_REGISTERS + 0x44u) /* the registers of bank 2 follow it in the order of bank 1 */
#define OPTR_RDP 0xFFu
#define OPTR_RDP_LEVEL_0 0xAAu
#define OPTR_RDP_LEVEL_2 0xCCu
#define OPTR_BFB2 BIT(20)

/* SYSCFG 0x40010000 */
#define SYSCFG_MEMRMP REG(0x40010000u)
#define SYSCFG_MEMORY SYSCFG_MEMRMP
#define MEM_MODE 7u
#define MEM_MODE_FLASH 0u
#define MEM_MODE_SYSTEM 1u
#define MEMRMP_FB_MODE BIT(8)

/* CRS: not in L476 */
#define CRS_CR REG(CRS_BASE)
#define CRS_CR_CEN BIT(5)
#define CRS_CR_AUTOTRIMEN BIT(6)
#define CRS_CFGR REG(CRS_BASE + 4u)
#define CRS_CFGR_SYNCSRC (3u << 28)
#define CRS_CFGR_SYNCSRC_USB (2u << 28)

#define TIM17 0x40014800u
#define TIM17_OR1 REG(0x40014850u)
#define OR1_TI1_HSE_32 2u

#define GPIOA 0x48000000u
#define GPIOB 0x48000400u
#define GPIOC 0x48000800u
#define GPIO_PORT(n) (0x48000000u + 0x400u * (n))

#define I2C1 0x40005400u
#define I2C2 0x40005800u
#define I2C3 0x40005C00u
#define I2C_CR1(base) REG((base) + 0x00u)
#define I2C_CR1_PE BIT(0)
#define I2C_OAR1(base) REG((base) + 0x08u)
#define I2C_OAR1_OA1EN BIT(15)
#define I2C_ISR 0x18u
#define I2C_ISR_ADDR BIT(3)
#define SPI1 0x40013000u
#define SPI2 0x40003800u
#define SPI_CR1(base) REG((base) + 0x00u)
#define SPI_CR1_SPE BIT(6)
#define SPI_CR2(base) REG((base) + 0x04u)
#define SPI_CR2_FRXTH_8BIT (BIT(12) | 7u << 8)
#define SPI_SR 0x08u
#define SPI_SR_RXNE BIT(0)
#endif
