/** Start-up code that a null pointer runs again. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { AIRCR, CHIP, CYCLES_PER_MS, FLASH, GPIOA, imageOf, RAM, RCC_AHB2ENR, store, type Part } from './late-program.ts';
import { Thumb } from '../emu/thumb.ts';
import { secondProgram } from '../../src/bench/difference/programs.ts';
import { restartInChain } from '../../src/bench/session/restart.ts';
import { Session } from '../../src/bench/session/session.ts';
import { runByStops } from '../../src/bench/slice/window.ts';
import { MS } from '../../src/emu/time.ts';
import { readFileSync } from 'node:fs';
import { plainJob } from './plain-job.ts';

/** Longer than the watch takes to begin. */
const waits: Part = (t) =>
  t
    .constant(3, 40 * CYCLES_PER_MS)
    .label('wait')
    .put(0x3b01)
    .bne('wait');
const resultOf = (bytes: Uint8Array): RunResult =>
  runBench(jobInput(plainJob(CHIP, [{ path: 'x.bin@0x08000000', bytes }], { until: '200ms' })));
const notesOf = (result: RunResult): readonly string[] => result.notes.filter((n) => n.kind === 'restart').map((n) => String(n.text));
const notes = (wait: Part): readonly string[] => notesOf(resultOf(imageOf({ wait })));

describe('Start-up code that runs again', () => {
  it('by the second word at address 0 is told with the call', () => {
    let call = 0;
    const told = notes((t) => {
      waits(t);
      t.movs(0, 0).ldr(0, 0, 4);
      call = FLASH + 0x200 + 2 * t.length;
      t.put(0x4780);
    });
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`0x${call.toString(16).padStart(8, '0')}`);
  });
  it('by its own loop is nothing to tell: it has called nothing yet', () => {
    const loop = new Thumb(FLASH + 8).label('start').put(0xbf00).b('start').bytes();
    const bytes = new Uint8Array([...new Uint8Array(new Uint32Array([RAM + 0x1000, FLASH + 9]).buffer), ...loop]);
    const result = resultOf(bytes);
    expect([result.outcome, notesOf(result)]).toEqual(['stuck', []]);
  });
  it('before the last step is told, and not that what the steps gave led to no branch', () => {
    let call = 0;
    const wait: Part = (t) => {
      store(store(t, RCC_AHB2ENR, 1), GPIOA, 0xabff_fffc)
        .constant(1, GPIOA)
        .movs(2, 1);
      t.label('poll').ldr(0, 1, 0x10).ands(0, 2).beq('poll').movs(0, 0).ldr(0, 0, 4);
      call = FLASH + 0x200 + 2 * t.length;
      t.put(0x4780);
    };
    const at = (ms: number, level: 0 | 1) => ({ at: `${ms}ms`, do: { pin: { name: 'PA0', level } } });
    const images = [{ path: 'x.bin@0x08000000', bytes: imageOf({ wait }) }];
    const result = runBench(jobInput(plainJob(CHIP, images, { until: '200ms', steps: [at(0, 0), at(60, 1), at(100, 0)] })));
    expect(notesOf(result)).toEqual([expect.stringContaining(`0x${call.toString(16).padStart(8, '0')}`)]);
    expect(result.notes.filter((n) => n.kind === 'received')).toEqual([]);
  });
  it('by a reset is nothing to tell', () => {
    expect(notes((t) => (waits(t), t.constant(1, AIRCR).constant(0, 0x05fa0004).str(0, 1).label('x').b('x')))).toEqual([]);
  });
});

describe('An application whose vector table is at address 0 when its loader starts it', () => {
  const [RCC_APB2ENR, SYSCFG_MEMRMP, SRAM] = [0x40021060, 0x40010000, 3];
  it('has not begun before, though the loader goes to the word at address 4', () => {
    const APPLICATION = FLASH + 0x1000;
    const loader = imageOf({
      wait: (t) => {
        store(store(store(t, RAM + 4, APPLICATION + 1), RCC_APB2ENR, 1), SYSCFG_MEMRMP, SRAM);
        waits(t);
        t.constant(0, APPLICATION + 1).blx(0);
      },
    });
    const application = new Thumb(APPLICATION).label('here').b('here').bytes();
    const images = [
      { path: 'loader.bin@0x08000000', bytes: loader },
      { path: 'app.bin@0x08001000', bytes: application },
    ];
    const result = runBench(jobInput(plainJob(CHIP, images, { until: '200ms' })));
    expect([result.outcome, notesOf(result)]).toEqual(['no-jump', []]);
  });
  it('has not begun before either, when it faults', async () => {
    const scenario = fileURLToPath(new URL('../../fixtures/f072-chain-table-over-data/scenario.json', import.meta.url));
    const { outcome, notes: told } = runBench(jobInput(await loadJob([], { scenario }, '/')));
    expect(outcome).toBe('fault');
    const text = told.map((n) => String(n.text)).join('\n');
    expect(text).toContain('called by: Reset_Handler');
    expect(text).not.toContain('ran again');
  });
});

it('the start-up code of an application has the name of its loader, and is no second start', () => {
  const image = (path: string) => ({ path, bytes: new Uint8Array(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url))) });
  const images = [image('f405-chain-vtor-of-loader/firmware.elf'), image('f405-chain-deep-sleep/app.elf')];
  const session = new Session(jobInput(plainJob('stm32f405rg', images, { goal: 'app' })));
  const { start } = secondProgram(session)!;
  session.keepCheckpoints = false;
  runByStops(session, [start], 1000 * MS, () => true);
  expect(session.machine.bootCore.pc).toBe(start);
  expect(restartInChain(session, String)).toBeNull();
});
