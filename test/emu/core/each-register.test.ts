/**
 * The private peripheral bus word by word, beside what it did before (each-register/*.txt): what each register holds out of reset and in the middle of an exception, what it holds
 * behind some writes, and a hash of what else the core became by them, by narrow ones and by unprivileged ones. Neighbours that do the same share a line. And what the MPU says of
 * addresses under random set-ups. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { it } from 'vitest';
import { GuestFault } from '../../../src/emu/core/cpu.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { cachePolicy, mpuAllows, mpuCacheable, mpuRegion, mpuSetUp, mpuUniform } from '../../../src/emu/core/arm/mpu.ts';
import { SCS } from '../../../src/emu/core/arm/scs-state.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { RAM, runCycles, started, SVC, MAIN, type CoreName } from './bare-machine.ts';
import { expectAsBefore } from './golden-file.ts';
import { Random } from './random-cases.ts';

const CORES: readonly CoreName[] = ['m0', 'm0plus', 'm3', 'm4', 'm33', 'm7'];
const words = (from: number, to: number): number[] => Array.from({ length: (to - from) / 4 }, (_, i) => from + 4 * i);
const ADDRESSES = [
  ...words(0xe0000000, 0xe0000010),
  ...words(0xe0000e00, 0xe0000e90),
  ...words(0xe0001000, 0xe0001070),
  ...words(0xe0002000, 0xe0002030),
  ...words(0xe000e000, 0xe000e030),
  ...[0x100, 0x180, 0x200, 0x280, 0x300].flatMap((block) => words(0xe000e000 + block, 0xe000e020 + block)),
  ...words(0xe000e400, 0xe000e4a0),
  ...words(0xe000ed00, 0xe000ee10),
  ...words(0xe000ef00, 0xe000f000),
  ...words(0xe0040000, 0xe0040010),
  ...words(0xe00ff000, 0xe00ff020),
  ...words(0xe0100000, 0xe0100004),
];
const VALUES = [0xffff_ffff, 0x5555_5555, 0xaaaa_aaaa, 0x05fa_0300, 0x05fa_0702, 0];
const NARROW: readonly (readonly [offset: number, size: 1 | 2])[] = [
  [0, 1],
  [1, 1],
  [2, 1],
  [3, 1],
  [0, 2],
  [2, 2],
];
const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** A core whose words can be put back. */
class Bus {
  readonly machine: Machine;
  readonly cpu: Core;
  private readonly fresh;
  private readonly hashBefore: number;

  constructor(machine: Machine, cpu: Core) {
    this.machine = machine;
    this.cpu = cpu;
    this.fresh = machine.save();
    this.hashBefore = this.hash();
  }
  hash(): number {
    const { machine, cpu } = this;
    let sum = machine.history.seq;
    const mix = (v: number): void => void (sum = Math.imul(sum ^ v, 0x01000193) ^ (sum >>> 15));
    for (const w of cpu.stateWords()) mix(w);
    for (const w of cpu.exceptionWords()) mix(w);
    mix(machine.history.resets.length);
    return sum;
  }
  back(): void {
    if (this.hash() !== this.hashBefore) this.machine.restore(this.fresh);
  }
  tried(what: () => void): boolean {
    try {
      what();
      return true;
    } catch (e) {
      if (!(e instanceof GuestFault)) throw e;
      return false;
    }
  }
  /** What an address does, without the hash, and the hash. */
  told(address: number): { readonly text: string; readonly hash: number } {
    const { cpu } = this;
    this.back();
    const before = cpu.peek(address, 4);
    if (before === null) return { text: 'bus error', hash: 0 };
    const held = [before];
    let sum = 0;
    const add = (): void => void (sum = Math.imul(sum ^ this.hash(), 0x01000193) ^ (sum >>> 15));
    for (const value of VALUES) {
      const ok = this.tried(() => cpu.write(address, 4, value, true));
      held.push(cpu.peek(address, 4)!);
      if (ok) add();
    }
    this.tried(() => held.push(cpu.read(address, 4, true)));
    add();
    for (const [offset, size] of NARROW) {
      this.tried(() => cpu.write(address + offset, size, 0xff5a, true));
      add();
    }
    held.push(cpu.peek(address, 4)!, cpu.peek(address + 1, 1)!, cpu.peek(address + 2, 2)!);
    this.back();
    const unprivileged = [() => void cpu.read(address, 4, false), () => cpu.write(address, 4, 0xffff_ffff, false)].map((access) =>
      this.tried(access),
    );
    add();
    this.back();
    this.tried(() => cpu.write(address, 4, 0x05fa_0005, true));
    runCycles(this.machine, 6);
    add();
    return { text: `${held.map(hex).join(' ')}; unprivileged ${unprivileged.map((ok) => (ok ? 'yes' : 'no')).join(' ')}`, hash: sum };
  }
}

