import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { readSpecial, SYSTEM_OPS, testTarget, writeSpecial } from '../../../src/emu/core/arm/system-ops.ts';
import { OPS } from '../../../src/emu/core/rows.ts';
import { CPSID_I, FLASH, handlerAt, LOOP, MAIN, NOP, RAM, runCycles, runTo, SEV, started, word, WFE, WFI } from './bare-machine.ts';

const ISER = 0xe000e100;
const SCR = 0xe000ed10;
const SYSM = { MSP: 8, PSP: 9, MSPLIM: 10, PSPLIM: 11, PRIMASK: 16, BASEPRI: 17, BASEPRI_MAX: 18, FAULTMASK: 19, CONTROL: 20 };

describe('special registers', () => {
  it('every system op of the instruction set has its function', () => {
    for (const op of OPS.values()) if (op.system) expect(SYSTEM_OPS[op.name], op.name).toBeTypeOf('function');
  });

  it.each(['m0', 'm3', 'm4', 'm7', 'm33'] as const)(
    'MRS on %s reads what the core says of them, in both tiers and at every privilege',
    (core) => {
      const read = [5, SYSM.MSP, SYSM.PSP, SYSM.PRIMASK, SYSM.CONTROL, ...(core === 'm0' ? [] : [SYSM.BASEPRI])];
      const code = [...read.flatMap((sysm, n) => [0xf3ef, 0x8000 | (n << 8) | sysm]), 0xe7fe - 2 * read.length];
      for (const translating of [false, true]) {
        const { machine, cpu } = started(core, { [MAIN]: code });
        cpu.setTranslating(translating, 1);
        for (const [control, ipsr, primask, basepri] of [
          [0, 0, 0, 0],
          [2, 0, 1, 0x40],
          ...(core === 'm0'
            ? []
            : [
                [1, 0, 1, 0x80],
                [3, 0, 0, 0xc0],
                [1, 20, 1, 0x20],
              ]),
        ] as const) {
          writeSpecial(cpu, SYSM.PSP, RAM + 0x180, 0);
          writeSpecial(cpu, SYSM.MSP, RAM + 0x200, 0);
          writeSpecial(cpu, SYSM.PRIMASK, primask!, 0);
          writeSpecial(cpu, SYSM.BASEPRI, basepri!, 0);
          writeSpecial(cpu, SYSM.CONTROL, control!, 0);
          cpu.set(S.IPSR, ipsr!);
          runCycles(machine, 5000);
          expect(read.map((_, n) => cpu.get(S.R + 4 * n) >>> 0)).toEqual(read.map((sysm) => readSpecial(cpu, sysm) >>> 0));
          cpu.set(S.IPSR, 0);
          writeSpecial(cpu, SYSM.CONTROL, 0, 0);
          cpu.set(S.CONTROL, 0);
        }
        if (translating) expect(cpu.tier.counters.compiled).toBeGreaterThan(0);
      }
    },
  );

  it('APSR keeps NZCVQ, and GE where there are SIMD instructions', () => {
    for (const [core, mask] of [
      ['m0', 0xf0000000],
      ['m4', 0xf80f0000],
      ['m33', 0xf80f0000],
    ] as const) {
      const { cpu } = started(core);
      fc.assert(
        fc.property(fc.nat(0xffffffff), (v) => {
          writeSpecial(cpu, 0, v, 3);
          expect(readSpecial(cpu, 0)).toBe((v & mask) >>> 0);
        }),
        { numRuns: 100 },
      );
    }
    const { cpu } = started('m4');
    writeSpecial(cpu, 0, 0xffffffff, 1);
    expect(readSpecial(cpu, 0)).toBe(0x000f0000);
    writeSpecial(cpu, 0, 0xf8000000, 2);
    expect(readSpecial(cpu, 3)).toBe(0xf80f0000);
  });

  it('stack pointers drop bits 1:0, limits bits 2:0; MSP and PSP stay apart whichever is selected', () => {
    const { cpu } = started('m33');
    writeSpecial(cpu, SYSM.PSP, RAM + 0x107, 0);
    writeSpecial(cpu, SYSM.CONTROL, 2, 0);
    expect(cpu.get(S.SP)).toBe(RAM + 0x104);
    writeSpecial(cpu, SYSM.MSP, RAM + 0x203, 0);
    expect([readSpecial(cpu, SYSM.MSP), readSpecial(cpu, SYSM.PSP), cpu.get(S.SP)]).toEqual([RAM + 0x200, RAM + 0x104, RAM + 0x104]);
    writeSpecial(cpu, SYSM.PSPLIM, RAM + 0x1f, 0);
    expect([readSpecial(cpu, SYSM.PSPLIM), cpu.get(S.SPLIM)]).toEqual([RAM + 0x18, RAM + 0x18]);
    writeSpecial(cpu, SYSM.CONTROL, 0, 0);
    expect([cpu.get(S.SP), cpu.get(S.SPLIM)]).toEqual([RAM + 0x200, 0]);
  });

  it('MSPLIM and PSPLIM exist on ARMv8-M only; non-secure views read zero', () => {
    const { cpu } = started('m4');
    writeSpecial(cpu, SYSM.MSPLIM, RAM, 0);
    expect(readSpecial(cpu, SYSM.MSPLIM)).toBe(0);
    const m33 = started('m33').cpu;
    writeSpecial(m33, 0x89, RAM, 0);
    expect([0x88, 0x89, 0x8a, 0x90, 0x94, 0x98].map((n) => readSpecial(m33, n))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('BASEPRI has the implemented bits; BASEPRI_MAX only raises the priority', () => {
    const { cpu } = started('m4');
    const max = (v: number): number => {
      writeSpecial(cpu, SYSM.BASEPRI_MAX, v, 0);
      return readSpecial(cpu, SYSM.BASEPRI);
    };
    expect([max(0), max(0x8f), max(0x90), max(0x40), max(0), max(0x50)]).toEqual([0, 0x80, 0x80, 0x40, 0x40, 0x40]);
    writeSpecial(cpu, SYSM.BASEPRI, 0, 0);
    expect(readSpecial(cpu, SYSM.BASEPRI_MAX)).toBe(0);
  });

  it('FAULTMASK is one bit of ARMv7-M and v8-M, in thread mode and in handlers of interrupts', () => {
    const told = (['m0', 'm4', 'm33'] as const).map((core) => {
      const { cpu } = started(core);
      return [0, 15, 20].flatMap((ipsr) => {
        cpu.set(S.IPSR, ipsr);
        return [0xff, 0xfe].map((value) => (writeSpecial(cpu, SYSM.FAULTMASK, value, 0), readSpecial(cpu, SYSM.FAULTMASK)));
      });
    });
    const here = [1, 0, 1, 0, 1, 0];
    expect(told).toEqual([here.map(() => 0), here, here]);
  });
  it('FAULTMASK cannot be set in HardFault or NMI', () => {
    const { machine, cpu } = started('m4');
    cpu.nmi();
    runTo(machine, handlerAt(2));
    expect(cpu.get(S.IPSR)).toBe(2);
    writeSpecial(cpu, SYSM.FAULTMASK, 1, 0);
    expect(readSpecial(cpu, SYSM.FAULTMASK)).toBe(0);
  });

  it('unprivileged software reads CONTROL and APSR, zero of the rest, and changes only APSR', () => {
    const { cpu } = started('m4');
    writeSpecial(cpu, SYSM.PRIMASK, 1, 0);
    writeSpecial(cpu, SYSM.CONTROL, 1, 0);
    expect([SYSM.PRIMASK, SYSM.MSP, SYSM.CONTROL].map((n) => readSpecial(cpu, n))).toEqual([0, 0, 1]);
    writeSpecial(cpu, SYSM.CONTROL, 0, 0);
    writeSpecial(cpu, SYSM.PRIMASK, 0, 0);
    expect([cpu.get(S.CONTROL), cpu.get(S.PRIMASK)]).toEqual([1, 1]);
    writeSpecial(cpu, 0, 0x80000000, 2);
    expect(readSpecial(cpu, 0)).toBe(0x80000000);
  });

  it('the Cortex-M0 has no FAULTMASK, and takes CPSID f and CPSIE f without a fault', () => {
    const { machine, cpu } = started('m0', { [MAIN]: [0xb671, CPSID_I, 0xb671, 0xb661, NOP, LOOP] });
    runTo(machine, MAIN + 10);
    expect([cpu.get(S.IPSR), cpu.get(S.PRIMASK)]).toEqual([0, 1]);
  });

  it('the Cortex-M0 has neither unprivileged mode nor BASEPRI', () => {
    const { cpu } = started('m0');
    writeSpecial(cpu, SYSM.CONTROL, 7, 0);
    writeSpecial(cpu, SYSM.BASEPRI, 0x80, 0);
    expect([cpu.get(S.CONTROL), cpu.get(S.BASEPRI)]).toEqual([2, 0]);
  });

  it('CONTROL.SPSEL cannot be changed in Handler mode', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [0xdf00] });
    runTo(machine, handlerAt(11));
    writeSpecial(cpu, SYSM.CONTROL, 3, 0);
    expect(cpu.get(S.CONTROL)).toBe(1);
  });

  it('tells the history of changed masks and stack pointers, not of writes that change nothing', () => {
    const { machine, cpu } = started('m4');
    const seen: string[] = [];
    machine.special = (_core, register, old, value) => void seen.push(`${register} ${old.toString(16)} ${value.toString(16)}`);
    writeSpecial(cpu, SYSM.PRIMASK, 1, 0);
    writeSpecial(cpu, SYSM.PRIMASK, 1, 0);
    writeSpecial(cpu, SYSM.MSP, RAM + 0x40, 0);
    writeSpecial(cpu, SYSM.CONTROL, 2, 0);
    expect(seen).toEqual(['PRIMASK 0 1', 'MSP 20008000 20000040', 'CONTROL 0 2']);
  });
});

