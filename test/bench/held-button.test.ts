/** Buttons that are not just pressed: held for seconds, or held while the board starts. STM32F405: RCC_AHB1ENR at 0x40023830, GPIOC at 0x40020800, IDR at 0x10. */
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import { tryTriggers, type Trigger } from '../../src/bench/proof/init.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const GPIOA = 0x40020000;
const GPIOC = 0x40020800;
const PC13 = 0x2000;
const enters = (t: Thumb): Thumb =>
  t
    .constant(1, 0x1fff0000)
    .put(0x680a, 0xf382, 0x8808) // LDR R2, [R1]; MSR MSP, R2
    .put(0x684a, 0x4710); // LDR R2, [R1, #4]; BX R2
function job(write: (t: Thumb) => void): RunJob {
  const code = new Thumb(FLASH + 0x200).constant(4, 0x40023830).constant(0, 5).str(0, 4).constant(4, GPIOC).constant(5, PC13);
  write(code);
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x201, true);
  bytes.set(code.bytes(), 0x200);
  return plainJob('stm32f405rg', [{ path: 'fw.bin@0x08000000', bytes }]);
}
const tried = (j: RunJob): readonly Trigger[] => tryTriggers(jobInput(j, {})).tried;

describe('a button that has to be held', () => {
  /** So many looks in a row at about nine cycles of 16 MHz. */
  const holding = (looks: number): RunJob =>
    job((t) => {
      t.constant(6, looks)
        .put(0x2700) // again: MOVS R7, #0
        .ldr(0, 4, 0x10) // look
        .put(0x4228, 0xd0fb) // TST R0, R5; BEQ again
        .put(0x3701, 0x42b7, 0xd1f9); // ADDS R7, #1; CMP R7, R6; BNE look
      enters(t);
    });
  const held = holding(3_000_000);
  it('is found behind the time in which a run without events ends', () => {
    const found = { outcome: 'dfu', held: expect.stringMatching(/^[67]\d00ms$/) };
    expect(tried(holding(12_000_000))).toEqual([expect.objectContaining(found)]);
  });
  it('is held as long as it took, and its name says so', () => {
    expect(tried(held)).toEqual([
      expect.objectContaining({
        name: expect.stringMatching(/^PC13 = 1 for [12]\.\d s$/),
        outcome: 'dfu',
        held: expect.stringMatching(/^[12]\d00ms$/),
      }),
    ]);
  });
  it('is held so in the run', () => {
    const result = firstRun(held, {});
    expect(result.outcome).toBe('dfu');
    expect(result.scenario.steps?.map((s) => Object.values(s)[0])).toEqual(['100ms', expect.stringMatching(/^[12]\d00ms$/)]);
  });
});

it('a button whose handler goes for the ROM when it is let go of after a second is found', () => {
  const EXTI15_10 = 40;
  const made = job((t) => {
    const store = (address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
    store(0x40023844, 1 << 14); // RCC_APB2ENR.SYSCFGEN
    store(0x40013814, 0x20); // SYSCFG_EXTICR4: PC13
    for (const register of [0x40013c00, 0x40013c08, 0x40013c0c]) store(register, PC13); // EXTI_IMR, RTSR, FTSR
    store(0xe000e104, 1 << (EXTI15_10 - 32));
    t.constant(7, 0).label('count').put(0x3701).b('count'); // ADDS R7, #1
  });
  const [image] = made.images;
  const handler = new Thumb(FLASH + 0x300).constant(0, 0x40013c14).str(5, 0); // EXTI_PR
  handler.ldr(0, 4, 0x10).tst(0, 5).beq('released').put(0x463e).bxLr(); // MOV R6, R7
  handler.label('released').subs(0, 7, 6).constant(1, 4_000_000).cmpRegister(0, 1).put(0xd200).bxLr(); // BHS over the next one
  enters(handler);
  image!.bytes.set(handler.bytes(), 0x300);
  new DataView(image!.bytes.buffer).setUint32(4 * (16 + EXTI15_10), FLASH + 0x301, true);
  expect(tried(made)).toContainEqual(expect.objectContaining({ name: 'PC13 = 1 for 3.5 s', held: '3500ms' }));
});

describe('a button that is held while the board starts', () => {
  const early = job((t) => {
    t.constant(6, GPIOA).ldr(0, 4, 0x10).put(0x4228, 0xd100).b('rest'); // TST R0, R5; BNE over the next one
    enters(t).label('rest').ldr(0, 6, 0x10).b('rest');
  });
  it('is found, though nothing looks at it later', () => {
    expect(tried(early)).toContainEqual(
      expect.objectContaining({
        name: 'PC13 = 1 at the start',
        outcome: 'dfu',
        step: { at: '0ms', do: { pin: { name: 'PC13', level: 1 } } },
      }),
    );
  });
  it('is pressed before the start in the run', () => {
    const result = firstRun(early, {});
    expect(result.outcome).toBe('dfu');
    expect(result.notes.find((n) => n.kind === 'trigger')?.text).toBe('triggered at power-on by bootbench: PC13 = 1 at the start');
  });
});
