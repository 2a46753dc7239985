/** Firmware that runs on and never jumps: what it could jump with, what it waits for, and what comes of both. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calledFrom, jumpCandidates, scanFunctions } from '../../src/bench/input/code-scan.ts';
import { awaitedTexts } from '../../src/bench/proof/awaited-texts.ts';
import type { Comparer } from '../../src/bench/proof/comparers.ts';
import type { Note } from '../../src/bench/documents/note-facts.ts';
import { plannedGoal } from '../../src/bench/input/goal.ts';
import { entering, findJump, notTriggered, whyNoJump } from '../../src/bench/proof/find-jump.ts';
import { heldBriefly, scenarioFor, type Trigger } from '../../src/bench/proof/init.ts';
import type { Outcome, RunResult } from '../../src/bench/documents/result.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { loadImage, type LoadedImage } from '../../src/image/image.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { shortReport } from '../../src/report/short.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { cli, folder } from '../cli/helpers.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf, RAM } from './rounds-firmware.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const image = (path: string): LoadedImage => loadImage(readFileSync(fixture(path)), path);
/** An image of one function, `f`, with this code. */
const oneFunction = (code: Uint8Array): LoadedImage => ({
  ...image('f405-bare-jump/firmware.elf'),
  chunks: [{ address: 0x08000000, data: code }],
  symbols: new SymbolTable(
    [{ name: 'f', address: 0x08000000, size: code.length, kind: 'function', binding: 'global' }],
    () => 0x08000000 + code.length,
  ),
});
const run = async (scenario: string, findJump: boolean): Promise<RunResult> =>
  inThread(await loadJob([], { scenario: fixture(scenario), findJump }, fixture('')), {});
const notes = (r: RunResult, kind: string): string[] => r.notes.filter((n) => n.kind === kind).map((n) => String(n.text));
const candidates = (path: string, chip: string): (readonly [string, string])[] =>
  jumpCandidates(scanFunctions([image(path)]), findChip(chip)!).map((c) => [c.facts.symbol.name, c.kind] as const);

it('a ROM address that compilers make of another one that a register holds is seen', () => {
  // LDR r3, =0x20004000; SUB r3, #0x14000; LDR r2, [r3]; LDR r3, [r3, #4]; MSR MSP, r2; BX r3
  const code = new Uint16Array([0x4b04, 0xf5a3, 0x33a0, 0x681a, 0x685b, 0xf382, 0x8808, 0x4718, 0xbf00, 0xbf00, 0x4000, 0x2000]);
  const [jump] = jumpCandidates(scanFunctions([oneFunction(new Uint8Array(code.buffer))]), findChip('STM32F405RG')!);
  expect(jump).toMatchObject({ kind: 'jump', namesRom: true, why: expect.stringContaining('holds 0x1fff0000') });
});

it.each([
  ['the firmware alone', {}, true],
  ['a chip that is named', { chip: 'stm32f405rg' }, true],
  ['a scenario', { scenario: fixture('f405-bare-jump/scenario.json') }, undefined],
])('--find-jump with %s assumes of the board what a run without it does', async (_what, options, surroundings) => {
  const job = await loadJob(
    'scenario' in options ? [] : [fixture('f405-bare-jump/firmware.elf')],
    { findJump: true, ...options },
    fixture(''),
  );
  expect([job.findJump, job.trigger, job.surroundings]).toEqual([true, undefined, surroundings]);
});

describe('a button that nobody presses', () => {
  it('is named with pin, level, period and line, and pressing it on a fork reaches DFU', async () => {
    const result = await run('l476-button/scenario.json', true);
    expect(result.outcome).toBe('no-jump');
    expect(notes(result, 'not-triggered')).toContainEqual(expect.stringMatching(/^reads GPIOC\.IDR bit 13 \(PC13, now 1\), main\.c:\d+$/));
    const tried = notes(result, 'find-jump');
    expect(tried).toContain('PC13 = 0: dfu; {"at":"100ms","do":{"pin":{"name":"PC13","level":0}}}');
    expect(tried.some((text) => /^call of jump_to_bootloader \(main\.c:\d+\): dfu;/.test(text))).toBe(true);
    const report = terminalReport(result);
    expect(report).toContain('nothing triggered the jump into the ROM in this run');
    expect(report).not.toContain('does not check');
  });
});

describe('a button that is an interrupt', () => {
  it('is pressed, rather than its handler called from the main loop', async () => {
    const options = { scenario: fixture('l476-button-interrupt/scenario.waits.json'), trigger: true };
    const result = await inThread(await loadJob([], options, fixture('')), {});
    expect(notes(result, 'trigger')[0]).toBe('triggered at 100 ms by bootbench: PC13 = 0');
    expect(result.outcome).toBe('rom-silent');
    expect(result.diagnosis.sets).toEqual([['handler-mode']]);
  });
});

