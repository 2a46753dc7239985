/** The branch goes to the place where the vector is stored. */
import { broken, hex, notApplicable, pass, type Check } from './check.ts';
import { atInstruction, isVectorAddress, targetFromNewStack } from './entry.ts';
import { jumpInC } from './fix-in-c.ts';

const SOURCE = 'Arm DDI 0553 (Armv8-M), DDI 0403 (Armv7-M): a vector table holds addresses, not instructions';

export const entryDereference: Check = {
  id: 'entry-dereference',
  namesInstruction: true,
  question: 'Does the firmware load the vector from the table, or does it branch to the address of the vector?',
  path: true,
  judge(subject) {
    const { entry, rom } = subject;
    if (!entry) return notApplicable('no entry');
    if (entry.how === 'boot') return pass(hex(entry.address), 'the hardware loads the vector itself', SOURCE, 'documented');
    if (!isVectorAddress(subject, entry.address))
      return pass(hex(entry.address), 'the branch target is not the vector table itself', SOURCE, 'documented');
    if (targetFromNewStack(subject)) return notApplicable('the target was loaded through SP behind the change of MSP: see stack-after-msp');
    return broken('fail', {
      observed: hex(entry.address),
      expected: `${hex(rom.resetVector)}, the word stored at ${hex(rom.vectorTable + 4)}`,
      because: `the firmware branches to the ROM's vector table ${entry.thumb ? 'as if its words were instructions' : 'itself, at an even address: the core leaves Thumb state and faults at once (UsageFault INVSTATE)'}`,
      source: SOURCE,
      confidence: 'documented',
      lastWriter: atInstruction(entry.fromPc, entry.at),
    });
  },
  repair: ({ rom }) => ({
    at: 'entry',
    what: `branch to the word at ${hex(rom.vectorTable + 4)} instead of to ${hex(rom.vectorTable + 4)} itself`,
    fix: jumpInC(rom),
    apply: (target) => target.branchTo(rom.resetVector),
  }),
  explanation: [
    'The vector table at the start of system memory holds addresses, not code. Its second word is the address of the first instruction. Load that word first: *(uint32_t *)(base + 4).',
    'If the dereference is missing, the jump target is the address of the word. The core then executes the table as code or, because the address is even, leaves Thumb state and faults at once (UsageFault INVSTATE, usually seen as a HardFault).',
  ].join('\n\n'),
};
