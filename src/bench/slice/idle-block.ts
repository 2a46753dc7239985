/** A wait for a flag or a counter of a block that one of its own fields keeps still: a timer without CEN, a converter in deep power-down. */
import type { Session } from '../session/session.ts';
import { lastChangeText } from './last-write.ts';

/** In words, as the session stands; null where none of what the loop reads is such a block's. */
export function idleBlock(s: Session, reads: readonly number[]): string | null {
  const { system } = s.machine;
  for (const address of reads) {
    const block = system.regionAt(address)?.block;
    const by = block ? system.published(block).idleBy : undefined;
    if (!block || !by || !block.layout.hasField(by.field)) continue;
    const name = `${block.row.name}.${by.field}`;
    const { mask, register } = block.layout.field(by.field);
    const polled = `${block.row.name}.${system.registerName(block, address) ?? ''}`;
    return `the loop waits for ${polled}, which does not change while ${name} is ${by.value}; ${lastChangeText(s, `${block.row.name}.${register.name}`, mask, name)}`;
  }
  return null;
}
