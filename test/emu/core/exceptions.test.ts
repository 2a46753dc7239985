import { describe, expect, it } from 'vitest';
import { GuestFault } from '../../../src/emu/core/cpu.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { exceptionReturn, raise, takePending } from '../../../src/emu/core/arm/exceptions.ts';
import { S } from '../../../src/emu/core/state.ts';
import {
  BX_LR,
  CORE_NAMES,
  FLASH,
  handlerAt,
  LOOP,
  MAIN,
  NOP,
  RAM,
  reg,
  runCycles,
  runTo,
  started,
  SVC,
  UDF,
  word,
  type CoreName,
} from './bare-machine.ts';

const ISER = 0xe000e100;
const ISPR = 0xe000e200;
const IPR = 0xe000e400;
const ICSR = 0xe000ed04;
const AIRCR = 0xe000ed0c;
const SHCSR = 0xe000ed24;
const CFSR = 0xe000ed28;
const HFSR = 0xe000ed2c;
const BFAR = 0xe000ed38;
const CCR = 0xe000ed14;
const SCR = 0xe000ed10;
const VTOR = 0xe000ed08;
const BX_R0 = 0x4700;
const SP0 = RAM + 0x8000;
const V8: readonly CoreName[] = ['m33'];
const excReturn = (core: CoreName, v7: number): number =>
  V8.includes(core) ? { 0xf1: 0xffffffb0, 0xf9: 0xffffffb8, 0xfd: 0xffffffbc, 0xe9: 0xffffffa8 }[v7]! : (0xffffff00 | v7) >>> 0;

