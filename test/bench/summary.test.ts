import { expect, test } from 'vitest';
import { summarise } from '../../src/bench/verdict/summary.ts';
import type { BaseFacts } from '../../src/bench/session/base-facts.ts';
import type { ResultEntry, RomDependency, RunResult } from '../../src/bench/documents/result.ts';
import { dfuResult, primaskResult } from '../samples/results.ts';

const base = { end: { settled: true }, lockup: null, fault: null } as unknown as BaseFacts;

test('the sentence names the jump that led to DFU, not an exception that went to the ROM after the leave', () => {
  const result = dfuResult();
  const jump = result.entries[0]!;
  const trap: ResultEntry = { ...jump, at: '1.400000000', how: 'exception', from: { ...jump.from!, file: 'core.c', line: 16 } };
  expect(summarise({ ...result, entries: [jump, trap] }, base)).toContain('after the jump into the stand-in ROM (main.c:50)');
});

test('a chip that started in its ROM made no jump', () => {
  const result = dfuResult();
  const boot: ResultEntry = { ...result.entries[0]!, how: 'boot', from: null };
  expect(summarise({ ...result, entries: [boot] }, base)).toBe('DFU enumerated as 0483:df11 after the chip started in the stand-in ROM.');
});

test('the sentence names the ROM option on which the case hangs most: the one whose other value lets this firmware through', () => {
  const doubt = (rom: string, confidence: RomDependency['confidence'], outcomeIfOther: RomDependency['outcomeIfOther']): RomDependency => ({
    rom,
    value: 'keeps',
    other: 'clears',
    confidence,
    outcomeIfOther,
  });
  const r = primaskResult();
  const cause = { ...r.diagnosis.causes[0]!, dependsOn: [doubt('vtor', 'inferred', 'fault'), doubt('usb-supply', 'assumed', 'fault')] };
  const proved = { ...r, diagnosis: { ...r.diagnosis, causes: [cause], sets: [[cause.id]] } };
  expect(summarise({ ...proved, dependsOn: [doubt('primask', 'reported', 'dfu')] }, base)).toContain('the ROM option primask is "keeps"');
  expect(summarise({ ...proved, dependsOn: [] }, base)).toContain('the ROM option usb-supply is "keeps"');
});

test('a reset loop that its notes explain is not called unexplained', () => {
  const r = primaskResult();
  const [cause] = r.diagnosis.causes;
  const loop = {
    ...r,
    outcome: 'reset-loop' as const,
    entries: [],
    diagnosis: { ...r.diagnosis, explained: false, sets: [], causes: [{ ...cause!, id: 'iwdg' as const, proved: false }] },
  };
  expect(summarise(loop, base)).toContain('not explained');
  const told = { ...loop, notes: [{ kind: 'reset', text: 'IWDG was not refreshed in time and reset the chip in main.c:3' }] };
  expect(summarise(told, base)).not.toContain('explained');
});

test('an interrupt whose handler never returns is told with who enabled it, a system exception without', () => {
  const stuck = { ...primaskResult(), outcome: 'stuck' as const, entries: [] };
  const at = { pc: '0x08000500' as const, symbol: 'isr', file: 'it.c', line: 7 };
  const told = (name: string, enabledBy: typeof at | null): string =>
    summarise(stuck, { ...base, interrupt: { name, storm: false, shared: false, wrongTable: false, handler: at, enabledBy } });
  expect(told('PendSV', null)).toMatch(/PendSV was taken, and its handler \(it\.c:7\) never returns/);
  expect(told('interrupt 38 (USART2)', { ...at, file: 'main.c', line: 3 })).toMatch(
    /interrupt 38 \(USART2\), enabled at main\.c:3, was taken, and its handler/,
  );
});

test('of several images the folder tells one main.c from the other', () => {
  const r = primaskResult();
  const images = [r.images[0]!, { ...r.images[0]!, path: 'app.elf' }];
  const handler = { pc: '0x08010500' as const, symbol: 'isr', file: 'app/main.c', line: 7 };
  const interrupt = {
    name: 'TIM2',
    storm: false,
    shared: false,
    wrongTable: false,
    handler,
    enabledBy: { ...handler, file: 'boot/main.c', line: 3 },
  };
  const told = summarise({ ...r, outcome: 'stuck', entries: [], images }, { ...base, interrupt });
  expect(told).toMatch(/enabled at boot\/main\.c:3, was taken, and its handler \(app\/main\.c:7\)/);
});

test('a reset of the board that ended the ROM is named', () => {
  const r = dfuResult();
  const came = { ...r, outcome: 'back-in-app' as const };
  expect(summarise(came, base)).toContain('and control returned to the application');
  const pin = { ...r.resets[0]!, at: '1.200000000', by: 'pin' as const };
  expect(summarise({ ...came, resets: [...r.resets, pin] }, base)).toMatch(/the board reset it there \(NRST, at 1\.2 s\), which started/);
  expect(summarise({ ...came, resets: [...r.resets, { ...pin, by: 'software' }] }, base)).toContain('control returned');
});

test('has one mark at its end', () => {
  const text = 'it polls bit 16 of PWR.CSR: is the firmware built for another chip?';
  const stuck: RunResult['stuck'] = { register: 'PWR.CSR', address: null, value: null, pc: '0x08000100', force: null };
  const r = { ...dfuResult(), outcome: 'stuck', entries: [], stuck, notes: [{ kind: 'wait', text }] } as unknown as RunResult;
  expect(summarise(r, base)).toMatch(/another chip\?$/);
});
