/** The first screen: what it holds, and that it stays one. */
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import type { Board } from '../../src/bench/documents/scenario-types.ts';
import { bench } from '../../src/index.ts';
import type { ResultCause, RunResult } from '../../src/bench/documents/result.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { sourcesOf } from '../../src/cli/sources.ts';
import { githubAnnotations } from '../../src/report/ci.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { patchOf } from '../../src/report/patch.ts';
import { shortReport } from '../../src/report/short.ts';
import { screenOf } from '../../src/report/story/lines.ts';
import { tell } from '../../src/report/story/sentences.ts';
import type { SourceFile, Sources } from '../../src/report/source-lines.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { ansi, visibleLength } from '../../src/report/text.ts';
import { folder } from '../cli/helpers.ts';
import { Thumb } from '../emu/thumb.ts';
import { shownIn } from '../fixtures/place.ts';
import { dfuResult, primaskResult } from '../samples/results.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const run = async (name: string): Promise<RunResult> =>
  inThread(await loadJob([], { scenario: join(FIXTURES, name, 'scenario.json') }, FIXTURES), {});
const source = (text: string): SourceFile => ({ path: 'src/main.c', lines: text.split('\n'), newer: false, elsewhere: false });

describe('a fix where the screen is full', () => {
  const told = (...texts: readonly string[]): readonly string[] => {
    const code = texts.map((text) => ({ mark: '+' as const, text }));
    const fix = tell({ is: 'fix', form: 'diff', where: 'main.c, line 3', code, left: [], needs: [] }, 'screen');
    return screenOf([fix], { width: 80 }, 1).map((line) => line.trim());
  };
  it('is not told without its only line', () => expect(told('x = 0;')).toEqual(['Fix    main.c, line 3:', '+x = 0;']));
  it('has at least six lines, ends at no brace that opens, and hides no single line', () => {
    const lines = Array.from({ length: 12 }, (_, i) => `line${i};`);
    expect(told(...lines).slice(1)).toEqual([...lines.slice(0, 6).map((text) => `+${text}`), 'and 6 more lines: --fix, or -v']);
    const opened = lines.with(5, 'if (x) {');
    expect(told(...opened).slice(1)).toEqual([...opened.slice(0, 7).map((text) => `+${text}`), 'and 5 more lines: --fix, or -v']);
    expect(told(...lines.slice(0, 7))).toHaveLength(8);
    const code = lines.map((text) => ({ mark: '+' as const, text }));
    const fix = tell({ is: 'fix', form: 'diff', where: 'main.c, line 3', code, left: [], needs: [] }, 'screen');
    const wholeFix = 'bootbench run --scenario a.json --fix';
    expect(screenOf([fix], { width: 80, wholeFix }, 1).at(-1)!.trim()).toBe(`and 6 more lines: ${wholeFix}`);
  });
});

describe.each(['h533-seed000-as-posted', 'l476-seed004-masked', 'f405-own-crash', 'h533-stuck-pka'])('%s', (name) => {
  it('fits on one screen, at every width, with and without colour', async () => {
    const result = await run(name);
    const sources = sourcesOf({ images: [`${name}/firmware.elf`], folder: FIXTURES, io: { cwd: FIXTURES, env: {} } });
    for (const width of [40, 80, 120]) {
      const lines = shortReport(result, { width, sources, paint: ansi }).trimEnd().split('\n');
      expect(lines.length).toBeLessThanOrEqual(width < 80 ? 50 : 25);
      expect(lines.join('')).not.toMatch(/\w…| …/);
      if (width >= 80) for (const line of lines) expect(visibleLength(line)).toBeLessThanOrEqual(width);
    }
  });
});

const AT_MAIN = { pc: '0x08000324', symbol: 'main', file: 'main.c', line: 2 } as const;

test('a success takes ten lines at most', () =>
  expect(shortReport(dfuResult(), { width: 80 }).trimEnd().split('\n').length).toBeLessThanOrEqual(10));

describe('what a success hangs on', () => {
  const hangs = (chip: string, ...dependsOn: RunResult['dependsOn'][number][]): RunResult => ({ ...dfuResult(), chip, dependsOn });
  const bank = { rom: 'bank-check', value: 'bfb2', other: 'always', confidence: 'inferred', outcomeIfOther: 'back-in-app' } as const;
  const table = { rom: 'vtor', value: 'sets', other: 'keeps', confidence: 'inferred', outcomeIfOther: 'rom-silent' } as const;
  it.each([
    ['STM32G474RE', 0],
    ['STM32L476RG', 0],
    ['STM32F429ZI', 0],
    ['STM32L151RE', 1],
  ])('%s: the boot bank is told by its option bit, at the level that the factory leaves', (chip, factory) => {
    const text = shortReport(hangs(chip, bank), { width: 200 });
    expect(text).toContain(`Holds  if bank 2 is not selected for boot (BFB2 = ${factory}, the factory setting)\n`);
    expect(text).not.toMatch(/bank-check|real ROM/);
  });
  it('names other options of the ROM beside it', () =>
    expect(shortReport(hangs('STM32G474RE', table, bank), { width: 200 })).toContain(
      'the factory setting), and the real ROM sets VTOR itself (inferred)\n',
    ));
  it.each(['documented', 'measured'] as const)('says nothing where what is needed is %s, and -v keeps it', (confidence) => {
    const result = hangs('STM32G474RE', { ...table, confidence });
    expect(shortReport(result, { width: 80 })).not.toMatch(/Holds|vtor/);
    expect(terminalReport(result, { width: 80 })).toContain('vtor');
  });
});

test('what has no room on the screen of a success is left to -v, and nothing is cut within a sentence', () => {
  const good = dfuResult();
  const kept = { kind: 'kept-options', text: 'option bytes that main.c:10 (main) wrote outlive resets and power-off '.repeat(8) };
  const summary = 'DFU enumerated behind a long way '.repeat(8);
  const result = { ...good, summary, notes: [...good.notes, kept] };
  const text = shortReport(result, { width: 80 });
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  expect(text.replace(/\s+/g, ' ')).toContain(summary.trim());
  expect(text).not.toMatch(/…|option bytes/);
  expect(terminalReport(result, { width: 80 })).toContain('option bytes');
});

