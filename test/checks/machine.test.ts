/** The same checks on the emulated chip: reset state, and repairs through the bench's own repair target. */
import { beforeEach, describe, expect, test } from 'vitest';
import { repairTarget } from '../../src/bench/proof/repairs.ts';
import { targetState } from '../../src/bench/session/subject.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import type { EntryFacts, RepairTarget, Subject, TargetHistory } from '../../src/checks/check.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { PPB } from '../../src/checks/core-registers.ts';
import { registerFile, setRegister } from '../../src/emu/core/arm/register-file.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { MS } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { check, INITIAL_SP, RESET_VECTOR, TABLE, TIM2_IRQ, USB_IRQ } from './fake-target.ts';
import { BriefMachine } from '../brief.ts';

const words = (...list: number[]): Uint8Array => new Uint8Array(Uint32Array.from(list).buffer);
const ENTRY: EntryFacts = { address: RESET_VECTOR - 1, thumb: true, how: 'branch', reached: true, fromPc: 0x08000400, at: 1 };

let machine: Machine;
let target: RepairTarget;

/** A chip that loops in flash, with the stack of the ROM: nothing else differs from a reset. */
beforeEach(() => {
  machine = new BriefMachine({ chip: STM32H533RE, models: MODELS, seed: 1 });
  machine.eraseNonVolatile();
  machine.load(0x08000000, words(INITIAL_SP, 0x08000009, 0xe7fee7fe)); // b .
  machine.system.setWire('pin.PA3', 1); // an idle RX line
  machine.powerOn();
  machine.run(MS);
  target = repairTarget(machine);
});

function subject(): Subject {
  const core = machine.bootCore;
  const h = machine.history;
  const history: TargetHistory = {
    lastWriter: (register, mask) => h.lastWriter(register, mask),
    resets: [],
    entries: [],
    vectorReads: [],
    magic: [],
    firstFault: null,
    breakpoints: [],
    usbOfUser: [],
    fellInRom: [],
    leave: null,
  };
  return {
    state: targetState(machine, registerFile(core, ENTRY.address)),
    history,
    entry: ENTRY,
    rom: {
      vectorTable: TABLE,
      initialStack: INITIAL_SP,
      resetVector: RESET_VECTOR,
      range: [0x0bf97000, 0x0bf9ffff],
      ramUse: [{ base: 0x20000000, size: 0x4000 }],
      usbIrq: USB_IRQ,
      listensTo: [{ name: 'USART2', pin: 'PA3' }],
      option: () => null,
    },
    outcome: 'rom-silent',
  };
}
const broken = (): string[] => CHECKS.filter((c) => ['fail', 'warn'].includes(c.judge(subject()).verdict)).map((c) => c.id);

