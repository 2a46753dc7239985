/** Deep sleep: what PWR, RCC and IWDG do when the core's SLEEPDEEP becomes effective, and what a whole machine does in Stop and Standby. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { findChip } from '../../src/chips/index.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { MS, US } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';
import { Thumb } from '../emu/thumb.ts';
import { StChip } from './st-chip.ts';

const chips = {
  L476: { chip: new StChip(STM32L476RG), pwr: 'RCC.APB1ENR1.PWREN', cores: 1, wakesWith: 'msi' },
  F405: { chip: new StChip(STM32F405RG), pwr: 'RCC.APB1ENR.PWREN', cores: 1, wakesWith: 'hsi' },
  F072: { chip: new StChip(STM32F072RB), pwr: 'RCC.APB1ENR.PWREN', cores: 1, wakesWith: 'hsi' },
  H533: { chip: new StChip(STM32H533RE), pwr: null, cores: 1, wakesWith: 'hsi' },
  H745: { chip: new StChip(STM32H745XI), pwr: null, cores: 2, wakesWith: 'hsi' },
  H743: { chip: new StChip(findChip('stm32h743zi')!), pwr: null, cores: 1, wakesWith: 'hsi' },
  F746: { chip: new StChip(findChip('stm32f746zg')!), pwr: 'RCC.APB1ENR.PWREN', cores: 1, wakesWith: 'hsi' },
} as const;
type Name = keyof typeof chips;
const NAMES = Object.keys(chips) as Name[];

function ready(name: Name): StChip {
  const { chip, pwr } = chips[name];
  chip.again();
  chip.wait(MS);
  if (pwr) chip.set(pwr, 1);
  // the RTC of F7 wakes where it is let (RM0385 4.4.2)
  if (name === 'F746') chip.set('PWR.CSR1.EIWUP', 1);
  return chip;
}
const deepSleep = (h: StChip, name: Name, on: 0 | 1): void => {
  for (let i = 0; i < chips[name].cores; i++) h.system.setWire(`core.deepsleep.${i}`, on);
};
/** Registers that ask for Standby, and the flag that tells of it. */
const standby: Readonly<Record<Name, { ask: readonly (readonly [string, number])[]; sbf: string }>> = {
  L476: { ask: [['PWR.CR1.LPMS', 3]], sbf: 'PWR.SR1.SBF' },
  F405: { ask: [['PWR.CR.PDDS', 1]], sbf: 'PWR.CSR.SBF' },
  F072: { ask: [['PWR.CR.PDDS', 1]], sbf: 'PWR.CSR.SBF' },
  H533: { ask: [['PWR.PMCR.LPMS', 1]], sbf: 'PWR.PMSR.SBF' },
  H745: {
    ask: ['CPUCR', 'CPU2CR'].flatMap((r) => [1, 2, 3].map((d) => [`PWR.${r}.PDDS_D${d}`, 1] as const)),
    sbf: 'PWR.CPUCR.SBF',
  },
  H743: { ask: [1, 2, 3].map((d) => [`PWR.CPUCR.PDDS_D${d}`, 1] as const), sbf: 'PWR.CPUCR.SBF' },
  F746: { ask: [['PWR.CR1.PDDS', 1]], sbf: 'PWR.CSR1.SBF' },
};
const ask = (h: StChip, name: Name): void => standby[name].ask.forEach(([path, value]) => h.set(path, value));

