/** The minute after the enumeration: what a host can do with the device, on a copy of the machine, and what of board, host and firmware keeps it from that. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { hasReservations } from '../../src/bench/documents/reservations.ts';
import { judge } from '../../src/bench/documents/expect.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { optionBytes, run, STRAIGHT, words } from './after.ts';
import { plainJob } from './plain-job.ts';

const DUAL = ['jump-1ff09800', 'stm32h745zi'] as const;

describe('a device that can be used', () => {
  // pages of 2 KB, sectors of 16 KB and of 128 KB, one sector alone
  it.each([
    ['jump-1fffc800', 'stm32f072rb', 'it enters the ROM again'],
    [...DUAL, 'it enters the ROM again'],
    ['jump-1ff09800', 'stm32h743zi', 'it enters the ROM again'],
  ])('%s on %s: read, erased, written, left, and %s', (fixture, chip, sign) => {
    const result = run(fixture, chip);
    expect(words(result)).toBe('ok ok ok ok ok ok not-tried');
    expect(result.after!.alive.because).toContain(sign);
    expect(hasReservations(result)).toBe(false);
    expect(result.diagnosis).toMatchObject({ explained: null, causes: [] });
  });
  it('the only sector is erased and written', () => {
    const { after } = run('jump-1ff09800', 'stm32h750vb');
    expect([after!.erase.result, after!.download.result]).toEqual(['ok', 'ok']);
  });
  it('nothing of it enters other keys', () => {
    const [with_, without] = [true, false].map((after) => run('jump-1fffc800', 'stm32f072rb', {}, after)) as [RunResult, RunResult];
    expect(without.after).toBeNull();
    expect(serialise({ ...with_, after: null })).toBe(serialise(without));
  });
  it('is not tried where the scenario itself leaves', () => {
    const { after } = run('f405-polls-pin', 'stm32f405rg', {
      board: { boot0: 1 },
      steps: [{ at: '2s', do: { dfu: { leave: '0x08000000' } } }],
    });
    expect(after!.list).toEqual({ result: 'not-tried', because: 'the scenario itself has left DFU' });
  });
});

describe('a device that cannot be used: OK, but', () => {
  it.each([
    [
      'read-out protection level 1',
      ...STRAIGHT,
      optionBytes({ RDP: 0xbb }),
      'RDP',
      'ok refused refused not-tried not-tried not-tried not-tried',
    ],
    [
      'write protection of its first sector',
      ...STRAIGHT,
      optionBytes({ nWRP: 0xffe }),
      'nWRP',
      'ok ok failed not-tried not-tried not-tried not-tried',
    ],
    [
      'the watchdog of the second core',
      ...DUAL,
      optionBytes({ IWDG2_SW: 0 }),
      'IWDG2_SW',
      'failed not-tried not-tried not-tried not-tried not-tried not-tried',
    ],
  ] as const)('%s', (_why, fixture, chip, scenario, what, steps) => {
    const result = run(fixture, chip, scenario);
    expect([result.outcome, words(result), hasReservations(result)]).toEqual(['dfu', steps, true]);
    expect(result.diagnosis).toMatchObject({ explained: true, sets: [['board']], causes: [{ id: 'board', what, proved: true }] });
    const screen = shortReport(result);
    expect(screen).toMatch(/^OK, but dfu/);
    expect(screen.replace(/\s+/g, ' ')).toContain(
      'It is the board, not the firmware. Proof with only this changed, a host can use the device',
    );
  });
  it('says when it went, and by which reset', () => {
    const { after } = run(...DUAL, optionBytes({ IWDG2_SW: 0 }));
    expect(after!.list.because).toMatch(/^gone 0\.\d\d s after the enumeration: a reset by iwdg$/);
  });
});

describe('the host is part of the machine', () => {
  it.each(['PB6', 'PB7'])('a line of I2C that somebody else holds low, %s: nobody is heard on it, and the board is the cause', (pin) => {
    const result = run(...STRAIGHT, { goal: 'i2c1', board: { pins: { [pin]: 0 } } });
    expect(result.goal.reached).toBe(false);
    expect(result.diagnosis).toMatchObject({ explained: true, sets: [['board']], causes: [{ id: 'board', what: pin, proved: true }] });
  });
  it.each([
    ['the cable is out', { host: { cable: 'out' } }, 'USB cable'],
    ['the host has no driver', { host: { kind: 'windows', driver: 'none' } }, 'driver'],
    ['the user may not open the device', { host: { driver: 'no-access' } }, 'access'],
  ] as const)('%s: no firmware can change that', (_why, scenario, what) => {
    const result = run(...STRAIGHT, scenario);
    expect(result.outcome).toBe('rom-silent');
    if (what !== 'USB cable') expect(shortReport(result)).toContain('the DFU device is there, but no program can open it');
    expect(result.diagnosis).toMatchObject({ explained: true, sets: [['host']], causes: [{ id: 'host', what, proved: true }] });
    expect(shortReport(result).replace(/\s+/g, ' ')).toContain('No firmware can change that.');
  });
  it('is not blamed for what the firmware does', () =>
    expect(run('f405-polls-pin', 'stm32f405rg', { host: { cable: 'out' } }).diagnosis.causes).toEqual([]));
});

it('a scenario may expect what a host can do', () => {
  const expected = { outcome: 'dfu', after: { upload: 'refused', erase: 'refused|failed', list: 'ok' } } as const;
  const result = run(...STRAIGHT, { ...optionBytes({ RDP: 0xbb }), expect: expected }, false);
  expect(judge(result, expected)).toEqual({ holds: true, failures: [] });
  expect(judge(result, { after: { upload: 'ok' } }).failures).toEqual([
    'after upload is refused, expected ok: read block 2, upload: stall',
  ]);
});

describe('an interrupt of the application that fires in the ROM a second later', () => {
  /** TIM2 runs and its interrupt is enabled; then the jump into the ROM of F405. */
  const program = new Thumb(MAIN)
    .constant(4, 0x40023840) // RCC.APB1ENR
    .movs(0, 1)
    .str(0, 4)
    .constant(4, 0x40000000) // TIM2
    .constant(1, 60_000_000)
    .str(1, 4, 0x2c) // ARR
    .str(0, 4, 0x0c) // DIER.UIE
    .str(0, 4) // CR1.CEN
    .constant(4, 0xe000e100) // NVIC_ISER0
    .constant(1, 1 << 28)
    .str(1, 4)
    .constant(3, 0x1fff0000)
    .ldr(0, 3)
    .ldr(1, 3, 4)
    .put(0xf380, 0x8808) // MSR MSP, r0
    .bx(1);
  const result = runBench(jobInput({ ...plainJob('stm32f405rg', bareImage(program)), after: true }));
  it('DFU appears, and goes', () => {
    expect([result.outcome, result.after!.list.result]).toEqual(['dfu', 'failed']);
    expect(result.after!.list.because).toMatch(/^gone [01]\.\d\d s after the enumeration/);
  });
  it('its line, enabled, is the cause, proved by the device that stays', () => {
    expect(result.diagnosis.explained).toBe(true);
    expect(result.diagnosis.sets).toContainEqual(['nvic-enabled']);
    expect(result.summary).toContain('but the device does not stay; cause: nvic-enabled');
  });
});

