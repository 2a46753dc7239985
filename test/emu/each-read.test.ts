/** What a loop may read: how long a read of each address stays as it is, and what of a loop's reads, code and cache rows is found to have changed when one thing has. The machine says what is right: it goes on, or reads again. */
import { expect, it } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { Core } from '../../src/emu/core/core.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { devicesAsFound, isAsFound, loopHolds, movedReads, placesOf, readIsSteady, sameCode, steadyUntil, type Loop, type SteadyRead } from '../../src/emu/proofs/steady.ts'; // prettier-ignore
import type { RegisterModel } from '../../src/emu/registers.ts';
import { FLASH, MAIN, PS_PER_CYCLE, RAM, started, type CoreName } from './core/bare-machine.ts';

const BLOCK = 0x40000000;
const OFF = 0x40001000;
const BARE = 0x40002000;
const RCC = 0x40003000;
const CCM = 0x10000000;
const PRIVATE = 0xe0000000;
/** TIME follows a clock, HELD does for a while, SEEN changes as it is read, DATA is what was written. */
const model: RegisterModel = {
  modelled: ['TIME', 'HELD', 'SEEN', 'DATA'],
  create: () => ({}),
  live: ['TIME', 'HELD', 'SEEN'],
  read: (c, r, value) => (r.name === 'TIME' ? c.env.clockCount('ext') & 0xffff : r.name === 'HELD' ? (c.env.clockCount('ext') >>> 12) & 0xff : value),
  holds: (c, r) => (r.name === 'TIME' ? c.env.clockTimeOf('ext', c.env.clockCount('ext') + 1) : r.name === 'HELD' ? c.env.clockTimeOf('ext', ((c.env.clockCount('ext') >>> 12) + 1) << 12) : r.name === 'SEEN' ? 0 : Infinity),
}; // prettier-ignore
const fact = (name: string, offset: number) => ({ name, offset, size: 4 as const, reset: 3, writable: 0xffffffff, fields: [{ name: 'EN', bit: 4, width: 1 }] }); // prettier-ignore
const REGISTERS = ['TIME', 'HELD', 'SEEN', 'DATA'].map((name, i) => fact(name, 4 * i));
const CHIP: Partial<ChipDescription> = {
  facts: { B: { name: 'B', registers: REGISTERS }, RCC: { name: 'RCC', registers: [fact('ENR', 0)] } },
  blocks: [
    { name: 'RCC', model: null, base: RCC, size: 0x10 },
    { name: 'B', model: 'made', base: BLOCK, size: 0x20 },
    { name: 'OFF', facts: 'B', model: 'made', base: OFF, size: 0x20, clock: 'ENR.EN' },
    { name: 'BARE', facts: 'B', model: null, base: BARE, size: 0x20 },
  ],
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: 0x9000, kind: 'ram', zone: 'user' },
    { name: 'CCM', base: CCM, size: 0x100, kind: 'ram', zone: 'user', gate: { clock: 'ENR.EN' } },
  ],
};
const CACHED: Partial<ChipDescription> = {
  ...CHIP,
  flashCache: { value: { lineBytes: 8, rowBytes: 16, codeRows: 8, dataRows: 3 }, source: 'test', confidence: 'assumed' },
};
const SYST = 0xe000e010;
const ADDRESSES = [
  FLASH, FLASH + 0x7ffc, FLASH + 0x8000, RAM, RAM + 0x8ffc, RAM + 0x9000, 0x22000000, CCM, CCM + 0xfc, CCM + 0x100,
  ...[BLOCK, OFF, BARE].flatMap((base) => [0, 4, 8, 12, 16, 28, 32].map((at) => base + at)), RCC, RCC + 4, 0x50000000,
  PRIVATE - 4, PRIVATE, 0xe0000ffc, 0xe0001000, 0xe0001004, 0xe000101c, 0xe0001020, 0xe000e00c, SYST, SYST + 4, SYST + 8, SYST + 12, SYST + 16, 0xe000ed04, 0xe00fe010,
]; // prettier-ignore
const MACHINES: readonly (readonly [CoreName, (cpu: Core) => void])[] = [
  ['m4', (cpu) => cpu.caches.setFlashTiming({ waitStates: 5, cache: false, sets: 256, ways: 2, kinds: 3 })],
  ['m33', (cpu) => cpu.caches.setFlashTiming({ waitStates: 5, cache: true, sets: 256, ways: 2, kinds: 0 })],
  ['m7', (cpu) => cpu.write(0xe000ed14, 4, 0x50200)],
];
const bench = (core: CoreName, set: (cpu: Core) => void): { machine: Machine; cpu: Core } => {
  const made = started(core, { [MAIN]: [0x2020, 0x0600, 0x6801, 0x6842, 0x4b00, 0xe7fb] }, {}, core === 'm4' ? CACHED : CHIP, { made: () => model }); // prettier-ignore
  made.machine.skipping = false;
  set(made.cpu);
  made.machine.run(3000 * PS_PER_CYCLE);
  return made;
};
const hex = (n: number): string => (n >>> 0).toString(16);

