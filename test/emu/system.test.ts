/**
 * A chip without cores whose blocks do what is written to them: what random programs of accesses, wires, clocks, timers, gates and resets make of it, beside what they made of it before
 * (each-access.txt): by step its kind and a digest of all that was told. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { expect, it } from 'vitest';
import type { BlockRow, ChipDescription, MemoryRow } from '../../src/emu/chip.ts';
import type { ResetCause, ResetKind } from '../../src/emu/component.ts';
import type { BlockFacts, Register, RegisterContext, RegisterModel } from '../../src/emu/registers.ts';
import type { Block, SystemListener, System } from '../../src/emu/system.ts';
import { wire } from '../../src/emu/wires.ts';
import { digest } from '../digest.ts';
import { expectAsBefore } from './core/golden-file.ts';
import { BriefSystem } from '../brief.ts';

const RAM = 0x20000000;
const FLASH = 0x08000000;
const ROM = 0x1fff0000;
const GATED = 0x10000000;
const GUARDED = 0x30000000;
const RCC = 0x40000000;
const BLOCKS = 0x40010000;
const plain = (name: string, offset: number) => ({ name, offset, size: 4 as const, reset: 0, writable: 0xffffffff, fields: [] });
const bitsOf = (names: readonly string[]) => names.map((name, bit) => ({ name, bit, width: 1 }));
const PINNED = [{ name: 'LOW', bit: 0, width: 4 }, { name: 'HIGH', bit: 9, width: 3 }]; // prettier-ignore
const NAMES = ['P', 'Q', 'S', 'F'];
const FACTS: Readonly<Record<string, BlockFacts>> = {
  RCC: {
    name: 'RCC',
    registers: [
      { ...plain('ENR', 0), reset: 9, fields: bitsOf([...NAMES, 'RAM', 'WALL']) },
      { ...plain('RSTR', 4), fields: bitsOf(NAMES) },
      plain('X', 8),
    ],
  },
  ANY: {
    name: 'ANY',
    registers: [
      plain('ACT', 0),
      { ...plain('D', 4), reset: 0x1234, fields: PINNED },
      { ...plain('H', 8), size: 2 },
      { ...plain('I', 10), size: 2, fields: PINNED },
      plain('U', 12),
    ],
  },
};
const ACTIONS = 20;
interface State {
  acts: number;
}
type Context = RegisterContext<State>;
const W = wire('test.system.w');
const V = wire('test.system.v');
const TOTAL = wire('test.system.total');

/** Each number written to ACT is something that a block can do with its chip. */
function acts({ env, s }: Context, action: number, value: number): unknown {
  s.acts++;
  const clock = value & 1 ? 'fast' : 'slow';
  const timer = value & 1 ? 'a' : 'b';
  const at = (value & 2 ? FLASH : value & 4 ? GATED : RAM) + (value & 0xfc);
  const doing: readonly (() => unknown)[] = [
    () => env.arm(timer, value & 8 ? Infinity : env.now() + (value % 50) - 5),
    () => env.disarm(timer),
    () => env.due(timer),
    () => env.irq(value & 1, (value & 2) !== 0, value & 4 ? (value >>> 3) & 1 : undefined),
    () => env.irq(5, true),
    () => env.setClock(clock, value & 6 ? { num: ((value >>> 3) & 7) * 1e9 + 1e9, den: 1 + (value & 2) } : null),
    () => [env.clockCount(clock), env.clockTimeOf(clock, env.clockCount(clock) + (value & 7)), env.clockRate(clock)],
    () => env.setWire(value & 1 ? W : V, value & 6),
    () => [env.wire(W), env.wire(V), env.total(TOTAL), env.total(W)],
    () => [env.clocked(), env.master(), env.name],
    () => [env.parameter('one'), env.parameter('two'), env.parameter('none'), env.parameter('gone')],
    () => env.requestReset('iwdg'),
    () => env.note('kind', `note ${value & 3}`),
    () => env.busRead(at, 4),
    () => env.busRead(0x60000000, 1),
    () => env.busWrite(at, value & 8 ? 1 : 4, value),
    () => env.pokeMemory('FLASH', value & 0x7f, Uint8Array.of(1, 2, value & 0xff), (value & 1) !== 0),
    () => [...env.peekMemory('RAM', value & 0x7f, 5)],
    () => env.setWire(wire('test.system.shows'), value & 3),
    () => env.setWire(wire('test.system.open'), value & 1),
  ];
  return doing[action % ACTIONS]!();
}
const told = (log: string[], what: string, value: unknown): void => void log.push(`${what} ${JSON.stringify(value)}`);
const model = (log: string[], backup: boolean): RegisterModel<State> => ({
  modelled: ['ACT', 'D'],
  timers: ['a', 'b'],
  background: ['b'],
  wires: [W],
  clocks: ['fast'],
  create: () => ({ acts: 0 }),
  ...(backup ? { keeps: (r: Register, kind: ResetKind) => kind === 'system' && r.name === 'D' } : {}),
  onTimer: (c, timer) => {
    told(log, `${c.env.name} timer ${timer}`, c.env.now());
    acts(c, c.regs[1]! % 13, c.regs[2]!);
  },
  onWire: (c, w, value) => told(log, `${c.env.name} wire ${w.name}`, value),
  onClock: (c, clock) => told(log, `${c.env.name} clock`, clock),
  onGate: (c, on) => told(log, `${c.env.name} gate`, on),
  onReset: (c, kind) => told(log, `${c.env.name} reset`, kind),
  wrote: (c, r, value) => r.name === 'ACT' && told(log, `${c.env.name} acts`, acts(c, value & 0xff, value >>> 8) ?? null),
  program: (c, address, size, value) => (told(log, `${c.env.name} programs`, [address, size, value]), value & 1 ? -1 : 0),
  guardRead: (c, address, size, value, through) => (told(log, `${c.env.name} guards`, [address, size, value, through]), value & 3 ? value : -1),
}); // prettier-ignore
const memory = (name: string, base: number, kind: MemoryRow['kind'], over: Partial<MemoryRow> = {}): MemoryRow => ({ name, base, size: 0x100, kind, zone: 'user', ...over }); // prettier-ignore
const block = (n: number, over: Partial<BlockRow> = {}): BlockRow => ({ name: NAMES[n]!, facts: 'ANY', model: 'acting', base: BLOCKS + n * 0x100, size: 0x40, clock: `ENR.${NAMES[n]}`, reset: `RSTR.${NAMES[n]}`, ...over }); // prettier-ignore
const core = (name: string) => ({ name, type: 'cortex-m4f' as const, nvicLines: 8, priorityBits: 4, mpuRegions: 8, clock: 'fast', sysTickClock: null }); // prettier-ignore
const chip = (cores: number, see: boolean): ChipDescription => ({
  name: 'MADE',
  family: 'made',
  line: 'made',
  rcc: 'RCC',
  clocks: ['fast', 'slow'],
  parameters: { one: { value: 1, source: '', confidence: 'assumed' }, gone: { value: 2, source: '', confidence: 'assumed' } },
  facts: FACTS,
  cores: ['c0', 'c1'].slice(0, cores).map(core),
  memories: [
    memory('FLASH', FLASH, 'flash', { programmedBy: 'F', aliases: [0x0a000000] }),
    memory('ROM', ROM, 'rom', { zone: 'systemMemory' }),
    memory('RAM', RAM, 'ram', { size: 0x2010 }),
    memory('GATED', GATED, 'ram', { gate: { clock: 'ENR.RAM' } }),
    memory('WALLED', GATED + 0x1000, 'ram', { gate: { clock: 'ENR.RAM', writable: 'test.system.open' } }),
    memory('GUARDED', GUARDED, 'flash', { guardedBy: 'F' }),
    ...(cores > 1 ? ['c0', 'c1'].map((name) => memory(`TCM.${name}`, 0x24000000, 'ram', { core: name, size: name === 'c0' ? 0x100 : 0x80 })) : []), // prettier-ignore
  ],
  blocks: [
    block(0, { irqs: [3, 4], unclocked: [4] }),
    { name: 'RCC', model: null, base: RCC, size: 0x10 },
    block(1, { irqs: [3], backup: true, readsUnclocked: true }),
    block(2, { irqs: [4, 3], worksInStandby: true, seesInterrupts: see, windows: [{ base: BLOCKS + 0x1000, size: 0x10 }] }),
    block(3, { ...(cores > 1 ? { core: 'c1' } : {}), irqs: [6], size: 0x10 }),
  ],
  remap: { base: 0, wire: 'test.system.shows', shows: { 0: 'FLASH', 1: 'ROM', 2: 'RAM' } },
});

