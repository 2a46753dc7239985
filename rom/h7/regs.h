/* The registers that this ROM uses, named as RM0399 and the SVD name them; addresses and bits from the SVD facts in the repository. */
#ifndef ROM_H7_REGS_H
#define ROM_H7_REGS_H
#include "../common/cortex_m.h"

/* RCC 0x58024400 */
#define RCC_CR REG(0x58024400u)
#define CR_HSION BIT(0)
#define CR_HSIRDY BIT(2)
#define CR_HSIDIV (3u << 3)
#define CR_HSIDIVF BIT(5)
#define CR_HSI48ON BIT(12)
#define CR_HSI48RDY BIT(13)
#define CR_PLL1ON BIT(24)
#define CR_PLL1RDY BIT(25)
#define CR_PLL2ON BIT(26)
#define CR_PLL3ON BIT(28)
#define RCC_CFGR REG(0x58024410u)
#define SW_PLL1 3u
#define RCC_PLLCKSELR REG(0x58024428u)
#define PLLCKSELR_DIVM1 (63u << 4 | 3u) /* with the source: 0 = HSI */
#define PLLCKSELR_M(m) ((m) << 4)
#define RCC_PLLCFGR REG(0x5802442Cu)
#define PLLCFGR_PLL1 (15u | 3u << 16) /* fraction, range of the VCO and of its input, P, Q */
#define PLLCFGR_PLL1_2MHZ (1u << 2 | 3u << 16)
#define PLLCFGR_PLL1_4MHZ (2u << 2 | 3u << 16)
#define RCC_PLL1DIVR REG(0x58024430u)
#define PLL1DIVR(n, p, q) (((n) - 1u) | ((p) - 1u) << 9 | ((q) - 1u) << 16)
#define CFGR_SW 7u
#define CFGR_SWS (7u << 3)
#define SW_HSI 0u
#define RCC_D1CFGR REG(0x58024418u)
#define D1CFGR_PRESCALERS 0x00000F7Fu /* HPRE, D1PPRE, D1CPRE */
#define RCC_D2CFGR REG(0x5802441Cu)
#define D2CFGR_PRESCALERS 0x00000770u /* D2PPRE1, D2PPRE2 */
#define RCC_D3CFGR REG(0x58024420u)
#define D3CFGR_PRESCALERS 0x00000070u /* D3PPRE */
#define RCC_D2CCIP1R REG(0x58024450u)
#define D2CCIP1R_SPI (7u << 12 | 7u << 16)
#define D2CCIP1R_FDCANSEL (3u << 28)
#define FDCANSEL_PLL1Q (1u << 28)
#define RCC_D2CCIP2R REG(0x58024454u)
#define D2CCIP2R_USART_I2C (63u | 3u << 12)
#define D2CCIP2R_USBSEL (3u << 20)
#define USBSEL_HSI48 (3u << 20)
#define RCC_AHB1RSTR REG(0x58024480u)
#define RCC_AHB4RSTR REG(0x58024488u)
#define RCC_APB1LRSTR REG(0x58024490u)
#define RCC_APB1HRSTR REG(0x58024494u)
#define RCC_APB2RSTR REG(0x58024498u)
#define RCC_RSR REG(0x580244D0u)
#define RSR_SFT1RSTF BIT(24)
#define RCC_AHB1ENR REG(0x580244D8u)
#define RCC_AHB4ENR REG(0x580244E0u)
#define RCC_APB1LENR REG(0x580244E8u)
#define RCC_APB1HENR REG(0x580244ECu)
#define RCC_APB2ENR REG(0x580244F0u)
#define RCC_APB4ENR REG(0x580244F4u)
/* Bits that the ENR and RSTR registers share. */
#if defined CHIP_H723
#define AHB1_USBOTG BIT(25) /* USB1OTGHS */
#else
#define AHB1_USBOTG BIT(27) /* USB2OTGHS */
#endif
#define AHB4_GPIOA BIT(0)
#define AHB4_GPIOB BIT(1)
#define AHB4_GPIOC BIT(2)
#define AHB4_GPIOD BIT(3)
#define AHB4_GPIOE BIT(4)
#define AHB4_GPIOF BIT(5)
#define AHB4_GPIOH BIT(7)
#define AHB4_GPIOI BIT(8)
#define APB1L_SPI2 BIT(14)
#define APB1L_SPI3 BIT(15)
#define APB1L_USART2 BIT(17)
#define APB1L_USART3 BIT(18)
#define APB1L_I2C1 BIT(21)
#define APB1L_I2C2 BIT(22)
#define APB1L_I2C3 BIT(23)
#define APB1H_CRS BIT(1)
#define APB2_USART1 BIT(4)
#define APB2_SPI1 BIT(12)
#define APB2_SPI4 BIT(13)
#define APB4_SYSCFG BIT(1)

