/** Lines of the firmware's sources. */
import type { Example } from '../setup.ts';

/** A few lines around one, where the page has the source. */
export function Source({
  example,
  file,
  line,
  title,
}: {
  readonly example: Example | null;
  readonly file: string;
  readonly line: number | null;
  readonly title: string;
}) {
  const text = example?.source[file];
  if (text === undefined || line === null)
    return (
      <p>
        {title} <span class="dim">({file})</span>
      </p>
    );
  const lines = text.split('\n');
  const from = Math.max(0, line - 4);
  return (
    <div>
      <h3>{title}</h3>
      <pre tabIndex={0}>
        {lines.slice(from, line + 3).map((l, i) => (
          <div key={i} class={from + i + 1 === line ? 'here' : ''}>
            {String(from + i + 1).padStart(4)} {l}
          </div>
        ))}
      </pre>
    </div>
  );
}
