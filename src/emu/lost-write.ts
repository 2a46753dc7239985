/** What a block says of a store that it refused, as a record of the history. */
import type { GuestFact, Refusal } from './component.ts';
import type { LostWrite } from './history.ts';
import type { System } from './system.ts';

type Refused = Pick<LostWrite, 'block' | 'target' | 'address' | 'size' | 'value' | 'why' | 'lock' | 'text'>;
export interface Store {
  readonly core: { readonly index: number };
  readonly address: number;
  readonly size: number;
  readonly value: number;
}

/** Null for a note that is about no lost write. */
export function lostWrite(
  system: System,
  { core, address, size, value }: Store,
  block: string,
  text: string,
  about: GuestFact,
): Refused | null {
  const why = refusalOf(about);
  if (why === null) return null;
  const written = system.regionAt(address, core.index)?.block;
  const register = written && system.registerName(written, address);
  const target = register ? `${written.row.name}.${register}` : `0x${address.toString(16).padStart(8, '0')}`;
  return { block, target, address, size, value, why, lock: about.is === 'locked' ? about.lock : null, text };
}
function refusalOf(about: GuestFact): Refusal | null {
  if (about.is === 'locked') return 'locked';
  if (about.is === 'backup-locked') return 'backup-domain';
  return about.is === 'lost' ? about.why : null;
}