describe('sleep and events', () => {
  it('WFI wakes for an interrupt that PRIMASK keeps from being taken, not for one that BASEPRI or its enable bit keeps out', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [0xb672, WFI, NOP, LOOP] });
    runTo(machine, MAIN + 4);
    expect(cpu.get(S.HALTED)).toBe(2);
    cpu.irq(3, true);
    runCycles(machine, 20);
    expect(cpu.get(S.HALTED)).toBe(2);
    cpu.set(S.BASEPRI, 0x40);
    cpu.write(0xe000e403, 1, 0x80);
    cpu.write(ISER, 4, 8);
    runCycles(machine, 20);
    expect(cpu.get(S.HALTED)).toBe(2);
    cpu.write(0xe000e403, 1, 0x20);
    runCycles(machine, 20);
    expect([cpu.get(S.HALTED), cpu.get(S.IPSR), cpu.pc]).toEqual([0, 0, FLASH + MAIN + 6]);
  });

  it('WFI does not sleep when something is pending already', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [0xb672, WFI, NOP, LOOP] });
    cpu.set(S.PRIMASK, 1);
    cpu.write(ISER, 4, 1);
    cpu.irq(0, true);
    runCycles(machine, 50);
    expect([cpu.get(S.HALTED), cpu.pc]).toEqual([0, FLASH + MAIN + 6]);
  });

  it('WFE consumes a registered event, sleeps without one, and wakes by SEV of another core', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [SEV, WFE, NOP, WFE, NOP, LOOP] });
    runTo(machine, MAIN + 8);
    expect([cpu.get(S.HALTED), cpu.get(S.EVENT)]).toEqual([3, 0]);
    cpu.wakeEvent();
    runCycles(machine, 20);
    expect([cpu.get(S.HALTED), cpu.get(S.EVENT), cpu.pc]).toEqual([0, 0, FLASH + MAIN + 10]);
  });

  it('SEVONPEND: a disabled interrupt that becomes pending wakes WFE, not WFI', () => {
    for (const [op, halted] of [
      [WFE, 0],
      [WFI, 2],
    ] as const) {
      const { machine, cpu } = started('m4', { [MAIN]: [op, LOOP] });
      cpu.write(SCR, 4, 0x10);
      runTo(machine, MAIN + 2);
      cpu.irq(5, true);
      runCycles(machine, 20);
      expect(cpu.get(S.HALTED)).toBe(halted);
    }
  });
});

