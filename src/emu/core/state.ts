/**
 * CPU state of one core in the arena: byte offsets from the core's base (`core * CPU_STRIDE`). Everything a snapshot needs is here;
 * the wasm code and the TypeScript side read the same words.
 */
export const S = {
  /** R0…R12, SP (the selected one), LR. */
  R: 0x00,
  SP: 0x34,
  LR: 0x38,
  /** Scratch, read as register 15: pc + 4 while an instruction that may read it runs, and 0 outside of the interpreter. */
  R15: 0x3c,
  /** N is the sign bit of NF, Z is set when ZF is 0, C and V are 0 or 1. */
  NF: 0x40,
  ZF: 0x44,
  CF: 0x48,
  VF: 0x4c,
  QF: 0x50,
  /** GE[3:0] as a number. */
  GE: 0x54,
  /** EPSR.IT as ITSTATE[7:0]. */
  IT: 0x58,
  /** Address of the next instruction; during an instruction that left the fast path, of that instruction. */
  PC: 0x5c,
  IPSR: 0x60,
  /** EPSR.T: 1, or 0 after an interworking branch to an even address. */
  T: 0x64,
  PRIMASK: 0x68,
  FAULTMASK: 0x6c,
  BASEPRI: 0x70,
  /** nPRIV 0, SPSEL 1, FPCA 2 (SFPA reads 0). */
  CONTROL: 0x74,
  /** The stack pointers that are *not* selected are kept here; the selected one is in SP. */
  MSP: 0x78,
  PSP: 0x7c,
  MSPLIM: 0x80,
  PSPLIM: 0x84,
  /** Limit of the selected stack pointer, 0 = none (ARMv8-M). */
  SPLIM: 0x88,
  FPSCR: 0x8c,
  FPCCR: 0x90,
  FPCAR: 0x94,
  FPDSCR: 0x98,
  /** 1 while FP instructions trap (CPACR/NSACR or lazy state pending): they leave to the slow path. */
  FP_TRAP: 0x9c,
  /** CCR bits that instructions look at: UNALIGN_TRP 3, DIV_0_TRP 4. */
  CCR: 0xa0,
  /** Exclusive monitor: 1 while open. */
  EXCLUSIVE_OPEN: 0xa4,
  /** 1 when an event happened that WFE consumes. */
  EVENT: 0xa8,
  /** 1 = the core is locked up, 2 = sleeping (WFI), 3 = sleeping (WFE). */
  HALTED: 0xac,
  /** Fetch and flash-data timing: 0 none, 1 wait states per line, 2 instruction cache (tags below), 3 caches of the flash controller. */
  FETCH_MODE: 0xb0,
  /** log2 of the flash line in bytes, and of the number of cache sets; ways 1 or 2. */
  CACHE_SET_MASK: 0xb4,
  CACHE_WAYS: 0xb8,
  /** Lines of the cache behind CACHE_TAGS are older than memory: it says which lines it gives up. */
  CACHE_STALE: 0xbc,
  /** Mask of a flash line; what the flash controller's caches do (KIND); log2 of the bytes of one of their rows. */
  FLASH_MASK: 0xc0,
  FLASH_KINDS: 0xc4,
  ROW_SHIFT: 0xc8,
  /** Flash line that was paid for last, | 1: entering it again costs nothing, unless the caches of the flash controller were flushed meanwhile. */
  CHARGED: 0xcc,
  /** Words that were read before anything had written them. */
  UNINITIALISED: 0xd0,
  /** 1: run one instruction though the budget is used up. */
  ONCE: 0xd4,
  /** 1 when `DeviceReads` has not answered, 0 otherwise. */
  DECLINED: 0xd8,
  /** S0…S31 / D0…D15. */
  FP: 0xe0,
  /** End of what an iteration of a loop has to repeat; behind it lie counters and notes of the emulator. */
  STATE_END: 0x160,
  /** Cycles until the core has to stop; may go below 0 by the rest of an instruction. */
  BUDGET: 0x160,
  /** Instructions executed since the last time the machine collected them. */
  RETIRED: 0x164,
  /** Argument of the last exit. */
  EXIT_ARG: 0x168,
  /** Fetch: address of the current line, its mask, and the decoded page minus nothing: record = REC + (pc & 0xffe) * 8. */
  LINE: 0x16c,
  LINE_MASK: 0x170,
  REC: 0x174,
  /** The instruction that ran last when the line changed: where a branch came from. Its record, or its address | 1. */
  LAST_REC: 0x178,
  /** ITSTATE and address of the instruction in an IT block that ran last: what a fault in it has to restore. */
  IT_NOW: 0x17c,
  IT_PC: 0x180,
  /** Cycles that a line from flash costs beyond the first. */
  WAIT_STATES: 0x184,
  CACHE_HITS: 0x188,
  CACHE_MISSES: 0x18c,
  /** Number of the last use of a row of the flash controller's caches. */
  TOUCHES: 0x190,
  /** Translated code may run. */
  TIER: 0x194,
  /** Arrivals after which a place is translated, at most 250. */
  HOT: 0x198,
  /** Instruction cache tags: two words per set (line address | 1 when valid), that of the line used last first. */
  CACHE_TAGS: 0x200,
  /** NVIC: one bit per line, 16 words each (512 lines), then one priority byte per line. */
  NVIC_ENABLED: 0xb00,
  NVIC_PENDING: 0xb40,
  NVIC_ACTIVE: 0xb80,
  NVIC_LEVEL: 0xbc0,
  NVIC_PRIORITY: 0xc00,
  /** System control space registers and everything else of the private peripheral bus, 0xe00…0xfff (see scs-state.ts). */
  SCS: 0xe00,
} as const;

/** Why the fast path returned. The PC word then holds: next instruction (BUDGET), else the instruction that needs the slow path. */
export const EXIT = {
  BUDGET: 0,
  /** A row with a `system` function: executed by TypeScript. */
  SYSTEM: 1,
  /** Branch to an EXC_RETURN value in Handler mode. EXIT_ARG = the value; PC = the branch. */
  EXC_RETURN: 2,
  /** UDF and everything undefined. */
  UNDEFINED: 3,
  /** Division by zero with DIV_0_TRP. */
  DIV_BY_ZERO: 4,
  /** FP instruction while FP_TRAP: TypeScript saves the lazy state or takes NOCP, then the instruction runs again. */
  FP_TRAP: 5,
  /** T is 0: the next instruction takes INVSTATE. PC = the address branched to. */
  INVSTATE: 6,
  /** ARMv8-M: a write to SP went below its limit. */
  STACK_LIMIT: 7,
  /** Unaligned access that must fault. */
  UNALIGNED: 8,
  /** A breakpoint of the bench; PC = the instruction. */
  BREAK: 9,
} as const;
