import { describe, expect, it } from 'vitest';
import { mpuEnabled } from '../../../src/emu/core/arm/mpu.ts';
import { setRegister } from '../../../src/emu/core/arm/register-file.ts';
import { started } from './bare-machine.ts';

describe('Registers set from outside', () => {
  it('MPU_CTRL: a repair that leaves out the write of it switches the MPU off', () => {
    const { cpu } = started('m33');
    setRegister(cpu, 'mpu_ctrl', 5);
    expect(mpuEnabled(cpu)).toBe(true);
    setRegister(cpu, 'mpu_ctrl', 0);
    expect(mpuEnabled(cpu)).toBe(false);
  });
});
