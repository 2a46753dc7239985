/** The page of the lessons: the list, and one step at a time. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { holder } from '../workers.ts';
import { LessonBench } from './bench.ts';
import { LESSONS } from './lessons.ts';
import { linkTo, type LessonPlace } from './place.ts';
import {
  marked,
  readAnswers,
  readProgress,
  stepKey,
  writeAnswers,
  writeProgress,
  type Answers,
  type Mark,
  type Progress,
} from './progress.ts';
import type { Numbered } from './secrets.ts';
import { SHELF } from './shelf.ts';
import { StepView } from './step.tsx';
import type { Lesson } from './types.ts';

/** Runs and machines outlive a page turned: a step that was seen is there at once. */
let bench: LessonBench | null = null;

export function Lessons({ place }: { readonly place: LessonPlace }) {
  const [progress, setProgress] = useState(readProgress);
  bench ??= new LessonBench(holder(), SHELF);
  const mark = (key: string, how: Mark): void =>
    setProgress((before) => {
      const next = marked(before, key, how);
      writeProgress(next);
      return next;
    });
  const [answers, setAnswers] = useState(readAnswers);
  const answered = (key: string, given: readonly string[]): void =>
    setAnswers((before) => {
      const next = { ...before, [key]: given };
      writeAnswers(next);
      return next;
    });
  const clear = (): void => {
    writeProgress({});
    setProgress({});
    writeAnswers({});
    setAnswers({});
  };
  const lesson = LESSONS.find((l) => l.id === place.lesson);
  const title = lesson ? `${lesson.title} – bootbench lessons` : 'bootbench lessons';
  useEffect(() => {
    const before = document.title;
    document.title = title;
    return () => (document.title = before);
  }, [title]);
  return (
    <>
      <link rel="stylesheet" href="lessons.css" />
      <header class="row lesson-head">
        <h1>{lesson ? <a href="#lessons">bootbench lessons</a> : 'bootbench lessons'}</h1>
        <nav aria-label="pages">
          {lesson && <a href="#lessons">All lessons</a>} <a href="#">Playground</a>
        </nav>
      </header>
      <main>
        {lesson ? (
          <OneLesson
            key={lesson.id}
            lesson={lesson}
            at={Math.min(place.step, lesson.steps.length)}
            progress={progress}
            mark={mark}
            answers={answers}
            answered={answered}
          />
        ) : (
          <List progress={progress} unknown={place.lesson} clear={clear} />
        )}
      </main>
    </>
  );
}

const openIn = ({ id, steps }: Lesson, progress: Progress): Numbered[] =>
  steps.flatMap((step, i): Numbered[] => (progress[stepKey(id, i + 1)] === undefined ? [[i + 1, step]] : []));
const doneIn = (lesson: Lesson, progress: Progress): number => lesson.steps.length - openIn(lesson, progress).length;
const firstOpen = (lesson: Lesson, progress: Progress): number => openIn(lesson, progress)[0]?.[0] ?? 1;

interface ListProps {
  readonly progress: Progress;
  readonly unknown: string;
  readonly clear: () => void;
}
function List({ progress, unknown, clear }: ListProps) {
  const next = LESSONS.find((l) => doneIn(l, progress) < l.steps.length);
  const begun = Object.keys(progress).length > 0;
  return (
    <section aria-labelledby="list">
      {unknown !== '' && <p class="bad">There is no lesson “{unknown}”.</p>}
      <h2 id="list">Thirteen challenges: from your code into the STM32 ROM, and back</h2>
      <p>
        You read real firmware and commit to an answer. Then the emulator runs that firmware, and shows what is true. You need C, and to
        have flashed a board once. All of it takes some 80 minutes; your progress stays in this browser.
      </p>
      {next && (
        <p>
          <a class="button main" href={linkTo(next.id, firstOpen(next, progress))}>
            {begun ? `Go on: ${next.title}` : 'Begin with lesson 1'}
          </a>
        </p>
      )}
      <ol class="lessons">
        {LESSONS.map((lesson) => {
          const done = doneIn(lesson, progress);
          return (
            <li key={lesson.id}>
              <a href={linkTo(lesson.id, done === lesson.steps.length ? 1 : firstOpen(lesson, progress))}>{lesson.title}</a>
              <span class="dim">
                {' '}
                {lesson.minutes} min{done > 0 && `, ${done} of ${lesson.steps.length} steps done`}
                {done === lesson.steps.length && ' ✓'}
              </span>
              <br />
              <span class="dim">{lesson.about}</span>
            </li>
          );
        })}
      </ol>
      {begun && (
        <button type="button" onClick={clear}>
          Forget my progress
        </button>
      )}
    </section>
  );
}

