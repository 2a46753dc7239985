/** The main stack pointer that the ROM gets. */
import type { ChipDescription } from '../emu/chip.ts';
import { broken, hex, notApplicable, pass, type Check, type RomFacts } from './check.ts';
import { mspBefore } from './entry.ts';
import { jumpInC } from './fix-in-c.ts';
import { NOTHING_PUBLISHED } from './sources.ts';

const TABLE = "AN2606 Rev 70: the ROM's vector table begins with its stack pointer";
const RAM_USE = 'AN2606 Rev 70, product table: RAM that the bootloader uses';

/** RAM below a full descending stack pointer. */
const ramBelow = (chip: ChipDescription, sp: number): { base: number; size: number } | null => {
  for (const m of chip.memories) {
    if (m.kind !== 'ram') continue;
    for (const base of [m.base, ...(m.aliases ?? [])]) if (sp > base && sp <= base + m.size) return { base, size: m.size };
  }
  return null;
};
/** The stack would grow into RAM that the ROM takes for itself. */
export const inRomRam = (rom: RomFacts, sp: number): boolean => rom.ramUse.some((r) => sp > r.base && sp <= r.base + r.size);
export const isUsableStack = (chip: ChipDescription, sp: number): boolean => sp % 4 === 0 && ramBelow(chip, sp) !== null;

export const msp: Check = {
  id: 'msp',
  question: 'Is MSP the stack pointer that the ROM would get from a reset, or at least a usable one?',
  path: false,
  judge(subject) {
    const { state, history, rom, entry } = subject;
    const value = mspBefore(subject);
    if (value === null) return notApplicable('MSP cannot be read on this target');
    const observed = `MSP = ${hex(value)}`;
    const expected = `MSP = ${hex(rom.initialStack)}, the word at ${hex(rom.vectorTable)}`;
    if (value >>> 0 === rom.initialStack >>> 0)
      return pass(observed, "MSP is the first word of the ROM's vector table", TABLE, 'documented');
    if (entry?.how === 'boot') return pass(observed, 'the hardware loaded it from the table that it booted', TABLE, 'documented');
    const lastWriter = history?.lastWriter('CPU.MSP') ?? null;
    if (!isUsableStack(state.chip, value))
      return broken('fail', {
        observed,
        expected,
        source: TABLE,
        confidence: 'documented',
        lastWriter,
        because: 'there is no RAM below MSP: the first push of the ROM faults',
      });
    if (inRomRam(rom, value))
      return broken('fail', {
        observed,
        expected,
        source: RAM_USE,
        confidence: 'documented',
        lastWriter,
        because: 'the stack lies in the RAM that the ROM uses for its own variables',
      });
    return broken('warn', {
      observed,
      expected,
      source: NOTHING_PUBLISHED,
      confidence: 'assumed',
      lastWriter,
      because: 'the ROM runs on the stack of the application; it is valid RAM that the ROM does not use otherwise',
    });
  },
  repair: (subject) => ({
    at: 'entry',
    what: `MSP set to ${hex(subject.rom.initialStack)}`,
    fix: jumpInC(subject.rom),
    apply: (target) => target.setCore('msp', subject.rom.initialStack),
  }),
  explanation: [
    'A reset loads MSP from the first word of the vector table; a jump does not. Load that word and write it to MSP right before the branch. The word is a value to be loaded, not the address of the table.',
    'With an MSP outside of RAM the first push faults, and because a fault also needs the stack, the core locks up. With an MSP in the RAM that the ROM uses (see AN2606) stack and variables destroy each other.',
    'If the application runs on PSP (an RTOS task), MSP may be set freely, but CONTROL.SPSEL has to be cleared too, else the ROM goes on using PSP: see the check control.',
  ].join('\n\n'),
};
