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
      const block = new RegisterBlock(new Layout({ name: 'B', registers: facts }), null, { onChange: (_b, r, old, now) => changed.push(`${r.name} ${old} ${now}`), onUnmodelled: (_b, r, kind) => touched.push(`${kind} ${typeof r === 'number' ? r : r.name}`) }); // prettier-ignore
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
    holdsElse: (_c: unknown, at: number) => said('holdsElse', at + 1),
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
const FLASH = 0x08000000;
/** A block whose model has these parts: A and H are modelled, L and X are not, and nothing is at 8. */
function blockOf(parts: string, modelled: RegisterModel['modelled'] | null = ['A', 'H']) {
  const log: string[] = [];
  const all = answers(log);
  const given = Object.fromEntries(parts.split(' ').filter(Boolean).map((part) => [part, all[part]])); // prettier-ignore
  const model = modelled === null ? null : ({ modelled, create: () => ({ made: 1 }), ...given } as unknown as RegisterModel);
  const block = new RegisterBlock(new Layout({ name: 'B', registers: FACTS }), model, { onChange: (_b, r, old, now) => log.push(`${r.name}: ${hex(old)} to ${hex(now)}`), onUnmodelled: (_b, r, kind) => log.push(`unmodelled ${kind} ${typeof r === 'number' ? r : r.name}`) }); // prettier-ignore
  const state = block.create();
  const told = (answer: unknown): string => [answer, ...log.splice(0)].join(' | ');
  return {
    block, state, told,
    read: (at: number, size: number) => told(hex(block.read(state, ENV, at, size))),
    peek: (at: number, size: number) => told(hex(block.peek(state, ENV, at, size))),
    write: (at: number, size: number, value: number) => told(block.write(state, ENV, at, size, value)),
  }; // prettier-ignore
}
type Asked = ReturnType<typeof blockOf>;
/** What is asked of places: A whole, low half and third byte; H whole, wider and its high byte; L whole and wider; nothing; X. */
const PLACES = [[0, 4], [0, 2], [2, 2], [4, 2], [4, 4], [5, 1], [6, 1], [6, 2], [8, 4], [12, 4]] as const; // prettier-ignore
const QUESTIONS: Readonly<Record<string, (b: Asked, at: number, size: number) => boolean | number>> = {
  steady: ({ block }, at) => block.steady(at),
  quiet: ({ block }, at, size) => block.sideEffectFree(at, size),
  'quiet in some states': ({ block }, at, size) => block.sideEffectFreeInSomeStates(at, size),
  'quiet now': ({ block, state }, at) => block.sideEffectFreeNow(state, ENV, at),
  holds: ({ block, state }, at) => block.holds(state, ENV, at),
  'as stored': ({ block }, at, size) => block.stored(at, size),
  'as stored, looked at': ({ block }, at, size) => block.stored(at, size, true),
  repeats: ({ block, state }, at, size) => block.repeats(state, ENV, at, size, 3),
};
it.each([
  // what the model says      question        A · · H · · L · – X
  ['', 'steady', '1 1 1 1 1 1 1 1 1 1'],
  ['read', 'steady', '0 0 0 0 0 0 0 0 1 0'],
  ['live', 'steady', '0 0 0 1 1 1 1 1 1 1'],
  ['read live', 'steady', '0 0 0 1 1 1 1 1 1 1'],
  ['readElse', 'steady', '1 1 1 1 1 1 1 1 0 1'],
  // a read that is wider than its register is two
  ['', 'quiet', '1 1 1 1 0 1 1 0 1 1'],
  ['read', 'quiet', '1 1 1 1 0 1 1 0 1 1'],
  ['read peek', 'quiet', '0 0 0 0 0 0 0 0 1 0'],
  ['read peek acting', 'quiet', '1 1 1 0 0 0 1 0 1 1'],
  ['peek acting', 'quiet', '1 1 1 1 0 1 1 0 1 1'],
  ['peekElse', 'quiet', '1 1 1 1 0 1 1 0 0 1'],
  ['', 'quiet in some states', '0 0 0 0 0 0 0 0 0 0'],
  ['actsNot', 'quiet in some states', '1 1 1 1 0 1 1 0 0 1'],
  ['', 'quiet now', '0 0 0 0 0 0 0 0 0 0'],
  ['actsNot', 'quiet now', '0 0 0 1 1 1 0 0 0 0'],
  ['', 'holds', '0 0 0 0 0 0 0 0 0 0'],
  ['holds', 'holds', '1 1 1 5 5 5 7 7 0 13'],
  ['holdsElse', 'holds', '0 0 0 0 0 0 0 0 9 0'],
  // of registers with behaviour, and all others where nobody counts
  ['', 'as stored', '0 -1 -1 1 -1 -1 -1 -1 -1 -1'],
  ['', 'as stored, looked at', '0 -1 -1 1 -1 -1 2 -1 -1 3'],
  ['peek', 'as stored', '0 -1 -1 1 -1 -1 -1 -1 -1 -1'],
  ['peek', 'as stored, looked at', '-1 -1 -1 -1 -1 -1 -1 -1 -1 -1'],
  ['read', 'as stored', '-1 -1 -1 -1 -1 -1 -1 -1 -1 -1'],
  ['read', 'as stored, looked at', '-1 -1 -1 -1 -1 -1 -1 -1 -1 -1'],
  ['', 'repeats', '0 0 0 0 0 0 0 0 0 0'],
  ['repeats', 'repeats', '1 0 0 1 1 0 1 1 0 1'],
])('a model with "%s" is %s at %s', (parts, question, expected) => {
  const made = blockOf(parts);
  expect(PLACES.map(([at, size]) => Number(QUESTIONS[question]!(made, at, size))).join(' ')).toBe(expected);
});

