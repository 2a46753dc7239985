/* Flash, caches and MPU as ST's code generator leaves them at full speed. The word says on which chip; 0: as out of reset, on other boards too. */
#include <stdint.h>

volatile const uint32_t set_up_for = 0;
void set_up(void);

#define REG(address) (*(volatile uint32_t *)(address))

#if __ARM_ARCH_7EM__
static void barrier(void) { __asm volatile("dsb\n isb" ::: "memory"); }
/* Region 0: 4 GB, no access, execute never, its subregions over code, SRAM and peripherals left out (0x87): what speculation must not touch. */
static void set_up_mpu(void) {
  REG(0xe000ed94) = 0;
  REG(0xe000ed98) = 0;
  REG(0xe000ed9c) = 0;
  REG(0xe000eda0) = (1u << 28) | (1u << 18) | (0x87u << 8) | (31u << 1) | 1u;
  REG(0xe000ed94) = 5;
  barrier();
}
static void enable_l1(void) {
  barrier();
  REG(0xe000ef50) = 0; /* ICIALLU */
  barrier();
  REG(0xe000ed14) |= 1u << 17;
  barrier();
  REG(0xe000ed84) = 0; /* CSSELR */
  barrier();
  uint32_t ccsidr = REG(0xe000ed80);
  for (uint32_t set = ((ccsidr >> 13) & 0x7fff) + 1; set-- > 0;)
    for (uint32_t way = ((ccsidr >> 3) & 0x3ff) + 1; way-- > 0;) REG(0xe000ef60) = (way << 30) | (set << 5); /* DCISW */
  barrier();
  REG(0xe000ed14) |= 1u << 16;
  barrier();
}
#endif

void set_up(void) {
  switch (set_up_for) {
    case 0x072: REG(0x40022000) = 0x11; break;                             /* one wait state, prefetch */
    case 0x476: REG(0x40022000) = 0x604; break;                            /* four, both caches */
    case 0x405: REG(0x40023c00) = 0x705; break;                            /* five, prefetch, both caches */
    case 0x533: REG(0x40022000) = 0x125; REG(0x40030400) = 1; break;       /* five, prefetch, WRHIGHFREQ; ICACHE */
#if __ARM_ARCH_7EM__
    case 0x745:
      set_up_mpu();
      enable_l1();
      REG(0x52002000) = 0x24; /* four, WRHIGHFREQ */
      break;
#endif
    default: break;
  }
}
