/** Functions that a call chain lacks because they branched to the next one at their end (a tail call, as compilers make it at -O2 and -Os): read from the machine code. */
import { scanFunctions, type FunctionFacts } from '../input/code-scan.ts';
import { framesAt, type LoadedImage } from '../../image/image.ts';
import { sourceName } from '../../image/source-name.ts';
import type { CallFrame } from './call-chain.ts';
import { callAt, startOf, type Half } from './goes-on-in.ts';

/** So many of them may follow each other. */
const MOST = 4;

/** The same frames, each with those between it and the function that its caller called; where two branches would do, none is added. */
export function withTailCalls(frames: readonly CallFrame[], images: readonly LoadedImage[], half: Half): readonly CallFrame[] {
  return frames.flatMap((frame, i) => {
    const caller = frames[i + 1];
    if (caller === undefined || frame.inlined || frame.exception !== null) return [frame];
    // a frame of a caller stands at the second half of its BL
    const called = callAt(half, caller.pc - 2);
    return called === null ? [frame] : [frame, ...between(images, half, called, frame, caller.sp)];
  });
}
function between(images: readonly LoadedImage[], half: Half, called: number, { pc }: CallFrame, sp: number): CallFrame[] {
  const all = scanFunctions(images);
  const own = functionAt(all, pc);
  const way = own === undefined ? null : branches(all, half, called, startOf(own), MOST);
  return (way ?? []).toReversed().flatMap((at) =>
    framesAt(images, at).map((f, i, inner) => {
      const symbol = i === inner.length - 1 ? functionAt(all, at)?.symbol.name : undefined;
      return { pc: at, sp, ...f, function: f.function ?? (symbol === undefined ? null : sourceName(symbol)), exception: null };
    }),
  );
}
/** Where each function branches on to the next, from the one that was called to `to`; null where that is none, or not clear. */
function branches(all: readonly FunctionFacts[], half: Half, from: number, to: number, most: number): readonly number[] | null {
  if (from === to) return [];
  const f = most === 0 ? undefined : all.find((g) => startOf(g) === from);
  const ways = (f?.calls ?? []).flatMap(({ target, pc }) => {
    const rest = target === from || callAt(half, pc) !== null ? null : branches(all, half, target, to, most - 1);
    return rest === null ? [] : [[pc, ...rest]];
  });
  return ways.length === 1 ? ways[0]! : null;
}
const functionAt = (all: readonly FunctionFacts[], at: number): FunctionFacts | undefined =>
  all.find((f) => at >= startOf(f) && at < startOf(f) + f.symbol.size);
