/** Applications that run on without ever asking for the ROM: what its ways are explains nothing. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { diagnose, judgeAll } from '../../src/bench/proof/diagnosis.ts';
import { Variants } from '../../src/bench/proof/variants.ts';
import { Session } from '../../src/bench/session/session.ts';
import { NOT_TRACED } from '../../src/bench/session/subject.ts';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;

it('a register of the core that unprivileged code asks for in vain is told as such', async () => {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x101, true);
  view.setUint32(12, FLASH + 0x181, true);
  // MSR CONTROL, r0; ISB
  const code = new Thumb(FLASH + 0x100)
    .movs(0, 1)
    .put(0xf380)
    .put(0x8814)
    .put(0xf3bf)
    .put(0x8f6f)
    .constant(1, 0xe000e100)
    .ldr(0, 1)
    .label('x')
    .b('x');
  bytes.set(code.bytes(), 0x100);
  bytes.set(new Thumb(FLASH + 0x180).label('h').b('h').bytes(), 0x180);
  const result = await bench({
    chip: 'stm32f401re',
    images: [{ path: 'part.bin@0x08000000', bytes }],
    scenario: { until: '1s' } as never,
  });
  expect(result.outcome).toBe('fault');
  expect(result.summary).toContain('read 0xe000e100: this is in the private peripheral bus, which unprivileged code must not access');
});

it('an image that is started behind its boot loader reads no ROM at address 0, for the flash is not empty', async () => {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x2101, true);
  // what a null pointer leads to goes into R2 again and again
  const code = new Thumb(FLASH + 0x2100).movs(0, 0).label('on').ldr(2, 0).b('on');
  bytes.set(code.bytes(), 0x100);
  for (const chip of ['stm32g0b1re', 'stm32l432kc']) {
    const result = await bench({
      chip,
      images: [{ path: 'part.bin@0x08002000', bytes }],
      bootAt: FLASH + 0x2000,
      scenario: { until: '100ms' } as never,
    });
    expect(result.outcome).toBe('stuck');
    expect(result.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(result.diagnosis.causes).toEqual([]);
  }
});

it.each([
  ['regions that cover no system memory', [0x08000000, 0x06000027]],
  ['system memory forbidden, as Zephyr does it', [0x1fff0000, 0x1100002d]],
] as const)('an MPU with %s is suspected of nothing while nobody asks for the ROM', async (_, [base, attributes]) => {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x101, true);
  const set = (t: Thumb, address: number, value: number): Thumb => t.constant(0, value).constant(1, address).str(0, 1);
  const code = new Thumb(FLASH + 0x100);
  set(code, 0xe000ed9c, base);
  set(code, 0xe000eda0, attributes);
  set(code, 0xe000ed94, 5).label('on').b('on');
  bytes.set(code.bytes(), 0x100);
  const result = await bench({
    chip: 'stm32f405rg',
    images: [{ path: 'part.bin@0x08000000', bytes }],
    scenario: { until: '100ms' } as never,
  });
  expect(['no-jump', 'stuck']).toContain(result.outcome);
  expect(result.diagnosis.causes).toEqual([]);
  expect(result.summary).not.toContain('mpu');
});

it('an MPU that explains nothing is not tried off, which would cost the whole run again', () => {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x101, true);
  const code = new Thumb(FLASH + 0x100);
  for (const [address, value] of [
    [0xe000ed9c, 0x1fff0000],
    [0xe000eda0, 0x1100002d],
    [0xe000ed94, 5],
  ] as const)
    code.constant(0, value).constant(1, address).str(0, 1);
  // counts in RAM
  code.constant(1, 0x20000100).movs(0, 0).label('on').adds(0, 1).str(0, 1).b('on');
  bytes.set(code.bytes(), 0x100);
  const images = [{ path: 'part.bin@0x08000000', bytes }];
  const session = new Session(jobInput(plainJob('stm32f405rg', images, { until: '10ms' })));
  const end = session.run();
  const starts = { powerOn: session.save(), entry: null, fault: null, entryNumber: 1 };
  const judged = judgeAll(session, end.outcome, false, NOT_TRACED);
  expect([end.outcome, judged.find((j) => j.id === 'mpu')!.judgement.verdict]).toEqual(['no-jump', 'warn']);
  let tried = 0;
  const { restore } = session;
  session.restore = (...of) => {
    tried++;
    restore.apply(session, of);
  };
  diagnose(session, starts, new Variants(session, starts), judged, { outcome: end.outcome, reached: false }, true);
  expect(tried).toBe(0);
});

it('a ROM that would start the program in its bank is told, but suspected of nothing', async () => {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x101, true);
  // counts in RAM
  const code = new Thumb(FLASH + 0x100).constant(1, 0x20000100).movs(0, 0).label('on').adds(0, 1).str(0, 1).b('on');
  bytes.set(code.bytes(), 0x100);
  const result = await bench({
    chip: 'stm32l073rz',
    images: [{ path: 'part.bin@0x08000000', bytes }],
    scenario: { until: '100ms' } as never,
  });
  expect(result.outcome).toBe('no-jump');
  expect(result.checks.find((c) => c.id === 'dual-bank')?.verdict).toBe('warn');
  expect([result.diagnosis.explained, result.diagnosis.causes]).toEqual([false, []]);
  expect(result.summary).not.toContain('dual-bank');
});

it('a word that a program keeps over its resets for itself is no lost request: kept, it leads nowhere near the ROM', async () => {
  const [WORD, COUNT, AIRCR] = [0x20000100, 0x20000104, 0xe000ed0c];
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x101, true);
  // where the word is not there, it and a count begin anew; then it is overwritten, and the chip reset
  const code = new Thumb(FLASH + 0x100)
    .constant(1, WORD)
    .constant(2, 0xb007c0de)
    .ldr(0, 1)
    .cmpRegister(0, 2)
    .beq('known')
    .str(2, 1)
    .constant(3, COUNT)
    .movs(0, 0)
    .str(0, 3)
    .label('known')
    .constant(3, COUNT)
    .ldr(0, 3)
    .adds(0, 1)
    .str(0, 3)
    .cmp(0, 4)
    .beq('done')
    .constant(0, 0x12345678)
    .str(0, 1)
    .constant(1, AIRCR)
    .constant(0, 0x05fa0004)
    .str(0, 1)
    .label('done')
    .b('done');
  bytes.set(code.bytes(), 0x100);
  const result = await bench({ chip: 'stm32f405rg', images: [{ path: 'app.bin@0x08000000', bytes }] });
  expect([result.outcome, result.diagnosis.causes, result.checks.find((c) => c.id === 'magic-survives')?.verdict]).toEqual([
    'reset-loop',
    [],
    'n/a',
  ]);
});
