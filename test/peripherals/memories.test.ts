/** QUADSPI and OCTOSPI with nothing at their pins: when flags rise, what reads give, how a wait ends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const SR = { TCF: 2, FTF: 4, SMF: 8, BUSY: 32 };
interface Command {
  readonly kind: 0 | 1 | 2 | 3;
  readonly address: boolean;
  readonly bytes: number;
}
interface Port {
  readonly h: StChip;
  readonly name: string;
  on(prescaler: number): void;
  /** Instruction 0x9F on one line. */
  send(c: Command): void;
  /** Clocks of the wires before the data. */
  readonly head: (c: Command) => number;
}

function quad(chip: string, gate: string): Port {
  const h = new StChip(findChip(chip)!);
  const on = (prescaler: number): void => {
    h.again();
    h.set(gate, 1);
    h.write('QUADSPI.CR', ((prescaler << 24) | 1) >>> 0);
  };
  const send = ({ kind, address, bytes }: Command): void => {
    if (bytes > 0) h.write('QUADSPI.DLR', bytes - 1);
    h.write('QUADSPI.CCR', (kind << 26) | (bytes > 0 ? 1 << 24 : 0) | (address ? (1 << 10) | (2 << 12) : 0) | (1 << 8) | 0x9f);
    if (address) h.write('QUADSPI.AR', 0x1000);
  };
  return { h, name: 'QUADSPI', on, send, head: (c) => 8 + (c.address ? 24 : 0) };
}
function octo(chip: string, gate: string): Port {
  const h = new StChip(findChip(chip)!);
  const on = (prescaler: number): void => {
    h.again();
    h.set(gate, 1);
    h.write('OCTOSPI1.DCR2', prescaler);
    h.write('OCTOSPI1.CR', 1);
  };
  const send = ({ kind, address, bytes }: Command): void => {
    h.write('OCTOSPI1.CR', (kind << 28) | 1);
    if (bytes > 0) h.write('OCTOSPI1.DLR', bytes - 1);
    h.write('OCTOSPI1.CCR', (bytes > 0 ? 1 << 24 : 0) | (address ? (1 << 8) | (2 << 12) : 0) | 1);
    h.write('OCTOSPI1.IR', 0x9f);
    if (address) h.write('OCTOSPI1.AR', 0x1000);
  };
  return { h, name: 'OCTOSPI1', on, send, head: (c) => 8 + (c.address ? 24 : 0) };
}

describe.each([
  ['L476', () => quad('stm32l476rg', 'RCC.AHB3ENR.QSPIEN')],
  ['F746', () => quad('stm32f746zg', 'RCC.AHB3ENR.QSPIEN')],
  ['H743', () => quad('stm32h743zi', 'RCC.AHB3ENR.QSPIEN')],
  ['L4R5', () => octo('stm32l4r5zi', 'RCC.AHB3ENR.OCTOSPI1EN')],
  ['H563', () => octo('stm32h563zi', 'RCC.AHB4ENR.OCTOSPI1EN')],
] as const)('%s', (_name, make) => {
  const p = make();
  const { h, name } = p;
  const sr = (): number => h.read(`${name}.SR`);
  const clock = (): number => 1e12 / h.hz('hclk')!;

  it('a command without data ends after its bits; TCF is cleared by FCR', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(20), (address, prescaler) => {
        const c = { kind: 0, address, bytes: 0 } as const;
        p.on(prescaler);
        p.send(c);
        const time = p.head(c) * (prescaler + 1) * clock();
        expect(sr() & (SR.BUSY | SR.TCF)).toBe(SR.BUSY);
        h.wait(time - 2 * clock());
        expect(sr() & SR.TCF).toBe(0);
        h.wait(4 * clock());
        expect(sr() & (SR.BUSY | SR.TCF)).toBe(SR.TCF);
        h.write(`${name}.FCR`, SR.TCF);
        expect(sr() & SR.TCF).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('a read gives as many bytes as DLR says, ones, by words or bytes; BUSY falls behind the last', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.integer({ min: 1, max: 70 }), (address, bytes) => {
        p.on(1);
        p.send({ kind: 1, address, bytes });
        let got = 0;
        for (let i = 0; i < 400 && sr() & SR.BUSY; i++) {
          h.wait(10 * US);
          while (sr() & SR.FTF && sr() >>> 8 > 0) {
            const four = ((sr() >>> 8) & 63) >= 4;
            const value = h.system.read(h.address(`${name}.DR`), four ? 4 : 1);
            expect(value).toBe(four ? 0xffffffff : 0xff);
            got += four ? 4 : 1;
          }
        }
        expect([got, sr() & SR.TCF, sr() & SR.BUSY]).toEqual([bytes, SR.TCF, 0]);
      }),
      { numRuns: 25 },
    );
  });

  it('a write ends when all its bytes are out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (bytes) => {
        p.on(0);
        p.send({ kind: 0, address: true, bytes });
        expect(sr() & SR.BUSY).toBe(0); // it waits for the first byte
        for (let i = 0; i < bytes; i++) {
          expect(sr() & SR.TCF).toBe(0);
          h.system.write(h.address(`${name}.DR`), 1, i);
          h.wait(20 * US);
        }
        expect(sr() & (SR.BUSY | SR.TCF)).toBe(SR.TCF);
      }),
      { numRuns: 12 },
    );
  });

  it('polling matches what floating lines show, and never anything else; ABORT ends it with TCF', () => {
    p.on(0);
    h.write(`${name}.PSMKR`, 2);
    h.write(`${name}.PSMAR`, 2);
    p.send({ kind: 2, address: false, bytes: 1 });
    h.wait(MS);
    expect(sr() & SR.SMF).toBe(SR.SMF);
    h.write(`${name}.CR`, h.read(`${name}.CR`) | 2);
    expect(sr() & (SR.BUSY | SR.TCF)).toBe(SR.TCF);
    expect(h.read(`${name}.CR`) & 2).toBe(0);
    h.write(`${name}.FCR`, SR.SMF | SR.TCF);
    h.write(`${name}.PSMKR`, 1);
    h.write(`${name}.PSMAR`, 0);
    p.send({ kind: 2, address: false, bytes: 1 });
    h.wait(100 * MS);
    expect(sr() & (SR.BUSY | SR.SMF)).toBe(SR.BUSY);
  });
});

