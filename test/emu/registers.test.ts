/** Register blocks of random layouts against a list of bytes, and what a block says of itself with each set of answers that a model may have. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BUS_ERROR, type Env } from '../../src/emu/component.ts';
import {
  Layout,
  RegisterBlock,
  RegisterContext,
  WRITE_FAULT,
  type Register,
  type RegisterFact,
  type RegisterModel,
} from '../../src/emu/registers.ts';
import { wire } from '../../src/emu/wires.ts';
import { expectAsBefore } from './core/golden-file.ts';

const ENV = { name: 'B' } as Env;
const hex = (n: number): string => n.toString(16);
const place = fc.record({ size: fc.constantFrom(0, 1, 2, 4, 4), reset: fc.nat(0xffffffff), writable: fc.nat(0xffffffff) });
/** Registers one behind the other, at multiples of their size; one of no size is a hole of two bytes. */
function laidOut(places: readonly { size: number; reset: number; writable: number }[]): RegisterFact[] {
  let at = 0;
  return places.flatMap(({ size, reset, writable }, n) => {
    const offset = size === 0 ? at : Math.ceil(at / size) * size;
    at = offset + (size || 2);
    const mask = size === 4 ? 0xffffffff : (1 << (8 * size)) - 1;
    const row = { name: `R${n}`, offset, size: size as 1 | 2 | 4, reset: (reset & mask) >>> 0, writable: (writable & mask) >>> 0 };
    return size === 0 ? [] : [{ ...row, fields: [] }];
  });
}
const access = fc.record({
  word: fc.nat(12),
  size: fc.constantFrom(1, 2, 4),
  lane: fc.nat(3),
  value: fc.nat(0xffffffff),
  write: fc.boolean(),
});

it('reads and writes of any width are those of the bytes of the registers, up to the first that no register has', () => {
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 9 }), fc.array(access, { maxLength: 30 }), (places, accesses) => {
      const facts = laidOut(places);
      const touched: string[] = [];
      const changed: string[] = [];
      const block = new RegisterBlock(new Layout({ name: 'B', registers: facts }), null, {
        onChange: (_b, r, old, now) => changed.push(`${r.name} ${old} ${now}`),
        onUnmodelled: (_b, r, kind) => touched.push(`${kind} ${typeof r === 'number' ? r : r.name}`),
      });
      const state = block.create();
      const owner = (at: number) => facts.find((r) => at >= r.offset && at < r.offset + r.size);
      const held = new Map<number, number>();
      for (const r of facts) for (let i = 0; i < r.size; i++) held.set(r.offset + i, (r.reset >>> (8 * i)) & 0xff);
      for (const { word, size, lane, value, write } of accesses) {
        const offset = 4 * word + (lane & (4 - size));
        let span = 0;
        while (span < size && owner(offset + span)) span++;
        const names = [...new Set(Array.from({ length: span }, (_, i) => owner(offset + i)!.name))];
        const kind = write ? 'write' : 'read';
        const before = new Map(held);
        let expected = 0;
        for (let i = 0; i < span; i++) {
          const r = owner(offset + i)!;
          const mask = (r.writable >>> (8 * (offset + i - r.offset))) & 0xff;
          const was = held.get(offset + i)!;
          expected += was * 2 ** (8 * i);
          if (write) held.set(offset + i, (was & ~mask) | ((value >>> (8 * i)) & mask));
        }
        touched.length = changed.length = 0;
        expect(block.peek(state, ENV, offset, size)).toBe(expected);
        expect(write ? block.write(state, ENV, offset, size, value) : block.read(state, ENV, offset, size)).toBe(write ? 0 : expected);
        expect(touched).toEqual(span === 0 ? [`${kind} ${offset}`] : names.map((name) => `${kind} ${name}`));
        const valueOf = (r: RegisterFact, of: ReadonlyMap<number, number>): number =>
          Array.from({ length: r.size }, (_, i) => of.get(r.offset + i)! * 2 ** (8 * i)).reduce((a, b) => a + b);
        const others = facts.filter((r) => valueOf(r, before) !== valueOf(r, held));
        expect(changed).toEqual(others.map((r) => `${r.name} ${valueOf(r, before)} ${valueOf(r, held)}`));
      }
    }),
    { numRuns: 60 },
  );
});