/** In the handler of an SVC: priorities, masks, the MPU and SysTick are set up. */
function busy(core: CoreName): Bus {
  const { machine, cpu } = started(core, { [MAIN]: [SVC, 0xe7fe] });
  const put = (address: number, value: number): void => void (cpu.peek(address, 4) !== null && cpu.write(address, 4, value, true));
  put(0xe000ed0c, 0x05fa_0200);
  put(0xe000ed1c, 0x4000_0000);
  put(0xe000ed20, 0x8060_0000);
  put(0xe000e400, 0x8040_c020);
  put(0xe000e100, 0x000f);
  put(0xe000e010, 5);
  put(0xe000e014, 1000);
  put(0xe000ed24, 0x7_0000);
  put(0xe000ed88, 0x00f0_0000);
  runCycles(machine, 40);
  put(0xe000e200, 0x0005);
  put(0xe000ed04, 0x1000_0000);
  put(0xe000ed98, 2);
  put(0xe000ed9c, RAM);
  put(0xe000eda0, 0x0300_0021);
  put(0xe000ed94, 4);
  return new Bus(machine, cpu);
}
/** Everything that can be pending, active and enabled is, but what no software can bring about. */
function full(core: CoreName): Bus {
  const { machine, cpu } = started(core);
  cpu.set(SCS.SYS_ACTIVE, cpu.profile.arch === 'v6m' ? 0xc804 : 0xd87c);
  cpu.set(SCS.SYS_PENDING, cpu.profile.arch === 'v6m' ? 0xc804 : 0xd87c);
  for (let line = 0; line < cpu.row.nvicLines; line += 3)
    for (const bitmap of [S.NVIC_ACTIVE, S.NVIC_PENDING, S.NVIC_ENABLED, S.NVIC_LEVEL]) {
      const at = bitmap + 4 * (line >>> 5);
      cpu.set(at, cpu.get(at) | (1 << (line & 31)));
    }
  cpu.set(S.IPSR, 15);
  cpu.set(SCS.CFSR, -1);
  cpu.set(SCS.HFSR, -1);
  cpu.interruptsChanged();
  return new Bus(machine, cpu);
}
function told(name: string, bus: Bus, addresses = ADDRESSES): string[] {
  const lines: { from: number; to: number; text: string; hash: number }[] = [];
  for (const address of addresses) {
    const { text, hash } = bus.told(address);
    const last = lines.at(-1);
    if (last && last.to + 4 === address && last.text === text) {
      last.to = address;
      last.hash = Math.imul(last.hash ^ hash, 0x01000193) ^ (last.hash >>> 15);
    } else lines.push({ from: address, to: address, text, hash });
  }
  return lines.map(({ from, to, text, hash }) => `${name} ${hex(from)}${to === from ? '' : ` to ${hex(to)}`}: ${text}; ${hex(hash)}`);
}

/** What is there to be read. */
const held = (name: string, cpu: Core): string[] =>
  ADDRESSES.map((address): [number, number | null] => [address, cpu.peek(address, 4)])
    .filter(([, value]) => value !== 0)
    .map(([address, value]) => `${name} ${hex(address)}: ${value === null ? 'bus error' : hex(value)}`);

