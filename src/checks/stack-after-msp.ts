/** Accesses through SP between the change of MSP and the branch. */
import { broken, hex, notApplicable, pass, unknown, type Check, type Judgement, type Subject } from './check.ts';
import { faultText, mspBefore, ownEntry, plain, targetFromNewStack } from './entry.ts';
import { jumpInC } from './fix-in-c.ts';

const SOURCE =
  'AAPCS32 6.2.1: compiled code addresses its return address and variables relative to SP; CMSIS __set_MSP does not change that';
/** A frame of compiled code; beyond that MSP has not been moved by pops, it is another stack. */
const MAX_POPPED = 1024;

/**
 * Bytes that MSP stands above the ROM's stack pointer: pops and unwinding after MSP was set to it. The stack of an application may end there, too: an RTOS loads its own
 * initial value when it starts.
 */
function popped(subject: Subject): number {
  const { rom, history } = subject;
  const msp = mspBefore(subject);
  const writer = history?.lastWriter('CPU.MSP');
  if (msp === null || (history && !writer) || (writer?.value ?? rom.initialStack) >>> 0 !== rom.initialStack >>> 0) return 0;
  const by = (msp - rom.initialStack) | 0;
  return by > 0 && by <= MAX_POPPED ? by : 0;
}

function moved(subject: Subject, by: number, verdict: 'warn' | 'fail', because: string): Judgement {
  const fault = subject.history?.firstFault;
  const entry = ownEntry(subject);
  const then = entry ? `a branch to ${hex(entry.address)}` : fault ? faultText(fault) : 'a fault';
  return broken(verdict, {
    observed: `MSP = ${hex(mspBefore(subject) ?? 0)}${by === 0 ? `, then ${then}` : `, ${by} bytes above the ROM's`}`,
    expected: by === 0 ? `a branch to ${hex(subject.rom.resetVector)}` : `MSP = ${hex(subject.rom.initialStack)}`,
    because,
    source: SOURCE,
    confidence: 'inferred',
    lastWriter: subject.history?.lastWriter('CPU.MSP') ?? null,
  });
}

/** The firmware jumped, to a wrong place that it found on the new stack. */
const isMisled = (subject: Subject): boolean =>
  targetFromNewStack(subject) && plain(subject.entry?.address ?? 0) !== plain(subject.rom.resetVector);

export const stackAfterMsp: Check = {
  id: 'stack-after-msp',
  question: 'Does compiled code load or pop through SP after MSP has been changed?',
  path: true,
  judge(subject) {
    const { history } = subject;
    const entry = ownEntry(subject);
    const msp = mspBefore(subject);
    if (msp === null) return notApplicable('MSP cannot be read on this target');
    const by = popped(subject);
    if (entry) {
      if (entry.how === 'boot') return notApplicable('MSP was loaded by the hardware');
      if (isMisled(subject))
        return moved(
          subject,
          by,
          'fail',
          'the code loaded the jump target through SP after it had changed MSP: from a place where it never stored it',
        );
      if (by > 0)
        return moved(subject, by, 'warn', 'the code popped from the new stack before the branch; this did not affect the jump target here');
      return pass(`MSP = ${hex(msp)}`, 'nothing was popped after MSP was set', SOURCE, 'inferred');
    }
    if (!history) return unknown('needs the history of the run');
    if (!history.lastWriter('CPU.MSP')) return notApplicable('no entry, and MSP was never written');
    if (by > 0)
      return moved(
        subject,
        by,
        'fail',
        "the code popped the jump target or the return address from the ROM's stack, where nothing had been pushed",
      );
    if (history.failure && !history.failure.throughStack)
      return pass(`MSP = ${hex(msp)}`, 'the failing value was not loaded through SP', SOURCE, 'inferred');
    if (history.firstFault && msp >>> 0 === subject.rom.initialStack >>> 0)
      return moved(
        subject,
        0,
        'warn',
        "the code faulted on the ROM's stack before the branch; a load through SP after MSP was set reads meaningless data",
      );
    return pass(`MSP = ${hex(msp)}`, 'nothing was popped after MSP was set', SOURCE, 'inferred');
  },
  repair(subject) {
    const fix = jumpInC(subject.rom);
    const writer = subject.history?.lastWriter('CPU.MSP');
    if (ownEntry(subject) && !(isMisled(subject) && writer))
      return {
        at: 'entry',
        what: `MSP set to ${hex(subject.rom.initialStack)}`,
        fix,
        apply: (target) => target.setCore('msp', subject.rom.initialStack),
      };
    return writer
      ? {
          at: 'before-write',
          what: 'the write to MSP suppressed, so that the code keeps its own stack',
          fix,
          seq: writer.seq,
          value: null,
        }
      : null;
  },
  explanation: [
    'Compiled code addresses local variables, saved registers and often the function pointer for the jump relative to SP. After __set_MSP(), every such access goes to the new stack and reads meaningless data.',
    'At -O0, nearly every variable is on the stack, so the common sequence "__set_MSP(sp); jump();" loads jump from the wrong place. At higher optimisation levels it may work by luck, or fail in a function epilogue.',
    'Load the stack pointer and the target into registers first, then execute msr msp and bx in one assembly statement. Make the function noreturn or naked.',
  ].join('\n\n'),
};
