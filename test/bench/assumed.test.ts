/** What surrounds a firmware that nobody described: its boot loader, and the clock that it counts on, where the usual board of its chip has another one or none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MOST } from '../../src/bench/documents/bounds.ts';
import { assumedJob, firstRun, triggeredJob } from '../../src/bench/first-run.ts';
import type { RunJob } from '../../src/bench/input/job.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { runHere } from '../../src/library/job-here.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const run = (chip: string, program: (t: Thumb) => Thumb, scenario: Scenario = {}): RunResult =>
  firstRun(jobOf(chip, program, scenario), {});
function jobOf(chip: string, program: (t: Thumb) => Thumb, scenario: Scenario = {}): RunJob {
  const code = program(new Thumb(FLASH + 0x100))
    .label('end')
    .b('end')
    .bytes();
  const bytes = new Uint8Array(0x100 + code.length);
  new DataView(bytes.buffer).setUint32(0, 0x20001000, true);
  new DataView(bytes.buffer).setUint32(4, FLASH + 0x101, true);
  bytes.set(code, 0x100);
  const job = plainJob(chip, [{ path: 'app.bin@0x08000000', bytes }]);
  return { ...job, scenario: { ...job.scenario, ...scenario } };
}
const told = (r: RunResult): string[] => r.notes.filter((n) => n.kind === 'assumed-board').map((n) => String(n.text));

/** Bits of RCC_CR, alike on all families (RM0394 6.4.1). */
const [HSEON, HSERDY, HSEBYP] = [0x10000, 0x20000, 0x40000];
/** Switches HSE on as RCC_CR says, and waits for it. */
const waits =
  (rccCr: number, bits: number) =>
  (t: Thumb): Thumb =>
    t.constant(0, rccCr).constant(1, bits).constant(2, HSERDY).str(1, 0).label('wait').ldr(3, 0).tst(3, 2).beq('wait');

/** A PLL whose VCO is out of its range with 8 MHz. */
const locks = (t: Thumb): Thumb => {
  t.constant(0, 0x40023800).constant(1, 0x10083).str(1, 0);
  t.constant(2, 0x40023804)
    .constant(1, (0x04400000 | (432 << 6) | 2) >>> 0)
    .str(1, 2);
  return t.constant(1, 0x01010083).str(1, 0);
};

