/** `OK, but`: what a success rests on, where a board need not do the same. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hasReservations } from '../../src/bench/documents/reservations.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { runBench } from '../../src/bench/run.ts';
import { toMend } from '../../src/report/patch.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const ROM = 0x1fff0000;
const [RCC_CR, RCC_PLLCFGR, RCC_AHB1ENR] = [0x40023800, 0x40023804, 0x40023830];
const [RCC_CFGR, FLASH_ACR] = [0x40023808, 0x40023c00];
const [GPIOC_PUPDR, GPIOC_IDR] = [0x4002080c, 0x40020810];

/** A program for F411 that jumps to the ROM in the end. */
function run(body: (t: Thumb) => Thumb, scenario: Partial<Scenario> = {}) {
  const t = body(new Thumb(MAIN));
  t.constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1).label('end').b('end');
  const result = runBench(jobInput(plainJob('STM32F411CE', bareImage(t), scenario)));
  return {
    outcome: result.outcome,
    but: result.notes.filter(({ kind }) => kind === 'but').map(({ text }) => text),
    has: hasReservations(result),
    checks: result.checks,
    mends: toMend(result).map(({ id, fix }) => [id, fix]),
    fixes: result.diagnosis.causes.map(({ fix }) => fix ?? ''),
  };
}
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
/** 100 MHz of HSI and the PLL. */
const toPll = (t: Thumb): Thumb =>
  store(
    store(store(t, RCC_PLLCFGR, 0x04000008 | (100 << 6)), RCC_CR, 0x01000083)
      .label('locked')
      .ldr(1, 0)
      .lsrs(1, 1, 25)
      .lsls(1, 1, 31)
      .put(0xd5fb),
    RCC_CFGR,
    2,
  );
/** Waits for SWS = 0. */
const switched = (t: Thumb): Thumb => t.ldr(1, 0).lsls(1, 1, 28).lsrs(1, 1, 30).put(0xd1fb);
/** Goes on where PC13 is 0, and ends where it is 1. */
const ifPressed = (t: Thumb): Thumb => t.constant(0, GPIOC_IDR).ldr(1, 0).lsrs(1, 1, 13).lsls(1, 1, 31).bne('end');

const [SYSCFG_MEMRMP, RCC_APB2ENR, VTOR] = [0x40013800, 0x40023844, 0xe000ed08];
/** Maps the ROM to 0 and goes there by the word at 4. */
const mapped = (t: Thumb): Thumb => store(t, SYSCFG_MEMRMP, 1).movs(0, 0).ldr(1, 0, 4).bx(1);

const [TIM2, RCC_APB1ENR, NVIC_ISER0, NVIC_IPR7] = [0x40000000, 0x40023840, 0xe000e100, 0xe000e41c];
/** TIM2 raises its interrupt for the first time after some cycles of 16 MHz; that of USB preempts it. */
const timer = (t: Thumb, cycles: number): Thumb =>
  [[RCC_APB1ENR, 1], [TIM2 + 0x2c, cycles], [TIM2 + 0xc, 1], [NVIC_IPR7, 0x40], [NVIC_ISER0, 1 << 28], [TIM2, 1]].reduce((u, [at, value]) => store(u, at!, value!), t); // prettier-ignore

