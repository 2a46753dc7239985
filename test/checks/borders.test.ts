/** Comparisons of checks, on both sides of their borders: of the state that is handed over. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { PPB, exceptionName, exceptionPriority, isInterrupt, linesSet, listed } from '../../src/checks/core-registers.ts';
import { backupClockInC } from '../../src/checks/fix-in-c.ts';
import { inRomRam } from '../../src/checks/msp.ts';
import type { Judgement, Repair, RomFacts, Subject } from '../../src/checks/check.ts';
import { check, FakeTarget, INITIAL_SP, RESET_VECTOR, TIM2_IRQ, USB_IRQ, writer } from './fake-target.ts';

const target = (chip?: string, change?: (t: FakeTarget) => unknown): FakeTarget => {
  const t = new FakeTarget(chip === undefined ? undefined : findChip(chip)!);
  change?.(t);
  return t;
};
/** Other answers of the target than those of its registers. */
const asking = (t: FakeTarget, state: Partial<Subject['state']>, rom: Partial<RomFacts> = {}): Subject => {
  const s = t.subject();
  return { ...s, state: { ...s.state, ...state }, rom: { ...s.rom, ...rom } };
};
const judge = (id: string, subject: Subject): Judgement => check(id).judge(subject);
const repairOf = (id: string, subject: Subject): Repair => {
  const repair = check(id).repair(subject);
  if (!repair) throw new Error(`${id}: no repair`);
  return repair;
};
const verdicts = (id: string, values: readonly number[], change: (t: FakeTarget, value: number) => unknown, chip?: string): string[] =>
  values.map((value) => target(chip, (t) => change(t, value)).judge(id).verdict);

describe('Exceptions', () => {
  const { state } = new FakeTarget().subject();
  it('PendSV, 14, is the first one that comes from outside of the running code', () => {
    expect([13, 14, 15].map(isInterrupt)).toEqual([false, true, true]);
  });
  it('SysTick, 15, is the last one with a name of its own, 16 the first line of the NVIC', () => {
    expect([15, 16, 17].map((n) => exceptionName(state.chip, n))).toEqual(['SysTick', 'interrupt 0 (WWDG)', 'interrupt 1 (EXTI)']);
  });
  it('MemManage, 4, has the first priority byte of SHPR1, SysTick its last, and line 0 the first one of the NVIC', () => {
    const t = new FakeTarget().priority(0, 0x50);
    t.ppb.set(PPB.SHPR1, 0x10).set(PPB.SHPR1 + 8, 0xf0000000);
    expect([1, 4, 15, 16].map((n) => exceptionPriority(t.subject().state, n))).toEqual([null, 0x10, 0xf0, 0x50]);
  });
  it('a chip with 32 lines has one word of them: none behind it is read', () => {
    const { state: f0 } = asking(target('STM32F072RB'), { read: (address) => (address === PPB.NVIC_ISER ? 0x80000001 : null) });
    expect(linesSet(f0, PPB.NVIC_ISER)).toEqual([0, 31]);
  });
  it('eight names are listed, of nine the last is a number', () => {
    expect(listed([...'abcdefgh'])).toBe('a, b, c, d, e, f, g, h');
    expect(listed([...'abcdefghi'])).toBe('a, b, c, d, e, f, g, h and 1 more');
  });
});

describe('Priorities', () => {
  const USB = [0x40, 0x50, 0x60];
  it('BASEPRI masks a USB interrupt of the same priority and of lower ones', () => {
    const change = (t: FakeTarget, usb: number): void => void (t.priority(USB_IRQ, usb).core['basepri'] = 0x50);
    expect(verdicts('basepri', USB, change)).toEqual(['warn', 'fail', 'fail']);
  });
  it('an active exception keeps a USB interrupt of the same priority and of lower ones from the ROM', () => {
    const change = (t: FakeTarget, usb: number): void =>
      void (t.priority(USB_IRQ, usb).priority(TIM2_IRQ, 0x50).core['xpsr'] = 0x01000000 | (16 + TIM2_IRQ));
    expect(verdicts('handler-mode', USB, change)).toEqual(['warn', 'fail', 'fail']);
  });
});

