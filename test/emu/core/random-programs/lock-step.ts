/** One random program on three machines: interpreter, translated from the first arrival on, and both mixed by chance. Everything is compared at every stop. */
import type { ChipDescription } from '../../../../src/emu/chip.ts';
import { BUS_ERROR } from '../../../../src/emu/component.ts';
import type { Core } from '../../../../src/emu/core/core.ts';
import { S } from '../../../../src/emu/core/state.ts';
import type { FlashTiming } from '../../../../src/emu/core/core-types.ts';
import { Machine } from '../../../../src/emu/machine.ts';
import type { Checkpoint } from '../../../../src/emu/machine-base.ts';
import type { ModelFactory } from '../../../../src/emu/registers.ts';
import { PS_PER_SECOND } from '../../../../src/emu/time.ts';
import { coreRow, PS_PER_CYCLE, type CoreName } from '../bare-machine.ts';
import { Random } from '../random-cases.ts';
import { BOOKS, rowsByUse } from '../book-keeping.ts';
import { DEVICE, DEVICE_IRQ, FAULT_HANDLER, FLASH, has, lower, RAM, RAM_ALIAS, RAM_BYTES, ROM, type Lowered } from './lower.ts';
import type { Program } from './program.ts';

const register = (name: string, offset: number) => ({
  name,
  offset,
  size: 4 as const,
  reset: 0,
  writable: 0xffff_ffff,
  fields: [{ name: 'V', bit: 0, width: 32 }],
});

interface ProbeState {
  reads: number;
  /** Of all accesses, with their times. */
  hash: number;
}
/** A device whose reads have a side effect, with a timer that interrupts; it knows when it was accessed. */
const probe: ModelFactory = () => ({
  modelled: 'all',
  timers: ['T'],
  create: (): ProbeState => ({ reads: 0, hash: 0 }),
  read(c, r, value) {
    if (r.name !== 'COUNT') return value;
    c.s.hash = Math.imul(c.s.hash ^ (c.env.now() / PS_PER_CYCLE), 0x01000193);
    return (++c.s.reads * 0x9e37) >>> 0;
  },
  live: ['COUNT'],
  // translated code may ask for it: the times of the reads are in the hash
  acting: [],
  peek: (_c, _r, value) => value,
  wrote(c, r, value) {
    c.s.hash = Math.imul(c.s.hash ^ value ^ (c.env.now() / PS_PER_CYCLE), 0x01000193);
    if (r.name === 'TIMER') c.env.arm('T', c.env.now() + (40 + (value & 0x7ff)) * PS_PER_CYCLE);
    if (r.name === 'ACKNOWLEDGE') c.env.irq(0, false);
  },
  onTimer(c) {
    c.env.irq(0, true);
  },
  readElse: (_c, offset) => (offset >= 0x18 ? BUS_ERROR : 0),
  writeElse: (_c, offset) => (offset >= 0x18 ? BUS_ERROR : 0),
});

function chipFor(core: CoreName): ChipDescription {
  return {
    name: 'RANDOM',
    family: 'random',
    line: 'random',
    rcc: 'RCC',
    clocks: ['hclk', 'ext'],
    parameters: {},
    facts: {
      PROBE: { name: 'PROBE', registers: ['COUNT', 'VALUE', 'TIMER', 'ACKNOWLEDGE'].map((name, i) => register(name, 4 * i)) },
    },
    blocks: [{ name: 'PROBE', model: 'probe', base: DEVICE, size: 0x400, irqs: [DEVICE_IRQ] }],
    cores: [{ name: 'cpu', ...coreRow(core), clock: 'hclk', sysTickClock: 'ext', bitBand: core === 'm4' }],
    memories: [
      { name: 'FLASH', base: FLASH, size: 0x8000, kind: 'flash', zone: 'user', waitStates: true },
      { name: 'RAM', base: RAM, size: RAM_BYTES, kind: 'ram', zone: 'user', aliases: [RAM_ALIAS] },
      { name: 'ROM', base: ROM, size: 0x8000, kind: 'rom', zone: 'systemMemory' },
    ],
    boot: [{ when: [], boots: 'user', vectors: FLASH, source: 'test', confidence: 'assumed' }],
    ...(core === 'm4'
      ? { flashCache: { value: { lineBytes: 8, rowBytes: 32, codeRows: 32, dataRows: 8 }, source: 'test', confidence: 'assumed' } }
      : {}),
  };
}

export class Rig {
  readonly core: CoreName;
  readonly machines: readonly Machine[];
  /** Out of reset, before anything ran. */
  private readonly fresh: readonly Checkpoint[];
  /** What the observers saw, as a hash and as counts by exception. */
  readonly seen: { hash: number; exceptions: Map<number, number>; faults: number; entries: number }[];
  programs = 0;