describe('a wait that only an interrupt from outside would end', () => {
  const waiting = async (...calls: readonly string[]): Promise<RunResult> => {
    const at = (call: string, i: number) => ({ at: `${10 + i}ms`, do: { call } });
    const path = join(folder(), 'scenario.json');
    const base = JSON.parse(readFileSync(fixture('l476-button-no-tick/scenario.waits.json'), 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...base, images: [fixture('l476-button-no-tick/firmware.elf')], steps: calls.map(at) }));
    return inThread(await loadJob([], { scenario: path }, fixture('')), {});
  };
  const waits = (result: RunResult): string[] => notes(result, 'not-triggered').filter((text) => text.startsWith('waits for'));
  const BUTTON = 'waits for a falling edge on PC13 (now 1, interrupt)';
  const PORT = 'waits for a byte at USART2 (interrupt or DMA)';

  it('is no wait for what cannot happen', async () => {
    const result = await waiting();
    expect([result.outcome, waits(result)]).toEqual(['stuck', [BUTTON, PORT]]);
    expect(result.summary).toContain('unless something comes from outside, and never jumps');
    for (const report of [terminalReport(result), shortReport(result)]) {
      expect(report).toContain('stuck: only something from outside could change what the firmware does');
      expect(report).not.toContain('endless loop');
    }
    expect(shortReport(result)).toMatch(/Waits {2}the loop at \S*main\.c:\d+ \(main\) polls asked\s+\(0x20000000\)/);
  });
  it.each([
    ['no_button', PORT],
    ['no_port', BUTTON],
  ])('%s leaves the other', async (call, left) => {
    expect(waits(await waiting(call))).toEqual([left]);
  });
  it.each([[['no_button', 'no_port']], [['no_interrupts']]])('%s: nothing can end it', async (calls) => {
    const result = await waiting(...calls);
    expect([result.outcome, waits(result)]).toEqual(['stuck', []]);
    expect(terminalReport(result)).toContain('stuck: the firmware does not get any further');
  });
  it('the button is pressed where nothing else was said', async () => {
    const options = { scenario: fixture('l476-button-no-tick/scenario.waits.json'), trigger: true };
    const result = await inThread(await loadJob([], options, fixture('')), {});
    expect(result.outcome).toBe('dfu');
    expect(notes(result, 'trigger')[0]).toBe('triggered at 100 ms by bootbench: PC13 = 0');
  });
});

describe('a byte over a serial line that never comes', () => {
  it('is looked for in the numbers that the function compares with', async () => {
    const result = await run('f405-serial-trigger/scenario.json', false);
    const waits = notes(result, 'not-triggered').join('\n');
    expect(waits).toMatch(/reads USART1\.SR bit 5, /);
    expect(waits).toContain('{"uart":{"port":"USART1","text":"B"}}');
    expect(notes(result, 'find-jump')).toEqual([]);
  });
});

describe('a word over a serial line that never comes', () => {
  const typed = async (trigger: boolean): Promise<RunResult> =>
    inThread(await loadJob([], { scenario: fixture('l476-typed-word/scenario.waits.json'), trigger }, fixture('')), {});
  it('no flag of the port is offered to get past the wait, but a step', async () => {
    const result = await typed(false);
    expect(result.stuck).toMatchObject({ register: 'USART2.ISR', force: null });
    const report = shortReport(result);
    expect(report).not.toContain('--force');
    expect(report).toContain('"uart":{"port":"USART2"');
    const unknown = { ...result, notes: result.notes.filter((n) => n.about?.is !== 'steps') };
    expect(shortReport(unknown)).toContain('Next   add to a scenario: {"at":"1s","do":{"uart":{"port":"USART2","text":"…"}}}\n');
  });
  it('is put together from the letters that the caller of the reading function compares with', async () => {
    const result = await typed(true);
    expect(notes(result, 'trigger')[0]).toBe('triggered at 100 ms by bootbench: "DFU" to USART2');
    expect(result.outcome).toBe('dfu');
  });
  it('letters, words and strings that functions hold are texts, in this order', () => {
    const f = (compared: readonly number[], strings: readonly string[]): Comparer => {
      const data = new TextEncoder().encode(`${strings.join('\0')}\0`);
      const at = (text: string): number => 0x08001000 + strings.slice(0, strings.indexOf(text)).reduce((n, t) => n + t.length + 1, 0);
      const facts = scanFunctions([oneFunction(new Uint8Array([0x70, 0x47]))])[0]!;
      const loaded = { ...facts.image, chunks: [{ address: 0x08001000, data }] };
      return { facts: { ...facts, image: loaded, compared, constants: strings.map((text, pc) => ({ value: at(text), pc })) }, at: null };
    };
    const [menu, word] = [f([0x62, 13, 0x72], ['dfu', 'x', 'two words', 'far too long to be typed by anyone']), f([0x44], ['reset'])];
    const texts = (near: readonly Comparer[], far: readonly Comparer[]): string[] =>
      awaitedTexts(
        {},
        near,
        [],
        far.map(({ facts }) => facts),
      );
    expect(texts([menu], [menu, word])).toEqual(['dfu\r', 'b', 'r', 'D', 'br\r']);
    expect(texts([f([], ['reset', 'led']), f([], ['dfu'])], [])).toEqual(['reset\r\n', 'dfu\r\n', 'led\r\n']);
    // a printf compares with letters that nobody sends
    expect(texts([], [f([0x25, 0x64, 0x78], []), word])).toEqual(['D']);
  });
});

describe('a word that code compares in parts', () => {
  const textsOf = (body: (t: Thumb) => Thumb): string[] => {
    const [facts] = scanFunctions([oneFunction(body(new Thumb(0x08000000)).put(0x4770).bytes())]);
    return awaitedTexts({}, [{ facts: facts!, at: null }], [], []);
  };
  const begins = (t: Thumb): Thumb => t.constant(3, 0x20000000).ldr(2, 3).constant(1, 0x61647075).put(0x428a);
  /** The second half: LDRH r1, [r3, #4], compared with "te". */
  const ends = (t: Thumb): Thumb => t.put(0x8899).constant(2, 0x6574).put(0x4291);

  it('is one where they stand one behind the other', () => {
    expect(textsOf((t) => ends(begins(t)))[0]).toMatch(/^update/);
  });
  it('is one where a branch for equality leads on, and the base was taken for something else since', () => {
    expect(textsOf((t) => ends(begins(t).beq('more').constant(3, 0x40020000).put(0x4770).label('more')))[0]).toMatch(/^update/);
  });
  it('is none where the base is another one', () => {
    expect(textsOf((t) => ends(begins(t).constant(3, 0x40020000)))).not.toContainEqual(expect.stringContaining('update'));
  });
});