describe.each(NAMES)('Stop of %s', (name) => {
  const { wakesWith } = chips[name];
  it('stops every clock but LSI and LSE; the chip wakes with its oscillator alone, whatever ran before', () => {
    const h = ready(name);
    h.system.setWire('lsi.request', 1);
    h.wait(MS);
    if (name !== 'H533') h.set('RCC.CR.HSEON', 1);
    h.wait(20 * MS);
    deepSleep(h, name, 1);
    expect([h.hz('hclk'), h.hz('sysclk'), h.hz('hse'), h.hz('hsi')]).toEqual([null, null, null, null]);
    expect(h.hz('lsi')).not.toBeNull();
    deepSleep(h, name, 0);
    expect(h.hz('hclk')).toBeNull(); // the oscillator and the regulator take their time
    h.wait(100 * US);
    expect([h.hz('sysclk'), h.hz('hse')]).toEqual([h.hz(wakesWith), null]);
    expect(h.hz('sysclk')).not.toBeNull();
  });
  it('with DBG_STOP the clock goes on from that oscillator', () => {
    const h = ready(name);
    h.system.setWire('debug.stop', 1);
    deepSleep(h, name, 1);
    h.wait(100 * US);
    expect(h.hz('sysclk')).toBe(h.hz(wakesWith));
    expect(h.hz('sysclk')).not.toBeNull();
  });
  it('is a low-power reset where an option byte forbids it', () => {
    const h = ready(name);
    h.system.setWire('reset.on.stop', 1);
    deepSleep(h, name, 1);
    expect([h.resets, h.hz('hclk') === null]).toEqual([['low-power'], false]);
  });
  it('stops the IWDG too if its option byte says so, and only then', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.integer({ min: 0, max: 500 }), (frozen, milliseconds) => {
        const h = ready(name);
        const block = name.startsWith('H74') ? 'IWDG1' : 'IWDG';
        h.write(`${block}.KR`, 0xcccc); // 0xfff counts of LSI / 4: 512 ms (F0: 410 ms)
        h.wait(MS);
        h.system.setWire('iwdg.freeze.stop', frozen ? 1 : 0);
        deepSleep(h, name, 1);
        h.wait(10_000 * MS);
        expect(h.resets.length > 0).toBe(!frozen);
        if (!frozen) return;
        deepSleep(h, name, 0);
        h.wait(milliseconds * MS);
        expect(h.resets.length > 0).toBe(milliseconds * h.hz('lsi')! > (4096 * 4 - h.hz('lsi')! / 1000) * 1000);
      }),
      { numRuns: 12 },
    );
  });
});

describe.each(NAMES)('Standby of %s', (name) => {
  it('takes the supply, sets SBF, and ends by the wake-up pin after its time, as a power reset', () => {
    const h = ready(name);
    const enable = {
      L476: 'PWR.CR3.EWUP1',
      F405: 'PWR.CSR.EWUP',
      F072: 'PWR.CSR.EWUP1',
      H533: 'PWR.WUCR.WUPEN1',
      H745: 'PWR.WKUPEPR.WKUPEN1',
      H743: 'PWR.WKUPEPR.WKUPEN1',
      F746: 'PWR.CSR2.EWUP1',
    };
    h.set(enable[name], 1);
    ask(h, name);
    deepSleep(h, name, 1);
    expect([h.system.wire('power.down'), h.get(standby[name].sbf), h.resets]).toEqual([1, 1, []]);
    h.system.setWire('pin.PA0', 0);
    h.wait(10 * MS);
    expect(h.resets).toEqual([]);
    h.system.setWire('pin.PA0', 1);
    h.wait(10 * MS);
    expect(h.resets).toEqual(['power']);
  });
  it('is woken by the RTC, and at once by a wake-up flag that was left set', () => {
    const h = ready(name);
    ask(h, name);
    deepSleep(h, name, 1);
    h.wait(10 * MS);
    expect(h.resets).toEqual([]);
    h.system.setWire('rtc.wakeup', 1);
    h.wait(10 * MS);
    expect(h.resets).toEqual(['power']);
    const again = ready(name);
    again.system.setWire('rtc.wakeup', 1); // L4, H5, H7: a level; F4, F0: WUF stays
    if (name === 'F405' || name === 'F072') again.system.setWire('rtc.wakeup', 0);
    ask(again, name);
    deepSleep(again, name, 1);
    again.wait(10 * MS);
    expect(again.resets).toEqual(['power']);
  });
  it('SBF survives the resets that it comes with, and other ones, until it is cleared', () => {
    const h = ready(name);
    const { sbf } = standby[name];
    const { pwr } = chips[name];
    ask(h, name);
    deepSleep(h, name, 1);
    h.system.setWire('power.lost', 1);
    h.reset('power');
    h.system.setWire('power.lost', 0);
    h.reset('power');
    h.reset('software');
    if (pwr) h.set(pwr, 1);
    expect(h.get(sbf)).toBe(1);
    expect(h.system.wire('power.down')).toBe(0);
    if (name === 'L476') h.write('PWR.SCR', 0x100);
    else if (name === 'H533') h.set('PWR.PMCR.CSSF', 1);
    else if (name === 'H745' || name === 'H743') h.set('PWR.CPUCR.CSSF', 1);
    else if (name === 'F746') h.set('PWR.CR1.CSBF', 1);
    else h.set('PWR.CR.CSBF', 1);
    expect(h.get(sbf)).toBe(0);
  });
});

