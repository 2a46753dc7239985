/** A command of several letters: a handler collects it byte by byte, and the main loop acts later. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { exampleOf, type Tried } from '../../src/bench/documents/tried.ts';
import type { RunInput } from '../../src/bench/input/run-input.ts';
import { findJump, tryAll } from '../../src/bench/proof/find-jump.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { RAM } from './rounds-firmware.ts';

const FLASH = 0x08000000;
const [MAIN, HANDLER, JUMP, COMPARE, NOTE, ASK, TEXT] = [0x200, 0x300, 0x400, 0x480, 0x500, 0x540, 0x580].map((at) => FLASH + at) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
/** A function for the text, and the table that has both. */
const [RUN, TABLE] = [FLASH + 0x560, FLASH + 0x590];
const [TICK, OTHER] = [FLASH + 0x5c0, FLASH + 0x5e0];
const [USART2, IRQ] = [0x40004400, 38];
/** The flag, the length of the line, and the line. */
const [FLAG, LENGTH, LINE] = [0, 4, 8];

const ldrb = (rt: number, rn: number, offset = 0): number => 0x7800 | (offset << 6) | (rn << 3) | rt;
/** STRB r0, [r1, r2] */
const STRB_AT_SUM = 0x5488;
const LDRH_R2_R1_4 = 0x888a;
const MULS_R1_R2 = 0x4351;
const MOVW_R3_0X6570 = [0xf246, 0x5370];
const bl = (t: Thumb, base: number, to: number): Thumb => {
  const offset = to - (base + 2 * t.length + 4);
  return t.put(0xf000 | ((offset >> 12) & 0x7ff), 0xf800 | ((offset >> 1) & 0x7ff));
};
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);

