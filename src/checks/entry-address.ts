/** The address that the firmware branches to, or looks for the vector at. */
import {
  broken,
  hex,
  notApplicable,
  pass,
  unknown,
  type Check,
  type EntryFacts,
  type Judgement,
  type Repair,
  type Subject,
  type Writer,
} from './check.ts';
import { exceptionName, isInterrupt } from './core-registers.ts';
import {
  atInstruction,
  enteredByWord,
  faultOnTheWay,
  faultText,
  isFetch,
  isVectorAddress,
  ownEntry,
  plain,
  readFaultedAtTable,
  readRightVector,
  romVectorsInForce,
  stackFromSamePlace,
  strayJump,
  targetFromNewStack,
  wrongWord,
  SYSTEM_AREAS_SOURCE,
  wrongVectorRead,
} from './entry.ts';
import { jumpInC } from './fix-in-c.ts';

const SOURCE = SYSTEM_AREAS_SOURCE;
export const entryAddress: Check = {
  id: 'entry-address',
  namesInstruction: true,
  question: "Does the firmware branch to the ROM's reset vector, read from the right table?",
  path: true,
  judge(subject) {
    const entry = ownEntry(subject);
    return entry ? judgeEntry(subject, entry) : judgePath(subject);
  },
  repair(subject) {
    const { entry, rom, state } = subject;
    const fix = jumpInC(rom);
    const wrong = ownEntry(subject) ? null : wrongVectorRead(subject);
    // an unaligned read faults whatever it would have given
    if (wrong && subject.history?.firstFault?.kind !== 'unaligned')
      return {
        at: 'redirect',
        what: redirection(wrong.table, rom.vectorTable),
        // the way on, which may unmask, is left out by it
        fix: state.core('primask') ? `__enable_irq();\n${fix}` : fix,
        from: wrong.table,
      };
    if (!entry) return (strayJump(subject) ?? wrongWord(subject) ?? wrong) === null ? null : jumpInstead(subject);
    return {
      at: 'entry',
      what: `branch to ${hex(rom.resetVector)} instead of ${faultOnTheWay(subject) ? 'the fault' : entry.how === 'exception' ? 'the exception' : hex(entry.address)}`,
      fix,
      apply: (target) => {
        if (entry.how === 'exception') target.leaveHandlerMode();
        target.branchTo(rom.resetVector);
      },
    };
  },
  // an interrupt that should not have come: whoever let it come is to blame, if the firmware goes on to a right jump without it
  isLastResort: ({ entry, state }) => entry?.how === 'exception' && isInterrupt((state.core('xpsr') ?? 0) & 0x1ff),
  explanation: [
    'The ROM bootloader starts like any firmware: word 0 of its vector table is the stack pointer, word 1 the address of its first instruction. Read word 1 and branch to what it holds.',
    'The address of the table differs between products; the bootloader tables of AN2606 list it. It is not always the start of system flash: on STM32H5 the headers give 0x0BF80000 for system flash, but the table of the bootloader is at 0x0BF97000. A wrong digit, or the address of another family, gives 0xFFFFFFFF, meaningless data or a bus fault.',
    'Count in bytes or in words: to a pointer, + 4 means four of what it points to. (uint32_t *)base + 4 is 16 bytes behind base; the reset vector is at (uint32_t *)(base + 4), which is (uint32_t *)base + 1.',
    'Use the published address for your part. Do not search memory for something that looks like a vector table.',
  ].join('\n\n'),
};

const redirection = (wrong: number, right: number): string => `reads of ${hex(wrong)} return the words of the table at ${hex(right)}`;
export interface RedirectedTables {
  readonly wrong: number;
  readonly right: number;
}
/** The two addresses of such a repair, by the text that `redirection` wrote; null for any other one. */
export function redirectedTables(repair: { toString(): string }): RedirectedTables | null {
  const [wrong, right] = (String(repair).match(/0x[0-9a-f]{8}/g) ?? []).map(Number);
  return wrong !== undefined && right !== undefined && String(repair) === redirection(wrong, right) ? { wrong, right } : null;
}

/** The jump as it should have been, in place of the fault. A stack pointer from the same wrong place is part of it. */
function jumpInstead(subject: Subject): Repair {
  const { rom } = subject;
  const withStack = stackFromSamePlace(subject);
  return {
    at: 'entry',
    acts: 'instead-of-fault',
    what: `branch to ${hex(rom.resetVector)}${withStack ? ` with MSP = ${hex(rom.initialStack)}` : ''} instead of the fault`,
    fix: jumpInC(rom),
    apply: (target) => {
      if (withStack) target.setCore('msp', rom.initialStack);
      target.jumpTo?.(rom.resetVector);
    },
  };
}

