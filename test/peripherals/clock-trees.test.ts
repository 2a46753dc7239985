/**
 * Clock trees under random RCC programs: fields set to anything, in any order, with waits in between. After every step each clock has the frequency that the
 * manual's formulas give for the registers as they read; sources and PLLs never run on nothing; forbidden settings are refused or reported.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MS, US } from '../../src/emu/time.ts';
import { TREES, type Get, type Hz, type PllCheck, type Tree } from './clock-tree-formulas.ts';
import { StChip } from './st-chip.ts';

// ---- the property --------------------------------------------------------------------------------------------------------------------
type Step = { readonly field: string; readonly value: number } | { readonly wait: number };

function programs(tree: Tree, h: StChip): fc.Arbitrary<Step[]> {
  const set = (field: string): fc.Arbitrary<Step> =>
    fc.integer({ min: 0, max: h.field(`RCC.${field}`).max }).map((value) => ({ field, value }));
  const switches = [...Object.values(tree.oscillators).map(([on]) => on), ...tree.plls.map((p) => p.on)];
  const factors = [...new Set(tree.plls.flatMap((p) => p.frozen))];
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...switches).chain(set) },
    { weight: 3, arbitrary: fc.constantFrom(...switches).map((field) => ({ field, value: 1 })) },
    { weight: 4, arbitrary: fc.constantFrom(...(factors.length > 0 ? factors : tree.fields)).chain(set) },
    { weight: 3, arbitrary: set(tree.sw) },
    { weight: 4, arbitrary: fc.constantFrom(...tree.fields).chain(set) },
    { weight: 4, arbitrary: fc.constantFrom(0.1 * US, 3 * US, 60 * US, 5 * MS).map((wait) => ({ wait })) },
  );
  // What a program means to do: every oscillator on, a PLL stopped, set anew and started, SYSCLK taken from somewhere.
  const start = fc
    .constantFrom(...(tree.plls.length > 0 ? tree.plls : [null]))
    .chain((pll) => fc.tuple(fc.constant(pll), fc.tuple(...(pll?.frozen ?? []).map(set)), set(tree.sw)))
    .map(([pll, fields, sw]): Step[] => [
      ...Object.values(tree.oscillators).map(([field]) => ({ field, value: 1 })),
      { wait: 5 * MS },
      ...(pll ? [{ field: pll.on, value: 0 }, ...fields, { field: pll.on, value: 1 }, { wait: 250 * US }] : []),
      sw,
      { wait: 5 * US },
    ]);
  return fc
    .array(fc.oneof({ weight: 12, arbitrary: step.map((x) => [x]) }, { weight: 1, arbitrary: start }), { minLength: 5, maxLength: 40 })
    .map((parts) => parts.flat());
}

/** `expect(is).toEqual(wanted)`, which costs more than all it is asked about here. */
function same(name: string, is: unknown, wanted: unknown): void {
  if (!Object.is(is, wanted)) expect([name, is]).toEqual([name, wanted]);
}

