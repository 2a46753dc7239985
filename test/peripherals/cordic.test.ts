/** CORDIC: functions against Math, formats, results in turn, time, interrupt, an operation that waits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

const FUNC = { cos: 0, sin: 1, phase: 2, modulus: 3, atan: 4, cosh: 5, sinh: 6, atanh: 7, ln: 8, sqrt: 9 } as const;
const [IEN, NRES, NARGS, RESSIZE, ARGSIZE] = [16, 19, 20, 21, 22].map((b) => 2 ** b) as [number, number, number, number, number];
const RRDY = 0x80000000;
const q31 = (x: number): number => Math.min(0x7fffffff, Math.round(x * 2 ** 31)) >>> 0;
const from = (word: number): number => (word | 0) / 2 ** 31;
const CYCLES = 6;
const csr = (f: keyof typeof FUNC, scale = 0, more = 0): number => FUNC[f] + (CYCLES << 4) + (scale << 8) + more;
/** Last bit of q1.31, and what rounding in doubles adds. */
const CLOSE = 2 ** -30;

describe.each(['STM32G474RE', 'STM32H563ZI', 'STM32U575ZI'])('%s', (name) => {
  const chip = new StChip(findChip(name)!);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set('RCC.AHB1ENR.CORDICEN', 1);
    return h;
  };
  const calculate = (h: StChip, control: number, ...args: number[]): number[] => {
    h.write('CORDIC.CSR', control);
    for (const a of args) h.write('CORDIC.WDATA', q31(a));
    const results = [from(h.read('CORDIC.RDATA'))];
    if (control & NRES) results.push(from(h.read('CORDIC.RDATA')));
    return results;
  };
  const near = (found: readonly number[], wanted: readonly number[]): void => {
    expect(found).toHaveLength(wanted.length);
    found.forEach((x, i) => expect(Math.abs(x - Math.min(1, wanted[i]!))).toBeLessThanOrEqual(CLOSE));
  };
  const real = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

  it('sine and cosine of an angle in half turns, times a modulus', () => {
    const h = fresh();
    fc.assert(
      fc.property(real(-1, 0.999), real(0, 0.999), (a, m) => {
        const [s, c] = [m * Math.sin(a * Math.PI), m * Math.cos(a * Math.PI)];
        near(calculate(h, csr('sin', 0, NARGS + NRES), a, m), [s, c]);
        near(calculate(h, csr('cos', 0, NARGS + NRES), a, m), [c, s]);
      }),
    );
  });

  it('phase and modulus of a vector', () => {
    const h = fresh();
    fc.assert(
      fc.property(real(-0.7, 0.7), real(-0.7, 0.7), (x, y) => {
        const [a, b] = [from(q31(x)), from(q31(y))];
        const [phase, modulus] = [Math.atan2(b, a) / Math.PI, Math.hypot(a, b)];
        near(calculate(h, csr('phase', 0, NARGS + NRES), x, y), [phase, modulus]);
        near(calculate(h, csr('modulus', 0, NARGS + NRES), x, y), [modulus, phase]);
      }),
    );
  });

  it('functions of one argument take it, and give their result, divided by 2^SCALE', () => {
    const h = fresh();
    // RM0440 tables 107 to 112: the range of the scaled argument by SCALE; the result is divided by so much
    const rows: readonly [keyof typeof FUNC, number, number, number, (x: number) => number, number][] = [
      ['atan', 3, -1, 0.99, (x) => Math.atan(x) / Math.PI, 8],
      ['cosh', 1, -0.559, 0.559, Math.cosh, 2],
      ['sinh', 1, -0.559, 0.559, Math.sinh, 2],
      ['atanh', 1, -0.403, 0.403, Math.atanh, 2],
      ['ln', 1, 0.054, 0.5, Math.log, 4],
      ['ln', 4, 0.5, 0.58, Math.log, 32],
      ['sqrt', 0, 0.027, 0.75, Math.sqrt, 1],
      ['sqrt', 2, 0.4375, 0.584, Math.sqrt, 4],
    ];
    for (const [f, scale, min, max, of, divisor] of rows)
      fc.assert(
        fc.property(real(min, max), (x) => {
          const exact = from(q31(x));
          const [result] = calculate(h, csr(f, scale), x);
          expect(Math.abs(result! - of(exact * 2 ** scale) / divisor), `${f} ${x}`).toBeLessThanOrEqual(CLOSE);
        }),
        { numRuns: 30 },
      );
  });

  it('q1.15: both arguments in one word, both results in one word; the second argument is +1 until one is written', () => {
    const h = fresh();
    near(calculate(h, csr('cos'), 0), [1]);
    h.write('CORDIC.CSR', csr('sin', 0, ARGSIZE + RESSIZE));
    // a quarter turn times a half
    h.write('CORDIC.WDATA', (0x4000 << 16) | 0x4000);
    const word = h.read('CORDIC.RDATA');
    expect([word & 0xffff, word >>> 16]).toEqual([0x4000, 0]);
  });

  it('RRDY rises after a cycle of HCLK for each four iterations, falls with the last result, and is the interrupt', () => {
    const h = fresh();
    const irq = h.system.block('CORDIC').row.irqs![0]!;
    const cycle = 1e12 / h.hz('hclk')!;
    h.write('CORDIC.CSR', csr('sin', 0, NRES + IEN));
    h.write('CORDIC.WDATA', q31(0.25));
    h.wait(cycle * (CYCLES - 1.5));
    expect([h.read('CORDIC.CSR') & RRDY, h.irqs.get(irq) ?? false]).toEqual([0, false]);
    h.wait(cycle * 2);
    expect([(h.read('CORDIC.CSR') & RRDY) >>> 0, h.irqs.get(irq)]).toEqual([RRDY, true]);
    h.read('CORDIC.RDATA');
    expect(h.get('CORDIC.CSR.RRDY')).toBe(1);
    h.read('CORDIC.RDATA');
    expect([h.get('CORDIC.CSR.RRDY'), h.irqs.get(irq)]).toEqual([0, false]);
    h.write('CORDIC.CSR', RRDY);
    expect(h.get('CORDIC.CSR.RRDY')).toBe(0);
  });

  it('arguments that are written before a result is read wait for it', () => {
    const h = fresh();
    const angles = [0, 0.125, 0.25, 0.5];
    h.write('CORDIC.CSR', csr('sin'));
    h.write('CORDIC.WDATA', q31(angles[0]!));
    const found = angles.map((_, i) => {
      if (i + 1 < angles.length) h.write('CORDIC.WDATA', q31(angles[i + 1]!));
      return from(h.read('CORDIC.RDATA'));
    });
    near(
      found,
      angles.map((a) => Math.sin(a * Math.PI)),
    );
    expect(h.get('CORDIC.CSR.RRDY')).toBe(0);
  });
});
