/** The memories that matter, with where SP, PC and the vector table are. */
import type { Verdict, View } from '../setup.ts';
import { hex } from '../words.ts';

const POINTERS = ['pc', 'sp', 'vtor'] as const;
const LABELS: Readonly<Record<string, string>> = { pc: 'PC', sp: 'SP', vtor: 'VTOR' };

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
            {pointers
              .filter((p) => first(p) === m.name)
              .map(({ name, value }) => (
                <span key={name} class={`pointer ${name}`} style={{ left: `${((value - m.base) / m.size) * 100}%` }} title={hex(value)}>
                  {LABELS[name]}
                </span>
              ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
