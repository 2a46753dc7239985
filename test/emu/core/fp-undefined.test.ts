/** The space of coprocessors 10 and 11: NOCP while CPACR denies it, whether the encoding exists or not; else UNDEFINSTR where nothing exists. */
import { describe, expect, test } from 'vitest';
import { FLASH, MAIN, started, runCycles, word, type CoreName } from './bare-machine.ts';

const CFSR = 0xe000ed28;
const CPACR = 0xe000ed88;
const UNDEFINSTR = 1 << 16;
const NOCP = 1 << 19;
const VADD = [0xee30, 0x0a81];
/** VADD.F64 D0, D1, D2; double precision is on the M7 alone. */
const VADD_F64 = [0xee31, 0x0b02];
/** VSEL, FPv5. */
const VSELEQ = [0xfe00, 0x0a81];
const NOTHING = [0xeee5, 0x2a10];
/** VCVT.F64.U16 D26, D26, #-15: D16 to D31 are not there, and that there are no negative fraction bits does not matter any more. */
const VCVT_D26 = [0xeefa, 0xab6f];
/** UNDEFINED without the Security Extension. */
const VLSTM = [0xec20, 0x0a00];

const cfsrAfter = (core: CoreName, instruction: readonly number[], enabled: boolean): number => {
  const { machine, cpu } = started(core, { [MAIN]: instruction });
  if (enabled) cpu.write(CPACR, 4, 0xf << 20);
  runCycles(machine, 60);
  if (word(cpu, CFSR) === 0) expect(cpu.pc).toBeGreaterThan(FLASH + MAIN);
  return word(cpu, CFSR);
};

describe.each<CoreName>(['m4', 'm33', 'm7'])('%s', (core) => {
  test('denied by CPACR: NOCP', () => {
    for (const instruction of [VADD, NOTHING, VCVT_D26]) expect(cfsrAfter(core, instruction, false)).toBe(NOCP);
  });
  test('allowed: what exists runs, the rest is UNDEFINED', () => {
    expect(cfsrAfter(core, VADD, true)).toBe(0);
    expect(cfsrAfter(core, NOTHING, true)).toBe(UNDEFINSTR);
    expect(cfsrAfter(core, VLSTM, true)).toBe(UNDEFINSTR);
    expect(cfsrAfter(core, VCVT_D26, true)).toBe(UNDEFINSTR);
    expect(cfsrAfter(core, VADD_F64, true)).toBe(core === 'm7' ? 0 : UNDEFINSTR);
    expect(cfsrAfter(core, VSELEQ, true)).toBe(core === 'm4' ? UNDEFINSTR : 0);
  });
});
