/** What platformio.ini and the .ioc file of a project say of its part. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inferChip, type InferredChip } from '../../src/bench/input/infer-chip.ts';
import {
  boardFileOf,
  partInBoardFile,
  partInDefines,
  partInIoc,
  partInPlatformio,
  type ProjectPart,
} from '../../src/bench/input/project-files.ts';

const lines = (...rows: readonly string[]): string => rows.join('\n');

describe('platformio.ini', () => {
  it.each([
    ['nucleo_f103rb', 'STM32F103RB'],
    ['genericSTM32F107VC', 'STM32F107VC'],
    ['bluepill_f103c8', 'STM32F103C8'],
    ['blackpill_f411ce', 'STM32F411CE'],
    ['disco_f407vg', 'STM32F407VG'],
    ['nucleo_h743zi', 'STM32H743ZI'],
    ['esp32dev', null],
    ['genericGD32F103C8', null],
  ])('board = %s', (board, part) => {
    expect(partInPlatformio(lines('[env:a]', `board = ${board}`), [])).toBe(part);
  });
  it('the controller says more than the board', () => {
    expect(partInPlatformio(lines('[env:a]', 'board = nucleo_f103rb', 'board_build.mcu = stm32f103rbt6 ; LQFP64'), [])).toBe(
      'STM32F103RBT',
    );
  });
  const TWO = lines(
    '[platformio]',
    'default_envs = b',
    '[common]',
    'part = stm32f407vgt6',
    '[env]',
    'board = nucleo_f103rb',
    '[env:a]',
    '[env:b]',
    'extends = env:c',
    '[env:c]',
    'board_build.mcu = ${common.part}',
  );
  it.each([
    [['.pio', 'build', 'a'], 'STM32F103RB'],
    [['.pio', 'build', 'c'], 'STM32F407VGT'],
    // what it extends, and what that looks up
    [['.pio', 'build', 'b'], 'STM32F407VGT'],
    // no folder names one: the default
    [['out'], 'STM32F407VGT'],
  ])('the environment by its folder: %j', (way, part) => {
    expect(partInPlatformio(TWO, way)).toBe(part);
  });
  it('of several environments none is guessed', () => {
    expect(partInPlatformio(lines('[env:a]', 'board = nucleo_f103rb', '[env:b]', 'board = nucleo_f411re'), ['out'])).toBe(null);
  });
  it.each([
    ['nothing', ''],
    ['no section', 'board = nucleo_f103rb'],
    [
      'circles',
      lines('[env:a]', 'extends = env:a, env:b', 'board = ${env:b.board}', '[env:b]', 'extends = env:a', 'board = ${env:a.board}'),
    ],
    ['names of JavaScript', lines('[env:__proto__]', 'constructor = 1', 'extends = constructor, toString')],
    ['a long value', lines('[env:a]', `board = ${'nucleo_'.repeat(100_000)}`)],
    ['bytes', String.fromCharCode(...Array.from({ length: 5000 }, (_, i) => (i * 31) % 256))],
    ['many sections', Array.from({ length: 50_000 }, (_, i) => `[env:${i}]\nextends = env:${i + 1}`).join('\n')],
  ])('junk names no part: %s', (_what, text) => {
    const started = performance.now();
    expect(partInPlatformio(text, ['0'])).toBe(null);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('the .ioc file', () => {
  it.each([
    [lines('#MicroXplorer', 'Mcu.CPN=STM32H743ZIT6', 'Mcu.Name=STM32H743ZITx'), 'STM32H743ZIT'],
    [lines('Mcu.Name=STM32F103C(8-B)Tx', 'Mcu.UserName=STM32F103C8Tx'), 'STM32F103C8T'],
    [lines('Mcu.UserName=STM32F405RGTx\r', 'PA0.Locked=true\r'), 'STM32F405RGT'],
    // of one that is not modelled no more than its line
    ['Mcu.CPN=STM32L552CET6SECRET', 'STM32L552'],
    ['Mcu.CPN=passwords', null],
    ['xMcu.CPN=STM32H743ZIT6', null],
    ['Mcu.CPN=STM32', null],
  ])('%j', (text, part) => {
    expect(partInIoc(text)).toBe(part);
  });
});

describe('a board that the project describes', () => {
  it.each([
    ['its file', lines('[env:a]', 'board = my_board'), ['boards', 'my_board.json']],
    ['in a folder of its own', lines('[platformio]', 'boards_dir = hw', '[env:a]', 'board = my_board'), ['hw', 'my_board.json']],
    ['not needed', lines('[env:a]', 'board = my_board', 'board_build.mcu = stm32f407vgt6'), null],
    ['no board', '[env:a]', null],
    ['out of the project', lines('[env:a]', 'board = ../../secret'), null],
    ['out of its folder', lines('[env:a]', 'board = ..'), null],
    ['by a folder out of the project', lines('[platformio]', 'boards_dir = ../hw', '[env:a]', 'board = x'), null],
    ['by an absolute folder', lines('[platformio]', 'boards_dir = /etc', '[env:a]', 'board = x'), null],
  ])('%s', (_what, text, file) => {
    expect(boardFileOf(text, [])).toEqual(file);
  });
  it.each([
    ['{ "build": { "mcu": "stm32f407vgt6", "cpu": "cortex-m4" }, "name": "Mine" }', 'STM32F407VGT'],
    // of one that is not modelled no more than its line
    ['{ "build": { "mcu": "stm32l552cet6secret" } }', 'STM32L552'],
    ['{ "build": { "mcu": "esp32" } }', null],
    ['{ "build": { "mcu": ["stm32f407vgt6"] } }', null],
    ['{ "build": null }', null],
    ['{ "mcu": "stm32f407vgt6" }', null],
    ['null', null],
    ['{', null],
    ['', null],
    ['['.repeat(500_000), null],
    ['{ "__proto__": { "build": { "mcu": "stm32f407vgt6" } } }', null],
  ])('%#', (text, part) => {
    expect(partInBoardFile(text)).toBe(part);
  });
});

describe('what a build defines', () => {
  const line = (part: string) => ({ part, line: true });
  it.each([
    ['[{ "command": "arm-none-eabi-gcc -DUSE_HAL_DRIVER -DSTM32F446xx -Og -c a.c" }]', line('STM32F446xx')],
    ['[{ "arguments": ["gcc", "-DSTM32F103xB", "-c"] }]', line('STM32F103xB')],
    ['C_DEFS = \\\n-DUSE_HAL_DRIVER \\\n-D STM32H743xx\n', line('STM32H743xx')],
    ['-DSTM32F10X_MD -DUSE_STDPERIPH_DRIVER', line('STM32F10X_MD')],
    // the density beside the line
    ['-DSTM32F40_41xxx -DSTM32F407xx', line('STM32F407xx')],
    ['-DSTM32U5A5xxQ', { part: 'STM32U5A5' }],
    ['-DSTM32L552xx', { part: 'STM32L552' }],
    // a family is no line, and two are no part
    ['-DSTM32F4 -DSTM32F4XX -DSTM32F4xx', null],
    ['-DSTM32F446xx -DSTM32F411xE', null],
    ['-DSTM32L552xx -DSTM32F411xE', null],
    ['-DSTM32F446xxSECRET', null],
    ['STM32F446xx', null],
    ['', null],
    ['-DSTM32'.repeat(100_000), null],
    [Array.from({ length: 26 ** 2 }, (_, i) => `-DSTM32F4${Math.floor(i / 26).toString(36)}${(i % 26).toString(36)}xx`).join(' '), null],
    [`-D${' '.repeat(1_000_000)}STM32F446xx`, null],
  ])('%#', (text, said) => {
    const started = performance.now();
    expect(partInDefines(text)).toEqual(said);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('the part of an image', () => {
  const infer = (fixture: string, ...project: readonly ProjectPart[]): InferredChip => {
    const bytes = new Uint8Array(readFileSync(new URL(`../../fixtures/${fixture}/firmware.elf`, import.meta.url)));
    return inferChip([{ path: 'fw.elf', bytes }], project);
  };
  const INI = (part: string): ProjectPart => ({ part, file: 'platformio.ini' });
  const IOC = (part: string): ProjectPart => ({ part, file: 'the .ioc file' });
  it('of several that fit it is the one that the project names, and no guess', () => {
    expect(() => infer('h745-masked')).toThrow('fits 8 chips');
    const { chip, file, guess, alike, reasons } = infer('h745-masked', IOC('STM32H745XIH'));
    expect([chip.name, chip.package?.letter, file, guess, alike]).toEqual(['STM32H745XI', 'H', 'the .ioc file', false, []]);
    expect(reasons[0]).toBe('the .ioc file names STM32H745XI');
    expect(infer('f405-straight', INI('STM32F407VG')).chip.name).toBe('STM32F407VG');
  });
  it('a name that the image has is told with it, and counts where the project has another', () => {
    const header = 'stm32f405xx.h';
    const bytes = Buffer.from(readFileSync(new URL('../../fixtures/f405-straight/firmware.elf', import.meta.url)));
    const old = 'startup/startup.c';
    for (let at = bytes.indexOf(old); at >= 0; at = bytes.indexOf(old)) bytes.write(header.padEnd(old.length, '\0'), at, 'latin1');
    const both = (part: string): InferredChip => inferChip([{ path: 'fw.elf', bytes }], [INI(part)]);
    const same = both('STM32F405VGT');
    expect([same.chip.name, same.guess, same.reasons]).toEqual([
      'STM32F405VG',
      false,
      [`the device header ${header}`, 'platformio.ini names STM32F405VG'],
    ]);
    // it would run there just as well
    const other = both('STM32F407VG');
    expect([other.chip.line, other.guess, other.reasons.at(-1)]).toEqual(['STM32F405', true, 'although platformio.ini names STM32F407VG']);
  });
  it.each([
    ['STM32F103C8', 'although platformio.ini names STM32F103C8'],
    ['STM32H743ZI', 'although platformio.ini names STM32H743ZI'],
    ['STM32L552', 'although platformio.ini names STM32L552, which is not modelled'],
  ])('where image and project contradict each other, the image counts, and that is told: %s', (part, told) => {
    const own = infer('f405-straight');
    const both = infer('f405-straight', INI(part));
    expect([both.chip.name, both.guess, both.file]).toEqual([own.chip.name, true, undefined]);
    expect(both.reasons).toEqual([...own.reasons, told]);
  });
  it('an error tells it, too', () => {
    expect(() => infer('h745-masked', INI('STM32F103C8'))).toThrow('although platformio.ini names STM32F103C8');
  });
  it('of two files the one that fits counts, and the other is told', () => {
    const { chip, guess, reasons } = infer('f405-straight', INI('STM32F103C8'), IOC('STM32F405RGT'));
    expect([chip.name, guess, reasons.at(-1)]).toEqual(['STM32F405RG', true, 'although platformio.ini names STM32F103C8']);
  });
  const BUILT = (part: string): ProjectPart => ({ part, line: true, file: 'compile_commands.json' });
  it('of a line that was built for it is the part that the image fits, and which of them is not said', () => {
    const { chip, file, guess, alike, reasons } = infer('h745-masked', BUILT('STM32H745xx'));
    expect([chip.line, file, guess, alike.every((name) => name.startsWith('STM32H745'))]).toEqual(['STM32H745', undefined, false, true]);
    expect(reasons[0]).toBe('compile_commands.json names STM32H745xx');
  });
  it('of a line that was built for a project file names the part', () => {
    const { chip, file, guess } = infer('h745-masked', IOC('STM32H745XIH'), BUILT('STM32H745xx'));
    expect([chip.name, file, guess]).toEqual(['STM32H745XI', 'the .ioc file', false]);
  });
  it('is of the line that was built for where a project file names another that fits', () => {
    const { chip, guess, reasons } = infer('f405-straight', IOC('STM32F407VGT'), BUILT('STM32F405xx'));
    expect([chip.line, guess, reasons[0], reasons.at(-1)]).toEqual([
      'STM32F405',
      true,
      'compile_commands.json names STM32F405xx',
      'although the .ioc file names STM32F407VG',
    ]);
  });
  it('counts against a line that was built for, too', () => {
    const own = infer('f405-straight');
    const both = infer('f405-straight', BUILT('STM32F103xB'));
    expect([both.chip.name, both.guess, both.reasons]).toEqual([
      own.chip.name,
      true,
      [...own.reasons, 'although compile_commands.json names STM32F103xB'],
    ]);
  });
});
