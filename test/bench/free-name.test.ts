/** What a printed fix declares has a name that the program has not. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { plainJob } from './plain-job.ts';

it('a request is declared by another name where a function has the usual one', () => {
  const path = 'fixtures/f405-wwdg-during-detach/firmware.elf';
  const input = jobInput(plainJob('stm32f405rg', [{ path, bytes: new Uint8Array(readFileSync(path)) }]));
  const taken = { name: 'dfu_request', address: 0x0800_0001, size: 2, kind: 'function', binding: 'global' } as const;
  const images = input.images.map((image) => ({
    ...image,
    symbols: Object.assign(Object.create(image.symbols) as typeof image.symbols, {
      named: (name: string) => (name === taken.name ? [taken] : image.symbols.named(name)),
    }),
  }));
  const declares = (given: typeof input): string | undefined =>
    /volatile uint32_t (\w+)/.exec(runBench(given).diagnosis.causes[0]?.fix ?? '')?.[1];
  expect([declares(input), declares({ ...input, images })]).toEqual(['dfu_request', 'dfu_request_word']);
});
