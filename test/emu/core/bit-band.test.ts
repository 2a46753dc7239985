import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHIPS } from '../../../src/chips/index.ts';
import { STM32F405RG } from '../../../src/chips/stm32f405.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { Thumb } from '../thumb.ts';
import { BriefMachine } from '../../brief.ts';

const SRAM = 0x20000000;
const alias = (address: number, bit: number): number =>
  (((address & 0xf0000000) | 0x02000000) + ((address & 0xfffff) << 5) + 4 * bit) >>> 0;

function machine(chip = STM32F405RG, code: (t: Thumb) => Thumb = (t) => t.label('on').b('on')): Machine {
  const m = new BriefMachine({ chip, models: MODELS, seed: 1 });
  m.eraseNonVolatile();
  const table = new Uint8Array(8);
  new DataView(table.buffer).setUint32(0, 0x20002000, true);
  new DataView(table.buffer).setUint32(4, 0x08000101, true);
  m.load(0x08000000, table);
  m.load(0x08000100, code(new Thumb(0x08000100)).bytes());
  m.powerOn();
  return m;
}

describe('bit-banding of the Cortex-M4', () => {
  let core: Core;
  beforeAll(() => void (core = machine().bootCore));

  const place = fc.record({
    offset: fc.integer({ min: 0, max: 0x7fff }).map((n) => 4 * n),
    byte: fc.integer({ min: 0, max: 3 }),
    bit: fc.integer({ min: 0, max: 7 }),
    size: fc.constantFrom(1 as const, 2 as const, 4 as const),
    word: fc.nat(0xffffffff),
    value: fc.nat(0xff),
  });
  it('a word of the alias reads and writes one bit of SRAM, by the lowest bit of what is written', () => {
    fc.assert(
      fc.property(place, ({ offset, byte, bit, size, word, value }) => {
        const at = SRAM + offset;
        const n = 8 * byte + bit;
        core.write(at, 4, word);
        expect(core.read(alias(at + byte, bit), size)).toBe((word >>> n) & 1);
        core.write(alias(at + byte, bit), size, value);
        expect(core.read(at, 4)).toBe(((value & 1) !== 0 ? word | (1 << n) : word & ~(1 << n)) >>> 0);
        expect(core.peek(alias(at + byte, bit), 4)).toBe(value & 1);
      }),
    );
  });

  it('RCC_CR.HSEON is switched on through the alias, the other bits stay', () => {
    const before = core.read(0x40023800, 4);
    core.write(alias(0x40023802, 0), 4, 1);
    expect(core.read(0x40023800, 4)).toBe((before | (1 << 16)) >>> 0);
  });

  it('code that writes through the alias sees the bit in the register', () => {
    const m = machine(STM32F405RG, (t) =>
      t.constant(0, alias(0x40023803, 0)).movs(1, 1).str(1, 0).constant(2, 0x40023800).ldr(3, 2).label('on').b('on'),
    );
    m.run(m.system.now + 100_000_000);
    expect(m.bootCore.read(0x40023800, 4) & (1 << 24)).not.toBe(0);
  });

  it('is there where the chip’s header names it: not on M0, M0+, M33, M7 and the CM4 of the STM32H745', () => {
    const without: string[] = [];
    // chips with the same cores have the same bits
    const byCores = new Map(CHIPS.map((chip) => [chip.family + JSON.stringify(chip.cores), chip]));
    for (const chip of byCores.values()) {
      for (const c of new BriefMachine({ chip, models: MODELS, seed: 1 }).cores) {
        if (c.peek(alias(SRAM, 0), 4) === null) without.push(`${chip.family} ${c.row.name}`);
      }
    }
    expect(new Set(without)).toEqual(
      new Set([
        'STM32H5 cm33',
        'STM32U5 cm33',
        'STM32F0 cm0',
        'STM32C0 cm0plus',
        'STM32L0 cm0plus',
        'STM32G0 cm0plus',
        'STM32F7 cm7',
        'STM32H7 cm7',
        'STM32H7 cm4',
      ]),
    );
  });
});