  constructor(core: CoreName) {
    this.core = core;
    this.machines = ['interpreter', 'translated', 'mixed'].map(() => {
      const m = new Machine({ chip: chipFor(core), models: { probe }, seed: 1 });
      m.system.setClock('hclk', { num: PS_PER_SECOND / PS_PER_CYCLE, den: 1 });
      m.system.setClock('ext', { num: PS_PER_SECOND / PS_PER_CYCLE, den: 8 });
      m.load(FLASH, new Uint8Array(Uint32Array.of(RAM + 0x8000, FLASH + 1).buffer));
      m.powerOn();
      m.skipping = false;
      return m;
    });
    this.fresh = this.machines.map((m) => m.save());
    this.seen = this.machines.map(() => ({ hash: 0, exceptions: new Map<number, number>(), faults: 0, entries: 0 }));
    this.machines.forEach((m, i) => this.watch(m, i));
  }
  private watch(m: Machine, i: number): void {
    const mix = (...values: number[]): void => {
      const seen = this.seen[i]!;
      for (const v of values) seen.hash = Math.imul(seen.hash ^ v, 0x01000193) ^ (seen.hash >>> 15);
    };
    m.observer = {
      exception: (core, n, handler, pc) => {
        const seen = this.seen[i]!;
        seen.exceptions.set(n, (seen.exceptions.get(n) ?? 0) + 1);
        mix(1, n, handler, pc, core.cycles(), core.retired());
      },
      exceptionReturn: (core, n, pc) => mix(2, n, pc, core.cycles()),
      faulted: (core, kind, address, pc) => {
        this.seen[i]!.faults++;
        mix(3, kind.length, address ?? -1, pc, core.cycles());
      },
      lockup: (core) => mix(4, core.pc, core.cycles()),
      entry: (e) => mix(5, e.fromPc ?? -1, e.address, e.at / PS_PER_CYCLE, e.retired),
      leftSystem: (pc) => {
        mix(6, pc);
        return false;
      },
    };
  }
  begin(p: Program): Lowered {
    const code = lower(this.core, p);
    this.programs++;
    const flash = new Uint8Array(0x400);
    const view = new DataView(flash.buffer);
    const [tick, svc, pendSv, irq] = code.handlers as [number, number, number, number];
    for (let e = 0; e < 64; e++) view.setUint32(4 * e, irq + 1, true);
    view.setUint32(0, RAM + 0x8000, true);
    for (const e of [3, 4, 5, 6, 7]) view.setUint32(4 * e, FAULT_HANDLER + 1, true);
    view.setUint32(4 * 11, svc + 1, true);
    view.setUint32(4 * 14, pendSv + 1, true);
    view.setUint32(4 * 15, tick + 1, true);
    this.machines.forEach((m, i) => {
      m.restore(this.fresh[i]!);
      Object.assign(this.seen[i]!, { hash: 0, exceptions: new Map(), faults: 0, entries: 0 });
      const put = (address: number, bytes: Uint8Array): void => {
        const region = m.system.regionAt(address)!;
        m.system.pokeMemory(region.memory!.row.name, address - region.base, bytes);
      };
      put(FLASH, flash);
      const r = new Random(p.seed);
      put(
        FLASH + 0x6000,
        Uint8Array.from({ length: 0x100 }, () => r.u32()),
      );
      for (const piece of code.pieces) put(piece.address, new Uint8Array(Uint16Array.from(piece.code).buffer));
      const cpu = m.cores[0]!;
      cpu.setBreakpoints(new Set());
      cpu.setTranslating(i > 0, 1);
      cpu.caches.setFlashTiming(timing(p, 0));
      if (this.core === 'm7' && has(p, 'caches')) {
        for (let way = 0; way < 4; way++) for (let set = 0; set < 128; set++) cpu.write(0xe000ef60, 4, ((way << 30) | (set << 5)) >>> 0);
        cpu.write(0xe000ef50, 4, 0);
        cpu.write(0xe000ed14, 4, 0x40200 | (p.seed & 1 ? 0x10000 : 0) | (p.seed & 2 ? 0x20000 : 0));
      }
      if (has(p, 'mpu')) protect(cpu, p.seed);
      // priorities: some handlers interrupt others
      cpu.write(0xe000ed1c, 4, Math.imul(p.seed, 0x9e3779b1) >>> 0);
      cpu.write(0xe000ed20, 4, Math.imul(p.seed, 0x85ebca6b) >>> 0);
      cpu.write(0xe000e400, 4, Math.imul(p.seed, 0xc2b2ae35) >>> 0);
      cpu.branchTo(code.main);
    });
    return code;
  }
}
/** Regions over data, code in RAM and the device, some smaller than a page, with any rights; what the handlers need is left to the default map. */
function protect(cpu: Core, seed: number): void {
  const r = new Random(seed ^ 0x4d50);
  const v8 = cpu.profile.arch === 'v8m';
  for (let n = 0; n < Math.min(cpu.row.mpuRegions, 1 + r.below(4)); n++) {
    const log2 = Math.max(cpu.profile.arch === 'v6m' ? 8 : 5, 5 + r.below(9));
    const area = r.pick([
      RAM + 0x1000,
      RAM + 0x1800,
      RAM + 0x10000 - 0x1000,
      RAM + 0x10000,
      RAM_ALIAS,
      FLASH + 0x1000,
      FLASH + 0x6000,
      DEVICE,
    ]);
    const base = (((area + r.below(0x1000)) >>> log2) << log2) >>> 0;
    cpu.write(MPU_RNR, 4, n);
    // readable and writable more often than not
    const rights = r.below(3) > 0 ? 3 : r.below(8);
    if (v8) {
      cpu.write(MPU_RBAR, 4, (base | ((rights & 3 & (r.below(2) ? 1 : 3)) << 1) | Number(r.below(4) === 0)) >>> 0);
      cpu.write(MPU_RASR, 4, ((base + 2 ** log2 - 1) & ~31) | (r.below(8) << 1) | 1);
    } else {
      cpu.write(MPU_RBAR, 4, base);
      const holes = r.below(3) === 0 ? r.below(256) : 0;
      cpu.write(
        MPU_RASR,
        4,
        ((Number(r.below(4) === 0) << 28) | (rights << 24) | (r.below(64) << 16) | (holes << 8) | ((log2 - 1) << 1) | 1) >>> 0,
      );
    }
  }
  if (r.below(2)) cpu.write(MPU_CTRL, 4, 5 | (r.below(2) << 1));
}
const [MPU_CTRL, MPU_RNR, MPU_RBAR, MPU_RASR] = [0xe000ed94, 0xe000ed98, 0xe000ed9c, 0xe000eda0];

