/** BKP of STM32F1: where its registers lie. */
import { describe, expect, it } from 'vitest';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { STM32F105RC } from '../../src/chips/stm32f105.ts';
import { StChip } from './st-chip.ts';

describe.each([STM32F103C8, STM32F105RC])('BKP of $name', (description) => {
  const chip = new StChip(description);
  const fresh = (): StChip => {
    const h = chip.again();
    h.write('RCC.APB1ENR', (1 << 27) | (1 << 28));
    h.set('PWR.CR.DBP', 1);
    return h;
  };
  const at = (name: string): number => fresh().address(`BKP.${name}`);
  it('has DR1 to DR10 from 0x04 and DR11 to DR42 from 0x40 on: its first word is reserved (RM0008 6.4)', () => {
    const all = Array.from({ length: 42 }, (_, i) => at(`DR${i + 1}`) - 0x40006c00);
    expect(all).toEqual([...Array(10).keys()].map((i) => 4 + 4 * i).concat([...Array(32).keys()].map((i) => 0x40 + 4 * i)));
    expect(['RTCCR', 'CR', 'CSR'].map((name) => at(name) - 0x40006c00)).toEqual([0x2c, 0x30, 0x34]);
  });
  it('keeps all 16 bits of a request in DR10, where the loaders of Maple boards look for it', () => {
    const h = fresh();
    h.system.write(0x40006c28, 2, 0x424c);
    expect(h.system.read(0x40006c28, 2)).toBe(0x424c);
    expect(h.read('BKP.DR10')).toBe(0x424c);
  });
});
