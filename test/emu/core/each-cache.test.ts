/**
 * The caches of a flash controller and the branch targets of a Cortex-M7, each driven by random accesses without any program, beside what came of it before (each-cache/*.txt): misses, what is
 * held, what stale rows give and what is saved, as counts and a hash. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { it } from 'vitest';
import { Arena, FLASH_CACHE, FLASH_MARK, MEMORY_BASE } from '../../../src/emu/arena.ts';
import type { FlashCacheRow } from '../../../src/emu/chip.ts';
import {
  FLASH_CACHE_MASK,
  FlashCache,
  KIND,
  type FlashCacheSnapshot,
  type RowUse,
  type Side,
} from '../../../src/emu/core/caches/flash-cache.ts';
import { S } from '../../../src/emu/core/state.ts';
import { BX_LR, FLASH, MAIN, reg, runCycles, started } from './bare-machine.ts';
import { expectAsBefore } from './golden-file.ts';
import { Random } from './random-cases.ts';

const BYTES = 0x1000;
const GEOMETRIES: readonly FlashCacheRow[] = [
  { lineBytes: 8, rowBytes: 32, codeRows: 32, dataRows: 8 },
  { lineBytes: 16, rowBytes: 16, codeRows: 64, dataRows: 8 },
  { lineBytes: 8, rowBytes: 16, codeRows: 6, dataRows: 3 },
];

/** As a core uses one: lines that are not held are filled, the others are stamped. */
class Driver {
  private readonly arena = new Arena(BYTES);
  private readonly cache: FlashCache;
  private readonly r: Random;
  private readonly told: string[] = [];
  private sum = 0x811c9dc5;
  private saved: FlashCacheSnapshot | null = null;
  private use: RowUse | null = null;
  private stale = 0;

  constructor(geometry: FlashCacheRow, seed: number) {
    this.r = new Random(seed);
    this.cache = new FlashCache(this.arena, 0, geometry, { staleChanged: (side, host, bytes) => this.mix(side, host, bytes) });
    for (let i = 0; i < BYTES; i++) this.arena.u8[MEMORY_BASE + i] = this.r.u32();
  }
  private mix(...values: readonly number[]): void {
    for (const v of values) this.sum = Math.imul(this.sum ^ v, 0x01000193) ^ (this.sum >>> 15);
  }
  private get touches(): number {
    return this.arena.i32[S.TOUCHES >> 2]!;
  }
  /** Near places often, so that lines are held, and far ones now and then. */
  private place(): number {
    const { r } = this;
    return (r.below(3) > 0 ? r.below(0x180) : r.below(BYTES - 4)) & ~3;
  }
  private access(): void {
    const { cache, r } = this;
    const side: Side = r.below(2) ? KIND.CODE : KIND.DATA;
    const at = this.place();
    const held = (this.arena.u8[this.markOf(at)]! & side) !== 0;
    if (held) this.hit(side, at);
    else cache.fill(side, FLASH + at, { base: FLASH, bytes: BYTES, host: MEMORY_BASE });
    this.mix(
      Number(held),
      cache.staleValue(side, FLASH + at, 4),
      cache.staleValue(side, FLASH + at + 1, 1),
      cache.staleValue(side, FLASH + at, 2),
    );
    if (cache.staleRows(side) > 0) this.stale++;
    if (r.below(6) === 0) this.mix(Number(cache.tells(side, FLASH + at, r.pick([1, 2, 4] as const))));
  }
  private markOf(at: number): number {
    return FLASH_MARK + (((FLASH + at) & FLASH_CACHE_MASK & -this.cache.geometry.lineBytes) >>> 3);
  }
  /** As both tiers do it. */
  private hit(side: Side, at: number): void {
    const row = ((FLASH + at) & FLASH_CACHE_MASK) >>> this.cache.rowShift;
    const stamp = ((side === KIND.CODE ? FLASH_CACHE.CODE_USED : FLASH_CACHE.DATA_USED) >> 2) + row;
    this.arena.i32[stamp] = ++this.arena.i32[S.TOUCHES >> 2]!;
  }
  private change(): void {
    const { cache, r } = this;
    const at = this.place();
    const bytes = Uint8Array.from({ length: r.pick([1, 4, 8, 40]) }, () => (r.below(3) ? r.u32() : this.arena.u8[MEMORY_BASE + at]!));
    cache.memoryChanged(MEMORY_BASE + at, bytes.length, r.below(2) ? bytes : undefined);
    this.arena.u8.set(bytes.subarray(0, BYTES - at), MEMORY_BASE + at);
  }
  private step(): void {
    const { cache, r } = this;
    const what = r.below(60);
    if (what < 50) this.access();
    else if (what < 52) this.change();
    else if (what === 52 && r.below(8) === 0) cache.flush(r.below(2) ? KIND.CODE : KIND.DATA);
    else if (what === 53) this.saved = cache.save();
    else if (what === 54 && this.saved && r.below(3) === 0) cache.restore(this.saved);
    else if (what === 55) {
      this.use = cache.usedSince(Math.max(0, this.touches - r.below(6)));
      if (this.use) this.mix(...this.use.stamps, ...this.use.marks, ...this.use.sides, this.use.charged);
    } else if (what === 56 && this.use) this.mix(Number(cache.holds(this.use)));
    else if (what === 57 && this.use && cache.holds(this.use)) cache.useAgain(this.use.stamps, r.below(2) ? FLASH + this.place() : null);
    else if (what === 58) this.mix(...(cache.dataRows() ?? [-1]));
    else if (what === 59) this.arena.i32[S.TOUCHES >> 2]! += r.below(3);
  }
  lines(): string[] {
    for (let n = 0; n < 30; n++) {
      for (let i = 0; i < 80; i++) this.step();
      const saved = this.cache.save();
      for (const row of [...saved.code, ...saved.data])
        this.mix(row.row, row.host, row.used, Number(row.stale), Number(row.told), ...row.marks, ...row.bytes);
      this.told.push(
        `${n + 1}: ${this.cache.changes} changes, ${this.cache.dataMisses} of data, ${saved.code.length} and ${saved.data.length} rows, ${this.stale} looked at stale ones; ${(this.sum >>> 0).toString(16).padStart(8, '0')}`,
      );
    }
    return this.told;
  }
}
it.each(GEOMETRIES)('a flash cache of $codeRows and $dataRows rows holds what it held', (geometry) => {
  expectAsBefore(
    new Driver(geometry, 1217).lines(),
    new URL(`./each-cache/flash-${geometry.lineBytes}-${geometry.rowBytes}.txt`, import.meta.url),
  );
});

