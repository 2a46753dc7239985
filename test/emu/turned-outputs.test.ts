/** Loops that change RAM and outputs and put them back: left out from tick to tick, and executed wherever anybody looks in between. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { Interceptor } from '../../src/emu/core/core.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import { MS } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';
import { byTurns } from '../turn.ts';
import { Chance } from './random-thumb.ts';
import { countSkipped } from './skipped.ts';
import { Thumb } from './thumb.ts';

const FLASH = 0x08000000;
const RAM = 0x20000000;
const SYSTICK = 0xe000e010;
const PERIOD = 40_000;
const PA5 = 1 << 5;
const WORDS = [0, 4, 8, 12, 16, 20];
/** Clock enables, what makes PA5 an output, and where the port and EXTI have their registers. */
const CHIPS = {
  stm32l476: { clocks: [[0x4002104c, 3], [0x40021060, 1]], port: 0x48000000, mode: [0x00, 0xabfff7ff], idr: 0x10, odr: 0x14, bsrr: 0x18, rtsr: 0x40010408, imr: 0x40010400 },
  stm32f103rb: { clocks: [[0x40021018, 5]], port: 0x40010800, mode: [0x00, 0x44244444], idr: 0x08, odr: 0x0c, bsrr: 0x10, rtsr: 0x40010408, imr: 0x40010400 },
} as const; // prettier-ignore
type Chip = keyof typeof CHIPS;

interface Program {
  /** Behind R3 = port, R0 = RAM, R5 = PA5. */
  readonly loop: (t: Thumb, c: (typeof CHIPS)[Chip]) => void;
  /** Behind R0 = port, R1 = PA5, R2 = RAM. */
  readonly handler?: (t: Thumb, c: (typeof CHIPS)[Chip]) => void;
  readonly before?: readonly (readonly [number, number])[];
}
const toggle = (t: Thumb, c: (typeof CHIPS)[Chip]): void => void t.ldr(1, 3, c.odr).eors(1, 5).str(1, 3, c.odr);

function ran(chip: Chip, { loop, handler, before = [] }: Program, skipping: boolean, look = false) {
  const c = CHIPS[chip];
  const start = new Thumb(FLASH + 0x200);
  const writes = [
    ...c.clocks,
    [c.port + c.mode[0], c.mode[1]],
    ...before,
    [SYSTICK + 4, PERIOD - 1],
    [SYSTICK + 8, 0],
    [SYSTICK, 7],
  ] as const;
  for (const [at, value] of writes) start.constant(0, at).constant(1, value).str(1, 0);
  start.constant(0, RAM).movs(1, 0);
  for (const at of WORDS) start.str(1, 0, at);
  start.constant(3, c.port).movs(5, PA5).movs(4, 0).movs(6, 0).movs(7, 0).label('again');
  loop(start, c);
  start.b('again');
  const tick = new Thumb(FLASH + 0x400).constant(0, c.port).movs(1, PA5).constant(2, RAM);
  handler?.(tick, c);
  const image = new Uint8Array(0x500);
  const view = new DataView(image.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 15 ? 0x401 : 0x201), true);
  image.set(start.bytes(), 0x200);
  image.set(tick.bxLr().bytes(), 0x400);
  const { machine } = new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
  const core = machine.bootCore;
  machine.skipping = skipping;
  const skipped = countSkipped([core]);
  const pin: unknown[] = [];
  if (look) machine.observer = { ...machine.observer, wire: (name, value) => void (name === 'out.PA5' && pin.push([value, machine.now])) };
  const seen: unknown[] = [];
  for (let n = 1; n <= 20; n++) {
    machine.run(n * 5.3 * MS);
    const writer = machine.history.lastWriter('GPIOA.ODR');
    const words = [...WORDS, 0xff8].map((at) => core.peek(RAM + at, 4));
    seen.push([
      core.cycles(),
      core.retired(),
      JSON.stringify(registerFile(core, core.pc)),
      machine.history.seq,
      writer?.at,
      writer?.pc,
      writer?.seq,
      ...words,
    ]);
    for (const at of [c.port + c.odr, c.port + c.idr, 0x40010414]) seen.push(core.peek(at, 4));
  }
  return { state: { seen, pin }, part: skipped() / core.cycles() };
}
const same = (chip: Chip, program: Program, look = false): number => {
  const left = ran(chip, program, true, look);
  expect(left.state).toEqual(ran(chip, program, false, look).state);
  return left.part;
};

