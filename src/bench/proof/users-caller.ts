/** A finding whose line stands in a vendor's code: the nearest call in a program's own sources, by running once more to the write. */
import { callChainOf, type CallFrame } from '../session/call-chain.ts';
import { withTailCalls } from '../session/tail-calls.ts';
import { firstSet, proofOf } from '../documents/proved.ts';
import { CALLED_FROM, type Note } from '../documents/note-facts.ts';
import { hex32, type LastWriter, type RunResult } from '../documents/result.ts';
import type { Core } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import { isVendorFile } from '../../image/vendor.ts';
import type { Session } from '../session/session.ts';
import { checkpointBefore, runTo, stepOnce } from '../slice/window.ts';

/** Times in documents are cut off at nanoseconds. */
const CUT: Ps = 1000;
/** Instructions that issue together are one step of the core, which begins at the first. */
const TOGETHER = 4;

/** A note for each finding that needs one. The session is left anywhere; the run came to its end at `end`. */
export function callerNotes(s: Session, powerOn: Checkpoint, end: Ps, result: RunResult<string>): Note[] {
  const told = new Set<string>();
  return writersIn(result).flatMap((writer) => {
    const { pc, at, file, line, kind } = writer;
    if (kind !== 'cpu' || file === null || !isVendorFile(file) || told.has(`${pc} ${at}`)) return [];
    told.add(`${pc} ${at}`);
    const frames = framesAtWrite(s, powerOn, end, writer);
    const own = frames.findIndex((f) => f.file !== null && f.line !== null && !isVendorFile(f.file));
    const caller = frames[own];
    if (caller === undefined) return [];
    const place = { pc: hex32(caller.pc), symbol: caller.function, file: caller.file, line: caller.line };
    const by = caller.function === null ? '' : `${caller.function} in `;
    const text = `${file}:${line} was reached from ${by}${caller.file}:${caller.line}`;
    return [
      {
        kind: CALLED_FROM,
        text,
        about: { is: 'called-from', write: { pc, at }, by: place, calls: frames[own - 1]?.function ?? null },
      } as const,
    ];
  });
}
/** Of the causes, the proved set first, and of what else is told of the hand-over. With a proof, checks of a run that never came there are those of a repaired one. */
function writersIn(result: RunResult<string>): readonly LastWriter[] {
  const proof = proofOf(result);
  const checks = result.entries.length === 0 && proof !== null ? [] : result.checks.filter(({ verdict }) => verdict !== 'pass');
  return [...(proof === null ? [] : firstSet(proof)), ...result.diagnosis.causes, ...checks].flatMap(({ lastWriter }) => lastWriter ?? []);
}

/** The calls that led to a write, innermost first; empty where the run that is repeated does not make it. */
function framesAtWrite(s: Session, powerOn: Checkpoint, end: Ps, writer: LastWriter): readonly CallFrame[] {
  const core = coreOf(s, writer);
  const [pc, at] = [Number(writer.pc), Math.round(Number(writer.at) * 1e9) * CUT];
  // another run made it, behind the end of this one: after a leave
  if (at > end) return [];
  s.restore(checkpointBefore(s, powerOn, at));
  runTo(s, Math.max(s.machine.now, at - US));
  let frames: readonly CallFrame[] = [];
  while (core.now() <= at + CUT && !core.halted) {
    if (pc - core.pc >= 0 && pc - core.pc <= TOGETHER)
      frames = withTailCalls(callChainOf(core, s.input.images).frames, s.input.images, (address) => core.peek(address, 2) ?? 0);
    stepOnce(s, core, at + US);
  }
  return frames;
}
const coreOf = ({ machine }: Session, { core }: LastWriter): Core => machine.cores.find(({ row }) => row.name === core) ?? machine.bootCore;
