/**
 * The same program on QEMU's MPS2 boards and here: faults by kind and mask, escalation, nesting, 150 random sets of priorities, FP frames,
 * MSR and MRS. Known differences of QEMU are masked in the program: UFRDY in ARMv7-M's FPCCR (DDI 0403 B3.2.21 has no such bit), VECTPENDING
 * showing what BASEPRI masks (DDI 0403 B3.2.4: it takes BASEPRI into account), and Secure state's bits on its Cortex-M33.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BOARDS, build, here, M3_BOARD, MICROBIT, onQemu, oracles } from '../../machines/qemu.ts';

describe.skipIf(!oracles)('exceptions against QEMU (needs qemu-system-arm and arm-none-eabi-gcc)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bootbench-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  for (const program of ['exceptions', 'mpu'])
    it.each(BOARDS)(
      `${program}: $core sees what $board sees`,
      (b) => {
        const elf = build(join(dir, `${program}.${b.core}.elf`), program, b, ['-mfloat-abi=softfp', '-O1', '-fno-builtin']);
        const expected = onQemu(elf, b.board);
        expect(expected.length).toBeGreaterThan(300);
        expect(here(elf, b)).toEqual(expected);
      },
      180_000,
    );
  it('mpu: m3 sees what mps2-an385 sees', () => {
    const elf = build(join(dir, 'mpu.m3.elf'), 'mpu', M3_BOARD, ['-O1', '-fno-builtin']);
    const expected = onQemu(elf, M3_BOARD.board);
    expect(expected.length).toBeGreaterThan(300);
    expect(here(elf, M3_BOARD)).toEqual(expected);
  });
  it('exceptions-m0: a Cortex-M0 sees what a micro:bit sees', () => {
    const elf = build(join(dir, 'exceptions.m0.elf'), 'exceptions-m0', MICROBIT, ['-O1', '-fno-builtin', '-lgcc']);
    const expected = onQemu(elf, MICROBIT.board);
    expect(expected.length).toBeGreaterThan(250);
    expect(here(elf, MICROBIT)).toEqual(expected);
  });
});
