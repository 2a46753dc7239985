/** Bit 0 of the branch target. */
import { broken, hex, notApplicable, pass, type Check } from './check.ts';
import { atInstruction, isVectorAddress, plain } from './entry.ts';
import { jumpInC } from './fix-in-c.ts';

const SOURCE =
  'Arm DDI 0553 (Armv8-M), DDI 0403 (Armv7-M), BX/BLX: bit 0 of the target becomes EPSR.T; an instruction with T = 0 is an INVSTATE UsageFault';

export const thumbBit: Check = {
  id: 'thumb-bit',
  namesInstruction: true,
  question: 'Is bit 0 of the branch target set, so that the core stays in Thumb state?',
  path: true,
  judge(subject) {
    const { entry, rom } = subject;
    if (!entry) return notApplicable('no entry');
    if (entry.thumb) return pass('T = 1', 'the core is in Thumb state', SOURCE, 'documented');
    if (isVectorAddress(subject, entry.address))
      return notApplicable('the address of the vector was used instead of the vector: see entry-dereference');
    if (plain(entry.address) !== plain(rom.resetVector)) return notApplicable('the address itself is wrong: see entry-address');
    return broken('fail', {
      observed: `${hex(plain(entry.address))} with bit 0 = 0`,
      expected: hex(rom.resetVector | 1),
      because: 'the firmware branches to an even address: a Cortex-M has no Arm state, so the first instruction there faults',
      source: SOURCE,
      confidence: 'documented',
      lastWriter: atInstruction(entry.fromPc, entry.at),
    });
  },
  repair: ({ rom }) => ({
    at: 'entry',
    what: `branch to ${hex(rom.resetVector | 1)}, with bit 0 set`,
    fix: jumpInC(rom),
    apply: (target) => target.branchTo((rom.resetVector | 1) >>> 0),
  }),
  explanation: [
    'On a Cortex-M, bit 0 of a vector or function pointer is the Thumb bit: it is 1, although the instruction is at the even address. BX and BLX copy it to EPSR.T.',
    'If code masks the bit, or the address was typed in without it, the first instruction raises a UsageFault with INVSTATE set in CFSR. Branch to the word exactly as it is in the vector table.',
  ].join('\n\n'),
};
