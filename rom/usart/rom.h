/*
 * What the two generations of this ROM have alike and what not. F103 as measured on STM32F103C8 V2.2 (addresses 0x1FFFF…), F03x and F05x as measured on STM32F051 V2.1
 * (0x1FFFEC00 to 0x1FFFF7FF); for the other dies of a family: INFERRED.
 */
#ifndef ROM_USART_ROM_H
#define ROM_USART_ROM_H
#include <stdint.h>
#include "../common/cortex_m.h"

#define KR_UNLOCK 0x5555u
#define KR_REFRESH 0xAAAAu
#define IWDG_KR REG(0x40003000u)
#define IWDG_PR REG(0x40003004u)
#define PR_MAX 6u

#define RCC_CR REG(0x40021000u)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define RCC_CFGR REG(0x40021004u)
#define CFGR_PLL_BY_6 (4u << 18) /* HSI / 2 times it: 24 MHz */
#define CFGR_SW_PLL 2u
#define RCC_APB2RSTR REG(0x4002100Cu)
#define RCC_APB1RSTR REG(0x40021010u)
#define RCC_AHBENR REG(0x40021014u)
#define RCC_APB2ENR REG(0x40021018u)
#define RCC_APB1ENR REG(0x4002101Cu)

#define FLASH_ACR REG(0x40022000u)
#define FLASH_KEYR REG(0x40022004u)
#define FLASH_OPTKEYR REG(0x40022008u)
#define KEY_1 0x45670123u
#define KEY_2 0xCDEF89ABu
#define FLASH_SR REG(0x4002200Cu)
#define SR_BSY BIT(0)
#define SR_PGERR BIT(2)
#define SR_FLAGS 0x35u
#define FLASH_CR REG(0x40022010u)
#define CR_PG BIT(0)
#define CR_PER BIT(1)
#define CR_MER BIT(2)
#define CR_OPTPG BIT(4)
#define CR_OPTER BIT(5)
#define CR_STRT BIT(6)
#define FLASH_AR REG(0x40022014u)
#define FLASH_OBR REG(0x4002201Cu)
#define OBR_RDPRT BIT(1)

#define FLASH_BASE 0x08000000u
#define OPTION_BASE 0x1FFFF800u
#define OPTIONS (&REG16(OPTION_BASE))
#define RAM_BASE 0x20000000u
enum option { RDP, USER, DATA0, DATA1, WRP0, WRP1, WRP2, WRP3 };

#define SYST_LOAD 0x80000u
#define RX_1 BIT(10) /* PA10 */
#define RX_2 BIT(15) /* PA15 */

#if defined F1
#define CORE_V7M 1
#define IDR REG(0x40010808u)
#define USART_1 0x40013800u
/* there is no other */
#define USART_STATUS(base) REG(((void)(base), USART_1))
#define USART_RX(base) REG(((void)(base), USART_1 + 0x04u))
#define USART_TX(base) USART_RX(base)
#define USART_BRR(base) REG(((void)(base), USART_1 + 0x08u))
#define UNPROTECTED 0xA5u
#define PROTOCOL 0x22u
#define ERASE_CODE 0x43u
/* The die that is measured has 128 KB and 20 KB; the others are INFERRED. */
#define FLASH_KB REG16(0x1FFFF7E0u)
static const struct die {
  uint32_t flash, ram_end;
  uint16_t pid, page_bits;
} DIES[] = { { 0x8000u, 0x20002800u, 0x412, 10 }, { 0x20000u, 0x20005000u, 0x410, 10 }, { 0x80000u, 0x20010000u, 0x414, 11 } };
__attribute__((noinline)) static const struct die *die(void)
{
  uint32_t kilobytes = FLASH_KB;
  return &DIES[(kilobytes > 128u) + (kilobytes >= 64u)];
}
#define PID (die()->pid)
#define FLASH_LIMIT (die()->flash)
#define RAM_LIMIT (die()->ram_end)
#define PAGE_BITS (die()->page_bits)
#define OPTION_LIMIT 0x200u
#define LAST_KEPT DATA1
#define LAST_WRP WRP3
#else
#define CORE_V7M 0
#define IDR REG(0x48000010u)
#define USART_1 0x40013800u
#define USART_STATUS(base) REG((base) + 0x1Cu)
#define USART_RX(base) REG((base) + 0x24u)
#define USART_TX(base) REG((base) + 0x28u)
#define USART_BRR(base) REG((base) + 0x0Cu)
#define UNPROTECTED 0xAAu
#define PROTOCOL 0x31u
#define ERASE_CODE 0x44u
#define CR_OBL_LAUNCH BIT(13)
#define PID ROM_PID
#define RAM_LIMIT RAM_END
#define PAGE_BITS 10u
#define OPTION_LIMIT 15u
#define LAST_KEPT USER
#define LAST_WRP WRP1
#endif
#define STATUS_RXNE BIT(5)
#define STATUS_TC BIT(6)
#endif