describe('a byte that only SPI could bring', () => {
  it('is named, but no step is offered that a scenario does not have', async () => {
    const bytes = Buffer.from(readFileSync(fixture('f405-serial-trigger/firmware.elf')));
    const [USART1, SPI1_SR] = [0x40011000, 0x40013008];
    let places = 0;
    for (let at = 0; at + 4 <= bytes.length; at += 2)
      if (bytes.readUInt32LE(at) === USART1) {
        bytes.writeUInt32LE(SPI1_SR, at);
        places++;
      }
    expect(places).toBeGreaterThan(0);
    const path = join(folder(), 'firmware.elf');
    writeFileSync(path, bytes);
    const result = await inThread(await loadJob([path], { chip: 'stm32f405rg', until: '1s', trigger: false }, ''), {});
    const waits = notes(result, 'not-triggered').join('\n');
    expect(waits).toContain('reads SPI1.SR');
    expect(waits).not.toContain('"uart"');
  });
});

describe('a byte that an interrupt takes', () => {
  it('is sent on a fork, by the numbers that the program compares with', async () => {
    const result = await run('f405-serial-interrupt/scenario.json', true);
    expect(notes(result, 'not-triggered')).toContain('waits for a byte at USART1 (interrupt or DMA)');
    expect(notes(result, 'find-jump').join('\n')).toContain('"U" to USART1: dfu');
  });
});

