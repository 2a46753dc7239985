@ The probe of `bootbench board settle`: leaves one thing as a caller might leave it, and jumps into the ROM. The debugger puts it into RAM with a table behind it.
@ r0: the table. A row has four words: what to do, and three operands. ARMv6-M instructions alone, from whatever address; the words that name a special register of
@ newer cores are written as numbers and run only where the table asks for them. Two ends: the ROM's first instruction, or BKPT with r0 behind the row that failed.
    .syntax unified
    .cpu cortex-m0
    .thumb

@ Rounds of a wait: about a second at 8 MHz.
    .equ ROUNDS, 0x100000

    .global start
start:
row:
    ldmia r0!, {r1-r4}
    cmp r1, #5
    bhi unknown
    lsls r1, r1, #1
    add r1, pc              @ the table of branches begins 4 bytes behind this instruction
    mov pc, r1
    b jump                  @ 0: r2 = vector table
    b store                 @ 1: r2 = address, r3 = word
    b change                @ 2: r2 = address, r3 = bits to clear, r4 = bits to set
    b wait                  @ 3: r2 = address, r3 = mask, r4 = what has to be there
    b delay                 @ 4: r2 = rounds
    b special               @ 5: r2 = SYSm, r3 = value

store:
    str r3, [r2]
    dsb
    b row

change:
    ldr r5, [r2]
    bics r5, r3
    orrs r5, r4
    str r5, [r2]
    dsb
    b row

wait:
    ldr r6, =ROUNDS
1:  ldr r5, [r2]
    ands r5, r3
    cmp r5, r4
    beq row
    subs r6, #1
    bne 1b
    bkpt #1

delay:
    subs r2, #1
    bne delay
    b row

special:
    cmp r2, #9
    beq 9f
    cmp r2, #10
    beq 10f
    cmp r2, #16
    beq 16f
    cmp r2, #17
    beq 17f
    cmp r2, #19
    beq 19f
    cmp r2, #20
    bne unknown
    msr control, r3
    isb
    b row
9:  msr psp, r3
    b row
10: .inst.w 0xf383880a      @ msr msplim, r3 (Armv8-M Mainline)
    b row
16: msr primask, r3
    isb
    b row
17: .inst.w 0xf3838811      @ msr basepri, r3 (Armv7-M and Armv8-M Mainline)
    isb
    b row
19: .inst.w 0xf3838813      @ msr faultmask, r3 (as BASEPRI)
    isb
    b row

jump:
    ldr r3, [r2]
    ldr r4, [r2, #4]
    msr msp, r3
    isb
    bx r4

unknown:
    bkpt #0

    .pool
