import { describe, expect, it } from 'vitest';
import { isPending } from '../../../src/emu/core/arm/nvic.ts';
import { SCS_REGISTERS } from '../../../src/emu/core/arm/scs.ts';
import { S } from '../../../src/emu/core/state.ts';
import { CORE_NAMES, FLASH, handlerAt, LOOP, MAIN, runCycles, runTo, started, UDF, word } from './bare-machine.ts';

const DEMCR = 0xe000edfc;
const DWT_CTRL = 0xe0001000;
const CYCCNT = 0xe0001004;

describe('private peripheral bus', () => {
  it.each([
    ['m0', 0x410cc200],
    ['m0plus', 0x410cc601],
    ['m3', 0x412fc230],
    ['m4', 0x410fc241],
    ['m33', 0x410fd214],
    ['m7', 0x411fc271],
  ] as const)('%s: CPUID is 0x%i', (core, id) => {
    expect(word(started(core).cpu, 0xe000ed00)).toBe(id);
  });

  it.each([
    // two caches of level 1, coherent from level 1 on; lines of 8 words, one word for an exclusive access (DDI 0489, CLIDR and CTR)
    ['m7', 0x0900_0003, 0x8303_c003],
    // no cache of its own (DDI 0553: CLIDR is RES0 then)
    ['m33', 0, 0x8000_c000],
  ] as const)('%s: what it says of its caches', (core, clidr, ctr) => {
    const { cpu } = started(core);
    expect([word(cpu, 0xe000ed78), word(cpu, 0xe000ed7c)].map((n) => n >>> 0)).toEqual([clidr, ctr]);
  });
  it.each([
    ['m0', 0, 0, 0],
    ['m3', 0, 0, 0],
    // single precision, with fused multiply-add and half-precision conversion
    ['m4', 0x1011_0021, 0x1100_0011, 0],
    ['m33', 0x1011_0021, 0x1100_0011, 0x40],
    // double precision, with the instructions of FPv5
    ['m7', 0x1011_0221, 0x1200_0011, 0x40],
  ] as const)('%s: what it says of its FPU (MVFR0 to MVFR2)', (core, ...values) => {
    const { cpu } = started(core);
    expect([0xe000ef40, 0xe000ef44, 0xe000ef48].map((address) => word(cpu, address) >>> 0)).toEqual(values);
  });
  it.each([
    ['m3', [0x30, 0x200, 0x0010_0000, 0x0010_0030]],
    ['m4', [0x30, 0x200, 0x0010_0000, 0x30]],
    ['m33', [0x30, 0x200, 0x0020_0000, 0x0010_1f40]],
    ['m7', [0x30, 0x200, 0x0010_0000, 0x0010_0030]],
  ] as const)('%s: Thumb-2, the model of a microcontroller, its debug and its memory (ID_PFR0 to ID_MMFR0)', (core, values) => {
    const { cpu } = started(core);
    expect([0xe000ed40, 0xe000ed44, 0xe000ed48, 0xe000ed50].map((address) => word(cpu, address) >>> 0)).toEqual(values);
  });

  it('looking at a register changes nothing, for every register and core', () => {
    for (const core of CORE_NAMES) {
      const { cpu } = started(core);
      const before = cpu.arena.u8.slice(0, 0x1000);
      for (const r of SCS_REGISTERS) expect(cpu.peek(r.address, 4)).toBeTypeOf('number');
      expect(cpu.arena.u8.slice(0, 0x1000)).toEqual(before);
    }
  });

  it('what a register took reads back, and writing it again changes nothing', () => {
    const skip = /^(AIRCR|ICSR|STIR|NVIC_I[CS]|SYST|CFSR|HFSR|DFSR|AFSR|ABFSR|MPU_|DWT|ITM_STIM|CPACR|SHCSR|DEMCR|FP_CTRL)/;
    const { cpu } = started('m7');
    cpu.set(S.PRIMASK, 1);
    for (const r of SCS_REGISTERS.filter((x) => x.on(cpu) && !skip.test(x.name))) {
      cpu.write(r.address, 4, 0xffffffff);
      const took = cpu.read(r.address, 4);
      cpu.write(r.address, 4, took);
      expect(cpu.read(r.address, 4), r.name).toBe(took);
      cpu.write(r.address, 4, 0);
    }
  });

  it('unprivileged software gets a bus error; pages without a unit do too', () => {
    const { cpu } = started('m4');
    expect(() => cpu.read(0xe000e100, 4, false)).toThrow();
    expect(() => cpu.write(0xe000e100, 4, 1, false)).toThrow();
    expect(() => cpu.read(0xe0050000, 4)).toThrow();
    expect(cpu.read(0xe000e000, 4)).toBe(0);
  });

  it.each([
    ['LDR', 0xf8d0, 0x1000, true],
    ['STR', 0xf8c0, 0x1000, true],
    ['LDRT', 0xf850, 0x1e00, false],
    ['STRT', 0xf840, 0x1e00, false],
  ])('%s of privileged software: with T it has the rights of unprivileged software', (_name, first, second, allowed) => {
    const SHPR3 = 0xe000ed20;
    for (const core of ['m4', 'm33'] as const)
      for (const privileged of [true, false]) {
        const { machine, cpu } = started(core, { [MAIN]: [first, second, LOOP], [handlerAt(3)]: [LOOP] });
        cpu.set(S.R, SHPR3);
        if (!privileged) cpu.set(S.CONTROL, 1);
        runCycles(machine, 100);
        expect(cpu.pc, `${core}, ${privileged ? '' : 'un'}privileged`).toBe(FLASH + (allowed && privileged ? MAIN + 4 : handlerAt(3)));
      }
  });

  it('VTOR keeps bits 31:7, on the Cortex-M0+ 31:8, and the Cortex-M0 has none', () => {
    const { cpu } = started('m4');
    cpu.write(0xe000ed08, 4, 0x2000_1fff);
    expect(word(cpu, 0xe000ed08)).toBe(0x2000_1f80);
    const m0 = started('m0').cpu;
    m0.write(0xe000ed08, 4, 0x2000_1f80);
    expect(word(m0, 0xe000ed08)).toBe(0);
    const plus = started('m0plus').cpu;
    plus.write(0xe000ed08, 4, 0x2000_1fff);
    expect(word(plus, 0xe000ed08)).toBe(0x2000_1f00);
  });

  it.each([
    ['m0', 0x208, 0x208],
    ['m0plus', 0x208, 0x208],
    ['m3', 0x200, 0x31b],
    ['m4', 0x200, 0x31b],
    ['m33', 0x201, 0x71b],
    ['m7', 0x40200, 0x7031b],
  ] as const)('%s: CCR comes up 0x%i', (core, reset, full) => {
    const { cpu } = started(core);
    expect(word(cpu, 0xe000ed14)).toBe(reset);
    cpu.write(0xe000ed14, 4, 0xffffffff);
    expect(word(cpu, 0xe000ed14)).toBe(full);
  });

  it('fault status bits are cleared by writing 1, byte by byte too', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [UDF] });
    runTo(machine, handlerAt(3));
    expect([word(cpu, 0xe000ed28), word(cpu, 0xe000ed2c)]).toEqual([1 << 16, 1 << 30]);
    cpu.write(0xe000ed28, 1, 0xff);
    expect(cpu.read(0xe000ed2a, 2)).toBe(1);
    cpu.write(0xe000ed2a, 1, 0x01);
    cpu.write(0xe000ed2c, 4, 1 << 30);
    expect([word(cpu, 0xe000ed28), word(cpu, 0xe000ed2c)]).toEqual([0, 0]);
  });
});

