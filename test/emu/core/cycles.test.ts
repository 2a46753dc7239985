/**
 * Cycle rules, one kernel each, measured by the emulated core's own counter with memory that never waits. `D` documented by Arm, `M` measured on
 * silicon by others (docs/fidelity.md names them), `I` inferred. `R` reported, `A` assumed.
 */
import { describe, expect, test } from 'vitest';
import type { CoreName } from './bare-machine.ts';
import { compilerMissing, measure, type Kernel } from './kernels.ts';

const k = (rule: string, code: string, cycles: number, before?: string): Kernel => ({
  rule,
  code,
  cycles,
  ...(before === undefined ? {} : { before }),
});
const times = (n: number, code: string): string => Array.from({ length: n }, () => code).join(';');

const M0: readonly Kernel[] = [
  k(
    'D data processing takes 1',
    'movs r0, #1; adds r0, r0, r1; adcs r0, r1; eors r0, r1; cmp r0, r1; mvns r0, r1; tst r0, r1; lsls r0, r1; rors r0, r1; sxtb r0, r1; rev r0, r1; mov r9, r0',
    12,
  ),
  k('A MULS takes 1 on STM32F0', 'muls r0, r1, r0; muls r0, r2, r0', 2),
  k('D a load or store takes 2', 'ldr r0, [r4]; ldrb r0, [r4, #1]; ldrh r0, [r4, r6]; str r0, [r4]; strb r0, [r4]; ldr r0, [sp]', 12),
  k('M a loaded value costs no more when it is used at once', 'ldr r0, [r4]; adds r0, r0, r1', 3),
  k('D LDM and STM take 1 + N', 'ldmia r4!, {r0, r1, r2}; stmia r5!, {r0, r1}', 7),
  k('D PUSH and POP take 1 + N', 'push {r0, r1, r2}; pop {r0, r1, r2}', 8),
  k('D POP with PC takes 4 + N', 'ldr r0, =2f + 1; push {r0}; pop {pc}; .ltorg; .balign 4; 2:', 2 + 2 + 5),
  k('D B takes 3', 'b 2f; nop; 2:', 3),
  k('D B<cc> takes 3 taken, 1 not taken', 'cmp r0, r0; beq 2f; nop; 2: bne 2b', 1 + 3 + 1),
  k('D BL takes 4, BX 3', 'bl 2f; b 3f; 2: bx lr; 3:', 4 + 3 + 3),
  k('D BLX and MOV PC take 3', 'adr r0, 2f; adds r0, r0, #1; blx r0; .balign 4; 2: adr r0, 3f; mov pc, r0; .balign 4; 3:', 2 + 3 + 1 + 3),
  k('D MRS and MSR take 4', 'mrs r0, primask; msr primask, r0', 8),
  k('D barriers take 4', 'dmb; dsb; isb', 12),
  k('D CPS, SEV, NOP, YIELD take 1', 'cpsid i; cpsie i; sev; nop; yield', 5),
];

const M0PLUS: readonly Kernel[] = [
  k('D data processing, MULS take 1', 'movs r0, #1; adds r0, r0, r1; muls r0, r1, r0; mov r9, r0', 4),
  k(
    'D a load or store takes 2, LDM, STM, PUSH and POP 1 + N',
    'ldr r0, [r4]; str r0, [r4]; ldmia r4!, {r0, r1, r2}; push {r0, r1}; pop {r0, r1}',
    14,
  ),
  k('R POP with PC takes 3 + N', 'ldr r0, =2f + 1; push {r0}; pop {pc}; .ltorg; .balign 4; 2:', 2 + 2 + 4),
  k('D B and B<cc> take 2 taken, 1 not taken', 'b 2f; nop; 2: cmp r0, r0; beq 3f; nop; 3: bne 2b', 2 + 1 + 2 + 1),
  k('D BL takes 3, BX 2', 'bl 2f; b 3f; 2: bx lr; 3:', 3 + 2 + 2),
  k('R MRS, MSR and barriers take 3', 'mrs r0, primask; msr primask, r0; dmb; dsb; isb', 15),
];

