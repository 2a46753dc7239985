/** Programs in one file: a loader and its application, merged. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadImage, type LoadedImage } from '../../src/image/image.ts';
import { programsIn } from '../../src/image/programs.ts';
import { findChip } from '../../src/chips/index.ts';
import { plainJob } from '../bench/plain-job.ts';

const F405 = 'stm32f405rg';
const { memories } = findChip(F405)!;
const imageOf = (path: string) => ({ path, bytes: new Uint8Array(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url))) });

/** What is programmed, with 0xFF between, as a raw binary. */
function merged(...parts: readonly LoadedImage[]): Uint8Array {
  const chunks = parts.flatMap((part) => part.chunks);
  const flash = new Uint8Array(Math.max(...chunks.map(({ address, data }) => address + data.length)) - 0x08000000).fill(0xff);
  for (const { address, data } of chunks) flash.set(data, address - 0x08000000);
  return flash;
}
const binary = (bytes: Uint8Array): LoadedImage => loadImage(bytes, 'both.bin', { address: 0x08000000 });

describe('a merged file', () => {
  it.each(['f405-chain-dma-left', 'f405-chain-deep-sleep'])('of %s is told as its two files are, cause by cause', (name) => {
    const files = ['firmware.elf', 'app.elf'].map((file) => imageOf(`${name}/${file}`));
    const bytes = merged(...files.map((file) => loadImage(file.bytes, file.path)));
    const both = [{ path: 'both.bin@0x08000000', bytes }];
    const scenario = { goal: 'app', steps: [{ at: '20ms', do: { pin: { name: 'PC13', level: 1 } } }] } as const;
    const [two, one] = [files, both].map((images) => runBench(jobInput(plainJob(F405, images, scenario)))) as [Result, Result];
    expect(two.diagnosis.causes.map(({ id }) => id)).toContain('image');
    expect(one.outcome).toBe(two.outcome);
    const causes = ({ diagnosis }: Result): unknown[] =>
      diagnosis.causes.map(({ id, proved, what, fix, lastWriter }) => ({ id, proved, what, fix, pc: lastWriter?.pc }));
    expect(causes(one)).toEqual(causes(two));
    expect(one.diagnosis.causes[0]!.explanation).toContain('when the program at 0x08010000 starts');
  });
});
type Result = ReturnType<typeof runBench>;

describe('programs', () => {
  const [loader, app] = ['firmware.elf', 'app.elf'].map((file) => {
    const { bytes, path } = imageOf(`f405-chain-dma-left/${file}`);
    return loadImage(bytes, path);
  }) as [LoadedImage, LoadedImage];
  const APP = 0x08010000;

  it('of a file are found by their vector tables, and divide its bytes', () => {
    const found = programsIn(binary(merged(loader, app)), memories);
    expect(found.map(({ table, name }) => [table, name])).toEqual([
      [0x08000000, 'the program at 0x08000000'],
      [APP, 'the program at 0x08010000'],
    ]);
    expect(found[0]!.parts).toEqual([{ address: 0x08000000, size: 0x10000 }]);
    expect(found[1]!.parts[0]!.address).toBe(APP);
  });
  it('are one in a file of one, by its name', () => {
    expect(programsIn(app, memories).map(({ name, table }) => [name, table])).toEqual([['app.elf', APP]]);
  });
  it.each([
    ['a loader reads', 0x20, 1],
    ['that is longer than a page', 0x400, 1],
  ])('may have a header in front of the table, which %s', (_what, length, found) => {
    const bytes = new Uint8Array(app.chunks[0]!.data.length + length).fill(0x5a, 0, length);
    bytes.set(app.chunks[0]!.data, length);
    const at = loadImage(bytes, 'app.bin', { address: APP - length });
    expect(programsIn(at, memories).map(({ table }) => table)).toEqual(Array.from({ length: found }, () => APP));
  });
  it.each<[string, (table: DataView) => void]>([
    ['whose stack is no RAM', (t) => t.setUint32(0, 0x08010000, true)],
    ['whose stack is at no word', (t) => t.setUint32(0, 0x20010002, true)],
    ['whose code is that of the first, as of a copy', (t) => t.setUint32(4, 0x080001c1, true)],
    ['whose NMI handler is no Thumb code', (t) => t.setUint32(8, 0x08010200, true)],
    ['without a HardFault handler', (t) => t.setUint32(12, 0, true)],
    ['whose SysTick handler is in the loader', (t) => t.setUint32(60, 0x080001c1, true)],
  ])('are none where there is a table %s', (_name, change) => {
    const bytes = merged(loader, app);
    expect(programsIn(binary(bytes), memories)).toHaveLength(2);
    change(new DataView(bytes.buffer, 0x10000));
    expect(programsIn(binary(bytes), memories)).toHaveLength(1);
  });
});