describe('functions that can enter system memory', () => {
  it('one that holds no address of the ROM may go elsewhere, as a loader does', () => {
    // msr msp, r0; bx r1
    const [loader] = jumpCandidates(
      scanFunctions([oneFunction(Uint8Array.of(0x80, 0xf3, 0x08, 0x88, 0x08, 0x47))]),
      findChip('stm32f103cb')!,
    );
    expect(entering('jump', loader!, false)).toBe('jump may enter system memory: it sets MSP, branches to an address in a register');
  });
  it('one that resets is no way there where nothing jumps behind the reset: an assertion resets, too', () => {
    const functions = scanFunctions([image('h533-backup-register/firmware.elf')]);
    const all = jumpCandidates(functions, findChip('stm32h533re')!);
    const request = all.find(({ kind }) => kind === 'request')!;
    expect(entering('panic', request, true)).toBe('panic stores something and may reset the chip');
    expect(entering('request_dfu', request, false)).toBe('request_dfu may enter system memory: it stores something and may reset the chip');
  });

  it.each([
    ['f405-bare-jump/firmware.elf', 'stm32f405rg', 'jump_to_bootloader', 'jump'],
    ['f405-vectors-at-zero/firmware.elf', 'stm32f405rg', 'jump_to_bootloader', 'jump'],
    ['f072-masked/firmware.elf', 'stm32f072rb', 'jump_to_bootloader', 'jump'],
    ['h745-masked-o2/firmware.elf', 'stm32h745xi', 'main', 'jump'],
    ['h533-backup-register/firmware.elf', 'stm32h533re', 'request_dfu', 'request'],
    ['f405-chain-request-kept/app.elf', 'stm32f405rg', 'request_dfu', 'request'],
    ['l496-seed003-as-posted/firmware.elf', 'stm32l496zg', 'request_dfu', 'request'],
  ])('%s: %s', (path, chip, name, kind) => {
    expect(candidates(path, chip)).toContainEqual([name, kind]);
  });

  describe('start-up code in assembler, whose literals lie behind its end', () => {
    // LDR r0, [pc, #4]; LDR sp, [r0]; LDR r0, [r0, #4]; BX r0; the word
    const code = Uint8Array.of(0x02, 0x48, 0xd0, 0xf8, 0x00, 0xd0, 0x40, 0x68, 0x00, 0x47, 0xfe, 0xe7, 0x00, 0xd8, 0xff, 0x1f);
    const start = (table: number): LoadedImage => {
      const data = code.slice();
      new DataView(data.buffer).setUint32(12, table, true);
      const [symbol] = oneFunction(code).symbols.all;
      const symbols = new SymbolTable([{ ...symbol!, size: 12 }], () => 0x08000000 + code.length);
      return { ...oneFunction(data), symbols, entry: 0x08000001 };
    };
    const found = (table: number) => jumpCandidates(scanFunctions([start(table)]), findChip('stm32f303cc')!);
    it('is a way into the ROM that decides for itself', () => {
      expect(found(0x1fffd800)).toMatchObject([
        { kind: 'jump', runsAnyway: true, why: 'holds 0x1fffd800, sets MSP, branches to an address in a register' },
      ]);
    });
    it('is none where it goes on in another image', () => expect(found(0x08004000)).toEqual([]));
  });

  it('a start of another image is seen behind a store of VTOR, barriers and CPSIE', () => {
    // r3 = the table; MOV.W r2, #0xe000e000; a store of VTOR; DSB; ISB; CPSIE i; LDR r2, [r3, #4]; LDR r3, [r3]; MSR MSP, r3; BLX r2; the table
    const kinds = (...store: readonly number[]) => {
      const rest = [0xf3bf, 0x8f4f, 0xf3bf, 0x8f6f, 0xb662, 0x685a, 0x681b, 0xf383, 0x8808, 0x4790, 0xbf00, 0x8000, 0x0800];
      const bytes = [0x4b07, 0xf04f, 0x22e0, ...store, ...rest].flatMap((half) => [half & 0xff, half >>> 8]);
      return jumpCandidates(scanFunctions([oneFunction(Uint8Array.from(bytes))]), findChip('stm32f767zi')!).map((c) => c.kind);
    };
    // STR.W r3, [r2, #0xd08]
    expect(kinds(0xf8c2, 0x3d08)).toEqual([]);
    // LDR.W r3, [r2, #0xd08]: what VTOR is says nothing
    expect(kinds(0xf8d2, 0x3d08)).toEqual(['jump']);
    // STR.W r2, [r3, #4]!: the base is another one behind it
    expect(kinds(0xf843, 0x2f04)).toEqual(['jump']);
  });

  describe('sets MSP and branches to an address in a register', () => {
    const APPLICATION = 0x08004000;
    /** The table in r3, of which it loads what it branches to; MSR MSP, r1. */
    const kinds = (table: (t: Thumb) => Thumb, load = (t: Thumb): Thumb => t.ldr(1, 3).ldr(2, 3, 4)): unknown[] => {
      const code = load(table(new Thumb(0x08000000)))
        .put(0xf381, 0x8808)
        .bx(2)
        .bytes();
      return jumpCandidates(scanFunctions([oneFunction(code)]), findChip('stm32f405rg')!).map(({ kind }) => kind);
    };
    const constant = (t: Thumb): Thumb => t.constant(3, APPLICATION);
    it.each([
      ['of a constant table in the flash of users is no way into the ROM', constant, undefined, []],
      ['nor is one of the word behind that table', (t: Thumb) => t, (t: Thumb) => t.constant(3, APPLICATION + 4).ldr(2, 3), []],
      ['nor where LDMIA loads both', constant, (t: Thumb) => t.put(0xcb06), []],
      ['nor where LDRD loads both', constant, (t: Thumb) => t.put(0xe9d3, 0x1200), []],
      ['of the ROM is one', (t: Thumb) => t.constant(3, 0x1fff0000), undefined, ['jump']],
      ['that was given to it may be one', (t: Thumb) => t.put(0x4603), undefined, ['jump']],
      [
        'that was given to it, where such a constant stood before',
        (t: Thumb) => t.constant(3, APPLICATION).put(0x4603),
        undefined,
        ['jump'],
      ],
      ['that a function gave back', (t: Thumb) => t.constant(3, APPLICATION).put(0xf000, 0xf800), undefined, ['jump']],
      ['of which it only reads the stack pointer', constant, (t: Thumb) => t.ldr(1, 3), ['jump']],
    ] as const)('%s', (_what, table, load, expected) => expect(kinds(table, load)).toEqual(expected));
    it('and in firmware of a compiler', () => {
      expect(candidates('f405-chain-deep-sleep/firmware.elf', 'stm32f405rg')).toEqual([]);
      expect(candidates('f405-bare-jump/firmware.elf', 'stm32f405rg')).not.toEqual([]);
    });
  });

  it('a word is stored and a function called that only calls the one that resets, as HAL_NVIC_SystemReset does unoptimised', () => {
    // f: str r3, [r7]; bl w; bx lr. w: push; bl r; pop. r: ldr r3, key; str r3, [r2, #12]; bx lr; nop; the key
    const halves = [0x603b, 0xf000, 0xf801, 0x4770, 0xb580, 0xf000, 0xf801, 0xbd80, 0x4b01, 0x60d3, 0x4770, 0xbf00, 0x0004, 0x05fa];
    const data = new Uint8Array(Uint16Array.from(halves).buffer);
    const symbol = (name: string, at: number, size: number) =>
      ({ name, address: 0x08000000 + at, size, kind: 'function', binding: 'global' }) as const;
    const symbols = new SymbolTable([symbol('f', 0, 8), symbol('w', 8, 8), symbol('r', 16, 12)], () => 0x08000000 + data.length);
    const found = jumpCandidates(scanFunctions([{ ...oneFunction(data), symbols }]), findChip('stm32h743zi')!);
    expect(found.map(({ kind, facts }) => [kind, facts.symbol.name])).toEqual([['request', 'f']]);
  });
  it.each([
    ['the number that the jump compares with', 0xf2, ['jump j', 'request f']],
    ['another number', 0xf3, ['jump j']],
  ])('a function that stores is given %s, and the chip is reset, as with HAL_RTCEx_BKUPWrite', (_what, low, expected) => {
    const f = [0xf243, 0x2100 | low, 0xf000, 0xf804, 0xf000, 0xf804, 0x4770, 0xbf00]; // movw r1, #0x32f2; bl w; bl r; bx lr
    const w = [0x6001, 0x4770]; // str r1, [r0]; bx lr
    const r = [0x4b01, 0x60d3, 0x4770, 0xbf00, 0x0004, 0x05fa]; // ldr r3, key; str r3, [r2, #12]; bx lr; nop; the key
    const j = [0x4b02, 0xf243, 0x22f2, 0x4290, 0x4718, 0xbf00, 0x0000, 0x1fff]; // ldr r3, rom; movw r2, #0x32f2; cmp r0, r2; bx r3; nop; the ROM
    const data = new Uint8Array(Uint16Array.from([...f, ...w, ...r, ...j]).buffer);
    const symbol = (name: string, at: number, size: number) =>
      ({ name, address: 0x08000000 + at, size, kind: 'function', binding: 'global' }) as const;
    const names = [symbol('f', 0, 16), symbol('w', 16, 4), symbol('r', 20, 12), symbol('j', 32, 16)];
    const symbols = new SymbolTable(names, () => 0x08000000 + data.length);
    const found = jumpCandidates(scanFunctions([{ ...oneFunction(data), symbols }]), findChip('stm32f405rg')!);
    expect(found.map(({ kind, facts }) => `${kind} ${facts.symbol.name}`)).toEqual(expected);
  });
  it('a reset with nothing stored before it asks for nothing', () => {
    expect(candidates('f405-reboot-type-ignored/firmware.elf', 'stm32f405rg')).toEqual([]);
  });

  it.each([
    ['stm32h750ib', 0x1ff1e000],
    ['stm32f405rg', 0x1fff7000],
    ['stm32f302cb', 0x1ffff7ac],
    ['stm32f072rb', 0x1ffff7ac],
    ['stm32f103cb', 0x1ffff7e8],
  ])('the base from which %s reads its unique ID is no way into the ROM, the ROM itself is', (part, base) => {
    const chip = findChip(part)!;
    const found = (value: number): number => {
      // ldr r0, [pc, #4]; ldr.w r0, [r0, #0xa10]; bx lr; the literal
      const code = new Uint8Array([0x01, 0x48, 0xd0, 0xf8, 0x10, 0x0a, 0x70, 0x47, 0, 0, 0, 0]);
      new DataView(code.buffer).setUint32(8, value, true);
      return jumpCandidates(scanFunctions([oneFunction(code)]), chip).length;
    };
    expect([found(base), found(chip.rom!.vectorTable.value)]).toEqual([0, 1]);
  });

  it.each([
    ['stm32f103rb', 'its flash size', [0xb3, 0xf8, 0xe0, 0x07], 0], // ldrh.w r0, [r3, #0x7e0]
    ['stm32f103rb', 'its reset vector', [0x58, 0x68, 0x00, 0xbf], 1], // ldr r0, [r3, #4]; nop
    ['stm32f303vc', 'its unique ID', [0xd3, 0xf8, 0xac, 0x07], 0], // ldr.w r0, [r3, #0x7ac]
    ['stm32f303vc', 'code of its ROM', [0xd3, 0xf8, 0xac, 0x06], 1], // ldr.w r0, [r3, #0x6ac]
  ])('%s reads %s from 0x1ffff000', (part, _what, bytes, expected) => {
    // ldr r3, [pc, #4]; the load; bx lr; the literal
    const code = new Uint8Array([0x01, 0x4b, ...bytes, 0x70, 0x47, 0x00, 0xf0, 0xff, 0x1f]);
    expect(jumpCandidates(scanFunctions([oneFunction(code)]), findChip(part)!).length).toBe(expected);
  });

  it.each([
    ['the key alone, which sets the priority grouping', 0x05fa0000, [0xbf00, 0xbf00], []],
    ['the key and SYSRESETREQ in one constant', 0x05fa0004, [0xbf00, 0xbf00], ['request']],
    ['SYSRESETREQ set behind the key: orr.w r3, r3, #4', 0x05fa0000, [0xf043, 0x0304], ['request']],
    ['VECTRESET set behind the key: movs r1, #1; orrs r3, r1', 0x05fa0000, [0x2101, 0x430b], ['request']],
    ['SYSRESETREQ added to the key: adds r3, #4', 0x05fa0000, [0x3304, 0xbf00], ['request']],
    ['a priority group and 4 for something else: movs r0, #4', 0x05fa0300, [0x2004, 0xbf00], []],
    ['a priority group and a bit of another register: orr.w r1, r1, #1', 0x05fa0300, [0xf041, 0x0101], []],
    ['bits of something that was loaded over the key: ldr r3, [r2]; adds r3, #4', 0x05fa0000, [0x6813, 0x3304], []],
  ])('a function that stores something and writes AIRCR, %s', (_what, key, between, expected) => {
    // str r3, [r7]; ldr r3, [pc, #8]; what stands between; str r3, [r2, #12]; bx lr; the key
    const code = new Uint8Array(Uint16Array.from([0x603b, 0x4b02, ...between, 0x60d3, 0x4770, 0, key >>> 16]).buffer);
    new DataView(code.buffer).setUint32(12, key, true);
    expect(jumpCandidates(scanFunctions([oneFunction(code)]), findChip('stm32f405rg')!).map((c) => c.kind)).toEqual(expected);
  });

  it.each([
    ['a word in memory: str r3, [r2]', [0x6013, 0xbf00, 0xbf00], 1],
    ['a local behind its frame pointer: add r7, sp, #0; str r3, [r7, #4]', [0xaf00, 0x607b, 0xbf00], 0],
    ['a local whose address it makes: add r7, sp, #0; adds r3, r7, #7; strb r2, [r3]', [0xaf00, 0x1dfb, 0x701a], 0],
  ])('a function that resets the chip leaves a request behind in %s', (_what, stores, expected) => {
    // what it stores; ldr r3, [pc, #4]; str r3, [r1, #12]; bx lr; nop; the key with SYSRESETREQ
    const code = new Uint8Array(Uint16Array.from([...stores, 0x4b01, 0x60cb, 0x4770, 0x0004, 0x05fa]).buffer);
    expect(jumpCandidates(scanFunctions([oneFunction(code)]), findChip('stm32f405rg')!).length).toBe(expected);
  });
  it.each([
    ['movs r3, #0', [0x2300, 0xbf00]],
    ['mov.w r3, #0x700', [0xf44f, 0x63e0]],
  ])('the key is put above %s, whatever the register held before', (_what, between) => {
    // str r3, [r7]; movw r3, #0xf8ff; ands r2, r3; what stands between; movt r3, #0x5fa; orrs r2, r3; str r2, [r0, #12]; bx lr
    const code = new Uint8Array(
      Uint16Array.from([0x603b, 0xf64f, 0x03ff, 0x401a, ...between, 0xf2c0, 0x53fa, 0x431a, 0x60c2, 0x4770]).buffer,
    );
    expect(jumpCandidates(scanFunctions([oneFunction(code)]), findChip('stm32f405rg')!)).toEqual([]);
  });
  it('a function that sets the priority grouping and gives back 1 far behind that (HAL_Init) asks for no reset', () => {
    // str r3, [r7]; ldr r3, [pc, #40]; str r3, [r2, #12]; nothing for a while; movs r0, #1; bx lr; the key
    const code = new Uint8Array(
      Uint16Array.from([0x603b, 0x4b0a, 0x60d3, ...Array<number>(17).fill(0xbf00), 0x2001, 0x4770, 0x0300, 0x05fa]).buffer,
    );
    expect(jumpCandidates(scanFunctions([oneFunction(code)]), findChip('stm32f405rg')!)).toEqual([]);
  });

  it('any bytes may stand in a function: none make the scan fail or run on', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 200 }), fc.nat(260), (data, size) => {
        const symbols = [{ name: 'f', address: 0x08000000, size, kind: 'function', binding: 'global' } as const];
        const any: LoadedImage = {
          ...image('f405-bare-jump/firmware.elf'),
          chunks: [{ address: 0x08000000, data }],
          symbols: new SymbolTable(symbols, () => 0x08000000 + data.length),
        };
        const found = scanFunctions([any]);
        expect(found.length).toBe(size >= 2 && size <= data.length ? 1 : 0);
        for (const { constants } of found) for (const { value } of constants) expect(value).toBe(value >>> 0);
      }),
      { numRuns: 300 },
    );
  });
});

