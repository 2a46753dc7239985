/** Lines of the firmware's sources. */
import type { Excerpt as Place } from '../../src/report/story/facts.ts';

const AROUND = 3;
/** A line of the firmware with its neighbours, as the story names it. */
export function Excerpt({ source: { file, line, lines, newer, leftOut } }: { readonly source: Place }) {
  if (lines === null)
    return (
      <p class="dim">
        The source of {file} is not shown: {leftOut}.
      </p>
    );
  return (
    <figure class="code">
      <figcaption class="dim">
        {file}
        {newer ? ' (changed after the image was built)' : ''}
      </figcaption>
      <Lines lines={lines} line={line} around={AROUND} />
    </figure>
  );
}
function Lines({ lines, line, around }: { readonly lines: readonly string[]; readonly line: number; readonly around: number }) {
  const from = Math.max(0, line - 1 - around);
  return (
    <pre tabIndex={0}>
      {lines.slice(from, line + around).map((l, i) => (
        <div key={i} class={from + i + 1 === line ? 'here' : ''}>
          {String(from + i + 1).padStart(4)} {l}
        </div>
      ))}
    </pre>
  );
}