describe('on the emulated STM32H533RE', () => {
  test('reset state differs from what the checks ask for in three undocumented points only', () => {
    expect(broken()).toEqual(['vtor', 'hsi48', 'vddusb']);
    expect(CHECKS.filter((c) => c.judge(subject()).verdict === 'unknown').map((c) => c.id)).toEqual([]);
  });

  const core = (register: string, value: number) => (): void => setRegister(machine.bootCore, register, value);
  const field = (path: string, value: number) => (): void => target.setField(path, value);
  const ppb = (address: number, value: number) => (): void => machine.bootCore.write(address, 4, value, true);
  const all =
    (...steps: (() => void)[]) =>
    (): void =>
      steps.forEach((s) => s());
  const CHANGES: readonly (readonly [id: string, change: () => void])[] = [
    ['msp', core('msp', 0x0bf97000)],
    ['control', all(core('psp', 0x20000400), core('control', 3))],
    ['primask', core('primask', 1)],
    ['basepri', core('basepri', 0x50)],
    ['faultmask', core('faultmask', 1)],
    ['stack-limit', core('msplim', 0x20043000)],
    ['nvic-enabled', ppb(PPB.NVIC_ISER + 4, 1 << (TIM2_IRQ - 32))],
    ['nvic-pending', ppb(PPB.NVIC_ISPR + 4, 1 << (TIM2_IRQ - 32))],
    ['nvic-pending', all(core('primask', 1), ppb(PPB.ICSR, 1 << 28))],
    ['systick', all(ppb(0xe000e014, 31999), ppb(PPB.SYST_CSR, 7))],
    // region 0: all of SRAM, read-only for privileged code (ARMv8-M D1.2.170), with the default map behind it
    ['mpu', all(ppb(0xe000ed98, 0), ppb(0xe000ed9c, 0x20000004), ppb(0xe000eda0, 0x20043fe1), ppb(PPB.MPU_CTRL, 5))],
    ['fpu', ppb(PPB.FPCCR, 0xc0000001)],
    ['icache', field('ICACHE.CR.EN', 1)],
    ['dcache', all(field('RCC.AHB1ENR.DCACHEEN', 1), field('DCACHE.CR.EN', 1))],
    ['prescalers', field('RCC.CFGR2.PPRE1', 4)],
    ['kernel-clocks', field('RCC.CCIPR4.USBSEL', 3)],
    ['flash-latency', field('FLASH.ACR.LATENCY', 0)],
    ['pll', all(field('RCC.PLL2CFGR.PLL2SRC', 1), field('RCC.PLL2CFGR.PLL2M', 4), field('RCC.CR.PLL2ON', 1))],
    ['usb-clock', all(field('RCC.APB1LENR.CRSEN', 1), field('CRS.CR.TRIM', 50))],
    ['usb-left-on', all(field('RCC.APB2ENR.USBEN', 1), field('USB.BCDR.DPPU_DPD', 1))],
    ['peripherals-left-on', all(field('RCC.AHB2ENR.GPIOAEN', 1), field('RCC.APB1LENR.USART2EN', 1))],
    // a channel that waits for a peripheral's request
    ['dma', all(field('RCC.AHB1ENR.GPDMA1EN', 1), field('GPDMA1.C2BR1.BNDT', 16), field('GPDMA1.C2CR.EN', 1))],
    ['exti', all(field('EXTI.RTSR1.RT13', 1), field('EXTI.IMR1.IM13', 1), field('EXTI.SWIER1.SWI13', 1))],
    ['iwdg', field('IWDG.KR', 0xcccc)],
    ['wwdg', all(field('RCC.APB1LENR.WWDGEN', 1), field('WWDG.CR', 0xff))],
    ['vtor', core('vtor', 0x08000000)],
    ['hsi48', field('RCC.CR.HSI48ON', 0)],
    ['vddusb', field('PWR.USBSCR.USB33SV', 0)],
  ];
  test.each(CHANGES)('%s: seen, and repaired', (id, change) => {
    change();
    machine.run(machine.now + MS / 10);
    expect(broken()).toContain(id);
    const before = subject();
    const repair = check(id).repair(before);
    if (repair?.at !== 'entry') throw new Error('entry repair expected');
    repair.apply(target, before);
    machine.run(machine.now + MS / 10);
    expect(broken()).not.toContain(id);
  });

  test('sysclk and pll: a running PLL1 under SYSCLK is left, then it can be switched off', () => {
    field('RCC.PLL1CFGR', (1 << 0) | (2 << 2) | (8 << 8) | (1 << 16))();
    field('RCC.PLL1DIVR', 49 | (1 << 9))();
    field('RCC.CR.PLL1ON', 1)();
    field('FLASH.ACR.LATENCY', 4)();
    machine.run(machine.now + MS);
    field('RCC.CFGR1.SW', 3)();
    machine.run(machine.now + MS / 10);
    expect(broken()).toEqual(expect.arrayContaining(['sysclk', 'pll']));
    for (const id of ['sysclk', 'pll']) {
      const s = subject();
      const repair = check(id).repair(s);
      if (repair?.at === 'entry') repair.apply(target, s);
      machine.run(machine.now + MS / 10);
    }
    expect(broken()).not.toContain('sysclk');
    expect(broken()).not.toContain('pll');
  });
  test('reset-flags: a software reset leaves SFTRSTF, RMVF takes it away', () => {
    machine.askReset('software', machine.bootCore, false);
    machine.run(machine.now + MS);
    expect(broken()).toContain('reset-flags');
    const s = subject();
    const repair = check('reset-flags').repair(s);
    if (repair?.at !== 'entry') throw new Error('entry repair expected');
    repair.apply(target, s);
    expect(broken()).not.toContain('reset-flags');
  });
});