describe('where the ways to a function begin', () => {
  const AT = 0x08000100;
  /** `jump`, `caller` that calls it, and a reset handler; the vector of an interrupt. */
  const built = (vector: number, name = 'caller') => {
    const data = new Uint8Array(0x110);
    new Uint32Array(data.buffer, 0, 3).set([0x20001000, AT + 13, vector]);
    // bx lr; nop; bl jump; bx lr; nop; b .
    new Uint16Array(data.buffer, 0x100).set([0x4770, 0xbf00, 0xf7ff, 0xfffc, 0x4770, 0xbf00, 0xe7fe]);
    const symbol = (n: string, offset: number, size: number) =>
      ({ name: n, address: AT + offset, size, kind: 'function', binding: 'global' }) as const;
    const symbols = new SymbolTable([symbol('jump', 0, 4), symbol(name, 4, 6), symbol('Reset_Handler', 12, 2)], () => AT + 16);
    const images = [{ ...image('f405-bare-jump/firmware.elf'), chunks: [{ address: 0x08000000, data }], symbols, entry: AT + 13 }];
    return { images, jump: scanFunctions(images)[0]! };
  };
  it.each([
    ['a handler of the vector table', AT + 5, 'caller', { handlers: ['caller'], pointers: [] }],
    ['what nothing calls by name: a callback, a task', 0, 'caller', { handlers: [], pointers: ['caller'] }],
    ['the main program', 0, 'main', null],
  ] as const)('%s', (_what, vector, name, expected) => {
    const { images, jump } = built(vector, name);
    expect(calledFrom(images, jump)).toEqual(expected);
  });
  it('a step that calls what only a handler calls is a reservation, of a scenario that holds as well', async () => {
    const firmware = { path: 'fw.elf', bytes: new Uint8Array(readFileSync(fixture('g0b1-jump-in-usb-callback/firmware.elf'))) };
    const steps = [{ at: '5ms', do: { call: 'on_detach' } }] as const;
    const job = plainJob('stm32g0b1re', [firmware], { steps, expect: { outcome: 'dfu' } });
    const result = await inThread({ ...job, onlyExpected: true }, {});
    expect(result.outcome).toBe('dfu');
    expect(notes(result, 'but').join()).toContain('On the board, only USB_IRQHandler calls on_detach, in an interrupt handler');
  });
});

