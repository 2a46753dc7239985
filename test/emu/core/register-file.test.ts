import { describe, expect, it } from 'vitest';
import { mpuEnabled } from '../../../src/emu/core/arm/mpu.ts';
import { registerFile, setRegister } from '../../../src/emu/core/arm/register-file.ts';
import { SCS } from '../../../src/emu/core/arm/scs-state.ts';
import { S } from '../../../src/emu/core/state.ts';
import { started } from './bare-machine.ts';

const VALUES = [0, 0xffffffff, 0x20000155, 0x90000eaa, 0xfffffff0, 3];
/** Bits that a register has when it is set from outside: on Cortex-M0, M4 and M33. IPSR is no part of xPSR then. */
const BITS: Readonly<Record<string, readonly [number, number, number]>> = {
  ...Object.fromEntries(['r0', 'r7', 'r12', 'lr', 'sys-active'].map((name) => [name, [0xffffffff, 0xffffffff, 0xffffffff] as const])),
  ...Object.fromEntries(['sp', 'msp', 'psp'].map((name) => [name, [0xfffffffc, 0xfffffffc, 0xfffffffc] as const])),
  pc: [0xfffffffe, 0xfffffffe, 0xfffffffe],
  xpsr: [0xf1000000, 0xff0ffc00, 0xff0ffc00],
  primask: [1, 1, 1],
  faultmask: [0, 1, 1],
  basepri: [0, 0xff, 0xff],
  control: [2, 7, 7],
  msplim: [0, 0, 0xfffffff8],
  psplim: [0, 0, 0xfffffff8],
  vtor: [0, 0xffffff80, 0xffffff80],
  mpu_ctrl: [7, 7, 7],
  fpscr: [0, 0xf7c0009f, 0xf7c0009f],
};

describe('Registers set from outside', () => {
  it('MPU_CTRL: a repair that leaves out the write of it switches the MPU off', () => {
    const { cpu } = started('m33');
    setRegister(cpu, 'mpu_ctrl', 5);
    expect(mpuEnabled(cpu)).toBe(true);
    setRegister(cpu, 'mpu_ctrl', 0);
    expect(mpuEnabled(cpu)).toBe(false);
  });
  it.each((['m0', 'm4', 'm33'] as const).flatMap((name, n) => [0, 2].map((control) => [name, control, n] as const)))(
  '%s with CONTROL %i: each has its bits and changes nothing else, but SP is the one of MSP and PSP that is in use', (name, control, n) => {
    const { machine, cpu } = started(name);
    const fresh = machine.save();
    const all = (): Record<string, number> => ({ ...registerFile(cpu, cpu.pc), mpu_ctrl: cpu.get(SCS.MPU_CTRL), 'sys-active': cpu.get(SCS.SYS_ACTIVE) >>> 0 });
    for (const [register, bits] of Object.entries(BITS))
      for (const value of VALUES) {
        machine.restore(fresh);
        setRegister(cpu, 'control', control);
        setRegister(cpu, 'psp', 0x20000800);
        const expected = all();
        if (register in expected) expected[register] = (value & bits[n]!) >>> 0;
        const bank = (expected['control']! & 2) === 0 ? 'msp' : 'psp';
        if (register === 'sp') expected[bank] = expected['sp']!;
        else expected['sp'] = expected[bank]!;
        setRegister(cpu, register, value);
        expect(all(), `${register} ${value}`).toEqual(expected);
      }
  }); // prettier-ignore
  it.each([
    ['m0', 2],
    ['m0plus', 3],
    ['m3', 3],
    ['m4', 7],
  ] as const)('%s has the bits %i of CONTROL, whoever writes it', (name, bits) => {
    const { cpu } = started(name);
    setRegister(cpu, 'control', 0xffffffff);
    expect(cpu.get(S.CONTROL)).toBe(bits);
  });
  it('one that a core does not have is said by name', () => {
    const { cpu } = started('m4');
    for (const name of ['r13', 'r16', 'xr1', 'cpuid']) expect(() => setRegister(cpu, name, 1)).toThrow(`no core register ${name}`);
  });
  it('CYCCNT counts where both TRCENA and CYCCNTENA are set', () => {
    const { machine, cpu } = started('m4');
    const counts = [0, 1 << 24, 1 << 25].flatMap((demcr) =>
      [0, 1, 2].map((ctrl) => {
        cpu.write(0xe000edfc, 4, demcr);
        cpu.write(0xe0001000, 4, ctrl);
        const from = cpu.peek(0xe0001004, 4)!;
        machine.run(machine.now + 50_000);
        return cpu.peek(0xe0001004, 4)! - from;
      }),
    );
    expect(counts).toEqual([0, 0, 0, 0, 50, 0, 0, 0, 0]);
  });
});