describe('Stacks', () => {
  it('a stack is in the RAM of the ROM above its lower edge and up to its upper one: SP points behind its first word', () => {
    const rom = { ramUse: [{ base: 0x20000000, size: 0x1000 }] } as unknown as RomFacts;
    expect([0x20000000, 0x20000004, 0x20001000, 0x20001004].map((sp) => inRomRam(rom, sp))).toEqual([false, true, true, false]);
  });
  it('MSP has RAM below it above the first address of RAM, and up to the address behind its end', () => {
    const because = (msp: number): string => target(undefined, (t) => (t.core['msp'] = msp)).judge('msp').because;
    const noRam = expect.stringContaining('there is no RAM below MSP') as unknown;
    expect([0x20000000, 0x20044004].map(because)).toEqual([noRam, noRam]);
    expect(because(0x20000004)).toContain('in the RAM that the ROM uses');
    expect(because(0x20044000)).toContain('the ROM uses the stack of the application');
  });
  it('a stack pointer at its limit, or below it, leaves no room', () => {
    const change = (t: FakeTarget, sp: number): void => void Object.assign(t.core, { msp: sp, msplim: 0x20030000 });
    expect(verdicts('stack-limit', [0x2002fff8, 0x20030000, 0x20030008], change)).toEqual(['fail', 'fail', 'pass']);
  });
  it('a limit inside the RAM of the ROM is in its way, one at either edge is not', () => {
    const change = (t: FakeTarget, msplim: number): void => void Object.assign(t.core, { msp: 0x20020000, msplim });
    const limits = [0x20000000, 0x20000008, 0x20003ff8, 0x20004000];
    expect(verdicts('stack-limit', limits, change)).toEqual(['pass', 'warn', 'warn', 'pass']);
  });
  it('MSP was moved by pops up to 1024 bytes above the stack of the ROM, beyond that it is another stack', () => {
    const change = (t: FakeTarget, by: number): void => {
      t.core['msp'] = INITIAL_SP + by;
      t.writers.set('CPU.MSP', writer(0x08000100, 5));
    };
    expect(verdicts('stack-after-msp', [-4, 0, 4, 1024, 1028], change)).toEqual(['pass', 'pass', 'warn', 'warn', 'pass']);
    const withoutEntry = (t: FakeTarget, by: number): void => {
      change(t, by);
      t.entry = null;
    };
    expect(verdicts('stack-after-msp', [-4, 0, 4, 1024, 1028], withoutEntry)).toEqual(['pass', 'pass', 'fail', 'fail', 'pass']);
  });
  it('code that dropped its privileges needs SVC, unless VTOR points to the ROM from its first to its last address', () => {
    const needsSvc = (vtor: number): boolean =>
      repairOf('control', target(undefined, (t) => Object.assign(t.core, { control: 1, vtor })).subject()).fix.includes('svc 0');
    expect([0x0bf96fff, 0x0bf97000, 0x0bf9ffff, 0x0bfa0000].map(needsSvc)).toEqual([true, false, false, true]);
  });
});

describe('mpu', () => {
  it('PMSAv7: AP = 5 and above deny writes to privileged code, 3 and below do not, but for 0 (ARMv7-M B3.5.9)', () => {
    const verdict = (ap: number): string => {
      const t = target(undefined, (x) => x.ppb.set(PPB.MPU_CTRL, 5));
      return judge(
        'mpu',
        asking(t, {
          core: (name) => (name === 'msplim' ? null : (t.core[name] ?? null)),
          mpuRegion: () => ({ number: 0, rbar: 0, attributes: ap << 24 }),
        }),
      ).verdict;
    };
    expect([0, 1, 3, 5, 6].map(verdict)).toEqual(['warn', 'pass', 'pass', 'warn', 'warn']);
  });
});

