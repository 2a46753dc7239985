/** The branch goes to the place where the vector is stored. */
import { broken, hex, notApplicable, pass, type Check } from './check.ts';
import { atInstruction, isVectorAddress } from './entry.ts';
import { jumpInC } from './fix-in-c.ts';

const SOURCE = 'Arm DDI 0553 (Armv8-M), DDI 0403 (Armv7-M): a vector table holds addresses, not instructions';

export const entryDereference: Check = {
  id: 'entry-dereference',
  question: 'Is the vector loaded from the table, or is the address of the vector used as if it were the code?',
  path: true,
  judge(subject) {
    const { entry, rom } = subject;
    if (!entry) return notApplicable('no entry');
    if (entry.how === 'boot') return pass(hex(entry.address), 'the hardware loads the vector itself', SOURCE, 'documented');
    if (!isVectorAddress(subject, entry.address))
      return pass(hex(entry.address), 'the target is not the vector table itself', SOURCE, 'documented');
    return broken('fail', {
      observed: hex(entry.address),
      expected: `${hex(rom.resetVector)}, the word stored at ${hex(rom.vectorTable + 4)}`,
      because: "the branch goes to the ROM's vector table: its words are executed as instructions",
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
    'The table at the start of system memory holds addresses. Its second word is the address of the first instruction, so it has to be loaded first: *(uint32_t *)(base + 4).',
    'A missing asterisk turns the address of the word into the target. The core then executes the table, or, because the address is even, leaves Thumb state and faults at once (UsageFault INVSTATE, mostly seen as a HardFault).',
  ].join('\n\n'),
};
