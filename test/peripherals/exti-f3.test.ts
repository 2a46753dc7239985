import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

describe('EXTI of F3', () => {
  it.each(['stm32f303cc', 'stm32f302cc', 'stm32f334r8'])(
    'has the lines from 32 on behind a gap of 8 bytes on %s (stm32f303xc.h)',
    (name) => {
      const f3 = new StChip(findChip(name)!);
      const places = ['PR1', 'IMR2', 'EMR2', 'RTSR2', 'FTSR2', 'SWIER2', 'PR2'].map((r) => f3.address(`EXTI.${r}`) - 0x40010400);
      expect(places).toEqual([0x14, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34]);
      f3.write('EXTI.SWIER2', 1);
      expect(f3.read('EXTI.PR2')).toBe(1);
      f3.write('EXTI.PR2', 1);
      expect(f3.read('EXTI.PR2')).toBe(0);
    },
  );
});
