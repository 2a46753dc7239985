/**
 * Compiled floating-point code, and single instructions in random FPSCR states, on QEMU's MPS2 boards and here. QEMU 7.2 has the rounding of
 * VCVT from fixed point that Unicorn's QEMU 5.0 lacks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BOARDS, build, here, onQemu, oracles } from '../../machines/qemu.ts';
import { byTurns } from '../../turn.ts';
import { isDefaultMode } from './bare-machine.ts';

const LEVELS = ['-O0', '-O2', '-Os'];
/** In another mode than its own one level a turn: the compiler and QEMU do the same. */
const CASES = BOARDS.flatMap((b) => (isDefaultMode() ? LEVELS : byTurns(LEVELS, LEVELS.length)).map((level) => ({ ...b, level })));

describe.skipIf(!oracles)('floating-point programs against QEMU (needs qemu-system-arm and arm-none-eabi-gcc)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bootbench-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  it.each(CASES)(
    '$core $level: same words as on $board',
    (c) => {
      const elf = build(join(dir, `float.${c.core}${c.level}.elf`), 'float', c, [c.level, '-mfloat-abi=hard', '-nostartfiles', '-lgcc']);
      const expected = onQemu(elf, c.board);
      expect(expected).toHaveLength(63);
      expect(new Set(expected).size).toBe(63);
      expect(here(elf, c)).toEqual(expected);
    },
    180_000,
  );
});
