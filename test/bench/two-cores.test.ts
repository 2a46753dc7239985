/** Runs of the two-core chip: images by core, the boot core's outcome, the second core as witness or as cause. */
import { describe, expect, it } from 'vitest';
import { imageCore, startAddress } from '../../src/bench/input/image-core.ts';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { runBench } from '../../src/bench/run.ts';
import { repairTarget } from '../../src/bench/proof/repairs.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import { Session } from '../../src/bench/session/session.ts';
import { NOT_TRACED, subjectAt } from '../../src/bench/session/subject.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const ROM = 0x1ff09800;
const CM7 = 0x08000000;
const CM4 = 0x08100000;
type Code = (t: Thumb) => Thumb;

/** Vector table whose faults all loop in their handler, and code. */
function image(base: number, sp: number, code: Code): Uint8Array {
  const bytes = new Uint8Array(0x600);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, sp, true);
  view.setUint32(4, (base + 0x400) | 1, true);
  for (let n = 2; n < 16; n++) view.setUint32(4 * n, (base + 0x3f0) | 1, true);
  view.setUint16(0x3f0, 0xe7fe, true);
  bytes.set(code(new Thumb(base + 0x400)).bytes(), 0x400);
  return bytes;
}
const m7 = (code: Code): { path: string; bytes: Uint8Array } => ({ path: 'cm7.bin@0x08000000', bytes: image(CM7, 0x20001000, code) });
const m4 = (code: Code): { path: string; bytes: Uint8Array } => ({ path: 'cm4.bin@0x08100000', bytes: image(CM4, 0x30001000, code) });

const job = (images: RunJob['images']): RunJob => plainJob('STM32H745XI', images);
const run = (images: RunJob['images']): RunResult => runBench(jobInput(job(images)));
const check = (r: RunResult, id: string): string | undefined => r.checks.find((c) => c.id === id)?.verdict;

/** USB33DEN, VTOR and the jump, from reset state. */
const jump: Code = (t) =>
  t
    .constant(0, 0x5802480c)
    .constant(1, 0x01000006)
    .str(1, 0)
    .constant(0, 0xe000ed08)
    .constant(1, ROM)
    .str(1, 0)
    .ldr(2, 1)
    .ldr(3, 1, 4)
    .movSp(2)
    .bx(3);
const sleep: Code = (t) => t.label('on').wfi().b('on');
const loop: Code = (t) => t.label('on').b('on');

describe('images', () => {
  const at = (...addresses: number[]): { chunks: { address: number; data: Uint8Array }[] } => ({
    chunks: addresses.map((address) => ({ address, data: new Uint8Array(64) })),
  });
  it('lie where their core starts', () => {
    expect([startAddress(STM32H745XI, 0), startAddress(STM32H745XI, 1)]).toEqual([CM7, CM4]);
    expect(imageCore(STM32H745XI, at(CM7))).toBe(0);
    expect(imageCore(STM32H745XI, at(CM4))).toBe(1);
    expect(imageCore(STM32H745XI, at(CM4 + 0x20000))).toBe(1);
    expect(imageCore(STM32H745XI, at(CM7 + 0x20000))).toBe(0);
    expect(imageCore(STM32H533RE, at(CM7))).toBe(0);
  });
  it('with segments for both are the first core’s', () => expect(imageCore(STM32H745XI, at(CM7, CM4))).toBe(0));
  it('of the second core alone are named as such', () => {
    const notes = jobInput(job([m4(loop)])).notes.map((n) => n.text);
    expect(notes.some((n) => n.includes('image for cm4'))).toBe(true);
    expect(jobInput(job([m7(loop), m4(loop)])).notes.some((n) => n.text.includes('image for'))).toBe(false);
  });
});

describe('the jump of CM7', () => {
  it('reaches DFU while CM4 sleeps; the result names the cores', () => {
    const r = run([m7(jump), m4(sleep)]);
    expect([r.outcome, check(r, 'second-core')]).toEqual(['dfu', 'pass']);
    expect(r.images.map((i) => i.core)).toEqual(['cm7', 'cm4']);
    expect(r.entries[0]!.core).toBe('cm7');
    expect(r.time.quantum).toBe(512);
    expect(r.time.cores!.cm4!.instructions).toBeLessThan(10);
    expect(r.timeline.every((t) => t.core === 'cm7' || t.core === 'cm4')).toBe(true);
  });
  it('reaches DFU while CM4 goes on running, or has locked up: a warning, never the outcome', () => {
    for (const images of [[m7(jump), m4(loop)], [m7(jump)]]) {
      const r = run(images);
      expect([r.outcome, check(r, 'second-core')]).toEqual(['dfu', 'warn']);
      expect(r.diagnosis.causes).toEqual([]);
    }
  });
  it('fails when CM4 keeps resetting the USB block; with CM4 held at the entry the same run reaches DFU', () => {
    const disturb: Code = (t) =>
      t
        .constant(0, 0x58024480)
        .constant(1, 1 << 27)
        .movs(2, 0)
        .label('on')
        .str(1, 0)
        .str(2, 0)
        .constant(4, -100_000 >>> 0)
        .label('wait')
        .adds(4, 1)
        .bne('wait')
        .b('on');
    const outcome = (held: boolean): string => {
      const s = new Session(jobInput(job([m7(jump), m4(disturb)])));
      s.onPausedEntry = () => {
        const repair = CHECKS.find((c) => c.id === 'second-core')!.repair(subjectAt(s, '', true, NOT_TRACED))!;
        if (held && repair.at === 'entry') repair.apply(repairTarget(s.machine), subjectAt(s, '', true, NOT_TRACED));
      };
      return s.run().outcome;
    };
    expect(outcome(false)).toBe('rom-silent');
    expect(outcome(true)).toBe('dfu');
  });
});

