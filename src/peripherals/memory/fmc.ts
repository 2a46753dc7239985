/**
 * FMC and FSMC: which banks answer, and what a bank reads with nothing at its pins. Memories of the board are rows of their own (`board.memories`), which answer whatever the controller
 * is set to.
 *
 * Facts: registers ST SVD; RM0090 36.5.6 and 37.5.6, RM0008 21.5.6, bit MBKEN: after a reset bank 1 is enabled and all others are not, an access to a disabled bank ends in an error on AHB
 * (documented); NAND by PCR.PBKEN; SDRAM once SDCMR has switched its clock on (inferred from the order in 37.7.3). Without the controller's clock nothing answers (assumed). Lines that
 * nothing drives read as ones (assumed).
 * Wires driven: `fmc.banks`, a bit for each bank that answers.
 */
import { sizeMask, type ModelFactory, type Register, type RegisterContext, type RegisterModel } from '../../emu/registers.ts';
import { BUS_ERROR } from '../../emu/component.ts';
import { FMC_BANKS } from '../wires.ts';

/** Where banks lie, by their bit: four of NOR and SRAM, NAND and PC card, SDRAM (RM0090 figure 455). */
const BANKS = [0x60000000, 0x64000000, 0x68000000, 0x6c000000, 0x70000000, 0x80000000, 0x90000000, 0xc0000000, 0xd0000000];
const WINDOW = 0x10000000;
const NOR_WINDOW = 0x4000000;
/** PCR of F7, L4, H5 and H7 is that of bank 3, the only one there. */
const NAND: Readonly<Record<string, number>> = { PCR2: 4, PCR3: 5, PCR: 5, PCR4: 6 };
const SDRAM = [
  ['CTB1', 7],
  ['CTB2', 8],
] as const;
/** BMAP of H7: banks of NOR and PSRAM change places with those of SDRAM (RM0433 22.9.3). */
const SWAPPED = 1;
const NOR_BITS = 0xf;
/** Which windows answer then: that of SDRAM bank 1 where any bank of NOR does, those of NOR and of 0x70000000 for the two of SDRAM. */
const swapped = (banks: number, sdram: number): number =>
  (banks & ~NOR_BITS) | ((banks & NOR_BITS) !== 0 ? 1 << 7 : 0) | (sdram & (1 << 7) ? NOR_BITS : 0) | (sdram & (1 << 8) ? 1 << 4 : 0);
const PBKEN = 1 << 2;
const MODE = 7;

interface FmcState {
  /** Banks of SDRAM whose clock a command has switched on, by their bits. */
  sdram: number;
}
type Ctx = RegisterContext<FmcState>;

export const fmc: ModelFactory = (layout): RegisterModel<FmcState> => {
  const nor = [1, 2, 3, 4].map((n) => layout.reg(`BCR${n}`));
  const nand = Object.entries(NAND)
    .filter(([name]) => layout.has(name))
    .map(([name, bit]): [Register, number] => [layout.reg(name), bit]);
  const commands = SDRAM.filter(([name]) => layout.hasField(`SDCMR.${name}`)).map(
    ([name, bit]) => [layout.field(`SDCMR.${name}`), bit] as const,
  );
  const bmap = layout.hasField('BCR1.BMAP') ? layout.field('BCR1.BMAP') : null;
  const tell = (c: Ctx): void => {
    let banks = 0;
    nor.forEach((r, i) => (banks |= (c.get(r) & 1) << i));
    for (const [r, bit] of nand) if (c.get(r) & PBKEN) banks |= 1 << bit;
    banks = bmap?.get(c) === SWAPPED ? swapped(banks, c.s.sdram) : banks | c.s.sdram;
    c.env.setWire(FMC_BANKS, c.env.clocked() ? banks : 0);
  };
  return {
    about: {
      source: 'RM0090 36, 37; lines that nothing drives read as ones (assumed)',
      confidence: 'documented',
      lacks: ['timing', 'BMAP = 2 and FMCEN of H7', 'ECC', 'interrupts', 'write protection of banks'],
    },
    modelled: 'all',
    // RM0090 37.5.6: bank 1 is enabled and multiplexed NOR flash; the SVDs of most lines, and F413's, have none of it
    resets: { BCR1: 0x30db, BCR2: 0x30d2, BCR3: 0x30d2, BCR4: 0x30d2 },
    create: () => ({ sdram: 0 }),
    onReset: (c) => {
      c.s.sdram = 0;
      tell(c);
    },
    onGate: tell,
    drives: () => [],
    // the whole of SDCMR is write-only in some SVDs: what it holds says nothing
    write: (c, r, _merged, raw) => {
      if (commands[0]?.[0].register === r && raw & MODE) for (const [field, bit] of commands) if (field.of(raw)) c.s.sdram |= 1 << bit;
    },
    wrote: tell,
  };
};

/** The bank of an address, by its bit. */
function bankOf(address: number): number {
  return BANKS.findLastIndex((base) => address >= base && address - base < (base < 0x70000000 ? NOR_WINDOW : WINDOW));
}

interface BanksState {
  /** Banks whose first access has been told. */
  told: number;
}
/** The banks themselves, where the board has no memory. `base`: the row's, from which offsets count; `controller`: FMC or FSMC. */
export const fmcBanks: ModelFactory<{ readonly base: number; readonly controller: string }> = (
  _layout,
  { base, controller },
): RegisterModel<BanksState> => {
  const answers = (c: RegisterContext<BanksState>, offset: number): boolean =>
    ((c.env.wire(FMC_BANKS) >>> bankOf(base + offset)) & 1) === 1;
  const told = (c: RegisterContext<BanksState>, offset: number): boolean => {
    if (!answers(c, offset)) return false;
    const bit = 1 << bankOf(base + offset);
    if ((c.s.told & bit) === 0) {
      c.s.told |= bit;
      const where = `0x${(base + offset).toString(16)}`;
      c.env.note(
        'guest',
        `${where} was accessed, in an enabled bank of ${controller}: bootbench has no memory there, so it reads ones (board.memories of a scenario puts one there)`,
      );
    }
    return true;
  };
  return {
    about: { source: 'RM0090 36, 37; lines that nothing drives read as ones (assumed)', confidence: 'assumed', lacks: [] },
    modelled: [],
    create: () => ({ told: 0 }),
    onReset: () => {},
    readElse: (c, offset, size) => (told(c, offset) ? sizeMask(size) : BUS_ERROR),
    peekElse: (c, offset, size) => (answers(c, offset) ? sizeMask(size) : BUS_ERROR),
    holdsElse: (c, offset) => (answers(c, offset) && (c.s.told >>> bankOf(base + offset)) & 1 ? Infinity : 0),
    writeElse: (c, offset) => (told(c, offset) ? 0 : BUS_ERROR),
  };
};
