/** What an edit of a repair brings about on the machine, stated apart from how it does it: blocks, exceptions, oscillators and the other core as software and the board would find them. */
import { describe, expect, it } from 'vitest';
import type { Repair, Subject } from '../../src/checks/check.ts';
import { pathInterceptor, repairTarget } from '../../src/bench/proof/repairs.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { PAGE_BITS } from '../../src/emu/arena.ts';
import type { Core } from '../../src/emu/core/core.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const RAM = 0x20000000;
const HANDLER = FLASH + 0x200;
const IRQ_HANDLER = FLASH + 0x280;

/** Code that waits, in the handler of an SVC if it calls one; interrupts have a handler of their own that waits. */
function waiting(chip: string, calls: boolean): Session {
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  for (let e = 1; e < 64; e++) view.setUint32(4 * e, (e === 1 ? FLASH + 0x100 : e < 16 ? HANDLER : IRQ_HANDLER) + 1, true);
  const main = new Thumb(FLASH + 0x100);
  bytes.set((calls ? main.put(0xdf00) : main).label('here').b('here').bytes(), 0x100);
  for (const at of [HANDLER, IRQ_HANDLER]) bytes.set(new Thumb(at).label('here').b('here').bytes(), at - FLASH);
  const session = new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run({ until: 1 * MS });
  return session;
}
const on = (machine: Machine, time: number): void => void machine.run(machine.now + time);

describe('Edits of blocks', () => {
  const { machine } = waiting('stm32f405rg', false);
  const { system } = machine;
  const target = repairTarget(machine);
  const read = (path: string): number => {
    const [block, register] = path.split('.') as [string, string];
    const b = system.block(block);
    return system.read(b.row.base + b.layout.reg(register).offset, 4) >>> 0;
  };
  it('of RCC act as its writes do: clocks come on, and what is reset has its reset values', () => {
    target.setField('RCC.AHB1ENR.GPIOBEN', 1);
    target.setField('GPIOB.ODR', 0xa5);
    expect(read('GPIOB.ODR')).toBe(0xa5);
    target.setField('RCC.AHB1RSTR.GPIOBRST', 1);
    target.setField('RCC.AHB1RSTR.GPIOBRST', 0);
    expect(read('GPIOB.ODR')).toBe(0);
  });
  it('reach a block without its clock, which software finds when the clock is there', () => {
    expect(read('TIM3.ARR')).toBe(0);
    target.setField('TIM3.ARR', 0x4321);
    target.setField('RCC.APB1ENR.TIM3EN', 1);
    expect(read('TIM3.ARR')).toBe(0x4321);
  });
  it('are words without a sign', () => {
    for (const [path, value, word] of [
      ['TIM2.ARR', -1, 0xffffffff],
      ['TIM2.ARR', 0x80000001, 0x80000001],
      ['SYSCFG.MEMRMP', -4, 0xfffffffc],
      ['GPIOA.MODER.MODER15', 3, null],
    ] as const) {
      const [name] = path.split('.') as [string];
      const { component } = system.block(name);
      const write = component.write;
      const seen: number[] = [];
      Object.assign(component, {
        write: (...args: Parameters<typeof write>) => {
          seen.push(args[4]);
          return write.apply(component, args);
        },
      });
      target.setField(path, value);
      Object.assign(component, { write });
      expect(seen.length).toBe(1);
      expect(seen[0]).toBeGreaterThanOrEqual(0);
      if (word !== null) expect(seen[0]).toBe(word);
    }
  });
});

describe('A watchdog that was never started', () => {
  it.each([
    // 4 to 4096 ticks of about 32 kHz (RM0090 21.3)
    ['IWDG', [[0x40003000, 0xcccc]], 40_000],
    // 64 steps of 4096 cycles of the bus clock of 16 MHz (RM0090 22.4)
    [
      'WWDG',
      [
        [0x40023840, 1 << 11],
        [0x40002c00, 0xff],
      ],
      100,
    ],
  ] as const)('%s: the chip is not reset', (name, writes, ms) => {
    for (const stops of [false, true]) {
      const { machine } = waiting('stm32f405rg', false);
      for (const [address, value] of writes) machine.bootCore.write(address, 4, value, true);
      on(machine, 1 * MS);
      if (stops) repairTarget(machine).stopTimersOf(name);
      const before = machine.history.resets.length;
      on(machine, Math.min(ms, 1500) * MS);
      expect([name, stops, machine.history.resets.length > before]).toEqual([name, stops, !stops]);
    }
  });
});