interface Parts {
  /** What is compared with the line. */
  readonly text: string;
  /** The byte that ends a line. */
  readonly end: number;
  readonly who: 'handler' | 'handler by functions' | 'handler in pieces' | 'main loop' | 'main loop by a table';
  /** Where the jump looks for the table of the ROM, beside a tick that never shows the same state twice and a second text; left out: where it is, and neither of them. */
  readonly rom?: number;
}
/** r7 = RAM. */
function image({ text, end, who, rom }: Parts): Uint8Array {
  const main = new Thumb(MAIN);
  store(main, 0x40023830, 1); // GPIOA
  store(main, 0x40023840, 1 << 17); // USART2
  store(main, 0x40020000, 0xa80000a0); // PA2 and PA3 are of it
  store(main, 0x40020020, 0x7700);
  store(main, USART2 + 8, 139); // 115200 baud of 16 MHz
  store(main, USART2 + 12, 0x202c);
  main.constant(7, RAM).movs(0, 0).str(0, 7, FLAG).str(0, 7, LENGTH);
  if (rom !== undefined) store(store(main, 0xe000e014, 15_999), 0xe000e010, 7);
  store(main, 0xe000e104, 1 << (IRQ - 32)).label('loop');
  if (who === 'handler by functions') bl(main, MAIN, ASK);
  else main.ldr(0, 7, FLAG);
  main.cmp(0, 0).beq('loop').movs(0, 0).str(0, 7, FLAG);
  if (who === 'main loop')
    bl(main.constant(0, TEXT).constant(1, RAM + LINE), MAIN, COMPARE)
      .cmp(0, 0)
      .beq('loop');
  if (who === 'main loop by a table') {
    bl(
      main
        .constant(4, TABLE)
        .ldr(0, 4)
        .constant(1, RAM + LINE),
      MAIN,
      COMPARE,
    )
      .cmp(0, 0)
      .beq('loop')
      .ldr(0, 4, 4)
      .blx(0)
      .b('loop');
  } else bl(main, MAIN, JUMP).b('loop');

  const handler = new Thumb(HANDLER).push(0x80, true).constant(7, RAM).constant(1, USART2).ldr(0, 1, 4).cmp(0, end).beq('end');
  // behind it stands 0
  handler
    .ldr(2, 7, LENGTH)
    .constant(1, RAM + LINE)
    .put(STRB_AT_SUM)
    .adds(2, 1)
    .str(2, 7, LENGTH)
    .movs(0, 0)
    .put(STRB_AT_SUM)
    .b('out');
  handler.label('end').movs(0, 0).str(0, 7, LENGTH);
  if (who === 'handler in pieces') {
    // as a compiler does it for memcmp with "update": a word, and a half-word whose number it makes of another one
    handler
      .constant(1, RAM + LINE)
      .ldr(2, 1)
      .constant(3, 0x61647075)
      .cmpRegister(2, 3)
      .bne('out');
    handler
      .put(LDRH_R2_R1_4, ...MOVW_R3_0X6570)
      .adds(3, 4)
      .cmpRegister(2, 3)
      .bne('out');
  } else if (!who.startsWith('main loop')) {
    if (rom !== undefined) bl(handler.constant(0, OTHER).constant(1, RAM + LINE), HANDLER, COMPARE);
    bl(handler.constant(0, TEXT).constant(1, RAM + LINE), HANDLER, COMPARE)
      .cmp(0, 0)
      .beq('out');
  }
  if (who === 'handler by functions') bl(handler, HANDLER, NOTE);
  else handler.movs(0, 1).str(0, 7, FLAG);
  handler.label('out').pop(0x80, true);

  const jump = new Thumb(JUMP)
    .constant(0, rom ?? 0x1fff0000)
    .ldr(1, 0)
    .put(0xf381, 0x8808)
    .ldr(0, 0, 4)
    .bx(0);
  // r0 = whether the bytes at r0 and r1 are the same up to a 0
  const compare = new Thumb(COMPARE).label('next').put(ldrb(2, 0), ldrb(3, 1)).cmpRegister(2, 3).bne('differs');
  compare.adds(0, 1).adds(1, 1).cmp(2, 0).bne('next').movs(0, 1).bxLr().label('differs').movs(0, 0).bxLr();
  const note = new Thumb(NOTE).constant(0, RAM).movs(1, 1).str(1, 0, FLAG).bxLr();
  const ask = new Thumb(ASK).constant(0, RAM).ldr(0, 0, FLAG).bxLr();

  const tick = new Thumb(TICK)
    .constant(0, RAM + 0x100)
    .ldr(1, 0)
    .constant(2, 1_664_525)
    .put(MULS_R1_R2)
    .adds(1, 1)
    .str(1, 0)
    .bxLr();
  const run = new Thumb(RUN);
  bl(run, RUN, JUMP);

  const bytes = new Uint8Array(0x600);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  view.setUint32(4, MAIN + 1, true);
  view.setUint32(4 * 15, TICK + 1, true);
  view.setUint32(4 * (16 + IRQ), HANDLER + 1, true);
  for (const [at, code] of [
    [MAIN, main],
    [HANDLER, handler],
    [JUMP, jump],
    [COMPARE, compare],
    [NOTE, note],
    [ASK, ask],
    [RUN, run],
    [TICK, tick],
  ] as const)
    bytes.set(code.bytes(), at - FLASH);
  bytes.set(new TextEncoder().encode(text), TEXT - FLASH);
  bytes.set(new TextEncoder().encode('led'), OTHER - FLASH);
  if (who === 'main loop by a table') [TEXT, RUN + 1].forEach((word, i) => view.setUint32(TABLE - FLASH + 4 * i, word, true));
  return bytes;
}
const SYMBOLS = (
  [
    ['main', MAIN, HANDLER],
    ['receives', HANDLER, JUMP],
    ['jump', JUMP, COMPARE],
    ['compare', COMPARE, NOTE],
    ['note', NOTE, ASK],
    ['ask', ASK, RUN],
    ['run', RUN, TEXT],
  ] as const
).map(([name, address, end]) => ({ name, address, size: end - address, kind: 'function', binding: 'global' }) as const);

