/**
 * Machines with one core and with two, each in a situation that firmware or a bench brings about: what an observer is told, where it pauses and what is left in state and history, beside what it was
 * (each-run/*.txt, which `BOOTBENCH_GOLDEN=write` writes anew). In slices, and from a checkpoint on the way, it has to be the same.
 */
import { describe, expect, it } from 'vitest';
import type { ChipDescription, MemoryRow } from '../../src/emu/chip.ts';
import type { Core } from '../../src/emu/core/core.ts';
import { S } from '../../src/emu/core/state.ts';
import { Machine } from '../../src/emu/machine.ts';
import type { MachineObserver } from '../../src/emu/machine-observer.ts';
import type { RegisterContext, RegisterModel } from '../../src/emu/registers.ts';
import { US } from '../../src/emu/time.ts';
import { eventOf, keepsOf, releaseOf, wire } from '../../src/emu/wires.ts';
import { coreRow } from './core/bare-machine.ts';
import { expectAsBefore } from './core/golden-file.ts';
import { Thumb } from './thumb.ts';

const FLASH = 0x08000000;
const SECOND = 0x08010000;
const ROM = 0x1fff0000;
const RAM = 0x20000000;
const KEPT = 0x20010000;
const RCC = 0x40000000;
const DO = 0x40001000;
const ODD = 0x40002000;
const OFF = 0x40003000;
const BACKUP = 0x40004000;
const USB = 0x40005000;
const CODE = 0x200;
type Part = (t: Thumb) => unknown;

