/**
 * Random programs as trees, so that fast-check can shrink a failing one. Every number is a choice that lower.ts maps into what the core can do.
 */
import fc from 'fast-check';

export type Node =
  /** Any instruction of the core's rows that keeps SP, LR, R7 and the PC. */
  | { readonly k: 'any'; readonly seed: number }
  | { readonly k: 'fp'; readonly seed: number }
  /** Accesses at one of the places of `PLACES`. */
  | { readonly k: 'memory'; readonly place: number; readonly offset: number; readonly seeds: readonly number[] }
  /** A load from one of the `POLLED` registers. */
  | { readonly k: 'poll'; readonly what: number; readonly seed: number }
  | { readonly k: 'it'; readonly cond: number; readonly mask: number; readonly seeds: readonly number[]; readonly tail: number }
  | { readonly k: 'if'; readonly form: number; readonly cond: number; readonly then: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly k: 'loop'; readonly form: number; readonly n: number; readonly body: readonly Node[] }
  /** Blocks with arbitrary edges, while fuel lasts: loops with several entries and exits. */
  | { readonly k: 'graph'; readonly fuel: number; readonly entries: readonly [number, number]; readonly blocks: readonly GraphBlock[] }
  | { readonly k: 'table'; readonly form: number; readonly cases: readonly (readonly Node[])[] }
  | { readonly k: 'call'; readonly how: number; readonly to: number }
  /** A store into the code of this function, before or behind the instruction that it changes. */
  | { readonly k: 'patch'; readonly form: number; readonly value: number }
  | { readonly k: 'system'; readonly what: number; readonly value: number };
export interface GraphBlock {
  readonly body: readonly Node[];
  readonly cond: number;
  readonly to: number;
  readonly other: number;
}
export interface Func {
  readonly form: number;
  /** 0–1 flash, 2–3 RAM, 4 system memory. */
  readonly where: number;
  readonly shift: number;
  readonly body: readonly Node[];
}
/** What happens from outside after so many cycles. */
export interface Stop {
  readonly cycles: number;
  readonly act: number;
  readonly value: number;
}
export interface Program {
  readonly main: Func;
  readonly functions: readonly Func[];
  /** SysTick, SVCall, PendSV, interrupts and NMI. */
  readonly handlers: readonly Func[];
  /** Bits of `OPTIONS`. */
  readonly options: number;
  readonly tick: number;
  readonly seed: number;
  readonly stops: readonly Stop[];
}

const seed = fc.nat(0xffff_ffff);
const small = fc.nat(255);
const leaf: fc.Arbitrary<Node> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ k: fc.constant('any' as const), seed }) },
  { weight: 2, arbitrary: fc.record({ k: fc.constant('fp' as const), seed }) },
  {
    weight: 4,
    arbitrary: fc.record({
      k: fc.constant('memory' as const),
      place: fc.nat(31),
      offset: small,
      seeds: fc.array(seed, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      k: fc.constant('it' as const),
      cond: fc.nat(13),
      mask: fc.integer({ min: 1, max: 15 }),
      seeds: fc.array(seed, { minLength: 4, maxLength: 4 }),
      tail: fc.nat(15),
    }),
  },
  { weight: 3, arbitrary: fc.record({ k: fc.constant('call' as const), how: fc.nat(7), to: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ k: fc.constant('patch' as const), form: fc.nat(31), value: seed }) },
  { weight: 2, arbitrary: fc.record({ k: fc.constant('system' as const), what: fc.nat(37), value: small }) },
);

const poll = fc.record({ k: fc.constant('poll' as const), what: fc.nat(15), seed });

function nodes(depth: number, min: number, max: number): fc.Arbitrary<readonly Node[]> {
  return fc.array(node(depth), { minLength: min, maxLength: max });
}
function node(depth: number): fc.Arbitrary<Node> {
  if (depth === 0) return leaf;
  const body = nodes(depth - 1, 0, 4);
  return fc.oneof(
    { weight: 5, arbitrary: leaf },
    {
      weight: 2,
      arbitrary: fc.record({
        k: fc.constant('if' as const),
        form: fc.nat(7),
        cond: fc.nat(13),
        then: body,
        otherwise: nodes(depth - 1, 0, 2),
      }),
    },
    { weight: 2, arbitrary: fc.record({ k: fc.constant('loop' as const), form: fc.nat(7), n: fc.integer({ min: 1, max: 24 }), body }) },
    // often enough for the load to be translated as one of a device
    {
      weight: 1,
      arbitrary: fc.record({
        k: fc.constant('loop' as const),
        form: fc.nat(7),
        n: fc.integer({ min: 12, max: 60 }),
        body: fc.tuple(nodes(0, 0, 2), poll, nodes(0, 0, 2)).map(([before, read, after]) => [...before, read, ...after]),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        k: fc.constant('graph' as const),
        fuel: fc.integer({ min: 1, max: 40 }),
        entries: fc.tuple(fc.nat(5), fc.nat(5)),
        blocks: fc.array(fc.record({ body: nodes(depth - 1, 0, 2), cond: fc.nat(13), to: fc.nat(5), other: fc.nat(5) }), {
          minLength: 2,
          maxLength: 6,
        }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        k: fc.constant('table' as const),
        form: fc.nat(5),
        cases: fc.array(nodes(depth - 1, 0, 2), { minLength: 1, maxLength: 4 }),
      }),
    },
  );
}
const func = (depth: number, min: number, max: number): fc.Arbitrary<Func> =>
  fc.record({ form: fc.nat(7), where: fc.nat(4), shift: fc.nat(7), body: nodes(depth, min, max) });

export const STOPS = 24;
export const anyProgram: fc.Arbitrary<Program> = fc.record({
  main: func(3, 2, 5),
  functions: fc.tuple(func(2, 1, 4), func(2, 1, 4), func(2, 1, 3), func(1, 1, 3)),
  handlers: fc.tuple(func(1, 0, 2), func(1, 0, 2), func(1, 0, 2), func(1, 0, 2)),
  options: fc.nat(0xffff_ffff),
  tick: fc.integer({ min: 150, max: 4000 }),
  seed,
  stops: fc.array(
    fc.record({
      cycles: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 60, max: 2500 })),
      act: fc.nat(39),
      value: seed,
    }),
    { minLength: 4, maxLength: STOPS, size: 'max' },
  ),
});