describe('a supervisor on CM4 that sleeps at the jump and resets the chip behind it', () => {
  /** Behind a software reset (RCC_RSR.SFT1RSTF, SFT2RSTF) it stays, and only sleeps. */
  const fresh: Code = (t) =>
    t
      .constant(0, 0x580244d0)
      .ldr(1, 0)
      .constant(2, 3 << 24)
      .tst(1, 2)
      .beq('fresh')
      .label('stay')
      .wfi()
      .b('stay')
      .label('fresh');
  // SysTick ends the sleep after 5 ms
  const supervisor: Code = (t) =>
    fresh(t)
      .constant(0, 0xe000e010)
      .constant(1, 320_000)
      .str(1, 0, 4)
      .movs(1, 7)
      .cpsidI()
      .str(1, 0)
      .wfi()
      .constant(0, 0xe000ed0c)
      .constant(1, 0x05fa0004)
      .str(1, 0)
      .label('on')
      .b('on');
  const once: Code = (t) =>
    jump(
      fresh(t)
        .constant(3, -2000 >>> 0)
        .label('settle')
        .adds(3, 1)
        .bne('settle'),
    );
  it('is the proved cause, with its line; with that core held, DFU comes', () => {
    const r = run([m7(once), m4(supervisor)]);
    expect([r.outcome, check(r, 'second-core')]).toEqual(['back-in-app', 'fail']);
    expect(r.diagnosis.sets).toEqual([['second-core']]);
    const [cause, ...others] = r.diagnosis.causes;
    expect(others).toEqual([]);
    expect(cause).toMatchObject({ id: 'second-core', proved: true, outcomeAfterRepair: 'dfu', lastWriter: { core: 'cm4' } });
    const { from } = r.resets.find((x) => x.by === 'software')!;
    expect(cause!.lastWriter!.pc).toBe(from!.pc);
    expect(cause!.explanation).toContain('the program of CM4 ran on behind the jump');
    const report = shortReport(r).replace(/\s+/g, ' ');
    expect(report).toContain('back-in-app: the program of the other core, CM4, reset the chip at');
    expect(report).not.toMatch(/Maybe|the code there/);
  });
});

describe('the outcome is the boot core’s', () => {
  it('a lock-up of CM4 does not make an application of CM7 a fault', () => {
    const r = run([m7(loop)]);
    expect(r.outcome).toBe('stuck');
    expect(check(r, 'second-core')).toBe('warn');
  });
  it('a fault of CM7 is one although CM4 runs on', () => {
    const r = run([m7((t) => t.constant(0, 0x1fff9800).ldr(1, 0)), m4(sleep)]);
    expect(r.outcome).toBe('fault');
    expect(r.diagnosis.causes.map((c) => c.id)).toContain('entry-address');
  });
  it('a run is the same twice, byte by byte', () => {
    const images = [m7(jump), m4(loop)];
    expect(serialise(run(images))).toBe(serialise(run(images)));
  });
});

describe('IWDG2 of STM32H745', () => {
  const IWDG2 = 0x58004c00;
  const starts: Code = (t) => t.constant(0, IWDG2).constant(1, 0xcccc).str(1, 0).label('on').b('on');
  const told = (r: RunResult): string[] => r.notes.filter((n) => n.kind === 'watchdog').map((n) => String(n.text));
  it('started by the second core is told beside the DFU device that it will reset', () => {
    const r = run([m7(jump), m4(starts)]);
    expect([r.outcome, check(r, 'iwdg')]).toEqual(['dfu', 'warn']);
    expect(told(r)).toEqual([expect.stringContaining('IWDG2 runs, and the ROM does not refresh it')]);
    expect(shortReport(r)).not.toMatch(/harmless[^:]*:[^\n]*\biwdg\b/);
  });
  it('is not told of where nobody starts it', () => {
    const r = run([m7(jump), m4(loop)]);
    expect([check(r, 'iwdg'), told(r)]).toEqual(['pass', []]);
  });
});