describe.each(CORE_NAMES)('exception entry and return on %s', (core) => {
  it('pushes R0-R3, R12, LR, PC and xPSR, and pops them again', () => {
    const { machine, cpu } = started(core, { [MAIN]: [SVC, LOOP], [handlerAt(11)]: [BX_LR] });
    [0, 1, 2, 3, 12].forEach((r) => cpu.set(S.R + 4 * r, 0x1000 + r));
    cpu.set(S.LR, 0x12345678);
    runTo(machine, handlerAt(11));
    const frame = SP0 - 0x20;
    expect(reg(cpu, 13)).toBe(frame);
    const words = Array.from({ length: 8 }, (_, i) => word(cpu, frame + 4 * i));
    expect(words).toEqual([0x1000, 0x1001, 0x1002, 0x1003, 0x100c, 0x12345678, FLASH + MAIN + 2, 0x01000000]);
    expect([reg(cpu, 14), cpu.get(S.IPSR)]).toEqual([excReturn(core, 0xf9), 11]);
    cpu.set(S.R, 99);
    runTo(machine, MAIN + 2);
    expect([reg(cpu, 0), reg(cpu, 13), reg(cpu, 14), cpu.get(S.IPSR)]).toEqual([0x1000, SP0, 0x12345678, 0]);
  });

  it('aligns the stack to eight bytes and keeps that in bit 9 of the stacked xPSR', () => {
    const { machine, cpu } = started(core, { [MAIN]: [SVC, LOOP], [handlerAt(11)]: [BX_LR] });
    cpu.set(S.SP, SP0 - 4);
    runTo(machine, handlerAt(11));
    expect(reg(cpu, 13)).toBe(SP0 - 0x28);
    expect(word(cpu, SP0 - 0x28 + 0x1c)).toBe(0x01000200);
    runTo(machine, MAIN + 2);
    expect(reg(cpu, 13)).toBe(SP0 - 4);
  });

  it('uses PSP in Thread mode with SPSEL, and MSP in the handler', () => {
    const { machine, cpu } = started(core, { [MAIN]: [SVC, LOOP], [handlerAt(11)]: [BX_LR] });
    cpu.set(S.MSP, SP0);
    cpu.set(S.SP, RAM + 0x400);
    cpu.set(S.CONTROL, 2);
    runTo(machine, handlerAt(11));
    expect([reg(cpu, 13), reg(cpu, 14), cpu.get(S.CONTROL)]).toEqual([SP0, excReturn(core, 0xfd), 0]);
    expect(word(cpu, RAM + 0x400 - 8)).toBe(FLASH + MAIN + 2);
    runTo(machine, MAIN + 2);
    expect([reg(cpu, 13), cpu.get(S.CONTROL) & 2]).toEqual([RAM + 0x400, 2]);
  });

  it('takes the cycles of its table for entry, return and tail-chain', () => {
    const t = PROFILES[core].exceptions;
    const { cpu } = started(core);
    cpu.write(ISER, 4, 3);
    cpu.set(S.PRIMASK, 1);
    cpu.write(ISPR, 4, 3);
    const at = cpu.cycles();
    cpu.set(S.PRIMASK, 0);
    expect(takePending(cpu)).toBe(true);
    expect(cpu.cycles() - at).toBe(t.entry.value);
    exceptionReturn(cpu, reg(cpu, 14));
    expect(cpu.get(S.IPSR)).toBe(17);
    expect(cpu.cycles() - at).toBe(t.entry.value + t.tailChain.value);
    expect(reg(cpu, 13)).toBe(SP0 - 0x20);
    exceptionReturn(cpu, reg(cpu, 14));
    expect(cpu.cycles() - at).toBe(t.entry.value + t.tailChain.value + t.return.value);
    expect([cpu.get(S.IPSR), reg(cpu, 13)]).toEqual([0, SP0]);
  });

  it('a more urgent one that arrives during the entry takes the frame over; the first follows by tail-chain', () => {
    const { cpu } = started(core);
    cpu.write(ISER, 4, 3);
    cpu.write(IPR, 4, 0x000080c0);
    cpu.irq(0, true);
    takePending(cpu);
    expect(cpu.get(S.IPSR)).toBe(16);
    const at = cpu.cycles();
    cpu.irq(1, true);
    takePending(cpu);
    expect([cpu.get(S.IPSR), reg(cpu, 13), cpu.cycles() - at]).toEqual([17, SP0 - 0x20, 0]);
    expect(word(cpu, ISPR)).toBe(1);
    cpu.irq(1, false);
    exceptionReturn(cpu, reg(cpu, 14));
    expect([cpu.get(S.IPSR), reg(cpu, 13)]).toEqual([16, SP0 - 0x20]);
  });

  it('one that comes later preempts with a frame of its own', () => {
    const { machine, cpu } = started(core, { [handlerAt(16)]: [NOP, NOP, NOP, LOOP] });
    cpu.write(ISER, 4, 3);
    cpu.write(IPR, 4, 0x000080c0);
    cpu.irq(0, true);
    takePending(cpu);
    runTo(machine, handlerAt(16) + 6);
    cpu.irq(1, true);
    takePending(cpu);
    expect([cpu.get(S.IPSR), reg(cpu, 13), reg(cpu, 14)]).toEqual([17, SP0 - 0x40, excReturn(core, 0xf1)]);
  });

  it('an even vector clears T: the handler faults at once', () => {
    const { machine, cpu } = started(core);
    machine.load(FLASH + 4 * 11, new Uint8Array(new Uint32Array([FLASH + handlerAt(11)]).buffer));
    machine.load(FLASH + MAIN, new Uint8Array(new Uint16Array([SVC]).buffer));
    runTo(machine, handlerAt(3));
    expect(cpu.get(S.IPSR)).toBe(3);
    expect(word(cpu, reg(cpu, 13) + 0x18)).toBe(FLASH + handlerAt(11));
    if (core !== 'm0') expect([word(cpu, CFSR), word(cpu, HFSR)]).toEqual([1 << 17, 1 << 30]);
  });

  it('a fault in HardFault is a lockup that only NMI and reset leave', () => {
    const { machine, cpu } = started(core, { [MAIN]: [UDF], [handlerAt(3)]: [UDF] });
    runCycles(machine, 200);
    expect([cpu.get(S.HALTED), cpu.pc, cpu.get(S.IPSR)]).toEqual([1, 0xfffffffe, 3]);
    expect(machine.state.lockup?.reason).toMatch(/^undefined at 0x08002060 in HardFault$/);
    cpu.irq(0, true);
    cpu.write(ISER, 4, 1);
    expect(takePending(cpu)).toBe(false);
    cpu.nmi();
    expect(takePending(cpu)).toBe(true);
    expect([cpu.get(S.HALTED), cpu.get(S.IPSR), cpu.pc]).toEqual([0, 2, FLASH + handlerAt(2)]);
  });

  it('a vector table that cannot be read out of reset is a lockup', () => {
    const { machine, cpu } = started(core);
    cpu.reset(0x6000_0000, 'system');
    expect([cpu.get(S.HALTED), cpu.get(S.IPSR)]).toEqual([1, 3]);
    expect(machine.state.lockup?.reason).toMatch(/vector table at 0x60000000/);
  });

  it('return with an inactive exception or a wrong value takes INVPC instead of popping', () => {
    const { cpu } = started(core);
    cpu.write(ISER, 4, 1);
    cpu.irq(0, true);
    takePending(cpu);
    cpu.irq(0, false);
    exceptionReturn(cpu, 0xfffffff3);
    expect([cpu.get(S.IPSR), reg(cpu, 13)]).toEqual([3, SP0 - 0x20]);
    if (core !== 'm0') expect(word(cpu, CFSR)).toBe(1 << 18);
  });

  it('ARMv8-M without the Security Extension: S and ES of EXC_RETURN are ignored, a clear DCRS is not', () => {
    // SVC #0; MOVS r7, #7. Handler: MOVS r0, #~value; MVNS r0, r0; BX r0
    const after = (value: number): number => {
      const { machine, cpu } = started('m33', { [MAIN]: [SVC, 0x2707, LOOP], [handlerAt(11)]: [0x2000 | (value ^ 0xff), 0x43c0, 0x4700] });
      runCycles(machine, 200);
      return reg(cpu, 7);
    };
    expect([0xf9, 0xb9, 0xb8, 0xf8].map(after)).toEqual([7, 7, 7, 7]);
    expect([0x98, 0xd9].map(after)).toEqual([0, 0]);
  });
  it('Armv6-M looks at bits 2 and 3 of EXC_RETURN, Armv7-M at bit 0 as well', () => {
    // as above; the frame of the process stack is that of the main stack here
    const after = (type: 'm0' | 'm4', value: number): number => {
      const { machine, cpu } = started(type, { [MAIN]: [SVC, 0x2707, LOOP], [handlerAt(11)]: [0x2000 | (value ^ 0xff), 0x43c0, 0x4700] });
      runCycles(machine, 200);
      return reg(cpu, 7);
    };
    expect([0xf9, 0xf8].map((value) => after('m0', value))).toEqual([7, 7]);
    expect([0xf9, 0xf8].map((value) => after('m4', value))).toEqual([7, 0]);
  });
  it('SLEEPONEXIT sleeps on return to Thread mode, the exclusive monitor is open no more, the event register is set', () => {
    const { machine, cpu } = started(core, { [handlerAt(16)]: [NOP, BX_LR] });
    cpu.write(SCR, 4, 2);
    cpu.write(ISER, 4, 1);
    cpu.set(S.EXCLUSIVE_OPEN, 1);
    cpu.irq(0, true);
    cpu.irq(0, false);
    runCycles(machine, 100);
    expect([cpu.get(S.HALTED), cpu.pc, cpu.get(S.EXCLUSIVE_OPEN), cpu.get(S.EVENT)]).toEqual([2, FLASH + MAIN, 0, 1]);
  });
});