describe('the step that calls a function', () => {
  it.each([
    ['has its name', 'request_dfu', []],
    ['has its address where the loader has one of that name too', '0x080', ['request_dfu']],
  ])('%s', (_what, call, ofLoader) => {
    const app = image('f405-chain-request-kept/app.elf');
    const loader = image('f405-chain-request-kept/firmware.elf');
    const more = ofLoader.map((name) => ({ name, address: 0x08000100, size: 2, kind: 'function', binding: 'global' }) as const);
    const images = [{ ...loader, symbols: new SymbolTable([...loader.symbols.all, ...more], () => null) }, app];
    const chip = findChip('stm32f405rg')!;
    const candidates = jumpCandidates(scanFunctions([app]), chip);
    const found = {
      candidates,
      inputs: [],
      atStart: [],
      noJump: false,
      outside: [],
      deaf: new Map<string, string>(),
      driven: new Set<string>(),
      comTexts: [],
    };
    const saidOf = (steps: readonly object[]): Note[] =>
      notTriggered({ input: { images, chip, scenario: { document: { steps } } } } as unknown as Session, found);
    const said = saidOf([]);
    const [, step] = /one of these steps into a scenario: (\{.*\})$/.exec(said.at(-1)!.text)!;
    const { call: told } = (JSON.parse(step!) as { do: { call: string } }).do;
    expect(told.startsWith(call)).toBe(true);
    if (told.startsWith('0x')) expect(Number(told)).toBe(app.symbols.named('request_dfu')[0]!.address & ~1);
    // what the scenario does already is no advice
    expect(saidOf([{ at: '5ms', do: { call: told } }]).some(({ about }) => about?.is === 'steps')).toBe(false);
  });
});