describe.each(Object.keys(CHIPS) as Chip[])('A main loop of %s that toggles an LED', (chip) => {
  it('takes no time between two ticks, whose handler counts', () => {
    expect(same(chip, { loop: toggle, handler: (t) => t.ldr(1, 2, 8).adds(1, 1).str(1, 2, 8) })).toBeGreaterThan(0.5);
  });
  it('takes none where it keeps a copy in RAM', () => {
    expect(same(chip, { loop: (t, c) => (toggle(t, c), t.str(1, 0)) })).toBeGreaterThan(0.5);
  });
  it('is executed while somebody hears the pin', () => {
    expect(same(chip, { loop: toggle }, true)).toBe(0);
  });
  it('is executed where an edge of the pin is an interrupt or pends', () => {
    expect(same(chip, { loop: toggle, before: [[CHIPS[chip].rtsr, PA5]] })).toBe(0);
    expect(same(chip, { loop: toggle, before: [[CHIPS[chip].imr, PA5], [CHIPS[chip].rtsr, PA5]] })).toBe(0); // prettier-ignore
  });
  it('goes on in the other phase where a handler toggles the LED too', () => {
    const handler = (t: Thumb, c: (typeof CHIPS)[Chip]): void => void t.ldr(3, 0, c.odr).eors(3, 1).str(3, 0, c.odr);
    expect(same(chip, { loop: (t, c) => t.str(5, 3, c.bsrr).lsls(1, 5, 16).str(1, 3, c.bsrr) })).toBeGreaterThan(0.5);
    same(chip, { loop: (t, c) => t.str(5, 3, c.bsrr).lsls(1, 5, 16).str(1, 3, c.bsrr), handler });
    same(chip, { loop: toggle, handler });
  });
  it('is executed where a handler selects the edge later', () => {
    const handler = (t: Thumb, c: (typeof CHIPS)[Chip]): void =>
      void t.ldr(3, 2, 8).adds(3, 1).str(3, 2, 8).cmp(3, 5).bne('ret').constant(0, c.rtsr).str(1, 0).label('ret');
    same(chip, { loop: toggle, handler });
  });
});

describe('A main loop that counts its rounds beside an LED that it toggles', () => {
  const counts: Program['handler'] = (t) => t.ldr(1, 2, 8).adds(1, 1).str(1, 2, 8);
  it.each(Object.keys(CHIPS) as Chip[])('takes no time between two ticks: %s', (chip) => {
    const loop: Program['loop'] = (t, c) => (toggle(t, c), t.ldr(1, 0, 12).adds(1, 1).str(1, 0, 12));
    expect(same(chip, { loop, handler: counts })).toBeGreaterThan(0.5);
  });
  it.each(Object.keys(CHIPS) as Chip[])('nor where it waits for a number of ticks: %s', (chip) => {
    const loop: Program['loop'] = (t, c) => (
      toggle(t, c),
      t.ldr(1, 0, 8).subs(1, 1, 7).cmp(1, 9).bne('on').ldr(7, 0, 8).adds(6, 1).label('on')
    );
    expect(same(chip, { loop, handler: counts })).toBeGreaterThan(0.5);
  });
  it('is executed in part where what it polls has changed meanwhile', () => {
    const loop: Program['loop'] = (t, c) => (
      toggle(t, c),
      t
        .ldr(1, 3, c.idr)
        .constant(2, 1 << 13)
        .tst(1, 2)
        .bne('on')
        .ldr(1, 0, 12)
        .adds(1, 1)
        .str(1, 0, 12)
        .label('on')
    );
    const drives: Program['handler'] = (t, c) =>
      t
        .ldr(1, 2, 8)
        .adds(1, 1)
        .str(1, 2, 8)
        .lsls(1, 1, 8)
        .constant(3, 1 << 13)
        .ands(1, 3)
        .str(1, 0, c.bsrr);
    expect(same('stm32l476', { loop, handler: drives })).toBeGreaterThan(0.1);
  });
});

