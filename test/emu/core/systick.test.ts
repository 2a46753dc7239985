import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { sysTickAfter } from '../../../src/emu/core/arm/systick.ts';
import { FLASH, handlerAt, NOP, PS_PER_CYCLE, runTo, started, word } from './bare-machine.ts';

const CSR = 0xe000e010;
const RVR = 0xe000e014;
const CVR = 0xe000e018;
const CALIB = 0xe000e01c;

describe('SysTick', () => {
  it('has the value and the number of zeros that counting edge by edge gives', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.nat(300), (value, reload, clocks) => {
        let v = value;
        let zeros = 0;
        for (let i = 0; i < clocks; i++) {
          if (v === 0) v = reload;
          else if (--v === 0) zeros++;
        }
        expect(sysTickAfter(value, reload, clocks)).toEqual({ value: v, zeros });
      }),
      { numRuns: 2000, seed: 5 },
    );
  });

  it('reads are the same however often and when they happen', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 }),
        (reload, steps) => {
          const { machine, cpu } = started('m4');
          cpu.write(RVR, 4, reload);
          cpu.write(CVR, 4, 0);
          cpu.write(CSR, 4, 5);
          const start = cpu.cycles();
          let zeros = 0;
          for (const n of steps) {
            machine.run(machine.now + n * PS_PER_CYCLE);
            const expected = sysTickAfter(0, reload, cpu.cycles() - start);
            expect(cpu.read(CVR, 4)).toBe(expected.value);
            expect(cpu.read(CSR, 4)).toBe(5 | (expected.zeros > zeros ? 0x10000 : 0));
            // COUNTFLAG is cleared by the read, not by a debugger's look
            expect(word(cpu, CSR)).toBe(5);
            zeros = expected.zeros;
          }
        },
      ),
      { numRuns: 30, seed: 5 },
    );
  });

  // CLKSOURCE: 1 by the core's clock, 0 by the external one, which has an eighth of it here
  it.each([
    [4, 1],
    [0, 8],
  ])('stands while it is off, and with CLKSOURCE %i counts each %i cycles', (source, cycles) => {
    const { machine, cpu } = started('m4');
    cpu.write(RVR, 4, 10_000);
    cpu.write(CVR, 4, 0);
    const wait = (n: number): number => (machine.run(machine.now + n * PS_PER_CYCLE), cpu.read(CVR, 4));
    cpu.write(CSR, 4, 1 | source);
    wait(80);
    const first = cpu.read(CVR, 4);
    expect(first - wait(800)).toBe(800 / cycles);
    cpu.write(CSR, 4, source);
    const stands = cpu.read(CVR, 4);
    expect([wait(1), wait(80), wait(4_000)]).toEqual([stands, stands, stands]);
    cpu.write(CSR, 4, 1 | source);
    expect(stands - wait(1600)).toBe(1600 / cycles);
  });

  it.each([
    [5, 0],
    [7, 1],
  ])('with a CSR of %i a zero that is read makes the exception pending: %i', (csr, pending) => {
    const { machine, cpu } = started('m4');
    cpu.set(S.PRIMASK, 1);
    cpu.write(RVR, 4, 99);
    cpu.write(CVR, 4, 0);
    cpu.write(CSR, 4, csr);
    machine.run(machine.now + 250 * PS_PER_CYCLE);
    expect(cpu.read(CSR, 4) >>> 16).toBe(1);
    // ICSR.PENDSTSET
    expect((word(cpu, 0xe000ed04) >>> 26) & 1).toBe(pending);
  });

  it('interrupts every RVR + 1 clocks without drift, from the edge at which it reaches zero', () => {
    const { machine, cpu } = started('m4', { [handlerAt(15)]: [NOP, 0x4770] });
    const taken: number[] = [];
    machine.observer.exception = () => void taken.push(cpu.cycles());
    cpu.write(RVR, 4, 99);
    cpu.write(CVR, 4, 0);
    const start = cpu.cycles();
    cpu.write(CSR, 4, 7);
    machine.run(machine.now + 1050 * PS_PER_CYCLE);
    expect(taken.length).toBe(10);
    taken.forEach((at, i) => {
      // entry takes 12 cycles and waits for the instruction that runs
      expect(at - start - 100 * (i + 1)).toBeGreaterThanOrEqual(12);
      expect(at - start - 100 * (i + 1)).toBeLessThanOrEqual(15);
    });
  });

  it('CLKSOURCE 0 counts the reference clock, one edge in eight cycles here', () => {
    const { machine, cpu } = started('m4');
    cpu.write(RVR, 4, 1000);
    cpu.write(CVR, 4, 0);
    cpu.write(CSR, 4, 1);
    machine.run(machine.now + 8 * 100 * PS_PER_CYCLE);
    expect(1001 - cpu.read(CVR, 4)).toBeGreaterThanOrEqual(99);
    expect(1001 - cpu.read(CVR, 4)).toBeLessThanOrEqual(101);
  });

  it('a change of the clock keeps what was counted', () => {
    const { machine, cpu } = started('m4');
    cpu.write(RVR, 4, 1000);
    cpu.write(CVR, 4, 0);
    cpu.write(CSR, 4, 7);
    machine.run(machine.now + 501 * PS_PER_CYCLE);
    const before = cpu.read(CVR, 4);
    // ten times slower from now on
    machine.system.setClock('hclk', { num: 1e8, den: 1 });
    cpu.syncClock(machine.now);
    expect(cpu.read(CVR, 4)).toBe(before);
    const at = machine.now;
    runTo(machine, handlerAt(15), 20_000);
    expect(machine.now - at).toBeGreaterThanOrEqual(before * 10 * PS_PER_CYCLE);
    expect(machine.now - at).toBeLessThan((before + 20) * 10 * PS_PER_CYCLE);
  });

  it('without a reference clock CLKSOURCE is fixed and CALIB says NOREF', () => {
    const { cpu } = started('m0', {}, { sysTickClock: null });
    cpu.write(CSR, 4, 0);
    expect(cpu.read(CSR, 4)).toBe(4);
    expect(cpu.read(CALIB, 4) >>> 31).toBe(1);
  });

  it('writing CVR clears it and COUNTFLAG; RVR 0 stops it at the next zero', () => {
    const { machine, cpu } = started('m4');
    cpu.write(RVR, 4, 0xff00000a);
    expect(word(cpu, RVR)).toBe(0x0000000a);
    cpu.write(CVR, 4, 0);
    cpu.write(CSR, 4, 5);
    machine.run(machine.now + 30 * PS_PER_CYCLE);
    expect(word(cpu, CSR)).toBe(0x10005);
    cpu.write(CVR, 4, 123);
    expect(word(cpu, CSR)).toBe(5);
    expect(word(cpu, CVR)).toBe(0);
    cpu.write(RVR, 4, 0);
    machine.run(machine.now + 30 * PS_PER_CYCLE);
    expect([word(cpu, CVR), word(cpu, CSR)]).toEqual([0, 5]);
  });

  it('wakes a sleeping core', () => {
    const { machine, cpu } = started('m33', { 0x1000: [0xbf30, 0xe7fd] });
    cpu.write(RVR, 4, 9999);
    cpu.write(CVR, 4, 0);
    cpu.write(CSR, 4, 7);
    const start = cpu.cycles();
    machine.run(machine.now + 9000 * PS_PER_CYCLE);
    expect(cpu.get(S.HALTED)).toBe(2);
    runTo(machine, handlerAt(15), 2000);
    expect(cpu.pc).toBe(FLASH + handlerAt(15));
    expect(cpu.cycles() - start).toBeGreaterThanOrEqual(10_012);
    expect(cpu.cycles() - start).toBeLessThan(10_030);
  });
});