describe('bootbench init', () => {
  it('writes the scenario that reaches DFU, and a run of it holds', async () => {
    const cwd = folder();
    const { code, out } = await cli(
      ['init', fixture('f405-chain-request-kept/firmware.elf'), fixture('f405-chain-request-kept/app.elf'), '--chip', 'stm32f405rg'],
      { cwd },
    );
    expect(code).toBe(0);
    expect(out).toContain('request_dfu (f405-chain-app.c:');
    expect(out).toContain('no input was found that does it: the scenario calls the function itself, which no board does');
    const scenario = JSON.parse(readFileSync(join(cwd, 'scenario.json'), 'utf8')) as { steps: unknown };
    expect(scenario.steps).toEqual([{ at: '100ms', do: { call: 'request_dfu' } }]);
    const result = await inThread(await loadJob([], { scenario: join(cwd, 'scenario.json') }, cwd), {});
    expect(result.outcome).toBe('dfu');
  });

  it.each([
    ['a device that can be used', {}, { outcome: 'dfu' }, 0],
    ['a device that refuses the download (RDP level 1)', { board: { optionBytes: { RDP: 0xbb } } }, { outcome: 'dfu' }, 1],
    ['a port that answers', { goal: 'usart1' }, { goal: true }, 0],
  ])('expects a download of %s', async (_what, base, expected, code) => {
    const cwd = folder({ 'base.json': JSON.stringify({ schema: 'bootbench/scenario@1', ...base }) });
    const image = fixture('f405-straight/firmware.elf');
    const init = await cli(['init', image, '--chip', 'stm32f405rg', '--scenario', 'base.json'], { cwd });
    expect(init.code).toBe(0);
    const { expect: written } = JSON.parse(readFileSync(join(cwd, 'scenario.json'), 'utf8')) as { expect: unknown };
    // a download that is refused leads to nothing behind it
    const behind = code === 0 ? { leave: 'ok' } : {};
    expect(written).toEqual({ ...expected, after: { download: 'ok', verify: 'ok', ...behind } });
    expect(init.out.includes('expect.after.alive is left out, because it does not hold today: its exceptions go to the ROM')).toBe(
      code === 0,
    );
    const { code: tested, out } = await cli(['test', 'scenario.json', '--jobs', '1'], { cwd, bench: inThread });
    expect([tested, out.includes('after download is')]).toEqual([code, code === 1]);
  });

  it('expects an application that comes back behind the leave to do so', async () => {
    const cwd = folder();
    const { code, out } = await cli(['init', fixture('l476-leave-flash-errors/firmware.elf'), '--chip', 'stm32l476rg'], { cwd });
    expect([code, out.includes('left out')]).toEqual([0, false]);
    const written = JSON.parse(readFileSync(join(cwd, 'scenario.json'), 'utf8')) as { expect: unknown };
    expect(written.expect).toEqual({ outcome: 'dfu', after: { download: 'ok', verify: 'ok', leave: 'ok', alive: 'ok' } });
  });

  it('tells of a pin that was held for a moment only, and of nothing that was followed to its end or led into the ROM', () => {
    const pin = (name: string, outcome: Outcome, followedFor?: number): Trigger => ({
      ...{ name: `${name} = 1`, kind: 'input', outcome, step: { at: '100ms', do: { pin: { name, level: 1 } } } },
      ...(followedFor !== undefined && { followedFor }),
    });
    const text: Trigger = { ...pin('', 'no-jump', 300 * MS), step: { at: '100ms', do: { uart: { port: 'USART2', text: 'D' } } } };
    expect(heldBriefly([text, pin('PA0', 'no-jump', Infinity), pin('PA1', 'no-jump'), pin('PA2', 'dfu')])).toEqual([]);
    expect(heldBriefly([text, pin('PC13', 'no-jump', 300 * MS), pin('PA0', 'no-jump', 300 * MS)])).toEqual([
      'PC13 = 1, PA0 = 1: tried for 0.3 s only, and nothing came of it; a button that has to be held for longer is found with --effort full',
    ]);
  });
  it('takes the effort that its sentence names', async () => {
    const { code, err } = await cli(['init', fixture('f405-masked/firmware.elf'), '--chip', 'stm32f405rg', '--effort', 'some'], {
      cwd: folder(),
    });
    expect([code, err]).toEqual([2, expect.stringContaining('it is quick, normal, full')]);
  });
  it('says that it expects no download where no device appears yet, and how the scenario gets one', async () => {
    const cwd = folder();
    const { code, out } = await cli(['init', fixture('f405-masked/firmware.elf'), '--chip', 'stm32f405rg'], { cwd });
    const { expect: written } = JSON.parse(readFileSync(join(cwd, 'scenario.json'), 'utf8')) as { expect: unknown };
    expect([code, written]).toEqual([0, { outcome: 'dfu' }]);
    expect(out).toMatch(/^expect\.after is left out of scenario\.json: .* once that is mended, init with --overwrite adds it$/m);
  });

  it('expects no download of a port for which no client is here, nor behind a step that uses the device', () => {
    const [chip, trigger] = ['stm32f405rg', { name: null, kind: 'self', outcome: 'dfu', step: null } as const];
    const goal = (name: string) => plannedGoal(findChip(chip)!, name, 'goal');
    expect(scenarioFor({}, chip, [], trigger, goal('app')).expect).toEqual({ outcome: 'dfu' });
    expect(scenarioFor({ steps: [{ after: '1s', do: { dfu: { leave: '0x08000000' } } }] }, chip, [], trigger, goal('usb')).expect).toEqual({
      outcome: 'dfu',
    });
    expect(scenarioFor({}, chip, [], { ...trigger, outcome: 'rom-silent' }, goal('usb')).expect).toEqual({ outcome: 'dfu' });
  });

  it('leaves a file alone that is there, and says what to do', async () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'scenario.json'), 'mine');
    const { code, err } = await cli(['init', fixture('f405-bare-jump/firmware.elf'), '--chip', 'stm32f405rg'], { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(/scenario\.json exists; .*--overwrite/);
    expect(readFileSync(join(cwd, 'scenario.json'), 'utf8')).toBe('mine');
  });

  it.each([
    ['faults', 'f405-own-crash', 'stm32f405rg', 'fault'],
    ['resets over and over', 'l476-option-loop', 'stm32l476rg', 'reset-loop'],
  ])('a firmware that %s by itself: the scenario presses nothing, and does not hold', async (_what, name, chip, outcome) => {
    const cwd = folder();
    const { code, out, err } = await cli(['init', fixture(`${name}/firmware.elf`), '--chip', chip], { cwd });
    expect(code).toBe(0);
    expect(err).toContain(`without any input, this firmware ends with ${outcome}; fix that first: bootbench run `);
    expect(out).toContain('wrote scenario.json, in which nothing is pressed');
    const { scenario } = await loadJob([], { scenario: join(cwd, 'scenario.json') }, cwd);
    expect(scenario.steps ?? []).toEqual([]);
    expect([scenario.expect?.outcome].flat()).not.toContain(outcome);
  });

  it('writes nothing where nothing enters the ROM', async () => {
    const cwd = folder();
    const { code } = await cli(['init', fixture('f405-reboot-type-ignored/firmware.elf'), '--chip', 'stm32f405rg'], { cwd });
    expect(code).toBe(1);
    expect(() => readFileSync(join(cwd, 'scenario.json'))).toThrow();
  });
});

