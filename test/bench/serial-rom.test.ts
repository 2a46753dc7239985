/** A ROM without USB has its first USART for a goal: whether the jump works, and what has to be repaired so that it does. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { runBench } from '../../src/bench/run.ts';
import { proofOf } from '../../src/bench/documents/proved.ts';
import { patchOf } from '../../src/report/patch.ts';
import { shortReport } from '../../src/report/short.ts';
import type { Sources } from '../../src/report/source-lines.ts';
import { mainLines, mainSource, placeIn } from '../fixtures/place.ts';
import { plainJob } from './plain-job.ts';

const runOn = (fixture: string, chip: string): RunResult => {
  const path = `fixtures/${fixture}/firmware.elf`;
  const bytes = new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
  const result = runBench(jobInput(plainJob(chip, [{ path, bytes }])));
  expect(result.outcome).not.toBe('dfu');
  return result;
};
const sourcesOf =
  (fixture: string): Sources =>
  (file) =>
    file === mainSource(fixture) ? { path: file, lines: mainLines(fixture), newer: false, elsewhere: false } : null;

it.each([
  ['jump-1fffd800', 'stm32f334r8'],
  ['jump-1fffd800-masked', 'stm32f030rc'],
  // At 8 MHz, the slowest of all ROMs.
  ['jump-1fffd800', 'stm32f358vc'],
  ['jump-1ffff000', 'stm32f103c8'],
])('%s on %s: the ROM acknowledges 0x7F', (fixture, chip) => {
  const result = runOn(fixture, chip);
  expect(result.goal).toMatchObject({ name: 'usart1', reached: true });
  expect(result.summary).toContain('the ROM acknowledges 0x7F at 9600 baud on USART1 (RX PA10) after the jump');
  expect(result.diagnosis).toMatchObject({ explained: null, causes: [] });
  expect(shortReport(result)).toMatch(/^OK {5}usart1: the ROM answers on USART1$/m);
});

it('a timer interrupt left on: the ROM does not answer until its line is repaired', () => {
  const result = runOn('serial-rom-timer', 'stm32f334r8');
  expect(result.goal).toEqual({ name: 'usart1', reached: false, at: null, asks: '0x7F at 9600 baud on USART1 (RX PA10)' });
  expect(result.diagnosis.sets).toEqual([['nvic-enabled'], ['peripherals-left-on']]);
  const [cause] = result.diagnosis.causes;
  expect(cause).toMatchObject({ id: 'nvic-enabled', proved: true, outcomeAfterRepair: 'rom-silent' });
  expect(cause!.lastWriter).toMatchObject(placeIn('serial-rom-timer', 'NVIC_ISER(0) ='));
  // a ROM that does it itself would answer
  const flipped = result.dependsOn.find((d) => d.rom === 'nvic-enabled');
  expect(flipped).toMatchObject({ value: 'keeps', other: 'clears', outcomeIfOther: 'rom-silent', goalIfOther: true });
  const screen = shortReport(result);
  expect(screen).toMatch(/^FAIL {3}rom-silent: the ROM was entered, but does not answer on USART1$/m);
  expect(screen).toContain('with only this repaired, the stand-in ROM');
});

it('that the ROM has no USB is no guess', () =>
  expect(shortReport(runOn('jump-1ffff000', 'stm32f103c8'))).toMatch(
    /^Note {3}the goal is a serial interface: the ROM of this part has no USB/m,
  ));

it('a wrong address: the jump that is put right leads to a ROM that answers', () => {
  const result = runOn('g070-wrong-base', 'stm32g070rb');
  expect(result.diagnosis).toMatchObject({ explained: true, sets: [['entry-address']] });
  const proof = proofOf(result)!;
  expect(proof).toMatchObject({ reached: 'goal', goal: 'usart1' });
  expect(proof.causes[0]!.lastWriter).toMatchObject(placeIn('g070-wrong-base', 'entry_t entry ='));
  const sources = sourcesOf('g070-wrong-base');
  expect(patchOf(result, sources).text).toContain('\n+#define SYSTEM_MEMORY 0x1FFF0000u');
  const screen = shortReport(result, { sources });
  expect(screen).toMatch(/^Cause {2}entry-address/m);
  expect(screen).toMatch(/^Proof {2}with only this repaired, the stand-in ROM \(stm32g070/m);
});

it('a ROM with USB is not asked over its USART', () =>
  expect(runOn('jump-1fffd800-masked', 'stm32f303cc')).toMatchObject({ goal: { name: 'usb', reached: false }, console: {} }));

/** SysTick at 71999 for a while, stopped by CTRL = 0, then the jump. */
const TICKED = [
  0x20001000, 0x08000009, 0x490a4809, 0x21006041, 0x21056081, 0xf6446001, 0x3a016220, 0x2100d1fd, 0x4b056001, 0xf384681c, 0x685c8808,
  0x00004720, 0xe000e010, 0x0001193f, 0x1ffff000,
];
it('a rest in the counter of SysTick, which the ROM of F103 does not clear: its ACK has another rate than 0x7F', () => {
  const bytes = new Uint8Array(Uint32Array.from(TICKED).buffer);
  const { notes } = runBench(jobInput(plainJob('stm32f103c8', [{ path: 'fw.bin@0x08000000', bytes }])));
  const [text] = notes.filter((n) => n.kind === 'serial').map((n) => n.text);
  expect(text).toMatch(
    /^the ROM acknowledges 0x7F at 9600 baud on USART1 \(RX PA10\), but at [1-9]\d{3,} baud: no host reads that; .*fix: SysTick->VAL = 0 in front of the jump$/,
  );
});