describe('an OK has a reservation where', () => {
  it('an interrupt that is left on comes only when the ROM has attached', () => {
    const late = run((t) => timer(t, 16_000 * 100));
    expect(late.outcome).toBe('dfu');
    expect(late.but).toEqual([
      'Interrupt 28 (TIM2) is still enabled at the jump. If it comes before the ROM has attached to USB, the run ends without DFU (rom-silent); here it came behind that, and its handler in the ROM has not returned: DFU answers only because the USB interrupt preempts it. Disable all interrupts in the NVIC before the jump.',
    ]);
    expect(late.mends).toEqual([['nvic-enabled', expect.stringContaining('NVIC_DisableIRQ((IRQn_Type)28);')]]);
    const early = run((t) => timer(store(t, NVIC_ISER0 + 4, 1 << 6), 100));
    expect(early.outcome).toBe('rom-silent');
    // one of them is to blame; in front of the jump both go
    expect(early.fixes.join()).toMatch(/NVIC_DisableIRQ\(\(IRQn_Type\)28\).*NVIC_DisableIRQ\(\(IRQn_Type\)38\)/s);
    expect(run((t) => store(timer(t, 16_000 * 100), NVIC_ISER0 + 0x80, 1 << 28)).but).toEqual([]);
  });
  it('its request hangs on an input that nothing drives, in front of the reset', () => {
    const [REQUEST, WORD, AIRCR] = [0x20001000, 0xb00710ad, 0xe000ed0c];
    const asks = (t: Thumb): Thumb =>
      store(ifPressed(store(t.constant(0, REQUEST).ldr(1, 0).constant(2, WORD).put(0x4291).beq('asked'), RCC_AHB1ENR, 4)), REQUEST, WORD)
        .constant(0, AIRCR)
        .constant(1, 0x05fa0004)
        .str(1, 0)
        .label('reset')
        .b('reset')
        .label('asked');
    const { outcome, but } = run(asks);
    expect([outcome, but.length]).toEqual(['dfu', 1]);
    expect(but[0]).toMatch(/^PC13 floats: nothing drives it, and it reads 0 here\. With 1, the firmware does not enter the ROM so\.$/);
  });
  it('IWDG runs, and the ROM refreshes it only while a host talks to it', () => {
    const [KR, PR, RLR] = [0x40003000, 0x40003004, 0x40003008];
    const started = (t: Thumb): Thumb => store(store(store(store(t, KR, 0x5555), PR, 6), RLR, 624), KR, 0xcccc);
    const onF103 = (set: (t: Thumb) => Thumb) => {
      const t = set(new Thumb(MAIN)).constant(0, 0x1ffff000).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
      return runBench(jobInput(plainJob('STM32F103C8', bareImage(t), { goal: 'usart1' })));
    };
    const { notes, ...result } = onF103(started);
    const but = notes.filter(({ kind }) => kind === 'but').map(({ text }) => text);
    // 625 periods of 256 at 40 kHz
    expect(but).toEqual([
      expect.stringMatching(/^IWDG runs, .* \(measured\)\. If no host comes within 4 s of the jump, IWDG resets the chip\./),
    ]);
    expect(toMend({ notes, ...result }).map(({ id }) => id)).toEqual(['iwdg']);
    expect(result.checks.find(({ id }) => id === 'iwdg')!.because).toContain('only while a host talks to it');
    expect(hasReservations(onF103((t) => t))).toBe(false);
  });
  it('it rests on a write to a block without a clock, which is not documented to count', () => {
    const { outcome, but, has, mends } = run(mapped);
    expect([outcome, has]).toEqual(['dfu', true]);
    expect(but).toHaveLength(1);
    expect(but[0]).toMatch(/^0x0800020[0-9a-f] writes SYSCFG_MEMRMP while RCC_APB2ENR\.SYSCFGEN is 0\..* set SYSCFGEN first\.$/);
    expect(mends).toEqual([['state', expect.stringContaining('RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;')]]);
  });
  it('neither that write counts nor the ROM sets VTOR, where each of the two is enough', () => {
    const { outcome, but, checks } = run((t) => store(store(t, SYSCFG_MEMRMP, 1), VTOR, 0));
    expect(outcome).toBe('dfu');
    expect(but).toHaveLength(1);
    expect(but[0]).toMatch(
      / while RCC_APB2ENR\.SYSCFGEN is 0\..* If it does not count on your chip, and the real ROM does not set VTOR itself, the run ends without DFU: set SYSCFGEN first\.$/,
    );
    expect(['remap', 'vtor'].map((id) => checks.find((c) => c.id === id)!.verdict)).toEqual(['unknown', 'unknown']);
  });
  it.each([
    ['the block has its clock', (t: Thumb) => mapped(store(t, RCC_APB2ENR, 1 << 14))],
    ['the ROM comes up without the write, too', (t: Thumb) => store(t, SYSCFG_MEMRMP, 0)],
  ])('but not where %s', (_name, body) => {
    const { outcome, but } = run(body);
    expect([outcome, ...but]).toEqual(['dfu']);
  });

  it('the firmware runs from a PLL beyond its limits, with the line of its factors', () => {
    // HSI 16 MHz / 8 × 300 = 600 MHz
    const { outcome, but, has } = run((t) =>
      store(store(t, RCC_PLLCFGR, 0x04000008 | (300 << 6)), RCC_CR, 0x01000083)
        .label('lock')
        .ldr(1, 0)
        .lsrs(1, 1, 25)
        .lsls(1, 1, 31)
        .put(0xd5fb),
    );
    expect([outcome, has]).toEqual(['dfu', true]);
    expect(but).toHaveLength(1);
    expect(but[0]).toMatch(
      /^RCC: PLL: VCO at \d+ MHz, allowed 100 to 432 MHz \(0x0800020[0-9a-f]\)\. A real chip need not run with that\.$/,
    );
  });

  it.each([
    ['the clock is raised without wait states', (t: Thumb) => toPll(t)],
    ['wait states are taken away before the clock is lowered', (t: Thumb) => store(toPll(store(t, FLASH_ACR, 3)), FLASH_ACR, 0)],
  ])('%s, with the line of the last store', (_name, body) => {
    const { outcome, but, has } = run(body);
    expect([outcome, has]).toEqual(['dfu', true]);
    const last = MAIN + 2 * (body(new Thumb(MAIN)).length - 1);
    expect(but).toEqual([
      `Flash is read with 0 wait states at 100 MHz, which asks for 3 at least (0x0${last.toString(16)}). A real chip may execute wrong instructions then.`,
    ]);
  });

  it('the jump hangs on an input that nothing drives', () => {
    const { outcome, but } = run((t) => ifPressed(store(t, RCC_AHB1ENR, 4)));
    expect(outcome).toBe('dfu');
    expect(but).toEqual(['PC13 floats: nothing drives it, and it reads 0 here. With 1, the firmware does not enter the ROM so.']);
  });
});

