/** Where L476, L496 and F072 start, and what lies at 0 then: AN2606 Table 2, patterns 7, 6 and 2. */
import { describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { findChip } from '../../src/chips/index.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { ResetCause } from '../../src/emu/component.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { Thumb } from '../emu/thumb.ts';
import { BriefMachine } from '../brief.ts';

const STM32F042K6 = findChip('stm32f042k6')!;

/** Stack and reset vector that tell the three places apart. */
const TABLES: Readonly<Record<string, number>> = { flash: 0x08000100, rom: 0, sram: 0x20000100 };

function boot(
  chip: ChipDescription,
  parameters: Readonly<Record<string, number>>,
  flashEmpty = false,
): { pc: number; at0: string | undefined } {
  const m = new BriefMachine({ chip, models: MODELS, parameters, seed: 1 });
  m.eraseNonVolatile();
  const rom = chip.rom!.vectorTable.value;
  const table = (base: number, sp: number, start: number): void => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, sp, true);
    new DataView(bytes.buffer).setUint32(4, start | 1, true);
    m.load(base, bytes);
  };
  if (!flashEmpty) table(0x08000000, 0x20002000, TABLES['flash']!);
  table(rom, 0x20001000, rom + 0x100);
  m.powerOn();
  return { pc: m.bootCore.pc, at0: m.system.regionAt(0)?.memory?.row.name };
}
const to = (chip: ChipDescription, parameters: Readonly<Record<string, number>>, flashEmpty = false): string => {
  const { pc, at0 } = boot(chip, parameters, flashEmpty);
  const rom = chip.rom!.vectorTable.value + 0x100;
  if (at0 === 'flash') expect(pc).toBe(0x08000100);
  if (at0 === 'rom') expect(pc).toBe(rom);
  return at0 ?? 'nothing';
};

describe('STM32L476 (pattern 7)', () => {
  it.each([
    ['flash', {}],
    ['rom', { 'boot0.level': 1 }],
    ['sram1', { 'boot0.level': 1, 'option.nBOOT1': 0 }],
    ['flash', { 'option.nBOOT1': 0 }],
    ['rom', { 'option.BFB2': 1 }],
    ['rom', { 'option.BFB2': 1, 'boot0.level': 1 }],
    ['flash', { 'boot0.level': 1, 'option.RDP': 0xcc }],
    ['rom', { 'option.BFB2': 1, 'option.RDP': 0xcc }],
  ] as const)('%s with %j', (where, parameters) => expect(to(STM32L476RG, parameters)).toBe(where));
  it('does not look whether the flash is empty', () => expect(boot(STM32L476RG, {}, true).at0).toBe('flash'));
});

describe('STM32L496 (pattern 6)', () => {
  it.each([
    ['flash', {}],
    ['rom', { 'boot0.level': 1 }],
    ['sram1', { 'boot0.level': 1, 'option.nBOOT1': 0 }],
    ['flash', { 'boot0.level': 1, 'option.nSWBOOT0': 0 }],
    ['rom', { 'option.nSWBOOT0': 0, 'option.nBOOT0': 0 }],
    ['flash', { 'option.nBOOT0': 0 }],
    ['rom', { 'option.BFB2': 1 }],
  ] as const)('%s with %j', (where, parameters) => expect(to(STM32L496ZG, parameters)).toBe(where));
  it('an empty flash starts the ROM', () => expect(to(STM32L496ZG, {}, true)).toBe('rom'));
});

/** The machine's own flag; FLASH_SR.PEMPTY; FLASH_ACR.EMPTY. */
const EMPTY_CHECKED = [
  STM32F042K6,
  STM32L496ZG,
  ...['stm32l432kc', 'stm32l4r5zi', 'stm32wb55rg', 'stm32g0b1re'].map((name) => findChip(name)!),
];
describe.each(EMPTY_CHECKED.map((c) => [c.name, c] as const))('whether the flash of %s is empty', (_, chip) => {
  /** The chip behind a reset, with its flash programmed or erased since power came. */
  const behind = (how: ResetCause, programmed: boolean): string | undefined => {
    const m = new BriefMachine({ chip, models: MODELS, seed: 1 });
    m.eraseNonVolatile();
    const words = new Uint8Array(new Uint32Array([0x20001000, 0x08000101]).buffer);
    if (!programmed) m.load(0x08000000, words);
    m.powerOn();
    m.load(0x08000000, programmed ? words : new Uint8Array(8).fill(0xff));
    m.askReset(how, m.bootCore, false);
    m.run(m.system.now + 1_000_000_000);
    return m.system.regionAt(0)?.memory?.row.name;
  };
  it.each(['software', 'pin', 'iwdg'] as const)('is what it was when a %s reset comes: option bytes are not loaded', (how) =>
    expect([behind(how, true), behind(how, false)]).toEqual(['rom', 'flash']),
  );
  it('is looked at again when they are', () =>
    expect([behind('option-bytes', true), behind('option-bytes', false)]).toEqual(['flash', 'rom']));
});

