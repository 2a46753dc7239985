/** The playground or the lessons, by the link. Lessons are loaded when somebody goes there. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { inWords } from '../words.ts';
import { placeOf, type LessonPlace } from './place.ts';

type LessonsPage = ComponentType<{ readonly place: LessonPlace }>;

export function Gate({ playground: Playground }: { readonly playground: ComponentType }) {
  const [place, setPlace] = useState(placeOf(location.hash));
  const [page, setPage] = useState<{ readonly Lessons: LessonsPage } | null>(null);
  const [error, setError] = useState('');
  useEffect(() => {
    const moved = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const wanted = place !== null;
  useEffect(() => {
    if (wanted && page === null)
      import('./page.tsx').then(
        ({ Lessons }) => setPage({ Lessons }),
        (e: unknown) => setError(inWords(e)),
      );
  }, [wanted]);
  if (place === null) return <Playground />;
  if (page === null) return <p role="status">{error === '' ? 'Loading the lessons…' : error}</p>;
  return <page.Lessons place={place} />;
}