describe('option bytes that the firmware writes', () => {
  /** FLASH_OPTCR of F405: keys, RDP = 0x55, OPTSTRT, then the jump. */
  const program = new Thumb(MAIN)
    .constant(4, 0x40023c00)
    .constant(0, 0x08192a3b)
    .str(0, 4, 8)
    .constant(0, 0x4c5d6e7f)
    .str(0, 4, 8) // FLASH_OPTKEYR
    .constant(0, 0x0fff55ec)
    .str(0, 4, 0x14)
    .constant(0, 0x0fff55ee)
    .str(0, 4, 0x14) // OPTSTRT
    .label('busy')
    .ldr(0, 4, 0x0c)
    .put(0x03c0) // LSLS r0, r0, #15: BSY is the sign
    .put(0xd4fc) // BMI busy
    .constant(3, 0x1fff0000)
    .ldr(0, 3)
    .ldr(1, 3, 4)
    .put(0xf380, 0x8808)
    .bx(1);
  it('are the cause, with the write, where the device refuses for their sake', () => {
    const { after, diagnosis } = runBench(jobInput({ ...plainJob('stm32f405rg', bareImage(program)), after: true }));
    expect([after!.upload.result, after!.erase.result]).toEqual(['refused', 'refused']);
    expect(diagnosis).toMatchObject({ explained: true, sets: [['state']], causes: [{ what: 'FLASH.OPTCR.RDP', proved: true }] });
    expect(diagnosis.causes[0]!.lastWriter).not.toBeNull();
  });
});