function timing(p: Program, change: number): FlashTiming {
  const r = new Random(p.seed ^ change);
  const timed = has(p, 'flashTimed') || change !== 0;
  return {
    waitStates: timed ? r.below(6) : 0,
    cache: timed && has(p, 'flashCache'),
    sets: r.pick([4, 64, 256]),
    ways: 1 + r.below(2),
    kinds: timed && !has(p, 'flashCache') ? r.below(8) : 0,
  };
}

export interface Outcome {
  /** What differs, empty if nothing does. */
  readonly differences: readonly string[];
  readonly cycles: number;
  readonly exceptions: ReadonlyMap<number, number>;
  readonly faults: number;
  readonly compiled: number;
}
const NAMES = ['interpreter', 'translated', 'mixed'];
const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;

export function lockStep(p: Program, rig: Rig): Outcome {
  const code = rig.begin(p);
  const { machines } = rig;
  const [a] = machines as [Machine, Machine, Machine];
  const r = new Random(p.seed);
  const differences: string[] = [];
  const before = machines.map((m) => m.cores[0]!.tier.counters.compiled);
  let saved: Checkpoint[] | null = null;
  let at = a.now;
  for (let n = 0; n < p.stops.length && differences.length === 0; n++) {
    const stop = p.stops[n]!;
    // a checkpoint that was restored lies in the past
    at = Math.max(at, a.now) + stop.cycles * PS_PER_CYCLE;
    machines[2]!.cores[0]!.setTranslating(r.below(10) < 7, 1 + r.below(6));
    const why = machines.map((m) => {
      for (let i = 0; i < 40; i++) if (m.run(at) === 'limit') return i;
      return -1;
    });
    if (why.some((w) => w !== why[0])) differences.push(`stops on the way: ${why.join()}`);
    differences.push(...compare(rig, n === p.stops.length - 1).map((d) => `stop ${n}: ${d}`));
    if (differences.length > 0 || a.state.lockup) break;
    if (stop.act === 10) saved = machines.map((m) => m.save());
    if (stop.act === 11 && saved) {
      saved.forEach((c, i) => machines[i]!.restore(c));
      at = a.now;
    } else for (const m of machines) act(m, p, code, stop.act, stop.value);
  }
  const seen = rig.seen[0]!;
  return {
    differences,
    cycles: a.cores[0]!.cycles(),
    exceptions: seen.exceptions,
    faults: seen.faults,
    compiled: machines[1]!.cores[0]!.tier.counters.compiled - before[1]!,
  };
}