const MARKS: Readonly<Record<Mark, { readonly sign: string; readonly words: string }>> = {
  first: { sign: '✓', words: 'solved at the first try' },
  later: { sign: '•', words: 'done, not at the first try' },
};
interface OneLessonProps {
  readonly lesson: Lesson;
  readonly at: number;
  readonly progress: Progress;
  readonly mark: (key: string, how: Mark) => void;
  readonly answers: Answers;
  readonly answered: (key: string, given: readonly string[]) => void;
}
function OneLesson({ lesson, at, progress, mark, answers, answered }: OneLessonProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(0);
  useEffect(() => {
    // who turns a page by keyboard goes on from its top
    if (shown.current !== 0) {
      scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
    shown.current = at;
  }, [at]);
  const number = LESSONS.indexOf(lesson) + 1;
  const after = useMemo(() => LESSONS[LESSONS.indexOf(lesson) + 1], [lesson]);
  const step = lesson.steps[at - 1]!;
  const here = stepKey(lesson.id, at);
  const [round, setRound] = useState(0);
  const last = at === lesson.steps.length;
  const first = firstOpen(lesson, progress);
  const next = last ? (after ? linkTo(after.id, 1) : '#lessons') : linkTo(lesson.id, at + 1);
  const nextText = last ? (after ? `Next lesson: ${after.title}` : 'To the list') : 'Next step';
  return (
    <>
      <h2 class="lesson-title">
        {number}. {lesson.title}
      </h2>
      <nav aria-label="steps">
        <ol class="steps">
          {lesson.steps.map((s, i) => {
            const how = progress[stepKey(lesson.id, i + 1)];
            // a title tells what the steps before it ask
            const told = how !== undefined || i < first || i < at;
            return (
              <li key={i}>
                <a
                  href={linkTo(lesson.id, i + 1)}
                  {...(at === i + 1 ? { 'aria-current': 'step' as const } : { 'aria-label': `step ${i + 1}${told ? `: ${s.title}` : ''}` })}
                >
                  {i + 1} {told && s.title}
                  {how !== undefined && (
                    <span aria-label={MARKS[how].words} title={MARKS[how].words}>
                      {' '}
                      {MARKS[how].sign}
                    </span>
                  )}
                </a>
              </li>
            );
          })}
        </ol>
      </nav>
      <StepView
        key={`${here}/${round}`}
        step={step}
        id={here}
        earlier={lesson.steps.slice(0, at - 1)}
        open={openIn(lesson, progress)}
        bench={bench!}
        heading={heading}
        given={answers[here] ?? []}
        answered={(key) => answered(here, [...(answers[here] ?? []), key])}
        again={() => {
          answered(here, []);
          setRound(round + 1);
        }}
        done={(how) => mark(here, how)}
        next={next}
        nextText={nextText}
      />
      {lesson.forumCase !== undefined && (
        <p class="dim">
          This lesson was written after a thread of ST’s forum: <a href={`cases/${lesson.forumCase}.txt`}>what was asked, and the answer</a>{' '}
          (this tells all answers).
        </p>
      )}
    </>
  );
}
