/** `bench`: what a caller gets wrong is a UsageError or an ImageError before anything runs. */
import { describe, expect, it } from 'vitest';
import { bench, ImageError, UsageError, type BenchOptions } from '../../src/index.ts';
import { firmware } from './firmware.ts';

const GOOD: BenchOptions = { chip: 'stm32h533re', images: [firmware('h533-straight')] };

describe('wrong options', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /give \{ chip, images \}/],
    ['a list', [], /give \{ chip, images \}/],
    ['no chip', { images: [] }, /chip is undefined/],
    ['a chip that nobody makes', { ...GOOD, chip: 'stm32h999' }, /there is no chip/],
    ['no images', { ...GOOD, images: [] }, /no image is given/],
    ['images that are none', { ...GOOD, images: ['fw.elf'] }, /images\[0\] is not/],
    ['a misspelt option', { ...GOOD, romOption: {} }, /did you mean romOptions/],
    ['a negative seed', { ...GOOD, seed: -1 }, /seed: -1/],
    ['half a seed', { ...GOOD, seed: 0.5 }, /seed: 0.5/],
    ['a time without a unit', { ...GOOD, until: '5' }, /until: "5"/],
    ['a symptom that nobody has', { ...GOOD, symptom: 'foo' }, /symptom: "foo"/],
    ['a ROM option that is none', { ...GOOD, romOptions: { primsk: 'keeps' } }, /did you mean primask/],
    ['a value that is none', { ...GOOD, romOptions: { primask: 'maybe' } }, /keeps, clears/],
    ['a dump of three bytes', { ...GOOD, romDump: new Uint8Array(3) }, /too short/],
    ['a dump in no pieces', { ...GOOD, romDump: [] }, /romDump is not a Uint8Array.*list of \{ address, bytes \}/],
    ['a piece of a dump without an address', { ...GOOD, romDump: [{ bytes: new Uint8Array(8) }] as never }, /romDump\[0\] is not/],
    [
      'a piece of a dump elsewhere',
      { ...GOOD, romDump: [{ address: 0x20000000, bytes: new Uint8Array(8) }] },
      /not inside of system memory/,
    ],
    ['a dump of noise', { ...GOOD, romDump: new Uint8Array(4096).fill(7) }, /the dump is not of STM32H533RE/],
    [
      'a dump and ROM options',
      { ...GOOD, romDump: new Uint8Array(64), romOptions: { primask: 'keeps' } },
      /give either romDump or romOptions/,
    ],
    ['a limit below nothing', { ...GOOD, limits: { wallMs: -1 } }, /limits.wallMs: -1/],
    ['a limit that is none', { ...GOOD, limits: { walMs: 1 } }, /did you mean wallMs/],
    ['a signal that is a function', { ...GOOD, signal: () => true }, /AbortSignal/],
    [
      'a signal that only says that it is aborted',
      { ...GOOD, signal: { aborted: true } },
      /signal is \{"aborted":true\}, and no AbortSignal/,
    ],
    ['progress that is a text', { ...GOOD, onProgress: 'x' }, /not a function/],
    ['a field that the chip lacks', { ...GOOD, force: { 'ETH.A.B': 1 } }, /force/],
    ['a start that is no number', { ...GOOD, bootAt: 'x' }, /bootAt/],
    ['a symbol that the image lacks', { ...GOOD, scenario: { steps: [{ at: '1ms', do: { call: 'nope' } }] } }, /no symbol nope/],
    ['a key that scenarios lack', { ...GOOD, scenario: { step: [] } }, /did you mean steps/],
    ['a check that is none', { ...GOOD, scenario: { expect: { causes: ['primsk'] } } }, /did you mean primask/],
    ['files that are an object', { ...GOOD, files: {} }, /files/],
  ])('%s', async (_, options, message) => {
    const error = await bench(options as BenchOptions).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
  });
  it('bytes that are no image are an ImageError', async () => {
    await expect(bench({ ...GOOD, images: [{ path: 'x', bytes: Uint8Array.of(1, 2, 3) }] })).rejects.toThrow(ImageError);
  });
  it('a signal that is aborted already ends it with its reason', async () => {
    await expect(bench({ ...GOOD, signal: AbortSignal.abort(new Error('not today')) })).rejects.toThrow('not today');
  });
});

describe('types', () => {
  it('know the words', () => {
    // what does not compile here is what the compiler has to refuse
    const wrong: BenchOptions[] = [
      // @ts-expect-error no such option
      { ...GOOD, romOptions: { primsk: 'keeps' } },
      // @ts-expect-error no such value
      { ...GOOD, romOptions: { primask: 'maybe' } },
      // @ts-expect-error no such symptom
      { ...GOOD, symptom: 'foo' },
      // @ts-expect-error no such check
      { ...GOOD, scenario: { expect: { causes: ['primsk'] } } },
      // @ts-expect-error no such outcome
      { ...GOOD, scenario: { expect: { outcome: 'dfuu' } } },
      // @ts-expect-error no such step
      { ...GOOD, scenario: { steps: [{ at: '1ms', do: { jump: 'main' } }] } },
    ];
    expect(wrong).toHaveLength(6);
  });
});
