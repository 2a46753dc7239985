/** The firmware's source, whose lines can be chosen. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SourceLine } from './source.ts';

interface CodeProps {
  readonly lines: readonly SourceLine[];
  /** Lines that the step before did not show. */
  readonly fresh: ReadonlySet<number>;
  /** Where the machine stands. */
  readonly here: number | null;
  readonly chosen: number | null;
  /** Takes the line that was clicked; null: lines are only read. */
  readonly pick: ((line: SourceLine) => void) | null;
  /** Enter on the line that is chosen. */
  readonly commit: () => void;
}
const KEYS: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  PageDown: (at, last) => Math.min(at + 10, last),
  PageUp: (at) => Math.max(at - 10, 0),
  Home: () => 0,
  End: (_, last) => last,
};

export function Code({ lines, fresh, here, chosen, pick, commit }: CodeProps) {
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const show = (i: number): void => box.current?.children[i]?.scrollIntoView({ block: 'nearest' });
  useEffect(() => {
    const i = lines.findIndex((l) => l.number === here);
    if (i >= 0) show(i);
  }, [here]);
  const text = ({ number, text: code }: SourceLine) => `${String(number).padStart(4)}${fresh.has(number) ? ' + ' : '   '}${code}`;
  if (pick === null)
    return (
      <div class="source" tabIndex={0} role="region" aria-label="source" ref={box}>
        {lines.map((line) => (
          <div key={line.number} class={`${line.number === here ? 'here' : ''} ${fresh.has(line.number) ? 'fresh' : ''}`}>
            {text(line)}
          </div>
        ))}
      </div>
    );
  const press = (e: KeyboardEvent): void => {
    const move = KEYS[e.key];
    if (move) {
      const next = move(at, lines.length - 1);
      setAt(next);
      show(next);
    } else if (e.key !== 'Enter' && e.key !== ' ') return;
    else if (e.key === 'Enter' && lines[at]!.number === chosen) commit();
    else pick(lines[at]!);
    e.preventDefault();
  };
  return (
    <div
      class="source pick"
      tabIndex={0}
      role="listbox"
      aria-label="lines of the source"
      aria-activedescendant={`line-${lines[at]?.number}`}
      ref={box}
      onKeyDown={press}
    >
      {lines.map((line, i) => (
        <div
          key={line.number}
          id={`line-${line.number}`}
          role="option"
          aria-selected={line.number === chosen}
          class={`${i === at ? 'at' : ''} ${line.number === chosen ? 'here' : ''} ${fresh.has(line.number) ? 'fresh' : ''}`}
          onClick={() => {
            setAt(i);
            pick(line);
          }}
        >
          {text(line)}
        </div>
      ))}
    </div>
  );
}