const STATES: readonly (readonly [string, (b: { machine: Machine; cpu: Core }) => void])[] = [
  ['out of reset', () => {}],
  ['clocked', ({ machine }) => machine.system.write(RCC, 4, 0x13)],
  ['SysTick runs', ({ cpu }) => [SYST + 4, SYST + 8, SYST].forEach((at, i) => cpu.write(at, 4, [999, 0, 5][i]!))],
  ['SysTick has come to zero', ({ machine }) => void machine.run(machine.now + 1500 * PS_PER_CYCLE)],
  ['COUNTFLAG was read', ({ cpu }) => void cpu.read(SYST, 4)],
  ['nothing holds', ({ machine }) => machine.withoutShortcuts(['held-reads'])],
];
/** It stands while TRCENA is 0, which its core alone knows. */
const CYCCNT = 0xe0001004;
/** What never stays: where nothing answers, what counts by itself or is otherwise behind its own read. */
const NEVER = [FLASH + 0x8000, RAM + 0x9000, 0x22000000, CCM + 0x100, BLOCK + 8, BLOCK + 32, OFF + 32, BARE + 32, 0x50000000, PRIVATE - 4, 0xe0001000, 0xe000101c, SYST + 4, SYST + 8, SYST + 12]; // prettier-ignore
/** And of these only some in each state. */
const NOT_YET: Readonly<Record<string, readonly number[]>> = {
  'out of reset': [CCM, CCM + 0xfc],
  clocked: [OFF + 8],
  'SysTick runs': [OFF + 8],
  'SysTick has come to zero': [OFF + 8, SYST],
  'COUNTFLAG was read': [OFF + 8],
  'nothing holds': [OFF + 8, BLOCK, BLOCK + 4, OFF, OFF + 4],
};
it.each(MACHINES)('%s: a read stays as it is until just before the time that is said, and is otherwise then', (core, set) => {
  const { machine, cpu } = bench(core, set);
  for (const [name, change] of STATES) {
    change({ machine, cpu });
    const until = ADDRESSES.map((address) => steadyUntil(cpu, machine.system, address));
    const cycles = until.map((at) => cpu.cyclesUntil(at));
    expect(ADDRESSES.filter((_, i) => until[i] === 0), name).toEqual(ADDRESSES.filter((a) => [...NEVER, ...NOT_YET[name]!].includes(a))); // prettier-ignore
    ADDRESSES.forEach((address, i) =>
      expect(readIsSteady(machine.system, address), `${name} ${hex(address)}`).toBe(
        until[i] === Infinity && address !== SYST && address !== CYCCNT,
      ),
    );
    // executed round by round: at each of those times, just before it, and long behind
    const start = machine.save();
    const from = machine.now;
    const value = (address: number): number | null => (address >= PRIVATE ? cpu.peek(address, 4) : machine.system.read(address, 4));
    const values = ADDRESSES.map(value);
    const times = [...new Set(cycles.filter((n) => n > 0 && n < 40_000))].sort((x, y) => x - y);
    for (const time of [...times.flatMap((n) => [n - 4, n + 4]), 40_000]) {
      machine.run(from + time * PS_PER_CYCLE);
      ADDRESSES.forEach((address, i) => {
        if (until[i] === 0) return;
        const now = value(address);
        if (time < cycles[i]!) expect(now, `${name} ${hex(address)} at ${time}`).toBe(values[i]);
        else if (time === cycles[i]! + 4) expect(now, `${name} ${hex(address)} at ${time}`).not.toBe(values[i]);
      });
    }
    machine.restore(start);
  }
  machine.release();
});