describe('A flag of an empty flash that software changes', () => {
  /** What lies at 0 behind a software reset, after these stores of a program that was there when power came. */
  const behind = (name: string, ...stores: readonly (readonly [address: number, value: number])[]): string | undefined => {
    const m = new BriefMachine({ chip: findChip(name)!, models: MODELS, seed: 1 });
    m.eraseNonVolatile();
    m.load(0x08000000, new Uint8Array(new Uint32Array([0x20001000, 0x08000101]).buffer));
    const program = new Thumb(0x08000100);
    for (const [address, value] of stores) program.constant(0, value).constant(1, address).str(0, 1);
    m.load(0x08000100, program.constant(0, 0x05fa0004).constant(1, 0xe000ed0c).str(0, 1).label('on').b('on').bytes());
    m.powerOn();
    for (let ms = 0; ms < 10 && m.history.resets.length < 2; ms++) m.run(m.system.now + 1_000_000_000);
    expect(m.history.resets.length, 'no reset came').toBeGreaterThanOrEqual(2);
    return m.system.regionAt(0)?.memory?.row.name;
  };
  const SR = 0x40022010;
  const PEMPTY = 1 << 17;
  it.each(['stm32l432kc', 'stm32l4r5zi'])('%s: a 1 to PEMPTY turns it round, with whatever flags it is written', (name) => {
    expect(behind(name)).toBe('flash');
    expect(behind(name, [SR, 0xc3fa])).toBe('flash');
    expect(behind(name, [SR, PEMPTY | 0xc3fa])).toBe('rom');
    expect(behind(name, [SR, PEMPTY], [SR, PEMPTY])).toBe('flash');
    expect(behind(name, [SR, PEMPTY], [SR, 0])).toBe('rom');
  });
  it.each([
    ['stm32wb55rg', 0x58004000, 0x600],
    ['stm32g0b1re', 0x40022000, 0x40600],
  ])('%s: EMPTY is what is written', (name, acr, out) => {
    expect(behind(name, [acr, out | (1 << 16)])).toBe('rom');
    expect(behind(name, [acr, out | (1 << 16)], [acr, out])).toBe('flash');
  });
});

describe('STM32F072 (pattern 2)', () => {
  it.each([
    ['flash', {}],
    ['rom', { 'boot0.level': 1 }],
    ['sram', { 'boot0.level': 1, 'option.nBOOT1': 0 }],
    ['flash', { 'option.nBOOT1': 0 }],
    ['flash', { 'boot0.level': 1, 'option.RDP': 0xcc }],
  ] as const)('%s with %j', (where, parameters) => expect(to(STM32F072RB, parameters)).toBe(where));
});

describe.each([STM32L476RG, STM32F072RB].map((c) => [c.name, c] as const))('%s', (_, chip) => {
  it('VTOR is 0 out of reset, and MEM_MODE shows the boot mode', () => {
    const m = new BriefMachine({ chip, models: MODELS, parameters: { 'boot0.level': 1 }, seed: 1 });
    m.powerOn();
    expect(m.bootCore.peek(0xe000ed08, 4)).toBe(0);
    expect(m.fieldValue(chip === STM32L476RG ? 'SYSCFG.MEMRMP.MEM_MODE' : 'SYSCFG.CFGR1.MEM_MODE')).toBe(1);
  });
});

describe('reads of system memory', () => {
  /** Addresses at which the firmware is taken to have looked for the ROM's vectors. */
  const looked = (address: number, size: 1 | 4 = 4): number[] => {
    const m = new BriefMachine({ chip: STM32F072RB, models: MODELS, seed: 1 });
    m.eraseNonVolatile();
    const table = new Uint8Array(8);
    new DataView(table.buffer).setUint32(0, 0x20002000, true);
    new DataView(table.buffer).setUint32(4, 0x08000101, true);
    m.load(0x08000000, table);
    m.load(
      0x08000100,
      new Thumb(0x08000100)
        .constant(0, address)
        .put(size === 4 ? 0x6801 : 0x7801)
        .label('on')
        .b('on')
        .bytes(),
    );
    m.powerOn();
    m.setRepairs(null); // from here on system memory is watched, as a session does
    m.run(m.system.now + 1_000_000_000);
    return m.state.vectorReads.map((r) => r.address);
  };
  it('F072: a vector is looked for in the code of the ROM', () => expect(looked(0x1fffc804)).toEqual([0x1fffc804]));
  it('F072: a byte is no vector', () => expect(looked(0x1fffc804, 1)).toEqual([]));
  it('F072: the unique ID and the calibration values in its last bytes are no vectors', () => {
    for (const address of [0x1ffff7ac, 0x1ffff7b4, 0x1ffff7b8, 0x1ffff7cc]) expect(looked(address)).toEqual([]);
  });
});
