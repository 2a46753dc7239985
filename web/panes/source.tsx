/** Lines of the firmware's sources. */
import type { Excerpt as Place } from '../../src/report/story/facts.ts';
import type { SourceTexts } from '../setup.ts';
import { fileFor } from '../source-files.ts';

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

/** A few lines around one, where the page has the source. */
export function Source({
  source,
  file,
  line,
  title,
}: {
  readonly source: SourceTexts;
  readonly file: string;
  readonly line: number | null;
  readonly title: string;
}) {
  const path = fileFor(source, file);
  const text = path === null ? undefined : source[path];
  if (text === undefined || line === null)
    return (
      <p>
        {title} <span class="dim">({file})</span>
      </p>
    );
  return (
    <div>
      <h3>{title}</h3>
      <Lines lines={text.split('\n')} line={line} around={AROUND} />
    </div>
  );
}