describe('a firmware that waits for HSE', () => {
  const onL431 = (scenario?: Scenario): RunResult => run('stm32l431rc', waits(0x40021000, HSEON), scenario);

  it('has a crystal, where the usual board of the chip has none', () => {
    const result = onL431();
    expect(result.notes.some((n) => n.about?.is === 'never-ready')).toBe(false);
    expect(result.scenario.board.hse).toEqual(expect.objectContaining({ hz: 8e6, kind: 'crystal' }));
    expect(told(result)[0]).toMatch(/^a crystal of 8 MHz at OSC_IN is assumed, because the firmware waits for it/);
  });
  it.each([{ trigger: false }, {}])('has it also where only the part is named (%j), which says nothing of its board', async (options) => {
    const folder = mkdtempSync(join(tmpdir(), 'assumed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { images } = jobOf('stm32l431rc', waits(0x40021000, HSEON));
    writeFileSync(join(folder, 'app.bin'), images[0]!.bytes);
    const job = await loadJob(['app.bin@0x08000000'], { chip: 'stm32l431rc', ...options }, folder);
    const result = runHere(job, {});
    expect(told(result)[0]).toMatch(/^a crystal of 8 MHz at OSC_IN is assumed/);
    expect(result.notes.some(({ kind }) => kind === 'trigger' || kind === 'find-jump')).toBe(false);
  });
  it('is assumed to have no more than a bound allows, which the result names', () => {
    const limits = (): string => onL431().notes.filter(({ kind }) => kind === 'bounded').map(({ text }) => String(text)).join(); // prettier-ignore
    expect(limits()).not.toContain('assumptions');
    const { assumed } = MOST;
    onTestFinished(() => void Object.assign(MOST, { assumed }));
    MOST.assumed = 0;
    expect(limits()).toBe('limits of the search: 0 assumptions about the board');
  });
  it('is written down with it: a test assumes nothing', () => {
    const { job, told: texts } = assumedJob(jobOf('stm32l431rc', waits(0x40021000, HSEON)), {});
    expect(job.scenario.board?.hse).toEqual({ hz: 8e6, kind: 'crystal' });
    expect(texts).toEqual([expect.stringMatching(/^a crystal of 8 MHz at OSC_IN is assumed/)]);
  });
  it('has a signal, where it sets HSEBYP and the usual board has a crystal', () => {
    const result = run('stm32f767zi', waits(0x40023800, HSEON | HSEBYP));
    expect(result.scenario.board.hse!.kind).toBe('bypass');
    expect(told(result)[0]).toMatch(/^a signal of 8 MHz/);
  });
  it('has it where other commands look for what triggers the jump, too', () => {
    const [AHB2ENR, GPIOC, ROM] = [0x4002104c, 0x48000800, 0x1fff0000];
    const pressed = (t: Thumb): Thumb =>
      waits(
        0x40021000,
        HSEON,
      )(t)
        .constant(0, AHB2ENR)
        .movs(1, 4)
        .str(1, 0)
        .constant(0, GPIOC)
        .constant(1, 0xf3ffffff)
        .str(1, 0)
        .label('poll')
        .ldr(1, 0, 0x10)
        .lsrs(1, 1, 13)
        .lsls(1, 1, 31)
        .beq('poll')
        .constant(0, ROM)
        .ldr(1, 0)
        .put(0xf381, 0x8808)
        .ldr(1, 0, 4)
        .bx(1);
    const { job, told: how } = triggeredJob({ ...jobOf('stm32l431rc', pressed), trigger: true });
    expect(job.scenario.steps).not.toEqual([]);
    expect(how).toMatch(/PC13 = 1.*; a crystal of 8 MHz at OSC_IN is assumed/);
  });
  it('has nothing else, where somebody said what the board has', () => {
    const result = onL431({ board: { hse: null } });
    expect(result.stuck?.register).toBe('RCC.CR');
    expect(told(result)).toEqual([]);
  });
  it('is left alone where HSE comes', () => expect(told(run('stm32f405rg', waits(0x40023800, HSEON)))).toEqual([]));
});

describe('a USB device whose clock would be right with another crystal', () => {
  /** RCC_CFGR (PLLSRC, USBPRE, × 4), RCC_CR, RCC_APB1ENR, USB_CNTR of F103: RM0008 7.3, 23.5. */
  const PLL4 = 0x410000 | (2 << 18);
  const writes = [[0x40021004, PLL4], [0x40021000, 0x1010083], [0x4002101c, 0x800000], [0x40005c40, 0]] as const; // prettier-ignore
  const device = (t: Thumb): Thumb => writes.reduce((code, [to, value]) => code.constant(0, to).constant(1, value).str(1, 0), t);
  // a step to come keeps the run going while the host waits and asks
  const asks: Scenario = { until: '400ms', steps: [{ at: '350ms', do: { pin: { name: 'PC13', level: 0 } } }] };

  it('has that crystal: 4 × 12 MHz are 48 MHz, 4 × 8 MHz are not', () => {
    const result = run('stm32f103cb', device, asks);
    expect(result.scenario.board.hse!.hz).toBe(12e6);
    expect(told(result)[0]).toMatch(/^a clock of 12 MHz at OSC_IN is assumed, because USB would run at a wrong rate with 8 MHz/);
  });
  it('keeps the one that somebody named, and the note that another would be right', () => {
    const result = run('stm32f103cb', device, { ...asks, board: { hse: { hz: 8e6, kind: 'crystal' } } });
    expect(told(result)).toEqual([]);
    expect(result.notes.some((n) => n.kind === 'usb-clock')).toBe(true);
  });
});

describe('an image that is linked behind a boot loader which is not there', () => {
  /** A table at the address, of a stack and a program that switches HSE on and waits for it. */
  function behind(address: number, reset = address + 0x101, sp = 0x20001000): RunResult {
    const code = waits(
      0x40023800,
      HSEON,
    )(new Thumb(address + 0x100))
      .label('end')
      .b('end')
      .bytes();
    const bytes = new Uint8Array(0x100 + code.length);
    new DataView(bytes.buffer).setUint32(0, sp, true);
    new DataView(bytes.buffer).setUint32(4, reset, true);
    bytes.set(code, 0x100);
    return firstRun(plainJob('stm32f405rg', [{ path: `app.bin@0x${address.toString(16)}`, bytes }]), {});
  }
  const started = (r: RunResult): string[] => r.notes.filter((n) => n.kind === 'boot-at').map((n) => String(n.text));

  it('starts at its own vector table, and its start at the erased flash is no fault', () => {
    const result = behind(0x08004000);
    expect(result.outcome).not.toBe('fault');
    expect(started(result)).toEqual([expect.stringMatching(/^started at 0x08004000, where the image begins, as its boot loader would/)]);
    expect(result.notes.some((n) => n.kind === 'boot-address')).toBe(false);
  });
  it.each([
    ['whose first words are no stack', 0x08004000, 0x08004101, 0x08001000],
    ['whose start lies elsewhere', 0x08004000, 0x08000101, 0x20001000],
    ['where VTOR cannot point', 0x08004040, 0x08004141, 0x20001000],
  ])('does not, %s', (_what, address, reset, sp) => {
    const result = behind(address, reset, sp);
    expect(result.outcome).toBe('fault');
    expect(started(result)).toEqual([]);
  });
});

it('a rate that is told comes from a crystal that nobody named: that is told with it', () => {
  // 8 MHz / 2 × 432: no usual crystal is low enough for that
  const result = run('stm32f405rg', locks);
  expect(result.notes.map(({ text }) => text).join()).toContain('VCO at 1728 MHz');
  expect(told(result)[0]).toMatch(/^a clock of 8 MHz at OSC_IN is assumed: if your board has another/);
  expect(told(run('stm32f405rg', locks, { board: { hse: { hz: 8e6, kind: 'crystal' } } }))).toEqual([]);
});

describe('a firmware whose images name their board', () => {
  const onNucleo = (more: Partial<RunJob> = {}): RunResult =>
    firstRun({ ...jobOf('stm32f446re', waits(0x40023800, HSEON | HSEBYP)), boardNamed: 'nucleo-f446re', ...more }, {});
  it('runs with what that board feeds to OSC_IN and what its resistors pull up', () => {
    const { scenario, ...result } = onNucleo();
    expect(scenario.board.hse).toEqual(expect.objectContaining({ hz: 8e6, kind: 'bypass' }));
    expect(scenario.board.pins).toEqual({ PC13: 1 });
    expect(told({ scenario, ...result })).toEqual([
      expect.stringMatching(/^the board nucleo-f446re is assumed, because the image names it: if yours is another, /),
    ]);
  });
  it('is told no such thing where somebody said what the board has', () => {
    const scenario = { board: { hse: { hz: 8e6, kind: 'bypass' } } } as const;
    expect(told(onNucleo({ scenario }))).toEqual([]);
    expect(onNucleo({ scenario }).scenario.board.pins).toEqual({});
  });
});

describe('a firmware whose project says its clock', () => {
  const pin = { file: 'the .ioc file', hz: 16e6, kind: 'crystal', pin: true } as const;
  const job = (chip: string, more: Partial<RunJob>): RunResult => firstRun({ ...jobOf(chip, waits(0x40023800, HSEON)), ...more }, {});
  const hz = (chip: string, more: Partial<RunJob>): number | undefined => job(chip, more).scenario.board.hse?.hz;
  const USUAL = 8e6;
  const header = (hertz: number) => ({ file: 'stm32f4xx_hal_conf.h', hz: hertz, kind: 'crystal', template: true }) as const;
  it('runs with it', () => {
    expect(hz('stm32f405rg', { clockSays: pin })).toBe(16e6);
    expect(hz('stm32f405rg', { clockSays: { file: 'the Makefile', hz: 12e6, kind: 'crystal' } })).toBe(12e6);
  });
  it('is told that where its rates hang on it', () => {
    const result = firstRun({ ...jobOf('stm32f405rg', locks), clockSays: header(USUAL) }, {});
    expect(told(result)[0]).toMatch(
      /^a clock of 8 MHz at OSC_IN is assumed, because stm32f4xx_hal_conf.h says so: if your board has another/,
    );
  });
  it('runs as usual where only the template of the HAL says it, or somebody says what the board has', () => {
    expect(hz('stm32f405rg', { clockSays: header(16e6) })).toBe(USUAL);
    expect(hz('stm32f405rg', { clockSays: pin, scenario: { board: { hse: { hz: 10e6, kind: 'crystal' } } } })).toBe(10e6);
  });
});