/** What a write to DO.ACT makes the chip do; the rest of the word is the value. */
const ACTS: Readonly<Record<string, (c: RegisterContext<object>, value: number) => unknown>> = {
  down: ({ env }, v) => env.setWire(wire('power.down'), v),
  reset: ({ env }, v) => env.requestReset(v ? 'wwdg' : 'iwdg'),
  note: ({ env }, v) => env.note('kind', `note ${v}`),
  print: ({ env }, v) => env.note('console:uart', String.fromCharCode(v)),
  slower: ({ env }, v) => env.setClock('hclk', v ? { num: 1e9 / v, den: 1 } : null),
  external: ({ env }) => env.setClock('ext', { num: 1e7, den: 1 }),
  nmi: ({ env }, v) => env.setWire(wire('nmi'), v),
  event: ({ env }, v) => env.setWire(eventOf('c1'), v),
  release: ({ env }, v) => env.setWire(releaseOf('c1'), v),
  keep: ({ env }, v) => env.setWire(keepsOf('KEPT'), v),
  remap: ({ env }, v) => env.setWire(wire('test.run.shows'), v),
  timer: ({ env }, v) => env.arm('t', env.now() + v * US),
  irq: ({ env }, v) => env.irq(0, v === 1),
  dma: ({ env }, v) => [env.busWrite(RAM + 0x800, 4, v), env.busRead(ROM + 4 * v, 4)],
  latency: ({ env }, v) => env.setWire(wire('flash.latency'), v),
  prefetch: ({ env }, v) => env.setWire(wire('flash.prefetch'), v),
  icache: ({ env }, v) => env.setWire(wire('art.icache'), v),
  dcache: ({ env }, v) => env.setWire(wire('art.dcache'), v),
  empty: ({ env }, v) => env.setWire(wire(v ? 'art.icache.reset' : 'art.dcache.reset'), env.now()),
  program: ({ env }, v) => env.pokeMemory('FLASH', 0x4000, Uint8Array.of(v), true),
  meet: ({ env }, v) => env.setWire(wire('core.meet'), v),
  busy: ({ env }, v) => env.setWire(wire('flash.busy'), v),
  buffered: ({ env }, v) => env.setWire(wire('icache.enabled'), v),
};
const NAMES = Object.keys(ACTS);
const CAUSES = ['power', 'brownout', 'pin', 'software', 'iwdg', 'wwdg', 'low-power'];
const doing: RegisterModel = {
  modelled: ['ACT', 'STAY'],
  timers: ['t'],
  create: () => ({}),
  keeps: (r) => r.name === 'STAY',
  wrote: (c, r, value) => r.name === 'ACT' && ACTS[NAMES[value & 0xff]!]!(c, value >>> 8),
  onTimer: ({ env }) => {
    env.setWire(wire('flash.busy'), 0);
    env.irq(0, true);
  },
  onReset: (c) => void (c.regs[1]! |= 1 << c.env.wire(wire('reset.cause'))),
};
const memory = (name: string, base: number, size: number, kind: MemoryRow['kind'], over: Partial<MemoryRow> = {}): MemoryRow => ({ name, base, size, kind, zone: 'user', ...over }); // prettier-ignore
const register = (name: string, offset: number) => ({ name, offset, size: 4 as const, reset: 0, writable: 0xffffffff, fields: [{ name: 'ON', bit: 0, width: 1 }, ...CAUSES.map((cause, bit) => ({ name: cause, bit, width: 1 })), { name: 'AT', bit: 16, width: 16 }] }); // prettier-ignore
const row = (name: string, base: number) => ({ name, facts: 'ANY', model: null, base, size: 0x10 });
function chipOf(cores: number): ChipDescription {
  const at = (field: string) => ({ field: `DO.${field}.AT`, shift: 16 });
  const sourced = { source: '', confidence: 'assumed' } as const;
  return {
    name: 'MADE',
    family: 'made',
    line: 'made',
    rcc: 'RCC',
    clocks: ['hclk', 'ext', 'bus'],
    parameters: { 'reset.pulse.ps': { value: 3000, ...sourced } },
    facts: Object.fromEntries(
      ['ANY', 'RCC'].map((of) => [of, { name: of, registers: [register('ACT', 0), register('STAY', 4), register('ODD', 8)] }]),
    ),
    cores: ['c0', 'c1'].slice(0, cores).map((name) => ({ ...coreRow('m4'), name, clock: 'hclk', sysTickClock: 'ext' })),
    memories: [
      memory('FLASH', FLASH, 0x20000, 'flash', { waitStates: true }),
      memory('ROM', ROM, 0x8000, 'rom', { zone: 'systemMemory', factsFrom: 0x7f00, erased: 0 }),
      memory('RAM', RAM, 0x10000, 'ram'),
      memory('KEPT', KEPT, 0x1000, 'ram'),
    ],
    blocks: [
      { ...row('RCC', RCC), facts: 'RCC' },
      { ...row('DO', DO), model: 'doing', irqs: [3] },
      row('ODD', ODD),
      { ...row('OFF', OFF), clock: 'ACT.ON' },
      { ...row('BACKUP', BACKUP), backup: true },
      { ...row('USB', USB), model: 'usb-made' },
    ],
    flashCache: { value: { lineBytes: 8, rowBytes: 16, codeRows: 4, dataRows: 2 }, ...sourced },
    ...(cores > 1 ? { quantum: { clock: 'bus', cycles: 64 } } : {}),
    boot: [
      { core: 'c0', when: [{ signal: 'pin:BOOT0', is: [1] }], boots: 'system', vectors: ROM, firstStage: 'secure', ...sourced },
      { core: 'c0', when: [{ signal: 'pin:BOOT1', is: [1] }], boots: 'user', vectors: 0, remap: 1, ...sourced },
      { core: 'c0', when: [{ signal: 'flash:empty', is: [1] }], boots: 'system', vectors: ROM, ...sourced },
      { core: 'c0', when: [{ signal: 'field:BACKUP.STAY.ON', is: [1] }], boots: 'user', vectors: at('STAY'), ...sourced },
      { core: 'c1', when: [{ signal: 'pin:HELD', is: [1] }], boots: 'held', vectors: 0, ...sourced },
      { core: 'c1', when: [], boots: 'user', vectors: SECOND, ...sourced },
      { when: [], boots: 'user', vectors: FLASH, ...sourced },
    ],
    remap: { base: 0, wire: 'test.run.shows', shows: { 0: 'FLASH', 1: 'ROM', 2: 'RAM' } },
    optionBytes: { STAY: { field: 'BACKUP.STAY.ON', factory: { value: 0, ...sourced } } },
    resetFlags: { clear: '', flags: CAUSES.map((cause) => ({ field: `DO.STAY.${cause}`, raisedBy: [] })) },
  };
}

const put = (t: Thumb, address: number, value: number): Thumb => t.constant(6, address).constant(7, value).str(7, 6);
const act = (t: Thumb, name: string, value = 0): Thumb => put(t, DO, NAMES.indexOf(name) | (value << 8));
const call = (t: Thumb, address: number): Thumb => t.constant(5, address | 1).blx(5);
const get = (t: Thumb, address: number): Thumb => t.constant(6, address).ldr(7, 6);
const repeated = (t: Thumb, times: number, name: string, body: Part): Thumb => (t.movs(4, times).label(name), body(t), t.put(0x3c01).bne(name)); // prettier-ignore
const BKPT = 0xbe00;
const UDF = 0xde00;
const SVC = 0xdf00;
const AIRCR = 0xe000ed0c;
const SCR = 0xe000ed10;
const ISER = 0xe000e100;
const SYST = 0xe000e010;
/** Handlers by exception number: 4 × n half-words of code each at 0x1000 + 0x40 × n. */
type Handlers = Readonly<Record<number, Part | number>>;
const BX_LR = 0x4770;