describe('TT', () => {
  it('gives region and rights of an address', () => {
    const { cpu } = started('m33');
    expect(testTarget(cpu, RAM, false)).toBe(3 << 18);
    cpu.write(0xe000ed98, 4, 2);
    cpu.write(0xe000ed9c, 4, RAM | (3 << 1));
    cpu.write(0xe000eda0, 4, (RAM + 0xe0) | 1);
    cpu.write(0xe000ed94, 4, 5);
    expect(testTarget(cpu, RAM + 0xff, false)).toBe((1 << 18) | (1 << 16) | 2);
    expect(testTarget(cpu, RAM + 0x100, false)).toBe(3 << 18);
    expect(testTarget(cpu, RAM + 0x100, true)).toBe(0);
    expect(word(cpu, 0xe000ed94)).toBe(5);
  });
});

describe('a barrier in an IT block', () => {
  it.each(['m3', 'm4', 'm33', 'm7'] as const)('%s: leaves the conditions of the others alone', (core) => {
    for (const barrier of [0x8f4f, 0x8f5f, 0x8f6f])
      for (const value of [0, 1])
        for (const translated of [false, true]) {
          // CMP R0, #0; ITETE EQ; DSB/DMB/ISB; MOVNE R1, #5; MOVEQ R2, #7; MOVNE R3, #9
          const code = [0x2000 | value, 0x2800, 0xbf0b, 0xf3bf, barrier, 0x2105, 0x2207, 0x2309, translated ? 0xe7f6 : LOOP];
          const { machine, cpu } = started(core, { [MAIN]: code });
          cpu.setTranslating(translated, 1);
          runCycles(machine, translated ? 3000 : 60);
          expect([1, 2, 3].map((n) => cpu.get(S.R + 4 * n))).toEqual(value === 0 ? [0, 7, 0] : [5, 0, 9]);
        }
  });
});