const WORD_0 = "the jump goes to word 0 of the ROM's vector table, which is its initial stack pointer; the reset vector is word 1";
const failed = (
  { rom }: Subject,
  observed: string,
  because: string,
  lastWriter: Writer | null,
  expected = `${hex(rom.resetVector)}, the word at ${hex(rom.vectorTable + 4)}`,
): Judgement => broken('fail', { observed, expected, because, lastWriter, source: SOURCE, confidence: 'documented' });

function judgeEntry(subject: Subject, entry: EntryFacts): Judgement {
  const { rom, state } = subject;
  const observed = `${hex(entry.address)} (${entry.how})`;
  if (entry.how === 'boot') return pass(observed, 'the boot selection started system memory', SOURCE, 'documented');
  if (entry.how === 'exception') {
    const exception = exceptionName(state.chip, (state.core('xpsr') ?? 0) & 0x1ff);
    const mapped = romVectorsInForce(subject);
    return failed(
      subject,
      `${observed}${mapped ? `; ${mapped.observed}` : ''}`,
      `the vector of ${exception} points into system memory; only the reset vector starts the ROM`,
      mapped?.lastWriter ?? atInstruction(entry.fromPc, entry.at),
    );
  }
  if (plain(entry.address) === plain(rom.resetVector)) return pass(observed, "the target is the ROM's reset vector", SOURCE, 'documented');
  if (targetFromNewStack(subject)) return notApplicable('the target was loaded through SP behind the change of MSP: see stack-after-msp');
  if (isVectorAddress(subject, entry.address))
    return notApplicable('the address of the vector was used instead of the vector: see entry-dereference');
  const word = enteredByWord(subject, entry);
  if (word !== null)
    return failed(
      subject,
      `${observed}, from the word at ${hex(word.address)}`,
      word.address === rom.vectorTable
        ? WORD_0
        : `the jump's target was read from the word at ${hex(word.address)}, which is not the ROM's reset vector`,
      atInstruction(word.pc, word.at),
    );
  const inside = entry.address >= rom.range[0] && entry.address <= rom.range[1];
  const because = inside
    ? 'the jump goes into the middle of the ROM, not to its reset vector'
    : 'the jump goes into system memory, but not into the bootloader';
  return failed(subject, observed, because, atInstruction(entry.fromPc, entry.at));
}

const isOtherTable = ({ rom }: Subject, table: number): boolean => rom.otherTable?.value === table;
const notModelled = ({ rom }: Subject, table: number): Judgement => ({
  ...unknown(
    `products enter the ROM of this line by the table at ${hex(table)}, which is not that of the bootloader (${hex(rom.vectorTable)}) and which bootbench has no code for`,
  ),
  observed: hex(table),
  source: rom.otherTable?.source ?? null,
  confidence: 'reported',
});
function judgePath(subject: Subject): Judgement {
  const { rom } = subject;
  const wrong = wrongVectorRead(subject);
  if (wrong && isOtherTable(subject, wrong.table)) return notModelled(subject, wrong.table);
  if (wrong)
    return failed(
      subject,
      wrong.value === null ? `read of ${hex(wrong.address)} faulted` : `${hex(wrong.value)} read from ${hex(wrong.address)}`,
      `the firmware reads the ROM's vector table at ${hex(wrong.table)}; on this chip it is at ${hex(rom.vectorTable)}`,
      atInstruction(wrong.pc, wrong.at),
      `vector table at ${hex(rom.vectorTable)}`,
    );
  const stray = strayJump(subject);
  if (stray)
    return failed(
      subject,
      `jump to ${hex(stray.address)}`,
      `there is no memory at ${hex(stray.address)} on this chip; the ROM's vector table is at ${hex(rom.vectorTable)}`,
      atInstruction(stray.from, stray.at),
    );
  const word = wrongWord(subject);
  if (word)
    return failed(
      subject,
      `${hex(word.target)}, from the word at ${hex(word.address)}`,
      word.address === rom.vectorTable
        ? WORD_0
        : `the jump target was computed from the word at ${hex(word.address)}; it is not the ROM's reset vector`,
      atInstruction(word.pc, word.at),
    );
  const vector = `vector read from ${hex(rom.vectorTable + 4)}`;
  if (readRightVector(subject)) return pass(vector, 'the firmware read the right vector but did not branch to it', SOURCE, 'documented');
  const fault = faultOnTheWay(subject);
  if (fault?.kind === 'breakpoint') return notApplicable('a BKPT kept the firmware from its jump: see debugger');
  if (fault)
    return failed(
      subject,
      faultText(fault),
      "the firmware faulted instead of branching to the ROM's reset vector, and the fault handler is in system memory",
      atInstruction(isFetch(fault) ? fault.from : fault.pc, fault.at),
    );
  return notApplicable(
    readFaultedAtTable(subject)
      ? "no entry: the read of the ROM's vector table faulted"
      : 'no entry, and the firmware read no vector from system memory',
  );
}