interface Situation {
  readonly main?: Part;
  readonly rom?: Part;
  readonly second?: Part;
  readonly handlers?: Handlers;
  readonly romHandlers?: Handlers;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly before?: (m: Machine) => void;
  readonly observer?: Partial<MachineObserver>;
  /** What the bench does at so many microseconds. */
  readonly at?: Readonly<Record<number, (m: Machine) => void>>;
  readonly us?: number;
  readonly cores?: number;
}
function place(m: Machine, base: number, code: Part, handlers: Handlers, sp: number): void {
  const table = new Uint8Array(0x100);
  const view = new DataView(table.buffer);
  view.setUint32(0, sp, true);
  view.setUint32(4, (base + CODE) | 1, true);
  for (let n = 2; n < 0x30; n++) {
    const handler = handlers[n] ?? ((t: Thumb) => t.put(BX_LR));
    const at = typeof handler === 'number' ? handler : base + 0x1000 + 0x40 * n;
    view.setUint32(4 * n, at | 1, true);
    const t = new Thumb(at);
    if (typeof handler !== 'number') handler(t);
    if (t.length > 0) m.load(at, t.bytes());
  }
  m.load(base, table);
  const t = new Thumb(base + CODE);
  code(t);
  t.label('forever').b('forever');
  m.load(base + CODE, t.bytes());
}
const hex = (n: unknown): unknown => (typeof n === 'number' && n > 0xffff ? (n >>> 0).toString(16) : n);
const text = (values: readonly unknown[]): string =>
  values.map((v) => (v !== null && typeof v === 'object' ? (v as Core).row.name : hex(v))).join(' ');
const KINDS = ['reset', 'beforeReset', 'busWritten', 'wire', 'leftSystem', 'console', 'faulted', 'note', 'semihosting', 'lockup', 'breakpoint', 'exception', 'exceptionReturn', 'clock', 'special'] as const; // prettier-ignore

function build(s: Situation): { m: Machine; log: string[] } {
  const m = new Machine({ chip: chipOf(s.cores ?? 1), models: { doing: () => doing, 'usb-made': () => ({ modelled: 'all', create: () => ({}) }) }, parameters: s.parameters ?? {}, seed: 5 }); // prettier-ignore
  const log: string[] = [];
  m.system.setClock('hclk', { num: 1e8, den: 1 });
  m.system.setClock('bus', { num: 5e7, den: 1 });
  m.eraseNonVolatile();
  place(m, FLASH, s.main ?? (() => {}), s.handlers ?? {}, RAM + 0x4000);
  place(m, ROM, s.rom ?? ((t) => t.put(BX_LR)), s.romHandlers ?? {}, RAM + 0x2000);
  if (s.second) place(m, SECOND, s.second, s.handlers ?? {}, RAM + 0x6000);
  const say =
    (kind: string) =>
    (...values: readonly unknown[]): void => {
      log.push(`${kind} ${text(values)} @${m.now}`);
      if (log.length > 5000) throw new Error(`no end: ${log.slice(-3).join(', ')}`);
      if (kind === 'breakpoint') m.stop();
    };
  m.observer = Object.fromEntries(KINDS.map((kind) => {
    const own = s.observer?.[kind] as ((...values: readonly unknown[]) => unknown) | undefined;
    return [kind, (...values: readonly unknown[]) => (say(kind)(...values), own?.(...values))];
  })); // prettier-ignore
  m.observer.entry = (e) => say('entry')(e.core, e.address, e.how, e.fromPc, e.retired);
  m.setRepairs(null);
  s.before?.(m);
  m.powerOn();
  return { m, log };
}
/** General registers, flags, ITSTATE and PC. */
const REGISTERS = [...Array.from({ length: 15 }, (_, r) => S.R + 4 * r), S.R15, S.NF, S.ZF, S.CF, S.VF, S.QF, S.GE, S.IT, S.PC];
/** All that is left behind. */
function left(m: Machine): string {
  const { history: h } = m;
  const plain = { state: { ...m.state, together: 0, waking: 0 }, entries: h.entries, count: h.entryCount, resets: h.resets, timeline: h.timeline.toArray(), seq: h.seq, repeats: h.repeats }; // prettier-ignore
  const writers = ['DO.ACT', 'ODD.ODD', 'BACKUP.STAY', 'CPU.PRIMASK', 'CPU1.PRIMASK'].map((r) => [
    h.lastWriter(r),
    h.lastWriterBeforeReset(r),
  ]);
  const cores = m.cores.map((c) => [c.pc, c.cycles(), c.retired(), c.zone, m.coreState(c), m.interceptOf(c)?.pages.size ?? 0, ...REGISTERS.map((at) => c.get(at) >>> 0)]); // prettier-ignore
  const memories = m.system.memories.map(({ row: { name } }) =>
    Buffer.from(m.system.memoryBytes(name).subarray(0, 0x6000)).toString('latin1'),
  );
  return JSON.stringify([plain, writers, cores, memories, m.uninitialisedReads(), m.now, [...m.system.save().registers], m.quantum,...[...m.system.totals.values()].map((total) => total())]); // prettier-ignore
}
type Way = 'whole' | 'sliced' | 'halved' | 'restored' | 'executed';
/** Where it stands, and what stays of it for a report: writes, reads, last writers, and registers that are not 0. */
function brief(m: Machine): string {
  const { history: h, state } = m;
  const cores = m.cores.map((c) => `${c.pc.toString(16)} ${m.coreState(c)} behind ${c.retired()} in ${c.cycles()}`);
  const writers = ['BACKUP.STAY', 'CPU.PRIMASK'].flatMap((of) =>
    [h.lastWriter(of), h.lastWriterBeforeReset(of)].map((w) => (w ? w.pc.toString(16) : '-')),
  );
  const reads = state.vectorReads.slice(-2).map((r) => `${r.address.toString(16)}=${r.value.toString(16)}`);
  const registers = m.system.blocks.flatMap(({ row: { name }, state: { regs } }) =>
    [...regs].flatMap((v, i) => (v ? [`${name}.${i}=${v.toString(16)}`] : [])),
  );
  const told = [h.seq && `${h.seq} writes`, m.uninitialisedReads() && `${m.uninitialisedReads()} unwritten`, state.systemReads.length && `${state.systemReads.length} of the ROM`, ...reads, writers.some((w) => w !== '-') && `by ${writers.join(' ')}`, ...registers]; // prettier-ignore
  return `at ${cores.join(' and ')}; ${told.filter(Boolean).join(', ')}`;
}
function run(s: Situation, way: Way): { lines: string[]; end: string } {
  const { m, log } = build(s);
  if (way === 'executed') m.skipping = false;
  const pauses: string[] = [];
  const until = (limit: number): void => {
    for (let n = 0; m.now < limit && n < 300; n++) {
      const why = m.run(way === 'sliced' ? Math.min(limit, m.now + 777_777) : limit);
      if (why !== 'limit') pauses.push(`${why} ${(m.bootCore.pc >>> 0).toString(16)} @${m.now}`);
    }
  };
  const us = s.us ?? 20;
  const steps = Object.entries(s.at ?? {}).map(([at, step]) => [Number(at), step] as const);
  const half = way === 'restored' || way === 'halved' ? us / 2 : us;
  for (const [at, step] of [...steps, [half, null], [us, null]] as const) {
    if (at > us) continue;
    until(at * US);
    step?.(m);
    if (way === 'restored' && step === null && at < us) {
      const [saved, told, paused] = [m.save(), log.length, pauses.length];
      until(us * US * 2);
      m.restore(saved);
      log.length = told;
      pauses.length = paused;
    }
  }
  const end = [...log, ...pauses, left(m)].join('\n');
  const seen = log.length > 24 ? [...log.slice(0, 14), `… ${log.length} in all`, ...log.slice(-3)] : log;
  const lines = [...seen, ...pauses.slice(0, 10), brief(m)];
  m.release();
  return { lines, end };
}

