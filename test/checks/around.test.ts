/** Checks about what stands around the jump: the bus before it, other lines during it, the way back, and where the chip starts. */
import { beforeEach, describe, expect, test } from 'vitest';
import { CHECK_IDS } from '../../src/bench/documents/result.ts';
import type { Judgement, ResetFacts, Subject, Writer } from '../../src/checks/check.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { findChip } from '../../src/chips/index.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { check, FakeTarget, repaired, writer } from './fake-target.ts';

let target: FakeTarget;
beforeEach(() => {
  target = new FakeTarget();
});
test('every id of the contract is built', () => {
  expect(CHECKS.map((c) => c.id).toSorted()).toEqual([...CHECK_IDS].toSorted());
});

const US = 1_000_000;
const device = (endedAt: number | null) => ({ at: 1, enumerated: true, endedAt });

describe('usb-disconnect', () => {
  test('does not apply without a device of the application', () => {
    expect(target.judge('usb-disconnect').verdict).toBe('n/a');
  });
  test('USB 2.0 7.1.7.3: 2.5 us without pull-up are a disconnect, less need not be one', () => {
    target.entry = { ...target.entry!, at: 10 * US };
    target.usbOfUser = [device(7 * US)];
    expect(target.judge('usb-disconnect').verdict).toBe('pass');
    target.usbOfUser = [device(7 * US + 500_001)];
    expect(target.judge('usb-disconnect').verdict).toBe('warn');
  });
  test('a pull-up that is still on names its writer, and its repair releases it', () => {
    target.set('USB.BCDR.DPPU_DPD', 1);
    target.writers.set('USB.BCDR', writer(0x08000500, 3));
    target.usbOfUser = [device(null)];
    expect(target.judge('usb-disconnect')).toMatchObject({ verdict: 'warn', observed: 'still connected', lastWriter: { pc: 0x08000500 } });
    const repair = check('usb-disconnect').repair(target.subject());
    if (repair?.at !== 'entry') throw new Error('no repair at the entry');
    repair.apply(target, target.subject());
    expect(target.get('USB.BCDR.DPPU_DPD')).toBe(0);
    expect(repair.fix).toContain('USB->BCDR &= ~USB_BCDR_DPPU_DPD');
  });
  test('is unknown without history', () => {
    target.withHistory = false;
    expect(target.judge('usb-disconnect').verdict).toBe('unknown');
  });
});

describe('rom-interface', () => {
  test('quiet lines pass', () => {
    expect(target.judge('rom-interface').verdict).toBe('pass');
  });
  test('an edge on RX while the ROM runs is a start bit to it: fail, and the pin held high mends it', () => {
    target.fellInRom = [{ pin: 'PA3', at: 6_000_000 }];
    const judgement = target.judge('rom-interface');
    expect(judgement.verdict).toBe('fail');
    expect(judgement.observed).toContain('PA3 (USART2 RX)');
    expect(repaired('rom-interface', target).verdict).toBe('pass');
  });
  test('an edge before the entry, or after the host was faster, does no harm', () => {
    target.fellInRom = [{ pin: 'PA3', at: 4_000_000 }];
    expect(target.judge('rom-interface').verdict).toBe('pass');
    target.fellInRom = [{ pin: 'PA3', at: 6_000_000 }];
    target.outcome = 'dfu';
    expect(target.judge('rom-interface').verdict).toBe('pass');
  });
  test('a line that is low at the entry is a warning: nobody publishes what the ROM makes of it', () => {
    target.pins['PA10'] = 0;
    expect(target.judge('rom-interface')).toMatchObject({ verdict: 'warn', confidence: 'assumed' });
    expect(repaired('rom-interface', target).verdict).toBe('pass');
  });
});