const READS: readonly (readonly [number, 1 | 2 | 4])[] = [
  [RAM + 8, 4], [RAM + 16, 4], [RAM + 18, 2], [RAM + 21, 1], [RAM + 25, 4], [RAM + 0x8ffc, 4], [RAM + 0x8ffe, 4], [0x22000200, 4], [CCM + 4, 4],
  [BLOCK + 12, 4], [BLOCK + 12, 2], [BLOCK + 13, 1], [BLOCK + 4, 4], [BLOCK + 0x1e, 4], [OFF + 12, 4], [BARE + 8, 4], [SYST + 4, 4], [0xe000ed08, 4], [0x60000000, 4],
]; // prettier-ignore
/** What may have changed, and nothing. */
const CHANGES: readonly (readonly [string, (b: { machine: Machine; cpu: Core }) => unknown])[] = [
  ['nothing', () => {}],
  ...[8, 16, 18, 20, 21, 22, 24, 28, 0x8ffc].map((at) => [`RAM + ${hex(at)}`, ({ machine }: { machine: Machine }) => machine.system.write(RAM + at, 1, 0xee)] as const),
  ['two words', ({ machine }) => [8, 16].forEach((at) => machine.system.write(RAM + at, 4, 0x12345678))],
  ['DATA', ({ machine }) => machine.system.write(BLOCK + 12, 4, 0x70000)],
  ['its low byte', ({ machine }) => machine.system.write(BLOCK + 12, 4, 4)],
  ['its sign', ({ machine }) => machine.system.write(BLOCK + 12, 4, 0x80000003)],
  ['HELD', ({ machine }) => machine.run(machine.now + 33_000 * PS_PER_CYCLE)],
  ['clocks', ({ machine }) => machine.system.write(RCC, 4, 0x13)],
  ['BARE', ({ machine }) => machine.system.write(BARE + 8, 4, 9)],
  ['SysTick', ({ cpu }) => cpu.write(SYST + 4, 4, 9)],
  ['VTOR', ({ cpu }) => cpu.write(0xe000ed08, 4, 0x08000200)],
  ['the cached word', ({ cpu }) => [cpu.read(RAM + 8, 4), cpu.write(RAM + 8, 4, 77)]],
]; // prettier-ignore
/** The loop that a core is in, as far as what it reads and where it runs. */
const loopOf = (cpu: Core, reads: readonly SteadyRead[]): Loop =>
  ({ reads, always: null, places: null, pc: cpu.pc, cycles: 10, instructions: 5, cacheHits: 0, cacheChanges: cpu.caches.cacheChanges(), codeVersion: cpu.codeVersion, dataRows: null, dataMisses: cpu.caches.dataMisses(), branchTargets: null, counts: [], ordered: false, use: null, state: cpu.stateWords() }); // prettier-ignore
const readsOf = (cpu: Core): SteadyRead[] => READS.map(([address, size]) => ({ address, size, value: (cpu.peek(address, size) ?? 0) >>> 0 })); // prettier-ignore
const isMemory = (address: number): boolean => (address >= RAM && address < RAM + 0x9000) || (address >= CCM && address < CCM + 0x100);
const isWord = ({ address, size }: SteadyRead): boolean =>
  isMemory(address) && size === 4 && address % 4 === 0 && address + 4 <= RAM + 0x9000;