describe('DEMCR', () => {
  it.each([
    ['nothing', 4, 0, false],
    ['TRCENA', 4, 1 << 24, false],
    ['MON_PEND', 4, 1 << 17, true],
    ['MON_PEND and what stands around it', 4, 7 << 16, true],
    ['MON_EN and MON_STEP', 4, 5 << 16, false],
    ['the byte of MON_PEND', 1, 1 << 17, true],
    ['that byte without it', 1, 5 << 16, false],
  ] as const)('written with %s pends DebugMonitor only by MON_PEND (Armv7-M ARM C1.6.5)', (_what, size, value, pends) => {
    const { cpu } = started('m4');
    if (size === 4) cpu.write(DEMCR, 4, value);
    else cpu.write(DEMCR + 2, 1, value >>> 16);
    expect(isPending(cpu, 12)).toBe(pends);
  });
});

describe('DWT and ITM', () => {
  it('CYCCNT counts core cycles while TRCENA and CYCCNTENA are set, and wraps', () => {
    const { machine, cpu } = started('m4');
    cpu.write(DWT_CTRL, 4, 1);
    runCycles(machine, 100);
    expect(word(cpu, CYCCNT)).toBe(0);
    cpu.write(DEMCR, 4, 1 << 24);
    const start = cpu.cycles();
    runCycles(machine, 100);
    expect(word(cpu, CYCCNT)).toBe(cpu.cycles() - start);
    cpu.write(CYCCNT, 4, 0xfffffff0);
    const again = cpu.cycles();
    runCycles(machine, 100);
    expect(word(cpu, CYCCNT)).toBe(cpu.cycles() - again - 16);
    const stopped = word(cpu, CYCCNT);
    cpu.write(DWT_CTRL, 4, 0);
    runCycles(machine, 100);
    expect(word(cpu, CYCCNT)).toBe(stopped);
    expect(word(cpu, DWT_CTRL)).toBe(0x40000000);
  });

  it('the Cortex-M7 of the STM32H7 has no software lock: CYCCNT starts without a write of DWT_LAR', () => {
    const { machine, cpu } = started('m7');
    cpu.write(DEMCR, 4, 1 << 24);
    cpu.write(DWT_CTRL, 4, 1);
    expect([word(cpu, DWT_CTRL), word(cpu, 0xe0001fb4)]).toEqual([0x40000001, 0]);
    runCycles(machine, 50);
    expect(word(cpu, CYCCNT)).toBeGreaterThanOrEqual(50);
  });

  it('ITM stimulus port 0 is a console when trace, ITM and port are on', () => {
    const { machine, cpu } = started('m4');
    const port = 0xe0000000;
    cpu.write(port, 1, 0x78);
    expect(cpu.read(port, 4)).toBe(0);
    cpu.write(DEMCR, 4, 1 << 24);
    cpu.write(0xe0000e80, 4, 1);
    cpu.write(port, 1, 0x78);
    cpu.write(0xe0000e00, 4, 1);
    expect(cpu.read(port, 4)).toBe(1);
    cpu.write(port, 1, 0x68);
    cpu.write(port, 2, 0x2169);
    expect(machine.state.console['itm']).toMatchObject({ count: 3, head: 'hi!' });
  });
});