describe('dcache', () => {
  it('is cleaned on an M7 line by line: 128 sets of 4 ways, each once', () => {
    const DCCISW = 0xe000ef74;
    const written: number[] = [];
    const t = target('STM32H743ZI', (x) => x.ppb.set(PPB.CCR, 1 << 16));
    const repair = repairOf('dcache', t.subject());
    if (repair.at !== 'entry') throw new Error('no repair at the entry');
    t.write = (address, _size, value) => void (address === DCCISW && written.push(value));
    repair.apply(t, t.subject());
    expect([written.length, new Set(written).size]).toEqual([512, 512]);
    expect(Math.max(...written.map((v) => v & 0x3fffffff))).toBe(127 << 5);
    expect(new Set(written.map((v) => v >>> 30))).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe('The NVIC', () => {
  const enabled = (lines: number): FakeTarget => target(undefined, (t) => Array.from({ length: lines }, (_, n) => t.enable(10 + n)));
  const pending = (lines: number): FakeTarget =>
    target(undefined, (t) => Array.from({ length: lines }, (_, n) => t.enable(10 + n, PPB.NVIC_ISPR)));
  it('three enabled lines are disabled by name, four by a loop', () => {
    expect([3, 4].map((n) => repairOf('nvic-enabled', enabled(n).subject()).fix.startsWith('for ('))).toEqual([false, true]);
  });
  it('the last writer is that of a line that can fire, or of any enabled one if none can', () => {
    const blamed = (clock: number): number | undefined => {
      const t = new FakeTarget().enable(TIM2_IRQ).enable(100).set('RCC.APB1LENR.TIM2EN', clock);
      t.writers.set(`CPU.NVIC_ISER${TIM2_IRQ >>> 5}`, writer(0x08000500, 7)).set('CPU.NVIC_ISER3', writer(0x08000600, 8));
      return t.judge('nvic-enabled').lastWriter?.pc;
    };
    expect([0, 1].map(blamed)).toEqual([0x08000600, 0x08000500]);
  });
  it('one enabled line is named, of two it is said that all are disabled', () => {
    const what = [1, 2].map((n) => repairOf('nvic-enabled', enabled(n).subject()).what);
    expect(what).toEqual([expect.stringMatching(/^disabled in the NVIC: 10/), 'all lines disabled in the NVIC']);
  });
  it('pending lines alone are cleared without a write to ICSR, PendSV with one', () => {
    const writesIcsr = (t: FakeTarget): readonly [inC: boolean, made: number] => {
      const written: number[] = [];
      t.write = (address) => void (address === PPB.ICSR && written.push(address));
      const repair = repairOf('nvic-pending', t.subject());
      if (repair.at !== 'entry') throw new Error('no repair at the entry');
      repair.apply(t, t.subject());
      return [repair.fix.includes('SCB->ICSR'), written.length];
    };
    expect(writesIcsr(pending(1))).toEqual([false, 0]);
    expect(writesIcsr(target(undefined, (t) => t.ppb.set(PPB.ICSR, 1 << 28)))).toEqual([true, 1]);
  });
  it('three pending lines are cleared by name, four by a loop', () => {
    expect([3, 4].map((n) => repairOf('nvic-pending', pending(n).subject()).fix.startsWith('for ('))).toEqual([false, true]);
  });

  /** The entry was made by this exception, right behind the instruction that unmasked it. */
  const takenBy = (exception: number): FakeTarget =>
    target(undefined, (t) => {
      t.core['xpsr'] = 0x01000000 | exception;
      t.writers.set('CPU.PRIMASK', writer(0x08000400, 9));
      t.entry = { address: RESET_VECTOR & ~1, thumb: true, how: 'exception', reached: true, fromPc: 0x08000402, at: 5_000_000 };
      t.enable(0);
    });
  it('exception 16 is line 0, which was taken before the jump; SysTick, 15, is no line', () => {
    expect(takenBy(16).judge('nvic-enabled').because).toContain('interrupt 0 (WWDG) was taken before the jump');
    expect(takenBy(15).judge('nvic-enabled').because).toContain('is still enabled');
  });
  it('line 0 had waited as exception 16, SysTick as 15', () => {
    expect([15, 16].map((n) => takenBy(n).judge('nvic-pending').observed)).toEqual(['pending: SysTick', 'pending: 0 (WWDG)']);
  });
});

describe('Clocks and supply', () => {
  it('the flash needs a wait state above 20 MHz in VOS3 of STM32H5, not at 20 MHz', () => {
    const verdict = (hz: number, latency: number): string =>
      target(undefined, (t) => (t.set('FLASH.ACR.LATENCY', latency).clocks['hclk'] = hz)).judge('flash-latency').verdict;
    expect([19_999_999, 20_000_000, 20_000_001].map((hz) => verdict(hz, 0))).toEqual(['pass', 'pass', 'fail']);
    expect([0, 1, 2].map((latency) => verdict(30_000_000, latency))).toEqual(['fail', 'pass', 'pass']);
  });
  it('a clock is shown in whole megahertz where it is held against the flash, to 10 kHz where SYSCLK is', () => {
    const shown = (id: string, clock: string, hz: number): string =>
      target(undefined, (t) => (t.clocks[clock] = hz))
        .judge(id)
        .observed!.replace(/.*?([\d.]+ MHz).*/, '$1');
    expect([19_499_999, 19_500_000].map((hz) => shown('flash-latency', 'hclk', hz))).toEqual(['19 MHz', '20 MHz']);
    expect([19_499_999, 19_500_000].map((hz) => shown('voltage-range', 'hclk', hz))).toEqual(['19 MHz', '20 MHz']);
    expect([32_004_999, 32_005_000].map((hz) => shown('sysclk', 'sysclk', hz))).toEqual(['32 MHz', '32.01 MHz']);
  });
  it('VOS3 of STM32H5 allows 100 MHz and no more', () => {
    const change = (t: FakeTarget, hz: number): void => void (t.clocks['hclk'] = hz);
    expect(verdicts('voltage-range', [99_999_999, 100_000_000, 100_000_001], change)).toEqual(['pass', 'pass', 'fail']);
  });
  it('a range below that of a reset is one too few, that of a reset is not (STM32L1: range 2)', () => {
    const change = (t: FakeTarget, vos: number): void => void (t.set('PWR.CR.VOS', vos).clocks['hclk'] = 2e6);
    expect(verdicts('voltage-range', [1, 2, 3], change, 'STM32L152RE')).toEqual(['pass', 'pass', 'warn']);
  });
});

describe('hse', () => {
  const L1 = 'STM32L152RE';
  const on = (hz: number, more: Partial<Subject['state']> = {}, rom: Partial<RomFacts> = {}, chip = L1): Subject =>
    asking(new FakeTarget(findChip(chip)!), { crystalHz: (name) => (name === 'hse' ? hz : 0), ...more }, rom);
  it('a crystal may be off by 2,500 ppm (USB 2.0 7.1.11)', () => {
    const hz = [7_979_999, 7_980_001, 8_019_999, 8_020_001];
    expect(hz.map((f) => judge('hse', on(f)).verdict)).toEqual(['fail', 'pass', 'pass', 'fail']);
  });
  it('eight frequencies are named, more are a range', () => {
    expect(judge('hse', on(0)).expected).toBe('HSE of 2, 3, 4, 6, 8, 12, 16, 24 MHz');
    expect(judge('hse', on(0, {}, {}, 'STM32F407VG')).expected).toBe('HSE of 4 to 26 MHz in steps of 1 MHz');
    expect(judge('hse', on(9e6)).because).toContain('the ROM knows crystals of 2, 3, 4, 6, 8, 12, 16, 24 MHz only');
    expect(judge('hse', on(3e6, {}, {}, 'STM32F407VG')).because).toContain('the ROM measures HSE in whole megahertz');
  });
  it('a frequency is rounded to whole kilohertz, a time to 10 us', () => {
    const kilohertz = [8_000_499, 8_000_500, 8_001_499].map((hz) => judge('hse', on(hz)).observed);
    expect(kilohertz).toEqual(['HSE 8 MHz', 'HSE 8.001 MHz', 'HSE 8.001 MHz']);
    const times = [0.003004, 0.003006].map(
      (seconds) => judge('hse', on(8e6, { crystalStart: () => ({ seconds, typical: 0.001 }) })).observed,
    );
    expect(times).toEqual(['HSE takes 3 ms to start', 'HSE takes 3.01 ms to start']);
  });
  it('16 MHz on F070, which the ROM takes for 18 MHz, is 16 MHz rounded to whole megahertz', () => {
    const because = [15_499_999, 15_500_000, 16_499_999, 16_500_000].map((hz) => judge('hse', on(hz, {}, {}, 'STM32F070RB')).because);
    expect(because.map((text) => text.includes('takes it for 18 MHz'))).toEqual([false, true, true, false]);
    const crystal = [12e6, 15_999_999, 16e6].map((hz) => repairOf('hse', on(hz, {}, {}, 'STM32F070RB')).what);
    expect(crystal).toEqual(['a crystal at HSE that starts as fast as usual', ...Array<string>(2).fill('a crystal of 8 MHz at HSE')]);
  });
  it('0 Hz is no crystal, 1 kHz is a wrong one', () => {
    expect([0, 1000].map((hz) => judge('hse', on(hz)).observed)).toEqual(['no HSE on the board', 'HSE 0.001 MHz']);
  });
  it('a crystal that HSI makes look halfway to the next one is taken for itself, beyond that for the next', () => {
    const seen = [-199_999, -200_000, -200_001].map((ppm) => judge('hse', on(2e6, { oscillatorPpm: () => ppm })));
    expect(seen.map((j) => j.verdict)).toEqual(['pass', 'pass', 'fail']);
    expect(seen[2]!.because).toContain('for 3 MHz');
  });
  const wait = { value: 2, source: 'the ROM', confidence: 'documented' } as const;
  it('a crystal may take as long to start as the ROM waits', () => {
    const verdict = (seconds: number): string =>
      judge('hse', on(8e6, { crystalStart: () => ({ seconds, typical: 0.001 }) }, { hseWait: wait })).verdict;
    expect([0.0019, 0.002, 0.0021].map(verdict)).toEqual(['pass', 'pass', 'fail']);
  });
  it('a crystal as fast as usual is asked for, unless that is slower than the ROM waits', () => {
    const what = (typical: number): string =>
      repairOf('hse', on(8e6, { crystalStart: () => ({ seconds: 1, typical }) }, { hseWait: wait })).what;
    expect([0.0019, 0.002, 0.0021].map((typical) => what(typical).replace(/.*that starts /, ''))).toEqual([
      'as fast as usual',
      'as fast as usual',
      'in 1 ms',
    ]);
  });
  it('LSE of 1 Hz is one on the board, 0 Hz is none', () => {
    const observed = [0, 1].map(
      (lse) => judge('hse', on(8e6, { crystalHz: (n) => (n === 'lse' ? lse : 8e6) }, {}, 'STM32L476RG')).observed,
    );
    expect(observed).toEqual(['HSE 8 MHz', 'LSE on the board']);
  });
});

describe('iwdg', () => {
  it('has a window if WINR is below RLR', () => {
    const hasWindow = (win: number): boolean => {
      const t = target(undefined, (x) => x.set('IWDG.SR.ONF', 1).set('IWDG.RLR.RL', 0x100).set('IWDG.WINR.WIN', win));
      return judge('iwdg', asking(t, { watchdogRuns: () => true })).because.includes('has a window');
    };
    expect([0xff, 0x100, 0x101].map(hasWindow)).toEqual([true, false, false]);
  });
  it('runs if one block of it does, and is named where the chip has two', () => {
    const observed = (chip: string): string | null => judge('iwdg', asking(target(chip), { watchdogRuns: () => true })).observed;
    expect(observed('STM32F407VG')).toBe('running');
    expect(judge('iwdg', asking(target('STM32F407VG'), { watchdogRuns: () => false })).observed).toBe('not running');
    expect(observed('STM32H745ZI')).toBe('IWDG1 and IWDG2 running');
  });
});

describe('usb-disconnect', () => {
  const gone = (ps: number): Judgement =>
    target(undefined, (t) => (t.usbOfUser = [{ at: 1, enumerated: true, endedAt: t.entry!.at - ps }])).judge('usb-disconnect');
  it('2.5 us without a device are enough (USB 2.0 7.1.7.3)', () => {
    expect([2_499_999, 2_500_000, 2_500_001].map((ps) => gone(ps).verdict)).toEqual(['warn', 'pass', 'pass']);
  });
  it('a time is given in us below a millisecond', () => {
    expect([999_000_000, 1_000_000_000].map((ps) => gone(ps).observed)).toEqual(['gone for 999 us', 'gone for 1 ms']);
  });
});

describe('rom-interface', () => {
  it('what happened before the entry was not addressed to the ROM', () => {
    const at = [4_999_999, 5_000_000, 5_000_001];
    expect(verdicts('rom-interface', at, (t, when) => (t.fellInRom = [{ pin: 'PA10', at: when }]))).toEqual(['pass', 'fail', 'fail']);
    const called = (t: FakeTarget, when: number): unknown => (t.selectedInRom = [{ name: 'SPI1', pins: ['PA4'], at: when }]);
    expect(verdicts('rom-interface', at, called)).toEqual(['pass', 'fail', 'fail']);
  });
});

describe('dual-bank', () => {
  it('a bank holds a program if its first word points into RAM, behind its first word at least', () => {
    const change = (t: FakeTarget, sp: number): void => {
      t.flash[0x08000000] = sp;
      t.options['bank-check'] = 'always';
    };
    const stacks = [0x20000000, 0x20000004, 0x20030000, 0x20030004];
    expect(verdicts('dual-bank', stacks, change, 'STM32F429ZI')).toEqual(['pass', 'warn', 'warn', 'pass']);
  });
});

describe('option-bytes', () => {
  /** Option bytes were programmed at 1,000,000 ps; these resets followed. */
  const verdict = (...resets: readonly (readonly [by: string, at: number])[]): string =>
    target('STM32F072RB', (t) => {
      t.entry = null;
      t.writersBefore.set('FLASH.OBR', writer(0x08000500, 7));
      t.resets = resets.map(([by, at]) => ({ at, by, flags: [], external: false }));
    }).judge('option-bytes').verdict;
  it('a reset by software that came with the write or later has not loaded them', () => {
    expect([999_999, 1_000_000, 1_000_001].map((at) => verdict(['software', at]))).toEqual(['pass', 'warn', 'warn']);
  });
  it('a power-on that came with the write or later has', () => {
    const loaded = [999_999, 1_000_000, 1_000_001].map((at) => verdict(['software', 1_000_001], ['power', at]));
    expect(loaded).toEqual(['warn', 'pass', 'pass']);
  });
});

describe('boot-selection', () => {
  it('a vector table is in RAM from the first address of RAM to its last; at the end of RAM it is not', () => {
    const startsInRam = (table: number): boolean => {
      const chip = findChip('STM32F072RB')!;
      const when = [{ signal: 'field:FLASH.OBR.nBOOT1', is: [0] }];
      const boot = [{ ...chip.boot!.at(-1)!, when, boots: 'user' as const, vectors: table }];
      const t = new FakeTarget({ ...chip, boot });
      t.entry = null;
      t.set('FLASH.OBR.nBOOT1', 0).writers.set('FLASH.OBR', writer(0x08000500, 7));
      t.ppb.set(table, 0x20001000).set(table + 4, 0x08000401);
      const { verdict, because } = t.judge('boot-selection');
      expect(verdict).toBe('warn');
      return because.includes('starts in RAM');
    };
    expect([0x1fffff00, 0x20000000, 0x20003f00, 0x20004000].map(startsInRam)).toEqual([false, true, true, false]);
  });
});

describe('Backup SRAM', () => {
  it('has its own clock from its first to its last word, what lies beside it is reached by that of the backup registers', () => {
    const { chip } = new FakeTarget();
    const isSram = [0x400363fc, 0x40036400, 0x40036bfc, 0x40036c00].map((a) => backupClockInC(chip, a)[0]!.includes('BKPRAMEN'));
    expect(isSram).toEqual([false, true, true, false]);
  });
});

describe('peripherals-left-on', () => {
  it('stays open on the board for one block that is held in reset, not for none', () => {
    const staysOpen = (held: number): boolean =>
      check('peripherals-left-on').staysOpen!(target(undefined, (t) => t.set('RCC.APB1LRSTR.TIM2RST', held)).subject());
    expect([0, 1].map(staysOpen)).toEqual([false, true]);
  });
});