describe('what is special', () => {
  it('L4 wakes with HSI16 where STOPWUCK asks for it', () => {
    const h = ready('L476');
    h.set('RCC.CFGR.STOPWUCK', 1);
    deepSleep(h, 'L476', 1);
    deepSleep(h, 'L476', 0);
    h.wait(100 * US);
    expect([h.hz('sysclk'), h.get('RCC.CR.MSION'), h.get('RCC.CFGR.SWS')]).toEqual([16e6, 0, 1]);
  });
  it('L4: without EIWUL the RTC does not wake from Standby; Shutdown keeps neither SBF nor SRAM2', () => {
    const h = ready('L476');
    h.set('PWR.CR3.EWF', 0);
    h.set('PWR.CR3.RRS', 1);
    ask(h, 'L476');
    deepSleep(h, 'L476', 1);
    expect(h.system.wire('power.keeps.sram2')).toBe(1);
    h.system.setWire('rtc.wakeup', 1);
    h.wait(100 * MS);
    expect(h.resets).toEqual([]);
    const s = ready('L476');
    s.set('PWR.CR3.RRS', 1);
    s.set('PWR.CR1.LPMS', 4);
    deepSleep(s, 'L476', 1);
    expect([s.system.wire('power.keeps.sram2'), s.get('PWR.SR1.SBF'), s.system.wire('power.standby')]).toEqual([0, 0, 2]);
  });
  it('L4: a wake-up pin ends Shutdown too; its registers are reset then', () => {
    const h = ready('L476');
    h.set('PWR.CR3.EWUP1', 1);
    h.set('PWR.CR1.LPMS', 4);
    deepSleep(h, 'L476', 1);
    h.system.setWire('power.lost', 1);
    h.reset('power');
    h.system.setWire('pin.PA0', 1);
    h.wait(10 * MS);
    expect(h.resets).toEqual(['power']);
    h.system.setWire('power.lost', 0);
    h.reset('power');
    h.set('RCC.APB1ENR1.PWREN', 1);
    expect(h.get('PWR.CR3.EWUP1')).toBe(0);
  });
  it('L4: polarity of the wake-up pins', () => {
    for (const falling of [0, 1]) {
      const h = ready('L476');
      h.system.setWire('pin.PC13', falling);
      h.set('PWR.CR4.WP2', falling);
      h.set('PWR.CR3.EWUP2', 1);
      expect(h.get('PWR.SR1.WUF2')).toBe(0);
      h.system.setWire('pin.PC13', 1 - falling);
      expect(h.get('PWR.SR1.WUF2')).toBe(1);
      h.write('PWR.SCR', 2);
      h.system.setWire('pin.PC13', falling);
      expect(h.get('PWR.SR1.WUF2')).toBe(0);
    }
  });
  it('F4: a pin that is high when it is enabled sets WUF', () => {
    const h = ready('F405');
    h.system.setWire('pin.PA0', 1);
    h.set('PWR.CSR.EWUP', 1);
    expect(h.get('PWR.CSR.WUF')).toBe(1);
    h.set('PWR.CR.CWUF', 1);
    expect(h.get('PWR.CSR.WUF')).toBe(0);
  });
  it('H7: one core asleep does not stop the system', () => {
    const h = ready('H745');
    h.system.setWire('core.deepsleep.0', 1);
    expect(h.hz('hclk')).not.toBeNull();
    h.system.setWire('core.deepsleep.1', 1);
    expect(h.hz('hclk')).toBeNull();
  });
});