describe('a firmware that resets itself and has no code for the ROM', () => {
  const told = (path: string, symbols?: SymbolTable): string | null => {
    const whole = image(path);
    const input = { images: [symbols === undefined ? whole : { ...whole, symbols }], chip: findChip('stm32f405rg')! };
    return whyNoJump({ input } as unknown as Session);
  };
  it.each([
    ['f405-chain-request-kept/app.elf', 'leaves a request and resets'],
    ['f405-reboot-type-ignored/firmware.elf', 'resets alone'],
  ])('%s (%s): only option bytes or BOOT0 can start the ROM', (path) => {
    expect(told(path)).toBe(
      'no function of the image that sets MSP and branches holds an address of system memory: after a reset, only option bytes or BOOT0 can start the ROM',
    );
  });
  it('nothing is said of one that jumps, nor where functions have no names', () => {
    expect(told('f405-chain-request-kept/firmware.elf')).toBeNull();
    expect(told('f405-chain-request-kept/app.elf', new SymbolTable([], () => 0))).toBeNull();
  });
});

describe('a function that holds the address of the ROM', () => {
  const [MAIN, F] = [0x08000200, 0x08000400];
  /** Main waits for a word itself, or in `f`, whose address it has in a register. */
  function calledAgain(inF: boolean): readonly boolean[] {
    const waits = (t: Thumb): Thumb => t.constant(7, RAM).label('wait').ldr(1, 7).cmp(1, 1).bne('wait');
    const main = inF ? new Thumb(MAIN).constant(0, F + 1).blx(0) : waits(new Thumb(MAIN));
    const f = waits(new Thumb(F)).constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(0, 0, 4).bx(0);
    const size = f.bytes().length;
    const job = plainJob('stm32f405rg', [{ path: 'x.bin@0x08000000', bytes: imageOf(main, f) }]);
    const input = jobInput(job);
    const symbols = new SymbolTable([{ name: 'f', address: F, size, kind: 'function', binding: 'global' }], () => F + size);
    const s = new Session({ ...input, images: input.images.map((i) => ({ ...i, symbols })) });
    const powerOn = s.save();
    s.run({ until: 5 * MS });
    const { candidates } = findJump(s, powerOn, s.save());
    s.release();
    return candidates.map((c) => c.runsAnyway);
  }
  it('is not called again where it waits already', () => expect(calledAgain(true)).toEqual([true]));
  it('is called where the firmware waits elsewhere', () => expect(calledAgain(false)).toEqual([false]));
});
