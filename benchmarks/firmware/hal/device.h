/* Registers in the form of a vendor's device header: structures, and bits by name. Which part it is, a macro says (F103, F405, G474, H743, L432). */
#ifndef DEVICE_H
#define DEVICE_H
#include <stdint.h>
#define IO volatile

typedef struct {
  IO uint32_t CTRL, LOAD, VAL, CALIB;
} SysTick_Type;
#define SysTick ((SysTick_Type *)0xE000E010u)
typedef struct {
  IO uint32_t CPUID, ICSR, VTOR, AIRCR, SCR, CCR;
  IO uint8_t SHP[12];
  IO uint32_t SHCSR;
} SCB_Type;
#define SCB ((SCB_Type *)0xE000ED00u)
#define NVIC_ISER(n) (((IO uint32_t *)0xE000E100u)[n])
#define NVIC_ICER(n) (((IO uint32_t *)0xE000E180u)[n])
#define NVIC_ICPR(n) (((IO uint32_t *)0xE000E280u)[n])
#define NVIC_IPR(n) (((IO uint8_t *)0xE000E400u)[n])
static inline void __disable_irq(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void __enable_irq(void) { __asm volatile("cpsie i" ::: "memory"); }
static inline void __set_MSP(uint32_t top) { __asm volatile("msr msp, %0" ::"r"(top) : "memory"); }

#ifdef F103
typedef struct {
  IO uint32_t CRL, CRH, IDR, ODR, BSRR, BRR, LCKR;
} GPIO_TypeDef;
#define GPIO(n) ((GPIO_TypeDef *)(0x40010800u + 0x400u * (n)))
typedef struct {
  IO uint32_t CR, CFGR, CIR, APB2RSTR, APB1RSTR, AHBENR, APB2ENR, APB1ENR, BDCR, CSR;
} RCC_TypeDef;
#define RCC ((RCC_TypeDef *)0x40021000u)
#define RCC_GPIO_EN(n) (RCC->APB2ENR |= 4u << (n), (void)RCC->APB2ENR)
#define FLASH_ACR (*(IO uint32_t *)0x40022000u)
#else
typedef struct {
  IO uint32_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2];
} GPIO_TypeDef;
#endif
#ifdef F405
#define GPIO(n) ((GPIO_TypeDef *)(0x40020000u + 0x400u * (n)))
typedef struct {
  IO uint32_t CR, PLLCFGR, CFGR, CIR, AHB1RSTR, AHB2RSTR, AHB3RSTR, R0, APB1RSTR, APB2RSTR, R1, R2, AHB1ENR, AHB2ENR, AHB3ENR, R3, APB1ENR, APB2ENR;
} RCC_TypeDef;
#define RCC ((RCC_TypeDef *)0x40023800u)
#define RCC_GPIO_EN(n) (RCC->AHB1ENR |= 1u << (n), (void)RCC->AHB1ENR)
#define FLASH_ACR (*(IO uint32_t *)0x40023C00u)
#define PWR_CR (*(IO uint32_t *)0x40007000u)
#define SYSCFG_MEMRMP (*(IO uint32_t *)0x40013800u)
typedef struct {
  IO uint32_t SR, DR, BRR, CR1, CR2, CR3;
} USART_TypeDef;
#define USART2 ((USART_TypeDef *)0x40004400u)
#endif
#if defined(G474) || defined(L432)
#define GPIO(n) ((GPIO_TypeDef *)(0x48000000u + 0x400u * (n)))
typedef struct {
  IO uint32_t CR, ICSCR, CFGR, PLLCFGR, R0, R1, CIER, CIFR, CICR, R2, AHB1RSTR, AHB2RSTR, AHB3RSTR, R3, APB1RSTR1, APB1RSTR2, APB2RSTR, R4, AHB1ENR, AHB2ENR, AHB3ENR, R5, APB1ENR1,
      APB1ENR2, APB2ENR, R6, AHB1SMENR, AHB2SMENR, AHB3SMENR, R7, APB1SMENR1, APB1SMENR2, APB2SMENR, R8, CCIPR, R9, BDCR, CSR, CRRCR;
} RCC_TypeDef;
#define RCC ((RCC_TypeDef *)0x40021000u)
#define RCC_GPIO_EN(n) (RCC->AHB2ENR |= 1u << (n), (void)RCC->AHB2ENR)
#define FLASH_ACR (*(IO uint32_t *)0x40022000u)
#define PWR_CR1 (*(IO uint32_t *)0x40007000u)
#define PWR_CR2 (*(IO uint32_t *)0x40007004u)
#define PWR_SR2 (*(IO uint32_t *)0x40007014u)
#define PWR_CR5 (*(IO uint32_t *)0x40007080u)
#define SYSCFG_MEMRMP (*(IO uint32_t *)0x40010000u)
#define CRS_CR (*(IO uint32_t *)0x40006000u)
#endif
#ifdef H743
#define GPIO(n) ((GPIO_TypeDef *)(0x58020000u + 0x400u * (n)))
typedef struct {
  IO uint32_t CR, HSICFGR, CRRCR, CSICFGR, CFGR, R0, D1CFGR, D2CFGR, D3CFGR, R1, PLLCKSELR, PLLCFGR, PLL1DIVR, PLL1FRACR;
} RCC_TypeDef;
#define RCC ((RCC_TypeDef *)0x58024400u)
#define RCC_AHB4ENR (*(IO uint32_t *)0x580244E0u)
#define RCC_APB1LENR (*(IO uint32_t *)0x580244E8u)
#define RCC_APB4ENR (*(IO uint32_t *)0x580244F4u)
#define RCC_GPIO_EN(n) (RCC_AHB4ENR |= 1u << (n), (void)RCC_AHB4ENR)
#define FLASH_ACR (*(IO uint32_t *)0x52002000u)
#define PWR_CSR1 (*(IO uint32_t *)0x58024804u)
#define PWR_CR3 (*(IO uint32_t *)0x5802480Cu)
#define PWR_D3CR (*(IO uint32_t *)0x58024818u)
typedef struct {
  IO uint32_t CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR;
} TIM_TypeDef;
#define TIM6 ((TIM_TypeDef *)0x40001000u)
#endif
#endif