// ---- a whole machine ---------------------------------------------------------------------------------------------------------------
const FLASH = 0x08000000;
const [APB1ENR1, CR1, CR3, SR1, SCR] = [0x40021058, 0x40007000, 0x40007008, 0x40007010, 0xe000ed10];
const [RTSR1, IMR1, PR1, ISER0] = [0x40010408, 0x40010400, 0x40010414, 0xe000e100];
/** PWREN, then LPMS, then SLEEPDEEP. */
const sleeps = (t: Thumb, lpms: number): Thumb =>
  t
    .constant(1, APB1ENR1)
    .constant(0, 0x10000000)
    .str(0, 1)
    .constant(1, CR1)
    .constant(0, 0x200 | lpms)
    .str(0, 1)
    .constant(1, SCR)
    .movs(0, 4)
    .str(0, 1);
/** The handler of every exception counts R7 up and clears EXTI. */
function session(program: (t: Thumb) => Thumb): Session {
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x201, true);
  for (let e = 2; e < 100; e++) view.setUint32(4 * e, FLASH + 0x381, true);
  image.set(program(new Thumb(FLASH + 0x200)).bytes(), 0x200);
  image.set(new Thumb(FLASH + 0x380).constant(6, PR1).movs(5, 1).str(5, 6).adds(7, 1).bxLr().bytes(), 0x380);
  return new Session(jobInput(plainJob('stm32l476', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
}
const word = (s: Session, address: number): number => s.machine.bootCore.peek(address, 4)!;

describe('a program in Stop and Standby (L476)', () => {
  it('WFI in Stop: no time passes for the core until EXTI wakes it, then it runs from MSI again', () => {
    const s = session((t) =>
      sleeps(t.movs(7, 0).constant(1, RTSR1).movs(0, 1).str(0, 1).constant(1, IMR1).str(0, 1).constant(1, ISER0).movs(0, 0x40).str(0, 1), 1)
        .wfi()
        .constant(1, 0x20000100)
        .str(7, 1)
        .label('x')
        .b('x'),
    );
    const { machine } = s;
    machine.run(5 * MS);
    const before = machine.bootCore.cycles();
    expect([machine.coreState(machine.bootCore), machine.system.clock('hclk').rate]).toEqual(['asleep', null]);
    machine.run(3_000 * MS);
    expect([machine.bootCore.cycles(), machine.now]).toEqual([before, 3_000 * MS]);
    machine.system.setWire('in.PA0', 1);
    machine.run(3_001 * MS);
    expect([word(s, 0x20000100), machine.coreState(machine.bootCore)]).toEqual([1, 'running']);
    expect(machine.state.notes.filter((n) => n.kind === 'power').map((n) => n.text)).toEqual(['PWR: enters Stop']);
    s.release();
  });
  it('Standby loses SRAM1, keeps SRAM2 with RRS, and starts again from reset with SBF; a repeat of the sleep is no reset loop', () => {
    const s = session((t) =>
      sleeps(
        t
          // WKUP1 and RRS
          .constant(1, APB1ENR1)
          .constant(0, 0x10000000)
          .str(0, 1)
          .constant(1, CR3)
          .constant(0, 0x101)
          .str(0, 1)
          // woken from Standby? Then it stays awake
          .constant(1, SR1)
          .constant(2, 0x100)
          .ldr(0, 1)
          .tst(0, 2)
          .bne('woken')
          .constant(1, 0x20000200)
          .constant(2, 0x10000200)
          .constant(0, 0x12345678)
          .str(0, 1)
          .str(0, 2),
        3,
      )
        .wfi()
        .label('woken')
        .b('woken'),
    );
    const { machine } = s;
    machine.run(5 * MS);
    expect([machine.state.standby, word(s, 0x20000200) === 0x12345678]).toEqual(['in', false]);
    const saved = machine.save();
    for (let i = 0; i < 2; i++) {
      machine.run(1_000 * MS);
      expect(machine.history.resets.length).toBe(1);
      machine.system.setWire('pin.PA0', 1);
      machine.run(1_001 * MS);
      expect(machine.history.resets.map((r) => r.by)).toEqual(['power', 'power']);
      expect([machine.state.standby, word(s, 0x10000200), word(s, 0x20000200) === 0x12345678]).toEqual(['no', 0x12345678, false]);
      expect(machine.fieldValue('PWR.SR1.SBF')).toBe(1);
      machine.restore(saved);
    }
    s.release();
  });
});
