/** What the Cortex-M0+ has beside the Cortex-M0: vectors that move, unprivileged Thread mode, an MPU whose faults are HardFaults. */
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { handlerAt, LOOP, MAIN, RAM, runCycles, runTo, started, word } from './bare-machine.ts';

const VTOR = 0xe000ed08;
const SYST_CSR = 0xe000e010;
const ICSR = 0xe000ed04;
const MPU = { TYPE: 0xe000ed90, CTRL: 0xe000ed94, RNR: 0xe000ed98, RBAR: 0xe000ed9c, RASR: 0xe000eda0 } as const;
/** MOVS R0, #1; MSR CONTROL, R0; ISB. */
const GO_UNPRIVILEGED = [0x2001, 0xf380, 0x8814, 0xf3bf, 0x8f6f];

describe('Cortex-M0+', () => {
  it('takes exceptions through the table that VTOR names', () => {
    const { machine, cpu } = started('m0plus', { [MAIN]: [LOOP] });
    cpu.write(VTOR, 4, RAM);
    cpu.write(RAM + 4 * 14, 4, RAM + 0x201);
    cpu.write(RAM + 0x200, 2, LOOP);
    cpu.write(ICSR, 4, 1 << 28);
    runCycles(machine, 40);
    expect(cpu.pc).toBe(RAM + 0x200);
    expect(cpu.get(S.IPSR)).toBe(14);
  });

  it('unprivileged code cannot write the private peripheral bus; on a Cortex-M0 the mode does not exist', () => {
    // STR R0, [R1] with R1 = SYST_CSR
    const code = { [MAIN]: [...GO_UNPRIVILEGED, 0x6008, LOOP] };
    const plus = started('m0plus', code);
    plus.cpu.set(S.R + 4, SYST_CSR);
    runTo(plus.machine, handlerAt(3));
    expect(plus.cpu.get(S.CONTROL)).toBe(1);
    const zero = started('m0', code);
    zero.cpu.set(S.R + 4, SYST_CSR);
    runCycles(zero.machine, 40);
    expect([zero.cpu.get(S.CONTROL), zero.cpu.get(S.IPSR)]).toEqual([0, 0]);
  });

  it('MPU: eight regions of 256 bytes or more, and a refused access is a HardFault', () => {
    const { machine, cpu } = started('m0plus', { [MAIN]: [0x6008, LOOP] });
    expect(word(cpu, MPU.TYPE)).toBe(0x800);
    // RASR takes no TEX
    cpu.write(MPU.RASR, 4, 0xffffffff);
    expect(word(cpu, MPU.RASR)).toBe(0x1707ff3f);
    // 128 bytes are below the smallest size: no region
    cpu.write(MPU.RBAR, 4, RAM);
    cpu.write(MPU.RASR, 4, (6 << 24) | (6 << 1) | 1);
    cpu.write(MPU.CTRL, 4, 5);
    cpu.write(RAM, 4, 1);
    // 256 bytes, read-only
    cpu.write(MPU.RASR, 4, (6 << 24) | (7 << 1) | 1);
    cpu.set(S.R + 4, RAM);
    runTo(machine, handlerAt(3));
    expect(cpu.get(S.IPSR)).toBe(3);
    expect(word(cpu, RAM)).toBe(1);
  });
});
