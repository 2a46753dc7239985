/** Whether a field that reads otherwise, as with `--force`, leads out of the wait that a run ended in: it is tried on a fork. */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import { MS } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { stepOnce } from './window.ts';

/** Effort: instructions in which a wait comes round, and in which it is left. */
const MOST_STEPS = 4096;

/** Values of a field of the register at this word address with each of which the wait is left; none where nobody can tell. The session is left as it was. */
export function valuesThatEnd(s: Session, address: number, mask: number): readonly number[] {
  const low = 31 - Math.clz32(mask & -mask);
  const ends = (value: number): boolean => endsWait(s, address, mask, value << low);
  const present = ((s.machine.bootCore.peek(address, 4) ?? 0) & mask) >>> low;
  if (ends(present)) return [];
  return [...Array((mask >>> low) + 1).keys()].filter((value) => value !== present && ends(value));
}
/** Bits of the register at this word address read as in `value`. The session is left as it was. */
export function endsWait(s: Session, address: number, mask: number, value: number): boolean {
  const before = s.save();
  const { keepCheckpoints } = s;
  s.keepCheckpoints = false;
  const forced: Interceptor = {
    pages: new Set([address >>> PAGE_BITS]),
    read: (core, at, size) => {
      if ((at & ~3) >>> 0 !== address) return null;
      const word = ((core.peek(address, 4) ?? 0) & ~mask) | (value & mask);
      return ((word >>> (8 * (at & 3))) & (size === 4 ? 0xffffffff : (1 << (8 * size)) - 1)) >>> 0;
    },
  };
  try {
    const seen = new Set<number>();
    goOn(s, (pc) => !seen.add(pc));
    s.restore(before);
    return goOn(s, (pc) => !seen.has(pc), forced);
  } finally {
    s.restore(before);
    s.keepCheckpoints = keepCheckpoints;
  }
}
/** Step by step, until an instruction is met of which that is so; false if none is. */
function goOn(s: Session, isSo: (pc: number) => boolean, watch: Interceptor | null = null): boolean {
  const { machine } = s;
  const core = machine.bootCore;
  const end = machine.now + 1 * MS;
  const repairs = watch === null ? null : machine.setRepairs(watch);
  try {
    for (let i = 0; i < MOST_STEPS && machine.now < end; i++) {
      stepOnce(s, core, end);
      if (isSo(core.pc)) return true;
    }
    return false;
  } finally {
    if (watch !== null) machine.setRepairs(repairs);
  }
}