describe('faults on ARMv7-M and ARMv8-M', () => {
  const fault = (kind: GuestFault['kind'], address = 0): GuestFault => Object.assign(new GuestFault(), { kind, address });

  it.each([
    ['bus-fetch', 5, 1 << 8, null],
    ['bus-data', 5, (1 << 9) | (1 << 15), BFAR],
    ['bus-data-imprecise', 5, 1 << 10, null],
    ['mem-fetch', 4, 1, null],
    ['mem-data', 4, 2 | (1 << 7), 0xe000ed34],
    ['undefined', 6, 1 << 16, null],
    ['invalid-state', 6, 1 << 17, null],
    ['no-coprocessor', 6, 1 << 19, null],
    ['unaligned', 6, 1 << 24, null],
    ['divide-by-zero', 6, 1 << 25, null],
    ['stack-overflow', 6, 1 << 20, null],
  ] as const)('%s is exception %i when enabled, HardFault with FORCED when not', (kind, exception, bits, addressRegister) => {
    for (const enabled of [true, false]) {
      const { cpu } = started('m33');
      if (enabled) cpu.write(SHCSR, 4, 7 << 16);
      raise(cpu, fault(kind, 0x12345678), FLASH + MAIN);
      expect(cpu.get(S.IPSR)).toBe(enabled ? exception : 3);
      expect(word(cpu, CFSR)).toBe(bits);
      expect(word(cpu, HFSR)).toBe(enabled ? 0 : 1 << 30);
      if (addressRegister) expect(word(cpu, addressRegister)).toBe(0x12345678);
      expect(word(cpu, reg(cpu, 13) + 0x18)).toBe(FLASH + MAIN);
    }
  });

  describe('a store that the bus refuses', () => {
    const NOTHING = 0x60000000;
    const STR_R0_R0 = 0x6000;
    const ACTLR = 0xe000e008;
    const after = (core: CoreName, disdefwbuf = false): readonly number[] => {
      const { machine, cpu } = started(core, { [MAIN]: [STR_R0_R0, NOP, LOOP] });
      if (disdefwbuf) cpu.write(ACTLR, 4, 2);
      cpu.write(SHCSR, 4, 7 << 16);
      cpu.set(S.R, NOTHING);
      runTo(machine, handlerAt(5));
      return [word(cpu, CFSR), word(cpu, reg(cpu, 13) + 0x18) - (FLASH + MAIN)];
    };
    const PRECISE = (1 << 9) | (1 << 15);
    const IMPRECISE = 1 << 10;
    it.each([
      ['m3', IMPRECISE, 2],
      ['m4', IMPRECISE, 2],
      ['m7', IMPRECISE, 2],
      ['m33', PRECISE, 0],
    ] as const)('is told behind it where it is buffered (%s)', (core, bits, returnsTo) => expect(after(core)).toEqual([bits, returnsTo]));
    it.each([
      ['m4', PRECISE, 0],
      ['m7', IMPRECISE, 2],
    ] as const)('at once on %s with DISDEFWBUF, but for the store buffer of Cortex-M7', (core, bits, returnsTo) =>
      expect(after(core, true)).toEqual([bits, returnsTo]),
    );
    it('is recorded in a HardFault handler, which goes on', () => {
      const { machine, cpu } = started('m7', { [MAIN]: [UDF], [handlerAt(3)]: [STR_R0_R0, NOP, LOOP] });
      cpu.set(S.R, NOTHING);
      runTo(machine, handlerAt(3) + 4);
      expect([word(cpu, CFSR) & IMPRECISE, cpu.get(S.IPSR)]).toEqual([IMPRECISE, 3]);
    });
  });

  it.each([
    ['m7', 0x40000001, 1 << 24],
    ['m7', 0xc0000002, 1 << 24],
    ['m7', 0x60000001, (1 << 9) | (1 << 15)],
    ['m4', 0xc0000002, (1 << 9) | (1 << 15)],
  ] as const)('an unaligned load of Device memory is UNALIGNED on Cortex-M7 (%s, %i)', (core, address, bits) => {
    const { machine, cpu } = started(core, { [MAIN]: [0x6800, NOP, LOOP] });
    cpu.set(S.R, address | 0);
    runTo(machine, handlerAt(3));
    expect(word(cpu, CFSR)).toBe(bits);
  });
  it('a region of the MPU makes memory Device or Normal (m7)', () => {
    const fault = (attributes: number, address: number): number => {
      const { machine, cpu } = started('m7', { [MAIN]: [0x6800, NOP, LOOP] });
      cpu.write(0xe000ed98, 4, 0);
      cpu.write(0xe000ed9c, 4, address);
      cpu.write(0xe000eda0, 4, ((3 << 24) | (attributes << 16) | (11 << 1) | 1) >>> 0);
      cpu.write(0xe000ed94, 4, 5);
      cpu.set(S.R, (address + 2) | 0);
      runTo(machine, handlerAt(3));
      return word(cpu, CFSR) & (1 << 24);
    };
    const [TEX1, TEX2, SHAREABLE_DEVICE] = [1 << 3, 2 << 3, 1];
    for (const device of [0, SHAREABLE_DEVICE, TEX2]) expect(fault(device, 0x60000000)).toBe(1 << 24);
    expect(fault(TEX1, 0xc0000000)).toBe(0);
  });

  it('a fault whose priority does not beat the running one escalates', () => {
    for (const [priority, taken] of [
      [0x20, 6],
      [0x40, 3],
      [0x60, 3],
    ] as const) {
      const { cpu } = started('m4');
      cpu.write(SHCSR, 4, 7 << 16);
      cpu.write(IPR, 1, 0x40);
      cpu.write(0xe000ed1a, 1, priority);
      cpu.write(ISER, 4, 1);
      cpu.irq(0, true);
      takePending(cpu);
      raise(cpu, fault('undefined'), cpu.pc);
      expect(cpu.get(S.IPSR)).toBe(taken);
    }
  });

  it('BKPT without a debugger: HardFault with DEBUGEVT, or DebugMonitor where it is enabled', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [0xbe01] });
    runTo(machine, handlerAt(3));
    expect([word(cpu, HFSR), word(cpu, 0xe000ed30)]).toEqual([0x80000000, 2]);
    const other = started('m4', { [MAIN]: [0xbe01] });
    other.cpu.write(0xe000edfc, 4, 1 << 16);
    runTo(other.machine, handlerAt(12));
    expect(word(other.cpu, HFSR)).toBe(0);
  });

  it('BFHFNMIGN lets a handler at negative priority step over a data bus error', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [UDF], [handlerAt(3)]: [0x6803, NOP, LOOP] });
    cpu.write(CCR, 4, 0x300);
    cpu.set(S.R, 0x60000000);
    runTo(machine, handlerAt(3) + 4);
    expect([cpu.get(S.HALTED), word(cpu, CFSR)]).toEqual([0, (1 << 16) | (1 << 9) | (1 << 15)]);
  });

  it('a stacking error is recorded and taken before the exception that it interrupted', () => {
    const { cpu } = started('m4');
    cpu.write(SHCSR, 4, 7 << 16);
    cpu.write(IPR, 1, 0x80);
    cpu.write(ISER, 4, 1);
    cpu.set(S.SP, 0x6000_1000);
    cpu.irq(0, true);
    takePending(cpu);
    expect([cpu.get(S.IPSR), word(cpu, CFSR), word(cpu, ISPR)]).toEqual([5, 1 << 12, 1]);
  });

  it('an unstacking error chains to BusFault with the frame left where it is', () => {
    const { cpu } = started('m4');
    cpu.write(SHCSR, 4, 7 << 16);
    cpu.write(ISER, 4, 1);
    cpu.irq(0, true);
    takePending(cpu);
    cpu.irq(0, false);
    cpu.set(S.SP, 0x6000_0000);
    exceptionReturn(cpu, 0xfffffff9);
    expect([cpu.get(S.IPSR), word(cpu, CFSR), reg(cpu, 13)]).toEqual([5, 1 << 11, 0x6000_0000]);
  });

  it('a vector that cannot be read is a HardFault with VECTTBL; on the vector of HardFault a lockup', () => {
    const { machine, cpu } = started('m4');
    machine.system.setFaultRanges([{ base: FLASH + 4 * 57, size: 4 }]);
    cpu.flushTables();
    cpu.write(ISER + 4, 4, 1 << 9);
    cpu.irq(41, true);
    takePending(cpu);
    expect([cpu.get(S.IPSR), word(cpu, HFSR), word(cpu, ISPR + 4)]).toEqual([3, 2, 1 << 9]);

    const gone = started('m4', { [MAIN]: [UDF] });
    gone.cpu.write(0xe000ed08, 4, 0x60000000);
    runCycles(gone.machine, 100);
    expect([gone.cpu.get(S.HALTED), gone.cpu.get(S.IPSR)]).toEqual([1, 3]);
    expect(gone.machine.state.lockup?.reason).toBe('bus error reading the vector of exception 3');
  });

  it('ARMv8-M: a frame below MSPLIM is not pushed; UsageFault STKOF with SP at the limit', () => {
    const { cpu } = started('m33');
    cpu.write(SHCSR, 4, 7 << 16);
    cpu.set(S.MSPLIM, SP0 - 0x18);
    cpu.set(S.SPLIM, SP0 - 0x18);
    cpu.write(IPR, 1, 0x80);
    cpu.write(ISER, 4, 1);
    cpu.irq(0, true);
    takePending(cpu);
    expect([cpu.get(S.IPSR), word(cpu, CFSR), reg(cpu, 13)]).toEqual([6, 1 << 20, SP0 - 0x18]);
  });

  it.each(['m4', 'm7', 'm33'] as const)('FAULTMASK is cleared by the return of every exception but NMI (%s)', (core) => {
    for (const [pend, left] of [
      [1 << 28, 0],
      [(1 << 31) >>> 0, 1],
    ] as const) {
      const { cpu } = started(core);
      cpu.write(ICSR, 4, pend);
      takePending(cpu);
      cpu.set(S.FAULTMASK, 1);
      exceptionReturn(cpu, reg(cpu, 14));
      expect(cpu.get(S.FAULTMASK)).toBe(left);
    }
  });

  it.each(['m4', 'm7', 'm33'] as const)(
    'code cannot be fetched from 0xA0000000 on: IACCVIOL, also on the private bus and without an MPU (%s)',
    (core) => {
      for (const at of [0xa0000000, 0xe000e000, 0xe0042000, 0xe0100000]) {
        const { machine, cpu } = started(core, { [MAIN]: [BX_R0], [handlerAt(3)]: [LOOP] });
        cpu.set(S.R, at | 1);
        runTo(machine, handlerAt(3));
        expect([word(cpu, CFSR), word(cpu, HFSR)]).toEqual([1, 0x40000000]);
      }
    },
  );

  it('AIRCR: SYSRESETREQ needs the key; PRIGROUP reads back; VECTRESET is a core reset on ARMv7-M', () => {
    const { machine, cpu } = started('m4');
    cpu.write(AIRCR, 4, 0x00000004);
    runCycles(machine, 10);
    expect(machine.history.resets.length).toBe(1);
    cpu.write(AIRCR, 4, 0x05fa0500);
    expect(word(cpu, AIRCR)).toBe(0xfa050500);
    cpu.write(AIRCR, 4, 0x05fa0004);
    runCycles(machine, 10);
    expect(machine.history.resets.map((r) => r.by)).toEqual(['power', 'software']);
    expect(word(cpu, AIRCR)).toBe(0xfa050000);
    cpu.write(AIRCR, 4, 0x05fa0001);
    runCycles(machine, 10);
    expect(machine.history.resets.map((r) => r.by)).toEqual(['power', 'software', 'core']);
  });
});

