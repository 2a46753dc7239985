/** Which pin a firmware looks at, where the mask of its read is an argument: HAL_GPIO_ReadPin, in all families. */
import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;
const PROGRAM = 0x400;
/** `TST.W r2, #2`: what stands behind the function is not of it. */
const TST_R2_2 = [0xf012, 0x0f02] as const;

interface Board {
  readonly chip: string;
  /** Where GPIOA's clock is switched on, and by which bit. */
  readonly clock: readonly [register: number, bit: number];
  readonly idr: number;
}
const BOARDS: readonly Board[] = [
  { chip: 'stm32f107vc', clock: [0x40021018, 2], idr: 0x40010808 },
  { chip: 'stm32f103cb', clock: [0x40021018, 2], idr: 0x40010808 },
  { chip: 'stm32f072rb', clock: [0x40021014, 17], idr: 0x48000010 },
  { chip: 'stm32f405rg', clock: [0x40023830, 0], idr: 0x40020010 },
  { chip: 'stm32h743zi', clock: [0x580244e0, 0], idr: 0x58020010 },
];

/** Reads these pins of port A through one function, and goes elsewhere once one of them is 1. */
function program({ clock: [enable, bit], idr }: Board, pins = [0, 5]): Thumb {
  const t = new Thumb(FLASH + PROGRAM);
  t.constant(0, enable)
    .constant(1, 2 ** bit)
    .str(1, 0)
    .label('again');
  for (const pin of pins) {
    const back = `after ${t.length}`;
    t.constant(0, idr)
      .movs(1, 1 << pin)
      .constant(4, FLASH + PROGRAM + FUNCTION + 1)
      .blx(4)
      .label(back)
      .cmp(0, 1)
      .beq('pressed');
  }
  return withReader(t.b('again').label('pressed').b('pressed'));
}
/** Behind it, a function that says whether a bit of a register is 1. */
function withReader(t: Thumb): Thumb {
  while (2 * t.length < FUNCTION) t.put(0xbf00);
  return t
    .ldr(3, 0)
    .tst(1, 3)
    .bne('one')
    .movs(0, 0)
    .bxLr()
    .label('one')
    .movs(0, 1)
    .bxLr()
    .put(...TST_R2_2);
}
const FUNCTION = 0x200;

function image(board: Board, code = program(board)): Uint8Array {
  const bytes = new Uint8Array(PROGRAM + 0x300);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + PROGRAM + 1, true);
  bytes.set(code.bytes(), PROGRAM);
  return bytes;
}
/** Sleeps until a tick is pending, which PRIMASK keeps from being taken, and looks at PA5 (SysTick: CSR at 0xE000E010, RVR behind it; ICSR.PENDSTCLR is bit 25 of 0xE000ED04). */
function ticking(board: Board): Uint8Array {
  const [enable, bit] = board.clock;
  const t = new Thumb(FLASH + PROGRAM)
    .constant(0, enable)
    .movs(1, 2 ** bit)
    .str(1, 0)
    .constant(0, 0xe000e010)
    .constant(1, 15_999)
    .cpsidI();
  t.str(1, 0, 4).movs(1, 7).str(1, 0).constant(5, board.idr).constant(6, 0x02000000).constant(7, 0xe000ed04);
  t.constant(4, FLASH + PROGRAM + FUNCTION + 1)
    .label('again')
    .wfi()
    .put(0x4628) // MOV R0, R5
    .movs(1, 0x20)
    .blx(4);
  t.str(6, 7).cmp(0, 1).beq('pressed').b('again').label('pressed').b('pressed');
  return image(board, withReader(t));
}
const looks = async (board: Board, bytes: Uint8Array): Promise<string[]> => {
  const { notes, outcome } = await bench({ chip: board.chip, images: [{ path: 'fw.bin@0x08000000', bytes }] });
  expect(outcome).toBe('stuck');
  return notes.flatMap(({ kind, text }) => (kind === 'not-triggered' && text.startsWith('reads ') ? [text] : []));
};

describe('a pin that a function reads for its callers', () => {
  it.each(BOARDS)('$chip: each of them is told, by what becomes of the program if it changes', async (board) => {
    const told = await looks(board, image(board));
    const pins = told.map((text) => /GPIOA\.IDR bit (\d) \(PA(\d), now [01]\)/.exec(text)?.slice(1).join());
    expect(pins.toSorted()).toEqual(['0,0', '5,5']);
  });
  it('each counts once, however many callers ask for it: none is left out', async () => {
    const board = BOARDS[3]!;
    const calls = program(board, [0, 5, 0, 5, 0, 5, 0, 5, 0, 5]);
    const { notes } = await bench({ chip: board.chip, images: [{ path: 'fw.bin@0x08000000', bytes: image(board, calls) }] });
    const texts = notes.map(({ text }) => text);
    expect(texts.filter((text) => text.startsWith('reads '))).toHaveLength(2);
    expect(texts.filter((text) => text.includes('limits of the search'))).toEqual([]);
  });
  it('a tick shortly before the read is what the program waits for between two looks', async () => {
    const board = BOARDS[3]!;
    const { notes } = await bench({ chip: board.chip, images: [{ path: 'fw.bin@0x08000000', bytes: ticking(board) }] });
    expect(notes.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^reads GPIOA\.IDR bit 5 \(PA5, now 0\), 0x/));
  });
  it('no pin is told where two of them would do', async () => {
    const board = BOARDS[3]!;
    const t = new Thumb(FLASH + PROGRAM)
      .constant(0, board.idr)
      .movs(1, 3)
      .label('again')
      .ldr(3, 0)
      .tst(1, 3)
      .beq('again')
      .label('end')
      .b('end');
    const told = await looks(board, image(board, t));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^reads GPIOA\.IDR,/);
  });
});