const M3: readonly Kernel[] = [
  k('D MUL takes 1, MLA and MLS 2', 'mul r0, r1, r2; mla r0, r1, r2, r3; mls r0, r1, r2, r3', 1 + 2 + 2),
  k('A 64-bit products take 5, with addition 7', 'umull r0, r3, r1, r2; smlal r0, r3, r1, r2', 5 + 7),
  k('D loads chain: the second takes 1', 'ldr r0, [r4]; ldr r1, [r5]; mov.w r9, #0', 2 + 1 + 1),
  k('D loads with a register offset do not', 'ldr r0, [r4, r6]; ldr r1, [r4, r6]; mov.w r9, #0', 2 + 2 + 1),
  k('D division takes 2 with a zero operand', 'movs r0, #0; udiv r0, r0, r1', 1 + 2),
  k('I ISB takes 2, the other barriers 1', 'isb; dsb; dmb', 2 + 1 + 1),
];

const M4: readonly Kernel[] = [
  k(
    'D data processing takes 1, shifted operands are free',
    'add.w r0, r1, r2, lsl #3; movw r0, #4660; movt r0, #1; clz r1, r0; bfi r0, r1, #2, #3; ubfx r0, r0, #1, #4; rbit r0, r0; ssat r0, #4, r1; orn r0, r1, r2',
    9,
  ),
  k(
    'D multiplication takes 1',
    'mul r0, r1, r2; mla r0, r1, r2, r3; umull r0, r3, r1, r2; smlal r0, r3, r1, r2; umaal r0, r3, r1, r2; smmul r0, r1, r2',
    6,
  ),
  k('D a product is used at once', 'mul r0, r1, r2; add r0, r0, r1', 2),
  k(
    'D DSP takes 1',
    'smlabb r0, r1, r2, r3; smuad r0, r1, r2; uadd8 r0, r1, r2; sel r0, r1, r2; usad8 r0, r1, r2; pkhbt r0, r1, r2; qadd r0, r1, r2; uxtab r0, r1, r2',
    8,
  ),
  k('M division by zero takes 2', 'udiv r0, r1, r3', 2, 'movs r3, #0'),
  k('M a division whose dividend has fewer bits than the divisor takes 3', 'udiv r0, r3, r2', 3),
  k('M division takes 5 + a quarter of the difference in bits', 'udiv r0, r0, r3', 5, ''),
  k('M the longest division takes 12', 'udiv r0, r0, r3', 12, 'mvn r0, #0'),
  k('M signed division goes by magnitudes', 'sdiv r0, r0, r3', 2 + 3, 'mvn r0, #14'),
  k('D a single load takes 2', 'ldr r0, [r4]; add r1, r1, r2', 3),
  k('D chained loads take k + 1', 'ldr r0, [r4]; ldr r1, [r4, #4]; ldr r2, [r5]; ldrb r3, [r5, #8]; mov r6, r6', 5 + 1),
  k('D a load whose address the one before loads does not chain', 'ldr r0, [r4]; ldr r1, [r0]; mov r6, r6', 4 + 1, 'str r5, [r4]'),
  k(
    'M LDR and STR #imm are 2 together, whether or not the value is the loaded one',
    'ldr r0, [r4]; str r0, [r5]; mov r6, r6; ldr r0, [r4]; str r1, [r5]; mov r6, r6',
    6,
  ),
  k('D LDR and STR with register offset are 3', 'ldr r0, [r4]; str r0, [r5, r6]; mov r3, r3', 4),
  k('D STR #imm takes 1, pre- and post-indexed too', 'str r0, [r4]; str r0, [r5, #4]!; mov r6, r6; strb r0, [r4], #1; mov r6, r6', 5),
  k('D STR with register offset takes 2', 'str r0, [r4, r6]; mov r3, r3', 3),
  k('M STR with register offset hides a NOP, not an ALU operation', 'str r0, [r4, r6]; nop; mov r3, r3', 3),
  k('M a store behind which a load stands takes one more', 'str r0, [r4]; ldr r1, [r5]; mov r6, r6', 2 + 2 + 1),
  k(
    'M a store behind which LDM stands takes one more, STM none',
    'str r0, [r4]; ldm r5, {r0, r1}; mov r6, r6; str r0, [r4]; stm r5, {r0, r1}; mov r6, r6',
    2 + 3 + 1 + 1 + 3 + 1,
  ),
  k('D an address written by the data processing before costs one', 'add r4, r4, #4; ldr r0, [r4]; mov r6, r6', 1 + 1 + 2 + 1),
  k('D an offset written by the data processing before costs one', 'movs r6, #4; ldr r0, [r4, r6]; mov r3, r3', 1 + 1 + 2 + 1),
  k('D stored data written by the data processing before costs none', 'adds r0, r0, #1; str r0, [r4]; mov r6, r6', 3),
  k(
    'M indexed loads chain if they alternate their bases',
    'ldr r0, [r4], #4; ldr r1, [r5], #4; mov r6, r6; ldr r0, [r4], #4; ldr r1, [r4], #4; mov r6, r6',
    3 + 1 + 4 + 1,
  ),
  k(
    'M indexed stores chain if they alternate their bases',
    'str r0, [r4], #4; str r1, [r5], #4; mov r6, r6; str r0, [r4], #4; str r1, [r4], #4; mov r6, r6',
    2 + 1 + 3 + 1,
  ),
  k('M a load hides a NOP, not CMP', 'ldr r0, [r4]; nop; mov r6, r6; ldr r0, [r4]; cmp r1, r2', 2 + 1 + 2 + 1),
  k('D LDRD and STRD take 3', 'ldrd r0, r1, [r4]; mov r6, r6; strd r0, r1, [r5]', 3 + 1 + 3),
  k('D LDM, STM, PUSH, POP take 1 + N', 'ldm r4, {r0, r1, r2}; mov r6, r6; stm r5, {r0, r1}; push {r0}; pop {r0}', 4 + 1 + 3 + 2 + 2),
  k('D exclusives: LDREX 2, STREX 2, CLREX 1', 'ldrex r0, [r4]; mov r6, r6; strex r1, r0, [r4]; clrex', 2 + 1 + 2 + 1),
  k(
    'D an unaligned word at 2 mod 4 costs one, at an odd address two, a half-word one',
    'ldr r0, [r4, #2]; mov r6, r6; ldr r0, [r4, #1]; mov r6, r6; ldrh r0, [r4, #3]; mov r6, r6',
    3 + 1 + 4 + 1 + 3 + 1,
  ),
  k('D the write buffer hides unaligned stores', 'str r0, [r4, #2]; mov r6, r6; str r0, [r4, #1]; mov r6, r6', 4),
  k('M B takes 2', 'b 2f; .balign 4; 2:', 2),
  k('M a branch to a 32-bit instruction on an odd half-word takes 3', 'b 2f; nop; nop; 2: eor.w r6, r6, r6; mov r6, r6', 3 + 1 + 1),
  k('M B<cc> takes 2 taken, 1 not taken', 'cmp r0, r0; beq 2f; nop; nop; 2: bne 2b', 1 + 2 + 1),
  k('M CBZ takes 1 not taken, 2 taken', 'cbz r0, 2f; cbnz r0, 2f; nop; nop; 2:', 1 + 2),
  k('D TBB takes 6 (text against table)', 'movs r0, #0; mov r6, r6; tbb [pc, r0]; .byte 1, 1; 2:', 2 + 6),
  k('D LDR PC takes 5', 'ldr r0, =2f + 1; str r0, [r4]; mov r6, r6; ldr pc, [r4]; .ltorg; .balign 4; 2:', 2 - 1 + 1 + 1 + 5),
  k('D IT folds onto a 16-bit instruction', 'cmp r0, r1; ite eq; moveq r0, r1; movne r0, r2', 3),
  k('D IT behind a 32-bit instruction takes 1', 'cmp.w r0, r1; ite eq; moveq r0, r1; movne r0, r2', 4),
  k('A an instruction that is not executed takes 1', 'cmp r0, r0; it ne; ldmne r4, {r0, r1, r2}', 2),
  k('D barriers, NOP, SEV take 1', 'dmb; dsb; nop; sev', 4),
  k('I ISB takes 2, for it refills', 'mov r6, r6; isb; mov r6, r6', 1 + 2 + 1),
  k(
    'M a run of three 32-bit instructions on odd half-words costs one more',
    'mov r6, r6; eor.w r6, r6, r6; eor.w r6, r6, r6; eor.w r6, r6, r6; mov r6, r6',
    6,
  ),
  k('M a run of two does not', 'mov r6, r6; eor.w r6, r6, r6; eor.w r6, r6, r6; mov r6, r6', 4),
  k('M aligned 32-bit instructions do not', `${times(6, 'eor.w r6, r6, r6')}`, 6),
  k(
    'M a run of STR costs one more from the fourth',
    'mov r6, r6; str.w r0, [r4]; str.w r0, [r4]; str.w r0, [r4]; mov r6, r6; mov r6, r6; str.w r0, [r4]; str.w r0, [r4]; str.w r0, [r4]; str.w r0, [r4]; mov r6, r6',
    5 + 1 + 4 + 1 + 1,
  ),
  k(
    'D VADD, VMUL, VCMP, VCVT, VABS take 1',
    'vadd.f32 s0, s1, s2; vmul.f32 s3, s4, s5; vcmp.f32 s6, s7; vcvt.s32.f32 s8, s9; vabs.f32 s10, s11',
    5,
  ),
  k('D the next FP instruction that needs the result waits one', 'vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s2', 3),
  k('D VMLA and VFMA take 3', 'vmla.f32 s0, s1, s2; vfma.f32 s3, s4, s5', 6),
  k('D an addend comes in time', 'vmul.f32 s0, s1, s2; vfma.f32 s0, s4, s5', 4),
  k('D VDIV and VSQRT take 14', 'vdiv.f32 s0, s1, s2; vsqrt.f32 s3, s4; vmov.f32 s5, s6', 14 + 14 + 1),
  k('D integer instructions go on behind VDIV', `vdiv.f32 s0, s1, s2; ${times(15, 'mov r6, r6')}; vmov.f32 s5, s6`, 1 + 15 + 1),
  k('M VMOV S to core and back takes 1 each', 'vmov r0, s0; vmov s1, r1; vmov.f32 s2, s3; vmrs r0, fpscr', 4),
  k('D VMOV of two registers takes 2', 'vmov r0, r1, s0, s1; vmov d1, r2, r3', 4),
  k(
    'D VLDR and VSTR take 2, doubles 3',
    'vldr s0, [r4]; vstr s1, [r4]; mov r6, r6; vldr d0, [r4]; mov r6, r6; vstr d1, [r4]',
    2 + 2 + 1 + 3 + 1 + 3,
  ),
  k('D VLDM and VSTM take 1 + N singles, 1 + 2N doubles', 'vldm r4, {s0-s3}; mov r6, r6; vstm r5, {d0-d2}', 5 + 1 + 7),
];