describe('FP context', () => {
  const VMOV_S0_S1: readonly number[] = [0xeeb0, 0x0a60];
  const CPACR = 0xe000ed88;
  const FPCCR = 0xe000ef34;
  const FPCAR = 0xe000ef38;

  it('NOCP until CPACR allows it', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [...VMOV_S0_S1, LOOP] });
    runTo(machine, handlerAt(3));
    expect(word(cpu, CFSR)).toBe(1 << 19);
    const allowed = started('m4', { [MAIN]: [...VMOV_S0_S1, LOOP] });
    allowed.cpu.write(CPACR, 4, 0xf << 20);
    allowed.cpu.set(S.FP + 4, 0x3f800000);
    allowed.cpu.set(S.FPDSCR, 0x01000000);
    runTo(allowed.machine, MAIN + 4);
    expect(allowed.cpu.get(S.FP)).toBe(0x3f800000);
    // the first FP instruction made the context active, with FPSCR from FPDSCR
    expect([allowed.cpu.get(S.CONTROL), allowed.cpu.get(S.FPSCR)]).toEqual([4, 0x01000000]);
  });

  it.each(['m4', 'm33', 'm7'] as const)(
    '%s: lazy stacking reserves the frame, and the first FP instruction of the handler fills it',
    (core) => {
      const { machine, cpu } = started(core, {
        [MAIN]: [...VMOV_S0_S1, SVC, LOOP],
        // DSB issues alone: on Cortex-M7 BX would go together with VMOV
        [handlerAt(11)]: [NOP, ...VMOV_S0_S1, 0xf3bf, 0x8f4f, BX_LR],
      });
      cpu.write(CPACR, 4, 0xf << 20);
      for (let i = 0; i < 16; i++) cpu.set(S.FP + 4 * i, 0x100 + i);
      runTo(machine, handlerAt(11));
      const frame = SP0 - 0x68;
      expect([reg(cpu, 13), reg(cpu, 14), cpu.get(S.CONTROL)]).toEqual([frame, excReturn(core, 0xe9), 0]);
      expect([word(cpu, FPCAR), word(cpu, FPCCR) & 1]).toEqual([frame + 0x20, 1]);
      const pattern = word(cpu, frame + 0x24);
      expect(pattern).not.toBe(0x101);
      runTo(machine, handlerAt(11) + 6);
      expect([word(cpu, frame + 0x20), word(cpu, frame + 0x24), word(cpu, frame + 0x5c)]).toEqual([0x101, 0x101, 0x10f]);
      expect([word(cpu, FPCCR) & 1, cpu.get(S.CONTROL)]).toEqual([0, 4]);
      cpu.set(S.FP + 4, 7);
      runTo(machine, MAIN + 6);
      expect([cpu.get(S.FP + 4), cpu.get(S.CONTROL), reg(cpu, 13)]).toEqual([0x101, 4, SP0]);
    },
  );

  const DEMCR = 0xe000edfc;
  const inHandler = (core: 'm4' | 'm33' | 'm7', shcsr: number, demcr = 0) => {
    const made = started(core, { [MAIN]: [...VMOV_S0_S1, SVC, LOOP], [handlerAt(11)]: [NOP, ...VMOV_S0_S1, BX_LR] });
    made.cpu.write(CPACR, 4, 0xf << 20);
    // SVCall at the lowest priority, so that any fault may come in between
    made.cpu.write(0xe000ed1c, 4, 0xf0000000);
    made.cpu.write(SHCSR, 4, shcsr);
    made.cpu.write(DEMCR, 4, demcr);
    runTo(made.machine, handlerAt(11));
    return made;
  };
  const LSPACT_THREAD_HFRDY = 0x19;
  it.each([
    ['nothing', 0, 0, 0],
    ['MemManage', 1 << 16, 0, 1 << 5],
    ['BusFault', 1 << 17, 0, 1 << 6],
    ['DebugMonitor', 0, 1 << 16, 1 << 8],
    ['all three', 3 << 16, 1 << 16, 0x160],
  ] as const)('FPCCR keeps for a reserved frame what could be taken: %s (Armv7-M ARM B3.2.21)', (_what, shcsr, demcr, ready) => {
    for (const core of ['m4', 'm33', 'm7'] as const)
      expect(word(inHandler(core, shcsr, demcr).cpu, FPCCR) & 0x77b).toBe(LSPACT_THREAD_HFRDY | ready);
  });
  it('FPCCR.UFRDY is one of Armv8-M alone (B3.23)', () => {
    expect(word(inHandler('m33', 1 << 18).cpu, FPCCR) & 0x400).toBe(0x400);
    expect(word(inHandler('m4', 1 << 18).cpu, FPCCR) & 0x400).toBe(0);
  });
  it.each([
    ['BusFault where it could be taken', 1 << 17, 5, 0],
    ['HardFault with FORCED where it could not', 0, 3, 1 << 30],
  ] as const)('a reserved frame that cannot be stored is a %s', (_what, shcsr, exception, hfsr) => {
    const { machine, cpu } = inHandler('m4', shcsr);
    cpu.write(FPCAR, 4, 0x90000000);
    runTo(machine, handlerAt(exception));
    expect([cpu.get(S.IPSR), word(cpu, CFSR), word(cpu, HFSR)]).toEqual([exception, 1 << 13, hfsr]);
  });

  it('bit 27 is none of FPSCR: a frame that holds it does not bring it in', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [...VMOV_S0_S1, SVC, LOOP], [handlerAt(11)]: [...VMOV_S0_S1, BX_LR] });
    cpu.write(CPACR, 4, 0xf << 20);
    runTo(machine, handlerAt(11) + 4);
    cpu.write(SP0 - 0x68 + 0x60, 4, 0xffffffff);
    runTo(machine, MAIN + 6);
    expect(cpu.get(S.FPSCR) >>> 0).toBe(0xf7c0009f);
  });

  it('a handler without FP instructions leaves the reserved frame empty and returns in the short time', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [...VMOV_S0_S1, SVC, LOOP], [handlerAt(11)]: [NOP, BX_LR] });
    cpu.write(CPACR, 4, 0xf << 20);
    runTo(machine, handlerAt(11) + 2);
    const at = cpu.cycles();
    exceptionReturn(cpu, reg(cpu, 14));
    expect(cpu.cycles() - at).toBe(PROFILES.m4.exceptions.return.value);
    expect([word(cpu, FPCCR) & 1, cpu.get(S.CONTROL)]).toEqual([0, 4]);
  });

  it('without LSPEN the registers are stored at entry: 29 cycles on the Cortex-M4', () => {
    const { machine, cpu } = started('m4', { [MAIN]: [...VMOV_S0_S1, LOOP] });
    cpu.write(CPACR, 4, 0xf << 20);
    cpu.write(FPCCR, 4, 0x80000000);
    runTo(machine, MAIN + 4);
    const at = cpu.cycles();
    cpu.write(ICSR, 4, 1 << 28);
    takePending(cpu);
    expect(cpu.cycles() - at).toBe(29);
    exceptionReturn(cpu, reg(cpu, 14));
    expect(cpu.cycles() - at).toBe(29 + 27);
  });
});

describe.each(['m4', 'm33', 'm7'] as const)('a vector table that is not aligned to its size, on %s', (core) => {
  const table = RAM + 0x100;
  const pending = 48 + 1;
  const aligned = RAM + 0x200;
  const own = 16 + pending + (aligned - table) / 4;
  const takenFrom = (vtor: number): number => {
    const { machine, cpu } = started(core, { [MAIN]: [NOP, LOOP], [handlerAt(1)]: [LOOP], [handlerAt(own)]: [LOOP] });
    for (let at = 0; at < 0x400; at += 4) cpu.write(table + at, 4, (FLASH + handlerAt(at / 4)) | 1);
    cpu.write(VTOR, 4, vtor);
    cpu.write(ISER + 4, 4, 1 << (pending & 31));
    cpu.write(ISPR + 4, 4, 1 << (pending & 31));
    runCycles(machine, 40);
    return cpu.get(S.PC);
  };
  it('gives the vector at VTOR or-ed with the number of the exception', () => {
    // exception 65: 0x104 is within the bits of the table's address
    expect(takenFrom(table)).toBe(FLASH + handlerAt(1));
  });
  it('and its own where it is aligned', () => {
    expect(takenFrom(aligned)).toBe(FLASH + handlerAt(own));
  });
});
