import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultExecuteNever, mpuAllows, mpuEnabled, mpuUniform } from '../../../src/emu/core/arm/mpu.ts';
import { S } from '../../../src/emu/core/state.ts';
import { CPSID_I, handlerAt, LOOP, MAIN, NOP, RAM, reg, runTo, started, SVC, word } from './bare-machine.ts';

const TYPE = 0xe000ed90;
const CTRL = 0xe000ed94;
const RNR = 0xe000ed98;
const RBAR = 0xe000ed9c;
const RASR = 0xe000eda0;
const CFSR = 0xe000ed28;
const SHCSR = 0xe000ed24;

interface V7Region {
  enable: boolean;
  log2: number;
  base: number;
  srd: number;
  ap: number;
  xn: boolean;
}
interface V8Region {
  enable: boolean;
  base: number;
  limit: number;
  ap: number;
  xn: boolean;
}
const AP7: Readonly<Record<number, readonly [string, string]>> = {
  0: ['', ''],
  1: ['rw', ''],
  2: ['rw', 'r'],
  3: ['rw', 'rw'],
  5: ['r', ''],
  6: ['r', 'r'],
  7: ['r', 'r'],
};
const AP8: readonly (readonly [string, string])[] = [
  ['rw', ''],
  ['rw', 'rw'],
  ['r', ''],
  ['r', 'r'],
];

/** One address, as DDI 0403 B3.5 says it in words. */
function naive7(regions: readonly V7Region[], privdef: boolean, address: number, access: string, priv: boolean): boolean {
  let hit: V7Region | null = null;
  for (const r of regions) {
    const size = 2 ** r.log2;
    if (!r.enable || address < r.base || address >= r.base + size) continue;
    if (r.log2 >= 8 && (r.srd >> Math.floor((address - r.base) / (size / 8))) & 1) continue;
    hit = r;
  }
  if (hit === null) return privdef && priv && !(access === 'fetch' && defaultExecuteNever(address));
  const right = AP7[hit.ap]![priv ? 0 : 1];
  if (access === 'fetch') return right !== '' && !hit.xn;
  return right.includes(access === 'write' ? 'w' : 'r');
}
function naive8(regions: readonly V8Region[], privdef: boolean, address: number, access: string, priv: boolean): boolean {
  const hits = regions.filter((r) => r.enable && address >= r.base && address <= r.limit);
  if (hits.length > 1) return false;
  if (hits.length === 0) return privdef && priv && !(access === 'fetch' && defaultExecuteNever(address));
  const right = AP8[hits[0]!.ap]![priv ? 0 : 1]!;
  if (access === 'fetch') return right !== '' && !hits[0]!.xn;
  return right.includes(access === 'write' ? 'w' : 'r');
}

const v7Region = fc.record({
  enable: fc.boolean(),
  log2: fc.integer({ min: 5, max: 16 }),
  at: fc.nat(0xffff),
  srd: fc.nat(255),
  ap: fc.constantFrom(0, 1, 2, 3, 5, 6, 7),
  xn: fc.boolean(),
});
const v8Region = fc.record({ enable: fc.boolean(), from: fc.nat(0xffff), size: fc.nat(0x4fff), ap: fc.nat(3), xn: fc.boolean() });
const probes = fc.array(fc.record({ at: fc.nat(0x1ffff), access: fc.constantFrom('read', 'write', 'fetch'), priv: fc.boolean() }), {
  minLength: 30,
  maxLength: 30,
});