const M33: readonly Kernel[] = [
  k(
    'M plain ALU takes 1 and is used at once',
    'add.w r0, r1, r2; add.w r0, r0, #1; eor.w r0, r0, #0x1b1b1b1b; bfi r0, r1, #1, #3; addw r0, r0, #0xff9',
    5,
  ),
  k('M a shifted operand comes a cycle later', 'add.w r0, r1, r2, lsl #3; eor.w r0, r0, r1', 3),
  k('M a rotated constant comes a cycle later', 'eor.w r0, r1, #0x1fc0; eor.w r0, r0, r1', 3),
  k('M a rotated constant with flags takes 2', 'eors.w r0, r1, #0x1fc0; add.w r3, r1, r2', 3),
  k(
    'M a shifted register with flags takes 1, the flags come a cycle later',
    'eors.w r0, r1, r2, lsl #3; add.w r3, r1, r2; adds.w r0, r1, r2, lsl #3; adc.w r3, r1, r2',
    2 + 3,
  ),
  k('M MOVS.W takes 1', 'movs.w r0, #0x1fc0; add.w r3, r1, r2', 2),
  k('M a product comes a cycle later', 'mul r0, r1, r2; add.w r0, r0, r1', 3),
  k('M MULS takes 2', 'muls r0, r1, r0; add.w r3, r1, r2', 3),
  k('I ISB takes 2, the other barriers 1', 'mov r6, r6; isb; dsb; dmb; mov.w r6, r6', 1 + 2 + 1 + 1 + 1),
  k('M accumulators chain', 'mla r0, r1, r2, r0; mla r0, r1, r2, r0; smlabb r0, r1, r2, r0', 3),
  k('M an accumulator that is a factor does not', 'mla r0, r1, r2, r0; mla r3, r0, r2, r3', 3),
  k('M xXTA chains into itself', 'uxtab r0, r0, r1; uxtab r0, r0, r1', 2),
  k('M DSP comes a cycle later, no chaining', 'uadd8 r0, r1, r2; uadd8 r0, r0, r1', 3),
  k('M a loaded value comes a cycle later', 'ldr r0, [r4]; add.w r0, r0, r1; ldr r0, [r4]; add.w r3, r1, r2; add.w r0, r0, r1', 3 + 3),
  k('M a loaded accumulator comes at once', 'ldr r0, [r4]; mla r0, r1, r2, r0', 2),
  k('M a loaded value is stored at once', 'ldr r0, [r4]; str r0, [r5]', 2),
  k('M a MAC result is stored at once', 'mla r0, r1, r2, r0; str r0, [r5]', 2),
  k('M LDRD and STRD take 2', 'ldrd r0, r1, [r4]; strd r2, r3, [r5]', 4),
  k('M LDM, STM, PUSH, POP take N', 'ldmia.w r4, {r0, r1, r2}; stmia.w r5, {r2, r3}; push {r0, r1}; pop {r0, r1}', 3 + 2 + 2 + 2),
  k('M a 16-bit NOP pairs behind a 16-bit ALU or memory instruction', 'adds r0, r0, r1; nop; str r0, [r4]; nop', 2),
  k('M ALU with ALU does not pair', 'adds r0, r0, r1; adds r2, r2, r3', 2),
  k('M a 32-bit instruction pairs with nothing', 'add.w r0, r0, r1; nop; adds r0, r0, r1; nop.w', 4),
  k('M B<cc> that is not taken pairs, flags or not', 'subs r0, r0, #1; beq 2f; mov r6, r6; beq 2f; 2:', 2),
  k('M B taken behind an instruction without flags pairs: 1', 'mov r6, r6; b 2f; nop; nop; .balign 4; 2:', 2),
  k('M B<cc> taken behind an instruction that sets flags: 2', 'cmp r0, r0; beq 2f; nop; nop; .balign 4; 2:', 3),
  k('M B<cc> taken with an instruction between: 1', 'cmp r0, r0; mov r6, r6; beq 2f; nop; .balign 4; 2:', 3),
  k('M a branch pairs behind LDM', 'ldmia r4!, {r0, r1}; b 2f; nop; nop; .balign 4; 2:', 3),
  k('M IT pairs with what stands before it', 'cmp r0, r0; it eq; moveq r0, r1', 2),
  k('M an instruction that is not executed takes 1 and holds nothing up', 'cmp r0, r0; it ne; addsne.w r0, r1, #0x1fc0', 2),
  k('A division as on Cortex-M4', 'udiv r0, r0, r3', 5),
  k(
    'M FP arithmetic takes 1, its result comes a cycle later',
    'vadd.f32 s0, s1, s2; vmul.f32 s3, s4, s5; vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s2',
    2 + 3,
  ),
  k('M no FP instruction for two cycles behind VFMA', 'vfma.f32 s0, s1, s2; vadd.f32 s3, s4, s5', 4),
  k('M integer instructions go on behind VFMA', 'vfma.f32 s0, s1, s2; eor.w r6, r6, r6; eor.w r6, r6, r6; vfma.f32 s0, s1, s2', 4),
  k('M VLDR and VSTR take 1, doubles 2', 'vldr s0, [r4]; vstr s1, [r4]; vldr d1, [r4]; vstr d2, [r4]', 6),
  k('M VLDM takes N', 'vldm r4, {s0-s3}', 4),
  k('M VMOV of two registers to the core takes 2, from it 1', 'vmov r0, r1, s0, s1; vmov s2, s3, r2, r3', 3),
  k('M VMOV S to core comes a cycle later', 'vmov r0, s0; add.w r0, r0, r1', 3),
  k('I LDR PC takes 4', 'adr r0, 2f; adds r0, #1; str r0, [r4]; mov r6, r6; ldr pc, [r4]; .balign 4; 2:', 4 + 4),
  k('I POP with PC takes 2 more than its registers', 'adr r0, 2f; adds r0, #1; push {r0}; mov r6, r6; pop {pc}; .balign 4; 2:', 4 + 3),
  k('I TBB takes 6', 'movs r0, #0; mov r6, r6; tbb [pc, r0]; .byte 1, 1; 2:', 2 + 6),
  k('M a 64-bit product chains in its upper accumulator', 'umlal r0, r3, r1, r2; umlal r0, r3, r1, r2', 2),
];