/** RM0351 19.3.3 and RM0432 19.4.5: a phase takes its bits by its lines, and half of that with both edges. */
describe.each([
  ['QUADSPI of L476', 'stm32l476rg', 'RCC.AHB3ENR.QSPIEN', 'QUADSPI'],
  ['OCTOSPI of U575', 'stm32u575zi', 'RCC.AHB2ENR2.OCTOSPI1EN', 'OCTOSPI1'],
] as const)('A command of %s', (_name, chipName, gate, name) => {
  const h = new StChip(findChip(chipName)!);
  const isQuad = name === 'QUADSPI';
  const lines = (mode: number): number => [0, 1, 2, 4, 8][mode]!;
  const mode = fc.nat(isQuad ? 3 : 4);
  const phase = fc.record({ mode, size: fc.nat(3), both: fc.boolean() });
  it('takes the clocks of its phases', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: isQuad ? 3 : 4 }),
        phase,
        phase,
        phase,
        fc.nat(31),
        fc.nat(8),
        fc.record({ mode, bytes: fc.integer({ min: 1, max: 16 }), both: fc.boolean() }),
        (instruction, code, address, alternate, dummy, prescaler, data) => {
          h.again();
          h.set(gate, 1);
          // of QUADSPI both edges are one bit for address, alternate bytes and data, and the instruction has eight bits on one edge
          const both = (of: { readonly both: boolean }): number => ((isQuad ? data.both : of.both) ? 0.5 : 1);
          const part = (of: typeof code): number => (of.mode === 0 ? 0 : ((8 * (of.size + 1)) / lines(of.mode)) * both(of));
          const first = isQuad ? 8 / lines(instruction) : ((8 * (code.size + 1)) / lines(instruction)) * (code.both ? 0.5 : 1);
          const bits = data.mode === 0 ? 0 : ((8 * data.bytes) / lines(data.mode)) * both(data);
          const wires = first + part(address) + part(alternate) + dummy + bits;
          const bit = (on: boolean, at: number): number => (on ? 2 ** at : 0);
          if (data.mode > 0) h.write(`${name}.DLR`, data.bytes - 1);
          if (isQuad) {
            h.write('QUADSPI.CR', ((prescaler << 24) | 1) >>> 0);
            const ccr =
              0x9f + (instruction << 8) + (address.mode << 10) + (address.size << 12) + (alternate.mode << 14) + (alternate.size << 16);
            h.write('QUADSPI.CCR', ccr + (dummy << 18) + (data.mode << 24) + 2 ** 26 + bit(data.both, 31));
          } else {
            h.write('OCTOSPI1.DCR2', prescaler);
            h.write('OCTOSPI1.CR', 2 ** 28 + 1);
            h.write('OCTOSPI1.TCR', dummy);
            const ccr =
              instruction + bit(code.both, 3) + (code.size << 4) + (address.mode << 8) + bit(address.both, 11) + (address.size << 12);
            const more = (alternate.mode << 16) + bit(alternate.both, 19) + (alternate.size << 20) + (data.mode << 24) + bit(data.both, 27);
            h.write('OCTOSPI1.CCR', ccr + more);
            h.write('OCTOSPI1.IR', 0x9f);
          }
          if (address.mode > 0) h.write(`${name}.AR`, 0x1000);
          const { num, den } = h.system.clock('hclk').rate!;
          const period = (1e12 * den) / num;
          const clocks = Math.ceil(wires * (prescaler + 1));
          const ended = (): number => h.read(`${name}.SR`) & SR.TCF;
          h.wait(Math.floor((clocks - 1) * period) - 1);
          expect(ended()).toBe(0);
          h.wait(Math.ceil(period) + 2);
          expect(ended()).toBe(SR.TCF);
        },
      ),
      { numRuns: 150 },
    );
  });
});
