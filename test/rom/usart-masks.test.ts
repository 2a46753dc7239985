/**
 * The ROMs of F103 and F051 mask all interrupts themselves and take none: what a caller has masked, enabled or left pending behind a mask is nothing to them, and no check
 * says otherwise. The control is the answer to 0x7F in the same run; with BOOTBENCH_ROMS=<folder> ST's own code gives it too.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { plainJob } from '../bench/plain-job.ts';

/** CPSID I, line 1 enabled and pending, SysTick and PendSV pending, SP and reset vector of the ROM, the jump. */
function program(base: number): Uint8Array {
  const words = [0x20001000, 0x08000009, 0x4809b672, 0x60012102, 0x60014808, 0x49094808, 0xf3bf6001, 0x4b038f4f];
  const rest = [0xf384681c, 0x685c8808, 0x472046c0, base, 0xe000e100, 0xe000e200, 0xe000ed04, 0x14000000];
  return new Uint8Array(Uint32Array.of(...words, ...rest).buffer);
}
const TIMER = new Uint8Array(readFileSync(new URL('../../fixtures/f030-timer-left-on/firmware.elf', import.meta.url)));
const ROMS = process.env['BOOTBENCH_ROMS'] ?? '/nowhere';
const PARTS = [
  ['stm32f103c8', 'f103c8.bin', 0x1ffff000, 'vtor'],
  ['stm32f051r8', 'f051.bin', 0x1fffec00, 'remap'],
] as const;

function run(chip: string, path: string, bytes: Uint8Array, dump: Uint8Array | null) {
  const job = plainJob(chip, [{ path, bytes }]);
  const result = runBench(jobInput(dump === null ? job : { ...job, rom: { kind: 'dump', bytes: dump, version: null, options: {} } }));
  return {
    of: (id: string) => result.checks.find((c) => c.id === id)!,
    answers: result.goal.reached,
  };
}

describe.each(PARTS)('%s', (chip, file, base, table) => {
  const path = join(ROMS, file);
  const given = existsSync(path);
  const roms: readonly (readonly [string, Uint8Array | null])[] = [
    ['the stand-in', null],
    ...(given ? [["ST's own ROM", new Uint8Array(readFileSync(path))] as const] : []),
  ];
  it.each(roms)('%s: what is enabled and pending behind PRIMASK is nothing to it', (_, dump) => {
    const { of, answers } = run(chip, 'fw.bin@0x08000000', program(base), dump);
    expect(answers).toBe(true);
    for (const id of ['primask', 'nvic-enabled', 'nvic-pending', table])
      expect([id, of(id).verdict, of(id).because]).toEqual([id, 'pass', expect.stringMatching(/^this ROM masks all interrupts itself/)]);
    // what was read in the code of one version is concluded for a dump that may be another
    expect(of('primask').confidence).toBe(dump === null ? 'measured' : 'inferred');
  });
  if (chip === 'stm32f051r8')
    it.each(roms)('%s: a timer whose interrupt is left on may fire in its first instructions, which is a warning', (_, dump) => {
      const { of, answers } = run(chip, 'firmware.elf', TIMER, dump);
      expect(answers).toBe(true);
      expect(of('nvic-enabled')).toMatchObject({
        verdict: 'warn',
        because: expect.stringContaining('in its first instructions') as string,
      });
    });
});