test('a way back that is lost is no harmless remark: it has its reason, its fix and what it hangs on', async () => {
  const text = shortReport(await run('l476-leave-vtor'), { width: 80 });
  expect(text).toMatch(/after\s+the\s+DFU\s+leave,\s+the\s+application\s+does\s+not\s+start\s+properly\s+\(leave-vtor\)\./);
  expect(text).toMatch(/Leave +leave-vtor: [^]*SCB->VTOR = 0x08000000u[^]*leave-vtor "keeps" \(documented\)/);
  expect(text).toMatch(/Note .*harmless (?:with this ROM|in every variant of the ROM that the documents leave open): (?![^]*leave-)/);
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test.each([
  ['while (!dfu_requested);', true],
  ['  for (; count < 10; ) {}', true],
  ['while (1) {', false],
  ['for (;;);', false],
  ['while (true);', false],
  ['__WFI();', false],
  ['while (1) __asm volatile("nop");', false],
  ['while (!(flag()) && other) { x(); }', true],
  ['for (int i = 0; i < n; i++); for (;;);', false],
  ['while (1) { /* while (x) */ }', false],
])('a loop that reads nothing at %j: the missing volatile is told (%s)', (line, told) => {
  const result: RunResult = {
    ...primaskResult(),
    outcome: 'stuck',
    summary: 'the firmware hangs in an endless loop at main.c:2 (main) and never jumps',
    stuck: { address: null, register: null, value: null, pc: '0x08000324', force: null },
    notes: [
      {
        kind: 'loop',
        text: 'main.c:2 (main)',
        about: { is: 'loop', at: AT_MAIN, where: 'main.c:2 (main)', callers: [], inHandler: false },
      },
    ],
    diagnosis: { explained: null, causes: [], sets: [], harmless: [] },
    entries: [],
  };
  const text = shortReport(result, { width: 120, sources: () => source(`int main(void) {\n${line}\n}`) });
  expect(text).toContain(`> 2 | ${line.trimEnd()}`);
  expect(text.replace(/\s+/g, ' ').includes('must be volatile')).toBe(told);
});

it('of repairs with one name for all it says how many there are, and a fix behind a loader has the line that starts the application', async () => {
  const name = 'f405-chain-dma-left';
  const result = await run(name);
  expect(result.diagnosis.sets).toEqual([['image'], ['image'], ['image']]);
  const text = shortReport(result, { width: 160 });
  expect(text).toContain(`Fix    in C, at the jump (${shownIn(name, 'jump_to_table(APPLICATION);')} (main)):`);
  expect(text).toContain('any one of the 3 repairs that the cause names is enough');
  expect(text).not.toMatch(/image, or image/);
});

it('where the core sleeps, the line of the loop reads what it says', async () => {
  const name = 'f405-chain-deep-sleep';
  const sources = sourcesOf({ images: [`${name}/app.elf`], folder: FIXTURES, io: { cwd: FIXTURES, env: {} } });
  const result = { ...(await run(name)), diagnosis: { explained: null, causes: [], sets: [], harmless: [] } };
  const text = shortReport(result, { width: 160, sources });
  expect(text).toContain('the core sleeps (WFI)');
  expect(text).toContain('while (ticks - start < ms) wfi();');
  expect(text).not.toContain('The loop reads no memory');
});

it('of an endless loop that polls nothing the headline does not say that it waits', () => {
  const result: RunResult = {
    ...primaskResult(),
    outcome: 'stuck',
    summary: 'the firmware hangs in an endless loop at main.c:2 (main) and never jumps',
    stuck: { address: null, register: null, value: null, pc: '0x08000324', force: null },
    notes: [],
    diagnosis: { explained: null, causes: [], sets: [], harmless: [] },
    entries: [],
  };
  expect(shortReport(result)).toMatch(/^FAIL +stuck: the firmware ends in an endless loop\n/);
  const waits = { ...result, notes: [{ kind: 'wait', text: 'SysTick is not taken: PRIMASK is 1' }] };
  expect(shortReport(waits)).toMatch(/^FAIL +stuck: the firmware does not get any further\n/);
});
it('of a wait of which nothing is known the headline does not say that it cannot end, where a register is not modelled', () => {
  const result: RunResult = {
    ...primaskResult(),
    outcome: 'stuck',
    stuck: { address: '0x20000000', register: null, value: '0x00000000', pc: '0x08000324', force: null },
    notes: [],
    diagnosis: { explained: null, causes: [], sets: [], harmless: [] },
    entries: [],
  };
  expect(shortReport({ ...result, unmodelled: [] })).toMatch(/^FAIL +stuck: the firmware does not get any further\n/);
  const unmodelled = [{ peripheral: 'SPI1', register: 'I2SCFGR', reads: 1, writes: 1 }];
  expect(shortReport({ ...result, unmodelled })).toMatch(/^FAIL +stuck: the firmware does not get any further here\n/);
});

const NO_HSE = { is: 'never-ready', flag: 'HSERDY', otherBoard: true, block: 'RCC' } as const;

test('where no line of the program faulted, what is suspected stands behind the fault', () => {
  const cause: ResultCause = {
    ...primaskResult().diagnosis.causes[0]!,
    proved: false,
    id: 'boot-selection',
    explanation: 'the chip starts in RAM',
  };
  const of = (crash: string, file: string | null): string =>
    shortReport({
      ...primaskResult(),
      outcome: 'fault',
      notes: [{ kind: 'crash', text: crash, about: { is: 'fault', at: { ...AT_MAIN, file }, jumped: false } }],
      diagnosis: { explained: null, causes: [cause], sets: [], harmless: [] },
    });
  expect(of('0xc4246336 jumped to 0xc4246336: nothing answers there', null)).toMatch(
    /Fault .*\nMaybe  boot-selection: the chip starts in RAM\n/,
  );
  expect(of('main.c:7 (main) wrote to 0xc4246336: nothing answers there', 'main.c')).not.toContain('boot-selection:');
});

test('a reason for a wait that the sentence has is not told a second time', () => {
  const why = 'app.elf at 0x08010000 was never started: nothing read its vector table';
  const wait = { address: null, register: null, value: null, pc: '0x08000500' as const, force: null };
  const text = (summary: string, inHandler: boolean): string => {
    const loop = { kind: 'loop', text: 'x', about: { is: 'loop', at: AT_MAIN, where: 'x', callers: [], inHandler } } as const;
    const notes = [loop, { kind: 'wait', text: why }];
    return shortReport({ ...primaskResult(), outcome: 'stuck', diagnosis: NONE, stuck: wait, notes, summary }).replace(/\s+/g, ' ');
  };
  expect(text(`it waits for ever: ${why}.`, false).split('was never started')).toHaveLength(2);
  expect(text('its handler never returns.', true)).toContain(why);
});
test('option bytes that were written in vain are told where nothing entered the ROM, and what is suspected beside a loop that reads nothing', () => {
  const wait = { address: null, register: null, value: null, pc: '0x08000500' as const, force: null };
  const text = 'FLASH: FLASH_OPTR written while OPTLOCK = 1: ignored';
  const report = (entries: RunResult['entries']): string =>
    shortReport(
      {
        ...primaskResult(),
        outcome: 'stuck',
        diagnosis: SUSPECTED,
        entries,
        stuck: wait,
        notes: [{ kind: 'guest', text, about: { is: 'locked', lock: 'OPTLOCK', block: 'FLASH' } }],
      },
      { width: 120 },
    );
  expect(report([])).toMatch(
    /Maybe +option-bytes: [^]*Lost +FLASH: FLASH_OPTR written while OPTLOCK = 1: ignored; first write the two keys to FLASH_OPTKEYR/,
  );
  expect(report(primaskResult().entries)).not.toContain('Lost');
  const notes: RunResult['notes'] = [
    { kind: 'guest', text: 'FLASH: FLASH_ACR.ICRST set: no effect', about: { is: 'nothing-lost', block: 'FLASH' } },
    { kind: 'guest', text: 'RCC: a write is lost', about: { is: 'misuse', block: 'RCC' } },
    {
      kind: 'guest',
      text: 'FLASH: write to 0x08080000 while PELOCK = 1: WRPERR, nothing is changed',
      about: { is: 'misuse', block: 'FLASH' },
    },
  ];
  expect(shortReport({ ...primaskResult(), outcome: 'reset-loop', diagnosis: NONE, entries: [], notes }, { width: 120 })).toMatch(
    /Lost +FLASH: write to 0x08080000/,
  );
});
test('a store that the flash refused is told with its line, and what shows at a reset without one', () => {
  const text = 'FLASH: 4-byte write to the flash at 0x080e0000 with FLASH_CR.PSIZE for 1 bytes: PGPERR';
  const row = { at: '0.1', cycle: 1, kind: 'guest', text, pc: '0x08000500', file: 'src/main.c', line: 29 } as const;
  let more: readonly RunResult['notes'][number][] = [];
  const lost = (about: RunResult['notes'][number]['about']): string => {
    const notes = [{ kind: 'guest', text, ...(about && { about }) }, ...more];
    const run = { ...primaskResult(), outcome: 'reset-loop', diagnosis: NONE, entries: [], notes, timeline: [row] } as const;
    return shortReport(run, { width: 160 });
  };
  expect(lost({ is: 'misuse', block: 'FLASH' })).toContain('PGPERR (main.c:29)');
  expect(lost({ is: 'half-written', address: 0x080e0000, block: 'FLASH' })).toMatch(/Lost +FLASH: 4-byte .*PGPERR$/m);
  more = [{ kind: 'half-store', text: 'nv.c:9 (keep) wrote 0x00000001 there and no more' }];
  expect(lost({ is: 'half-written', address: 0x080e0000, block: 'FLASH' })).toMatch(/Lost +FLASH: 4-byte .*PGPERR: nv.c:9 \(keep\) wrote/m);
});
test('a USB device of the application that runs at a wrong clock is told where nothing entered the ROM', () => {
  const notes = [
    { kind: 'usb-clock', text: "the application's USB device does not answer: the USB block runs at 32 MHz, but needs 48 MHz" },
  ];
  expect(shortReport({ ...primaskResult(), outcome: 'no-jump', diagnosis: NONE, entries: [], notes }, { width: 120 })).toMatch(
    /USB +the application's USB device does not answer: the USB block runs at 32 MHz/,
  );
});
test('a clock that the board cannot give is told where a run ended before the firmware gave it up', () => {
  const told = 'HSE in bypass mode (HSEBYP = 1), but the board of this run has a crystal there: HSERDY never rises';
  const text = (entries: RunResult['entries'], kind = 'guest'): string =>
    shortReport({ ...primaskResult(), outcome: 'no-jump', diagnosis: NONE, entries, notes: [{ kind, text: told, about: NO_HSE }, { kind: 'not-triggered', text: 'waits' }] }, { width: 200 }); // prettier-ignore
  expect(text([])).toMatch(/^Clock +HSE in bypass mode[^]*^Next +add --board /m);
  expect(text(primaskResult().entries)).not.toContain('HSERDY');
  expect(text([], 'wait')).not.toMatch(/^Clock/m);
});
test('where the board has no clock for a ready bit, another board is the next step and not the bit', () => {
  const wait = { address: null, register: 'RCC.CR', value: null, pc: '0x08000500' as const, force: 'RCC.CR.HSERDY=1' };
  const next = (text: string, about?: typeof NO_HSE): string =>
    shortReport(
      { ...primaskResult(), outcome: 'stuck', diagnosis: NONE, stuck: wait, notes: [{ kind: 'wait', text, ...(about && { about }) }] },
      { width: 80 },
    );
  expect(next('RCC: HSE in bypass mode, but the board of this run has a crystal there: HSERDY never rises', NO_HSE)).toMatch(
    /Next +add --board (?![^]*--force)/,
  );
  expect(next('it polls something else')).toMatch(/Next +add --force RCC.CR.HSERDY=1/);
  const notes = [
    { kind: 'board', text: 'blackpill-f411ce: 25 MHz crystal' },
    { kind: 'wait', text: 'RCC: HSE in bypass mode', about: NO_HSE },
  ];
  const named = shortReport({ ...primaskResult(), outcome: 'stuck', diagnosis: NONE, stuck: wait, notes }, { width: 80 });
  expect(named).toContain('HSE in bypass mode');
  expect(named).not.toMatch(/--board|--force/);
});
test('callers whose sources are not here are named without their paths, if those of others are', () => {
  const wait = { address: null, register: 'USART1.SR', value: null, pc: '0x08000500' as const, force: null };
  const VFPRINTF = '/build/newlib/libc/stdio/vfprintf.c';
  const callers = [
    { text: `_vfprintf_r (${VFPRINTF}:812) 2 times`, name: '_vfprintf_r 2 times', file: VFPRINTF, times: 2 },
    { text: 'main (main.c:7)', name: 'main', file: 'main.c', times: 1 },
  ];
  const notes: RunResult['notes'] = [
    { kind: 'loop', text: 'a chain', about: { is: 'loop', at: AT_MAIN, where: 'main.c:3 (_write)', callers, inHandler: false } },
  ];
  const text = (sources: Sources): string =>
    shortReport({ ...primaskResult(), outcome: 'stuck', diagnosis: NONE, stuck: wait, notes }, { sources }).replace(/\s+/g, ' ');
  expect(
    text((file) =>
      file === 'main.c' ? { path: file, lines: Array.from({ length: 9 }, () => 'x;'), newer: false, elsewhere: false } : null,
    ),
  ).toContain('called by: _vfprintf_r 2 times < main (main.c:7)');
  expect(text(() => null)).toContain('called by: _vfprintf_r (/build/newlib/libc/stdio/vfprintf.c:812) 2 times < main (main.c:7)');
});
test('a block without a clock is told as the reason of a wait, and its bit of RCC is the next step', async () => {
  const code = new Thumb(0x08000200).constant(1, 0x40010024).label('wait').ldr(0, 1).cmp(0, 100).bne('wait');
  const text = await shortReportOf(code);
  expect(text).toContain('TIM1 has no clock: RCC.APB2ENR.TIM1EN is 0, so it reads as 0 and ignores writes');
  expect(text).toMatch(/Next +set RCC.APB2ENR.TIM1EN in your firmware first\n(?![^]*--force)/);
});
test('a firmware that has given up an oscillator that the board lacks is told so, and which board is the next step', async () => {
  const HSEON = 1 << 16;
  const hangs = new Thumb(0x08000200)
    .constant(1, 0x40023800)
    .constant(0, HSEON | 0x83)
    .str(0, 1)
    .label('x')
    .b('x');
  const text = await shortReportOf(hangs, { hse: null });
  expect(text.replace(/\s+/g, ' ')).toContain('HSE is switched on, but the board of this run has nothing at OSC_IN: HSERDY never rises');
  expect(text).toMatch(/Next +add --board /);
  expect(await shortReportOf(hangs, { hse: { hz: 8000000, kind: 'crystal' } })).not.toContain('HSERDY');
});
test('a BKPT that only a debugger answers is not called harmless, and the option that shows it is told', async () => {
  // semihosting SYS_WRITEC, then the jump into the ROM
  const prints = new Thumb(0x08000200).constant(1, 0x08000000).movs(0, 3).put(0xbeab);
  const text = await shortReportOf(prints.constant(3, 0x1fff0000).ldr(0, 3).ldr(1, 3, 4).put(0xf380, 0x8808).bx(1));
  expect(text).toMatch(/^OK, but dfu/);
  expect(text).toMatch(/But +Semihosting is answered here .*\s+one, this BKPT causes a HardFault; to see it, add --no-semihosting/);
  expect(text).not.toMatch(/harmless[^:]*:[^\n]*\bdebugger\b/);
});
test('a crystal that the ROM cannot use is the cause, in the words of its check, though the run was not finished', async () => {
  const bytes = new Uint8Array(0x400);
  new Uint32Array(bytes.buffer, 0, 2).set([0x20001000, 0x08000201]);
  bytes.set(new Thumb(0x08000200).constant(3, 0x1fffb000).ldr(0, 3).ldr(1, 3, 4).put(0xf380, 0x8808).bx(1).bytes(), 0x200);
  const odd: Board = { hse: { hz: 12000000, kind: 'crystal' } };
  const images = [{ path: 'app.bin@0x08000000', bytes }];
  const whole = shortReport(await bench({ chip: 'stm32f105rc', images, scenario: { board: odd } }));
  expect(whole).toMatch(/^Cause {2}hse: the ROM knows crystals of 8, 14\.7456, 25 MHz only/m);
  const text = shortReport(await bench({ chip: 'stm32f105rc', images, scenario: { board: odd, until: '5s' } }));
  expect(text).toMatch(/^Cause {2}board \(HSE\): HSE has 12 MHz\. With 25 MHz at HSE, DFU comes/m);
  expect(text.replace(/\s+/g, ' ')).toContain(
    'the ROM knows crystals of 8, 14.7456, 25 MHz only, and derives the clocks of USB and CAN from them',
  );
});
test('an FPU instruction before CPACR is set is told as that, with its callers', async () => {
  const text = await shortReportOf(new Thumb(0x08000200).constant(0, 0x08000000).put(0xed90, 0x0a00).label('x').b('x'));
  expect(text).toMatch(/Fault +0x08000202 executed an FPU instruction while the FPU is off/);
  expect(text).toContain('NOCP (FPU instruction while the FPU is off (CPACR))');
});
test('a request that backup SRAM did not take for want of its clock is not blamed on DBP', async () => {
  const code = new Thumb(0x08000200)
    .constant(4, 0x40023800)
    .constant(0, 1 << 28) // PWREN
    .str(0, 4, 0x40)
    .constant(2, 0x40007000)
    .constant(0, 0x100) // DBP
    .str(0, 2)
    .constant(0, 1 << 18) // BKPSRAMEN
    .str(0, 4, 0x30)
    .constant(5, 0x40024000)
    .constant(1, 0xcafeb007)
    .ldr(0, 5)
    .cmpRegister(0, 1)
    .bne('ask')
    .constant(3, 0x1fff0000)
    .ldr(0, 3)
    .ldr(1, 3, 4)
    .put(0xf380, 0x8808)
    .bx(1)
    .label('ask')
    .movs(0, 0)
    .str(0, 4, 0x30)
    .str(1, 5)
    .constant(2, 0xe000ed0c)
    .constant(0, 0x05fa0004)
    .str(0, 2)
    .label('x')
    .b('x');
  expect(await shortReportOf(code)).toMatch(/Cause +magic-survives: the write was ignored: its bus clock is off/);
});
test('a request that came through the reset is not called missing where something else decided', () => {
  const { checks, resets } = primaskResult();
  const flags = ['PINRSTF', 'IWDGRSTF'];
  const kept: RunResult = {
    ...primaskResult(),
    outcome: 'no-jump',
    entries: [],
    diagnosis: { explained: null, causes: [], sets: [], harmless: [] },
    notes: [{ kind: 'not-triggered', text: 'main (main.c:6) can enter system memory' }],
    resets: [...resets, { ...resets[0]!, by: 'iwdg', flags }],
    checks: checks.map((c) => (c.id === 'magic-survives' ? { ...c, verdict: 'pass', observed: '0xdf00df00 at 0x40002854' } : c)),
  };
  const flat = (result: RunResult): string => shortReport(result).replace(/\s+/g, ' ');
  expect(kept.checks.some((c) => c.id === 'magic-survives')).toBe(true);
  expect(flat(kept)).toContain('the firmware left 0xdf00df00 at 0x40002854 and read it after the reset, but did not jump into the ROM');
  expect(flat(kept)).toContain('(reset flags: PINRSTF, IWDGRSTF)');
  const untried = { ...kept, resets };
  expect(flat(untried)).toContain('nothing triggered the jump into the ROM in this run, and no trigger was looked for: add --trigger');
  const looked = flat({ ...untried, notes: [...kept.notes, { kind: 'find-jump', text: 'PC13 = 1: no-jump' }] });
  expect(looked).not.toContain('add --trigger');
  const again = { kind: 'restart', text: 'the start-up code ran again without a reset: rom.c:31 jumped there' };
  const restarted = flat({ ...untried, notes: [...kept.notes, again] });
  expect(restarted).toContain(`Why ${again.text}`);
  expect(restarted.match(/ran again/g)).toHaveLength(1);
});
test('a firmware that has erased its own vector table is told so', async () => {
  const erases = new Thumb(0x08000200)
    .constant(4, 0x40023c00)
    .constant(0, 0x45670123)
    .constant(1, 0xcdef89ab)
    .str(0, 4, 4)
    .str(1, 4, 4)
    .constant(3, 0x202) // SER, sector 0, words
    .str(3, 4, 0x10)
    .constant(0, 0x10202) // and STRT
    .constant(5, 0x10000)
    .str(0, 4, 0x10)
    .label('busy')
    .ldr(0, 4, 0xc)
    .tst(0, 5)
    .bne('busy')
    .label('x')
    .b('x');
  expect(await shortReportOf(erases)).toContain('the firmware has erased the vector table at 0x08000000');
  expect(await shortReportOf(new Thumb(0x08000200).put(0xde00))).not.toContain('has erased the vector table');
});
test.each([
  ['the data cache switched off with what was stored since', 0, true],
  ['the data cache left on', 1 << 16, false],
])('a crash with %s: lost lines are told (%s, %s)', async (_what, then, told) => {
  const code = new Thumb(0x08000200)
    .constant(4, 0xe000ed14)
    .constant(0, 1 << 16) // CCR.DC
    .str(0, 4)
    .dsb()
    .constant(5, 0x20010000)
    .str(0, 5)
    .constant(0, then)
    .str(0, 4)
    .dsb()
    .put(0xde00);
  const bytes = new Uint8Array(0x400);
  new Uint32Array(bytes.buffer, 0, 2).set([0x20020000, 0x08000201]);
  bytes.set(code.bytes(), 0x200);
  const result = await bench({ chip: 'stm32f746zg', images: [{ path: 'app.bin@0x08000000', bytes }] });
  const text = shortReport(result, { width: 200 });
  expect(text.includes('the data cache was switched off with a dirty line at 0x')).toBe(told);
});
test('a request that no instruction writes is told as that', async () => {
  const asks = (stores: boolean): Thumb => {
    const t = new Thumb(0x08000200).constant(4, 0x20002000).constant(1, 0xb001b001).ldr(0, 4).cmpRegister(0, 1).bne('ask');
    t.constant(3, 0x1fff0000).ldr(0, 3).ldr(1, 3, 4).put(0xf380, 0x8808).bx(1).label('ask');
    if (stores) t.str(1, 4);
    return t.constant(2, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 2).label('x').b('x');
  };
  expect(await shortReportOf(asks(false))).toMatch(
    /Maybe +magic-survives: the firmware never wrote the word that it reads after the reset/,
  );
  expect(await shortReportOf(asks(true))).toMatch(/^OK +dfu/);
});
/** The first screen of code that an F405 runs out of reset. */
async function shortReportOf(code: Thumb, board: Board = {}): Promise<string> {
  const bytes = new Uint8Array(0x400);
  new Uint32Array(bytes.buffer, 0, 2).set([0x20001000, 0x08000201]);
  bytes.set(code.bytes(), 0x200);
  return shortReport(await bench({ chip: 'stm32f405rg', images: [{ path: 'app.bin@0x08000000', bytes }], scenario: { board } }), {
    width: 200,
  });
}
const [ANY] = primaskResult().diagnosis.causes;
const SUSPECTED: RunResult['diagnosis'] = {
  ...primaskResult().diagnosis,
  explained: false,
  causes: [{ ...ANY!, id: 'option-bytes', proved: false }],
  sets: [],
};
const NONE: RunResult['diagnosis'] = { ...primaskResult().diagnosis, causes: [], sets: [] };

test.each([
  ['build/fw.elf: is it built for another chip?', 'build/fw.elf: is it built for another chip?\n'],
  ['nobody pressed it', 'Nobody pressed it.\n'],
])('what a note says about the run is a sentence, and the name of a file keeps its letters: %s', (text, shown) =>
  expect(shortReport({ ...dfuResult(), notes: [{ kind: 'wrong-chip', text }] }, { width: 80 })).toContain(shown),
);

test.each([
  ['alive\n', ['alive']],
  ['one\ntwo\n', ['one', 'two']],
  ['one\ntwo\nthree\nfour\nfive\n', ['two', 'three', 'four', 'five']],
])('the last lines of a channel, however few there are: %j', (text, shown) => {
  const lines = shortReport({ ...dfuResult(), console: { usart1: text } }, { width: 80 }).split('\n');
  const at = lines.findIndex((l) => l.includes('usart1'));
  expect(lines.slice(at, at + shown.length).map((l) => l.replace('usart1', '').trim())).toEqual(shown);
});

describe('a scenario that expects a failure', () => {
  it('holds first, and nothing is red', () => {
    const text = shortReport(primaskResult(), { paint: ansi, judgement: { holds: true, failures: [] } });
    expect(text.split('\n')[0]).toContain('HOLDS');
    expect(text.split('\n')[0]).not.toContain('\u001b[31m');
  });
  it('that does not hold says what was expected', () => {
    const text = shortReport(primaskResult(), { judgement: { holds: false, failures: ['outcome is rom-silent, expected dfu'] } });
    expect(text).toContain('FAIL   not what the scenario expects');
    expect(text).toContain('- outcome is rom-silent, expected dfu');
  });
});

it('suspects that are not proved are told as that', () => {
  const result = primaskResult();
  const causes = result.diagnosis.causes.map((c) => ({ ...c, proved: false }));
  const text = shortReport({ ...result, diagnosis: { ...result.diagnosis, explained: false, causes, sets: [] } });
  expect(text).toMatch(/^Maybe {2}primask: /m);
  expect(text).not.toMatch(/^Cause/m);
});

describe('the patch of the fixes', () => {
  const main = Array.from({ length: 40 }, (_, i) => `  line${i + 1}();`).concat(['  if (wanted)', '    enter();', '  last();']);

  it('puts a repair of the handed-over state right before the jump', () => {
    const result = primaskResult();
    const jump = result.entries.at(-1)!.from!.line!;
    const lines = Array.from({ length: jump + 5 }, (_, i) => `  line${i + 1}();`);
    const { text, causes } = patchOf(result, () => source(lines.join('\n')));
    expect(causes).toEqual(['primask']);
    expect(text).toMatch(new RegExp(`\\+  __asm volatile\\("cpsie i" : : : "memory"\\);.*\\n   line${jump}\\(\\);`));
  });

  it.each([
    ['headers of C alone', ['#include <stdint.h>', '#include <string.h>'], true],
    ['headers of libopencm3', ['#include <libopencm3/cm3/nvic.h>', '#include <cstdint>'], true],
    ['a header of its own, which may include the device header', ['#include <stdint.h>', '#include "board.h"'], false],
    ['the device header', ['#include "stm32h5xx.h"'], false],
    ['the name itself', ['#include <stdint.h>', 'static inline void __enable_irq(void) { __asm("cpsie i"); }'], false],
  ])('has no name of CMSIS that the file lacks: with %s', (_, head, lacks) => {
    const result = primaskResult();
    const rest = Array.from({ length: result.entries.at(-1)!.from!.line! + 5 }, (__, i) => `  line${i + 1}();`);
    const { needs, text } = patchOf(result, (file) => (file.endsWith('.h') ? null : source([...head, ...rest].join('\n'))));
    expect(text.includes('+  __enable_irq();')).toBe(!lacks);
    expect(text.includes('+  __asm volatile("cpsie i" : : : "memory");')).toBe(lacks);
    expect(needs).toEqual([]);
  });
  it('has a register by its address, and does not ask for the header of the name that is in its comment', () => {
    const result = primaskResult();
    const causes = result.diagnosis.causes.map((c) => ({ ...c, fix: 'MPU->CTRL = 0;' }));
    const lines = ['#include <stdint.h>', ...Array.from({ length: result.entries.at(-1)!.from!.line! + 5 }, (_, i) => `  line${i + 1}();`)];
    const { needs, text } = patchOf({ ...result, diagnosis: { ...result.diagnosis, causes } }, () => source(lines.join('\n')));
    expect(text).toContain('+  *(volatile uint32_t *)0xE000ED94u = 0;   /* MPU->CTRL = 0 */');
    expect(needs).toEqual([]);
  });
  it('tells which names of CMSIS a file lacks where only they will do', () => {
    const result = primaskResult();
    const causes = result.diagnosis.causes.map((c) => ({ ...c, fix: 'SCB_DisableDCache();' }));
    const lines = Array.from({ length: result.entries.at(-1)!.from!.line! + 5 }, (_, i) => `  line${i + 1}();`);
    const { needs } = patchOf({ ...result, diagnosis: { ...result.diagnosis, causes } }, () => source(lines.join('\n')));
    expect(needs).toEqual([expect.stringContaining('includes no header that defines SCB_DisableDCache: include the CMSIS device header')]);
  });

  it('keeps a statement of several lines behind an `else` without braces whole', () => {
    const result = primaskResult();
    const entries = [{ ...result.entries.at(-1)!, from: { ...result.entries.at(-1)!.from!, line: 4 } }];
    const { text } = patchOf({ ...result, entries }, () => source('  if (app)\n    run();\n  else\n    enter(a,\n          b);\n  end();'));
    const added = text.split('\n').filter((l) => l.startsWith('+') && !l.startsWith('+++'));
    expect(added.map((l) => l.slice(1).trim().split(';')[0])).toEqual([
      '{',
      '__asm volatile("cpsie i" : : : "memory")',
      'enter(a,',
      'b)',
      '}',
    ]);
  });

  it('keeps an `if` without braces whole', () => {
    const result = primaskResult();
    const from = { ...result.entries.at(-1)!.from!, line: 42 };
    const entries = [{ ...result.entries.at(-1)!, from }];
    const { text } = patchOf({ ...result, entries }, () => source(main.join('\n')));
    const added = text.split('\n').filter((l) => l.startsWith('+') && !l.startsWith('+++'));
    expect(added[0]!.trim()).toBe('+    {');
    expect(added.at(-1)!.trim()).toBe('+    }');
    expect(added.some((l) => l.includes('enter();'))).toBe(true);
  });

  describe('of two causes that the same jump repairs', () => {
    const jump = '__asm volatile("msr msp, %0\\n\\tbx %1" : : "r"(sp), "r"(pc) : "memory");';
    const twice = (file: string): RunResult => {
      const result = primaskResult();
      const [cause] = result.diagnosis.causes;
      const entries = [{ ...result.entries.at(-1)!, from: { ...result.entries.at(-1)!.from!, file, line: 8 } }];
      const causes = (['entry-address', 'msp'] as const).map((id) => ({ ...cause!, id, fix: jump }));
      return { ...result, entries, diagnosis: { ...result.diagnosis, causes, sets: [['entry-address', 'msp']] } };
    };
    it('puts it in once', () => {
      const { text, causes } = patchOf(twice('src/main.c'), () => source(main.join('\n')));
      expect(text.split('bx %1')).toHaveLength(2);
      expect(causes).toEqual(['entry-address', 'msp']);
    });
    it('the one that erases the first page on its way stands for both', () => {
      const reads = ['uint32_t sp = *(volatile uint32_t *)0x1ff00000u;', 'uint32_t pc = *(volatile uint32_t *)0x1ff00004u;'];
      const erasing = [
        '/* at file scope, in RAM: it erases */',
        `static void erase_and_jump(uint32_t sp, uint32_t pc) { ${jump} }`,
        '/* here, in place of the jump */',
        ...reads,
        'erase_and_jump(sp, pc);',
      ];
      const fixes = [[...reads, jump], erasing];
      const both = twice('src/main.c');
      const causes = both.diagnosis.causes.map((c, i) => ({ ...c, fix: fixes[i]!.join('\n') }));
      const { text, causes: done } = patchOf({ ...both, diagnosis: { ...both.diagnosis, causes } }, () =>
        source(`#include <x.h>\n${main.join('\n')}`),
      );
      expect(text.split('bx %1')).toHaveLength(2);
      expect(text.match(/^\+.*erase_and_jump\(sp, pc\);/gm)).toHaveLength(1);
      expect(done.toSorted()).toEqual(['entry-address', 'msp']);
    });
    it('a part without a place takes the others with it', () => {
      const both = twice('src/main.c');
      const fix = '/* at file scope, in RAM: it erases */\nstatic void away(void) {}\n/* here, in place of the jump */\naway();';
      const causes = both.diagnosis.causes.slice(0, 1).map((c) => ({ ...c, fix }));
      const lines = ['#include <x.h>', ...Array.from({ length: 6 }, () => ''), 'int main(void) { start(); jump(); }'];
      const result = { ...both, diagnosis: { ...both.diagnosis, causes, sets: [['entry-address' as const]] } };
      const { text, left, causes: done } = patchOf(result, () => source(lines.join('\n')));
      expect([text, done]).toEqual(['', []]);
      expect(left).toEqual(['entry-address: line 8 contains a whole block; there: away();; with it: static void away(void) {}']);
    });
    it('puts instructions into assembly where they are the same', () => {
      const both = twice('src/start.S');
      const reads = ['uint32_t sp = *(volatile uint32_t *)0x1fff0000u;   /* reads */', 'uint32_t pc = *(volatile uint32_t *)0x1fff0004u;'];
      const causes = both.diagnosis.causes.map((c, i) => ({
        ...c,
        fix: i === 0 ? '__enable_irq();   /* now */' : [...reads, jump].join('\n'),
      }));
      const lines = Array.from({ length: 9 }, (_, i) => `  nop @ ${i + 1}`);
      const { text, left } = patchOf({ ...both, diagnosis: { ...both.diagnosis, causes } }, () => source(lines.join('\n')));
      expect(left).toEqual([]);
      const added = text.split('\n').filter((l) => /^\+ /.test(l));
      expect(added).toEqual(
        ['cpsie i', 'ldr r0, =0x1fff0000', 'ldr r1, [r0]', 'ldr r2, [r0, #4]', 'msr msp, r1', 'bx r2'].map((l) => `+  ${l}`),
      );
      expect(text.indexOf('+  bx r2')).toBeLessThan(text.indexOf('nop @ 8'));
    });
    it('puts no C into assembly', () => {
      const { text, left } = patchOf(twice('src/start.S'), () => source(main.join('\n')));
      expect(text).toBe('');
      expect(left[0]).toContain('src/start.S is assembly');
    });
  });

  it('says what it leaves out: a file that is not there, a fix that is no statement', () => {
    expect(patchOf(primaskResult(), () => null)).toMatchObject({
      text: '',
      left: [expect.stringContaining('was not found beside the image')],
    });
    const result = primaskResult();
    const declared = result.diagnosis.causes.map((c) => ({
      ...c,
      fix: '/* in place of x */\n__attribute__((section(".noinit"))) volatile int x;',
    }));
    expect(patchOf({ ...result, diagnosis: { ...result.diagnosis, causes: declared } }, () => source('x'))).toMatchObject({
      text: '',
      left: [expect.stringContaining('not a change of a single line')],
    });
    const causes = result.diagnosis.causes.map((c) => ({ ...c, fix: '/* another crystal */' }));
    const { text, left } = patchOf({ ...result, diagnosis: { ...result.diagnosis, causes } }, () => source('x'));
    expect(text).toBe('');
    expect(left[0]).toContain('how is yours to decide: /* another crystal */');
    expect(patchOf({ ...result, entries: [] }, () => source('x')).left[0]).toContain('to which this run did not come');
    const unknown = result.diagnosis.causes.map((c) => ({ ...c, fix: null, id: 'state' as const, what: 'IPSR' }));
    const without = { ...result, diagnosis: { ...result.diagnosis, causes: unknown, sets: [['state' as const]] } };
    expect(patchOf(without, () => source('x')).left).toEqual(['IPSR: no line of code is known that repairs it']);
    // of the crystal itself that is certain
    const board = causes.map((c) => ({ ...c, id: 'board' as const }));
    const ofBoard = patchOf({ ...result, diagnosis: { ...result.diagnosis, causes: board, sets: [['board']] } }, () => source('x'));
    expect(ofBoard.left[0]).toContain('no change in this program repairs it');
  });

  describe('puts what has a place of its own there', () => {
    const withFix = (fix: string, cause: Partial<ResultCause> = {}): RunResult => {
      const result = primaskResult();
      const causes = result.diagnosis.causes.map((c) => ({ ...c, fix, ...cause }));
      return { ...result, diagnosis: { ...result.diagnosis, causes } };
    };
    const at = (line: number): Partial<ResultCause> => ({
      lastWriter: { ...primaskResult().diagnosis.causes[0]!.lastWriter!, file: 'main.c', line },
    });
    const changed = (result: RunResult, text: string): string[] =>
      patchOf(result, () => source(text))
        .text.split('\n')
        .filter((l) => /^[ +-](?!\+\+ |-- )/.test(l));

    it('behind the statement, also where that has two lines', () => {
      const result = withFix('/* right after that line, before the reset */\nclean();', { at: 'before-write', ...at(1) });
      expect(changed(result, 'word =\n  1;\nreset();')).toEqual([' word =', '   1;', '+clean();', ' reset();']);
    });
    it('in front of the line that unmasks', () => {
      const jump = primaskResult().entries.at(-1)!.from!.line!;
      const lines = Array.from({ length: jump }, (_, i) => (i === jump - 3 ? '  __enable_irq();' : `  line${i + 1}();`));
      const found = changed(withFix('/* before interrupts are unmasked */\nNVIC_DisableIRQ(6);'), lines.join('\n'));
      expect(found.indexOf('+  NVIC_DisableIRQ(6);')).toBe(found.indexOf('   __enable_irq();') - 1);
    });
    it('as a condition of the statement', () => {
      const result = withFix('/* right before that line */\nif (off)', { at: 'before-write', ...at(2) });
      expect(changed(result, 'a();\n  b();\nc();')).toEqual([' a();', '-  b();', '+  if (off)', '+    b();', ' c();']);
    });
    it('a wrong address of the table is corrected where it stands, but not in comments', () => {
      const repair = 'reads of 0x1fff9800 return the words of the table at 0x1ff09800';
      const result = withFix('jump();', { at: 'redirect', repair, ...at(2) });
      expect(changed(result, '#define ROM 0x1FFF9800u /* 0x1FFF9800 */\nread(ROM);\nread(0x1fff9804);')).toEqual([
        '-#define ROM 0x1FFF9800u /* 0x1FFF9800 */',
        '+#define ROM 0x1FF09800u /* 0x1FFF9800 */',
        ' read(ROM);',
        '-read(0x1fff9804);',
        '+read(0x1ff09804);',
      ]);
    });
  });

  it('is where a finding without a writer stands, which is named by its register', () => {
    const result = primaskResult();
    const left = {
      id: 'state',
      what: 'PRIMASK',
      lastWriter: null,
      at: null,
      fix: '/* at the start of main() */\n__enable_irq();',
    } as const;
    const causes = result.diagnosis.causes.map((c) => ({ ...c, ...left }));
    const one = { ...result, diagnosis: { ...result.diagnosis, causes, sets: [['state' as const]] } };
    const text = 'void other(void);\n\nint main(void)\n{\n  other();\n}\n';
    const [finding, ...others] = findingsOf('s.json', one, ['no DFU'], () => source(text));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: 'state', title: 'PRIMASK', file: 'src/main.c', line: 5 });
    expect(githubAnnotations([finding!])).toMatch(/^::error file=src\/main\.c,line=5,title=bootbench%3A PRIMASK::/);
  });
  it('is not where a finding about a jump stands that has no writer: the jump does', () => {
    const result = primaskResult();
    const out = { id: 'handler-mode', lastWriter: null, at: 'entry', fix: '/* at the start of main() */\n__enable_irq();' } as const;
    const causes = result.diagnosis.causes.map((c) => ({ ...c, ...out }));
    const from = { pc: '0x08000140', symbol: 'main', file: 'src/main.c', line: 3 } as const;
    const entries = result.entries.map((e) => ({ ...e, from }));
    const one = { ...result, entries, diagnosis: { ...result.diagnosis, causes, sets: [['handler-mode' as const]] } };
    const text = 'void other(void);\nint main(void) {\n  jump();\n  other();\n}\n';
    expect(findingsOf('s.json', one, ['no DFU'], () => source(text))).toMatchObject([{ rule: 'handler-mode', line: 3 }]);
  });
  it('of a run without a cause and a jump, a finding stands where the firmware has reset the chip', () => {
    const result = primaskResult();
    const from = { pc: '0x08000140', symbol: 'main', file: 'src/main.c', line: 2 } as const;
    const resets = [{ at: '0.100000000', by: 'software', flags: [], from, unflashed: false }] as unknown as typeof result.resets;
    const one = { ...result, outcome: 'no-jump' as const, entries: [], resets, diagnosis: { ...result.diagnosis, causes: [], sets: [] } };
    expect(findingsOf('s.json', one, ['no DFU'], () => source('a();\nreset();\n'))).toMatchObject([
      { rule: 'no-jump', file: 'src/main.c', line: 2 },
    ]);
  });
  it('says that a source is newer than the image', () => {
    const newer = { ...source(Array(90).fill('  f();').join('\n')), newer: true };
    expect(patchOf(primaskResult(), () => newer).needs[0]).toContain('changed after the image was built');
  });
});