it.each(MACHINES)('%s: what has moved of a loop’s reads is what reads otherwise now', (core, set) => {
  const { machine, cpu } = bench(core, set);
  const start = machine.save();
  const dataCache = core === 'm7';
  for (const [name, change] of CHANGES) {
    machine.restore(start);
    const all = readsOf(cpu);
    // each alone, all, and those that are whole words
    const loops = [...all.map((r) => [r]), all, all.slice(0, 2), all.filter(({ size }) => size === 4)].map((reads) => loopOf(cpu, reads));
    for (const l of loops) placesOf(cpu, l);
    const { cacheChanges } = loops[0]!;
    change({ machine, cpu });
    const differs = (r: SteadyRead): boolean => (cpu.peek(r.address, r.size) ?? 0) >>> 0 !== r.value;
    for (const l of loops) {
      const text = `${name}: ${l.reads.map((r) => `${hex(r.address)}.${r.size}`).join(' ')}`;
      const now = { ...l, cacheChanges: l.cacheChanges + (cpu.caches.cacheChanges() - cacheChanges) };
      const moved = l.reads.filter(differs);
      expect(movedReads(cpu, now), text).toEqual(dataCache || moved.every(isWord) ? moved : null);
      expect(devicesAsFound(cpu, now), text).toBe(moved.every((r) => isMemory(r.address) && (r.size < 4 || r.address + 4 <= RAM + 0x9000)));
      expect(isAsFound(cpu, now), text).toBe(moved.length === 0);
      const until = l.reads.map((r) => steadyUntil(cpu, machine.system, r.address));
      expect(loopHolds(cpu, machine.system, now), text).toBe(Math.min(Infinity, ...until));
      // of these blocks what stays for long stays in any state
      expect(now.always, text).toEqual(
        until.every((n) => n === Infinity) ? { configuration: machine.system.configuration, sysTick: false } : null,
      );
    }
  }
  machine.release();
});
it('a loop’s reads are kept by where they lie', () => {
  const { machine, cpu } = bench(...MACHINES[0]!);
  const { words, memory, stored, registers, rest } = placesOf(cpu, loopOf(cpu, readsOf(cpu)));
  expect([words.length, memory.length, stored.length, registers.length, rest.length]).toEqual([3, 3, 1, 5, 7]);
  expect(stored[0]!.block.row.name).toBe('BARE');
  machine.release();
});

it('code and cache rows are the same where nothing, or only what comes back, has changed', () => {
  const { machine, cpu } = bench(...MACHINES[0]!);
  const loop = loopOf(cpu, []);
  const rows = cpu.caches.dataRows()!;
  const use = cpu.caches.rowsUsed(cpu.get(S.TOUCHES) - 20)!;
  expect(rows.length).toBeGreaterThan(1);
  const other = rows.map((row, i) => row + Number(i === rows.length - 1));
  const is = (over: Partial<Loop>): boolean => sameCode(cpu, { ...loop, ...over });
  const { cacheChanges, dataMisses, codeVersion } = loop;
  const more = { cacheChanges: cacheChanges - 3, dataMisses: dataMisses - 3 };
  expect(
    [{}, { codeVersion: codeVersion + 1 }, { cacheChanges: cacheChanges + 1 }, more, { ...more, dataRows: rows }, { ...more, dataRows: rows.slice() }, { ...more, dataRows: other }, { ...more, dataRows: rows.slice(1) }, { ...more, dataRows: new Int32Array(0) }, { ...more, dataMisses: dataMisses - 2, dataRows: rows }, { cacheChanges: 0, use }, { cacheChanges: 0, use, codeVersion: codeVersion - 1 }].map(is),
  ).toEqual([true, false, false, false, true, true, false, false, false, false, true, false]); // prettier-ignore
  cpu.caches.flushFlashCache(true, true);
  expect([is({}), is({ use })]).toEqual([false, false]);
  machine.release();
});
