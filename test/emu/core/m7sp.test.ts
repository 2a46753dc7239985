/** What the Cortex-M7 of single precision lacks beside the other: instructions on doubles, and the fields by which software asks for them. */
import { describe, expect, it } from 'vitest';
import { FLASH, MAIN, runCycles, started, word, type CoreName } from './bare-machine.ts';

const [CFSR, CPACR, MVFR0, MVFR1] = [0xe000ed28, 0xe000ed88, 0xe000ef40, 0xe000ef44];
const UNDEFINSTR = 1 << 16;
/** UsageFault of an instruction with the FPU enabled; 0 = it ran. */
function faultOf(core: CoreName, instruction: readonly number[]): number {
  const { machine, cpu } = started(core, { [MAIN]: instruction });
  cpu.write(CPACR, 4, 0xf << 20);
  runCycles(machine, 60);
  if (word(cpu, CFSR) === 0) expect(cpu.pc).toBeGreaterThan(FLASH + MAIN);
  return word(cpu, CFSR);
}

describe('Cortex-M7 with an FPU of single precision', () => {
  it.each([
    ['VADD.F64 D0, D1, D2', [0xee31, 0x0b02]],
    ['VCVT.F64.F32 D0, S0', [0xeeb7, 0x0ac0]],
    ['VSELEQ.F64 D0, D1, D2', [0xfe01, 0x0b02]],
    ['VSQRT.F64 D0, D1', [0xeeb1, 0x0bc1]],
  ])('%s is undefined; the other Cortex-M7 has it', (_text, instruction) => {
    expect(faultOf('m7sp', instruction)).toBe(UNDEFINSTR);
    expect(faultOf('m7', instruction)).toBe(0);
  });
  it.each([
    ['VADD.F32 S0, S0, S3', [0xee30, 0x0a21]],
    ['VSELEQ.F32 S0, S0, S2', [0xfe00, 0x0a01]],
    ['VMOV D0, R0, R1', [0xec41, 0x0b10]],
    ['VPUSH {D0}', [0xed2d, 0x0b02]],
  ])('%s exists on both', (_text, instruction) => {
    for (const core of ['m7sp', 'm7'] as const) expect(faultOf(core, instruction), core).toBe(0);
  });
  it('MVFR0 and MVFR1 say so, as CMSIS asks: 0x020 of MVFR0.{Double,Single}-precision is a single one', () => {
    const of = (core: CoreName): number[] => {
      const { cpu } = started(core);
      return [word(cpu, MVFR0), word(cpu, MVFR1)];
    };
    expect(of('m7sp')).toEqual([0x10110021, 0x11000011]);
    expect(of('m7')).toEqual([0x10110221, 0x12000011]);
  });
});
