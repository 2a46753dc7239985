/** A pin that the scenario moves, and that nothing looks at while it is there: who looked at it last. */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Session } from '../session/session.ts';
import { checkpointBefore, runTo } from './window.ts';
import { armedPins } from './wakers.ts';
import { place } from './words.ts';

/** What was moved: no read since then has seen it at that level. */
export interface Moved {
  readonly name: string;
  readonly level: number;
  /** Of the input register of its port. */
  readonly address: number;
  readonly since: Ps;
  /** When it was moved away again; null where it was not. */
  readonly until: Ps | null;
}
const ALTERNATE = 2;
const ms = (ps: Ps): string => `${Number((ps / MS).toPrecision(3))} ms`;

/** `PA0 was 0 from 600 ms on, and nothing read GPIOA.IDR from then on: …`; none where another part of the chip may look at it. Leaves the session anywhere. */
export function unseenNotes(s: Session, powerOn: Checkpoint, finished: Checkpoint, pin: Moved): Note[] {
  s.restore(finished);
  const armed = (['interrupt', 'event'] as const).flatMap((what) => armedPins(s, what));
  if (armed.some(({ name }) => name === pin.name) || isAlternate(s, pin)) return [];
  const { name, level, since, until } = pin;
  const register = `GPIO${name.charAt(1)}.IDR`;
  const last = lastRead(s, powerOn, pin);
  const before = last === null ? `${register} was never read` : `${register} was read last at ${place(s, last.pc)}, at ${ms(last.at)}`;
  const when = until === null ? `from ${ms(since)} on` : `from ${ms(since)} to ${ms(until)}`;
  return [{ kind: 'received', text: `${name} was ${level} ${when}, and nothing looked at it in that time: ${before}` }];
}
function isAlternate({ machine: { system } }: Session, { name }: Moved): boolean {
  const block = system.findBlock(`GPIO${name.charAt(1)}`);
  const mode = block?.layout.registers.find((r) => r.name === 'MODER');
  return block != null && mode !== undefined && ((block.state.regs[mode.index]! >>> (2 * Number(name.slice(2)))) & 3) === ALTERNATE;
}
function lastRead(s: Session, powerOn: Checkpoint, { address, since }: Moved): { readonly pc: number; readonly at: Ps } | null {
  let found: { readonly pc: number; readonly at: Ps } | null = null;
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, 0));
  const before = s.machine.setRepairs({
    pages: new Set([address >>> PAGE_BITS]),
    read: (core, at) => {
      if ((at & ~3) >>> 0 === address && core.zone === 'user' && core.now() < since) found = { pc: core.pc, at: core.now() };
      return null;
    },
  });
  try {
    runTo(s, since);
  } finally {
    s.machine.setRepairs(before);
  }
  return found;
}
