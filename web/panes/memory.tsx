/** The memories that matter, with where SP, PC and the vector table are. */
import type { Verdict, View } from '../setup.ts';
import { hex } from '../words.ts';

const POINTERS = ['pc', 'sp', 'vtor'] as const;
const LABELS: Readonly<Record<string, string>> = { pc: 'PC', sp: 'SP', vtor: 'VTOR' };

interface Pointer {
  readonly name: string;
  readonly value: number;
  /** Part of the memory that lies before it. */
  readonly at: number;
}
/** Part of a bar that a label needs. */
const LABEL = 0.2;
/** Those whose labels would lie on each other have one. */
function together(pointers: readonly Pointer[]): readonly (readonly Pointer[])[] {
  const groups: Pointer[][] = [];
  for (const pointer of [...pointers].sort((a, b) => a.at - b.at)) {
    const last = groups.at(-1);
    if (last !== undefined && pointer.at - last[0]!.at < LABEL) last.push(pointer);
    else groups.push([pointer]);
  }
  return groups;
}

export function MemoryBar({ memories, view }: { readonly memories: Verdict['memories']; readonly view: View }) {
  const pointers = POINTERS.flatMap((name) => {
    const value = view.registers.find((r) => r.name === name)?.value;
    return value === undefined ? [] : [{ name, value }];
  });
  // an initial SP is the address behind the last word
  const inside = (m: Verdict['memories'][number], { name, value }: (typeof pointers)[number]): boolean =>
    value >= m.base && (value < m.base + m.size || (name === 'sp' && value === m.base + m.size));
  const first = (p: (typeof pointers)[number]): string | undefined => memories.find((m) => inside(m, p))?.name;
  const rom = Math.max(0, ...memories.map((m) => (m.isRom ? m.size : 0)));
  const shown = memories.filter((m) => (m.isRom && m.size === rom) || m.image > 0 || pointers.some((p) => first(p) === m.name));
  if (shown.length === 0) return null;
  return (
    <dl class="memories" aria-label="memories">
      {shown.map((m) => (
        <div key={m.name}>
          <dt>
            {m.name} <span class="dim mono">{hex(m.base)}</span>
          </dt>
          <dd class={m.isRom ? 'bar rom' : 'bar'}>
            {together(pointers.filter((p) => first(p) === m.name).map((p) => ({ ...p, at: (p.value - m.base) / m.size }))).map((some) => (
              <span
                key={some[0]!.name}
                class={`pointer ${some.map(({ name }) => name).join(' ')}`}
                style={{ left: `${some[0]!.at * 100}%` }}
                title={some.map(({ name, value }) => `${LABELS[name]} ${hex(value)}`).join(', ')}
              >
                {some.map(({ name }) => LABELS[name]).join(', ')}
              </span>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