const W = 'eor.w';
const M7: readonly Kernel[] = [
  k('M independent ALU operations pair', `${W} r0, r1, r2; ${W} r3, r1, r2; ${W} r0, r1, r2; ${W} r3, r1, r2`, 2),
  k('M dependent ones do not', `${W} r0, r0, r2; ${W} r0, r0, r2; ${W} r0, r0, r2; ${W} r0, r0, r2`, 4),
  k('M an early result reaches the late ALU of the same pair', `add.w r0, r1, r2; ${W} r3, r0, r2`, 1),
  k('M MOVW and MOVT of one register pair', 'movw r0, #4660; movt r0, #22136', 1),
  k('M two shifted operands do not pair', 'add.w r0, r1, r2, lsl #3; add.w r3, r1, r2, lsl #3', 2),
  k('M patterns and plain constants pair', 'eor.w r0, r1, #0x1b1b1b1b; eor.w r3, r1, #1', 1),
  k('M bitfield and DSP operations do not pair with each other', 'uxtb.w r0, r1; uadd8 r3, r1, r2', 2),
  k('M a bitfield operation pairs as the older', `ubfx r0, r1, #1, #3; ${W} r3, r1, r2`, 1),
  k('M two products do not pair, a product and an ALU operation do', `mul r0, r1, r2; mul r3, r1, r2; mul r0, r1, r2; ${W} r3, r1, r2`, 3),
  k('M a product and a store do not pair', 'mul r0, r1, r2; str.w r3, [r4]', 2),
  k(
    'M loads of an even and an odd word pair, of one bank not',
    'ldr.w r0, [r4]; ldr.w r3, [r4, #4]; ldr.w r0, [r4]; ldr.w r3, [r4, #8]',
    1 + 2,
  ),
  k('M a load and a store pair, two stores do not', 'ldr.w r0, [r4]; str.w r3, [r5]; str.w r1, [r4]; str.w r2, [r5]', 1 + 2),
  k('M any result is stored in the same cycle', `${W} r0, r1, r2; str.w r0, [r4]`, 1),
  k(
    'M LDRD, STRD, LDM, STM issue alone, half a cycle a register',
    'ldrd r0, r1, [r4]; strd r2, r3, [r5]; ldmia.w r4, {r0, r1, r2}; stmia.w r5, {r0, r1, r2, r3}',
    1 + 1 + 2 + 2,
  ),
  k('M a branch that is not taken pairs with the next', `cmp.w r0, r1; beq.w 2f; ${W} r3, r1, r2; 2:`, 2),
  k('M plain results are there a cycle later', `${W} r0, r1, r2; nop.w; ${W} r0, r0, r2; nop.w`, 2),
  k('M a late result reaches a shifter two cycles later', `${W} r0, r1, r2; nop.w; add.w r3, r1, r0, lsl #2; nop.w`, 3),
  k('M a late result reaches an address two cycles later', `${W} r6, r6, #0; nop.w; ldr.w r0, [r4, r6]; nop.w`, 3),
  k('M an early result reaches an address a cycle later', 'add.w r6, r6, #0; nop.w; ldr.w r0, [r4, r6]; nop.w', 2),
  k('M a loaded word reaches the ALU a cycle later', `ldr.w r0, [r4]; nop.w; ${W} r0, r0, r1; nop.w`, 2),
  k(
    'M a loaded word reaches a shifter two, an address three cycles later',
    'ldr.w r0, [r4]; nop.w; add.w r3, r1, r0, lsl #2; nop.w; ldr.w r0, [r4]; nop.w; ldr.w r3, [r5, r0]; nop.w',
    3 + 4,
    'movs r0, #0; str r0, [r4]; movs r0, #8',
  ),
  k('M a loaded byte reaches the ALU two cycles later', `ldrb.w r0, [r4]; nop.w; ${W} r0, r0, r1; nop.w`, 3),
  k(
    'M a product reaches the ALU two cycles later, the next accumulator one',
    `mul r0, r1, r2; nop.w; ${W} r0, r0, r1; nop.w; mla r0, r1, r2, r0; nop.w; mla r0, r1, r2, r0; nop.w`,
    3 + 1 + 1,
  ),
  k(
    'R a load waits four cycles for a store to its address, not for one to another',
    'str.w r0, [r4]; ldr.w r3, [r4]; nop.w; str.w r0, [r4]; ldr.w r3, [r4, #4]',
    5 + 1,
  ),
  k(
    'R a store does not hold back a load once the base has changed',
    'str.w r0, [r4]; adds r4, #4; nop.w; ldr.w r3, [r4]; nop.w',
    1 + 1 + 1,
  ),
  k('R division takes 7', 'udiv r0, r0, r3', 7),
  k('M a predicted branch costs 0 or 1', 'b.w 2f; nop.w; 2:', 1),
  k('I a return that has not been seen costs 8 more', 'bl 2f; b.w 3f; .balign 4; 2: bx lr; 3:', 3 + 8),
  k('I one that is loaded, too', 'bl 2f; b.w 3f; .balign 4; 2: push {lr}; pop {pc}; 3:', 5 + 8),
  k(
    'I a function called from one place: the first return alone costs 8 more',
    '1: bl 2f; subs r0, #1; bne 1b; b.w 3f; .balign 4; 2: bx lr; 3:',
    8 * 3 + 1 + 8,
  ),
  k(
    'I from two places in turn: each return does',
    '1: bl 2f; bl 2f; subs r2, #1; bne 1b; b.w 3f; .balign 4; 2: bx lr; 3:',
    5 * 5 + 1 + 10 * 8,
  ),
  k(
    'I recursion: the first return and the last do',
    'bl 2f; b.w 3f; .balign 4; 2: push {lr}; subs r2, #1; beq 4f; bl 2b; 4: pop {pc}; 3:',
    26 + 2 * 8,
  ),
  k(
    'I a table branch that goes where it went: the first does',
    '1: tbb [pc, r1]; 4: .byte (5f-4b)/2, (6f-4b)/2, (6f-4b)/2, (6f-4b)/2; 5: nop; 6: subs r0, #1; bne 1b',
    8 * 5 + 8,
  ),
  k(
    'I one that goes to two places in turn: each does',
    '1: eor.w r1, r1, #1; tbb [pc, r1]; 4: .byte (5f-4b)/2, (6f-4b)/2, (5f-4b)/2, (6f-4b)/2; 5: nop; 6: subs r0, #1; bne 1b',
    60 + 8 * 8,
  ),
  k(
    'I a call of an address in a register: the first, and the first return',
    '1: blx r1; subs r0, #1; bne 1b; b.w 3f; .balign 4; 2: bx lr; 3:',
    8 * 3 + 1 + 2 * 8,
    'adr r1, 2f + 1',
  ),
  k('M an unaligned load costs three', 'ldr.w r0, [r4, #1]', 4),
  k('M an unaligned store costs nothing', 'str.w r0, [r4, #1]', 1),
  k(
    'M FP arithmetic does not pair with itself, with integers it does',
    `vadd.f32 s0, s1, s2; vmul.f32 s3, s4, s5; vadd.f32 s6, s7, s8; ${W} r0, r1, r2`,
    3,
  ),
  k('M an FP result is an operand three cycles later', 'vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s4', 4),
  k(
    'M multiply-adds issue every cycle if three accumulators alternate',
    'vfma.f32 s0, s1, s2; vfma.f32 s3, s1, s2; vfma.f32 s4, s1, s2; vfma.f32 s0, s1, s2; vfma.f32 s3, s1, s2; vfma.f32 s4, s1, s2',
    6,
  ),
  k('M one accumulator: three cycles', 'vfma.f32 s0, s1, s2; vfma.f32 s0, s1, s2', 4),
  k('M a multiply-add result as factor: five cycles', 'vfma.f32 s0, s1, s2; vmul.f32 s3, s0, s2', 6),
  k('M no VADD for three cycles behind a multiply-add', 'vfma.f32 s0, s1, s2; vadd.f32 s3, s4, s5', 5),
  k('M VDIV takes 16, VSQRT 14', 'vdiv.f32 s0, s1, s2; nop.w; vsqrt.f32 s3, s4', 30),
  k('I VFMA.F64 takes 7, VMLA.F64 8', 'vfma.f64 d0, d1, d2; vmla.f64 d3, d4, d5', 7 + 8),
  k('I a base that is written back is there for the ALU at once', `ldr.w r0, [r4], #4; ${W} r3, r4, r1`, 1),
  k('I and for an address a cycle later', 'ldr.w r0, [r4], #4; nop.w; ldr.w r3, [r4]; nop.w', 2),
  k('I and for a shifter two', 'ldr.w r0, [r4], #4; nop.w; add.w r3, r1, r4, lsl #2; nop.w', 3),
  k('M VMUL.F64 takes 5, VDIV.F64 and VSQRT.F64 30', 'vmul.f64 d0, d1, d2; vdiv.f64 d3, d4, d5; vsqrt.f64 d6, d7', 5 + 30 + 30),
  k(
    'M a VLDR result is there a cycle later, as addend of VFMA three',
    'vldr s0, [r4]; nop.w; vadd.f32 s1, s0, s2; nop.w; vldr s3, [r4]; nop.w; vfma.f32 s3, s4, s5',
    2 + 4,
  ),
];

