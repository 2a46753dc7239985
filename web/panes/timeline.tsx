/** The timeline of the run and its events. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TimelineHandle } from '../../src/report/app/timeline.ts';
import type { Picture } from '../../src/report/picture.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { Verdict } from '../setup.ts';
import { Folded } from './folded.tsx';

/** What the script of a report draws with, too. It is loaded while the firmware runs. */
export const drawing = () => import('../../src/report/app/timeline.ts');

/** Drawing takes a tenth of a second on a phone, whose tab may never show it. */
function onceSeen(element: HTMLElement, act: () => void): () => void {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((e) => e.isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { rootMargin: '200px' },
  );
  observer.observe(element);
  return () => observer.disconnect();
}

interface TimelineProps {
  readonly verdict: Verdict;
  /** What is drawn: the run and below it another one. */
  readonly picture: Picture;
  /** Where the machine stands, in seconds. */
  readonly now: number | null;
  readonly seek: (seconds: number) => void;
}
/** The line, or the address. */
const whereOf = ({ file, line, pc }: RunResult['timeline'][number]): string => (file === null ? (pc ?? '') : `${file}:${line}`);

export function TimelinePanel({ verdict: { result }, picture, now, seek }: TimelineProps) {
  const holder = useRef<HTMLDivElement>(null);
  const handle = useRef<TimelineHandle | null>(null);
  const latest = useRef(seek);
  latest.current = seek;
  const stands = useRef(now);
  stands.current = now;
  useEffect(() => handle.current?.setNow(now), [now]);
  const reached = now === null ? -1 : result.timeline.findLastIndex((t) => Number(t.at) <= now);
  const [row, setRow] = useState<number | null>(null);
  useEffect(() => {
    const at = holder.current!;
    let isGone = false;
    const stopLooking = onceSeen(at, () => {
      void drawing().then(({ drawTimeline }) => {
        if (isGone) return;
        handle.current = drawTimeline(picture, at, setRow, (seconds) => latest.current(seconds));
        handle.current.setNow(stands.current);
      });
    });
    return () => {
      isGone = true;
      stopLooking();
      handle.current?.close();
      at.replaceChildren();
    };
  }, []);
  return (
    <section id="timeline" class="pane" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      {picture.repaired !== null && <p class="dim">↻ is the same run with {picture.repaired}.</p>}
      <div ref={holder} data-testid="timeline" />
      <Folded summary={`${result.timeline.length} events`}>
        {() => (
          <div class="scroll" tabIndex={0} role="region" aria-label="events">
            <table>
              <thead>
                <tr>
                  {['at (s)', 'kind', 'what', 'where'].map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {result.timeline.map((t, i) => (
                  <tr
                    key={i}
                    class={i === row ? 'chosen' : ''}
                    aria-current={i === reached ? 'time' : undefined}
                    onClick={() => handle.current?.chooseRow(i)}
                  >
                    <td class="mono">{t.at}</td>
                    <td>{t.kind}</td>
                    <td>{t.text}</td>
                    <td>{whereOf(t)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Folded>
    </section>
  );
}
