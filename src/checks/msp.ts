/** The main stack pointer that the ROM gets. */
import type { ChipDescription } from '../emu/chip.ts';
import { broken, hex, notApplicable, pass, type Check, type RomFacts } from './check.ts';
import { mspBefore } from './entry.ts';
import { jumpInC } from './fix-in-c.ts';
import { NOTHING_PUBLISHED } from './sources.ts';

const TABLE = "AN2606 Rev 70: the first word of the ROM's vector table is its stack pointer";
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
  question: 'Does MSP hold the initial stack pointer of the ROM, or at least a usable one?',
  path: false,
  judge(subject) {
    const { state, history, rom, entry } = subject;
    const value = mspBefore(subject);
    if (value === null) return notApplicable('MSP cannot be read on this target');
    const observed = `MSP = ${hex(value)}`;
    const expected = `MSP = ${hex(rom.initialStack)}, the word at ${hex(rom.vectorTable)}`;
    if (value >>> 0 === rom.initialStack >>> 0)
      return pass(observed, "MSP is the first word of the ROM's vector table", TABLE, 'documented');
    if (entry?.how === 'boot') return pass(observed, 'the hardware loaded it from the vector table at boot', TABLE, 'documented');
    const lastWriter = history?.lastWriter('CPU.MSP') ?? null;
    if (!isUsableStack(state.chip, value))
      return broken('fail', {
        observed,
        expected,
        source: TABLE,
        confidence: 'documented',
        lastWriter,
        because: 'there is no RAM below MSP, so the first push of the ROM faults',
      });
    if (inRomRam(rom, value))
      return broken('fail', {
        observed,
        expected,
        source: RAM_USE,
        confidence: 'documented',
        lastWriter,
        because: 'the stack is in the RAM that the ROM uses for its variables',
      });
    return broken('warn', {
      observed,
      expected,
      source: NOTHING_PUBLISHED,
      confidence: 'assumed',
      lastWriter,
      because: 'the ROM uses the stack of the application, which is in RAM that the ROM does not use for anything else',
    });
  },
  repair: (subject) => ({
    at: 'entry',
    what: `MSP set to ${hex(subject.rom.initialStack)}`,
    fix: jumpInC(subject.rom),
    apply: (target) => target.setCore('msp', subject.rom.initialStack),
  }),
  explanation: [
    'A reset loads MSP from the first word of the vector table; a jump does not. Load that word and write it to MSP right before the branch. Use the contents of the word, not its address.',
    'If MSP is outside RAM, the first push faults; the fault entry needs the stack as well, so the core locks up. If MSP is in the RAM that the ROM uses (see AN2606), the stack and the variables of the ROM overwrite each other.',
    'If the application uses PSP (an RTOS task), also clear CONTROL.SPSEL; otherwise the ROM keeps using PSP. See the check control.',
  ].join('\n\n'),
};
