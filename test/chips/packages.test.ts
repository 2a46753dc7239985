/** Packages: a part number says which pins come out, and a pin that does not come out is no pin. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { findChip, LINES, partsOf } from '../../src/chips/index.ts';
import { hasPin, packageOf, partNumber, shortNumber } from '../../src/chips/parts.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { plainJob } from '../bench/plain-job.ts';

const names = (part: string): readonly string[] => romProfileOf(findChip(part)!)!.interfaces.value.map((i) => i.name);

describe('the package of a part number', () => {
  // Pin lists of the data sheets: DS11451 table 15, DS12288 table 12, DS8626 table 7.
  it.each([
    ['STM32L432KCU6', 'UFQFPN32', ['PA10', 'PB7', 'PC14', 'PH3'], ['PB2', 'PB10', 'PC0', 'PC11', 'PD2']],
    ['stm32g431kb', 'LQFP32, UFQFPN32', ['PA10', 'PB8'], ['PB9', 'PB10', 'PC4', 'PC11']],
    ['STM32G431C8T6', 'LQFP48', ['PB10', 'PB15'], ['PC4', 'PC11']],
    ['STM32F407VGT6', 'LQFP100', ['PE15', 'PD15'], ['PF0', 'PG0']],
    ['stm32f405rg', 'LQFP64', ['PC12', 'PD2'], ['PD3', 'PE0']],
  ])('%s is %s', (part, name, there, missing) => {
    const chip = findChip(part)!;
    expect(packageOf(chip)!.name).toBe(name);
    for (const pin of there) expect([pin, hasPin(chip, pin)]).toEqual([pin, true]);
    for (const pin of missing) expect([pin, hasPin(chip, pin)]).toEqual([pin, false]);
  });
  it('is kept in the name by which the part is found again', () => {
    const chip = findChip('STM32G431C8T6')!;
    expect([chip.name, partNumber(chip)]).toEqual(['STM32G431C8', 'STM32G431C8T']);
    expect(findChip(partNumber(chip))).toBe(chip);
    expect(partNumber(findChip('STM32G431C8')!)).toBe('STM32G431C8');
  });
  it('stands in a scenario only where its pins are not those of every package of the part', () => {
    const written = ['STM32F103C8T6', 'STM32F103C8', 'STM32G431C8T6'].map((part) => shortNumber(findChip(part)!));
    expect(written).toEqual(['stm32f103c8', 'stm32f103c8', 'stm32g431c8t']);
  });
  it('is in the table for every part, with the pins of USB where the ROM has it', () => {
    const bad: string[] = [];
    for (const line of LINES)
      for (const part of partsOf(line.name)) {
        const chip = findChip(part)!;
        const usb = romProfileOf(chip)?.dfu !== null;
        if (packageOf(chip) === null || (usb && !(hasPin(chip, 'PA11') && hasPin(chip, 'PA12')))) bad.push(part);
      }
    expect(bad).toEqual([]);
  });
});

describe('a pin that does not come out', () => {
  it('takes its interface from the ROM', () => {
    expect(names('STM32L432KC')).toEqual(['USB', 'USART1', 'USART2', 'I2C1', 'SPI1']);
    expect(names('STM32L433RC')).toContain('USART3');
  });
  it('is refused where a scenario drives it', () => {
    const run = (board: object, steps: readonly object[]): unknown => jobInput(plainJob('stm32l432kcu6', [], { board, steps } as never));
    expect(() => run({ pins: { PC11: 0 } }, [])).toThrow(UsageError);
    expect(() => run({ pins: { PC11: 0 } }, [])).toThrow(/board\.pins: STM32L432KCU \(UFQFPN32\) has no pin PC11/);
    expect(() => run({}, [{ at: '1ms', do: { pin: { name: 'PD0', level: 0 } } }])).toThrow(/steps\[0\]\.do\.pin: .* has no pin PD0/);
    expect(() => run({ pins: { PB7: 0 } }, [{ at: '1ms', do: { pin: { name: 'BOOT0', level: 1 } } }])).not.toThrow();
  });
});