/** R0 = where to; each piece branches there and comes back by LR. */
it('branches of a Cortex-M7 to addresses in registers cost what they did', () => {
  const places = Array.from({ length: 40 }, (_, i) => 0x1100 + (i % 8) * 0x100 + 2 * (i >> 3));
  const targets = Array.from({ length: 12 }, (_, i) => 0x3000 + 0x10 * i);
  const { machine, cpu } = started('m7', {
    [MAIN]: [0xe7fe],
    ...Object.fromEntries(places.map((at) => [at, [0x4700]])),
    ...Object.fromEntries(targets.map((at) => [at, [BX_LR]])),
  });
  const r = new Random(1218);
  const lines: string[] = [];
  let saved = cpu.branchTargets!.save();
  for (let n = 0; n < 60; n++) {
    const costs: number[] = [];
    for (let i = 0; i < 24; i++) {
      const from = r.pick(r.below(3) ? places.slice(0, 8) : places);
      cpu.set(S.R, FLASH + r.pick(r.below(4) ? targets.slice(0, 2) : targets) + 1);
      cpu.set(S.LR, FLASH + MAIN + 1);
      cpu.branchTo(FLASH + from);
      const before = cpu.cycles();
      cpu.step();
      costs.push(cpu.cycles() - before);
    }
    runCycles(machine, 4);
    const { changes } = cpu.branchTargets!;
    lines.push(
      `${n + 1}: ${costs.join(' ')}; ${cpu.branchTargets!.same(saved) ? 'the same' : 'other ones'}, ${changes} changes, R0 ${reg(cpu, 0).toString(16)}`,
    );
    const what = r.below(10);
    if (what === 0 && n % 3 === 0) cpu.branchTargets!.clear();
    if (what === 1) cpu.branchTargets!.restore(saved);
    if (what === 2) saved = cpu.branchTargets!.save();
    // ACTLR: DISBTACREAD, DISBTACALLOC
    if (what > 8) cpu.write(0xe000e008, 4, r.below(4) << 13, true);
    if (what === 3) {
      cpu.branchTargets!.beginUse();
      cpu.branchTo(FLASH + places[n % 40]!);
      cpu.step();
      const used = cpu.branchTargets!.saveUsed();
      lines.push(
        `used ${used.words.length} words at ${[...(used.at ?? [])].join(' ')}: ${cpu.branchTargets!.same(used) ? 'the same' : 'other ones'}`,
      );
    }
  }
  expectAsBefore(lines, new URL('./each-cache/branch-targets.txt', import.meta.url));
});