const ONE: Readonly<Record<string, Situation>> = {
  'a branch into the ROM and back, twice': { main: (t) => { call(t, ROM + CODE); call(t, ROM + CODE); } },
  'who asked for it is paused where the ROM was left': { main: (t) => call(t, ROM + CODE), observer: { leftSystem: () => true } },
  'BOOT0': { parameters: { 'boot0.level': 1 }, rom: (t) => call(t, FLASH + CODE) },
  'the ROM shows at 0': { parameters: { 'boot1.level': 1 }, rom: (t) => call(t, FLASH + CODE) },
  'no firmware': { before: (m) => m.eraseNonVolatile(), us: 3 },
  'a table by field': { main: (t) => { put(t, BACKUP + 4, 0x08000001); put(t, AIRCR, 0x05fa0004); }, us: 1 },
  'started elsewhere': { before: (m) => { m.bootAt = SECOND; place(m, SECOND, (t) => t.movs(3, 9), {}, RAM + 0x100); }, main: (t) => t.movs(3, 8), parameters: { 'boot0.level': 1 } },
  'a user handler over the ROM': { main: (t) => call(t, ROM + CODE), rom: (t) => t.put(0xb500, SVC, SVC, 0xbd00), handlers: { 11: (t) => t.movs(0, 1).put(BX_LR) } },
  'a handler in the ROM': { main: (t) => t.put(SVC, SVC), handlers: { 11: ROM + CODE } },
  'a handler that calls the ROM': { main: (t) => t.put(SVC), handlers: { 11: (t) => call(t.put(0xb510), ROM + CODE).put(0xbd10) } },
  'an exception at the first instruction of the ROM': { main: (t) => { put(t, SYST + 4, 45); put(t, SYST + 8, 0); put(t, SYST, 7); repeated(t, 40, 'again', (u) => call(u, ROM + CODE)); } },
  'a fault, and one in its handler': { main: (t) => get(t, 0x70000000), handlers: { 3: (t) => t.put(UDF) } },
  'a fault in the ROM': { main: (t) => call(t, ROM + CODE), rom: (t) => t.put(UDF), handlers: { 3: (t) => t.put(UDF) } },
  'no stack at the first instruction of the ROM': { main: (t) => call(t.constant(0, 0x70000000).movSp(0), ROM + CODE), rom: (t) => t.put(UDF) },
  'lockup at the first instruction of the ROM': { main: (t) => t.put(UDF), handlers: { 3: (t) => call(t, ROM + CODE) }, rom: (t) => t.put(UDF) },
  'lockup at its second instruction': { main: (t) => t.put(UDF), handlers: { 3: (t) => call(t, ROM + CODE) }, rom: (t) => t.movs(0, 1).put(UDF) },
  'SYSRESETREQ': { main: (t) => { put(t, ODD + 8, 7); put(t, BACKUP, 6); get(t, RAM + 0x4321); put(t, AIRCR, 0x05fa0004); } },
  'SYSRESETREQ from the ROM': { main: (t) => call(t.cpsidI(), ROM + CODE), rom: (t) => { put(t, RAM + 0x40, 1); put(t, AIRCR, 0x05fa0004); } },
  'VECTRESET': { main: (t) => { put(t, ODD + 8, 7); get(t, RAM + 0x4320); put(t.cpsidI(), AIRCR, 0x05fa0001); }, us: 8 },
  'VECTRESET from the ROM': { main: (t) => call(t, ROM + CODE), rom: (t) => put(t, AIRCR, 0x05fa0001), us: 8 },
  'watchdogs': { main: (t) => { get(t, DO + 4); t.lsrs(7, 7, 5).lsrs(7, 7, 1); act(t.cmp(7, 0).bne('forever'), 'reset', 1); act(t, 'reset', 0); }, us: 12 },
  'a watchdog that a repair holds': { main: (t) => act(t, 'reset'), before: (m) => void m.setRepairs({ pages: new Set(), vetoReset: (by) => by === 'iwdg' }) },
  'the reset pin': { main: (t) => { put(t, RAM, 1); put(t.cpsidI(), BACKUP + 4, 2); }, at: { 5: (m) => m.holdReset(true), 9: (m) => m.holdReset(false) } },
  'power off and on': { main: (t) => { get(t, RAM + 0xfff0); put(t, RAM + 0xfff0, 1); put(t, BACKUP + 4, 2); put(t, RAM + 0x4000, 2); }, at: { 5: (m) => m.powerOff(), 9: (m) => m.powerOn(true) } },
  'a reset by power from outside': { at: { 5: (m) => m.askReset('power', m.cores[0]!, true), 6: (m) => { m.askReset('pin', m.cores[0]!, true); m.askReset('power', m.cores[0]!, true); }, 7: (m) => m.askReset('power', m.cores[0]!, false), 8: (m) => m.askReset('pin', m.cores[0]!, true) } },
  'Standby': { main: (t) => { put(t, RAM + 0x20, 1); put(t, KEPT, 1); act(t, 'keep', 1); act(t, 'down', 1); }, at: { 9: (m) => m.askReset('power', m.cores[0]!, false) } },
  'Standby without kept memory, ended by the pin': { main: (t) => { put(t, KEPT, 1); put(t, BACKUP, 1); act(t, 'down', 1); }, at: { 9: (m) => m.askReset('pin', m.cores[0]!, true) } },
  'reads of the ROM': { main: (t) => { t.constant(0, ROM); repeated(t, 90, 'on', (u) => u.put(0xc804)); get(t, ROM); get(t, ROM + 0x7ffc); get(t.constant(6, ROM + 0x7eff), ROM + 0x7efc); t.constant(0, ROM + 3).put(0x7801, 0x7801); call(t, ROM + CODE); get(t, ROM + 0x80); }, us: 30 },
  'half-words of the ROM': { main: (t) => t.constant(0, ROM).put(0x8801, 0x8841, 0x78c1) },
  'more reads of the ROM than are listed': { main: (t) => { t.constant(0, ROM).constant(4, 1030).label('on').put(0xc804, 0x3c01).bne('on'); act(t, 'dma', 3); }, us: 200 },
  'a bus master reads the ROM and writes RAM': { main: (t) => { act(t, 'dma', 3); act(t, 'dma', 3); act(t, 'dma', 4); call(t, ROM + CODE); act(t, 'dma', 5); } },
  'the option block and the gap': { before: (m) => m.watchOptionBlock(ROM + 0x7000, 16, { base: RAM + 0x3000, size: 0x2000 }), main: (t) => { get(t, ROM + 0x7004); get(t, RAM + 0x2ffc); call(t, ROM + CODE); }, rom: (t) => { get(t, ROM + 0x6ffc); get(t, ROM + 0x7010); get(t, ROM + 0x7008); get(t, ROM + 0x7008); get(t, ROM + 0x7000); } },
  'the gap': { before: (m) => m.watchOptionBlock(ROM + 0x7000, 16, { base: RAM + 0x3000, size: 0x2000 }), main: (t) => get(t, RAM + 0x4ffc) },
  'registers without behaviour, blocks without a clock': { main: (t) => { repeated(t, 3, 'on', (u) => get(u, ODD + 4)); get(t, ODD + 8); put(t, ODD, 1); put(t, ODD + 0xc, 1); get(t, OFF); get(t, OFF); put(t, OFF + 4, 3); put(t, RCC, 1); put(t, OFF + 4, 3); get(t, ODD + 4); call(t, ROM + CODE); get(t, ODD + 4); }, rom: (t) => get(t, ODD).put(BX_LR) },
  'semihosting': { main: (t) => { repeated(t, 3, 'on', (u) => u.put(BKPT | 0xab)); repeated(t, 3, 'off', (u) => u.put(BKPT | 0xab)); }, observer: { semihosting: () => true } },
  'semihosting that nobody serves': { main: (t) => t.put(BKPT | 0xab), handlers: { 3: (t) => t.label('on').b('on') } },
  'semihosting that is off': { before: (m) => { m.semihostingEnabled = false; }, observer: { semihosting: () => true }, main: (t) => t.put(BKPT | 0xab), handlers: { 3: (t) => t.label('on').b('on') } },
  'twenty breakpoints for a debugger': { before: (m) => { m.state.debugger = true; }, observer: { semihosting: () => true }, main: (t) => t.put(...Array<number>(20).fill(BKPT | 0xab)) },
  'a breakpoint of the firmware for a debugger': { before: (m) => { m.state.debugger = true; }, main: (t) => t.put(BKPT), us: 2 },
  'more notes than are kept, and a console': { main: (t) => { act(t, 'note', 5); act(t, 'note', 5); act(t, 'print', 65); act(t, 'print', 66); t.constant(0, DO).constant(1, NAMES.indexOf('note') | 0x1000).constant(2, 256); repeated(t, 205, 'on', (u) => u.add(1, 1, 2).str(1, 0)); }, us: 60 },
  'special registers': { main: (t) => t.cpsidI().cpsidI().movs(0, 0x40).put(0xf380, 0x8811).cpsieI() },
  'special registers that a repair holds': { before: (m) => void m.setRepairs({ pages: new Set(), special: (_c, name, _old, value) => (name === 'PRIMASK' ? 0 : value) }), main: (t) => t.cpsidI().movs(0, 0x40).put(0xf380, 0x8811) },
  'accesses that a repair answers': { before: (m) => void m.setRepairs({ pages: new Set([RAM >>> 12]), everyDeviceWrite: true, read: (_c, at) => (at === RAM + 8 ? 0x55 : null), write: (_c, at, _size, value) => (at === ODD ? null : value + 1) }), main: (t) => { put(t, RAM, 7); put(t, RAM + 0x2000, 7); put(t, ODD, 7); put(t, ODD + 4, 7); get(t, RAM + 8); } },
  'sleep and an interrupt': { main: (t) => { put(t, ISER, 8); act(t, 'timer', 3); repeated(t, 3, 'on', (u) => u.wfi()); }, handlers: { 19: (t) => { act(t, 'irq', 0); act(t, 'timer', 2); t.put(BX_LR); } } },
  'deep sleep': { main: (t) => { put(t, ISER, 8); put(t, SCR, 4); act(t, 'timer', 3); t.wfi(); put(t, SCR, 2); act(t, 'timer', 2); t.movs(0, 1); }, handlers: { 19: (t) => act(t, 'irq', 0).put(BX_LR) } },
  'clocks and SysTick by either': { main: (t) => { put(t, SYST + 4, 99); put(t, SYST, 7); act(t, 'slower', 5); act(t, 'external'); put(t, SYST, 3); act(t, 'slower', 2); get(t, SYST + 8); act(t, 'slower', 0); }, us: 30 },
  'NMI': { main: (t) => { act(t, 'nmi', 1); act(t, 'nmi', 1); act(t, 'nmi', 0); act(t, 'nmi', 1); } },
  'another memory at 0': { main: (t) => { get(t, 4); act(t, 'remap', 1); get(t, 4); act(t, 'remap', 2); get(t, 4); act(t, 'remap', 3); get(t, 4); }, handlers: { 3: (t) => t.label('on').b('on') } },
  'USB by firmware': { main: (t) => put(t, USB, 1) },
  'USB by the ROM': { main: (t) => call(t, ROM + CODE), rom: (t) => put(t, USB, 1) },
  ...Object.fromEntries(['prefetch', 'icache', 'dcache'].map((what): [string, Situation] => [`wait states and ${what}`, { main: (t) => { act(t, 'latency', 5); act(t, what, 1); repeated(t, 20, 'on', (u) => get(u, FLASH + 0x300)); act(t, 'empty', 1); get(t, FLASH + 0x300); act(t, 'empty', 0); get(t, FLASH + 0x300); act(t, what, 0); repeated(t, 5, 'off', (u) => get(u, FLASH + 0x300)); }, us: 40 }])),
  'flash that is busy with the half that the code is in': { main: (t) => { act(t, 'timer', 3); act(t, 'busy', 1); t.movs(1, 5); act(t, 'note', 1); } },
  'flash that is busy with its other half': { main: (t) => { act(t, 'timer', 3); act(t, 'busy', 2); t.movs(1, 5); act(t, 'note', 1); } },
  'flash that is busy behind a cache': { main: (t) => { act(t, 'buffered', 1); act(t, 'timer', 3); act(t, 'busy', 3); t.movs(1, 5); act(t, 'note', 1); } },
  'flash that is programmed': { main: (t) => { get(t, FLASH + 0x4000); act(t, 'program', 3); get(t, FLASH + 0x4000); } },
  'stores of a debugger and of a scenario': { at: { 5: (m) => { m.as('debugger', () => m.poke(ODD + 8, 4, 3)); m.as('scenario', () => m.system.write(BACKUP + 4, 4, 3)); m.poke(RAM, 2, 0x1234); m.system.write(ODD + 4, 4, 1); m.stop(); } } },
  'code in RAM that changes itself': { main: (t) => { put(t, RAM, 0x31013001); put(t, RAM + 4, 0xd1fb42a1); put(t, RAM + 8, 0x31ff8015); put(t, RAM + 12, 0xe7f8); t.movs(1, 0).movs(4, 250).constant(2, RAM).constant(5, 0x3002).put(0x4613, 0x3301, 0x4718); } },
  'code that is replaced': { main: (t) => t.label('on').adds(0, 1).b('on'), at: { 5: (m) => m.replace(FLASH + CODE, Uint8Array.of(0x02, 0x30)), 7: (m) => m.replace(FLASH + CODE - 5, new Uint8Array(0x1010).fill(0xbf, 5, 7)) } },
}; // prettier-ignore
const count: Part = (t) =>
  t
    .constant(0, RAM + 0x100)
    .movs(1, 0)
    .str(1, 0)
    .label('on')
    .adds(1, 1)
    .str(1, 0)
    .b('on');