function random(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}
const spots = [RAM, RAM + 0x200c, RAM + 0x2010, FLASH, FLASH + 0xfe, ROM, GATED, GATED + 0x1000, GUARDED, 0, 0x0a000000, 0x24000000, 0x24000090, 0x60000000, RCC, RCC + 4, BLOCKS + 0x1004]; // prettier-ignore

class Life {
  readonly log: string[] = [];
  readonly system: System;
  private readonly next: (below: number) => number;
  private readonly slot: number;
  private saved: ReturnType<System['save']> | null = null;

  constructor(seed: number) {
    this.next = random(seed);
    const models = { acting: (_: unknown, options: { block?: string }) => model(this.log, options.block === 'Q') };
    const made = chip(1 + (seed % 2), seed % 3 === 0);
    this.system = new BriefSystem(made, models, { two: 22, gone: NaN });
    const { system, log } = this;
    system.listener = this.listener();
    system.totals.set(TOTAL, () => 17);
    this.slot = system.addTimer('outside', () => told(log, 'outside', system.now), seed % 2 === 0);
    system.setClock('fast', { num: 1e9, den: 1 });
    for (const { host, row } of system.memories) for (let i = 0; i < row.size; i++) system.arena.u8[host + i] = i * 7 + host;
  }
  private listener(): SystemListener {
    const { log } = this;
    return {
      irq: (...a) => told(log, 'irq', a),
      reset: (by: ResetCause, from) => told(log, 'asks', [by, from]),
      note: (...a) => told(log, 'note', a),
      changed: (b, r, old, value) => told(log, 'changed', [b, r.name, old, value]),
      unmodelled: (...a) => told(log, 'unmodelled', a),
      unclocked: (...a) => told(log, 'unclocked', a),
      clock: (name) => told(log, 'clock', name),
      wire: (name, value) => told(log, 'wire', [name, value]),
      gated: () => told(log, 'gated', 0),
      memoryChanged: (m, ...a) => told(log, 'memory', [m.row.name, ...a]),
      busRead: (address) => told(log, 'bus read', address),
      busWritten: (...a) => told(log, 'bus written', a),
    };
  }
  private readonly steps: Readonly<Record<string, () => unknown>> = {
    act: () => {
      const { next, system } = this;
      return system.write(BLOCKS + 0x100 * next(4), 4, next(ACTIONS) | (next(0x1000) << 8));
    },
    access: () => {
      const { next, system } = this;
      const size = [1, 2, 4][next(3)]!;
      const at = (next(2) ? spots[next(spots.length)]! : BLOCKS + 0x100 * next(4) + 4 * next(4)) + (next(4) & (4 - size));
      if (next(2)) return [at, system.read(at, size)];
      return [at, system.write(at, size, next(2 ** 31) * 2 + next(2)), system.read(at, size)];
    },
    gate: () => this.system.write(RCC, 4, this.next(64)),
    pulse: () => [this.system.write(RCC + 4, 4, this.next(16)), this.system.write(RCC + 4, 4, this.next(3) ? 0 : this.next(16))],
    wait: () => this.system.fireDue(this.system.now + this.next(40)),
    background: () => this.system.fireBackground(this.system.now + this.next(40)),
    outside: () => this.system.scheduler.arm(this.slot, this.system.now + this.next(40)),
    pin: () => {
      const { next, system } = this;
      const [name, at] = [NAMES[next(3)]!, BLOCKS + 0x100 * next(3)];
      if (next(2)) system.force(name, next(2) ? 'D' : 'I', next(2) ? 'LOW' : 'HIGH', next(16));
      return [system.pins, ...[4, 8, 10].map((o) => system.read(at + o, 2)), ...[5, 11].map((o) => system.read(at + o, 1)), system.read(at + 4, 4)]; // prettier-ignore
    },
    reset: () => {
      const { next, system } = this;
      if (next(2)) return system.resetBlock(system.blocks[next(5)]!, (['gate', 'system', 'backup', 'power'] as const)[next(4)]!);
      return system.resetBlocks((['system', 'backup', 'power'] as const)[next(3)]!, next(2) === 0);
    },
    faults: () => {
      const { next, system } = this;
      const base = RAM + next(64);
      system.setFaultRanges([{ base, size: 8 }, { base: base + 32, size: 1 }]); // prettier-ignore
      const at = RAM + next(100);
      return [system.isFaulting(base), system.isFaulting(base + 8), system.isFaulting(at), system.faultsIn(at, at + 4), system.faultsIn(base + 8, base + 32), system.faultsIn(base - 4, base)]; // prettier-ignore
    },
    parameter: () => {
      const { next, system } = this;
      system.setParameter(['one', 'three'][next(2)]!, next(3) === 0 ? NaN : next(9));
      return ['one', 'two', 'three', 'gone'].map((name) => system.parameter(name) ?? null);
    },
    master: () => (this.system.master = this.next(2)),
    map: () => {
      const { system } = this;
      return [
        [0, 1].map((c) => system.regionsOf(c).map((r) => [r.base, r.end, r.memory?.row.name ?? r.block?.row.name])),
        system.memories.map((m) => [m.row.name, m.guarded, system.basesOf(m), system.basesOf(m, 1)]),
        spots.map((at) => system.regionAt(at, 1)?.memory?.row.name ?? null),
        system.remapped()?.row.name,
        system.blocks.map((b: Block) => [system.hasArmedTimer(b), system.isClocked(b), [0, 4, 8].map((o) => system.answersReads(b, o))]),
        [0, 1, 2, 8, 99].map((slot) => system.ownerOf(slot)?.row.name ?? null),
        [W, V].map((w) => system.followersOf(w).map((b) => b.row.name)),
        [system.registerName(system.block('P'), BLOCKS + 9), system.registerName(system.block('P'), BLOCKS + 0x20)],
        [system.layoutOf('P')?.facts.name, system.layoutOf('none') ?? null, system.findBlock('none') ?? null],
        [system.wire('test.system.w'), system.wire('test.system.unheard'), system.level(V)],
        [digest([...system.memoryBytes('RAM')].join()), digest([...system.memoryBytes('FLASH')].join())],
        system.memories.map((m) => [...system.arena.u8.subarray(system.arena.wordMap + (m.host >>> 2), system.arena.wordMap + (m.host >>> 2) + 64)].join('')), // prettier-ignore
      ];
    },
    write: () => {
      const { next, system } = this;
      system.setWire(['test.system.w', 'test.system.shows', 'test.system.v'][next(3)]!, next(4));
      return system.setClock(next(2) ? 'fast' : 'slow', next(3) ? { num: 1e9 * (1 + next(4)), den: 1 } : null);
    },
    face: () => {
      const { next, system } = this;
      const b = system.block(NAMES[next(4)]!);
      const c = system.contextOf<State>(b);
      c.put(b.layout.reg('D'), next(0x10000) - 1);
      return [c.s.acts, c.get(b.layout.reg('D')), c === system.contextOf(b)];
    },
    save: () => {
      this.saved = this.system.save();
      return [...this.saved.due].join() + JSON.stringify([[...this.saved.registers], this.saved.models, this.saved.clocks, this.saved.now, this.saved.parameters]); // prettier-ignore
    },
    restore: () => this.saved && this.system.restore(this.saved),
  };
  step(): string {
    const kinds = Object.keys(this.steps);
    const n = this.next(2 * kinds.length);
    const kind = kinds[n < kinds.length ? n : n % 5]!;
    const { configuration } = this.system;
    const answer = this.steps[kind]!();
    told(this.log, 'answer', [answer ?? null, this.system.now, this.system.configuration - configuration]);
    return `${kind} ${digest(this.log.splice(0).join('\n')).slice(0, 3)}`;
  }
}

