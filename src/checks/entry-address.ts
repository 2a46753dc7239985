/** The address that the firmware branches to, or looks for the vector at. */
import { broken, hex, notApplicable, pass, type Check } from './check.ts';
import { atInstruction, isVectorAddress, plain, readRightVector, strayJump, SYSTEM_AREAS_SOURCE, wrongVectorRead } from './entry.ts';

const SOURCE = SYSTEM_AREAS_SOURCE;
const jump = (table: number): string =>
  [
    `uint32_t sp = *(volatile uint32_t *)${hex(table)}u;`,
    `uint32_t pc = *(volatile uint32_t *)${hex(table + 4)}u;`,
    '__set_MSP(sp);                /* both in one asm statement, no stack access in between */',
    '((void (*)(void))pc)();',
  ].join('\n');

export const entryAddress: Check = {
  id: 'entry-address',
  question: "Does the firmware branch to the ROM's reset vector, read from the right table?",
  path: true,
  judge(subject) {
    const { entry, rom } = subject;
    const expected = `${hex(rom.resetVector)}, the word at ${hex(rom.vectorTable + 4)}`;
    if (entry) {
      const observed = `${hex(entry.address)} (${entry.how})`;
      if (entry.how === 'boot') return pass(observed, 'the boot selection chose system memory by itself', SOURCE, 'documented');
      if (plain(entry.address) === plain(rom.resetVector))
        return pass(observed, "the target is the ROM's reset vector", SOURCE, 'documented');
      if (isVectorAddress(subject, entry.address))
        return notApplicable('the address of the vector was used instead of the vector: see entry-dereference');
      const inside = entry.address >= rom.range[0] && entry.address <= rom.range[1];
      return broken('fail', {
        observed,
        expected,
        source: SOURCE,
        confidence: 'documented',
        because:
          entry.how === 'exception'
            ? 'an exception was taken through a vector that points into system memory; the ROM starts at its reset vector only'
            : inside
              ? 'the branch goes into the middle of the ROM, not to its reset vector'
              : 'the branch goes into system memory outside of the bootloader',
        lastWriter: atInstruction(entry.fromPc, entry.at),
      });
    }
    const wrong = wrongVectorRead(subject);
    if (wrong)
      return broken('fail', {
        observed: wrong.value === null ? `read of ${hex(wrong.address)} faulted` : `${hex(wrong.value)} read from ${hex(wrong.address)}`,
        expected: `vector table at ${hex(rom.vectorTable)}`,
        source: SOURCE,
        confidence: 'documented',
        because: `the firmware looks for the vector table at ${hex(wrong.table)}; this chip's ROM has it at ${hex(rom.vectorTable)}`,
        lastWriter: atInstruction(wrong.pc, wrong.at),
      });
    const stray = strayJump(subject);
    if (stray)
      return broken('fail', {
        observed: `jump to ${hex(stray.address)}`,
        expected,
        source: SOURCE,
        confidence: 'documented',
        because: `there is nothing at ${hex(stray.address)} on this chip; its ROM has the vector table at ${hex(rom.vectorTable)}`,
        lastWriter: null,
      });
    if (readRightVector(subject))
      return pass(
        `vector read from ${hex(rom.vectorTable + 4)}`,
        'the right vector was read, but no branch to it followed',
        SOURCE,
        'documented',
      );
    return notApplicable('no entry, and no vector was read from system memory');
  },
  repair(subject) {
    const { entry, rom } = subject;
    const fix = jump(rom.vectorTable);
    if (entry) {
      return {
        at: 'entry',
        what: `branch to ${hex(rom.resetVector)} instead of ${hex(entry.address)}`,
        fix,
        apply: (target) => target.branchTo(rom.resetVector),
      };
    }
    const wrong = wrongVectorRead(subject);
    if (!wrong) return null;
    return {
      at: 'redirect',
      what: `reads of ${hex(wrong.table)} answer with the words of the table at ${hex(rom.vectorTable)}`,
      fix,
      from: wrong.table,
    };
  },
  explanation: [
    'The ROM bootloader starts like any firmware: word 0 of its vector table is the stack pointer, word 1 the address of its first instruction. Read word 1 and branch to what it holds.',
    'The address of the table differs from product to product and is printed in the bootloader tables of AN2606. It is not always where system flash begins: on STM32H5 the headers give 0x0BF80000 for system flash, the bootloader has its table at 0x0BF97000. A digit wrong, or the address of another family, reads as 0xFFFFFFFF, as rubbish, or as a bus fault.',
    'Use the one published address of your part. Do not search memory for something that looks like a vector table.',
  ].join('\n\n'),
};