const poll: Part = (t) =>
  t
    .constant(0, RAM + 0x200)
    .label('on')
    .ldr(1, 0)
    .cmp(1, 1)
    .bne('on')
    .movs(2, 7);
const TWO: Readonly<Record<string, Situation>> = {
  'both count': { main: count, second: (t) => t.constant(0, RAM + 0x104).movs(1, 0).label('on').adds(1, 1).str(1, 0).b('on') },
  'one waits for the other': { main: (t) => { t.constant(3, 300).label('w').put(0x3b01).bne('w'); put(t, RAM + 0x200, 1); }, second: poll, us: 60 },
  'both wait for a timer': { main: (t) => { put(t, ISER, 8); put(t, RAM + 0x200, 0); act(t, 'timer', 150); poll(t); }, second: (t) => t.constant(0, RAM + 0x200).label('on').ldr(1, 0).cmp(1, 2).bne('on'), handlers: { 19: (t) => { act(t, 'irq', 0); put(t, RAM + 0x200, 1).put(BX_LR); } }, us: 300 },
  'events': { main: (t) => t.wfe().sev().wfe().wfe(), second: (t) => { t.wfe().sev(); act(t, 'event', 1).wfe(); } },
  'an event by wire': { main: (t) => { act(t, 'event', 1); act(t, 'meet', 1); act(t, 'event', 2); }, second: (t) => t.wfe().wfe().wfe().movs(0, 5) },
  'sleep of both': { main: (t) => { put(t, ISER, 8); act(t, 'timer', 4); t.wfi(); }, second: (t) => { put(t, ISER, 8); put(t, SCR, 4); t.wfi().movs(0, 3); }, handlers: { 19: (t) => act(t, 'irq', 0).put(BX_LR) } },
  'one is released': { parameters: { 'held.level': 1 }, main: (t) => { put(t, RAM + 0x200, 0); act(t, 'release', 1); }, second: (t) => put(t, RAM + 0x200, 1), at: { 9: (m) => m.hold(m.cores[1]!), 12: (m) => m.system.drive(releaseOf('c1'), 1) } },
  'one is halted by a debugger': { main: count, second: (t) => t.sev().wfe(), at: { 3: (m) => { m.debugHalted[0] = true; }, 6: (m) => { m.debugHalted[0] = false; } } },
  'one faults, one enters the ROM': { main: (t) => call(t, ROM + CODE), second: (t) => t.put(UDF), handlers: { 3: (t) => t.put(UDF) } },
  'the second enters the ROM': { main: (t) => t.cpsidI(), second: (t) => call(t, ROM + CODE) },
  'the second resets all': { main: (t) => t.cpsidI(), second: (t) => { t.movs(0, 40).label('w').put(0x3801).bne('w'); put(t.cpsidI(), AIRCR, 0x05fa0004); } },
  'the second resets itself': { main: (t) => call(t, ROM + CODE), second: (t) => { get(t, RAM + 0x4320); put(t.cpsidI(), AIRCR, 0x05fa0001); }, us: 6 },
  'the second has no code': { main: count },
}; // prettier-ignore

