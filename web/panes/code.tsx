/** The code that the machine stands in: its source where the page has it, and always its instructions. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CodeRow, SourceTexts, View } from '../setup.ts';
import { fileFor } from '../source-files.ts';
import { hex } from '../words.ts';

type Shown = 'source' | 'instructions';

export function CodePane({ view: { place, code, zone }, source }: { readonly view: View; readonly source: SourceTexts }) {
  const [wanted, setWanted] = useState<Shown>('source');
  const path = place.file === null ? null : fileFor(source, place.file);
  const text = path === null ? undefined : source[path];
  const lines = text === undefined || place.line === null ? null : text.split(/\r?\n/);
  const shown: Shown = lines === null ? 'instructions' : wanted;
  const from = zone === 'rom' ? 'no source of the ROM here' : place.file === null ? 'no line for this address' : 'its source is not here';
  return (
    <>
      <div class="row tabs" role="group" aria-label="source or instructions">
        <button type="button" aria-pressed={shown === 'source'} disabled={lines === null} onClick={() => setWanted('source')}>
          Source
        </button>
        <button type="button" aria-pressed={shown === 'instructions'} onClick={() => setWanted('instructions')}>
          Instructions
        </button>
        <span class="dim">{lines === null ? from : `${zone === 'rom' ? 'the stand-in ROM, ' : ''}${path?.split('/').at(-1)}`}</span>
      </div>
      {shown === 'source' && lines !== null ? <SourceLines key={path} lines={lines} line={place.line!} /> : <Instructions code={code} />}
    </>
  );
}

/** What is here comes into view; the page around it stays where it is. */
function useInView(what: unknown): { readonly current: HTMLPreElement | null } {
  const holder = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const here = holder.current?.querySelector<HTMLElement>('.here');
    if (here) holder.current!.scrollTop = here.offsetTop - holder.current!.offsetTop - holder.current!.clientHeight / 3;
  }, [what]);
  return holder;
}

function SourceLines({ lines, line }: { readonly lines: readonly string[]; readonly line: number }) {
  const holder = useInView(line);
  return (
    <pre ref={holder} tabIndex={0} data-testid="source">
      {lines.map((text, i) => (
        <div key={i} class={i + 1 === line ? 'here' : ''}>
          {String(i + 1).padStart(4)} {text}
        </div>
      ))}
    </pre>
  );
}

function Instructions({ code }: { readonly code: readonly CodeRow[] }) {
  const holder = useInView(code);
  return (
    <pre ref={holder} tabIndex={0} data-testid="instructions">
      {code.map(({ address, label, code: text, note, place, isHere }) => (
        <>
          {label !== null && <div class="label">{label}:</div>}
          {place !== '' && <div class="dim">{place}</div>}
          <div key={address} class={isHere ? 'here' : ''}>
            {hex(address).slice(2)} {text}
            {note !== '' && <span class="dim"> {note}</span>}
          </div>
        </>
      ))}
    </pre>
  );
}
