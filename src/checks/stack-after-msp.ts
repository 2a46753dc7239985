/** Accesses through SP between the change of MSP and the branch. */
import { broken, hex, notApplicable, pass, unknown, type Check, type Judgement, type Subject } from './check.ts';
import { faultText, mspBefore, ownEntry } from './entry.ts';
import { jumpInC } from './fix-in-c.ts';

const SOURCE = 'AAPCS32 6.2.1: compiled code keeps return address and variables relative to SP; CMSIS __set_MSP is no barrier for that';
/** A frame of compiled code; beyond that MSP has not been moved by pops, it is another stack. */
const MAX_POPPED = 1024;

/** Bytes that MSP stands above the ROM's stack pointer: pops and unwinding after MSP was set. */
function popped(subject: Subject): number {
  const { rom, history } = subject;
  const msp = mspBefore(subject);
  const writer = history?.lastWriter('CPU.MSP');
  if (msp === null || (history && !writer)) return 0;
  const by = (msp - rom.initialStack) | 0;
  return by > 0 && by <= MAX_POPPED ? by : 0;
}

function moved(subject: Subject, by: number, verdict: 'warn' | 'fail', because: string): Judgement {
  const fault = subject.history?.firstFault;
  return broken(verdict, {
    observed: `MSP = ${hex(mspBefore(subject) ?? 0)}${by === 0 ? `, then ${fault ? faultText(fault) : 'a fault'}` : `, ${by} bytes above the ROM's`}`,
    expected: by === 0 ? `a branch to ${hex(subject.rom.resetVector)}` : `MSP = ${hex(subject.rom.initialStack)}`,
    because,
    source: SOURCE,
    confidence: 'inferred',
    lastWriter: subject.history?.lastWriter('CPU.MSP') ?? null,
  });
}

export const stackAfterMsp: Check = {
  id: 'stack-after-msp',
  question: 'Does compiled code load or pop something through SP after MSP has been changed?',
  path: true,
  judge(subject) {
    const { history } = subject;
    const entry = ownEntry(subject);
    const msp = mspBefore(subject);
    if (msp === null) return notApplicable('MSP cannot be read on this target');
    const by = popped(subject);
    if (entry) {
      if (entry.how === 'boot') return notApplicable('MSP was loaded by the hardware');
      if (by > 0)
        return moved(subject, by, 'warn', 'something was popped from the new stack before the branch; here it did no harm to the target');
      return pass(`MSP = ${hex(msp)}`, 'nothing was popped after MSP was set', SOURCE, 'inferred');
    }
    if (!history) return unknown('needs the history of the run');
    if (!history.lastWriter('CPU.MSP')) return notApplicable('no entry, and MSP was never written');
    if (by > 0)
      return moved(
        subject,
        by,
        'fail',
        "the jump was lost: its target or return address was popped from the ROM's stack, where nothing had been pushed",
      );
    if (history.failure && !history.failure.throughStack)
      return pass(`MSP = ${hex(msp)}`, 'what failed was not loaded through SP', SOURCE, 'inferred');
    if (history.firstFault && msp >>> 0 === subject.rom.initialStack >>> 0)
      return moved(subject, 0, 'warn', "it faulted on the ROM's stack before the branch; a load through SP after MSP was set gets rubbish");
    return pass(`MSP = ${hex(msp)}`, 'nothing was popped after MSP was set', SOURCE, 'inferred');
  },
  repair(subject) {
    const fix = jumpInC(subject.rom);
    const writer = subject.history?.lastWriter('CPU.MSP');
    if (ownEntry(subject))
      return {
        at: 'entry',
        what: `MSP set to ${hex(subject.rom.initialStack)}`,
        fix,
        apply: (target) => target.setCore('msp', subject.rom.initialStack),
      };
    return writer
      ? {
          at: 'before-write',
          what: 'the write of MSP left out, so that the code goes on with its own stack',
          fix,
          seq: writer.seq,
          value: null,
        }
      : null;
  },
  explanation: [
    'Compiled code keeps local variables, saved registers and often the very function pointer of the jump relative to SP. Once __set_MSP() has run, every such access goes to the other stack and reads rubbish.',
    'At -O0 nearly every variable lives on the stack, so the classic sequence "__set_MSP(sp); jump();" loads jump from the wrong place. At higher levels it may work by luck, or fail through a function epilogue.',
    'Load stack pointer and target into registers first and do the rest in one assembly statement: msr msp, then bx. Make the function noreturn, or naked.',
  ].join('\n\n'),
};
