/** Where the chips start, over every state of their boot bits: AN2606 Table 2 as conditions written apart from the chips' rules. */
import { describe, expect, it } from 'vitest';
import { STM32C071RB } from '../../src/chips/stm32c0.ts';
import { STM32F042K6 } from '../../src/chips/stm32f042.ts';
import { STM32G0B1RE } from '../../src/chips/stm32g0.ts';
import { STM32G431RB, STM32G474RE } from '../../src/chips/stm32g4.ts';
import { STM32L072CZ } from '../../src/chips/stm32l0.ts';
import { STM32WB55RG } from '../../src/chips/stm32wb.ts';
import { STM32L432KC, STM32L4R5ZI } from '../../src/chips/stm32l4x3.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefMachine } from '../brief.ts';

interface Bits {
  readonly pin: boolean;
  readonly nBOOT1: boolean;
  /** nSWBOOT0 or BOOT_SEL: the pin counts. */
  readonly byPin: boolean;
  readonly nBOOT0: boolean;
  readonly empty: boolean;
  readonly bfb2: boolean;
}
type Place = 'flash' | 'rom' | 'sram';
interface Pattern {
  readonly chip: ChipDescription;
  /** nBOOT_SEL is 0 where the pin counts. */
  readonly selector: 'nSWBOOT0' | 'BOOT_SEL' | 'nBOOT_SEL' | null;
  readonly banks: boolean;
  /** Whether the system memory starts: the lines of the pattern. */
  readonly rom: (b: Bits) => boolean;
}
const PATTERNS: Readonly<Record<string, Pattern>> = {
  6: {
    chip: STM32F042K6,
    selector: 'BOOT_SEL',
    banks: false,
    rom: (b) =>
      (b.pin && b.nBOOT1 && b.byPin) ||
      (!b.nBOOT0 && b.nBOOT1 && !b.byPin) ||
      (!b.pin && b.byPin && b.empty) ||
      (b.nBOOT0 && !b.byPin && b.empty),
  },
  '6 with two banks': {
    chip: STM32L4R5ZI,
    selector: 'nSWBOOT0',
    banks: true,
    rom: (b) =>
      (b.pin && b.nBOOT1 && b.byPin) ||
      (!b.nBOOT0 && b.nBOOT1 && !b.byPin) ||
      (!b.pin && b.byPin && (b.empty || b.bfb2)) ||
      (b.nBOOT0 && !b.byPin && (b.empty || b.bfb2)),
  },
  11: {
    chip: STM32G0B1RE,
    selector: 'nBOOT_SEL',
    banks: false,
    rom: (b) =>
      (b.pin && b.nBOOT1 && b.byPin) ||
      (!b.nBOOT0 && b.nBOOT1 && !b.byPin) ||
      (!b.pin && b.byPin && b.empty) ||
      (b.nBOOT0 && !b.byPin && b.empty),
  },
  '2 and 7': {
    chip: STM32L072CZ,
    selector: null,
    banks: true,
    rom: (b) => (b.pin && b.nBOOT1) || (!b.pin && b.bfb2),
  },
  '11 of C071': {
    chip: STM32C071RB,
    selector: 'nBOOT_SEL',
    banks: false,
    rom: (b) =>
      (b.pin && b.nBOOT1 && b.byPin) ||
      (!b.nBOOT0 && b.nBOOT1 && !b.byPin) ||
      (!b.pin && b.byPin && b.empty) ||
      (b.nBOOT0 && !b.byPin && b.empty),
  },
  14: {
    chip: STM32G474RE,
    selector: 'nSWBOOT0',
    banks: true,
    rom: (b) =>
      (b.pin && b.nBOOT1 && b.byPin) ||
      (!b.nBOOT0 && b.nBOOT1 && !b.byPin) ||
      (!b.pin && b.byPin && b.bfb2) ||
      (b.nBOOT0 && !b.byPin && b.bfb2),
  },
  15: {
    chip: STM32G431RB,
    selector: 'nSWBOOT0',
    banks: false,
    rom: (b) => (b.pin && b.nBOOT1 && b.byPin) || (!b.nBOOT0 && b.nBOOT1 && !b.byPin),
  },
  '16 of WB55': {
    chip: STM32WB55RG,
    selector: 'nSWBOOT0',
    banks: false,
    rom: (b) => (b.pin && b.nBOOT1 && b.byPin) || (!b.nBOOT0 && b.nBOOT1 && !b.byPin) || (!b.pin && b.byPin && b.empty),
  },
  16: {
    chip: STM32L432KC,
    selector: 'nSWBOOT0',
    banks: false,
    rom: (b) => (b.pin && b.nBOOT1 && b.byPin) || (!b.nBOOT0 && b.nBOOT1 && !b.byPin) || (!b.pin && b.byPin && b.empty),
  },
};
/** What is not the ROM: the SRAM where BOOT0 is 1 and nBOOT1 is 0, else the flash. */
function expected(p: Pattern, b: Bits): Place {
  if (p.rom(b)) return 'rom';
  const boot0 = b.byPin || p.selector === null ? b.pin : !b.nBOOT0;
  return boot0 && !b.nBOOT1 ? 'sram' : 'flash';
}

function starts({ chip, selector }: Pattern, b: Bits): string | undefined {
  const bit = (on: boolean): number => (on ? 1 : 0);
  const parameters = {
    'boot0.level': bit(b.pin),
    'option.nBOOT1': bit(b.nBOOT1),
    ...(selector === null ? {} : { [`option.${selector}`]: bit(b.byPin !== (selector === 'nBOOT_SEL')), 'option.nBOOT0': bit(b.nBOOT0) }),
    'option.BFB2': bit(b.bfb2),
  };
  const m = new BriefMachine({ chip, models: MODELS, parameters, seed: 1 });
  m.eraseNonVolatile();
  const table = new Uint8Array(8);
  new DataView(table.buffer).setUint32(0, 0x20001000, true);
  new DataView(table.buffer).setUint32(4, 0x08000101, true);
  if (!b.empty) m.load(0x08000000, table);
  m.powerOn();
  const at0 = m.system.regionAt(0)?.memory?.row.name;
  m.release();
  return at0 === 'sram1' ? 'sram' : at0;
}

describe.each(Object.entries(PATTERNS))('pattern %s', (_name, pattern) => {
  const count = pattern.banks ? 64 : 32;
  it(`${pattern.chip.name} starts where the table says, in all ${count} states`, () => {
    const wrong: string[] = [];
    for (let i = 0; i < count; i++) {
      const on = (n: number): boolean => ((i >> n) & 1) === 1;
      const bits: Bits = { pin: on(0), nBOOT1: on(1), byPin: on(2), nBOOT0: on(3), empty: on(4), bfb2: on(5) };
      const [is, should] = [starts(pattern, bits), expected(pattern, bits)];
      if (is !== should) wrong.push(`${JSON.stringify(bits)}: ${is}, not ${should}`);
    }
    expect(wrong).toEqual([]);
  });
});
