/** The hand-over as one picture, as it is and with its cause repaired. */
import { ON_PHONE } from '../src/report/phone.ts';
import type { Pictures } from './setup.ts';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(matchMedia(ON_PHONE).matches);
  useEffect(() => {
    const query = matchMedia(ON_PHONE);
    const changed = (): void => setNarrow(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return narrow;
}

/** A wire that can be turned over. */
export interface Switch {
  readonly label: string;
  readonly isOn: boolean;
}
interface HandOverProps {
  readonly svg: Pictures;
  /** By the ids of wires. */
  readonly switches?: ReadonlyMap<string, Switch>;
  readonly turn?: (wire: string) => void;
  readonly isRepaired: boolean;
  readonly setRepaired: (repaired: boolean) => void;
}
/** Where nobody else shows which run it is, its own links do. */
export function HandOver({ svg, ...shared }: Pick<HandOverProps, 'svg'> & Partial<HandOverProps>) {
  const narrow = useNarrow();
  const [isRepaired, setRepaired] = useState(false);
  const props: HandOverProps = { svg, isRepaired, setRepaired, ...shared };
  return (
    <div class={props.isRepaired ? 'hand-over repaired' : 'hand-over'}>
      <Drawn {...props} svg={narrow ? svg.narrow : svg.wide} />
    </div>
  );
}

function Drawn({ svg, setRepaired, switches, turn }: Omit<HandOverProps, 'svg'> & { readonly svg: string }) {
  const holder = useRef<HTMLDivElement>(null);
  const lastTurned = useRef('');
  useLayoutEffect(() => {
    for (const wire of Array.from(holder.current?.querySelectorAll<SVGGElement>('[data-wire]') ?? [])) {
      const found = switches?.get(wire.dataset['wire']!);
      if (found === undefined) continue;
      wire.setAttribute('role', 'switch');
      wire.setAttribute('tabindex', '0');
      wire.setAttribute('aria-checked', String(found.isOn));
      wire.setAttribute('aria-label', found.label);
    }
    // a picture in the place of another takes the focus with it
    if (lastTurned.current !== '' && document.activeElement === document.body)
      holder.current?.querySelector<SVGGElement>(`[data-wire="${lastTurned.current}"]`)?.focus();
  }, [svg, switches]);
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    if (turnedBy(event.target as Element)) event.preventDefault();
  };
  const turnedBy = (target: Element): boolean => {
    const wire = target.closest<SVGGElement>('[data-wire][role=switch]')?.dataset['wire'];
    if (wire === undefined || turn === undefined) return false;
    lastTurned.current = wire;
    turn(wire);
    return true;
  };
  const clicked = (event: MouseEvent): void => {
    if (turnedBy(event.target as Element)) return;
    // its own links would take the place of the page's
    const link = (event.target as Element).closest('a');
    if (link === null) return;
    event.preventDefault();
    setRepaired(link.getAttribute('href')?.endsWith('-repaired') === true);
  };
  // its texts went through the door for HTML (src/report/page.ts)
  return <div ref={holder} onClick={clicked} onKeyDown={pressed} dangerouslySetInnerHTML={{ __html: svg }} />;
}

/** As it is, or repaired. */
interface WhichRunProps extends Pick<HandOverProps, 'isRepaired' | 'setRepaired'> {
  /** What is other in the second run; null: there is none. */
  readonly repaired: string | null;
  readonly hint: string;
}
export const WhichRun = ({ isRepaired, setRepaired, repaired, hint }: WhichRunProps) => (
  <div class="which-run" role="group" aria-label="which run">
    {repaired !== null && (
      <button type="button" aria-pressed={!isRepaired} onClick={() => setRepaired(false)}>
        As it is
      </button>
    )}
    {repaired !== null && (
      <button type="button" aria-pressed={isRepaired} onClick={() => setRepaired(true)}>
        {repaired}
      </button>
    )}
    <span class="dim" role="status">
      {hint}
    </span>
  </div>
);