/** What random set-ups let through: how often, and a hash of where. */
function protection(core: CoreName): string[] {
  const { cpu } = started(core);
  const r = new Random(1209);
  const regions = cpu.row.mpuRegions;
  return Array.from({ length: regions === 0 ? 0 : 40 }, (_, n) => {
    const places: number[] = [];
    for (let i = 0; i < regions; i++) {
      cpu.write(0xe000ed98, 4, i, true);
      const base =
        r.pick([RAM, RAM + 0x1000, 0x0800_0000, 0x4000_0000, 0x6000_0000, 0xc000_0000, 0xffff_0000, r.u32()]) +
        (r.below(64) << r.below(10));
      const log2 = 4 + r.below(29);
      cpu.write(0xe000ed9c, 4, ((base & ~31) | (cpu.profile.arch === 'v8m' ? r.below(32) : 0)) >>> 0, true);
      const enabled = Number(r.below(3) > 0);
      const second =
        cpu.profile.arch === 'v8m'
          ? ((base + (r.below(0x80) << r.below(8))) & ~31) | (r.below(8) << 1)
          : ((r.u32() & 0x173f_ff00) | ((log2 - 1) << 1)) & (r.below(2) ? ~0xff00 : ~0);
      cpu.write(0xe000eda0, 4, (second | enabled) >>> 0, true);
      const size = cpu.profile.arch === 'v8m' ? 256 : 2 ** Math.min(log2, 20);
      places.push(base, base - 1, base + size, base + size - 1, base + (size >>> 3), base + r.below(size), base & ~(size - 1));
    }
    if (cpu.profile.arch === 'v8m')
      for (const i of [0, 4]) cpu.write(0xe000edc0 + i, 4, (r.u32() & (r.below(2) ? 0xffff_ffff : 0x44f0_0f44)) >>> 0, true);
    if (cpu.profile.l1) cpu.write(0xe000ef9c, 4, r.below(8), true);
    cpu.write(0xe000ed94, 4, r.below(8) | Number(n > 3), true);
    let sum = 0;
    const counts = [0, 0, 0];
    for (const place of [...places, 0xe000_e010, 0xe010_0000, 0xdfff_ffff, 0, 0xffff_ffff]) {
      const address = place >>> 0;
      const rights = [true, false].flatMap((priv) =>
        (['read', 'write', 'fetch'] as const).map((access) => mpuAllows(cpu, address, access, priv)),
      );
      ['read', 'write', 'fetch'].forEach((_, i) => (counts[i]! += Number(rights[i]) + Number(rights[i + 3])));
      const policies = cpu.profile.arch === 'v7m' ? [cachePolicy(cpu, address, 'data'), cachePolicy(cpu, address, 'fetch')] : [];
      const all = [
        mpuRegion(cpu, address),
        ...rights.map(Number),
        Number(mpuCacheable(cpu, address)),
        Number(mpuUniform(cpu, address & ~0xfff)),
        ...policies,
      ];
      for (const v of all) sum = Math.imul(sum ^ v, 0x01000193) ^ (sum >>> 15);
    }
    for (const priv of [true, false])
      for (const c of mpuSetUp(cpu, priv)) sum = Math.imul(sum ^ c.charCodeAt(0), 0x01000193) ^ (sum >>> 15);
    return `MPU set-up ${n}: ${counts.join(' ')}; ${hex(sum)}`;
  });
}

it.each(CORES)('%s answers on its own bus as it did', (core) => {
  const { cpu } = started(core);
  const lines = [
    ...held('reset', cpu),
    ...told('busy', busy(core)),
    ...told(
      'full',
      full(core),
      ADDRESSES.filter((a) => a >= 0xe000e000 && a < 0xe000ed40),
    ),
    ...protection(core),
  ];
  expectAsBefore(lines, new URL(`./each-register/${core}.txt`, import.meta.url));
});
