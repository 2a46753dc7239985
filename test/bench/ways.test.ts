/** A firmware with several ways in: one that works does not hide one that never reaches the ROM. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { firstRun } from '../../src/bench/first-run.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { cli } from '../cli/helpers.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const demo = fileURLToPath(new URL('../../demo/firmware/fixes', import.meta.url));
const run = (images: ReturnType<typeof bareImage>, chip: string) => firstRun({ ...plainJob(chip, images, {}), trigger: true }, {});
const but = ({ notes }: ReturnType<typeof run>): string[] => notes.filter(({ kind }) => kind === 'but').map(({ text }) => text);

describe('beside a button that reaches DFU', () => {
  // the button and 'd' are mended, the request of 'r' is still in .bss
  const path = '2-from-the-main-loop.elf';
  const result = run([{ path, bytes: readFileSync(join(demo, path)) }], 'STM32F446RE');

  it('a command whose request is lost costs the plain OK, with its cause', () => {
    expect(result.outcome).toBe('dfu');
    expect(but(result)).toEqual([
      expect.stringMatching(
        /^another way into the ROM fails: "r" to USART2 resets the chip for it, and the request is lost \(magic-survives, .*startup\.c:\d+\)$/,
      ),
    ]);
  });
  it('each text that leads somewhere is a way of its own', () => {
    const rows = result.ways.map(({ trigger, outcome }) => `${trigger}: ${outcome}`);
    expect(rows).toContain('"d" to USART2: dfu');
    expect(rows).toContain('"r" to USART2: no-jump');
  });
  it('the screen says how to look at the other way', () => {
    expect(terminalReport(result)).toMatch(/^OK, but dfu/);
    expect(terminalReport(result).replace(/\s+/g, ' ')).toContain('bootbench init … writes a scenario for each way in');
  });
  it('init writes a scenario for each, the lost request among them', async () => {
    const folder = mkdtempSync(join(demo, 'ways-'));
    try {
      const { out } = await cli(['init', `../${path}`], { cwd: folder });
      expect(readdirSync(folder).toSorted()).toEqual(['scenario.USART2-2.json', 'scenario.USART2.json', 'scenario.json']);
      expect(out).toContain('one for each way in; run all with: bootbench test scenario.json scenario.USART2.json scenario.USART2-2.json');
      expect(Object.keys(JSON.parse(readFileSync(join(folder, 'scenario.json'), 'utf8')) as object)).toEqual([
        'schema',
        'chip',
        'images',
        'steps',
        'expect',
      ]);
      const steps = JSON.parse(readFileSync(join(folder, 'scenario.USART2-2.json'), 'utf8')).steps as unknown;
      expect(steps).toEqual([{ at: '100ms', do: { uart: { port: 'USART2', text: 'r' } } }]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** F411: PC13 low goes for the ROM; an edge on PA0 has a handler. */
function twoButtons(handler: (t: Thumb) => Thumb): ReturnType<typeof bareImage> {
  const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
  let t = handler(new Thumb(MAIN).b('main')).label('main');
  for (const [address, value] of [
    [0x40023830, 5], // RCC_AHB1ENR: GPIOA, GPIOC
    [0x4002000c, 1], // GPIOA_PUPDR: PA0 up
    [0x4002080c, 1 << 26], // GPIOC_PUPDR: PC13 up
    [0x40013c00, 1], // EXTI_IMR
    [0x40013c0c, 1], // EXTI_FTSR
    [0xe000e100, 1 << 6], // NVIC_ISER0: EXTI0
  ] as const)
    t = store(t, address, value);
  t.label('poll').constant(0, 0x40020810).ldr(1, 0).lsls(1, 1, 18).lsrs(1, 1, 31).bne('poll');
  t = store(t, 0xe000e180, 1 << 6); // NVIC_ICER0: no edge comes in the ROM
  t.constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1).label('end').b('end');
  const images = bareImage(t);
  new DataView(images[0]!.bytes.buffer).setUint32(4 * (16 + 6), MAIN + 2 + 1, true);
  return images;
}

describe('beside a button that reaches DFU, another one', () => {
  it('whose handler waits for ever costs the plain OK', () => {
    const result = run(
      twoButtons((t) => t.label('for-ever').b('for-ever')),
      'STM32F411CE',
    );
    expect(result.outcome).toBe('dfu');
    expect(but(result)).toEqual([expect.stringMatching(/^PA0 = 0 hangs the firmware: it stays in 0x080002[0-9a-f]{2}/)]);
  });
  it('whose handler comes back costs nothing', () => {
    const result = run(
      twoButtons((t) => t.constant(0, 0x40013c14).constant(1, 1).str(1, 0).bx(14)),
      'STM32F411CE',
    );
    expect([result.outcome, but(result)]).toEqual(['dfu', []]);
  });
  it('that resets the chip for another reason costs nothing', () => {
    const result = run(
      twoButtons((t) => t.constant(0, 0xe000ed0c).constant(1, 0x05fa0004).str(1, 0).label('wait').b('wait')),
      'STM32F411CE',
    );
    expect([result.outcome, but(result)]).toEqual(['dfu', []]);
  });
});

describe('an input that ends in interrupts alone', () => {
  // its handler returns at once and leaves EXTI_PR1.PIF13 set
  const path = fileURLToPath(new URL('../../fixtures/l476-button-interrupt/firmware.elf', import.meta.url));
  const bytes = Uint8Array.from(readFileSync(path));
  bytes.set([0x70, 0x47], Buffer.from(bytes).indexOf('08b5034b4ff40052', 'hex'));
  const job = { ...plainJob('STM32L476RG', [{ path, bytes }], { board: { pins: { PC13: 1 } } }), trigger: true };
  const result = firstRun(job, {});
  const screen = terminalReport(result).replace(/\s+/g, ' ');

  it('is what is told, and no function that works when it is called', () => {
    expect([result.outcome, result.ways[0]?.trigger]).toEqual(['no-jump', 'PC13 = 0']);
    expect(result.ways.find((way) => way.trigger === null)).toMatchObject({ function: 'jump_to_bootloader', outcome: 'dfu' });
    expect(screen).toMatch(/^FAIL no-jump: interrupts are taken again and again, and the program behind them does not run/);
    expect(screen).toContain('EXTI.PR1 keeps its flag of line 13');
  });
  it('is no step that is proposed again', () => expect(screen).not.toContain('put one of these steps'));
});
