/** One of several answers: chosen, committed, judged. */
import { useState } from 'preact/hooks';
import type { Judgement } from './judge.ts';

export interface Option {
  readonly key: string;
  readonly text: string;
}
export interface Tried extends Judgement {
  readonly key: string;
}
interface ChooserProps {
  readonly question: string;
  readonly options: readonly Option[];
  readonly button: string;
  readonly commit: (key: string) => Promise<void>;
  readonly busy: boolean;
  readonly tried: readonly Tried[];
  /** Nothing more can be chosen. */
  readonly over: boolean;
  /** Said of the right answer, and of a wrong one. */
  readonly words: readonly [right: string, wrong: string];
  /** What the bench made true, where that is known. */
  readonly truth: string | null;
}
export function Chooser({ question, options, button, commit, busy, tried, over, words, truth }: ChooserProps) {
  const [picked, setPicked] = useState('');
  const last = tried.at(-1);
  // who comes back sees what was chosen
  const chosen = picked === '' ? (last?.key ?? '') : picked;
  const wasWrong = (key: string): boolean => tried.some((t) => t.key === key && !t.right);
  const isTrue = (key: string): boolean => key === truth || tried.some((t) => t.key === key && t.right);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        if (chosen !== '' && !wasWrong(chosen)) void commit(chosen);
      }}
    >
      <fieldset disabled={busy || over}>
        <legend class="question">{question}</legend>
        {options.map(({ key, text }) => (
          <label key={key} class={`choice ${isTrue(key) ? 'true' : wasWrong(key) ? 'wrong' : ''}`}>
            <input
              type="radio"
              name="answer"
              value={key}
              checked={chosen === key}
              onChange={() => setPicked(key)}
              disabled={wasWrong(key)}
            />
            <span>
              {text}
              {isTrue(key) && <b> ✓ {words[0]}</b>}
              {wasWrong(key) && <b> ✗ {words[1]}</b>}
            </span>
          </label>
        ))}
        {!over && (
          <button type="submit" class="main" disabled={chosen === '' || wasWrong(chosen)}>
            {button}
          </button>
        )}
      </fieldset>
      {tried.slice(0, -1).map(({ key, says }) => (
        <p key={key} class="dim">
          {options.find((o) => o.key === key)?.text}: no. {says}
        </p>
      ))}
      {last && (
        <p class={last.right ? 'verdict good' : 'verdict bad'} role="status" data-testid="says">
          {last.right ? 'Right. ' : 'No. '}
          {last.says}
        </p>
      )}
    </form>
  );
}
