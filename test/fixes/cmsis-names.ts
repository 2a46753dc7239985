/** A header with the names that CMSIS and ST's device headers give to the registers of a chip, made from the chip's own register facts: printed fixes are compiled with it. */
import type { ChipDescription } from '../../src/emu/chip.ts';
import { System } from '../../src/emu/system.ts';
import { MODELS } from '../../src/peripherals/index.ts';

/** Arm's part, by hand: CMSIS-Core names, Armv8-M ARM and Armv7-M ARM B3. */
const CORE = `
#include <stdint.h>
#define INTRINSICS_H /* what the fixtures have in its place */
#define CMSIS_INLINE __attribute__((always_inline)) static inline
CMSIS_INLINE void __enable_irq(void) { __asm volatile("cpsie i" ::: "memory"); }
CMSIS_INLINE void __disable_irq(void) { __asm volatile("cpsid i" ::: "memory"); }
CMSIS_INLINE void __set_MSP(uint32_t v) { __asm volatile("msr msp, %0" : : "r"(v)); }
CMSIS_INLINE void __set_PSP(uint32_t v) { __asm volatile("msr psp, %0" : : "r"(v)); }
CMSIS_INLINE uint32_t __get_CONTROL(void) { uint32_t v; __asm volatile("mrs %0, control" : "=r"(v)); return v; }
CMSIS_INLINE void __set_CONTROL(uint32_t v) { __asm volatile("msr control, %0\\n\\tisb" : : "r"(v) : "memory"); }
CMSIS_INLINE void __DSB(void) { __asm volatile("dsb" ::: "memory"); }
CMSIS_INLINE void __ISB(void) { __asm volatile("isb" ::: "memory"); }
CMSIS_INLINE void __DMB(void) { __asm volatile("dmb" ::: "memory"); }
CMSIS_INLINE void __WFI(void) { __asm volatile("wfi" ::: "memory"); }
CMSIS_INLINE void __NOP(void) { __asm volatile("nop"); }
#if !defined(__ARM_ARCH_6M__)
CMSIS_INLINE void __enable_fault_irq(void) { __asm volatile("cpsie f" ::: "memory"); }
CMSIS_INLINE void __set_BASEPRI(uint32_t v) { __asm volatile("msr basepri, %0" : : "r"(v) : "memory"); }
#endif
#if defined(__ARM_ARCH_8M_MAIN__)
CMSIS_INLINE void __set_MSPLIM(uint32_t v) { __asm volatile("msr msplim, %0" : : "r"(v)); }
CMSIS_INLINE void __set_PSPLIM(uint32_t v) { __asm volatile("msr psplim, %0" : : "r"(v)); }
#endif
typedef struct { volatile uint32_t CTRL, LOAD, VAL, CALIB; } SysTick_Type;
#define SysTick ((SysTick_Type *)0xE000E010u)
typedef struct {
  volatile uint32_t ISER[16], R0[16], ICER[16], R1[16], ISPR[16], R2[16], ICPR[16], R3[16], IABR[16];
} NVIC_Type;
#define NVIC ((NVIC_Type *)0xE000E100u)
typedef struct {
  volatile uint32_t CPUID, ICSR, VTOR, AIRCR, SCR, CCR;
  volatile uint8_t SHPR[12];
  volatile uint32_t SHCSR, CFSR, HFSR, DFSR, MMFAR, BFAR, AFSR;
} SCB_Type;
#define SCB ((SCB_Type *)0xE000ED00u)
#define SCB_ICSR_PENDSTCLR_Msk (1u << 25)
#define SCB_ICSR_PENDSVCLR_Msk (1u << 27)
typedef struct { volatile uint32_t TYPE, CTRL, RNR, RBAR, RASR; } MPU_Type;
#define MPU ((MPU_Type *)0xE000ED90u)
#define CONTROL_FPCA_Msk 4u
#define MPU_CTRL_ENABLE_Msk 1u
typedef int IRQn_Type;
CMSIS_INLINE void NVIC_DisableIRQ(IRQn_Type n) { NVIC->ICER[n >> 5] = 1u << (n & 31); __DSB(); __ISB(); }
CMSIS_INLINE void NVIC_ClearPendingIRQ(IRQn_Type n) { NVIC->ICPR[n >> 5] = 1u << (n & 31); }
CMSIS_INLINE void NVIC_SystemReset(void) {
  __DSB();
  SCB->AIRCR = 0x05FA0004u;
  for (;;) {
  }
}
#if defined(__ARM_ARCH_7EM__)
#define SCB_DCCMVAC (*(volatile uint32_t *)0xE000EF68u)
CMSIS_INLINE void SCB_CleanDCache_by_Addr(void *p, int32_t size) {
  uint32_t at = (uint32_t)p & ~31u;
  __DSB();
  for (; at < (uint32_t)p + (uint32_t)size; at += 32u) SCB_DCCMVAC = at;
  __DSB();
  __ISB();
}
#endif
typedef struct { volatile uint32_t R0, FPCCR, FPCAR, FPDSCR; } FPU_Type;
#define FPU ((FPU_Type *)0xE000EF30u)
#define FPU_FPCCR_LSPACT_Msk 1u
`;