const FACTS: readonly RegisterFact[] = [
  { name: 'A', offset: 0, size: 4, reset: 0x11, writable: 0xff00ff, fields: [{ name: 'F', bit: 4, width: 3 }, { name: 'ALL', bit: 0, width: 32 }] },
  { name: 'H', offset: 4, size: 2, reset: 0, writable: 0xffff, fields: [] },
  { name: 'L', offset: 6, size: 1, reset: 7, writable: 0xf, fields: [] },
  { name: 'X', offset: 12, size: 4, reset: 0, writable: 0xffffffff, fields: [] },
]; // prettier-ignore
/** What a model may leave out. Each says what it was asked. */
function answers(log: string[]): Record<string, unknown> {
  const said = <T>(text: string, answer: T): T => (log.push(text), answer);
  return {
    read: (_c: unknown, r: Register, v: number, size: number) => said(`read ${r.name} ${hex(v)} ${size}`, v ^ 0x100),
    peek: (_c: unknown, r: Register, v: number, size: number) => said(`peek ${r.name} ${hex(v)} ${size}`, v ^ 0x200),
    live: ['A'],
    acting: ['H'],
    actsNot: (_c: unknown, r: Register) => said(`actsNot ${r.name}`, r.name === 'H'),
    holds: (_c: unknown, r: Register) => said(`holds ${r.name}`, r.offset + 1),
    repeats: (_c: unknown, r: Register, raw: number) => said(`repeats ${r.name} ${hex(raw)}`, raw === 3),
    drives: () => said('drives', [wire('test.driven')]),
    keeps: (r: Register, kind: string) => said(`keeps ${r.name} ${kind}`, r.name === 'A'),
    write: (_c: unknown, r: Register, merged: number, raw: number, lanes: number) =>
      said(`write ${r.name} ${hex(merged)} ${hex(raw)} ${hex(lanes)}`, [undefined, 0x55, WRITE_FAULT][raw % 3]),
    wrote: (_c: unknown, r: Register, value: number, old: number) => said(`wrote ${r.name} ${hex(value)} ${hex(old)}`, undefined),
    readElse: (_c: unknown, offset: number, size: number) => said(`readElse ${offset} ${size}`, 0x77),
    peekElse: (_c: unknown, offset: number, size: number) => said(`peekElse ${offset} ${size}`, 0x78),
    writeElse: (_c: unknown, offset: number, size: number, value: number) => said(`writeElse ${offset} ${size} ${hex(value)}`, BUS_ERROR),
    program: (_c: unknown, address: number, size: number, value: number) => said(`program ${address} ${size} ${hex(value)}`, 0),
    guardRead: (_c: unknown, at: number, size: number, v: number, through: boolean) => said(`guard ${at} ${size} ${v} ${through}`, 5),
    writable: { H: 0x0f0f, NONE: 1 },
    resets: { L: 3, NONE: 1 },
    background: ['t'],
    busMaster: true,
    onReset: (_c: unknown, kind: string) => said(`onReset ${kind}`, undefined),
    onTimer: (_c: unknown, timer: string) => said(`onTimer ${timer}`, undefined),
    onWire: (_c: unknown, w: { name: string }, value: number) => said(`onWire ${w.name} ${value}`, undefined),
    onClock: (_c: unknown, clock: string) => said(`onClock ${clock}`, undefined),
    onGate: (_c: unknown, on: boolean) => said(`onGate ${on}`, undefined),
  };
}
const OPTIONAL = Object.keys(answers([]));
const PLACES = [[0, 4], [0, 2], [1, 1], [2, 2], [4, 2], [4, 4], [5, 1], [6, 1], [6, 2], [8, 4], [12, 4]] as const; // prettier-ignore
/** Everything that can be asked of a block, in a line each. */
function asked(parts: readonly string[], modelled: RegisterModel['modelled'] | null): string[] {
  const log: string[] = [];
  const all = answers(log);
  const given = Object.fromEntries(parts.map((part) => [part, all[part]]));
  const model = modelled === null ? null : ({ modelled, create: () => ({ made: 1 }), ...given } as unknown as RegisterModel);
  const layout = new Layout({ name: 'B', registers: FACTS });
  const block = new RegisterBlock(layout, model, {
    onChange: (_b, r, old, now) => log.push(`${r.name}: ${hex(old)} to ${hex(now)}`),
    onUnmodelled: (_b, r, kind) => log.push(`unmodelled ${kind} ${typeof r === 'number' ? r : r.name}`),
  });
  const state = block.create();
  const lines = [
    JSON.stringify([[...state.regs], state.model, block.timers, block.background, block.busMaster, block.wires, block.clocks]),
  ];
  const line = (name: string, answer: unknown): void => void lines.push([name, answer, ...log.splice(0)].join(' | '));
  const bits = (answer: (offset: number, size: number) => unknown): string =>
    PLACES.map(([at, size]) => Number(answer(at, size))).join(' ');
  line(
    'steady',
    bits((at) => block.steady(at)),
  );
  line(
    'quiet',
    bits((at, size) => block.sideEffectFree(at, size)),
  );
  line(
    'sometimes',
    bits((at, size) => block.sideEffectFreeInSomeStates(at, size)),
  );
  line(
    'now',
    bits((at) => block.sideEffectFreeNow(state, ENV, at)),
  );
  line(
    'holds',
    bits((at) => block.holds(state, ENV, at)),
  );
  line(
    'stored',
    bits((at, size) => block.stored(at, size)),
  );
  line(
    'peeked',
    bits((at, size) => block.stored(at, size, true)),
  );
  line(
    'repeats',
    bits((at, size) => block.repeats(state, ENV, at, size, 3)),
  );
  line('drives', block.drives(state, ENV)?.map((w) => w.name) ?? null);
  line(
    'registers',
    layout.registers.map((r) => [block.isModelled(r), hex(block.writableMask(r)), hex(block.resetValue(r))]),
  );
  for (const [at, size] of PLACES) {
    line(`peek ${at} ${size}`, hex(block.peek(state, ENV, at, size)));
    line(`read ${at} ${size}`, hex(block.read(state, ENV, at, size)));
    for (const value of [0x1234569, -2, 0x81828387]) line(`write ${at} ${size}`, block.write(state, ENV, at, size, value));
  }
  for (const kind of ['gate', 'backup', 'system', 'power'] as const) {
    state.regs.set([0x99, 0x98, 3, 0]);
    block.onReset(state, ENV, kind);
    line(kind, [...state.regs].map(hex));
  }
  line('program', block.programMemory(state, ENV, 0x08000000, 2, -1));
  line('guard', block.guardRead(state, ENV, 0x08000000, 2, 9, true));
  block.onTimer(state, ENV, 't');
  block.onWire(state, ENV, wire('test.driven'), 2);
  block.onClock(state, ENV, 'hclk');
  block.onGate(state, ENV, true);
  line('told', '');
  return lines;
}

