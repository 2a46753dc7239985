import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { executionPriority, highestPending, preempts } from '../../../src/emu/core/arm/nvic.ts';
import { SCS } from '../../../src/emu/core/arm/scs-state.ts';
import { S } from '../../../src/emu/core/state.ts';
import { takePending } from '../../../src/emu/core/arm/exceptions.ts';
import { BX_LR, FLASH, handlerAt, MAIN, NOP, reg, runCycles, runTo, started, word } from './bare-machine.ts';

const ISER = 0xe000e100;
const ICER = 0xe000e180;
const ISPR = 0xe000e200;
const ICPR = 0xe000e280;
const IABR = 0xe000e300;
const IPR = 0xe000e400;
const STIR = 0xe000ef00;

/** The rules of DDI 0403 B1.5.4 written out line by line over lists. */
interface Model {
  readonly priority: readonly number[];
  readonly pending: readonly boolean[];
  readonly enabled: readonly boolean[];
  readonly active: readonly boolean[];
  readonly prigroup: number;
  readonly basepri: number;
  readonly primask: boolean;
  readonly faultmask: boolean;
}
const group = (m: Model, p: number): number => (p < 0 ? p : Math.floor(p / 2 ** (m.prigroup + 1)) * 2 ** (m.prigroup + 1));
function modelExecution(m: Model): number {
  let highest = 256;
  m.active.forEach((a, n) => {
    if (a && group(m, m.priority[n]!) < highest) highest = group(m, m.priority[n]!);
  });
  let boosted = 256;
  if (m.basepri !== 0) boosted = group(m, m.basepri);
  if (m.primask) boosted = 0;
  if (m.faultmask) boosted = -1;
  return Math.min(highest, boosted);
}
function modelPending(m: Model): number {
  const list = m.pending.map((p, n) => (p && m.enabled[n] ? n : 0)).filter((n) => n > 0);
  list.sort((a, b) => m.priority[a]! - m.priority[b]! || a - b);
  return list[0] ?? 0;
}

const EXCEPTIONS = [2, 3, 4, 5, 6, 11, 12, 14, 15, ...Array.from({ length: 82 }, (_, i) => 16 + i)];
const machineState = fc.record({
  priorities: fc.array(fc.nat(15), { minLength: 98, maxLength: 98 }),
  pending: fc.array(fc.constantFrom(...EXCEPTIONS), { maxLength: 12 }),
  enabled: fc.array(fc.boolean(), { minLength: 98, maxLength: 98 }),
  active: fc.array(fc.constantFrom(...EXCEPTIONS), { maxLength: 3 }),
  prigroup: fc.nat(7),
  basepri: fc.nat(15),
  primask: fc.boolean(),
  faultmask: fc.boolean(),
});