/** What each kind of instruction gives is there so many cycles after its issue, by where the next instruction wants it; 0: both issue together. */
type Matrix = Readonly<Record<string, readonly [producer: string, ...ready: number[]]>>;
/** R7 is 0, so that each result is an offset that lies in RAM. */
const CONSUMERS = {
  'the ALU': `${W} r3, r6, r1`,
  'the shifter': `${W} r3, r1, r6, lsl #2`,
  'a factor': 'mul r3, r6, r1',
  'an accumulator': 'mla r3, r1, r2, r6',
  'an address': 'ldr.w r3, [r5, r6]',
  'a store': 'str.w r6, [r5]',
};
const RESULTS: Matrix = {
  'M the result of a late ALU': [`${W} r6, r6, #0`, 1, 2, 1, 0, 2, 0],
  'M the result of an early ALU': ['add.w r6, r6, #0', 0, 1, 1, 0, 1, 0],
  'I a reversal': ['rev.w r6, r7', 0, 2, 1, 0, 2, 0],
  'M a bit field': ['ubfx r6, r7, #1, #3', 1, 2, 1, 0, 2, 0],
  'M a loaded word': ['ldr.w r6, [r4]', 1, 2, 2, 1, 3, 0],
  'M a loaded byte': ['ldrb.w r6, [r4]', 2, 3, 3, 1, 3, 0],
  // a store does not issue beside it
  'M a product': ['mul r6, r7, r7', 2, 3, 2, 1, 4, 1],
  'M a register of the FPU': ['vmov r6, s0', 1, 2, 1, 0, 2, 0],
};
const FP_CONSUMERS = {
  'an operand': 'vmul.f32 s3, s0, s2',
  'the addend of VFMA': 'vfma.f32 s0, s4, s5',
  'the addend of VMLA': 'vmla.f32 s0, s4, s5',
  'a store': 'vstr s0, [r5]',
  'a move to the core': 'vmov r0, s0',
};
const FP_RESULTS: Matrix = {
  'M an FP sum': ['vadd.f32 s0, s1, s2', 3, 3, 2, 1, 3],
  'M a fused multiply-add': ['vfma.f32 s0, s1, s2', 5, 3, 2, 3, 5],
  'M a multiply-add': ['vmla.f32 s0, s1, s2', 6, 3, 3, 4, 6],
  'M a loaded single': ['vldr s0, [r4]', 1, 3, 2, 1, 1],
  'M a single from the core': ['vmov s0, r1', 3, 3, 3, 1, 3],
};
/** NOPs fill the other half of each pair, so that only the distance counts. */
const distances = (results: Matrix, consumers: Readonly<Record<string, string>>): Kernel[] =>
  Object.entries(results).flatMap(([what, [producer, ...ready]]) =>
    Object.entries(consumers).map(([where, consumer], i) =>
      k(
        `${what} reaches ${where} after ${ready[i]}`,
        ready[i] === 0 ? `${producer}; ${consumer}` : `${producer}; nop.w; ${consumer}; nop.w`,
        ready[i]! + 1,
        'movs r7, #0; str r7, [r4]; vmov s0, r7; vmov s2, s0; dsb',
      ),
    ),
  );

const TABLES: readonly (readonly [CoreName, string, readonly Kernel[]])[] = [
  ['m0', 'Cortex-M0', M0],
  ['m0plus', 'Cortex-M0+', M0PLUS],
  ['m3', 'Cortex-M3', M3],
  ['m4', 'Cortex-M4', M4],
  ['m33', 'Cortex-M33', M33],
  ['m7', 'Cortex-M7', [...M7, ...distances(RESULTS, CONSUMERS), ...distances(FP_RESULTS, FP_CONSUMERS)]],
];
describe.skipIf(compilerMissing !== '')(`cycles${compilerMissing ? ` (skipped: ${compilerMissing})` : ''}`, () => {
  for (const [core, name, kernels] of TABLES) {
    describe(name, () => {
      const measured = compilerMissing ? [] : measure(core, kernels);
      test.each(kernels.map((kernel, i) => [kernel.rule, kernel, i] as const))('%s', (_rule, kernel, i) => {
        expect(measured[i], kernel.code).toBe(kernel.cycles);
      });
    });
  }
});