it('random programs of a chip come to what they came to', () => {
  const lines = Array.from({ length: 24 }, (_, i) => {
    const life = new Life(0x9e3779b1 * (i + 1));
    const line = Array.from({ length: 150 }, () => life.step()).join(', ');
    life.system.arena.release();
    return line;
  });
  expectAsBefore(lines, new URL('./each-access.txt', import.meta.url));
});

it('what a chip does not have is said by name', () => {
  const { system } = new Life(1);
  expect(() => system.block('none')).toThrow('MADE has no block none');
  expect(() => system.clock('none')).toThrow('MADE has no clock none');
  expect(() => system.memoryBytes('none')).toThrow('MADE has no memory none');
  for (const [at, n] of [[-1, 1], [0, 0x101], [0x100, 1]] as const) expect(() => system.pokeMemory('FLASH', at, new Uint8Array(n))).toThrow('no bytes'); // prettier-ignore
  expect(() => system.pokeMemory('FLASH', 0, new Uint8Array(0x100))).not.toThrow();
  const made = chip(1, false);
  const build = (over: Partial<ChipDescription>) => () => new BriefSystem({ ...made, ...over }, { acting: () => model([], false) });
  expect(build({ facts: {} })).toThrow('no register facts ANY');
  expect(build({ clocks: ['slow'] })).toThrow('P listens to an unknown clock fast');
  expect(build({ blocks: [{ ...made.blocks[0]!, model: 'none' }] })).toThrow('P asks for an unknown model none');
  expect(build({ memories: [...made.memories, memory('TWICE', RAM + 0x200f, 'ram')] })).toThrow('RAM and TWICE overlap at 0x2000200f');
  expect(build({ memories: [...made.memories, memory('NEXT', RAM + 0x2010, 'ram')] })).not.toThrow();
});
