/** Which part an image is for, when nobody says so. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { inferChip, otherCode, otherFamily, type InferredChip } from '../../src/bench/input/infer-chip.ts';
import { chipSaid } from '../../src/bench/input/chip-said.ts';
import { scanUnnamed } from '../../src/bench/input/code-scan.ts';
import { bestMention, closer } from '../../src/bench/input/part-names.ts';
import { tryOn, type Trial } from '../../src/bench/input/try-lines.ts';
import { loadImage, type ImageChunk } from '../../src/image/image.ts';
import { Thumb } from '../emu/thumb.ts';

const bytes = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url))));
const infer = (image: Uint8Array): InferredChip => inferChip([{ path: 'fw.elf', bytes: image }]);

const SHT_NOBITS = 8;
/** Offsets of the section headers of a type; the ELF specification's layout. */
function headersOf(image: Uint8Array, type: number): number[] {
  const view = new DataView(image.buffer, image.byteOffset);
  const [table, size, count] = [view.getUint32(32, true), view.getUint16(46, true), view.getUint16(48, true)];
  return Array.from({ length: count }, (_, i) => table + i * size).filter((at) => view.getUint32(at + 4, true) === type);
}

/** The ELF with another name for its start-up file, of at most the same length. */
function renamed(name: string, from: string, to: string): Uint8Array {
  const copy = bytes(name);
  const text = new TextDecoder('latin1').decode(copy);
  let found = 0;
  for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + 1)) {
    for (let i = 0; i < from.length; i++) copy[at + i] = i < to.length ? to.charCodeAt(i) : 0;
    found++;
  }
  expect(found).toBeGreaterThan(0);
  return copy;
}

/** A raw binary with a vector table, of which each word leads to the program but those of reserved interrupts. */
function withTable(sp: number, words: number, program: (t: Thumb) => Thumb, reserved: readonly number[] = []): InferredChip {
  const at = 4 * words;
  const code = program(new Thumb(0x08000000 + at))
    .label('end')
    .b('end')
    .bytes();
  const image = new Uint8Array(at + code.length);
  const view = new DataView(image.buffer);
  view.setUint32(0, sp, true);
  for (let i = 1; i < words; i++) view.setUint32(4 * i, reserved.includes(i - 16) ? 0 : 0x08000001 + at, true);
  image.set(code, at);
  return inferChip([{ path: 'fw.bin@0x8000000', bytes: image }]);
}

describe('an address of few bits, made by a shift', () => {
  const [RCC_IOPENR, GPIOA_OF_FEW_BITS] = [0x40021034, 0xa0];
  const fits = (through: boolean): string => {
    const start = (t: Thumb): Thumb => t.constant(1, RCC_IOPENR).ldr(2, 1).movs(3, GPIOA_OF_FEW_BITS).lsls(3, 3, 23);
    try {
      return withTable(0x20002000, 4, (t) => (through ? start(t).ldr(0, 3) : start(t).tst(2, 3))).chip.name.toLowerCase();
    } catch (error) {
      return (error as Error).message.replace(/; less likely.*/, '');
    }
  };
  it('is none of a chip that has nothing there, even where its RAM ends at the initial SP', () => {
    expect(fits(true)).toContain('stm32g0');
    expect(fits(true)).not.toContain('stm32f0');
  });
  it('may be a mask: one counts that is loaded or stored through', () => {
    expect(fits(false)).toContain('stm32f0');
  });
});

describe('a start-up file in the debug data names the line', () => {
  const startup = (part: string): Uint8Array => renamed('f405-straight', 'startup/startup.c', part);

  it('which beats what the machine code looks like, and the stack chooses among its parts', () => {
    const { chip, reasons } = infer(startup('stm32f411xe.h'));
    expect(chip.name).toBe('STM32F411CE');
    expect(reasons[0]).toBe('the device header stm32f411xe.h');
  });

  it('a linker script names pins and flash, whatever their letters are: 240 balls are an X', () => {
    const named = (script: string): InferredChip => infer(renamed('h743-mode-byte-ecc', 'common/startup/startup.c', script));
    const { chip, alike, reasons } = named('stm32h743xihx_flash');
    expect([chip.name, ...alike]).toEqual(['STM32H743XI']);
    expect(reasons[0]).toBe('the linker script stm32h743xihx_flash');
    expect(named('STM32H743VITX_FLASH').chip.name).toBe('STM32H743VI');
  });

  it('a macro on the command line of the compiler names the line', () => {
    const { chip, reasons } = infer(startup('-DSTM32F407xx'));
    expect([chip.name, reasons[0]]).toEqual(['STM32F407VG', 'the macro stm32f407xx']);
  });

  it.each([
    ['p/startup_stm32f10x_ld.s', 'STM32F103C4'],
    ['/startup_stm32f10x_md.s', 'STM32F103C8'],
    ['/startup_stm32f10x_hd.s', 'STM32F103RC'],
    ['/startup_stm32f10x_cl.s', 'STM32F107VC'],
    ['-DSTM32F10X_HD', 'STM32F103RC'],
    ['-DSTM32F40_41xxx', 'STM32F407VG'],
    ['/startup_stm32f40xx.s', 'STM32F407VG'],
    ['/startup_stm32f30x.s', 'STM32F303VC'],
    ['/startup_stm32f4xx.s', 'STM32F407VG'],
    ['startup_stm32l1xx_xl.s', 'STM32L152RE'],
  ])('ST’s old libraries name a group of lines or a density: %s', (name, chip) => {
    const image = renamed('f103-backup-no-clock', 'common/startup/startup.c', name);
    expect(infer(image).chip.name).toBe(chip);
  });

  it.each(['stm32f2xx_it.c', 'system_stm32f2xx.c', 'stm32f20x_it.c'])('a file of ST’s libraries names the family: %s', (file) => {
    expect(infer(bytes('f405-straight')).chip.name).toBe('STM32F407VG');
    expect(infer(startup(file.slice(-17))).chip.name).toMatch(/^STM32F2/);
    expect(() => infer(startup('stm32l5xx_it.c'))).toThrow(/no modelled STM32L5 fits it/);
  });

  it('of a chip that is not modelled is said, with the nearest one', () => {
    expect(() => infer(startup('stm32wle5xx.h'))).toThrow(
      /built for STM32WLE5XX .*which is not modelled; the nearest modelled chip is .*--chip/,
    );
  });

  it.each(['stm32f072xb.h', 'stm32c071xx.h'])('that the image does not fit into is said: %s', (header) => {
    expect(() => infer(startup(header))).toThrow(new RegExp(`does not fit into any part of ${header.slice(0, -2)}`, 'i'));
  });
});

