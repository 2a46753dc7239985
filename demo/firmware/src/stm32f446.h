/* The registers of STM32F446 that this project uses, by their names in RM0390. */
#ifndef STM32F446_H
#define STM32F446_H

#include <stdint.h>

typedef volatile uint32_t reg;

typedef struct { reg MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2]; } GPIO_TypeDef;
typedef struct { reg SR, DR, BRR, CR1, CR2, CR3, GTPR; } USART_TypeDef;
typedef struct { reg ACR, KEYR, OPTKEYR, SR, CR, OPTCR; } FLASH_TypeDef;
typedef struct {
  reg CR, PLLCFGR, CFGR, CIR, AHB1RSTR, AHB2RSTR, AHB3RSTR, RESERVED0, APB1RSTR, APB2RSTR, RESERVED1[2];
  reg AHB1ENR, AHB2ENR, AHB3ENR, RESERVED2, APB1ENR, APB2ENR;
} RCC_TypeDef;
typedef struct { reg CTRL, LOAD, VAL, CALIB; } SysTick_Type;
typedef struct { reg ISER[8], RESERVED0[24], ICER[8], RESERVED1[24], ISPR[8], RESERVED2[24], ICPR[8]; } NVIC_Type;
typedef struct { reg CPUID, ICSR, VTOR, AIRCR; } SCB_Type;

#define GPIOA ((GPIO_TypeDef *)0x40020000u)
#define GPIOC ((GPIO_TypeDef *)0x40020800u)
#define RCC ((RCC_TypeDef *)0x40023800u)
#define FLASH ((FLASH_TypeDef *)0x40023C00u)
#define USART2 ((USART_TypeDef *)0x40004400u)
#define SysTick ((SysTick_Type *)0xE000E010u)
#define NVIC ((NVIC_Type *)0xE000E100u)
#define SCB ((SCB_Type *)0xE000ED00u)

#define USART2_IRQn 38u
#define SYSTEM_MEMORY 0x1FFF0000u /* where ST's bootloader is */

static inline void __disable_irq(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void __enable_irq(void) { __asm volatile("cpsie i" ::: "memory"); }
static inline void __set_MSP(uint32_t top) { __asm volatile("msr msp, %0" ::"r"(top) : "memory"); }
static inline void __DSB(void) { __asm volatile("dsb" ::: "memory"); }
static inline void __WFI(void) { __asm volatile("wfi" ::: "memory"); }

#endif
