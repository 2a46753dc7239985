/* The core's own registers that a ROM uses (Arm ARM of v6-M, v7-M and v8-M: the same addresses). */
#ifndef ROM_CORTEX_M_H
#define ROM_CORTEX_M_H
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define REG16(address) (*(volatile uint16_t *)(address))
#define REG8(address) (*(volatile uint8_t *)(address))
#define BIT(n) (1u << (n))

#define SYST_CSR REG(0xE000E010u)
#define SYST_CSR_ENABLE BIT(0)
#define SYST_CSR_CLKSOURCE BIT(2)
#define SYST_RVR REG(0xE000E014u)
#define SYST_CVR REG(0xE000E018u)
#define SYST_MAX 0x00FFFFFFu
#define NVIC_ISER(n) REG(0xE000E100u + 4u * (n))
#define NVIC_ICER(n) REG(0xE000E180u + 4u * (n))
#define NVIC_ISPR(n) REG(0xE000E200u + 4u * (n))
#define NVIC_ICPR(n) REG(0xE000E280u + 4u * (n))
#define SCB_ICSR REG(0xE000ED04u)
#define ICSR_PENDSTCLR BIT(25)
#define ICSR_PENDSTSET BIT(26)
#define ICSR_PENDSVCLR BIT(27)
#define ICSR_PENDSVSET BIT(28)
#define SCB_VTOR REG(0xE000ED08u)
#define SCB_AIRCR REG(0xE000ED0Cu)
#define AIRCR_SYSRESETREQ (0x05FA0000u | BIT(2))
#define SCB_CCR REG(0xE000ED14u)
#define CCR_DC BIT(16)
#define CCR_IC BIT(17)
#define SCB_CCSIDR REG(0xE000ED80u)
#define SCB_CSSELR REG(0xE000ED84u)
#define SCB_ICIALLU REG(0xE000EF50u)
#define SCB_DCCISW REG(0xE000EF74u)
#define MPU_CTRL REG(0xE000ED94u)

#define READ_SPECIAL(name) ({ uint32_t v_; __asm volatile("mrs %0, " #name : "=r"(v_)); v_; })
#define WRITE_SPECIAL(name, value) __asm volatile("msr " #name ", %0\n\tisb" ::"r"(value) : "memory")
#define BARRIER() __asm volatile("dsb\n\tisb" ::: "memory")
#endif
