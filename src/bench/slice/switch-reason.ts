/** A wait for SYSCLK to come from a source: SWS follows SW, once what SW asks for runs. */
import type { Session } from '../session/session.ts';
import { lastChangeText } from './last-write.ts';

export interface SwitchReason {
  /** Without the last full stop. */
  readonly says: string;
  /** `RCC`, `CFGR`: where SW is. */
  readonly block: string;
  readonly register: string;
  /** What SW has to be, and the ON bit of that source where it is off: `CR.HSION`; null: nothing is known to do. */
  readonly asks: { readonly value: number; readonly name: string; readonly off: string | null } | null;
}

/** As the session stands; null where it is no such wait. */
export function switchReason(
  s: Session,
  { what, wanted, leaves }: { readonly what: string; readonly wanted: number; readonly leaves?: number },
): SwitchReason | null {
  const { machine } = s;
  const block = machine.system.findBlock(machine.chip.rcc);
  const published = block && machine.system.published(block).sysclk;
  if (!published || what !== `${block.row.name}.${published.status}`) return null;
  const { sources, select, asked } = published;
  const name = block.row.name;
  const { register, mask } = block.layout.field(select);
  const nameOf = (value: number): string => (sources[value]?.name ?? `${value}`).toUpperCase();
  const isAsked = leaves === undefined ? asked === wanted : asked !== leaves;
  const to = isAsked ? asked : wanted;
  const off = sources[to]?.off ?? null;
  const path = `${name}.${select}`;
  const changed = lastChangeText(s, `${name}.${register.name}`, mask, path);
  const silent = off === null ? '' : `, which does not run: ${name}.${off} is 0`;
  const says = isAsked
    ? `${path} = ${asked} asks for ${nameOf(asked)}${silent === '' ? ', which gives no clock' : silent}`
    : `SYSCLK comes from what ${path} asks for, and that is ${nameOf(asked)} (${asked}), not ${nameOf(wanted)} (${wanted}); ${changed}`;
  const asks = isAsked && off === null ? null : { value: to, name: nameOf(to), off };
  return { says, block: name, register: register.name, asks };
}
