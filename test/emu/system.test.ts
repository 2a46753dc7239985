/** A chip whose cores do nothing and whose blocks do what is written to them: its map, memories, gates, resets, wires, clocks, timers and interrupts. */
import { expect, it } from 'vitest';
import type { BlockRow, ChipDescription, MemoryRow } from '../../src/emu/chip.ts';
import { BUS_ERROR, type ResetKind } from '../../src/emu/component.ts';
import type { Rate } from '../../src/emu/time.ts';
import type { BlockFacts, Register, RegisterContext, RegisterModel } from '../../src/emu/registers.ts';
import type { SystemListener, System } from '../../src/emu/system.ts';
import { wire } from '../../src/emu/wires.ts';
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
const NAMES_OF_ACTIONS = [
  'arm',
  'disarm',
  'due',
  'irq',
  'irq of no line',
  'clock',
  'counts',
  'drive',
  'wires',
  'who',
  'parameters',
  'reset',
  'note',
  'bus read',
  'bus read of nothing',
  'bus write',
  'poke',
  'peek',
  'map',
  'open',
];
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
  return doing[action]!();
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

/** A chip out of reset, its blocks clocked unless `clocks` says otherwise, and what it has told since it was asked last. */
function made({ cores = 1, see = false, clocks = 0x3f } = {}) {
  const log: string[] = [];
  const models = { acting: (_: unknown, options: { block?: string }) => model(log, options.block === 'Q') };
  const system = new BriefSystem(chip(cores, see), models, { two: 22, gone: NaN });
  const tell = (what: string) => (...a: unknown[]) => told(log, what, a); // prettier-ignore
  system.listener = {
    irq: tell('irq'), reset: tell('asks'), note: (...a) => told(log, 'note', a.slice(0, 3)), unmodelled: tell('unmodelled'), unclocked: tell('unclocked'), clock: tell('clock'),
    changed: (b, r, old, value) => told(log, 'changed', [b, r.name, old, value]),
    wire: (name, value) => told(log, 'wire', [name, value]),
    gated: () => told(log, 'gated', 0),
    memoryChanged: (m, ...a) => told(log, 'memory', [m.row.name, ...a.map((x) => (x instanceof Uint8Array ? [...x] : x))]),
    busRead: tell('bus read'), busWritten: tell('bus written'),
  } as SystemListener; // prettier-ignore
  system.setClock('fast', { num: 1e9, den: 1 });
  system.write(RCC, 4, clocks);
  log.length = 0;
  const since = (): string[] => log.splice(0).filter((line) => !/^(changed|unmodelled)/.test(line));
  /** Block `n` does something (ACTIONS), and what it was answered, and told. */
  const act = (n: number, action: string, value = 0): [unknown, ...string[]] => {
    system.write(BLOCKS + 0x100 * n, 4, NAMES_OF_ACTIONS.indexOf(action) | (value << 8));
    const lines = since();
    const at = lines.findIndex((line) => line.startsWith(`${NAMES[n]} acts`));
    const [answer] = lines.splice(at, 1);
    return [JSON.parse(answer!.slice(7)) as unknown, ...lines];
  };
  return { system, log, since, act };
}
const counted = (system: System, change: () => unknown): number => {
  const { configuration } = system;
  change();
  return system.configuration - configuration;
};