describe('leave-path', () => {
  const leave = {
    at: 9,
    started: true,
    resets: [],
    usbBefore: true,
    usbAfter: true,
    entry: null,
    exceptionInSystem: null,
    table: 0x08000000,
    missing: [],
    left: [],
  };
  test('does not apply without a leave', () => {
    expect(target.judge('leave-path').verdict).toBe('n/a');
  });
  test('the device of the application is back: pass, and a reset on the way is told', () => {
    target.leave = { ...leave, resets: ['iwdg'] };
    expect(target.judge('leave-path')).toMatchObject({ verdict: 'pass', observed: 'the application enumerates after a reset (iwdg)' });
  });
  test('no user code after the leave: fail', () => {
    target.leave = { ...leave, started: false, usbAfter: false };
    expect(target.judge('leave-path')).toMatchObject({ verdict: 'fail', confidence: 'documented' });
  });
  test('an application that enters the ROM again has not taken its request back: fail', () => {
    target.leave = { ...leave, usbAfter: false, entry: { pc: 0x08000200, at: 11 } };
    expect(target.judge('leave-path')).toMatchObject({ verdict: 'fail', lastWriter: { pc: 0x08000200 } });
  });
  test('USB that worked before and does not come back: fail', () => {
    target.leave = { ...leave, usbAfter: false };
    expect(target.judge('leave-path').verdict).toBe('fail');
    target.leave = { ...leave, usbAfter: false, usbBefore: false };
    expect(target.judge('leave-path').verdict).toBe('pass');
  });
  test('an exception that goes to a handler in system memory names the instruction', () => {
    target.leave = { ...leave, usbAfter: false, usbBefore: false, exceptionInSystem: { pc: 0x08000123, at: 12 } };
    expect(target.judge('leave-path')).toMatchObject({ verdict: 'fail', lastWriter: { pc: 0x08000123 } });
  });
});

describe('boot-selection', () => {
  test('a vector table at the boot address passes', () => {
    expect(target.judge('boot-selection')).toMatchObject({ verdict: 'pass' });
    expect(target.judge('boot-selection').observed).toContain('0x08000000');
  });
  test('an erased boot address and an even reset vector fail', () => {
    target.set('FLASH.NSBOOTR_CUR.NSBOOTADD', 0x80400);
    expect(target.judge('boot-selection')).toMatchObject({ verdict: 'fail', confidence: 'documented' });
    expect(target.judge('boot-selection').observed).toContain('0x08040000: it is erased');
    target.flash[0x08040000] = 0x20004000;
    target.flash[0x08040004] = 0x08040400;
    expect(target.judge('boot-selection').observed).toContain('is even');
  });
  test('what the core finds in the two words at its boot address decides', () => {
    for (const [sp, pc, wrong] of [
      [0x20004000, 0x08000401, null],
      [null, 0x08000401, 'nothing answers there'],
      [0x20004000, null, 'nothing answers there'],
      [null, null, 'nothing answers there'],
      [0xffffffff, 0xffffffff, 'it is erased'],
      [0x20004000, 0xffffffff, null],
      [0xffffffff, 0x08000400, 'its reset vector 0x08000400 is even'],
    ] as const) {
      const subject = target.subject();
      const words: Readonly<Record<number, number | null>> = { 0x08000000: sp, 0x08000004: pc };
      const judgement = check('boot-selection').judge({
        ...subject,
        state: { ...subject.state, read: (address, size) => (address in words ? words[address]! : subject.state.read(address, size)) },
      });
      expect([judgement.verdict, judgement.observed!.split(': ')[1] ?? null]).toEqual([wrong === null ? 'pass' : 'fail', wrong]);
    }
  });
  test('BOOT0 high in the state Open starts the ROM, in the state Closed it is not looked at', () => {
    target.boot0 = 1;
    expect(target.judge('boot-selection')).toMatchObject({ verdict: 'pass', because: 'the next reset starts the ROM' });
    target.set('FLASH.OPTSR_CUR.PRODUCT_STATE', 0x72);
    target.entry = null;
    expect(target.judge('boot-selection').verdict).toBe('fail');
  });
  test('firmware that clears nSWBOOT0 alone is told that nBOOT0 has to follow (AN2606 Table 2, pattern 14)', () => {
    const g4 = new FakeTarget(findChip('stm32g474re')!);
    for (const { field, factory } of Object.values(g4.chip.optionBytes!)) g4.set(field, factory.value);
    g4.set('FLASH.OPTR.nSWBOOT0', 0);
    g4.entry = null;
    expect(g4.judge('boot-selection')).toMatchObject({ verdict: 'pass', because: 'the chip starts user code' });
    g4.writersBefore.set('FLASH.OPTR', writer(0x08000100, 5));
    g4.writers.set('FLASH.OPTR', writer(0x08000100, 5));
    expect(g4.judge('boot-selection')).toMatchObject({
      verdict: 'warn',
      expected: 'FLASH_OPTR.nBOOT0 = 0x0',
      lastWriter: { pc: 0x08000100 },
    });
    g4.set('FLASH.OPTR.nBOOT0', 0);
    // RM0440 3.4.2: OPTSTRT programs them, OBL_LAUNCH or power-on puts them in force
    expect(g4.judge('boot-selection')).toMatchObject({
      verdict: 'pass',
      because: 'the ROM starts as soon as these option bytes are loaded',
    });
    expect(g4.judge('option-bytes')).toMatchObject({
      verdict: 'warn',
      observed: 'option bytes were written and never loaded',
      because: expect.stringMatching(/not in force yet: FLASH_CR\.OBL_LAUNCH/) as string,
      lastWriter: { pc: 0x08000100 },
    });
    g4.resets.push({ at: 9_000_000, by: 'option-bytes', flags: [], external: false });
    expect(g4.judge('boot-selection').because).toBe('the next reset starts the ROM');
    expect(g4.judge('option-bytes').verdict).toBe('pass');
    // RM0440 Table 5: with nBOOT1 = 0 it is SRAM1 that is started
    g4.set('FLASH.OPTR.nBOOT1', 0);
    const { state, ...rest } = g4.subject();
    const inRam = { ...rest, state: { ...state, read: () => 0x20000101 } };
    expect(check('boot-selection').judge(inRam)).toMatchObject({
      verdict: 'warn',
      expected: 'FLASH_OPTR.nBOOT1 = 0x1',
      because:
        'with the option bits that the firmware programmed, the chip starts in RAM at 0x20000000; the ROM starts with FLASH_OPTR.nBOOT1 = 0x1',
    });
  });
});

