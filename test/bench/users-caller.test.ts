/** A finding in a vendor's code: who called it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { factsIn } from '../../src/bench/documents/note-facts.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { Board } from '../../src/bench/documents/scenario-types.ts';
import { isVendorFile } from '../../src/image/vendor.ts';
import { bench } from '../../src/index.ts';
import { shortReport } from '../../src/report/short.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { dfuResult, writer } from '../samples/results.ts';

const NAME = 'f405-tick-through-rom-table';
/** The fixture's firmware, its tick_init in a folder of this name. */
const run = (folder: string): Promise<RunResult> => moved(NAME, 'stm32f405rg', 'common/core', folder);
/** A fixture's firmware, what stood in one folder in another. */
async function moved(fixture: string, chip: string, old: string, folder: string, board: Board = {}): Promise<RunResult> {
  const bytes = readFileSync(fileURLToPath(new URL(`../../fixtures/${fixture}/firmware.elf`, import.meta.url)));
  expect(folder).toHaveLength(old.length);
  for (let at = bytes.indexOf(old); at >= 0; at = bytes.indexOf(old, at + 1)) bytes.write(folder, at, 'latin1');
  return bench({
    chip,
    images: [{ path: 'firmware.elf', bytes: new Uint8Array(bytes) }],
    scenario: { schema: 'bootbench/scenario@1', board },
  });
}

describe('the last writer stands in a vendor’s code', () => {
  it('the call in the program’s own sources is told beside it', async () => {
    const result = await run('Drivers/cor');
    const [{ by } = { by: null }] = factsIn(result.notes, 'called-from');
    expect(by).toMatchObject({ symbol: 'main', file: `${NAME}/main.c` });
    expect(shortReport(result)).toMatch(
      new RegExp(`Drivers/cor/core.c:11 \\(tick_init\\), called from\\s+${NAME}/main.c:${by!.line}\\s+\\(main\\)`),
    );
  });
  it('nothing is told where the line is the program’s own', async () => {
    const result = await run('drivers/cor');
    expect(result.diagnosis.causes.map((c) => c.lastWriter?.file)).toContain('drivers/cor/core.c');
    expect(factsIn(result.notes, 'called-from')).toEqual([]);
  });
});

it('what is not proved has its caller, too', async () => {
  // clock_init waits for a crystal that is not there: with the bit in time, the firmware comes further
  const result = await moved(NAME, 'stm32f405rg', 'common/f405', 'Drivers/f40', { hse: null });
  expect(result.diagnosis.causes.map(({ proved }) => proved)).toEqual([false]);
  expect(shortReport(result, { width: 400 })).toMatch(
    new RegExp(`^Maybe .*\\n +Drivers/f40/board\\.c:\\d+ \\(clock_init\\), called from ${NAME}/main\\.c:\\d+ \\(main\\), at `, 'm'),
  );
});
it.each([
  ['Note', 'dfu', 'primask: because (core_cm4.h:2032, called from dfu.c:38)'],
  ['Maybe', 'rom-silent', 'Drivers/core_cm4.h:2032 (f), called from src/dfu.c:38 (enter_dfu)'],
] as const)('a row %s of a check has it, too', (label, outcome, text) => {
  const lastWriter = { ...writer, symbol: 'f', file: 'Drivers/core_cm4.h', line: 2032 };
  const by = { pc: '0x08000200', symbol: 'enter_dfu', file: 'src/dfu.c', line: 38 } as const;
  const about = { is: 'called-from', write: { pc: lastWriter.pc, at: lastWriter.at }, by, calls: 'f' } as const;
  const ok = dfuResult();
  const checks = ok.checks.map((c) =>
    c.id === 'primask' ? { ...c, verdict: 'fail' as const, because: 'because', observed: 'PRIMASK = 1', lastWriter } : c,
  );
  const diagnosis = { ...ok.diagnosis, explained: null, causes: [], sets: [], harmless: [] };
  const result = { ...ok, outcome, checks, diagnosis, notes: [{ kind: 'called-from', text: '', about }] };
  const report = shortReport(result, { width: 400 });
  expect(report).toMatch(new RegExp(`^${label} `, 'm'));
  expect(report).toContain(text);
});

describe('what a success rests on is left so by the firmware', () => {
  const LEFT = 'the firmware leaves SysTick on';
  it('the line is told, with the function of the vendor that is called there', async () => {
    const result = await moved('h533-systick', 'stm32h533re', 'common/h533', 'Drivers/h53');
    const [fact] = factsIn(result.notes, 'called-from');
    expect(fact).toMatchObject({ calls: 'tick_init', by: { symbol: 'jump_to_bootloader' } });
    expect(shortReport(result).replace(/\s+/g, ' ')).toContain(
      `switches SysTick off (assumed); ${LEFT} (tick_init, called at h533-left-on.c:${fact!.by.line})`,
    );
    const table = terminalReport(result).replace(/\s+/g, ' ');
    expect(table).toMatch(/last written by Drivers\/h53\/board\.c:\d+ \(tick_init\), called from \S+h533-left-on\.c:\d+/);
    expect(table).toContain('SysTick is left on, and interrupts the ROM until that switches it off');
  });
  it('and the program’s own line as it is', async () => {
    const result = await moved('h533-systick', 'stm32h533re', 'common/h533', 'drivers/h53');
    expect(factsIn(result.notes, 'called-from')).toEqual([]);
    expect(shortReport(result).replace(/\s+/g, ' ')).toMatch(/leaves SysTick on \(board\.c:\d+\) Next/);
  });
});

it.each([
  ['../Drivers/STM32G4xx_HAL_Driver/Src/stm32g4xx_hal_cortex.c', true],
  ['C:\\work\\fw\\Drivers\\CMSIS\\Include\\core_cm4.h', true],
  ['lib/stm32f4xx_hal_driver/Src/stm32f4xx_hal_rcc.c', true],
  ['.platformio/packages/framework-stm32cubef4/x.c', true],
  ['src/stm32f1xx_ll_utils.c', true],
  ['vendor/usb.c', true],
  ['Core/Src/stm32g4xx_hal_msp.c', false],
  ['Core/Src/stm32g4xx_hal_timebase_tim.c', false],
  ['Core/Inc/stm32g4xx_hal_conf.h', false],
  ['Core/Src/stm32g4xx_it.c', false],
  ['src/drivers/usb.c', false],
  ['main.c', false],
])('%s: a vendor’s = %s', (file, vendors) => {
  expect(isVendorFile(file)).toBe(vendors);
});