class Observer {
  readonly h: StChip;
  readonly tree: Tree;
  readonly get: Get;
  private hsiDivider: number;
  constructor(tree: Tree, h: StChip) {
    this.tree = tree;
    this.h = h.again();
    this.get = (field) => h.get(`RCC.${field}`);
    this.hsiDivider = tree.divided ? 1 << this.get(tree.divided[0]) : 1;
  }
  private oscillator(name: string): Hz {
    const row = this.tree.oscillators[name];
    if (!row || !this.get(row[1])) return null;
    return typeof row[2] === 'number' ? row[2] : row[2](this.get, this.hsiDivider);
  }
  input(pll: PllCheck): Hz {
    const source = pll.source(this.get);
    return source === null ? null : this.oscillator(source);
  }
  /** Every clock from the registers by the manual's formulas. */
  expected(): Map<string, Hz> {
    const { tree, get } = this;
    if (tree.divided && get(tree.divided[1])) this.hsiDivider = 1 << get(tree.divided[0]);
    const all = new Map<string, Hz>();
    for (const name in tree.oscillators) all.set(name, this.oscillator(name));
    for (const pll of tree.plls) {
      const input = get(pll.rdy) ? this.input(pll) : null;
      const vco = input === null ? null : pll.vco(get, input);
      for (const name in pll.outputs) all.set(name, vco === null ? null : pll.outputs[name]!(get, vco));
    }
    all.set('sysclk', all.get(tree.sysclk[get(tree.sws)]!) ?? null);
    for (const [name, hz] of Object.entries(tree.buses(get, (n) => all.get(n) ?? null))) all.set(name, hz);
    return all;
  }
  check(): void {
    const { tree, get } = this;
    for (const [name, hz] of this.expected()) {
      const is = this.h.hz(name);
      if (hz === null || is === null) same(name, is, hz);
      else if (!(Math.abs(is / hz - 1) < 1e-9)) expect.fail(`${name} ${is}, formula ${hz}`);
    }
    // SYSCLK never stops by a register write.
    if (this.h.hz('sysclk') === null) expect.fail('SYSCLK stands');
    for (const pll of tree.plls)
      if (get(pll.rdy)) {
        same(pll.name, get(pll.on), 1);
        if (this.input(pll) === null) expect.fail(`${pll.name} runs on nothing`);
      }
  }
  /** The tree that pages draw: rates as they are, each made of the one before it by its factors, down to an oscillator; SYSCLK from where SWS says. */
  checkTree(): void {
    const { tree, get, h } = this;
    const { nodes, sources } = h.system.clockTree()!;
    const hz = new Map(nodes.map((n) => [n.name, n.hz]));
    for (const node of nodes) {
      same(node.name, node.hz, h.hz(node.name) ?? 0);
      if (node.hz > 0 && node.from === null && tree.oscillators[node.name] === undefined) expect.fail(`${node.name} comes from nothing`);
      if (node.from === null) continue;
      const made = node.factors.reduce((rate, [up, down]) => (rate * up) / down, hz.get(node.from)!);
      if (!(Math.abs(made / node.hz - 1) < 1e-9))
        expect.fail(`${node.name} ${node.hz}, of ${node.from} by ${JSON.stringify(node.factors)} ${made}`);
    }
    same('source of SYSCLK', nodes.find((n) => n.name === 'sysclk')!.from, tree.sysclk[get(tree.sws)]);
    for (const [name, [on, rdy]] of Object.entries(tree.oscillators))
      expect(sources.find((s) => s.name === name)).toEqual({ name, on: get(on) === 1, ready: get(rdy) === 1 });
    const plls = new Set(tree.plls.map((p) => [get(p.on), get(p.rdy)].join()));
    for (const p of plls) expect(sources.some((s) => `${+s.on},${+s.ready}` === p)).toBe(true);
  }
}

describe.each(TREES.map((t) => [t.chip.name, t] as const))('%s', (_name, tree) => {
  const h = new StChip(tree.chip);

  it('has the frequencies of the manual’s formulas after every step of any program', () => {
    let locked = 0;
    let switched = 0;
    fc.assert(
      fc.property(programs(tree, h), (steps) => {
        const o = new Observer(tree, h);
        o.check();
        for (const step of steps) {
          const before = tree.plls.map((p) => [o.get(p.on), p.frozen.map(o.get), o.get(p.rdy)] as const);
          h.notes.length = 0;
          if ('wait' in step) h.wait(step.wait);
          else h.set(`RCC.${step.field}`, step.value);
          o.check();
          tree.plls.forEach((p, i) => {
            const [on, factors, ready] = before[i]!;
            // A running PLL's factors and source do not change, and the attempt is reported.
            if (on) {
              p.frozen.forEach((field, k) => same(`${p.name}: ${field}`, o.get(field), factors[k]));
              if ('field' in step && p.frozen.includes(step.field) && factors[p.frozen.indexOf(step.field)] !== step.value)
                expect(h.notes.length, `${step.field} = ${step.value} while ${p.on} = 1`).toBeGreaterThan(0);
            }
            // A VCO outside its limits locks, and the timeline says so.
            if (!ready && o.get(p.rdy) && p.limits) {
              locked++;
              const vco = p.vco(o.get, o.input(p)!)!;
              const [low, high] = p.limits(o.get);
              expect([p.name, vco, h.notes.some((n) => n.startsWith(`${p.name.toUpperCase()}: VCO`))]).toEqual([
                p.name,
                vco,
                vco < low || vco > high,
              ]);
            }
          });
          if (o.get(tree.sws) !== 0) switched++;
        }
        // In the end every source that is on and can run is ready, every PLL with input and factors is locked, and SYSCLK comes from where SW says if that runs.
        o.checkTree();
        h.wait(5 * MS);
        o.check();
        o.checkTree();
        for (const [name, [on, rdy]] of Object.entries(tree.oscillators)) same(name, o.get(rdy), o.get(on));
        for (const p of tree.plls) {
          const input = o.input(p);
          expect([p.name, o.get(p.rdy)]).toEqual([p.name, o.get(p.on) && input !== null && p.vco(o.get, input) !== null ? 1 : 0]);
        }
        const wanted = tree.sysclk[o.get(tree.sw)];
        if (wanted !== undefined && o.expected().get(wanted) != null) expect(o.get(tree.sws)).toBe(o.get(tree.sw));
      }),
      { numRuns: 100 },
    );
    // The programs reach what they are about.
    expect(switched).toBeGreaterThan(10);
    if (tree.plls[0]?.limits) expect(locked).toBeGreaterThan(10);
  });
});