describe('second-core', () => {
  test('a jump by the Cortex-M4 of STM32H745 into the ROM, whose stack is in DTCM, is the reason whatever else is broken', () => {
    const { state, ...rest } = new FakeTarget(findChip('stm32h745xi')!).subject();
    const judged = (name: string): Judgement =>
      check('second-core').judge({ ...rest, state: { ...state, otherCores: [{ name, state: 'asleep' }] } });
    expect(judged('cm7')).toMatchObject({ verdict: 'fail', expected: 'cm7 in the ROM' });
    expect(check('second-core').decides).toBe(true);
    expect(judged('cm4').verdict).toBe('pass');
  });
});

describe('iwdg where no register shows it (STM32F072)', () => {
  const judge = (watchdogRuns?: (block: string) => boolean) => {
    const subject = target.subject();
    return check('iwdg').judge({ ...subject, state: { ...subject.state, chip: STM32F072RB, ...(watchdogRuns ? { watchdogRuns } : {}) } });
  };
  test('the bench knows, a board does not', () => {
    expect(judge().verdict).toBe('unknown');
    expect(judge(() => false).verdict).toBe('pass');
    expect(judge((block) => block === 'IWDG')).toMatchObject({ verdict: 'warn', observed: 'running' });
  });
  test('a window below the reload value is the reason that is told: the ROM may refresh too early', () => {
    const f072 = new FakeTarget(STM32F072RB);
    const because = (win: number): string => {
      f072.set('IWDG.RLR.RL', 1000);
      f072.set('IWDG.WINR.WIN', win);
      const { state, ...rest } = f072.subject();
      return check('iwdg').judge({ ...rest, state: { ...state, watchdogRuns: () => true } }).because;
    };
    expect(because(300)).toContain('a refresh before its counter has fallen to 300 of 1000 resets the chip');
    expect(because(1000)).not.toContain('window');
    expect(because(0xfff)).not.toContain('window');
  });
  test('where an application is to be started, the repair by a reset says nothing of the ROM', () => {
    for (const id of ['iwdg', 'handler-mode'] as const) {
      const { state, ...rest } = new FakeTarget(STM32F072RB).subject();
      const subject: Subject = { ...rest, state: { ...state, watchdogRuns: () => true }, startsApplication: true };
      const fix = String(check(id).repair(subject)?.fix);
      expect(fix).toContain('start the application');
      expect(fix).not.toContain('dfu_request');
    }
  });
  test('of two cores the second one’s counts too: nobody says that the ROM refreshes it', () => {
    const { state, ...rest } = new FakeTarget(findChip('stm32h745xi')!).subject();
    const of = (...running: string[]): Judgement =>
      check('iwdg').judge({ ...rest, state: { ...state, watchdogRuns: (block) => running.includes(block) } });
    expect(of().verdict).toBe('pass');
    expect(of('IWDG1')).toMatchObject({ verdict: 'warn', observed: 'IWDG1 running' });
    expect(of('IWDG2')).toMatchObject({ verdict: 'warn', observed: 'IWDG2 running', confidence: 'inferred' });
    expect(of('IWDG2').because).toContain('the ROM, which runs on the other core, does not refresh it');
    expect(of('IWDG1', 'IWDG2').observed).toBe('IWDG1 and IWDG2 running');
  });
});