it('reads are what the model makes of the register, byte by byte of the next one too', () => {
  const plain = blockOf('');
  expect([plain.read(0, 4), plain.read(0, 1), plain.read(1, 1), plain.read(4, 4)]).toEqual(['11', '11', '0', '70000 | unmodelled read L']);
  expect([plain.read(8, 4), plain.peek(8, 4), plain.peek(12, 4)]).toEqual(['0 | unmodelled read 8', '0', '0']);
  const reads = blockOf('read');
  expect([reads.read(0, 4), reads.read(1, 1), reads.peek(0, 4)]).toEqual(['111 | read A 11 4', '1 | read A 11 1', '111 | read A 11 4']);
  expect(reads.read(4, 4)).toBe('70100 | read H 0 4 | unmodelled read L | read L 7 2');
  const peeks = blockOf('read peek readElse peekElse');
  expect([peeks.peek(0, 4), peeks.read(0, 4)]).toEqual(['211 | peek A 11 4', '111 | read A 11 4']);
  expect([peeks.read(8, 2), peeks.peek(8, 2)]).toEqual(['77 | readElse 8 2', '78 | peekElse 8 2']);
  expect(blockOf('readElse').peek(8, 2)).toBe('77 | readElse 8 2');
});
it('a model is asked before a write, says what is stored or that it faults, and hears of it', () => {
  const plain = blockOf('');
  expect([plain.write(0, 4, -2), plain.write(1, 1, 0xff), plain.write(2, 2, 0x12)]).toEqual(['0 | A: 11 to ff00fe', '0', '0 | A: ff00fe to 1200fe']); // prettier-ignore
  expect(plain.write(4, 4, 0x81828387)).toBe('0 | H: 0 to 8387 | unmodelled write L | L: 7 to 2');
  expect([plain.write(8, 4, 1), plain.write(12, 4, -1)]).toEqual(['0 | unmodelled write 8', '0 | unmodelled write X | X: 0 to ffffffff']);
  expect(blockOf('', null).write(0, 4, -2)).toBe('0 | unmodelled write A | A: 11 to ff00fe');
  expect(blockOf('', 'all').write(6, 1, 0xff)).toBe('0 | L: 7 to f');
  // its answers: nothing, 55, a fault, by the raw value
  const writes = blockOf('write wrote writeElse');
  expect(writes.write(0, 4, 0x1234569)).toBe('0 | write A 230069 1234569 ffffffff | A: 11 to 230069 | wrote A 230069 11');
  expect(writes.write(0, 2, 4)).toBe('0 | write A 230004 4 ffff | A: 230069 to 55 | wrote A 55 230069');
  expect(writes.write(2, 2, 0x83)).toBe(`${BUS_ERROR} | write A 830055 830000 ffff0000`);
  expect(writes.write(5, 1, 0x69)).toBe('0 | write H 6900 6900 ff00 | H: 0 to 6900 | wrote H 6900 0');
  // the next register is not written behind one that faults
  expect(writes.write(4, 4, 0x10002)).toBe(`${BUS_ERROR} | write H 2 2 ffff`);
  expect(writes.write(4, 4, -1)).toBe(
    '0 | write H ffff ffff ffff | H: 6900 to ffff | wrote H ffff 6900 | unmodelled write L | write L f ff ff | L: 7 to f | wrote L f 7',
  );
  expect(writes.write(8, 2, -1)).toBe(`${BUS_ERROR} | writeElse 8 2 ffffffff`);
});
it('a reset takes all registers but those that are kept; that of the backup domain none where nothing says so', () => {
  const after = (parts: string, kind: 'gate' | 'backup' | 'system' | 'power'): string => {
    const { block, state, told } = blockOf(parts);
    state.regs.set([0x99, 0x98, 3, 0]);
    block.onReset(state, ENV, kind);
    return told([...state.regs].map(hex));
  };
  for (const kind of ['gate', 'system', 'power'] as const) expect(after('', kind)).toBe('11,0,7,0 | A: 99 to 11 | H: 98 to 0 | L: 3 to 7');
  expect(after('onReset', 'backup')).toBe('99,98,3,0 | onReset backup');
  for (const kind of ['gate', 'backup', 'system'] as const)
    expect(after('keeps', kind)).toBe(`99,0,7,0 | keeps A ${kind} | keeps H ${kind} | H: 98 to 0 | keeps L ${kind} | L: 3 to 7`);
  expect(after('keeps onReset', 'power')).toBe('11,0,7,0 | A: 99 to 11 | H: 98 to 0 | L: 3 to 7 | onReset power');
  expect(after('resets', 'system')).toBe('11,0,3,0 | A: 99 to 11 | H: 98 to 0');
});
it('a model’s masks, reset values, timers and events are its own; without a model there are none', () => {
  const of = (parts: string, modelled?: RegisterModel['modelled'] | null) => {
    const { block, state } = blockOf(parts, modelled);
    const registers = block.layout.registers.map(
      (r) => `${r.name}${block.isModelled(r) ? '' : '-'} ${hex(block.writableMask(r))} ${hex(block.resetValue(r))}`,
    );
    return [registers.join(', '), [...state.regs].map(hex).join(), block.background.join(), block.busMaster];
  };
  expect(of('')).toEqual(['A ff00ff 11, H ffff 0, L- f 7, X- ffffffff 0', '11,0,7,0', '', false]);
  expect(of('', 'all')[0]).toBe('A ff00ff 11, H ffff 0, L f 7, X ffffffff 0');
  expect(of('', null)[0]).toBe('A- ff00ff 11, H- ffff 0, L- f 7, X- ffffffff 0');
  expect(of('writable resets background busMaster')).toEqual(['A ff00ff 11, H f0f 0, L- f 3, X- ffffffff 0', '11,0,3,0', 't', true]);
  const { block, state, told } = blockOf('program guardRead drives onTimer onWire onClock onGate');
  expect(told(block.programMemory(state, ENV, FLASH, 2, -1))).toBe(`0 | program ${FLASH} 2 ffffffff`);
  expect(told(block.guardRead(state, ENV, FLASH, 2, 9, true))).toBe(`5 | guard ${FLASH} 2 9 true`);
  expect(told(block.drives(state, ENV)?.map((w) => w.name))).toBe('test.driven | drives');
  block.onTimer(state, ENV, 't');
  block.onWire(state, ENV, wire('test.driven'), 2);
  block.onClock(state, ENV, 'hclk');
  block.onGate(state, ENV, true);
  expect(told('')).toBe(' | onTimer t | onWire test.driven 2 | onClock hclk | onGate true');
  const bare = blockOf('');
  expect([bare.block.programMemory(bare.state, ENV, FLASH, 2, 1), bare.block.guardRead(bare.state, ENV, FLASH, 2, 9, true), bare.block.drives(bare.state, ENV)]).toEqual([BUS_ERROR, 9, null]); // prettier-ignore
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
  expect([layout.has('A'), layout.has('Q'), layout.at(-4), layout.at(7), layout.at(6)?.name]).toEqual([true, false, undefined, undefined, 'L']); // prettier-ignore
});