describe('NVIC', () => {
  it('takes the exception that the architecture names, for any priorities, grouping and masks', () => {
    const { cpu } = started('m4');
    fc.assert(
      fc.property(machineState, (s) => {
        for (let o: number = S.NVIC_ENABLED; o < S.SCS; o += 4) cpu.set(o, 0);
        const priority = s.priorities.map((p) => p << 4);
        priority[2] = -2;
        priority[3] = -1;
        const has = (list: readonly number[], n: number): boolean => list.includes(n);
        const model: Model = {
          priority,
          prigroup: s.prigroup,
          basepri: s.basepri << 4,
          primask: s.primask,
          faultmask: s.faultmask,
          pending: priority.map((_, n) => has(s.pending, n)),
          active: priority.map((_, n) => has(s.active, n)),
          enabled: priority.map((_, n) => (n >= 16 || (n >= 4 && n <= 6) ? s.enabled[n]! : true)),
        };
        let pending = 0,
          active = 0,
          enabled = 0;
        for (let n = 2; n < 16; n++) {
          if (model.pending[n]) pending |= 1 << n;
          if (model.active[n]) active |= 1 << n;
          if (n >= 4 && n <= 6 && model.enabled[n]) enabled |= 1 << n;
          if (n >= 4) cpu.setByte(SCS.SYS_PRIORITY + n, priority[n]!);
        }
        cpu.set(SCS.SYS_PENDING, pending);
        cpu.set(SCS.SYS_ACTIVE, active);
        cpu.set(SCS.SYS_ENABLED, enabled);
        for (let n = 16; n < 98; n++) {
          const at = ((n - 16) >> 5) * 4;
          const bit = 1 << ((n - 16) & 31);
          if (model.pending[n]) cpu.set(S.NVIC_PENDING + at, cpu.get(S.NVIC_PENDING + at) | bit);
          if (model.enabled[n]) cpu.set(S.NVIC_ENABLED + at, cpu.get(S.NVIC_ENABLED + at) | bit);
          if (model.active[n]) cpu.set(S.NVIC_ACTIVE + at, cpu.get(S.NVIC_ACTIVE + at) | bit);
          cpu.setByte(S.NVIC_PRIORITY + n - 16, priority[n]!);
        }
        cpu.set(SCS.PRIGROUP, s.prigroup);
        cpu.set(S.BASEPRI, model.basepri);
        cpu.set(S.PRIMASK, s.primask ? 1 : 0);
        cpu.set(S.FAULTMASK, s.faultmask ? 1 : 0);
        const next = modelPending(model);
        expect(executionPriority(cpu)).toBe(modelExecution(model));
        expect(highestPending(cpu)).toBe(next);
        expect(preempts(cpu, next)).toBe(next !== 0 && group(model, priority[next]!) < modelExecution(model));
      }),
      { numRuns: 400, seed: 8 },
    );
  });

  it('has as many lines as the chip: bits and priority bytes beyond them stay 0', () => {
    const { cpu } = started('m4');
    for (let i = 0; i < 16; i++) cpu.write(ISER + 4 * i, 4, 0xffffffff);
    expect([0, 1, 2, 3, 15].map((i) => word(cpu, ISER + 4 * i))).toEqual([0xffffffff, 0xffffffff, 0x3ffff, 0, 0]);
    for (let i = 0; i < 128; i++) cpu.write(IPR + 4 * i, 4, 0xffffffff);
    expect([0, 20, 21].map((i) => word(cpu, IPR + 4 * i))).toEqual([0xf0f0f0f0, 0x0000f0f0, 0]);
    cpu.write(ISPR + 8, 4, 0xffffffff);
    expect(word(cpu, ISPR + 8)).toBe(0x3ffff);
    expect(word(cpu, 0xe000e004)).toBe(2);
  });

  it('Cortex-M0: two priority bits, words only, no IABR', () => {
    const { cpu } = started('m0');
    cpu.write(IPR, 4, 0xffffffff);
    expect(word(cpu, IPR)).toBe(0xc0c0c0c0);
    cpu.write(IPR, 1, 0x40);
    expect(word(cpu, IPR)).toBe(0xc0c0c0c0);
    expect(word(cpu, 0xe000e300)).toBe(0);
  });

  it('STIR pends the line that is written, and reads as zero', () => {
    const { cpu } = started('m4');
    cpu.write(STIR, 4, 3);
    expect([word(cpu, ISPR), word(cpu, STIR), cpu.read(STIR, 4)]).toEqual([1 << 3, 0, 0]);
  });
  it('byte writes reach single priorities and enable bits without touching their neighbours', () => {
    const { cpu } = started('m4');
    cpu.write(IPR + 5, 1, 0xa7);
    expect(word(cpu, IPR + 4)).toBe(0x0000a000);
    cpu.write(ISER, 4, 0x0000ff00);
    cpu.write(ISER + 2, 1, 0x01);
    expect(word(cpu, ISER)).toBe(0x0001ff00);
    cpu.write(ICER + 1, 1, 0xf0);
    expect(word(cpu, ICER)).toBe(0x00010f00);
  });

  it('tells the history of enable bits by ISER, of pending bits by ISPR, whichever register changed them', () => {
    const { machine, cpu } = started('m4');
    const seen: string[] = [];
    const special = machine.special.bind(machine);
    machine.special = (core, register, old, value) => {
      seen.push(`${register} ${old.toString(16)}->${value.toString(16)}`);
      special(core, register, old, value);
    };
    cpu.set(S.PRIMASK, 1);
    cpu.write(ISER + 4, 4, 6);
    cpu.write(ICER + 4, 4, 2);
    cpu.write(ISPR, 4, 1);
    cpu.write(ICPR, 4, 1);
    cpu.write(ISER + 4, 4, 4);
    expect(seen).toEqual(['NVIC_ISER1 0->6', 'NVIC_ISER1 6->4', 'NVIC_ISPR0 0->1', 'NVIC_ISPR0 1->0']);
  });

  it('a level line is pending on its rising edge, stays pending against ICPR while high, and is pending again on return', () => {
    const { machine, cpu } = started('m4', { [handlerAt(16 + 7)]: [NOP, NOP, BX_LR] });
    cpu.write(ISER, 4, 1 << 7);
    cpu.set(S.PRIMASK, 1);
    cpu.irq(7, true);
    cpu.write(ICPR, 4, 1 << 7);
    expect(word(cpu, ISPR)).toBe(1 << 7);
    cpu.set(S.PRIMASK, 0);
    cpu.interruptsChanged();
    runTo(machine, handlerAt(16 + 7));
    expect([word(cpu, ISPR), word(cpu, IABR)]).toEqual([0, 1 << 7]);
    runTo(machine, handlerAt(16 + 7) + 4);
    // still high: the handler runs again, without coming back to main in between
    runTo(machine, handlerAt(16 + 7));
    cpu.irq(7, false);
    runTo(machine, MAIN);
    expect([word(cpu, ISPR), word(cpu, IABR)]).toEqual([0, 0]);
  });

  it('a second edge while the handler runs is not lost', () => {
    const { machine, cpu } = started('m4', { [handlerAt(16)]: [NOP, BX_LR] });
    cpu.write(ISER, 4, 1);
    cpu.irq(0, true);
    runTo(machine, handlerAt(16));
    cpu.irq(0, false);
    cpu.irq(0, true);
    cpu.irq(0, false);
    expect(word(cpu, ISPR)).toBe(1);
    runTo(machine, handlerAt(16) + 2);
    runTo(machine, handlerAt(16));
    expect(word(cpu, ISPR)).toBe(0);
  });

  it('STIR pends a line; unprivileged software may only with CCR.USERSETMPEND', () => {
    const { cpu } = started('m4');
    cpu.set(S.PRIMASK, 1);
    cpu.write(0xe000ef00, 4, 33);
    expect(word(cpu, ISPR + 4)).toBe(2);
    expect(() => cpu.write(0xe000ef00, 4, 34, false)).toThrow();
    expect([cpu.fault.kind, cpu.fault.address]).toEqual(['bus-data', 0xe000ef00]);
    cpu.write(0xe000ed14, 4, 0x202);
    cpu.write(0xe000ef00, 4, 34, false);
    expect(word(cpu, ISPR + 4)).toBe(6);
  });

  it('ICSR: PendSV and SysTick are set and cleared by their bits; VECTPENDING heeds BASEPRI and not PRIMASK; RETTOBASE', () => {
    const ICSR = 0xe000ed04;
    const { machine, cpu } = started('m4');
    cpu.set(S.PRIMASK, 1);
    cpu.write(ICSR, 4, (1 << 28) | (1 << 26));
    expect(word(cpu, ICSR)).toBe(0x1400e800);
    cpu.write(ICSR, 4, 1 << 27);
    expect(word(cpu, ICSR)).toBe(0x0400f800);
    cpu.set(S.BASEPRI, 0x10);
    cpu.write(0xe000ed20, 4, 0x20000000);
    expect(word(cpu, ICSR)).toBe(0x04000800);
    cpu.set(S.BASEPRI, 0);
    cpu.set(S.PRIMASK, 0);
    cpu.interruptsChanged();
    runTo(machine, handlerAt(15));
    expect(word(cpu, ICSR)).toBe(0x0000080f);
    runCycles(machine, 4);
    cpu.write(ICSR, 4, (1 << 31) >>> 0);
    runTo(machine, handlerAt(2));
    expect(word(cpu, ICSR)).toBe(0x00000002);
    expect(takePending(cpu)).toBe(false);
    expect(reg(cpu, 14)).toBe(0xfffffff1);
    expect(cpu.pc).toBe(FLASH + handlerAt(2));
    runCycles(machine, 10);
    expect(word(cpu, 0xe000ed24) & 0x800).toBe(0x800);
  });
});

describe('Lines of the NVIC', () => {
  it.each([1, 31, 32, 33, 63, 64, 65, 82, 96, 97])('%i lines: no more can be enabled', (lines) => {
    const { cpu } = started('m4', {}, { nvicLines: lines });
    for (let i = 0; i < 4; i++) cpu.write(ISER + 4 * i, 4, 0xffffffff);
    const enabled = [0, 1, 2, 3].map(
      (i) =>
        word(cpu, ISER + 4 * i)
          .toString(2)
          .replaceAll('0', '').length,
    );
    expect(enabled.reduce((a, b) => a + b, 0)).toBe(lines);
  });
});