/** What is tried, and what comes of it. */
function triedOn(input: RunInput): readonly Tried[] {
  const s = new Session(input);
  const powerOn = s.save();
  s.run({ until: 20 * MS });
  const end = s.save();
  const tried = tryAll(s, powerOn, end, findJump(s, powerOn, end));
  s.release();
  return tried;
}
function named(parts: Parts): RunInput {
  const input = jobInput(plainJob('stm32f405rg', [{ path: 'x.bin@0x08000000', bytes: image(parts) }]));
  const symbols = new SymbolTable(SYMBOLS, () => TEXT);
  return { ...input, images: input.images.map((i) => ({ ...i, symbols })) };
}
/** What leads into the ROM, of what is sent. */
const found = (parts: Parts): string[] =>
  triedOn(named(parts))
    .filter(({ kind, outcome }) => kind === 'input' && outcome !== 'no-jump' && outcome !== 'stuck')
    .map(({ name }) => name);

const [CR, LF] = [13, 10];
describe('a command that a handler collects and the main loop acts upon', () => {
  it.each([
    ['the handler compares it and sets a flag', { who: 'handler', end: CR }, '"dfu\\r" to USART2'],
    ['the handler does so by functions that set the flag and look at it', { who: 'handler by functions', end: CR }, '"dfu\\r" to USART2'],
    ['the main loop compares what the handler left', { who: 'main loop', end: CR }, '"dfu\\r" to USART2'],
    ['a table has the function that is called for it', { who: 'main loop by a table', end: CR }, '"dfu\\r" to USART2'],
    ['a line that LF alone ends would keep the CR', { who: 'handler', end: LF }, '"dfu\\n" to USART2'],
    ['it is compared piece by piece, as optimised code does', { who: 'handler in pieces', end: CR }, '"update\\r" to USART2'],
  ] as const)('%s', (_what, parts, expected) => expect(found({ ...parts, text: 'dfu' })).toEqual([expected]));
});

it('other texts than one that led into the ROM, though in vain, are not followed to the end', () => {
  const run = vi.spyOn(Session.prototype, 'run');
  const tried = triedOn(named({ who: 'handler', end: CR, text: 'dfu', rom: 0x1fff7000 })).filter(({ kind }) => kind === 'input');
  expect(tried.map(({ name, outcome }) => [name, outcome])).toEqual([['"dfu\\r" to USART2', 'fault']]);
  // the first run alone goes on to its end
  expect(run.mock.calls.filter(([limits]) => limits?.pause === undefined)).toHaveLength(1);
  run.mockRestore();
});

describe('the step that a person may put in place of a call', () => {
  it('is one of the port that the firmware listens at, where nothing that was tried leads on', () => {
    const [call, ...more] = triedOn(named({ who: 'main loop', end: CR, text: 'two words' })).filter(({ outcome }) => outcome === 'dfu');
    expect(more).toEqual([]);
    expect(call!.step.do).toHaveProperty('call');
    expect(exampleOf(call!)).toEqual({ step: '{"at":"1s","do":{"uart":{"port":"USART2","text":"…"}}}', others: '`pin` or `cdc`' });
  });
  it('is one of a pin where it listens at no port', () => {
    const path = fileURLToPath(new URL('../../fixtures/l476-button/firmware.elf', import.meta.url));
    const tried = triedOn(jobInput(plainJob('stm32l476rg', [{ path: 'x.elf', bytes: readFileSync(path) }])));
    const call = tried.find(({ step }) => 'call' in step.do);
    expect(exampleOf(call!)).toEqual({ step: '{"at":"1s","do":{"pin":{"name":"PC13","level":1}}}', others: '`uart` or `cdc`' });
  });
  it('is one of any input where none is known', () =>
    expect(exampleOf({})).toEqual({ step: '{"at":"1s","do":{"cdc":{"text":"…"}}}', others: '`uart` or `pin`' }));
});
