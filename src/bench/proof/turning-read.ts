/**
 * The read by which a program that a leave has started goes another way than from reset: answered as after a reset, the program comes further on its way. That need not be
 * enough, for what it sets up then may find the rest as the ROM left it.
 */
import { MOST, atMost } from '../documents/bounds.ts';
import type { Session } from '../session/session.ts';
import { answered, type FirstRead } from './first-reads.ts';

export interface TurningRead extends FirstRead {
  readonly register: string;
  /** The field that alone turns it, with its two values; null: no field does alone. */
  readonly field: { readonly name: string; readonly value: number; readonly instead: number } | null;
}

/** @param goesOn with this changed, it goes on as from reset where it went another way */
export function turningRead(s: Session, reads: readonly FirstRead[], goesOn: (change: () => void) => boolean): TurningRead | null {
  const turns = (read: FirstRead): boolean => goesOn(() => void s.machine.setRepairs(answered(read)));
  for (const read of atMost(s.input, MOST.firstReads, 'first reads', reads.toReversed())) {
    const { register } = read;
    if (register !== null && turns(read)) return { ...read, register, field: turningField(s, read, register, turns) };
  }
  return null;
}
function turningField(s: Session, read: FirstRead, register: string, turns: (read: FirstRead) => boolean): TurningRead['field'] {
  const [block, name] = register.split('.') as [string, string];
  const fields = s.machine.system.layoutOf(block)?.registers.find((r) => r.name === name)?.fields ?? [];
  const found = fields
    .map((f) => {
      const mask = (f.width >= 32 ? 0xffffffff : (2 ** f.width - 1) * 2 ** f.bit) >>> 0;
      const of = (word: number): number => (word & mask) >>> f.bit;
      return { name: f.name, mask, value: of(read.value), instead: of(read.instead) };
    })
    .filter((f) => f.value !== f.instead)
    .find(({ mask }) => turns({ ...read, instead: ((read.value & ~mask) | (read.instead & mask)) >>> 0 }));
  return found === undefined ? null : { name: found.name, value: found.value, instead: found.instead };
}