/** One program on the interpreter: where it came to, with a hash of all that was seen on the way and of its registers. */
export function alone(p: Program, rig: Rig): string {
  const code = rig.begin(p);
  const m = rig.machines[0]!;
  const cpu = m.cores[0]!;
  for (const stop of p.stops) {
    const at = m.now + stop.cycles * PS_PER_CYCLE;
    for (let i = 0; i < 40 && m.run(at) !== 'limit'; i++);
    if (m.state.lockup) break;
    act(m, p, code, stop.act, stop.value);
  }
  const { faults, exceptions } = rig.seen[0]!;
  const taken = [...exceptions].map(([n, count]) => `${n}:${count}`).join(' ');
  return `${cpu.cycles()} cycles, ${cpu.retired()} instructions, ${faults} faults, exceptions ${taken || '-'}`;
}

/** Something from outside. */
function act(m: Machine, p: Program, code: Lowered, what: number, value: number): void {
  const cpu = m.cores[0]!;
  const slot = code.slots.length > 0 ? code.slots[value % code.slots.length]! : null;
  if (what < 6) cpu.write(0xe000e200, 4, 1 << (value & 3), true);
  else if (what === 6) cpu.nmi();
  else if (what === 14 || what === 15) cpu.write(0xe000ed04, 4, 1 << 28, true);
  else if (what === 7) cpu.caches.setFlashTiming(timing(p, value));
  else if (what === 8) cpu.setBreakpoints(new Set(slot === null ? [] : [slot, slot + 2]));
  else if (what === 9) cpu.setBreakpoints(new Set());
  else if ((what === 12 || what === 13) && slot !== null) {
    const region = m.system.regionAt(slot)!;
    m.system.pokeMemory(region.memory!.row.name, slot - region.base, Uint8Array.of((value >>> 8) & 0xff));
  }
}

function compare(rig: Rig, atEnd: boolean): string[] {
  const [a] = rig.machines as [Machine, Machine, Machine];
  const x = a.cores[0]!;
  const wa = x.stateWords();
  const out: string[] = [];
  rig.machines.forEach((b, i) => {
    if (i === 0) return;
    const y = b.cores[0]!;
    const differs = (what: string, u: number | string, v: number | string): void => {
      if (u !== v) out.push(`${what}: ${typeof u === 'number' ? hex(u) : u}, ${NAMES[i]} ${typeof v === 'number' ? hex(v) : v}`);
    };
    differs('pc', x.pc, y.pc);
    differs('cycles', x.cycles(), y.cycles());
    differs('instructions', x.retired(), y.retired());
    const wb = y.stateWords();
    for (let w = 0; w < wa.length; w++)
      if (!BOOKS.has(w) && wa[w] !== wb[w]) differs(`state word 0x${(4 * w).toString(16)}`, wa[w]!, wb[w]!);
    differs('what observers saw', rig.seen[0]!.hash, rig.seen[i]!.hash);
    differs('writes to registers', a.history.seq, b.history.seq);
    differs('device', JSON.stringify(a.system.block('PROBE').state), JSON.stringify(b.system.block('PROBE').state));
    differs('memory', memoryDifference(a, b), '');
    differs('branch targets', x.branchTargets?.save().words.join() ?? '', y.branchTargets?.save().words.join() ?? '');
    if (!atEnd) return;
    differs('rest of the core', restDifference(x, y), '');
    differs('uninitialised reads', a.uninitialisedReads(), b.uninitialisedReads());
    differs('history', JSON.stringify(a.history.entries), JSON.stringify(b.history.entries));
    differs('flash caches', JSON.stringify(rowsByUse(a)) === JSON.stringify(rowsByUse(b)) ? '' : 'differ', '');
    if (x.l1) differs('L1 caches', JSON.stringify(x.l1.save()) === JSON.stringify(y.l1!.save()) ? '' : 'differ', '');
  });
  return out;
}
function memoryDifference(a: Machine, b: Machine): string {
  for (const name of ['RAM', 'FLASH']) {
    const [u, v] = [a.system.memoryBytes(name), b.system.memoryBytes(name)];
    if (Buffer.compare(u, v) !== 0) {
      const at = u.findIndex((byte, i) => byte !== v[i]);
      return `${name} + 0x${at.toString(16)}: ${u[at]} and ${v[at]}`;
    }
  }
  return '';
}
/** Caches, NVIC and the system control space: what stateWords does not show. */
function restDifference(x: Core, y: Core): string {
  for (let offset: number = S.CACHE_TAGS; offset < 0x1000; offset += 4) {
    if (x.get(offset) !== y.get(offset)) return `0x${offset.toString(16)}: ${hex(x.get(offset))} and ${hex(y.get(offset))}`;
  }
  return '';
}
