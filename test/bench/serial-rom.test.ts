/** A ROM without USB is asked over its USART: whether the jump works, and what has to be repaired so that it does, is told in notes. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { plainJob } from './plain-job.ts';

const told = (fixture: string, chip: string): readonly string[] => {
  const path = `fixtures/${fixture}/firmware.elf`;
  const bytes = new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
  const result = runBench(jobInput(plainJob(chip, [{ path, bytes }])));
  expect(result.outcome).not.toBe('dfu');
  return result.notes.filter((n) => n.kind === 'serial').map((n) => n.text);
};

it.each([
  ['jump-1fffd800', 'stm32f334r8'],
  ['jump-1fffd800-masked', 'stm32f030rc'],
  // At 8 MHz, the slowest of all ROMs.
  ['jump-1fffd800', 'stm32f358vc'],
  ['jump-1ffff000', 'stm32f103c8'],
])('%s on %s: the ROM acknowledges 0x7F', (fixture, chip) => {
  const notes = told(fixture, chip);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain('the ROM acknowledges 0x7F at 9600 baud on USART1 (RX PA10)');
});

it('a timer interrupt left on: the ROM does not answer until its line is repaired', () => {
  const [head, ...sets] = told('serial-rom-timer', 'stm32f334r8');
  expect(head).toContain('does not answer 0x7F at 9600 baud on USART1 (RX PA10) either; with one of these repaired it does');
  const line = readFileSync(new URL('../../fixtures/serial-rom-timer/main.c', import.meta.url), 'utf8')
    .split('\n')
    .findIndex((text) => text.includes('FAULT'));
  expect(sets[0]).toMatch(/^nvic-enabled: .*29 \(TIM3\)/);
  expect(sets[0]).toContain(`(main.c:${line + 1})`);
  expect(sets[0]).toContain('fix: NVIC_DisableIRQ((IRQn_Type)29)');
});

it('a ROM with USB is not asked', () => expect(told('jump-1fffd800-masked', 'stm32f303cc')).toEqual([]));