describe('`patch` applies it', () => {
  const missing = spawnSync('patch', ['--version']).status !== 0;
  it.skipIf(missing)('to the sources of a published failure, whatever the folder', async () => {
    const name = 'h533-seed000-as-posted';
    const cwd = folder();
    mkdirSync(join(cwd, 'build'));
    cpSync(join(FIXTURES, name, 'main.c'), join(cwd, name, 'main.c'));
    cpSync(join(FIXTURES, name, 'firmware.elf'), join(cwd, 'build', 'firmware.elf'));
    const { text } = patchOf(await run(name), sourcesOf({ images: ['build/firmware.elf'], folder: cwd, io: { cwd, env: {} } }));
    const ran = spawnSync('patch', ['-p1'], { cwd, input: text, encoding: 'utf8' });
    expect(ran.stdout + ran.stderr).toContain(`patching file ${name}/main.c`);
    expect(ran.status).toBe(0);
    // its board.h has other names
    expect(readFileSync(join(cwd, name, 'main.c'), 'utf8')).toContain('__asm volatile("cpsie i" : : : "memory");');
  });
});

test('a reset that the firmware asked for is told where nothing came of it, with the word that nobody read', async () => {
  const text = shortReport(await run('l496-request-never-read'), { width: 80 });
  expect(text).toMatch(/Maybe +magic-survives: /);
  expect(text).toContain(`${shownIn('l496-request-never-read', 'request = DFU_REQUEST;')} (request_dfu)`);
  expect(text).toMatch(/Why +the firmware reset the chip at 100 ms \(core\.c:23\), and nothing\s+jumped\s+into\s+the\s+ROM\s+after\s+that/);
  expect(text).not.toContain('nothing asked for the ROM');
});

describe('a port that speaks no text', () => {
  const lines = (text: string): string[] =>
    shortReport({ ...dfuResult(), console: { usart2: text } }, { width: 80 })
      .split('\n')
      .filter((line) => line.startsWith('usart2'));

  it('is told by its number of bytes and the first of them', () => {
    const frame = '\u00cd\u00ab\u0000\u0000\u0000\u0010|\u0000\u0001\u00ff';
    expect(lines(frame.repeat(500))).toEqual(['usart2 5000 binary bytes: cd ab 00 00 00 10 7c 00 …']);
    expect(lines('\u0001')).toEqual(['usart2 1 binary byte: 01']);
  });
  it('keeps colours of a console and cuts a line without end', () => {
    expect(lines('\u001b[1mready\u001b[0m\r\n')[0]).toContain('ready');
    expect(lines('x'.repeat(5000))[0]!.length).toBeLessThan(260);
  });
});