describe.each([
  ['one core', ONE, 1],
  ['two cores', TWO, 2],
] as const)('%s', (name, situations, cores) => {
  const told = new Map<string, string>();
  const all = ({ end }: ReturnType<typeof run>): string => end;
  it('does, says and leaves what it did', () => {
    const lines = Object.entries(situations).flatMap(([what, s]) => {
      const seen = run({ cores, ...s }, 'whole');
      told.set(what, all(seen));
      return [`${what}:`, ...seen.lines.map((l) => `  ${l}`)];
    });
    expectAsBefore(lines, new URL(`./each-run/${name.replace(' ', '-')}.txt`, import.meta.url));
  });
  it('from a checkpoint on the way it goes on alike', () => {
    for (const [what, s] of Object.entries(situations))
      expect(all(run({ cores, ...s }, 'restored')), what).toBe(all(run({ cores, ...s }, 'halved')));
  });
  it('with each round executed it is the same', () => {
    for (const [what, s] of Object.entries(situations)) expect(all(run({ cores, ...s }, 'executed')), what).toBe(told.get(what));
  });
  // where turns of two cores end is seen in their order
  if (cores > 1) return;
  it('in slices it is the same', () => {
    for (const [what, s] of Object.entries(situations)) expect(all(run({ cores, ...s }, 'sliced')), what).toBe(told.get(what));
  });
});