describe('an application that does not come back behind the leave: OK, but, where the next reset does not mend it', () => {
  const call: Scenario = { steps: [{ at: '100ms', do: { call: 'request_dfu' } }] };
  it.each([
    [
      'a request that nobody took back',
      'f405-request-kept',
      'stm32f405rg',
      'RTC_BKP0R',
      10,
      /still holds 0x0000b007 .* enters the ROM again/,
    ],
    [
      'a flash that is unlocked already',
      'l476-leave-flash-unlocked',
      'stm32l476rg',
      'FLASH',
      40,
      /FLASH_CR = 0x40000000; from reset FLASH_CR = 0xc0000000/,
    ],
  ] as const)('%s, with its line', (_why, fixture, chip, what, line, says) => {
    const result = run(fixture, chip, call);
    expect([result.outcome, result.after!.leave.result, result.after!.alive.result, hasReservations(result)]).toEqual([
      'dfu',
      'ok',
      'failed',
      // the next reset enters the ROM once more
      true,
    ]);
    expect(result.diagnosis).toMatchObject({ explained: true, sets: [['state']], causes: [{ what, proved: true, lastWriter: { line } }] });
    expect(result.diagnosis.causes[0]!.explanation).toMatch(says);
    // the line is that of the write; what clears it belongs to the jump
    expect(result.diagnosis.causes[0]!.at).toBe(fixture === 'f405-request-kept' ? 'entry' : null);
    expect(result.summary).toContain(`behind a leave, the application does not run as after a reset; cause: ${what}`);
  });
  it('a flash that is left unlocked is a reservation where the scenario asks for the application behind the leave', () => {
    const asks = run('l476-leave-flash-unlocked', 'stm32l476rg', { ...call, expect: { after: { alive: 'ok' } } });
    expect(hasReservations(asks)).toBe(true);
  });
  it('one that enters the ROM at each start is as it was, and not seen alive', () => {
    const { after, diagnosis } = run('jump-1fffc800', 'stm32f072rb');
    const because = 'it enters the ROM again, as at each start';
    expect([after!.alive, diagnosis.causes]).toEqual([{ result: 'not-tried', because }, []]);
  });
});

describe('an application whose exceptions go to the ROM behind the leave is not alive, which a reset mends: no reservation', () => {
  it.each([
    [
      'l476-leave-vtor',
      'stm32l476rg',
      'first SysTick, enabled at common/core/core.c:11 (tick_init)',
      'SCB->VTOR = 0x08000000',
      'VTOR = 0x1fff0000',
      'VTOR = 0x08000000',
    ],
    [
      'f072-leave-remap',
      'stm32f072rb',
      'first SysTick, enabled at common/core/core.c:11 (tick_init)',
      'SYSCFG->CFGR1 &= ~0x00000003',
      'SYSCFG_CFGR1.MEM_MODE = 1',
      'SYSCFG_CFGR1.MEM_MODE = 0',
    ],
  ])('%s: with what enables the first of them, what is left and what mends it', (fixture, chip, first, fix, observed, expected) => {
    const result = run(fixture, chip, { board: { boot0: 1 } });
    expect([result.after!.leave.result, result.after!.alive.result]).toEqual(['ok', 'failed']);
    expect(result.after!.alive.because).toContain(`its exceptions go to the ROM's table (${first}): ${fix} belongs at the start of main()`);
    expect(result.after!.alive.about).toMatchObject({
      left: [{ observed, expected }],
      table: { exception: 'SysTick', by: { symbol: 'tick_init', line: 11 }, fix },
    });
    // the document has the text alone
    expect(String(serialise(result))).not.toContain('"about"');
    expect([hasReservations(result), result.diagnosis.causes]).toEqual([false, []]);
    expect(result.summary).toContain('; behind a leave, the application does not run as after a reset');
  });
  it.each([
    ['l476-leave-vtor', 'stm32l476rg', 'VTOR', '/* at the start of main() */\nSCB->VTOR = 0x08000000u;'],
    ['f072-leave-remap', 'stm32f072rb', 'the memory mapped to 0', '/* at the start of main() */\nSYSCFG->CFGR1 &= ~0x00000003;'],
  ])('%s: where the scenario expects it alive, what mends it is a cause', (fixture, chip, what, fix) => {
    const result = run(fixture, chip, { board: { boot0: 1 }, expect: { after: { alive: 'ok' } } });
    expect(result.diagnosis.causes).toMatchObject([{ id: 'state', what, proved: true, fix }]);
    expect([hasReservations(result), shortReport(result).match(/exceptions go to the\s+ROM's table/g)]).toEqual([
      true,
      [expect.anything()],
    ]);
  });
});
it('a pin that is still held is named where the application enters the ROM again', () => {
  const { after } = run('f405-polls-pin', 'stm32f405rg', { board: { pins: { PC13: 1 } } });
  expect(after!.alive).toEqual({
    result: 'not-tried',
    because:
      'it enters the ROM again, because PC13 is still high, as f405-polls-pin/main.c:14 (main) reads it: no firmware can change that',
  });
});