it('an address is that of one memory or block, for each core, and an access that goes beyond it is none', () => {
  const { system } = made({ cores: 2 });
  const at = (address: number, core = 0): string | null => {
    const region = system.regionAt(address, core);
    return region && (region.memory?.row.name ?? region.block!.row.name);
  };
  expect([RAM - 1, RAM, RAM + 0x200f, RAM + 0x2010, FLASH, 0x0a0000ff, ROM, BLOCKS, BLOCKS + 0x3f, BLOCKS + 0x40, BLOCKS + 0x100f, 0x60000000].map((a) => at(a))).toEqual([null, 'RAM', 'RAM', null, 'FLASH', 'FLASH', 'ROM', 'P', 'P', null, 'S', null]); // prettier-ignore
  expect([0x24000090, 0x2400007f].flatMap((a) => [at(a, 0), at(a, 1)])).toEqual(['TCM.c0', null, 'TCM.c0', 'TCM.c1']);
  expect([system.read(RAM + 0x200c, 4), system.read(RAM + 0x200e, 4), system.write(RAM + 0x200f, 2, 1), system.read(0x60000000, 1)]).toEqual([expect.any(Number), BUS_ERROR, BUS_ERROR, BUS_ERROR]); // prettier-ignore
  expect(system.basesOf(system.memories[0]!)).toEqual([0, FLASH, 0x0a000000]);
  expect(system.basesOf(system.memories.at(-1)!, 1)).toEqual([0x24000000]);
  expect([system.registerName(system.block('P'), BLOCKS + 9), system.registerName(system.block('P'), BLOCKS + 0x20)]).toEqual(['H', null]);
  expect([system.layoutOf('P')?.facts.name, system.layoutOf('none'), system.findBlock('none')]).toEqual(['ANY', null, undefined]);
});
it('a wire says which memory shows at 0', () => {
  const { system, since } = made();
  const shown = [1, 2, 3, 0].map((v) => [
    counted(system, () => system.setWire('test.system.shows', v)),
    system.remapped()?.row.name,
    system.regionAt(0)?.end,
  ]);
  expect(shown).toEqual([[1, 'ROM', 0x100], [1, 'RAM', 0x2010], [1, undefined, undefined], [1, 'FLASH', 0x100]]); // prettier-ignore
  expect(since()).toEqual([1, 2, 3, 0].map((v) => `wire ["test.system.shows",${v}]`));
});
it('RAM takes bytes, the lowest first, and says which words were written', () => {
  const { system, since } = made();
  const marks = (at: number): string =>
    [
      ...system.arena.u8.subarray(
        system.arena.wordMap + ((system.memories[2]!.host + at) >>> 2),
        system.arena.wordMap + ((system.memories[2]!.host + at) >>> 2) + 4,
      ),
    ].join('');
  const before = marks(0x40);
  expect([system.write(RAM + 0x44, 4, -2), system.write(RAM + 0x46, 2, 0x12345), system.write(RAM + 0x48, 1, 0x1ff)]).toEqual([0, 0, 0]);
  expect([4, 2, 1].map((size) => system.read(RAM + 0x44, size))).toEqual([0x2345fffe, 0xfffe, 0xfe]);
  expect([system.read(RAM + 0x48, 1), before, marks(0x40)]).toEqual([0xff, '0000', '0110']);
  expect(since()).toEqual(['memory ["RAM",68,4]', 'memory ["RAM",70,2]', 'memory ["RAM",72,1]']);
  system.pokeMemory('RAM', 0x85, Uint8Array.of(1, 2, 3, 4), true);
  system.pokeMemory('RAM', 0x90, Uint8Array.of(9));
  expect([since(), marks(0x80), marks(0x90)]).toEqual([['memory ["RAM",133,4,[1,2,3,4]]', 'memory ["RAM",144,1,null]'], '0110', '1000']);
  expect([...system.memoryBytes('RAM').subarray(0x85, 0x89)]).toEqual([1, 2, 3, 4]);
});
it('a write to flash is its block’s, a guarded read too, and ROM takes none', () => {
  const { system, since } = made();
  expect([system.write(FLASH + 4, 2, 8), system.write(0x0a000008, 4, 9), system.write(ROM, 4, 1)]).toEqual([0, BUS_ERROR, BUS_ERROR]);
  expect(since()).toEqual([`F programs [${FLASH + 4},2,8]`, `F programs [${FLASH + 8},4,9]`]);
  system.pokeMemory('GUARDED', 8, Uint8Array.of(7, 0, 0, 0, 4));
  since();
  expect([system.read(GUARDED + 8, 4), system.read(GUARDED + 12, 1)]).toEqual([7, BUS_ERROR]);
  expect(since()).toEqual([`F guards [${GUARDED + 8},4,7,true]`, `F guards [${GUARDED + 12},1,4,true]`]);
});
it('a memory behind a gate reads 0 and takes nothing without its clock; behind a wall it is written where the wire says so', () => {
  const { system, since } = made({ clocks: 0 });
  system.pokeMemory('GATED', 0, Uint8Array.of(5));
  const tries = (): unknown[] => [GATED, GATED + 0x1000].flatMap((at) => [system.read(at, 1), system.write(at, 1, 6), system.read(at, 1)]);
  const off = tries();
  since();
  expect(counted(system, () => system.write(RCC, 4, 0x10))).toBe(1);
  expect(since()).toEqual(['gated 0']);
  expect([system.memories[3]!.guarded, off, system.read(GATED, 1)]).toEqual([false, [0, 0, 0, 0, 0, 0], 5]);
  expect(tries().slice(0, 3)).toEqual([5, 0, 6]);
  const walled = system.read(GATED + 0x1000, 1);
  system.write(GATED + 0x1000, 1, walled ^ 1);
  expect(system.read(GATED + 0x1000, 1)).toBe(walled);
  system.setWire('test.system.open', 1);
  system.write(GATED + 0x1000, 1, walled ^ 1);
  expect(system.read(GATED + 0x1000, 1)).toBe(walled ^ 1);
});
it('a block without a clock reads 0 and takes nothing, but for registers that need none', () => {
  const { system, since } = made({ clocks: 0 });
  // D of P needs no clock, Q is read without one
  expect([0, 4, 0x100, 0x104, 0x204].map((at) => system.read(BLOCKS + at, 4))).toEqual([0, 0x1234, 0, 0x1234, 0]);
  for (const at of [4, 6, 0x104, 0x204]) system.write(BLOCKS + at, 2, 1);
  const kept = 'note ["guest","P.D takes a write without its clock: RCC.ENR.P is 0","P"]';
  expect(since()).toEqual(['unclocked ["P",0,"read"]', 'unclocked ["S",4,"read"]', kept, kept, 'unclocked ["Q",4,"write"]', 'unclocked ["S",4,"write"]']); // prettier-ignore
  expect([system.read(BLOCKS + 4, 4), [0, 4, 8].map((o) => system.answersReads(system.block('P'), o)), system.isClocked(system.block('RCC'))]).toEqual([0x10001, [false, true, false], true]); // prettier-ignore
  expect(counted(system, () => system.write(RCC, 4, 3))).toBe(1);
  expect(counted(system, () => system.write(RCC, 4, 3))).toBe(0);
  expect(since()).toEqual(['P gate true', 'Q gate true']);
  system.write(RCC, 4, 0);
  expect(since()).toEqual(['P gate false', 'Q gate false']);
});
it('a reset bit resets its block as it rises and falls, the backup domain as such, and holds it meanwhile', () => {
  const { system, since } = made();
  system.write(BLOCKS + 4, 4, 9);
  since();
  system.write(RCC + 4, 4, 3);
  expect([since(), system.read(BLOCKS + 4, 4)]).toEqual([['P reset "gate"', 'Q reset "backup"'], 0x1234]);
  system.write(BLOCKS + 4, 4, 9);
  expect(since()).toEqual(['note ["guest","a write is lost: RCC.RSTR.P holds it in reset","P"]']);
  system.write(RCC + 4, 4, 2);
  system.write(BLOCKS + 4, 4, 9);
  expect([since(), system.read(BLOCKS + 4, 4)]).toEqual([['P reset "gate"'], 9]);
});
it('resets reach the blocks that they reach', () => {
  const { system, since } = made();
  const reset = (kind: ResetKind, coreDomain = false): string => {
    system.write(RCC, 4, 0x3f);
    since();
    expect(counted(system, () => system.resetBlocks(kind, coreDomain))).toBe(1);
    return since().filter((line) => line.includes('reset')).map((line) => line[0]).join('');
  }; // prettier-ignore
  // the backup domain is Q alone, and of the RCC what it says; S works in Standby
  expect([reset('power'), reset('system'), reset('backup'), reset('power', true)]).toEqual(['PQSF', 'PSF', 'Q', 'PQF']);
  system.write(RCC, 4, 0x36);
  since();
  // ENR is 9 out of reset
  system.resetBlock(system.block('RCC'));
  expect(since()).toEqual(['P gate true', 'Q gate false', 'S gate false', 'F gate true', 'gated 0']);
  system.write(BLOCKS + 4, 4, 9);
  since();
  system.resetBlock(system.block('P'), 'power');
  expect([since(), system.read(BLOCKS + 4, 4)]).toEqual([['P reset "power"'], 0x1234]);
});
it('wires and clocks are told where they change, to those that follow', () => {
  const { system, since } = made();
  system.setWire('test.system.w', 2);
  system.setWire('test.system.w', 2);
  system.setWire('test.system.v', 1);
  const follow = ['P', 'Q', 'S', 'F'];
  expect(since()).toEqual(['wire ["test.system.w",2]',...follow.map((name) => `${name} wire test.system.w 2`), 'wire ["test.system.v",1]']); // prettier-ignore
  expect([system.wire('test.system.w'), system.level(V), system.wire('test.system.unheard'), system.followersOf(W).length, system.followersOf(V)]).toEqual([2, 1, 0, 4, []]); // prettier-ignore
  const set = (name: string, rate: Rate | null): number => counted(system, () => system.setClock(name, rate));
  expect([set('fast', { num: 1e9, den: 1 }), set('fast', { num: 2e9, den: 2 }), set('fast', { num: 2e9, den: 1 }), set('slow', { num: 1e9, den: 1 }), set('slow', null)]).toEqual([0, expect.any(Number), 1, 1, 1]); // prettier-ignore
  expect(since().filter((line) => !line.startsWith('clock'))).toEqual(expect.arrayContaining(follow.map((name) => `${name} clock "fast"`)));
});
it('timers fire in their order at their own time, those in the background up to the first that is not', () => {
  const { system, since, act } = made();
  const fired: string[] = [];
  const slot = system.addTimer('outside', () => told(fired, 'outside', system.now));
  const quiet = system.addTimer('quiet', () => told(fired, 'quiet', system.now), true);
  system.fireDue(100);
  // a of P and b of Q: value % 50 - 5 from now, bit 0 says which
  act(0, 'arm', 33);
  act(1, 'arm', 22);
  expect([system.hasArmedTimer(system.block('P')), system.hasArmedTimer(system.block('S')), act(0, 'due', 1)[0], act(0, 'due', 0)[0]]).toEqual([true, false, 128, null]); // prettier-ignore
  expect([system.ownerOf(0)?.row.name, system.ownerOf(3)?.row.name, system.ownerOf(slot)]).toEqual(['P', 'Q', null]);
  system.scheduler.arm(quiet, 110);
  system.scheduler.arm(slot, 120);
  expect([system.fireBackground(119), system.now]).toEqual([true, 119]);
  expect(fired).toEqual(['quiet 119']);
  expect(since().filter((line) => line.includes('timer'))).toEqual(['Q timer b 119']);
  expect([system.fireBackground(125), fired.length]).toEqual([false, 1]);
  system.fireDue(140);
  expect([fired.at(-1), since().filter((line) => line.includes('timer')), system.now]).toEqual(['outside 125', ['P timer a 128'], 140]);
  // in the past is now; Infinity and disarm are never
  act(0, 'arm', 2);
  expect(act(0, 'due', 0)[0]).toBe(140);
  act(0, 'disarm');
  expect(act(0, 'due', 0)[0]).toBeNull();
  act(0, 'arm', 2);
  act(0, 'arm', 8);
  expect([act(0, 'due', 0)[0], system.scheduler.next]).toEqual([null, Infinity]);
});
it('blocks that share a line are ORed, for each core that they name', () => {
  // value: index, bit 1 the level, bit 2 that a core is named by bit 3
  const [one, two] = [made(), made({ cores: 2 })];
  expect([one.act(3, 'irq', 2), one.act(3, 'irq', 1), one.act(0, 'irq of no line')]).toEqual([[null, 'irq [6,true,null]'], [null], [null]]);
  expect([one.act(0, 'irq', 2), one.act(1, 'irq', 2), one.act(0, 'irq', 0), one.act(1, 'irq', 0)].map((a) => a[1])).toEqual([
    'irq [3,true,null]',
    'irq [3,true,null]',
    'irq [3,true,null]',
    'irq [3,false,null]',
  ]);
  expect([two.act(0, 'irq', 2), two.act(1, 'irq', 14), two.act(0, 'irq', 0), two.act(1, 'irq', 12)]).toEqual([
    [null, 'irq [3,true,0]', 'irq [3,true,1]'], [null, 'irq [3,true,1]'], [null, 'irq [3,false,0]', 'irq [3,true,1]'], [null, 'irq [3,false,1]'],
  ]); // prettier-ignore
  // F belongs to c1
  expect([two.act(3, 'irq', 2), two.act(3, 'irq', 6)]).toEqual([[null, 'irq [6,true,1]'], [null, 'irq [6,true,0]']]); // prettier-ignore
  // a line of one alone is kept where a block sees interrupts
  const seen = made({ see: true });
  expect(seen.act(3, 'irq', 2)).toEqual([null, 'irq [6,true,null]']);
  expect([seen.system.wire('irq.6.F'), seen.system.wire('irq.3.P')]).toEqual([1, 0]);
});
it('a pinned field reads its value whatever is written, in any width, and without a clock', () => {
  const { system } = made({ clocks: 0xe });
  expect(system.pins).toBe(false);
  system.force('Q', 'D', 'LOW', 0xfa);
  system.force('Q', 'D', 'HIGH', 5);
  system.force('Q', 'I', 'HIGH', 3);
  system.write(BLOCKS + 0x104, 4, 0);
  // D 0xa0a: LOW is bits 0 to 3, HIGH 9 to 11
  const [d, h] = [BLOCKS + 0x104, BLOCKS + 0x108];
  expect([system.pins, system.read(d, 4), system.read(d, 1), system.read(d + 1, 1), system.read(d + 2, 2)]).toEqual([true, 0xa0a, 0xa, 0xa, 0]); // prettier-ignore
  expect([system.read(h, 4), system.read(h, 2), system.read(h + 2, 2), system.read(h + 3, 1)]).toEqual([0x6000000, 0, 0x600, 6]);
  system.write(d, 4, -1);
  expect(system.read(d, 4)).toBe(0xfffffbfa);
  system.force('P', 'I', 'LOW', 7);
  system.force('P', 'I', 'LOW', 6);
  expect([system.read(BLOCKS + 8, 4), system.read(BLOCKS + 0x204, 4)]).toEqual([0x60000, 0x1234]);
});
it('a range that faults is from its first byte to its last', () => {
  const { system } = made();
  system.setFaultRanges([{ base: RAM, size: 8 }, { base: RAM + 32, size: 1 }]); // prettier-ignore
  expect([-1, 0, 7, 8, 31, 32, 33].map((at) => system.isFaulting(RAM + at))).toEqual([false, true, true, false, false, true, false]);
  expect([[7, 8], [8, 32], [8, 33], [-4, 0], [-4, 1]].map(([low, high]) => system.faultsIn(RAM + low!, RAM + high!))).toEqual([true, false, true, false, true]); // prettier-ignore
});
it('a parameter is what was given, or set since; NaN takes it away', () => {
  const { system, act } = made();
  expect(act(0, 'parameters')[0]).toEqual([1, 22, null, null]);
  system.setParameter('one', 5);
  system.setParameter('two', NaN);
  system.setParameter('gone', 3);
  expect([act(0, 'parameters')[0], system.parameter('one')]).toEqual([[5, null, null, 3], 5]);
});
it('a block reaches the bus, memories, wires, clocks and totals of its chip', () => {
  const { system, since, act } = made();
  // value: bits 2 to 7 the offset; bit 1 flash, bit 2 gated RAM
  system.write(RAM + 0x40, 4, 77);
  since();
  expect(act(0, 'bus read', 0x40)).toEqual([77, `bus read [${RAM + 0x40}]`]);
  expect(act(0, 'bus read of nothing')).toEqual([null, 'bus read [1610612736]']);
  expect(act(0, 'bus write', 0x40)).toEqual([true, 'memory ["RAM",64,4]', `bus written ["P",${RAM + 0x40},4,64]`]);
  expect(act(0, 'bus write', 0x43)).toEqual([false, `F programs [${FLASH + 0x40},4,67]`]);
  expect(act(0, 'poke', 9)).toEqual([null, 'memory ["FLASH",9,3,[1,2,9]]']);
  expect(act(0, 'peek', 0x3f)[0]).toEqual([...system.memoryBytes('RAM').subarray(0x3f, 0x44)]);
  expect([act(0, 'reset'), act(1, 'note', 2)]).toEqual([[null, 'asks ["iwdg","P"]'], [null, 'note ["kind","note 2","Q"]']]); // prettier-ignore
  system.totals.set(TOTAL, () => 17);
  expect([act(0, 'drive', 3)[1], act(0, 'wires')[0]]).toEqual(['wire ["test.system.w",2]', [2, 0, 17, 2]]);
  system.master = 1;
  expect([act(0, 'who'), act(0, 'map', 1).slice(1)]).toEqual([[[true, 1, 'P']], ['wire ["test.system.shows",1]']]);
  system.fireDue(5000);
  expect(act(0, 'counts', 3)[0]).toEqual([5, 8000, { num: 1e9, den: 1 }]);
  expect(act(0, 'clock', 2)[1]).toBe('clock ["slow"]');
  const c = system.contextOf<State>(system.block('P'));
  c.put(system.block('P').layout.reg('D'), 6);
  expect([system.read(BLOCKS + 4, 4), c.s.acts > 10, c === system.contextOf(system.block('P'))]).toEqual([6, true, true]);
});
it('a checkpoint has all that blocks, wires, clocks, timers and parameters are', () => {
  const { system, act } = made();
  const all = (): unknown => [[4, 0x104, 0x204].map((at) => system.read(BLOCKS + at, 4)), system.wire('test.system.w'), system.remapped()?.row.name, system.parameter('one'), act(0, 'due')[0], system.now, system.clock('slow').rate, system.contextOf<State>(system.block('Q')).s.acts, system.read(GATED, 1), system.scheduler.next]; // prettier-ignore
  const saved = system.save();
  const before = all();
  system.write(BLOCKS + 4, 4, 1);
  for (const [name, value] of [
    ['test.system.w', 3],
    ['test.system.shows', 2],
  ] as const)
    system.setWire(name, value);
  system.setParameter('one', 9);
  act(0, 'arm', 30);
  act(1, 'note');
  system.setClock('slow', { num: 3e9, den: 1 });
  system.fireDue(7);
  system.write(RCC, 4, 0xf);
  expect(all()).not.toEqual(before);
  expect(counted(system, () => system.restore(saved))).toBeGreaterThan(0);
  expect(all()).toEqual(before);
});