describe.each([1, 2])('what a loop of %i core comes to in the middle of a look', (cores) => {
  // a look goes through 900 instructions from cycle 20,000 on: of loops that end a hundred rounds apart some end in one
  const ends = [...Array(10).keys()].map((n) => 4_900 + 150 * n);
  const waits = (rounds: number, then: Part): Part => (t) => {
    t.constant(0, RAM + 0x100).constant(4, rounds).label('on').ldr(1, 0).put(0x4051, 0x3c01).bne('on');
    then(t);
  }; // prettier-ignore
  const idle: Part = (t) =>
    t
      .constant(0, RAM + 0x200)
      .movs(1, 0)
      .str(1, 0)
      .label('on')
      .ldr(1, 0)
      .cmp(1, 0)
      .beq('on');
  const paused = (rounds: number, then: Part, stop: boolean, skipping: boolean): string => {
    const { m } = build({ cores, main: waits(rounds, then), second: idle });
    m.withoutShortcuts(['counting-loops']);
    m.skipping = skipping;
    const at = FLASH + CODE + 12;
    if (stop) for (const core of m.cores) core.setBreakpoints(new Set([at]));
    const why = m.run(m.now + 600 * US);
    const { pc } = m.cores[0]!;
    m.release();
    return `${why} ${pc === at} ${pc === ROM + CODE} ${m.now}`;
  };
  it.each([
    ['a breakpoint', (t: Thumb) => t.movs(2, 1), true],
    ['the ROM', (t: Thumb) => call(t, ROM + CODE), false],
  ] as const)('%s pauses it as without a look', (_what, then, stop) => {
    for (const rounds of ends) expect(paused(rounds, then, stop, true)).toBe(paused(rounds, then, stop, false));
    expect(paused(ends[0]!, then, stop, true).slice(0, 16)).toBe(stop ? 'stopped true fal' : 'entry false true');
  });
});

it('single steps of one core let the other come along', () => {
  const { m } = build({ cores: 2, main: count, second: (t) => t.sev().wfe().wfe() });
  const pcs = Array.from({ length: 12 }, () => (m.stepCore(m.cores[0]!, m.now + US), m.cores[0]!.get(S.PC)));
  expect(new Set(pcs.slice(-6)).size).toBe(3);
  expect(m.cores[1]!.now()).toBeGreaterThan(0);
  expect(m.hasChanged(m.system.memories[2]!.host, 4)).toBe(true);
  expect(m.hasChanged(m.system.memories[0]!.host, 4)).toBe(false);
  m.release();
  expect(() => m.run(1)).toThrow('given up');
});

it('what is not volatile is erased, each memory to its own byte, and RAM stays', () => {
  const { m } = build({ main: (t) => put(t, RAM + 0x40, 0x12345678) });
  m.run(5 * US);
  m.eraseNonVolatile();
  const words = [FLASH, FLASH + 0x1fffc, ROM, ROM + 0x7ffc, RAM + 0x40].map((at) => m.cores[0]!.peek(at, 4)! >>> 0);
  expect(words).toEqual([0xffffffff, 0xffffffff, 0, 0, 0x12345678]);
  m.release();
});
