/** Memories of the board in the chip's address space: firmware runs from them and keeps data there. */
import { describe, expect, it } from 'vitest';
import { windowAt } from '../../src/bench/input/outside-memory.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { shortReport } from '../../src/report/short.ts';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;
const QSPI = 0x90000000;
const SDRAM = 0xc0000000;
const USART2 = 0x40004400;

/** An image at an address. */
const image = (address: number, bytes: Uint8Array) => ({ path: `part.bin@0x${address.toString(16)}`, bytes });
/** A vector table whose reset vector leads to `code`, which lies behind it. */
function start(code: Thumb): Uint8Array {
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x201, true);
  bytes.set(code.bytes(), 0x200);
  return bytes;
}
/** USART2 on, then a character. */
const say = (t: Thumb, letter: string): Thumb =>
  t
    .constant(1, 0x580244e8)
    .constant(0, 1 << 17)
    .str(0, 1)
    .constant(1, USART2)
    .movs(0, 200)
    .str(0, 1, 0x0c)
    .movs(0, 9)
    .str(0, 1)
    .movs(0, letter.charCodeAt(0))
    .str(0, 1, 0x28);
const run = (images: { path: string; bytes: Uint8Array }[], memories?: object[], until = '5ms') =>
  bench({
    chip: 'stm32h750vb',
    images,
    scenario: { until, ...(memories ? { board: { memories } } : {}) } as never,
  });

describe('a memory on the board', () => {
  it('is there where an image has bytes: an application behind QUADSPI runs, and that is said', async () => {
    const jump = start(new Thumb(FLASH + 0x200).constant(0, QSPI + 1).bx(0));
    const application = say(new Thumb(QSPI), 'q').label('x').b('x').bytes();
    const result = await run([image(FLASH, jump), image(QSPI, application)]);
    expect(result.console['usart2']).toBe('q');
    expect(result.notes.map((n) => n.text).join('\n')).toMatch(/ at 0x90000000 .* from power-on, in 64 KB of external flash/);
    // on the first screen too: on a board the jump there faults while QUADSPI maps nothing
    expect(shortReport(result).replace(/\s+/g, ' ')).toMatch(
      /On a board, the \d+ bytes of \S+ at 0x90000000 are visible only after firmware has set up the memory controller/,
    );
  });
  it.each([SDRAM + 0x1000, SDRAM + 0x1e30000])(
    'at 0x%x is RAM where the scenario says so, in the words that its fault suggests',
    async (address) => {
      const code = new Thumb(FLASH + 0x200)
        .constant(1, 0x580244d4)
        .constant(0, 1 << 12)
        .str(0, 1)
        .constant(2, address)
        .constant(3, 0x12345678)
        .str(3, 2)
        .ldr(4, 2);
      const bytes = start(say(code, 's').label('x').b('x'));
      const without = await run([image(FLASH, bytes)]);
      expect(without.console['usart2']).toBeUndefined();
      const [, suggested] = /"memories": (\[.*?\])/.exec(without.notes.find((n) => n.kind === 'crash')!.text)!;
      const memories = JSON.parse(suggested!) as { at: string; kilobytes: number }[];
      expect((await run([image(FLASH, bytes)], memories)).console['usart2']).toBe('s');
    },
  );
  it('is not missed by an enabled bank: it reads ones, which is told, and a loop that waits for a 0 there is stuck', async () => {
    // FMC of H750: its clock, then bank 1, which is enabled out of reset
    const code = new Thumb(FLASH + 0x200)
      .constant(1, 0x580244d4)
      .constant(0, 1 << 12)
      .str(0, 1)
      .constant(2, 0x60000000)
      .str(0, 2)
      .label('poll')
      .ldr(3, 2)
      .lsls(3, 3, 31)
      .bne('poll');
    const { outcome, notes } = await run([image(FLASH, start(code))], [], '1s');
    expect(outcome).toBe('stuck');
    expect(notes.filter((n) => n.text.includes('in an enabled bank of FMC')).map((n) => n.text)).toEqual([
      expect.stringContaining('0x60000000 was accessed'),
    ]);
  });
  it('lies where no chip has registers', () => {
    for (const chip of CHIPS)
      expect(chip.blocks.filter((b) => windowAt(b.base) !== undefined).map((b) => `${chip.name} ${b.name}`)).toEqual([]);
  });
  it.each([
    ['0x40000000', 64, /0x40000000 is not an address for external memory/],
    ['0x90000100', 64, /in steps of 0x10000/],
    ['0x9fff0000', 128, /0x9fff0000 is not an address for external memory/],
    ['0xd0000000', 32768, /32768 KB requested/],
  ])('%s with %i KB is refused', async (at, kilobytes, message) => {
    await expect(run([image(FLASH, start(new Thumb(FLASH + 0x200).label('x').b('x')))], [{ at, kilobytes }])).rejects.toThrow(message);
  });
  it('is refused on a part without a controller for it, and bytes of an image there are outside its memory', async () => {
    const f072 = (images: { path: string; bytes: Uint8Array }[], board: object) =>
      bench({ chip: 'stm32f072rb', images, scenario: { until: '5ms', board } as never });
    const plain = image(FLASH, start(new Thumb(FLASH + 0x200).label('x').b('x')));
    await expect(f072([plain], { memories: [{ at: '0x60000000', kilobytes: 64 }] })).rejects.toThrow(
      /STM32F072RB has no controller for memory at 0x60000000/,
    );
    await expect(f072([plain, image(QSPI, Uint8Array.of(1, 2, 3, 4))], {})).rejects.toThrow(
      /0x90000000 are outside the memory of STM32F072RB/,
    );
  });
});