describe('Edits of exceptions', () => {
  it('an interrupt that a handler has held back comes when no exception is active any more', () => {
    const { machine } = waiting('stm32f405rg', true);
    const core = machine.bootCore;
    // SVC before all interrupts
    core.write(0xe000e400, 1, 0xf0, true);
    core.write(0xe000e100, 4, 1, true);
    core.write(0xe000e200, 4, 1, true);
    on(machine, 1 * MS);
    expect([core.get(S.IPSR), core.pc]).toEqual([11, HANDLER]);
    repairTarget(machine).leaveHandlerMode();
    on(machine, 1 * MS);
    expect([core.get(S.IPSR), core.pc]).toEqual([16, IRQ_HANDLER]);
  });
  it('an exception that is taken back is taken back by the core, not by an instruction', () => {
    const { machine } = waiting('stm32f405rg', true);
    const core = machine.bootCore;
    const seen: boolean[] = [];
    machine.setRepairs({
      pages: new Set([(RAM + 0x1000 - 32) >>> PAGE_BITS]),
      everyDeviceWrite: false,
      read: (c: Core) => {
        seen.push(c.hardwareAccess);
        return null;
      },
    } as never);
    const repair = repairTarget(machine);
    repair.undoException!();
    expect([core.get(S.IPSR), core.pc, core.get(S.SP)]).toEqual([0, FLASH + 0x102, RAM + 0x1000]);
    expect(seen.length).toBe(8);
    expect(seen.every(Boolean)).toBe(true);
    core.read(RAM + 0xff0, 4);
    expect(seen.at(-1)).toBe(false);
  });
  it('lines of the NVIC are cleared for good, and no others', () => {
    const { machine } = waiting('stm32f405rg', true);
    const core = machine.bootCore;
    const words = (at: number): number[] => [0, 1, 2].map((i) => core.read(at + 4 * i, 4) >>> 0);
    const set = (): void => [0, 1, 2].forEach((i) => [0xe000e100, 0xe000e200].forEach((at) => core.write(at + 4 * i, 4, 0x3ffff, true)));
    const target = repairTarget(machine);
    for (const what of ['enabled', 'pending'] as const) {
      const [own, other] = what === 'enabled' ? [0xe000e100, 0xe000e200] : [0xe000e200, 0xe000e100];
      set();
      target.clearNvic(what);
      expect([words(own), words(other)]).toEqual([[0, 0, 0], Array(3).fill(0x3ffff)]);
      set();
      target.clearNvic(what, [0, 33, 81]);
      expect(words(own)).toEqual([0x3fffe, 0x3fffd, 0x1ffff]);
    }
  });
});

describe('Edits of the board', () => {
  it('a crystal that is fitted has its frequency, and starts as the datasheet says', () => {
    for (const [name, hz] of [
      ['hse', 12_000_000],
      ['lse', 32_768],
    ] as const) {
      const { machine } = waiting('stm32f405rg', false);
      const { system, chip } = machine;
      system.setParameter(`${name}.hz`, 0);
      system.setParameter(`${name}.start.ps`, 5_000 * MS);
      repairTarget(machine).fitCrystal!(name, hz);
      expect([system.parameter(`${name}.hz`), system.parameter(`${name}.start.ps`)]).toEqual([
        hz,
        chip.parameters[`${name}.start.ps`]!.value,
      ]);
    }
  });
  it('the other core is held in reset, and the one that boots is not', () => {
    const { machine } = waiting('stm32h745xi', false);
    const states = (): readonly string[] => machine.cores.map((core) => machine.coreState(core));
    expect(states()).toEqual(['running', 'locked up']);
    repairTarget(machine).holdOtherCores!();
    on(machine, 1 * MS);
    expect([states(), machine.cores[1]!.pc !== 0]).toEqual([['running', 'held'], true]);
  });
});

it('pages are watched in which a redirected table lies, and no others', () => {
  const machine = { history: { seq: 0, resets: [{}, {}] }, cores: [{ zone: 'user' }] } as unknown as Machine;
  const told = { what: '', fix: '' };
  const pages = (repair: Repair): number[] =>
    [...pathInterceptor(machine, [{ id: 'x', repair, subject: {} as Subject }], 0)!.pages].sort((a, b) => a - b);
  for (let from = RAM + 0xff0; from <= RAM + 0x1004; from++) {
    const expected = new Set(Array.from({ length: 8 }, (_, i) => (from + i) >>> PAGE_BITS));
    expect(pages({ at: 'redirect', ...told, from })).toEqual([...expected]);
    expect(pages({ at: 'keep', ...told, words: [{ address: from, value: 0 }] })).toEqual([from >>> PAGE_BITS]);
  }
});