describe('an image of the secure world', () => {
  const secure = (chip: string) => bench({ chip, images: [{ path: 'fw.bin@0x0c000000', bytes: new Uint8Array(64) }] });
  it.each(['stm32h563zi', 'stm32u585ai'])('is refused as that on %s, not taken for another chip’s', async (chip) => {
    await expect(secure(chip)).rejects.toThrow(
      /bytes at 0x0c000000 are secure code or data, but STM32[HU]5\d\d is modelled with TrustZone off/,
    );
  });
  it('is bytes outside of the memory where there is no TrustZone', async () => {
    await expect(secure('stm32h743zi')).rejects.toThrow(/bytes at 0x0c000000 are outside the memory of STM32H743ZI/);
  });
});

describe('without a name the machine code tells', () => {
  it.each([
    ['h533-straight', 'STM32H533RE'],
    ['f042-boot0-driven', 'STM32F042K6'],
    ['l496-critical-section', 'STM32L496ZG'],
  ])('%s: %s', (name, chip) => {
    const found = infer(bytes(name));
    expect(found.chip.name).toBe(chip);
    expect(found.reasons.length).toBeGreaterThan(0);
  });

  it('parts that do the same up to the ROM are told beside the one that was taken', () => {
    const { chip, alike } = infer(bytes('f405-straight'));
    expect([chip.name, ...alike]).toEqual(['STM32F407VG', 'STM32F405RG', 'STM32F415RG', 'STM32F417VG']);
  });

  it('parts that share a ROM and a memory are alike only up to a block that one lacks, behind what a debugger prints', () => {
    // BKPT 0xAB; TIM2 at 0x80 << 23: F030R8 has none; GPIOA, which G0 has elsewhere
    const found = withTable(0x20002000, 49, (t) =>
      t
        .constant(2, 0x40021000)
        .constant(1, 1)
        .put(0x2000, 0xbeab)
        .str(1, 2, 0x1c)
        .put(0x2080, 0x05c0)
        .str(1, 0)
        .constant(3, 0x48000000)
        .ldr(4, 3),
    );
    expect([found.chip.name, ...found.alike]).toEqual(['STM32F051R8', 'STM32F058R8']);
  });

  it('a part that lacks what the first milliseconds use is a guess, and the reason is told', () => {
    // L4: HSION, and a wait for HSIRDY, bit 10; then RAM that L412 lacks
    const found = withTable(0x2000a000, 99, (t) =>
      t
        .constant(0, 0x40021000)
        .ldr(1, 0, 0x58)
        .constant(2, 0x40007000)
        .str(1, 2)
        .constant(1, 0x163)
        .str(1, 0)
        .ldr(1, 0)
        .put(0x054b, 0xd5fc)
        .constant(2, 0x2000a020)
        .str(1, 2),
    );
    expect(found).toMatchObject({ chip: { name: 'STM32F303CC' }, guess: true });
    expect(found.reasons.at(-1)).toBe('although it reads 0x40021058, where STM32F303CC has no register');
  });

  it('a stack that ends where the last RAM appears a second time', () => {
    // CubeMX gives a G474 one RAM of 128 KiB: SRAM1, SRAM2, and CCM at its second address
    const image = bytes('g474-backup-no-dbp');
    const table = 0x1000;
    expect([...image.subarray(table, table + 4)]).toEqual([0x00, 0x08, 0x00, 0x20]);
    image.set([0x00, 0x00, 0x02, 0x20], table);
    const { chip, reasons } = infer(image);
    expect(chip.name).toBe('STM32G474RE');
    expect(reasons).toContain('the initial SP 0x20020000 is the end of its RAM');
  });

  it.each([
    ['h533-straight', 'STM32H533RE'],
    ['f042-boot0-driven', 'STM32F042K6'],
  ])('of raw bytes too, which name no function: %s', (name, chip) => {
    const [{ address, data }] = loadImage(bytes(name), 'fw.elf').chunks as [ImageChunk];
    expect(inferChip([{ path: `fw.bin@0x${address.toString(16)}`, bytes: new Uint8Array(data) }]).chip.name).toBe(chip);
  });

  /** Raw bytes at the start of the flash: a stack and a program. */
  function raw(sp: number, program: (t: Thumb) => Thumb, kilobytes = 0): InferredChip {
    const code = program(new Thumb(0x08000040)).label('end').b('end').bytes();
    const image = new Uint8Array(Math.max(0x40 + code.length, kilobytes * 1024));
    new DataView(image.buffer).setUint32(0, sp, true);
    new DataView(image.buffer).setUint32(4, 0x08000041, true);
    image.set(code, 0x40);
    return inferChip([{ path: 'fw.bin@0x8000000', bytes: image }]);
  }
  it('keys of a flash controller are no addresses: one beside the address of a register hides nothing', () => {
    // WB55's FLASH and a key; the stack ends where F427's RAM does, and one of WB55's
    const found = raw(0x20030000, (t) => t.constant(0, 0x58004000).constant(1, 0x4c5d6e7f).str(1, 0, 12));
    expect(found.chip.name).toBe('STM32WB55RG');
  });
  it('an address in the ROM may be made of the start of its 4 KiB and an offset', () => {
    // 0x1fffd000 is no address in F303's ROM; LDR.W r2, [r3, #0x804] is one
    const found = (): InferredChip => raw(0x2000a000, (t) => t.constant(3, 0x1fffd000).put(0xf8d3, 0x2804));
    expect(found).toThrow(/fits 3 chips: stm32f303cc, stm32f302cc, stm32f358vc \(it contains 0x1fffd804/);
  });

  it('of several parts only what holds for each is a reason: the stack of one ends with its RAM, the ROM of another has the address', () => {
    const found = (): InferredChip => raw(0x20005000, (t) => t.constant(1, 0x1fffd804).ldr(2, 1));
    expect(found).toThrow(/fits \d+ chips: stm32f103c8, stm32f091rc.*stm32l083rz.*; other parts of these lines fit as well; give yours/);
  });

  it('code for a Cortex-M0 is not taken for a part with more', () => {
    // the address of F042's ROM, which F105's ROM covers too
    expect(infer(bytes('f072-entry-address')).chip.name).toBe('STM32F072RB');
  });

  it('a register tells two lines apart, if only one of them has something at its address', () => {
    // F070 has F072's memories and no CRS, which lies behind USB's packet memory
    expect(infer(bytes('f072-masked')).chip.name).toBe('STM32F072RB');
  });

  it('ports that the code compares with are those of its family', () => {
    // GPIOB and GPIOC of F1: where other families with this RCC have nothing
    const ports = (t: Thumb): Thumb =>
      [0x40010c00, 0x40011000].reduce((p, port) => p.constant(2, port).put(0x4280 | (2 << 3)), t.constant(1, 0x40021000).str(0, 1, 0x18));
    const { chip, near } = raw(0x20005000, ports);
    expect([chip.name, ...near].filter((name) => !name.startsWith('STM32F1'))).toEqual([]);
  });
  it('of parts of a line with other blocks the one is taken that has those the code works', () => {
    // DMA2 and TIM5, which F103 has from the high density on
    const code = (t: Thumb): Thumb =>
      [0x40021000, 0x40010c00, 0x40005c40, 0x40020400, 0x40000c00].reduce((p, a) => p.constant(0, a).str(1, 0), t);
    expect(raw(0x20001000, code).chip.name).toBe('STM32F103RC');
  });

  it('an image too large for the part that a line is shown with is for a larger one', () => {
    // the USB of F103, which F105 lacks; GPIOB where F3 has none. F103C8 has 64 KiB
    const usb = (t: Thumb): Thumb => t.constant(0, 0x40021000).constant(1, 0x40005c40).constant(2, 0x40010c00).str(1, 0, 0x18).str(1, 2, 0);
    expect(raw(0x20005000, usb).chip.name).toBe('STM32F103C8');
    expect(raw(0x20005000, usb, 126).chip.name).toBe('STM32F103RB');
  });

  // F4's RCC; 128 KiB of RAM. F407 has 98 vectors, F411 102 and no Ethernet
  const f4 = (t: Thumb): Thumb => t.constant(0, 0x40023800).constant(1, 0x20000000).str(1, 0, 0x30);
  it('a vector table tells by its length, where no symbol says it', () => {
    const found = withTable(0x20020000, 102, f4);
    expect(found.chip.name).toBe('STM32F411RE');
    expect(found.reasons).toContain('the vector table has 102 words');
  });
  it('of the parts of a line the table tells the one that has its interrupts, where the code works no block that tells them apart', () => {
    // F103 has 59 vectors up to the medium density, and 76 of the high one
    const usb = (t: Thumb): Thumb => t.constant(0, 0x40021000).constant(1, 0x40005c40).constant(2, 0x40010c00).str(1, 0, 0x18).str(1, 2, 0);
    expect([59, 76].map((words) => withTable(0x20001000, words, usb).chip.name)).toEqual(['STM32F103C8', 'STM32F103RC']);
  });
  it('a vector table ends in front of interrupts of a line that has more: one address less in F103C8 does not make it F107', () => {
    // never executed
    const uart5 = (t: Thumb): Thumb =>
      t.constant(0, 0x40021018).ldr(1, 0).constant(0, 0x40010800).ldr(1, 0).b('end').constant(0, 0x40005000).ldr(1, 0);
    const found = withTable(0x20000b90, 59, uart5);
    expect(found.chip.name).toBe('STM32F103C8');
    // that of F107 has more entries than F103 has interrupts
    expect(withTable(0x20000b90, 84, uart5).chip.name).toBe('STM32F107VC');
    expect(found.near).toContain('STM32F107VC');
  });
  it.each([
    [0x58000000, 0x20008000, 78, [20, 45, 46], 'STM32WLE4 or STM32WLE5, which are', 'interrupts 20, 45 and 46', 'STM32WB55RG'],
    [0x40021000, 0x20002000, 46, [8, 14, 16, 17, 18, 19, 21, 24, 26, 27], 'STM32L031 or STM32L041, which are', '10 interrupts', 'STM32L'],
  ])(
    'a vector table of a line without a model is refused, although a neighbour has RCC at %i as well',
    (rcc, sp, words, gaps, of, none, near) => {
      const program = (t: Thumb): Thumb => t.constant(0, rcc + 0x4c).ldr(1, 0);
      expect(() => withTable(sp, words, program, gaps)).toThrow(
        new RegExp(
          `^fw.bin@0x8000000 looks built for ${of} not modelled \\(the vector table has ${words} words, and none for ${none}\\); .*${near}`,
        ),
      );
      // with an entry more it is no longer that table
      const other = (): string => {
        try {
          return withTable(sp, words, program, gaps.slice(1)).chip.name;
        } catch (error) {
          return (error as Error).message;
        }
      };
      expect(other()).not.toContain('looks built for');
    },
  );
  it('a vector table that is exactly as long as WB55’s tells more than a stack that ends where the RAM of F427 does', () => {
    // no register of WB55 in it, which would tell: only the ROM, which both have at 0x1fff0000
    const rom = (t: Thumb): Thumb => t.constant(0, 0x1fff0000).constant(1, 0x20000000).str(1, 0, 0x30);
    const found = withTable(0x20030000, 79, rom);
    expect(found.chip.name).toBe('STM32WB55RG');
    expect(found.reasons).toContain('the vector table has 79 words');
    expect(withTable(0x20030000, 107, rom).chip.name).toBe('STM32F429ZI');
  });
  it('a section without contents needs its memory: one in CCM excludes F446, which has none', () => {
    const image = bytes('f446-loads-sp-and-pc');
    const found = (): InferredChip => infer(image);
    expect(found).toThrow(/(?=.*stm32f405rg)[^;]*stm32f446re/);
    // sh_addr of .bss, which has no bytes in the file
    const [header] = headersOf(image, SHT_NOBITS) as [number];
    const view = new DataView(image.buffer, image.byteOffset);
    expect(view.getUint32(header + 12, true) >>> 24).toBe(0x20);
    view.setUint32(header + 12, 0x10000000, true);
    view.setUint32(header + 20, 4, true);
    expect(found).toThrow(/^(?!.*stm32f446re).*stm32f405rg/);
  });
  it('what is no address of a word is none of a register: a number whose bits lie in the Ethernet of F407', () => {
    const found = withTable(0x20020000, 102, (t) => f4(t).constant(3, 0x4002800b).str(3, 1));
    expect(found.chip.name).toBe('STM32F411RE');
  });

  it('the size of the flash beside the ROM is no address in the ROM', () => {
    const size = (): InferredChip => raw(0x20005000, (t) => t.constant(0, 0x40021000).constant(1, 0x1ffff7e0).str(1, 0, 0x18));
    expect(size).toThrow(/fits \d+ chips: (?:(?!0x1ffff7e0).)*$/);
  });

  it('the address of another family’s ROM does not stand against all the rest', () => {
    expect(() => infer(bytes('f405-h7-address'))).toThrow(/fits \d+ chips: .*stm32f405rg/);
  });

  it('a stack that ends elsewhere excludes nothing: those are listed as less likely, those that something else excludes are not', () => {
    // 32 KiB are all the RAM of G431, and a part of that of F401
    const asked = (): InferredChip => raw(0x20008000, (t) => t);
    expect(asked).toThrow(/fits \d+ chips: [^;]*stm32g431rb[^;]*; less likely: stm32/);
    expect(asked).not.toThrow(/less likely:[^;]*stm32g431rb/);
    expect(() => infer(bytes('h745-masked'))).toThrow(
      /stm32h745zi[^(]*\(it uses RCC at 0x58024400.*words\); other parts of these lines fit as well[^;]*; give yours/,
    );
  });

  it('parts that differ are listed, with what to type', () => {
    expect(() => infer(bytes('h745-masked'))).toThrow(/fits \d+ chips: .*stm32h745xi.*--chip stm32h7/);
  });
});

describe('names of other dialects', () => {
  const named = (text: string): InferredChip => infer(renamed('f303-wrong-base-masked', 'common/startup/startup.c', text));
  it.each([
    ['\0stm32f303\0', 'STM32F303', 'the Rust module stm32f303'],
    ['\0stm32f30x::rcc', 'STM32F303', 'the crate stm32f30x'],
    ['/chips/stm32f303vc/', 'STM32F303VC', 'the folder of stm32-metapac stm32f303vc'],
    ['/stm32f3_disco/', 'STM32F303', 'the board stm32f3_disco'],
    ['bluepill_f303cc', 'STM32F303CC', 'the board bluepill_f303cc'],
  ])('%j', (text, part, reason) => {
    const { chip, alike: others, reasons, guess } = named(text);
    expect([chip.name, ...others].some((name) => name.startsWith(part))).toBe(true);
    expect(reasons[0]).toBe(reason);
    expect(guess).toBe(false);
  });

  it.each([
    ['/stm32f3_disco/', 'stm32f3-disco'],
    ['/ST_NUCLEO144_F303ZE/', 'nucleo-f303ze'],
    ['bluepill_f303cc', undefined],
  ])('%j names the board %s', (text, board) => expect(named(text).board).toBe(board));

  it('of two boards that are named none is taken', () => {
    const of = (text: string) => ({ path: text, bytes: renamed('f303-wrong-base-masked', 'common/startup/startup.c', text) });
    expect(inferChip([of('/stm32f3_disco/'), of('/nucleo_f303ze/')]).board).toBeUndefined();
  });

  it('the start-up file of another maker’s part is no STM32', () => {
    expect(() => named('startup_gd32f30x_hd.s')).toThrow(/built for GD32F30X \(startup_gd32f30x_hd\.s\), which is no STM32/);
  });

  it('images of two families are not run together', () => {
    const of = (header: string) => ({ path: header, bytes: renamed('f405-straight', 'startup/startup.c', header) });
    expect(() => inferChip([of('stm32f405xx.h'), of('stm32f103xb.h')])).toThrow(
      /the images are built for STM32F405XX \(.*\) and for STM32F103XB \(.*\)/,
    );
  });
});

describe('bytes that are no firmware for an STM32', () => {
  it('without a vector table and with all bytes as often are encrypted or compressed', () => {
    let x = 1;
    const random = Uint8Array.from({ length: 4096 }, () => (x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 16);
    random.set([0x11, 0x22, 0x33, 0x55], 0);
    expect(() => inferChip([{ path: 'fw.bin@0x8000000', bytes: random }])).toThrow(/look encrypted or compressed/);
  });

  it('that work many blocks and no RCC are for another maker’s part', () => {
    // registers of TIMER, SPI and WDT of nRF52, which are those of timers here
    const code = [0x40000404, 0x40001004, 0x40001404, 0x40010004].reduce((t, a) => t.constant(0, a).str(1, 0), new Thumb(0x08000040));
    const bytesOfIt = code.label('end').b('end').bytes();
    const image = new Uint8Array(0x40 + bytesOfIt.length);
    new DataView(image.buffer).setUint32(0, 0x20004000, true);
    new DataView(image.buffer).setUint32(4, 0x08000041, true);
    image.set(bytesOfIt, 0x40);
    expect(() => inferChip([{ path: 'fw.bin@0x8000000', bytes: image }])).toThrow(/looks like firmware for no STM32/);
  });
});

describe('what is no evidence of a part', () => {
  const [GPIOK, RCC_PLLCFGR] = [0x40022800, 0x40023804];
  /** GPIO_DeInit() compares its argument with each port, and a function behind it loads through its own. */
  const isLoadedThrough = (end: (t: Thumb) => Thumb): boolean => {
    const code = end(new Thumb(0x08000000).constant(0, GPIOK).put(0x4284)).ldr(6, 0).bytes();
    return scanUnnamed([loadImage(code, 'fw.bin@0x8000000')]).some(({ loads }) => loads.has(GPIOK));
  };
  it('a constant that is compared, and a load through the register that held it before a return, a call or another value', () => {
    expect(isLoadedThrough((t) => t)).toBe(true);
    expect(isLoadedThrough((t) => t.put(0x4284))).toBe(true);
    expect(isLoadedThrough((t) => t.put(0xbd10))).toBe(false);
    expect(isLoadedThrough((t) => t.put(0x4770))).toBe(false);
    expect(isLoadedThrough((t) => t.put(0xf000, 0xf800))).toBe(false);
    expect(isLoadedThrough((t) => t.movs(0, 0))).toBe(false);
  });
  it('reserved bits that are written as they are out of reset', () => {
    const trial = (value: number): Trial => {
      const code = new Thumb(0x08000008).constant(0, RCC_PLLCFGR).constant(1, value).str(1, 0).label('end').b('end').bytes();
      const image = new Uint8Array(8 + code.length);
      new DataView(image.buffer).setUint32(0, 0x20010000, true);
      new DataView(image.buffer).setUint32(4, 0x08000009, true);
      image.set(code, 8);
      return tryOn(findChip('stm32f407vg')!, [loadImage(image, 'fw.bin@0x8000000')]);
    };
    expect(trial(0x24003010).against(Infinity)).toBe(0);
    expect(trial(0x44003010).against(Infinity)).toBe(1);
  });
  it('an FPU instruction: a Cortex-M3 has none', () => {
    // the vector table has as many words as that of F2
    const fpu = (t: Thumb): Thumb =>
      t
        .constant(0, 0x40023830)
        .ldr(1, 0)
        .constant(0, 0xe000ed88)
        .constant(1, 0xf << 20)
        .str(1, 0)
        .put(0xee30, 0x0a00);
    expect(withTable(0x20001e80, 97, fpu).chip.name).toMatch(/^STM32F4/);
  });
});

describe('lines that are left run side by side', () => {
  const START = 0x08000100;
  /** A Cortex-M4 program that computes the addresses of its registers, with a table that is too short to tell anything. */
  function image(program: (t: Thumb) => Thumb): Uint8Array {
    const code = program(new Thumb(START)).label('end').b('end').bytes();
    const made = new Uint8Array(0x100 + code.length);
    new DataView(made.buffer).setUint32(0, 0x20001000, true);
    new DataView(made.buffer).setUint32(4, START | 1, true);
    made.set(code, 0x100);
    return made;
  }
  const against = (chip: string, program: (t: Thumb) => Thumb): string | null =>
    tryOn(findChip(chip)!, [loadImage(image(program), 'fw.bin@0x8000000')]).because;

  it('and one that has nothing at an address leaves: GPIOE of F303 on L412', () => {
    // RCC.AHBENR of F303, then GPIOE.MODER
    const gpioE = (t: Thumb): Thumb => t.constant(0, 0x48001000).str(1, 0);
    expect(against('stm32l412rb', gpioE)).toBe('it uses 0x48001000, where STM32L412RB has nothing');
    expect(against('stm32f303cc', gpioE)).toBeNull();
  });

  const trial = (chip: string, program: (t: Thumb) => Thumb): Trial =>
    tryOn(findChip(chip)!, [loadImage(image(program), 'fw.bin@0x8000000')]);
  /** Stores the value at each address. */
  const stores =
    (value: number, ...addresses: number[]) =>
    (t: Thumb): Thumb =>
      addresses.reduce((made, a) => made.constant(0, a).str(1, 0), t.constant(1, value));

  it('what is met behind the registers that others came to is left out', () => {
    // RCC.AHB1ENR, RCC.APB1ENR, then a reserved bit of RCC.CIR
    const { against: points, reach } = trial('stm32f405rg', stores(0x20, 0x40023830, 0x40023840, 0x4002380c));
    expect(reach).toBe(3);
    expect([points(2), points(3)]).toEqual([0, 0]);
    const odd = trial('stm32f405rg', stores(0x80000000, 0x40023830, 0x40023840, 0x4002380c));
    expect(odd.against(1)).toBeLessThan(odd.against(3));
  });

  it('all ones are what a driver clears flags with, whatever bits have no name', () => {
    // EXTI.PR
    const clears = (value: number): number => trial('stm32f405rg', stores(value, 0x40013c14)).against(Infinity);
    expect(clears(0x80000000)).toBe(1);
    expect(clears(0xffffffff)).toBe(0);
  });

  it('a register that no port has counts once, though a driver writes it of each', () => {
    // ASCR, which of L4 only L475, L476 and L486 have, of GPIOA to GPIOC
    const clocks = (t: Thumb): Thumb => stores(7, 0x4002104c)(t);
    const one = trial('stm32l432kc', (t) => stores(0, 0x4800002c)(clocks(t)));
    const all = trial('stm32l432kc', (t) => stores(0, 0x4800002c, 0x4800042c, 0x4800082c)(clocks(t)));
    expect(one.against(Infinity)).toBe(2);
    expect(all.against(Infinity)).toBe(2);
    expect(trial('stm32l476rg', (t) => stores(0, 0x4800002c)(clocks(t))).against(Infinity)).toBe(0);
  });

  it('a part with bit-banding does not lack the word of a bit, on which F7 faults', () => {
    const alias = stores(1, 0x42470060);
    const onF7 = trial('stm32f767zi', alias);
    expect(onF7.because).toBe('it uses 0x42470060, where STM32F767ZI has nothing');
    expect(onF7.lacks!(findChip('stm32f405rg')!)).toBe(false);
    expect(onF7.lacks!(findChip('stm32h743zi')!)).toBe(true);
  });
});

it('an image behind a boot loader that is not there tells as much: the stack and the table are its own', () => {
  const image = (at: number): Uint8Array => {
    const code = new Thumb(at + 0x100).constant(0, 0x40023830).str(1, 0).label('end').b('end').bytes();
    const made = new Uint8Array(0x100 + code.length);
    new DataView(made.buffer).setUint32(0, 0x20018000, true);
    new DataView(made.buffer).setUint32(4, at + 0x101, true);
    made.set(code, 0x100);
    return made;
  };
  // 96 KiB of RAM: of the chips with this RCC, F401 alone ends there
  const found = (at: number): InferredChip => inferChip([{ path: `fw.bin@0x${at.toString(16)}`, bytes: image(at) }]);
  expect(found(0x08000000).reasons).toContain('the initial SP 0x20018000 is the end of its RAM');
  const told = ({ chip, reasons, alike, guess }: InferredChip): unknown => [chip.name, reasons, alike, guess];
  expect(told(found(0x08010000))).toEqual(told(found(0x08000000)));
});

describe('a crate of registers', () => {
  const named = (text: string): InferredChip => infer(renamed('f405-straight', 'common/startup/startup.c', text));
  it('of a part whose RAM the stack does not fill is a guess: it may be a neighbour’s', () => {
    // the stack of this fixture ends at 0x20020000, F413 has RAM up to 0x20050000
    const { chip, guess, reasons } = named('\0stm32f413\0');
    expect(chip.line).toBe('STM32F413');
    expect(guess).toBe(true);
    expect(reasons[1]).toMatch(/^although the initial SP 0x20020000 is where the RAM of .*STM32F405/);
  });
  it('of a part whose RAM it fills is none', () => expect(named('\0stm32f405\0').guess).toBe(false));
});

/** One block with a vector table; the specification's layout. */
function uf2(family: number | null): Uint8Array {
  const words = new Uint32Array(128);
  words.set([0x0a324655, 0x9e5d5157, family === null ? 0 : 0x2000, 0x08000000, 16, 0, 1, family ?? 0]);
  words.set([0x20001000, 0x08000009, 0xe7febf00, 0], 8);
  words[127] = 0x0ab16f30;
  return new Uint8Array(words.buffer);
}

describe('an image that is run on a part of another family', () => {
  const told = (chip: string, startup: string): string | null =>
    otherFamily(findChip(chip)!, { path: 'fw.elf', bytes: renamed('f405-straight', 'startup/startup.c', startup) });

  it.each(['stm32f103xb.h', 'stm32wle5xx.h', 'stm32f205xx.h'])('is told by its device header: %s', (header) => {
    const part = header.slice(0, -2).toUpperCase();
    expect(told('stm32f405rg', header)).toBe(
      `fw.elf: built for ${part} (the device header ${header}), but the chip here is STM32F405RG: are the image and the chip right?`,
    );
  });
  it.each([
    [0x57755a57, 'STM32F4'],
    [0xe48bff56, 'RP2040'],
  ])('is told by the family %i of its UF2 blocks', (id, family) => {
    const image = { path: 'fw.uf2', bytes: uf2(id) };
    expect(otherFamily(findChip('stm32f072rb')!, image)).toMatch(new RegExp(`^fw\\.uf2: built for ${family} \\(the family 0x`));
  });
  it('nothing is said of a UF2 file of its family, of one that a board has made up, and of one without', () => {
    for (const id of [0x647824b6, 0x12345678, null])
      expect(otherFamily(findChip('stm32f072rb')!, { path: 'fw.uf2', bytes: uf2(id) })).toBeNull();
  });
  it('a UF2 file is looked for in the family that it names', () => {
    expect(() => inferChip([{ path: 'fw.uf2', bytes: uf2(0x57755a57) }])).toThrow(/fits \d+ chips: (?:stm32f4\w+(?:, )?)+;/);
    expect(() => inferChip([{ path: 'fw.uf2', bytes: uf2(0xe48bff56) }])).toThrow('fw.uf2: no modelled RP2040 fits it');
  });
  it('nothing is said of a neighbour, nor where nothing names a part', () => {
    expect(told('stm32f407vg', 'stm32f405xx.h')).toBeNull();
    expect(told('stm32f407vg', 'nucleo_f103rb/a.c')).toBeNull();
    expect(otherFamily(findChip('stm32f103rb')!, { path: 'fw.elf', bytes: bytes('f405-straight') })).toBeNull();
  });

  const code = (chip: string, fixture: string): string | null => otherCode(findChip(chip)!, [loadImage(bytes(fixture), 'fw.elf')]);
  it('without a name its code tells, by the RCC that it works', () => {
    expect(code('stm32h533re', 'f405-straight')).toBe(
      'fw.elf: its code uses RCC at 0x40023800, its address on STM32F4, and never at the address of STM32H533RE: are the image and the chip right?',
    );
    expect(code('stm32f405rg', 'h533-straight')).toContain(
      'uses RCC at 0x44020c00, its address on STM32H5, and never at the address of STM32F405RG',
    );
  });
  it('all lines of a family have their RCC in the same place, so one of each need be asked', () => {
    const places = new Map<string, Set<number>>();
    for (const { name, rcc, blocks } of CHIPS) {
      const family = name.slice(0, 'STM32F4'.length);
      places.set(family, (places.get(family) ?? new Set()).add(blocks.find((b) => b.name === rcc)!.base));
    }
    expect(places.size).toBeGreaterThan(10);
    for (const [family, bases] of places) expect([family, bases.size]).toEqual([family, 1]);
  });
  it('code that works the RCC of the part, of a neighbour, or none, says nothing', () => {
    expect(code('stm32f405rg', 'f405-straight')).toBeNull();
    expect(code('stm32f411re', 'f405-straight')).toBeNull();
    expect(otherCode(findChip('stm32f405rg')!, [])).toBeNull();
    expect(otherCode(findChip('stm32f405rg')!, [loadImage(new Uint8Array(64), 'fw.bin@0x08000000')])).toBeNull();
  });
  it('the report says so beside a run that fails', async () => {
    const images = [{ path: 'fw.elf', bytes: bytes('f405-straight') }];
    const { outcome, notes } = await bench({ chip: 'stm32h533re', images });
    expect(outcome).toBe('fault');
    expect(notes).toContainEqual({ kind: 'wrong-chip', text: code('stm32h533re', 'f405-straight') });
  });
});

describe('of several parts that fit equally well the commonest is taken, and the others are told', () => {
  const named = (text: string, name = 'f103-backup-no-clock'): InferredChip => infer(renamed(name, 'common/startup/startup.c', text));

  it('a device header is for the smaller flash, too: stm32f103xb.h is that of F103C8', () => {
    const { chip, alike, guess } = named('/stm32f103xb.h');
    expect([chip.name, guess]).toEqual(['STM32F103C8', false]);
    expect(alike).toContain('STM32F103CB');
    expect(alike.some((part) => /[46CDE]$/.test(part))).toBe(false);
  });

  it('a start-up file that CubeIDE wrote names pins and flash, also as what is left of it in a stripped symbol table', () => {
    expect(named('startup_stm32f103cbtx.s')).toMatchObject({ chip: { name: 'STM32F103CB' }, alike: [] });
    expect(named('startup_stm32f103rbtx.o').chip.name).toBe('STM32F103RB');
    expect(named('/startup_stm32f103xb.o').chip.name).toBe('STM32F103C8');
  });

  it('a folder that is named after the part tells it from its neighbours, and names none alone', () => {
    const parts = ['STM32F103C8', 'STM32F103CB', 'STM32F103RB'];
    expect(closer(parts, ['/home/me/STM32F103CBT6_clock/main.c'])).toMatchObject({ parts: ['STM32F103CB'] });
    expect(closer(parts, ['/home/me/STM32F407VGT6_clock/main.c'])).toBeNull();
    expect(bestMention(['/home/me/STM32F103CBT6_clock/main.c'])).toBeNull();
  });

  it('F105 and F107 are told apart by the Ethernet that the code reaches, and are equally likely without', () => {
    const { chip, alike } = named('/startup_stm32f10x_cl.s');
    expect([chip.name, alike[0]]).toEqual(['STM32F107VC', 'STM32F105RC']);
  });

  it('lines that fit equally well are told before other packages of the line', () => {
    expect(named('/startup_stm32f4xx.s', 'f405-straight').alike.slice(0, 3)).toEqual(['STM32F405RG', 'STM32F417VG', 'STM32F415RG']);
  });
});

describe('of the parts of a line the one whose RAM the stack fills stands for it', () => {
  // L152RB has 16 KiB and 61 vectors, L152RE, which the line is shown with, 80 KiB and 73
  const rcc = (t: Thumb): Thumb => t.constant(0, 0x40023800).constant(1, 0x20000000).str(1, 0, 0x1c);

  it('L152RB by 16 KiB, not L152RE', () => expect(withTable(0x20004000, 61, rcc)).toMatchObject({ chip: { name: 'STM32L152RB' } }));

  it('a driver that compares with the address of a block that the part lacks does not use it', () => {
    // UART4, SPI3 and TIM5, which L152RB lacks and L152RE has: cmp r2, r3
    const compares = (t: Thumb): Thumb => [0x40004c00, 0x40003c00, 0x40000c00].reduce((to, at) => to.constant(3, at).put(0x429a), rcc(t));
    expect(withTable(0x20004000, 61, compares).chip.name).toBe('STM32L152RB');
  });
});

describe('what the images leave open is a question', () => {
  const said = (inferred: InferredChip): { from?: string; open: boolean } => {
    const { chipFrom: from, chipOpen: open = false } = chipSaid(inferred);
    return { ...(from !== undefined && { from }), open };
  };
  const ofF405 = (text: string) => said(infer(renamed('f405-straight', 'startup/startup.c', text)));

  it('machine code alone never says which line, package or size it is', () => {
    const { from, open } = said(
      withTable(0x20020000, 102, (t) => t.constant(0, 0x40023800).constant(1, 0x20000000).str(1, 0, 0x30).constant(2, 0x40011400)),
    );
    expect(open).toBe(true);
    expect(from).toMatch(
      /^taken for STM32F411RE \((a guess|by its machine code alone)\); STM32F411CE, .*; not all lines of STM32F4 are modelled$/,
    );
  });
  it('a line that no part of is modelled, and that only a folder is named after, raises the doubt', () => {
    const named = (name: string): InferredChip => infer(renamed('f405-straight', 'startup/startup.c', name));
    expect(named('/stm32f410/a.c').guess).toBe(true);
    expect(named('/stm32f410/a.c').reasons.at(-1)).toBe('although the image names STM32F410, which is not modelled');
    expect(named('/stm32f415/a.c')).toMatchObject({ chip: { line: 'STM32F415' }, guess: true });
  });
  it('a header stands for several packages, and one package is not silent', () => {
    expect(ofF405('stm32f411xe.h')).toMatchObject({ open: true });
    expect(ofF405('/stm32f4_disco/').open).toBe(true);
  });
  it('a start-up file of one part is no question', () => {
    const image = renamed('f103-backup-no-clock', 'common/startup/startup.c', 'startup_stm32f103c8tx.s');
    expect(said(infer(image))).toEqual({ from: 'STM32F103C8 assumed', open: false });
  });
  it('a start-up file of one density and the macro of another contradict each other', () => {
    const of = (text: string) => ({ path: text, bytes: renamed('f103-backup-no-clock', 'common/startup/startup.c', text) });
    const { guess, reasons } = inferChip([of('-DSTM32F103xB'), of('-DSTM32F103xE')]);
    expect([guess, reasons.at(-1)]).toEqual([
      true,
      expect.stringMatching(/^although the (macro|device header) stm32f103x.* is named in the image$/),
    ]);
  });
  it.each([
    ['-DSTM32F10X_MD_VL', 'STM32F100'],
    ['-DSTM32F10X_HD_VL', 'STM32F100'],
    ['/startup_stm32f10x_xl.s', 'STM32F103XG'],
    ['stm32f103xg.h', 'STM32F103XG'],
  ])('%s is of parts that are not modelled', (name, part) => {
    const image = renamed('f103-backup-no-clock', 'common/startup/startup.c', name);
    expect(() => infer(image)).toThrow(new RegExp(`built for ${part} .*, which is not modelled; the nearest modelled chip is STM32F103`));
  });
  it('a group that has lines which are not modelled says so', () => {
    expect(said(infer(renamed('f103-backup-no-clock', 'common/startup/startup.c', '/startup_stm32f10x_md.s'))).from).toMatch(
      /^STM32F103C8 assumed .*; not all lines of STM32F1 are modelled\)$/,
    );
  });
});