describe('an OK has none where', () => {
  it('wait states come before the clock, and go behind it', () => {
    const body = (t: Thumb): Thumb => store(switched(store(toPll(store(t, FLASH_ACR, 3)), RCC_CFGR, 0)), FLASH_ACR, 0);
    expect(run(body)).toMatchObject({ outcome: 'dfu', but: [], has: false });
  });
  it('the firmware just jumps', () => {
    expect(run((t) => t)).toMatchObject({ outcome: 'dfu', but: [], has: false });
  });
  it('the input has a pull', () => {
    expect(run((t) => ifPressed(store(store(t, RCC_AHB1ENR, 4), GPIOC_PUPDR, 2 << 26)))).toMatchObject({ outcome: 'dfu', but: [] });
  });
  it('the board drives it', () => {
    expect(run((t) => ifPressed(store(t, RCC_AHB1ENR, 4)), { board: { pins: { PC13: 0 } } })).toMatchObject({ outcome: 'dfu', but: [] });
  });
  it('a failure tells no reservation', () => {
    expect(run((t) => store(t, RCC_AHB1ENR, 4).cpsidI())).toMatchObject({ outcome: 'rom-silent', but: [], has: false });
  });

  it('semihosting was answered, unless a debugger is attached', () => {
    const calls = (t: Thumb): Thumb => t.constant(0, 0).put(0xbeab);
    const { outcome, but } = run(calls);
    expect(outcome).toBe('dfu');
    expect(but).toEqual([
      expect.stringMatching(
        /^Semihosting is answered here \(BKPT 0xAB, first at 0x080002[0-9a-f]{2}\), and no debugger is attached\. .* HardFault/,
      ),
    ]);
    expect(run(calls, { board: { debugger: true } }).but).toEqual([]);
  });
});

describe('of a step that calls', () => {
  const path = fileURLToPath(new URL('../../demo/firmware/fixes/3-request-kept.elf', import.meta.url));
  const called = (call: string, at = '100ms') => {
    const job = plainJob('STM32F446RE', [{ path, bytes: readFileSync(path) }], { steps: [{ at, do: { call } }] });
    const { outcome, notes } = runBench(jobInput(job));
    return [outcome, notes.flatMap(({ kind, text }) => (kind === 'but' ? [text] : []))];
  };
  it('the jump itself, an OK says that nothing of the board led there', () =>
    expect(called('bootloader_jump')).toEqual(['dfu', [expect.stringContaining('makes bootbench call bootloader_jump itself')]]));
  it('the request, which goes its way by the reset, it has nothing to say', () => expect(called('bootloader_reset')).toEqual(['dfu', []]));
});
