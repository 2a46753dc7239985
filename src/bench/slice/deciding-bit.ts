/** Which bit of an input the program goes by, where its mask is no constant beside the read: the pin of HAL_GPIO_ReadPin is an argument. */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { runTo, stepOnce } from './window.ts';

/** Effort: steps to the read from shortly before it, and steps behind it in which two ways have to part: out of a function of HAL and through the caller's test. */
const TO_THE_READ = 5000;
const BEHIND = 80;
const BITS = 16;

/** One read of an input. */
export interface InputRead {
  /** The register, in words of four bytes. */
  readonly address: number;
  readonly pc: number;
  readonly lr: number;
  readonly at: Ps;
}

/** The only bit of the lower half of the register that sends the program another way if it is the other one; null where none does, or several. */
export function decidingBit(s: Session, from: Checkpoint, read: InputRead): number | null {
  const { machine } = s;
  s.restore(from);
  runTo(s, Math.max(machine.now, read.at - US));
  const before = s.save();
  const steps = stepsTo(s, read);
  if (steps === null) return null;
  s.restore(before);
  for (let i = 0; i < steps; i++) stepOnce(s, machine.bootCore, read.at);
  const here = s.save();
  const way = wayFrom(s, read, null);
  const deciding: number[] = [];
  for (let bit = 0; bit < BITS; bit++) {
    s.restore(here);
    if (wayFrom(s, read, bit) !== way) deciding.push(bit);
  }
  return deciding.length === 1 ? deciding[0]! : null;
}

/** How many steps of the core are before the one that reads; it may be the second instruction of one. */
function stepsTo(s: Session, read: InputRead): number | null {
  const { machine } = s;
  const core = machine.bootCore;
  let seen = false;
  return watching(
    machine,
    read,
    (reader) => {
      seen ||= reader === core && core.arm.lr === read.lr;
      return null;
    },
    () => {
      for (let i = 0; i < TO_THE_READ; i++) {
        // a tick shortly before it may be what the program waited for
        stepOnce(s, core, read.at);
        if (seen) return i;
        if (core.now() > read.at + US) return null;
      }
      return null;
    },
  );
}

/** Where the core passes from here on, with this bit of the first read turned over. */
function wayFrom({ machine }: Session, read: InputRead, bit: number | null): string {
  const core = machine.bootCore;
  let turned = bit === null ? 0 : 1 << bit;
  const turning: Reading = (reader, at, size) => {
    if (turned === 0 || reader !== core) return null;
    const word = (core.peek(read.address, 4) ?? 0) ^ turned;
    turned = 0;
    return ((word >>> (8 * (at & 3))) & (size >= 4 ? -1 : (1 << (8 * size)) - 1)) >>> 0;
  };
  return watching(machine, read, turning, () => {
    const passed: number[] = [];
    for (let i = 0; i < BEHIND && !core.halted && !core.step(); i++) passed.push(core.pc);
    return passed.join(' ');
  });
}

type Reading = NonNullable<Interceptor['read']>;
/** Does something while that instruction's reads of the input are seen, and may be answered. */
function watching<T>(machine: Machine, { address, pc }: InputRead, read: Reading, what: () => T): T {
  const before = machine.setRepairs({
    pages: new Set([address >>> PAGE_BITS]),
    read: (core, at, size) => (core.pc === pc && (at & ~3) >>> 0 === address ? read(core, at, size) : null),
  });
  try {
    return what();
  } finally {
    machine.setRepairs(before);
  }
}
