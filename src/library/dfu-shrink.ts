/** An arbitrary of cases that shrinks command by command, a case of one's own or an example as well: first fewer commands, then smaller ones. */
import * as fc from 'fast-check';
import { DFU } from '../usb-sim/dfu-protocol.ts';
import type { DfuCommand } from '../bench/dfu/dfu-command.ts';

export class DfuCases extends fc.Arbitrary<DfuCommand[]> {
  private readonly random: fc.Arbitrary<DfuCommand[]>;
  private readonly dfuse: boolean;

  constructor(random: fc.Arbitrary<DfuCommand[]>, dfuse: boolean) {
    super();
    this.random = random;
    this.dfuse = dfuse;
  }
  generate(mrng: fc.Random, biasFactor: number | undefined): fc.Value<DfuCommand[]> {
    return new fc.Value(this.random.generate(mrng, biasFactor).value, undefined);
  }
  canShrinkWithoutContext(value: unknown): value is DfuCommand[] {
    return Array.isArray(value);
  }
  shrink(value: DfuCommand[]): fc.Stream<fc.Value<DfuCommand[]>> {
    return fc.stream(this.smaller(value)).map((commands) => new fc.Value(commands, undefined));
  }
  private *smaller(value: DfuCommand[]): IterableIterator<DfuCommand[]> {
    yield* withoutSome(value);
    for (const [i, command] of value.entries()) for (const less of this.simpler(command)) yield value.with(i, less);
  }
  private simpler(command: DfuCommand): DfuCommand[] {
    // a block 0 of DfuSe is a command: with fewer bytes it is another one
    const isCommand = this.dfuse && command.do === 'request' && command.request === DFU.DNLOAD && command.value === 0;
    return isCommand ? [] : [...fewerBytes(command), ...lowerNumbers(command)];
  }
}

/** Long stretches go first. */
function* withoutSome<T>(all: readonly T[]): IterableIterator<T[]> {
  for (let n = all.length; n >= 1; n = Math.floor(n / 2))
    for (let at = all.length; at > 0; at -= n) yield [...all.slice(0, Math.max(0, at - n)), ...all.slice(at)];
}

/** Data: half of it, its first byte, and the same number of zeros. */
function fewerBytes(c: DfuCommand): DfuCommand[] {
  if (!('data' in c) || !c.data || c.data.length === 0) return [];
  const { data } = c;
  const cut = (n: number): DfuCommand => ({ ...c, data: data.slice(0, n), ...('length' in c && c.length > 0 ? { length: n } : {}) });
  const shorter = steps(data.length - 1).map((less) => cut(data.length - less));
  return [...shorter, ...(data.some((b) => b !== 0) ? [{ ...c, data: data.map(() => 0) }] : [])];
}
/** All of it, half of it, … 1. */
function steps(most: number): number[] {
  const found: number[] = [];
  for (let n = most; n >= 1; n = Math.floor(n / 2)) found.push(n);
  return found;
}

/** Numbers that nobody misses where they are lower; addresses, blocks and indexes say something. */
const NUMBERS = ['length', 'seed', 'us', 'after', 'ms', 'bit', 'afterUs'] as const;
const LEAST: Readonly<Partial<Record<(typeof NUMBERS)[number], number>>> = { length: 1, us: 1, ms: 1, afterUs: 1 };
function lowerNumbers(c: DfuCommand): DfuCommand[] {
  const fields: Readonly<Record<string, unknown>> = { ...c };
  return NUMBERS.flatMap((key): DfuCommand[] => {
    const now = fields[key];
    const least = LEAST[key] ?? 0;
    if (typeof now !== 'number' || now <= least || (key === 'length' && 'data' in c && c.data != null)) return [];
    return steps(now - least).map((less) => ({ ...c, [key]: now - less }) as DfuCommand);
  });
}