/* PWR 0x58024800 */
#define PWR_CR3 REG(0x5802480Cu)
#define PWR_CR3_BYTE_3 REG8(0x5802480Fu)
#define CR3_USB33DEN BIT(24)
#define CR3_USB33RDY BIT(26)
#define PWR_D3CR REG(0x58024818u)
#define D3CR_VOSRDY BIT(13)
#define D3CR_VOS (3u << 14)
#define D3CR_VOS3 (1u << 14)

/* SYSCFG 0x58000400 */
#define SYSCFG_PWRCR REG(0x5800042Cu)
#define PWRCR_ODEN BIT(0)

/* FLASH 0x52002000, bank 2 at +0x100 */
#define FLASH_REGISTERS 0x52002000u
#define FLASH_ACR REG(0x52002000u)
#define ACR_LATENCY_AND_WRHIGHFREQ 0x3Fu
#define ACR_RESET 0x37u
#define FLASH_KEYR(bank) REG(0x52002004u + 0x100u * (bank))
#define FLASH_OPTKEYR REG(0x52002008u)
#define FLASH_CR(bank) REG(0x5200200Cu + 0x100u * (bank))
#define CR_LOCK BIT(0)
#define CR_PG BIT(1)
#define CR_SER BIT(2)
#define CR_BER BIT(3)
#define CR_PSIZE_64 (3u << 4)
#define CR_START BIT(7)
#define CR_SNB(n) ((uint32_t)(n) << 8)
#define FLASH_SR(bank) REG(0x52002010u + 0x100u * (bank))
#define SR_BUSY 0x7u /* BSY, WBNE, QW */
#define SR_WRPERR BIT(17)
#define SR_ERRORS 0x06EE0000u
#define SR_FLAGS (SR_ERRORS | BIT(16))
#define FLASH_CCR(bank) REG(0x52002014u + 0x100u * (bank))
#define FLASH_OPTCR REG(0x52002018u)
#define OPTCR_OPTLOCK BIT(0)
#define OPTCR_OPTSTART BIT(1)
#define FLASH_OPTSR_CUR REG(0x5200201Cu)
#define OPTSR_OPT_BUSY BIT(0)
#define OPTSR_OPTCHANGEERR BIT(30)
#define OPTSR_RDP (0xFFu << 8)
#define OPTSR_RDP_LEVEL_0 (0xAAu << 8)
#define OPTSR_SWAP_BANK BIT(31)
#define FLASH_OPTSR_PRG REG(0x52002020u)

#define DBGMCU_IDC REG(0x5C001000u)

/* CRS 0x40008400 */
#define CRS_CR REG(0x40008400u)
#define CRS_CR_CEN BIT(5)
#define CRS_CR_AUTOTRIMEN BIT(6)
#define CRS_CFGR REG(0x40008404u)
#define CRS_CFGR_SYNCSRC (3u << 28)
#define CRS_CFGR_SYNCSRC_USB1 (2u << 28)
#define CRS_CFGR_SYNCSRC_USB2 (3u << 28)

#define GPIOA 0x58020000u
#define GPIOB 0x58020400u
#define GPIOC 0x58020800u
#define GPIOD 0x58020C00u
#define GPIOE 0x58021000u
#define GPIOF 0x58021400u
#define GPIOH 0x58021C00u
#define GPIOI 0x58022000u

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
#define SPI3 0x40003C00u
#define SPI4 0x40013400u
#define SPI_CR1(base) REG((base) + 0x00u)
#define SPI_CR1_SPE BIT(0)
#define SPI_SR 0x14u
#define SPI_SR_RXP BIT(0)

/* USART, as far as the ROM asks whether its kernel clock runs */
#define USART1 0x40011000u
#define USART2 0x40004400u
#define USART_CR1(base) REG((base) + 0x00u)
#define USART_CR1_UE BIT(0)
#define USART_CR1_TE BIT(3)
#define USART_ISR(base) REG((base) + 0x1Cu)
#define USART_ISR_TEACK BIT(21)
#endif