it('what a chip does not have is said by name', () => {
  const { system } = made();
  expect(() => system.block('none')).toThrow('MADE has no block none');
  expect(() => system.clock('none')).toThrow('MADE has no clock none');
  expect(() => system.memoryBytes('none')).toThrow('MADE has no memory none');
  for (const [at, n] of [[-1, 1], [0, 0x101], [0x100, 1]] as const) expect(() => system.pokeMemory('FLASH', at, new Uint8Array(n))).toThrow('no bytes'); // prettier-ignore
  expect(() => system.pokeMemory('FLASH', 0, new Uint8Array(0x100))).not.toThrow();
  const whole = chip(1, false);
  const build = (over: Partial<ChipDescription>) => () => new BriefSystem({ ...whole, ...over }, { acting: () => model([], false) });
  expect(build({ facts: {} })).toThrow('no register facts ANY');
  expect(build({ clocks: ['slow'] })).toThrow('P listens to an unknown clock fast');
  expect(build({ blocks: [{ ...whole.blocks[0]!, model: 'none' }] })).toThrow('P asks for an unknown model none');
  expect(build({ memories: [...whole.memories, memory('TWICE', RAM + 0x200f, 'ram')] })).toThrow('RAM and TWICE overlap at 0x2000200f');
  expect(build({ memories: [...whole.memories, memory('NEXT', RAM + 0x2010, 'ram')] })).not.toThrow();
});
