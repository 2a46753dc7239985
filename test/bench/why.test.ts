/** Failures in which no value is wrong: what asked for the reset, what the loop waits for, and who is not accused. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { CHIP, FLASH, imageOf, store, SYSTICK, WAITS, type Part } from './late-program.ts';
import { placeIn, shownIn } from '../fixtures/place.ts';
import { plainJob } from './plain-job.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const run = async (name: string): Promise<RunResult> =>
  inThread(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture('')), {});
const notes = (r: RunResult, kind: string): string[] => r.notes.filter((n) => n.kind === kind).map((n) => String(n.text));
const proved = (r: RunResult): string[] => r.diagnosis.causes.filter((c) => c.proved).map((c) => c.id);

it('a delay with interrupts masked: which handler is waited for, who masked it, and what comes of unmasking', async () => {
  const result = await run('f405-delay-masked');
  const [waits, why, then] = notes(result, 'wait');
  expect(waits).toMatch(/tick_ms .* the handler of SysTick writes .*core\.c:6/);
  expect(why).toContain(`PRIMASK is 1 since ${shownIn('f405-delay-masked', '__disable_irq();')}`);
  expect(then).toContain('the outcome is dfu');
  expect(result.summary).toContain('PRIMASK');
});

it('a reset loop in which the program begins again through the vector table at 0 is told so, at the branch', async () => {
  const result = await run('g431-base-never-set');
  expect(result.outcome).toBe('reset-loop');
  const told = notes(result, 'reset').find((text) => text.startsWith('the start-up code ran again without a reset'));
  expect(told).toMatch(/a branch after the call at \S*startup\.c:57 \(Reset_Handler\) jumped there/);
  expect(told).toContain('the word at address 4 is the reset vector');
});

it('a sleep that nothing ends is told as one, and that SysTick stands still in Stop', () => {
  const SCR = 0xe000ed10;
  const told = (scr: number, systick: number): string[] => {
    const setUp: Part = (t) => store(store(store(t, SCR, scr), SYSTICK + 4, 3999), SYSTICK, systick);
    const bytes = imageOf({ setUp, wait: WAITS['wfi']!.part });
    const { outcome, summary, ...result } = runBench(jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
    const [text = ''] = result.notes.filter((n) => n.kind === 'wait').map((n) => String(n.text));
    expect(summary).toContain(text);
    return [outcome, text];
  };
  const [SLEEPDEEP, TICKS] = [4, 7];
  expect(told(SLEEPDEEP, TICKS)).toEqual([
    'stuck',
    'the core sleeps (WFI) with SLEEPDEEP set: SysTick does not run in Stop, and no enabled interrupt wakes the core',
  ]);
  expect(told(0, 0)).toEqual(['stuck', 'the core sleeps (WFI), and no enabled interrupt wakes it']);
  expect(told(0, TICKS)).toEqual(['no-jump', '']);
});

it('a sleep in Standby is told as one, at the instruction that sleeps', () => {
  const [RCC_APB1ENR, PWR_CR, SCR] = [0x40023840, 0x40007000, 0xe000ed10];
  const setUp: Part = (t) => store(store(store(t, RCC_APB1ENR, 1 << 28), PWR_CR, 0x106), SCR, 4); // PWREN; DBP, CWUF, PDDS; SLEEPDEEP
  const bytes = imageOf({ setUp, wait: WAITS['wfi']!.part });
  const image = { path: `app.bin@0x${FLASH.toString(16)}`, bytes };
  const result = runBench(jobInput(plainJob('stm32f405rg', [image])));
  expect(notes(result, 'wait')[0]).toContain('the chip is in Standby (WFI)');
  const at = Number(result.stuck!.pc) - FLASH;
  expect(new DataView(bytes.buffer, bytes.byteOffset).getUint16(at, true)).toBe(0xbf30);
});

it('a wait that polls a register is told as before', async () => {
  const result = await run('h533-stuck-pka');
  expect(notes(result, 'wait')).toEqual([]);
  expect(result.summary).toContain('PKA.SR');
});

it('a wait that a pinned field keeps up is told so, and the field is not offered again', async () => {
  const job = await loadJob([], { scenario: fixture('f405-masked/scenario.json'), force: ['RCC.CR.HSERDY=1'] }, fixture(''));
  const result = await inThread(job, {});
  expect(notes(result, 'wait')).toEqual(['--force fixes RCC.CR.HSERDY at 1']);
  expect(notes(result, 'force')).toEqual([
    'RCC.CR is modelled, but with --force every read of HSERDY returns 1, whatever the peripheral does; a real chip never behaves like this',
  ]);
  expect(result.stuck).toMatchObject({ register: 'RCC.CR', value: '0x00020083', force: null });
});

it('a bit that the register does not have is said to be missing on this chip', async () => {
  const result = await run('f405-wrong-build');
  expect(notes(result, 'wait')).toEqual([
    'it polls bit 16 of PWR.CSR, which is not a documented field on STM32F405RG: is the firmware built for another chip?',
  ]);
});

it('a wait names its line and its callers', async () => {
  const result = await run('h533-stuck-pka');
  expect(notes(result, 'loop')[0]).toMatch(/^h533-stuck-pka\/main\.c:12 \(pka_init\) < main \(.*main\.c:46\) < Reset_Handler/);
  expect(result.summary).toContain('at h533-stuck-pka/main.c:12 (pka_init)');
});

it('a watchdog whose status is polled before it is started does not answer', async () => {
  const result = await run('f070-iwdg-polled-before-start');
  expect(result.stuck!.register).toBe('IWDG.SR');
  expect(notes(result, 'wait')[0]).toContain('IWDG was not started (KR = 0xCCCC)');
});

it('a program behind another one whose vector table stays in use', async () => {
  const result = await run('f405-chain-vtor-of-loader');
  const [cause] = result.diagnosis.causes.filter(({ proved }) => proved);
  expect([cause?.what, cause?.outcomeAfterRepair]).toEqual(['VTOR', 'dfu']);
  expect(cause!.lastWriter).toMatchObject({ line: 4 });
  expect(cause!.explanation).toMatch(/^VTOR is 0x08000000: .*table of firmware\.elf, but app\.elf runs, which has its own at 0x08010000\./);
});

it('a watchdog that bites before the jump: who was running, who fed it last, who started it; proved though its registers are waited for', async () => {
  const result = await run('l476-iwdg-in-wait');
  const [bit, fed, started] = notes(result, 'reset');
  expect(bit).toContain(`delay_ms) < jump_to_bootloader (${shownIn('l476-iwdg-in-wait', 'delay_ms(400)')}) < main`);
  expect(fed).toContain(`the last refresh of IWDG was at ${shownIn('l476-iwdg-in-wait', 'REG(0x40003000u) = 0xAAAAu')}`);
  expect(fed).toContain(', 250 ms before');
  expect(started).toContain(`started at ${shownIn('l476-iwdg-in-wait', 'REG(0x40003000u) = 0xCCCCu')}`);
  expect(proved(result)).toEqual(['iwdg']);
  expect(result.diagnosis.causes[0]!.lastWriter).toMatchObject(placeIn('l476-iwdg-in-wait', 'REG(0x40003000u) = 0xCCCCu'));
});

it('resets by software and by loaded option bytes name their callers', async () => {
  const software = await run('f405-request-loops');
  const caller = shownIn('f405-request-loops', 'system_reset(); /* FAULT');
  expect(notes(software, 'reset')[0]).toContain(`core.c:23 (system_reset) < main (${caller})`);
  expect(software.summary).toContain(`called by main (${caller})`);
  const loaded = await run('l476-option-loop');
  expect(notes(loaded, 'reset')[0]).toMatch(/option bytes were loaded.*boot_from_rom_next_time\) < main/);
});

it('a word that a DMA channel wrote over: which channel, and the line that gave it the address', async () => {
  const chain = notes(await run('l476-callback-under-dma'), 'chain');
  expect(chain[0]).toMatch(/0x60000001 was loaded from link\+32/);
  expect(chain[1]).toContain(
    `was written by DMA1 (CMAR2 = 0x20000000, set at ${shownIn('l476-callback-under-dma', 'DMA1_CMAR2 =')} (copy_settings); CCR2 last written at ${shownIn('l476-callback-under-dma', 'DMA1_CCR2 =')} (copy_settings))`,
  );
  const request = await run('l476-request-under-dma');
  expect(request.diagnosis.causes[0]).toMatchObject({
    id: 'magic-survives',
    lastWriter: { kind: 'dma', ...placeIn('l476-request-under-dma', 'DMA1_CMAR1 =') },
  });
  expect(request.checks.find((c) => c.id === 'magic-survives')!.because).toContain('overwritten before the reset, by a DMA transfer');
});

it('a jump into data that runs on: the branch that left the code is the failure, not where it faulted', async () => {
  const input = jobInput(await loadJob([], { scenario: fixture('l476-callback-under-dma/scenario.json') }, fixture('')), {});
  const images = input.images.map((image) => ({
    ...image,
    chunks: image.chunks.map((c) => {
      const data = c.data.slice();
      const at = data.findIndex((_, i) => i % 4 === 0 && new DataView(data.buffer, data.byteOffset).getUint32(i, true) === 0x60000001);
      // the pointer leads to the block of settings in front of it
      if (at >= 0) data.set([0x01, 0x00, 0x00, 0x20], at);
      return { ...c, data };
    }),
  }));
  const result = runBench({ ...input, images });
  expect(result.outcome).toBe('fault');
  const [jumped, ranOn] = notes(result, 'crash');
  expect(jumped).toContain(`${shownIn('l476-callback-under-dma', 'link.on_command();')} (main) jumped to 0x20000001: this is in `);
  expect(jumped).toMatch(/ \(RAM\), and no image has code there$/);
  expect(ranOn).toMatch(/^it continued until /);
  expect(notes(result, 'chain').join()).toContain('was written by DMA1');
});

it('a stack that grows out of RAM is called that, and no vector table is looked for below RAM', async () => {
  const result = await run('f405-stack-overflow');
  expect(notes(result, 'crash')[0]).toContain('the stack has grown out of RAM');
  expect(result.diagnosis.causes).toEqual([]);
});

it('of many clocks that were left on the one of the DMA requests is named, by the state at the entry', async () => {
  const result = await run('f405-dma-into-rom-ram');
  expect(result.diagnosis.sets[0]).toEqual(['dma']);
  for (const cause of result.diagnosis.causes) expect(cause.outcomeAfterRepair).toBe('dfu');
  expect(result.checks.find((c) => c.id === 'peripherals-left-on')?.observed).toBe('clocked: ADC1');
});
