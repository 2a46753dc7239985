/** What can be turned over at the jump, and the run in which it is. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Picture, PictureTrack } from '../src/report/picture.ts';
import type { Entry, Flips, Second, Setup } from './setup.ts';
import { inWords } from './words.ts';
import { onRunner } from './workers.ts';

const isNone = ({ state, crystal, rom }: Flips): boolean =>
  Object.keys(state).length === 0 && crystal === null && Object.keys(rom).length === 0;

export interface WhatIfRun {
  /** Null: the firmware does not enter the ROM by itself; undefined: nobody knows yet. */
  readonly entry: Entry | null | undefined;
  readonly second: Second | null;
  readonly busy: boolean;
  readonly error: string;
}
export function useWhatIf(setup: Setup | null, flips: Flips): WhatIfRun {
  const [entry, setEntry] = useState<Entry | null | undefined>(undefined);
  const [second, setSecond] = useState<Second | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const asked = useRef(0);
  const about = setup === null ? '' : `${setup.chip} ${setup.name}`;
  useEffect(() => {
    setEntry(undefined);
    if (setup === null) return;
    let stale = false;
    onRunner((lab) => lab.entry(setup)).then(
      (e) => !stale && setEntry(e),
      (e: unknown) => !stale && setError(inWords(e)),
    );
    return () => {
      stale = true;
    };
  }, [about, setup?.bytes]);
  useEffect(() => {
    const own = ++asked.current;
    setError('');
    setSecond(null);
    setBusy(false);
    if (setup === null || isNone(flips)) return;
    setBusy(true);
    onRunner((lab) => lab.second(setup, flips))
      .then(
        (found) => own === asked.current && setSecond(found),
        (e: unknown) => own === asked.current && setError(inWords(e)),
      )
      .finally(() => own === asked.current && setBusy(false));
  }, [flips, about, setup?.bytes]);
  return { entry, second, busy, error };
}

/** One thing at the jump, the other way round; as it was: nothing is changed. */
export function turned(flips: Flips, { flips: views }: Entry, id: string): Flips {
  const view = views.find((f) => f.id === id);
  if (view === undefined) return flips;
  const { [id]: now = view.on, ...others } = flips.state;
  return { ...flips, state: now === view.on ? { ...others, [id]: !now } : others };
}
/** `PRIMASK 0: interrupts can be taken`. */
export function changesIn({ state, crystal, rom }: Flips, entry: Entry | null | undefined): string {
  const flipped = Object.entries(state).map(([id, on]) => {
    const view = entry?.flips.find((f) => f.id === id);
    return view === undefined ? id : `${view.label} ${view.words[on ? 1 : 0]}`;
  });
  const others = [...(crystal === false ? ['no crystal'] : []), ...Object.entries(rom).map(([id, value]) => `ROM ${id} ${value}`)];
  return [...flipped, ...others].join(', ');
}

/** Lanes that a second run has below those of the first. */
const SHOWN_TWICE = /(^|\s)(runs|exception|primask|basepri|faultmask)$|^USB transfers$|^on the bus$/;
/** The second run drawn below the first, in place of one that was repaired. */
export function drawnOver(first: Picture, second: Picture, words: string): Picture {
  const shift = first.texts.length;
  const below = second.tracks
    .filter(({ run, name }) => run === 'run' && SHOWN_TWICE.test(name))
    .map(({ rows: _, ...track }): PictureTrack => ({ ...track, run: 'repaired', text: track.text.map((n) => n + shift) }));
  return {
    ...first,
    end: Math.max(first.end, second.end),
    texts: [...first.texts, ...second.texts],
    tracks: [...first.tracks.filter(({ run }) => run === 'run'), ...below],
    repaired: words,
  };
}
