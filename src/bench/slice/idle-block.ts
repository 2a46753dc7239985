/** A wait for a flag or a counter of a block that one of its own fields keeps still (a timer without CEN, a converter in deep power-down), or a kernel clock that stands. */
import type { Block } from '../../emu/system.ts';
import type { Published } from '../../emu/registers.ts';
import type { Session } from '../session/session.ts';
import { lastChangeText } from './last-write.ts';

/** In words, as the session stands; null where none of what the loop reads is such a block's. */
export function idleBlock(s: Session, reads: readonly number[]): string | null {
  const { system } = s.machine;
  for (const address of reads) {
    const block = system.regionAt(address)?.block;
    if (!block) continue;
    const { idleBy: by, unclocked } = system.published(block);
    if (!by && unclocked) return withoutClock(s, block, address, unclocked);
    if (!by || !block.layout.hasField(by.field)) continue;
    const name = `${block.row.name}.${by.field}`;
    const { mask, register } = block.layout.field(by.field);
    return `the loop waits for ${polledName(s, block, address)}, which does not change while ${name} is ${by.value}; ${lastChangeText(s, `${block.row.name}.${register.name}`, mask, name)}`;
  }
  return null;
}
const polledName = (s: Session, block: Block, address: number): string =>
  `${block.row.name}.${s.machine.system.registerName(block, address) ?? ''}`;

function withoutClock(s: Session, block: Block, address: number, { clock, by }: NonNullable<Published['unclocked']>): string {
  const { machine } = s;
  const what = `the loop waits for ${polledName(s, block, address)}, which does not change without the clock of ${block.row.name}: with ${by}`;
  const selector = selectorOf(s, clock);
  if (selector === null) return `${what} that is its kernel clock, which does not run`;
  const { name, register, mask } = selector;
  const changed = lastChangeText(s, register, mask, name);
  return `${what}, ${name} = ${machine.fieldValue(name)} selects it, and nothing runs there; ${changed}`;
}
/** The field of RCC that selects a kernel clock: it is named after its users, which may be more than the clock is. */
function selectorOf(
  { machine }: Session,
  clock: string,
): { readonly name: string; readonly register: string; readonly mask: number } | null {
  const rcc = machine.system.findBlock(machine.chip.rcc);
  const named = new RegExp(`^${clock}(DAC)?SEL$`, 'i');
  for (const { name, fields } of rcc?.layout.registers ?? []) {
    const field = fields.find((f) => named.test(f.name));
    const register = `${machine.chip.rcc}.${name}`;
    if (field !== undefined) return { name: `${register}.${field.name}`, register, mask: rcc!.layout.field(`${name}.${field.name}`).mask };
  }
  return null;
}