describe('A main loop of H743 that keeps its frame in AXI SRAM, with both caches on', () => {
  /** A call's frame in memory that the data cache holds: changed and put back each round, read by a handler of SysTick that counts in it. */
  function cached(skipping: boolean, interceptor: Interceptor | null) {
    const [AXI, CCR] = [0x24000000, 0xe000ed14];
    const start = new Thumb(FLASH + 0x200);
    // invalidated by a reset already; CCR.DC and CCR.IC
    for (const [at, value] of [[CCR, 0x30200], [SYSTICK + 4, PERIOD - 1], [SYSTICK + 8, 0], [SYSTICK, 7]] as const) start.constant(0, at).constant(1, value).str(1, 0); // prettier-ignore
    start.constant(0, AXI).movs(1, 0).str(1, 0, 8).movs(4, 1).movs(5, 2);
    // two functions with a frame each, at the same place
    start
      .constant(2, FLASH + 0x301)
      .constant(3, FLASH + 0x311)
      .label('again')
      .put(0x4790)
      .ldr(6, 0, 8)
      .put(0x4798)
      .b('again');
    const [one, two] = [0xb510bd10, 0xb520bd20];
    const tick = new Thumb(FLASH + 0x400).constant(2, AXI).ldr(1, 2, 8).adds(1, 1).str(1, 2, 8).bxLr();
    const image = new Uint8Array(0x500);
    const view = new DataView(image.buffer);
    view.setUint32(0, AXI + 0x100, true);
    for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 15 ? 0x401 : 0x201), true);
    image.set(start.bytes(), 0x200);
    for (const [at, code] of [[0x300, one], [0x310, two]] as const) view.setUint32(at, ((code << 16) | (code >>> 16)) >>> 0, true); // prettier-ignore
    image.set(tick.bytes(), 0x400);
    const { machine } = new Session(jobInput(plainJob('stm32h743zi', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
    const core = machine.bootCore;
    machine.skipping = skipping;
    if (interceptor !== null) machine.setRepairs(interceptor);
    const skipped = countSkipped([core]);
    const seen: unknown[] = [];
    for (let n = 1; n <= 12; n++) {
      machine.run(n * 1.7 * MS);
      const words = [8, 0xf8, 0xfc].flatMap((at) => [core.peek(AXI + at, 4), core.peekBehindCache(AXI + at, 4)]);
      seen.push([core.cycles(), core.retired(), JSON.stringify(registerFile(core, core.pc)), machine.history.seq, ...words]);
    }
    return { seen, part: skipped() / core.cycles() };
  }
  it.each([
    ['by itself', null],
    ['while writes of blocks are looked at', { pages: new Set<number>(), everyDeviceWrite: true, write: (_core, _at, _size, value) => value } satisfies Interceptor], // prettier-ignore
  ] as const)('is left out from tick to tick: %s', (_name, interceptor) => {
    const left = cached(true, interceptor);
    expect(left.seen).toEqual(cached(false, interceptor).seen);
    expect(left.part).toBeGreaterThan(0.5);
  });
});

describe('Random loops that change and put back', () => {
  const PIECES: readonly ((t: Thumb, c: (typeof CHIPS)[Chip]) => void)[] = [
    toggle,
    (t, c) => t.str(5, 3, c.bsrr),
    (t, c) => t.lsls(1, 5, 16).str(1, 3, c.bsrr),
    (t, c) => t.ldr(1, 3, c.idr).str(1, 0),
    (t) => t.ldr(1, 0, 4).eors(1, 5).str(1, 0, 4),
    (t) => t.str(4, 0, 8).str(5, 0, 8),
    (t) => t.eors(4, 5),
    (t) => t.ldr(1, 0, 8).adds(1, 1).strb(1, 0, 8),
    (t) => t.put(0xb430, 0xbc30),
    (t) => t.adds(6, 1),
    (t) => t.ldr(1, 0, 12).adds(1, 1).str(1, 0, 12),
    (t) => t.ldr(7, 0, 8).str(7, 0, 16),
    (t) => t.ldr(1, 0, 8).subs(1, 1, 7).cmp(1, 3).put(0xd101).adds(6, 1).ldr(7, 0, 8),
    (t) => t.ldr(1, 0, 20).subs(1, 1, 4).str(1, 0, 20),
    // bytes and half-words of what is stored as a word elsewhere
    (t) => t.strb(5, 0, 1).put(0x8045),
    (t) => t.put(0x7801).str(1, 0, 16),
    (t) => t.str(5, 0, 0).put(0x7841, 0x8841),
    (t) => t.strb(4, 0, 16).ldr(1, 0, 16).str(1, 0, 0),
  ];
  const HANDLERS: readonly Program['handler'][] = [
    undefined,
    (t) => t.ldr(1, 2, 8).adds(1, 1).str(1, 2, 8),
    (t, c) => t.str(1, 0, c.bsrr),
    (t) => t.str(1, 2, 4),
    (t) => t.put(0xb410).str(1, 2).put(0xbc10),
  ];
  const parts: number[] = [];
  it.each(
    byTurns(
      Array.from({ length: 80 }, (_, seed) => seed),
      4,
    ),
  )('end as if each round had been executed: %i', (seed) => {
    const chance = new Chance(seed);
    const pieces = Array.from({ length: 1 + chance.below(4) }, () => chance.of(PIECES));
    const handler = chance.of(HANDLERS);
    const chip = chance.of(Object.keys(CHIPS) as Chip[]);
    parts.push(same(chip, { loop: (t, c) => pieces.forEach((p) => p(t, c)), ...(handler && { handler }) }));
  });
  it('are left out for the most part', () => {
    expect(parts.filter((part) => part > 0.5).length).toBeGreaterThan(parts.length / 3);
  });
});
