/** Names of an image: address → symbol with offset, and name → address. */
import type { ElfSymbol } from './elf.ts';
import { lastUpTo } from './last-up-to.ts';

export type { ElfSymbol as ImageSymbol } from './elf.ts';

export interface NamedAddress {
  readonly symbol: ElfSymbol;
  readonly offset: number;
}

const KIND_RANK = { function: 2, object: 1, label: 0 } as const;
const BINDING_RANK = { global: 2, local: 1, weak: 0 } as const;

/** Of several names of one address the most telling: a sized function before a label, a global before a weak alias. */
function compareTelling(a: ElfSymbol, b: ElfSymbol): number {
  return (
    Number(b.size > 0) - Number(a.size > 0) ||
    KIND_RANK[b.kind] - KIND_RANK[a.kind] ||
    BINDING_RANK[b.binding] - BINDING_RANK[a.binding] ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}

/** Symbols by address; where each ends, and where the last of those up to there does. */
interface Places {
  readonly table: readonly ElfSymbol[];
  readonly ends: readonly number[];
  readonly last: readonly number[];
}

export class SymbolTable {
  readonly all: readonly ElfSymbol[];
  private readonly endOf: (address: number) => number | null;
  private byAddress: Places | null = null;
  private byName: Map<string, ElfSymbol[]> | null = null;

  /**
   * `endOf`: the end of the stretch of the image that holds an address, null outside of it. Labels elsewhere (`_estack`, sizes) are numbers, not places, and one
   * without a size names nothing beyond its stretch.
   */
  constructor(all: readonly ElfSymbol[], endOf: (address: number) => number | null) {
    this.all = all;
    this.endOf = endOf;
  }

  /** All symbols of a name, the most telling first: static functions of two files may share one. */
  named(name: string): readonly ElfSymbol[] {
    if (this.byName === null) {
      this.byName = new Map();
      for (const s of this.all) {
        const list = this.byName.get(s.name);
        if (list === undefined) this.byName.set(s.name, [s]);
        else list.push(s);
      }
      for (const list of this.byName.values()) list.sort(compareTelling);
    }
    return this.byName.get(name) ?? [];
  }

  /** The symbol that contains `address`, else the nearest one before it without a size of its own. */
  at(address: number): NamedAddress | null {
    const { table, ends, last } = (this.byAddress ??= this.sorted());
    for (let i = lastUpTo(table.length, (n) => table[n]!.address <= address); i >= 0 && last[i]! > address; i--) {
      const symbol = table[i]!;
      if (address < ends[i]!) return { symbol, offset: address - symbol.address };
      // A large object may enclose smaller labels; a function before another one cannot reach over it.
      if (symbol.kind === 'function') return null;
    }
    return null;
  }

  private sorted(): Places {
    const places = this.all.filter((s) => s.size > 0 || this.endOf(s.address) !== null);
    places.sort((a, b) => a.address - b.address || compareTelling(a, b));
    const table = places.filter((s, i) => i === 0 || places[i - 1]!.address !== s.address);
    const ends = table.map(({ address, size }) => (size > 0 ? address + size : (this.endOf(address) ?? 0)));
    let end = 0;
    return { table, ends, last: ends.map((own) => (end = Math.max(end, own))) };
  }
}
