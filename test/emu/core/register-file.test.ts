import { describe, expect, it } from 'vitest';
import { mpuEnabled } from '../../../src/emu/core/arm/mpu.ts';
import { registerFile, setRegister } from '../../../src/emu/core/arm/register-file.ts';
import { SCS } from '../../../src/emu/core/arm/scs-state.ts';
import { S } from '../../../src/emu/core/state.ts';
import { started, type CoreName } from './bare-machine.ts';
import { expectAsBefore } from './golden-file.ts';

const NAMES = ['r0', 'r7', 'r12', 'sp', 'lr', 'pc', 'msp', 'psp', 'xpsr', 'primask', 'faultmask', 'basepri', 'control', 'msplim', 'psplim', 'vtor', 'mpu_ctrl', 'sys-active', 'fpscr']; // prettier-ignore
const VALUES = [0, 0xffffffff, 0x20000155, 0x90000eaa, 0xfffffff0, 3];
const OTHERS = { IPSR: S.IPSR, IT: S.IT, GE: S.GE, NF: S.NF, CF: S.CF, SP: S.SP, MPU_CTRL: SCS.MPU_CTRL, SYS_ACTIVE: SCS.SYS_ACTIVE };

describe('Registers set from outside', () => {
  it('MPU_CTRL: a repair that leaves out the write of it switches the MPU off', () => {
    const { cpu } = started('m33');
    setRegister(cpu, 'mpu_ctrl', 5);
    expect(mpuEnabled(cpu)).toBe(true);
    setRegister(cpu, 'mpu_ctrl', 0);
    expect(mpuEnabled(cpu)).toBe(false);
  });
  it('each one changes what it did (each-set.txt, which BOOTBENCH_GOLDEN=write writes anew), on PSP as on MSP', () => {
    const lines = (['m0', 'm4', 'm33'] as const satisfies readonly CoreName[]).flatMap((name) => {
      const { machine, cpu } = started(name);
      const fresh = machine.save();
      const all = (): Record<string, number> => ({ ...registerFile(cpu, cpu.pc), ...Object.fromEntries(Object.entries(OTHERS).map(([o, at]) => [`+${o}`, cpu.get(at)])) }); // prettier-ignore
      return NAMES.flatMap((register) =>
        [0, 2].map((control) => {
          const told = VALUES.map((value) => {
            machine.restore(fresh);
            setRegister(cpu, 'control', control);
            setRegister(cpu, 'psp', 0x20000800);
            const before = all();
            setRegister(cpu, register, value);
            const changed = Object.entries(all()).filter(([of, now]) => now !== before[of]);
            return changed.map(([of, now]) => `${of}=${(now >>> 0).toString(16)}`).join(' ') || '-';
          });
          return `${name} ${register}, CONTROL ${control}: ${told.join(' | ')}`;
        }),
      );
    });
    expectAsBefore(lines, new URL('./each-set.txt', import.meta.url));
  });
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