test.each(['iwdg', 'wwdg'] as const)(
  'a reset loop by software does not point to %s, one by it does, and so does one that nobody followed',
  (id) => {
    const { remark } = check(id);
    const of = (by: ResetFacts['by'] | null): boolean => {
      target.resets = by === null ? [] : [{ at: 1, by, flags: [], external: false }];
      const { history, ...rest } = target.subject();
      return (remark as (s: Subject) => boolean)({ ...rest, outcome: 'reset-loop', history: by === null ? null : history });
    };
    expect([of('software'), of(id), of(null)]).toEqual([true, false, false]);
  },
);

describe('option-bytes', () => {
  test('watchdogs left to software pass', () => {
    expect(target.judge('option-bytes').verdict).toBe('pass');
  });
  test('a watchdog that the hardware starts is a warning', () => {
    target.set('FLASH.OPTSR_CUR.IWDG_SW', 0);
    expect(target.judge('option-bytes')).toMatchObject({ verdict: 'warn', observed: 'FLASH_OPTSR_CUR.IWDG_SW = 0' });
  });
  test('what was programmed and not loaded is a warning', () => {
    target.set('FLASH.OPTSR_PRG.SWAP_BANK', 1);
    expect(target.judge('option-bytes')).toMatchObject({ verdict: 'warn' });
    expect(target.judge('option-bytes').observed).toContain('SWAP_BANK = 0x1, in force 0x0');
  });
  describe('written before a software reset, with no entry', () => {
    const written: Writer = { pc: 0x08000300, lr: 0, at: 1_000_000, kind: 'cpu', core: 0, seq: 1 };
    const judge = (by: ResetFacts['by'], register = 'FLASH.OPTSR_PRG') => {
      target.entry = null;
      target.writersBefore.set(register, written);
      target.resets.push({ at: 2_000_000, by, flags: [], external: false });
      return target.judge('option-bytes');
    };
    test('and not started: a warning that names the line and what is missing', () => {
      const judgement = judge('software');
      expect(judgement).toMatchObject({ verdict: 'warn', lastWriter: { pc: 0x08000300 } });
      expect(judgement.because).toContain('FLASH_OPTCR.OPTSTRT');
    });
    test('a reset that loads them puts them in force', () => {
      expect(judge('option-bytes').verdict).toBe('pass');
    });
    test('so does nothing that is in force by now', () => {
      target.set('FLASH.OPTSR_CUR.SWAP_BANK', 1).set('FLASH.OPTSR_PRG.SWAP_BANK', 1);
      expect(judge('software').verdict).toBe('pass');
    });
  });
});
