/** Lessons: a text, a step of the machine, a question that the bench answers. */
import { useMemo, useState } from 'preact/hooks';
import { LESSONS, type LessonStep } from '../lessons.ts';
import type { Example, View } from '../setup.ts';
import { holder } from '../workers.ts';
import type { Controls } from './machine.tsx';

interface LessonsProps {
  readonly examples: readonly Example[];
  readonly current: string;
  readonly controls: Controls | null;
  readonly take: (example: Example) => Promise<void>;
}
export function Lessons({ examples, current, controls, take }: LessonsProps) {
  const [id, setId] = useState('');
  const [at, setAt] = useState(-1);
  const [answer, setAnswer] = useState('');
  const [last, setLast] = useState<View | null>(null);
  const [moving, setMoving] = useState(false);
  const lesson = useMemo(() => LESSONS.find((l) => l.id === id), [id]);
  const step = lesson?.steps[at];
  const ready = lesson?.example === current && controls !== null;
  const next = async (): Promise<void> => {
    if (!lesson || !controls) return;
    const following = lesson.steps[at + 1];
    if (!following) return;
    setAnswer('');
    setAt(at + 1);
    // the bench is asked about where the step leads to, not about where the machine still stands
    setMoving(true);
    try {
      if (at < 0) setLast(await controls.restart());
      const view = await controls.move(following);
      if (view) setLast(view);
    } finally {
      setMoving(false);
    }
  };
  return (
    <section aria-labelledby="lessons">
      <h2 id="lessons">Lessons</h2>
      <div class="row">
        <label>
          <span>Lesson</span>
          <select
            value={id}
            onChange={(e) => {
              const chosen = LESSONS.find((l) => l.id === e.currentTarget.value);
              setId(chosen?.id ?? '');
              setAt(-1);
              setAnswer('');
              setLast(null);
              const example = examples.find((x) => x.name === chosen?.example);
              if (example && chosen?.example !== current) void take(example);
            }}
          >
            <option value="">choose</option>
            {LESSONS.map((l) => (
              <option key={l.id} value={l.id}>
                {l.title}
              </option>
            ))}
          </select>
        </label>
        {lesson && (
          <button type="button" class="main" disabled={!ready || moving || at + 1 >= lesson.steps.length} onClick={() => void next()}>
            {at < 0 ? 'Begin' : 'Next'}
          </button>
        )}
      </div>
      {lesson && at < 0 && <p class="dim">{ready ? 'The machine stands at power-on.' : 'loading its firmware…'}</p>}
      {step && (
        <div aria-live="polite">
          <p class="dim">
            Step {at + 1} of {lesson!.steps.length}
          </p>
          <p>{step.text}</p>
          {step.question && (
            <p>
              <b>{step.question}</b>{' '}
              <button type="button" disabled={moving} onClick={() => void answerOf(step, last).then(setAnswer)}>
                Ask the bench
              </button>
            </p>
          )}
          {answer !== '' && <p data-testid="answer">{answer}</p>}
        </div>
      )}
    </section>
  );
}
async function answerOf(step: LessonStep, last: View | null): Promise<string> {
  const view = last ?? (await holder().look());
  return step.answer?.(view) ?? '';
}