const word = (bytes: number): string => (bytes === 1 ? 'uint8_t' : bytes === 2 ? 'uint16_t' : 'uint32_t');
const hex = (n: number): string => `0x${(n >>> 0).toString(16)}u`;

/** ST's headers give each channel of a DMA a structure of its own. */
const DMA = `
typedef struct { volatile uint32_t CR, NDTR, PAR, M0AR, M1AR, FCR; } DMA_Stream_TypeDef;
typedef struct { volatile uint32_t CCR, CNDTR, CPAR, CMAR; } DMA_Channel_TypeDef;
typedef struct { volatile uint32_t CLBAR, R0[2], CFCR, CSR, CCR; } GPDMA_Channel_TypeDef;
#define DMA_SxCR_EN 1u
#define DMA_CCR_EN 1u
#define DMA_CCR_RESET 2u
#define DMA_CCR_SUSP 4u
#define DMA_CSR_SUSPF (1u << 13)
`;
function dmaChannels({ name, base }: { readonly name: string; readonly base: number }, registers: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  for (let n = 0; n < 16; n++) {
    const define = (kind: string, type: string, at: number): void =>
      void lines.push(`#define ${name}_${kind}${n} ((${type} *)${hex(base + at)})`);
    if (registers.has(`S${n}CR`)) define('Stream', 'DMA_Stream_TypeDef', 0x10 + 0x18 * n);
    else if (registers.has(`CCR${n}`) && name.startsWith('DMA')) define('Channel', 'DMA_Channel_TypeDef', 8 + 20 * (n - 1));
    else if (registers.has(`C${n}CR`)) define('Channel', 'GPDMA_Channel_TypeDef', 0x50 + 0x80 * n);
  }
  return lines;
}

export function cmsisNames(chip: ChipDescription): string {
  const system = new System(chip, MODELS);
  const masks = new Map<string, string>();
  const blocks = chip.blocks.flatMap((row) => {
    const layout = system.layoutOf(row.name);
    if (!layout) return [];
    const members: string[] = [];
    let end = 0;
    for (const r of [...layout.registers].sort((a, b) => a.offset - b.offset)) {
      for (const f of r.fields) {
        const mask = hex(f.width >= 32 ? 0xffffffff : ((1 << f.width) - 1) << f.bit);
        // the SVDs of F0 call the ports IOP, the headers GPIO
        const port = /^IOP([A-K]EN)$/.exec(f.name);
        if (port) masks.set(`${row.name}_${r.name}_GPIO${port[1]}`, mask);
        for (const block of [row.name, row.name.replace(/\d+$/, '')]) {
          masks.set(`${block}_${r.name}_${f.name}`, mask);
          masks.set(`${block}_${r.name}_${f.name}_Msk`, mask);
          for (let bit = 0; f.width > 1 && bit < f.width; bit++) masks.set(`${block}_${r.name}_${f.name}_${bit}`, hex(1 << (f.bit + bit)));
          masks.set(`${block}_${r.name}_${f.name}_Pos`, `${f.bit}u`);
        }
      }
      if (r.offset < end) continue; // another view of a register that is there
      if (r.offset > end) members.push(`  uint8_t reserved_${end}[${r.offset - end}];`);
      members.push(`  volatile ${word(r.size)} ${r.name};`);
      end = r.offset + r.size;
    }
    return [
      `typedef struct __attribute__((packed, aligned(4))) {\n${members.join('\n')}\n} ${row.name}_Block;`,
      `#define ${row.name} ((${row.name}_Block *)${hex(row.base)})`,
    ];
  });
  const channels = system.chip.blocks.flatMap((row) => dmaChannels(row, new Set(system.layoutOf(row.name)?.registers.map((r) => r.name))));
  const defines = [...masks].map(([name, value]) => `#ifndef ${name}\n#define ${name} ${value}\n#endif`);
  return `${CORE}\n${DMA}\n${blocks.join('\n')}\n${channels.join('\n')}\n${defines.join('\n')}\n`;
}