it('what a block answers follows from what its model says, each alone and the others without it', () => {
  const none = asked([], ['A', 'H']);
  const whole = asked(OPTIONAL, ['A', 'H']);
  const beside = (lines: readonly string[], usual: readonly string[]): string[] => lines.filter((l, i) => l !== usual[i]);
  const table = ['no model', ...beside(asked([], null), none), 'all modelled', ...beside(asked([], 'all'), none), 'nothing', ...none];
  for (const part of OPTIONAL) table.push(`${part} alone`, ...beside(asked([part], ['A', 'H']), none));
  table.push('everything', ...whole);
  const PAIRS = [['read', 'live'], ['read', 'peek'], ['read', 'peek', 'acting'], ['read', 'acting'], ['peekElse', 'readElse'], ['keeps', 'onReset'], ['write', 'wrote']]; // prettier-ignore
  for (const pair of PAIRS) table.push(pair.join(' and '), ...beside(asked(pair, ['A', 'H']), none));
  for (const part of OPTIONAL)
    table.push(`all but ${part}`, ...beside(asked(OPTIONAL.filter((p) => p !== part), ['A', 'H']), whole)); // prettier-ignore
  expectAsBefore(table, new URL('./each-answer.txt', import.meta.url));
});

it('a field is its bits of the register, whatever else is there', () => {
  const layout = new Layout({ name: 'B', registers: FACTS });
  const [f, all] = [layout.field('A.F'), layout.field('A.ALL')];
  expect([f.max, f.mask, f.of(0xff), all.max, all.mask, all.of(0xfedcba98)]).toEqual([7, 0x70, 7, 0xffffffff, 0xffffffff, 0xfedcba98]);
  expect([f.name, f.bit, f.width, all.width]).toEqual(['F', 4, 3, 32]);
  expect(layout.field('A.F')).toBe(f);
  const context = new RegisterContext({}, Uint32Array.of(0xffffffff), ENV, null);
  f.set(context, 0xfa);
  expect([f.get(context), context.regs[0]]).toEqual([2, 0xffffffaf]);
  all.set(context, -2);
  expect([all.get(context), layout.registers.map((r) => r.writable)]).toEqual([0xfffffffe, FACTS.map((r) => r.writable)]);
  const known = ['A.F', 'A.G', 'Q.F', 'H.F'].map((path) => layout.hasField(path));
  expect(known).toEqual([true, false, false, false]);
  expect(() => layout.field('A.G')).toThrow('B.A has no field G');
  expect(() => layout.reg('Q')).toThrow('B has no register Q');
  // the first of two at one place
  const twins = new Layout({ name: 'B', registers: [FACTS[0]!, { ...FACTS[0]!, name: 'TWIN', offset: 2 }] });
  expect([0, 3, 4, 5].map((at) => twins.at(at)?.name)).toEqual(['A', 'A', 'TWIN', 'TWIN']);
  expect([layout.has('A'), layout.has('Q'), layout.at(-4), layout.at(7), layout.at(6)?.name]).toEqual([
    true,
    false,
    undefined,
    undefined,
    'L',
  ]);
});
