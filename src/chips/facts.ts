/**
 * Generated register facts. A file holds one string per block, registers separated by `;`:
 *   NAME offset size reset writable FIELD:bit:width,…        (offset, reset and writable hexadecimal)
 * A block is expanded when it is first asked for, so that start-up pays only for what a run uses.
 */
import type { BlockFacts, FieldFact, RegisterFact } from '../emu/registers.ts';

export interface GeneratedPeripheral {
  readonly name: string;
  /** Hexadecimal. */
  readonly base: string;
  readonly size: string;
  /** Name of the block whose registers it has. */
  readonly block: string;
  /** Interrupt numbers, rising. */
  readonly irqs: readonly number[];
  /** RCC register and field that clock and reset it, as `BlockRow` has them. */
  readonly clock?: string;
  readonly reset?: string;
}
export interface GeneratedFacts {
  readonly note: string;
  /** SVD file and its version. */
  readonly svd: string;
  readonly peripherals: readonly GeneratedPeripheral[];
  readonly blocks: Readonly<Record<string, string>>;
}

/** What differs in a block: its whole text, or what replaces what in the text that there is. */
export type BlockChange = string | readonly (readonly [from: string, to: string])[];

/**
 * The generated facts of a part's nearest SVD, but for the blocks in which the part differs. Made when they are first looked at.
 * @param source of the differences
 */
export function withBlocks(of: GeneratedFacts, source: string, changes: () => Readonly<Record<string, BlockChange>>): GeneratedFacts {
  let blocks: GeneratedFacts['blocks'] | null = null;
  const changed = ([name, change]: readonly [string, BlockChange]): readonly [string, string] => {
    if (typeof change === 'string') return [name, change];
    return [name, change.reduce((text, [from, to]) => replaced(name, text, from, to), of.blocks[name]!)];
  };
  return {
    get note() {
      return of.note;
    },
    get svd() {
      return `${of.svd}; ${source}`;
    },
    get peripherals() {
      return of.peripherals;
    },
    get blocks() {
      return (blocks ??= { ...of.blocks, ...Object.fromEntries(Object.entries(changes()).map(changed)) });
    },
  };
}

function replaced(block: string, text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${block} has no ${from}`);
  return text.replace(from, to);
}

function expandField(code: string): FieldFact {
  const [name, bit, width] = code.split(':');
  return { name: name!, bit: Number(bit), width: Number(width) };
}

/** Its fields are read when they are first asked for: those of most registers never are. */
class GeneratedRegister implements RegisterFact {
  readonly name: string;
  readonly offset: number;
  readonly size: 1 | 2 | 4;
  readonly reset: number;
  readonly writable: number;
  private readonly code: string | undefined;
  private list: readonly FieldFact[] | null = null;

  constructor(code: string) {
    const [name, offset, size, reset, writable, fields] = code.split(' ');
    this.name = name!;
    this.offset = parseInt(offset!, 16);
    this.size = Number(size) as 1 | 2 | 4;
    this.reset = parseInt(reset!, 16);
    this.writable = parseInt(writable!, 16);
    this.code = fields;
  }
  get fields(): readonly FieldFact[] {
    return (this.list ??= this.code ? this.code.split(',').map(expandField) : []);
  }
}

type FactsByName = Readonly<Record<string, BlockFacts>>;

/** A record that is made when it is first looked at, so that describing a chip does not unpack its registers. */
export function madeOnDemand(make: () => FactsByName): FactsByName {
  const made = {};
  let full = false;
  const all = (): FactsByName => {
    if (!full) Object.defineProperties(made, Object.getOwnPropertyDescriptors(make()));
    full = true;
    return made;
  };
  return new Proxy<FactsByName>(made, {
    get: (_, key) => Reflect.get(all(), key) as BlockFacts,
    has: (_, key) => Reflect.has(all(), key),
    ownKeys: () => Reflect.ownKeys(all()),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(all(), key),
  });
}

/** Facts of every peripheral by name; peripherals of one type share one object. */
export const loadFacts = (generated: GeneratedFacts): FactsByName => madeOnDemand(() => expandedFacts(generated));

function expandedFacts(generated: GeneratedFacts): FactsByName {
  const expanded = new Map<string, BlockFacts>();
  const block = (name: string): BlockFacts => {
    let facts = expanded.get(name);
    if (!facts) {
      const code = generated.blocks[name]!;
      const registers = code === '' ? [] : code.split(';').map((register) => new GeneratedRegister(register));
      expanded.set(name, (facts = { name, registers }));
    }
    return facts;
  };
  const out: Record<string, BlockFacts> = {};
  for (const p of generated.peripherals)
    // of some, other files have the registers
    if (generated.blocks[p.block] !== undefined) Object.defineProperty(out, p.name, { enumerable: true, get: () => block(p.block) });
  return out;
}

/** `base` and more blocks; blocks of `base` are still expanded when they are first asked for. */
export const withFacts = (base: FactsByName, more: FactsByName): FactsByName =>
  madeOnDemand(() => Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(more), ...Object.getOwnPropertyDescriptors(base) }));

/** The same with a register that a block of `base` lacks, or has otherwise. */
export const withRegister = (base: FactsByName, block: string, register: RegisterFact): FactsByName =>
  withFacts(
    { [block]: factsOnDemand(block, () => [...base[block]!.registers.filter(({ name }) => name !== register.name), register]) },
    base,
  );

/** `NAME:bit` or `NAME:bit:width`, separated by blanks. */
export function fieldsOf(code: string): readonly FieldFact[] {
  return code === ''
    ? []
    : code.split(' ').map((f) => {
        const [name, bit, width] = f.split(':');
        return { name: name!, bit: Number(bit), width: Number(width ?? 1) };
      });
}

/** Facts whose registers are made when they are first asked for. */
export function factsOnDemand(name: string, make: () => readonly RegisterFact[]): BlockFacts {
  let registers: readonly RegisterFact[] | null = null;
  return {
    name,
    get registers() {
      return (registers ??= make());
    },
  };
}