describe('MPU', () => {
  it('PMSAv7 decides as its description: highest region, subregions, background map', () => {
    const { cpu } = started('m4');
    fc.assert(
      fc.property(fc.array(v7Region, { minLength: 8, maxLength: 8 }), fc.boolean(), probes, (list, privdef, accesses) => {
        const regions = list.map((r): V7Region => ({ ...r, base: RAM + Math.floor(r.at / 2 ** r.log2) * 2 ** r.log2 }));
        regions.forEach((r, n) => {
          cpu.write(RBAR, 4, (r.base | 0x10 | n) >>> 0);
          cpu.write(RASR, 4, ((r.xn ? 1 << 28 : 0) | (r.ap << 24) | (r.srd << 8) | ((r.log2 - 1) << 1) | (r.enable ? 1 : 0)) >>> 0);
        });
        cpu.write(CTRL, 4, privdef ? 5 : 1);
        for (const p of accesses)
          expect(mpuAllows(cpu, RAM + p.at, p.access as 'read', p.priv)).toBe(naive7(regions, privdef, RAM + p.at, p.access, p.priv));
        for (let page = 0; page < 8; page++) {
          if (!mpuUniform(cpu, RAM + page * 0x1000)) continue;
          for (const access of ['read', 'write', 'fetch'] as const)
            for (const priv of [true, false]) {
              const answers = new Set(
                Array.from({ length: 128 }, (_, i) => naive7(regions, privdef, RAM + page * 0x1000 + 32 * i, access, priv)),
              );
              expect(answers.size).toBe(1);
            }
        }
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it('PMSAv8 decides as its description: limits, overlaps deny, background map', () => {
    const { cpu } = started('m33');
    fc.assert(
      fc.property(fc.array(v8Region, { minLength: 8, maxLength: 8 }), fc.boolean(), probes, (list, privdef, accesses) => {
        const regions = list.map((r): V8Region => ({ ...r, base: RAM + (r.from & ~31), limit: (RAM + r.from + r.size) | 31 }));
        regions.forEach((r, n) => {
          cpu.write(RNR, 4, n);
          cpu.write(RBAR, 4, r.base | (r.ap << 1) | (r.xn ? 1 : 0));
          cpu.write(RASR, 4, (r.limit & ~31) | (r.enable ? 1 : 0));
        });
        cpu.write(CTRL, 4, privdef ? 5 : 1);
        for (const p of accesses)
          expect(mpuAllows(cpu, RAM + p.at, p.access as 'read', p.priv)).toBe(naive8(regions, privdef, RAM + p.at, p.access, p.priv));
        for (let page = 0; page < 8; page++) {
          if (!mpuUniform(cpu, RAM + page * 0x1000)) continue;
          for (const access of ['read', 'write', 'fetch'] as const) {
            const answers = new Set(
              Array.from({ length: 128 }, (_, i) => naive8(regions, privdef, RAM + page * 0x1000 + 32 * i, access, true)),
            );
            expect(answers.size).toBe(1);
          }
        }
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it('has the regions of the chip; RBAR aliases reach four regions on ARMv8-M', () => {
    expect(['m0', 'm4', 'm33', 'm7'].map((c) => word(started(c as 'm0').cpu, TYPE))).toEqual([0, 0x800, 0x800, 0x1000]);
    const { cpu } = started('m33');
    cpu.write(RNR, 4, 4);
    [0, 1, 2, 3].forEach((i) => cpu.write(RBAR + 8 * i, 4, RAM + 0x100 * i));
    cpu.write(RNR, 4, 6);
    expect(word(cpu, RBAR)).toBe(RAM + 0x200);
    cpu.write(RNR, 4, 9);
    expect(word(cpu, RNR)).toBe(6);
  });

  it('PMSAv8: the aliases of RLAR read and write the regions of RNR[7:2]', () => {
    const { cpu } = started('m33');
    cpu.write(RNR, 4, 4);
    [0, 1, 2, 3].forEach((i) => cpu.write(RASR + 8 * i, 4, (RAM + 0x100 * i) | 0xe1));
    expect([0, 1, 2, 3].map((i) => word(cpu, RASR + 8 * i))).toEqual([0, 1, 2, 3].map((i) => (RAM + 0x100 * i) | 0xe1));
    cpu.write(RNR, 4, 6);
    expect(word(cpu, RASR)).toBe((RAM + 0x200) | 0xe1);
  });

  it('a denied store is a MemManage with MMFAR, and nothing is written', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [0x6001, LOOP] });
    cpu.write(SHCSR, 4, 7 << 16);
    cpu.write(RAM, 4, 0x11);
    cpu.write(RBAR, 4, RAM | 0x10);
    cpu.write(RASR, 4, (7 << 24) | (9 << 1) | 1);
    cpu.write(CTRL, 4, 5);
    cpu.set(S.R, RAM);
    cpu.set(S.R + 4, 0x22);
    runTo(machine, handlerAt(4));
    expect([word(cpu, CFSR), word(cpu, 0xe000ed34), word(cpu, RAM)]).toEqual([0x82, RAM, 0x11]);
  });

  it('is off at negative priorities unless HFNMIENA, and vectors are read past it', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [CPSID_I, SVC], [handlerAt(3)]: [0x6803, NOP, LOOP] });
    cpu.write(CTRL, 4, 1);
    cpu.set(S.R, RAM);
    // everything is denied: the fetch faults, and the frame cannot be pushed either; HardFault runs without the MPU
    runTo(machine, handlerAt(3) + 2);
    expect([cpu.get(S.HALTED), mpuEnabled(cpu)]).toEqual([0, false]);
    expect(word(cpu, CFSR) & 1).toBe(1);
    expect(reg(cpu, 13)).toBeLessThan(RAM + 0x8000);
    cpu.write(CTRL, 4, 3);
    expect(mpuEnabled(cpu)).toBe(true);
  });

  it('the default map: no execution from peripherals, devices and the system region', () => {
    expect([0, 0x1fffffff, 0x20000000, 0x60000000, 0x9fffffff].map(defaultExecuteNever)).toEqual([false, false, false, false, false]);
    expect([0x40000000, 0x5fffffff, 0xa0000000, 0xe0000000, 0xffffffff].map(defaultExecuteNever)).toEqual([true, true, true, true, true]);
    const { machine, cpu } = started('m4', { [MAIN]: [0x4700] });
    cpu.set(S.R, 0xe000ed01);
    runTo(machine, handlerAt(3));
    expect(word(cpu, reg(cpu, 13) + 0x18)).toBe(0xe000ed00);
  });
});
