/** One step: its text, the firmware's source, what is asked, and what the bench says. */
import type { ComponentProps, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { HandOver } from '../hand-over.tsx';
import { inWords } from '../words.ts';
import type { LessonBench } from './bench.ts';
import { changesSince, type Changes, type Shown } from './changes.ts';
import { Chooser, type Option } from './chooser.tsx';
import { Code } from './code.tsx';
import { judgeChoice, judgeEdit, judgeFlip, judgeLine, linesOf, switchesOf, trueChoice, type Judgement } from './judge.ts';
import { shownFirmware } from './lessons.ts';
import { dealt } from './order.ts';
import type { Mark } from './progress.ts';
import { waitsFor, type Numbered, type Run } from './secrets.ts';
import type { SourceLine } from './source.ts';
import type { EditStep, Evidence, FindStep, FirmwareName, FlipStep, LookStep, PredictStep, Row, Step } from './types.ts';
import { wordsIn } from './words.ts';

/** What the page remembers of a step. */
interface Kept {
  /** Answered on an earlier visit, in order. */
  readonly given: readonly string[];
  readonly answered: (key: string) => void;
  readonly done: (how: Mark) => void;
}
export interface StepProps<S extends Step = Step> extends Kept {
  readonly step: S;
  /** `stepKey`. */
  readonly id: string;
  /** The steps before in the same lesson, in order. */
  readonly earlier: readonly Step[];
  /** Those of the lesson that are not answered yet. */
  readonly open: readonly Numbered[];
  readonly bench: LessonBench;
  readonly heading: RefObject<HTMLHeadingElement | null>;
  /** Forgets the answers of this step. */
  readonly again: () => void;
  readonly next: string;
  readonly nextText: string;
}
const KINDS: Readonly<Record<Step['kind'], string>> = {
  look: 'Look',
  predict: 'Predict: commit, then the bench runs',
  find: 'Find the line',
  flip: 'Repair: set one thing',
  edit: 'Repair: choose an edit',
};

/** What the bench found, and in which run. */
type Stands = (e: Evidence, firmware: FirmwareName) => void;

/** What a step needs of the bench: one thing at a time, and what went wrong in words. */
function useBench() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const ask = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError('');
    try {
      await work();
    } catch (e) {
      setError(inWords(e));
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, ask };
}
/**
 * Answers one after the other. Those of an earlier visit are judged anew, in the same order; what no longer exists (null) is left out.
 * `once`: the first answer ends the step, right or not.
 */
function useAnswers<T extends Judgement>(judge: (key: string) => Promise<T | null>, { given, answered, done }: Kept, once = false) {
  const [all, setAll] = useState<readonly T[]>([]);
  const { busy, error, ask } = useBench();
  useEffect(() => {
    if (given.length === 0) return;
    void ask(async () => {
      const again: T[] = [];
      for (const key of given) {
        const judged = await judge(key);
        if (judged !== null) again.push(judged);
      }
      setAll(again);
    });
  }, []);
  const answer = (key: string): Promise<void> =>
    ask(async () => {
      const judged = await judge(key);
      if (judged === null) return;
      setAll([...all, judged]);
      answered(key);
      if (judged.right || once) done(judged.right && all.length === 0 ? 'first' : 'later');
    });
  return { all, last: all.at(-1) ?? null, busy, error, answer, solved: all.some((t) => t.right) };
}

async function shownBy(bench: LessonBench, step: Step): Promise<Shown> {
  const firmware = shownFirmware(step);
  const [{ main, chip }, lines] = await Promise.all([bench.firmware(firmware), linesOf(bench, firmware)]);
  return { firmware, chip, file: main.split('/').at(-1)!, lines };
}
/** The program, and what of it is other than in the step before. */
function useProgram({ step, earlier, bench }: StepProps) {
  const [shown, setShown] = useState<Shown | null>(null);
  const [changes, setChanges] = useState<Changes | null>(null);
  const { busy, error, ask } = useBench();
  useEffect(() => {
    void ask(async () => {
      const now = await shownBy(bench, step);
      const before = earlier.at(-1);
      setChanges(changesSince(before === undefined ? null : await shownBy(bench, before), now));
      setShown(now);
    });
  }, []);
  return { shown, changes, busy, error };
}

export function StepView(props: StepProps) {
  const { step, earlier, heading } = props;
  const { shown, changes, busy, error } = useProgram(props);
  const [here, setHere] = useState<number | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const [committed, setCommitted] = useState(0);
  const [run, setRun] = useState<Run | null>(null);
  const stands = (e: Evidence, firmware: FirmwareName): void => {
    setHere(e.view?.place.file?.endsWith(`/${shown?.file ?? '?'}`) === true ? e.view.place.line : null);
    setRun(e.picture === null ? null : { firmware, picture: e.picture });
  };
  const pick = step.kind === 'find' ? (line: SourceLine) => setChosen(line.number) : null;
  return (
    <div class="step">
      <section class="told" aria-labelledby="step">
        <p class="kind">{step.kind === 'predict' && step.hidden ? `Hidden test. ${KINDS.predict}` : KINDS[step.kind]}</p>
        <h3 id="step" ref={heading} tabIndex={-1}>
          {step.title}
        </h3>
        {step.text.map((text, i) => (
          <p key={i}>{text}</p>
        ))}
        {step.also?.map(({ what, lines }) => (
          <figure key={what}>
            <figcaption>{what}</figcaption>
            <pre tabIndex={0}>{lines.join('\n')}</pre>
          </figure>
        ))}
        <Words of={textsOf(step)} but={told(earlier)} />
        {step.kind === 'find' && <p class="question">{step.question}</p>}
      </section>
      <section class="program" aria-labelledby="program">
        <h3 id="program">{shown ? `${shown.file}, ${shown.chip.toUpperCase()}` : 'The firmware'}</h3>
        {changes !== null && changes.text !== '' && <p class="changed">{changes.text}</p>}
        {busy && shown === null && <p class="dim">loading…</p>}
        {error !== '' && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        {shown && (
          <Code
            lines={shown.lines}
            fresh={changes!.fresh}
            here={here}
            chosen={chosen}
            pick={pick}
            commit={() => setCommitted(committed + 1)}
          />
        )}
      </section>
      {/* it comes with the program: answers of an earlier visit lead to its lines */}
      {shown && (
        <section class="work" aria-label="challenge">
          {step.kind === 'look' && <Look {...props} step={step} stands={stands} />}
          {step.kind === 'predict' && <Predict {...props} step={step} stands={stands} />}
          {step.kind === 'find' && (
            <Find {...props} step={step} lines={shown.lines} chosen={chosen} choose={setChosen} committed={committed} />
          )}
          {step.kind === 'flip' && <Flip {...props} step={step} />}
          {step.kind === 'edit' && <EditLine {...props} step={step} stands={stands} />}
          {props.given.length > 0 && (
            <p>
              <button type="button" onClick={props.again}>
                Answer this step anew
              </button>
            </p>
          )}
        </section>
      )}
      {run !== null && <Picture run={run} open={props.open} bench={props.bench} />}
    </div>
  );
}

/** All that a step says before it is answered. */
function textsOf(step: Step): readonly string[] {
  const asked = step.kind === 'look' ? [] : [step.question];
  const options = step.kind === 'predict' ? step.choices : step.kind === 'edit' ? step.edits : [];
  return [...step.text, ...asked, ...options.map(({ text }) => text)];
}
const told = (steps: readonly Step[]): string[] => steps.flatMap((s) => [...textsOf(s), s.rule]);
const saysOf = (tried: readonly Judgement[]): string[] => tried.map(({ says }) => says);
/** What the words of these texts mean. Those of `but` have been told: at their first use in the lesson. */
function Words({ of, but }: { readonly of: readonly string[]; readonly but: readonly string[] }) {
  const told = new Set(wordsIn(but).map(([word]) => word));
  const words = wordsIn(of).filter(([word]) => !told.has(word));
  return words.length === 0 ? null : (
    <p class="words">
      {words.map(([word, meaning], i) => (
        <span key={word}>
          {i > 0 && ' '}
          <dfn>{word}</dfn>: {meaning}.
        </span>
      ))}
    </p>
  );
}
/** What the bench found, the rule behind it, and the way on. */
function Found({
  rows,
  step,
  earlier,
  next,
  nextText,
}: {
  readonly rows: readonly Row[];
  readonly step: Step;
  readonly earlier: readonly Step[];
  readonly next: string;
  readonly nextText: string;
}) {
  return (
    <>
      <Rows rows={rows} />
      <p class="rule">{step.rule}</p>
      <Words of={[step.rule, ...rows.flat()]} but={told([...earlier, step]).filter((text) => text !== step.rule)} />
      <p>
        <a class="button main" href={next}>
          {nextText}
        </a>
      </p>
    </>
  );
}
const Rows = ({ rows }: { readonly rows: readonly Row[] }) =>
  rows.length === 0 ? null : (
    <table class="found">
      <caption>What the bench found</caption>
      <tbody>
        {rows.map(([what, value]) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
const stepsInWords = (steps: readonly number[]): string =>
  steps.length === 1 ? `step ${steps[0]} is` : `steps ${steps.slice(0, -1).join(', ')} and ${steps.at(-1)} are`;
interface PictureProps extends Pick<StepProps, 'open' | 'bench'> {
  readonly run: Run;
}
/** Below both columns, as wide as the page: it is wider than one of them. */
function Picture({ run, open, bench }: PictureProps) {
  const [waits, setWaits] = useState<readonly number[] | null>(null);
  const { error, ask } = useBench();
  useEffect(() => {
    let isLast = true;
    setWaits(null);
    void ask(async () => {
      const steps = await waitsFor(bench, run, open);
      if (isLast) setWaits(steps);
    });
    return () => void (isLast = false);
  }, [run, open.length]);
  if (error !== '') return <p class="bad">{error}</p>;
  if (waits === null) return null;
  if (waits.length > 0)
    return <p class="dim waits">The run as one picture comes here when {stepsInWords(waits)} answered: it tells what is asked there.</p>;
  return (
    <details class="whole">
      <summary>The whole run as one picture</summary>
      <HandOver svg={{ ...run.picture, wide: run.picture.file }} />
    </details>
  );
}
function Running({ busy, error }: { readonly busy: boolean; readonly error: string }) {
  return (
    <>
      <p role="status">{busy ? 'The bench runs…' : ''}</p>
      {error !== '' && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
    </>
  );
}

function Look({ step, earlier, bench, next, nextText, stands, ...kept }: StepProps<LookStep> & { readonly stands: Stands }) {
  const { last, busy, error, answer } = useAnswers(async () => {
    const evidence = await bench.evidence(step.ask);
    stands(evidence, step.ask.firmware);
    return { right: true, says: '', evidence };
  }, kept);
  return (
    <>
      {last === null && (
        <button type="button" class="main" disabled={busy} onClick={() => void answer('seen')}>
          Run to there
        </button>
      )}
      <Running busy={busy} error={error} />
      {last && <Found rows={step.shows(last.evidence)} step={step} earlier={earlier} next={next} nextText={nextText} />}
    </>
  );
}

/** A key is the place in the lesson: answers that a browser remembers stay right in any order. */
const optionsOf = (all: readonly { readonly text: string }[]): Option[] => all.map(({ text }, i) => ({ key: String(i), text }));

function Predict({ step, id, earlier, bench, next, nextText, stands, ...kept }: StepProps<PredictStep> & { readonly stands: Stands }) {
  const { all, last, busy, error, answer } = useAnswers(
    async (key) => {
      if (step.choices[Number(key)] === undefined) return null;
      const evidence = await bench.evidence(step.ask);
      stands(evidence, step.ask.firmware);
      return { key, evidence, ...judgeChoice(step, evidence, Number(key)) };
    },
    kept,
    true,
  );
  const evidence = last?.evidence ?? null;
  const truth = evidence === null ? null : trueChoice(step, evidence);
  const options = dealt(optionsOf(step.choices), id);
  return (
    <>
      <Chooser
        question={step.question}
        options={options}
        commit={answer}
        button="Commit and run"
        busy={busy}
        tried={all}
        over={evidence !== null}
        words={['true', 'not so']}
        truth={truth === null ? null : String(truth)}
      />
      <Words of={saysOf(all)} but={[...told(earlier), ...textsOf(step)]} />
      <Running busy={busy} error={error} />
      {evidence && truth === null && <p class="bad">With this ROM none of the answers is true: what the bench found stands below.</p>}
      {evidence && <Found rows={step.shows(evidence)} step={step} earlier={earlier} next={next} nextText={nextText} />}
    </>
  );
}

interface FindProps extends StepProps<FindStep> {
  readonly lines: readonly SourceLine[];
  readonly chosen: number | null;
  readonly choose: (line: number) => void;
  /** Counts up when the chosen line is committed in the source. */
  readonly committed: number;
}
function Find({ step, earlier, bench, next, nextText, lines, chosen, choose, committed, ...kept }: FindProps) {
  const { all, last, busy, error, answer, solved } = useAnswers(async (key) => {
    const line = lines.find((l) => String(l.number) === key);
    if (line === undefined) return null;
    choose(line.number);
    return { key, ...(await judgeLine(bench, step, line)) };
  }, kept);
  const says = useRef<HTMLParagraphElement>(null);
  const open = !solved && !busy && chosen !== null && all.every(({ key }) => key !== String(chosen));
  const commit = (): void => {
    if (open) void answer(String(chosen));
  };
  useEffect(() => {
    if (committed > 0) commit();
  }, [committed]);
  // on a phone it stands below the source
  useEffect(() => says.current?.scrollIntoView({ block: 'nearest' }), [last]);
  return (
    <>
      {!solved && (
        <>
          <p class="dim">
            Click a line of the source, then commit. By keyboard: go to the source, move with the arrow keys; Enter chooses a line, and
            Enter again commits.
          </p>
          <p>
            <button type="button" class="main" disabled={!open} onClick={commit}>
              {chosen === null ? 'Commit a line' : `Commit line ${chosen}`}
            </button>
          </p>
        </>
      )}
      <Running busy={busy} error={error} />
      {all.map(({ key, right, says: text }, i) => {
        const isLast = i === all.length - 1;
        return (
          <p
            key={key}
            class={right ? 'verdict good' : isLast ? 'verdict bad' : 'dim'}
            {...(isLast ? { role: 'status', 'data-testid': 'says', ref: says } : {})}
          >
            Line {key}: {right ? 'yes. ' : 'no. '}
            {text}
          </p>
        );
      })}
      <Words of={saysOf(all)} but={[...told(earlier), ...textsOf(step)]} />
      {solved && <Found rows={[]} step={step} earlier={earlier} next={next} nextText={nextText} />}
    </>
  );
}

type Asked = ComponentProps<typeof Chooser>;
interface TryOutProps extends Pick<Asked, 'question' | 'options' | 'button'> {
  readonly tries: { readonly solved: boolean; readonly all: Asked['tried']; readonly busy: boolean; readonly answer: Asked['commit'] };
}
/** Repairs to choose from: a run says whether one helps. */
function TryOut({ tries: { solved, all, busy, answer }, ...asked }: TryOutProps) {
  return <Chooser {...asked} words={['helps', 'does not help']} over={solved} truth={null} tried={all} busy={busy} commit={answer} />;
}

function Flip({ step, earlier, bench, next, nextText, ...kept }: StepProps<FlipStep>) {
  const [options, setOptions] = useState<readonly Option[]>([]);
  const loading = useBench();
  useEffect(() => {
    void loading.ask(async () => setOptions((await switchesOf(bench, step)).map(({ id, text }) => ({ key: id, text }))));
  }, []);
  const tries = useAnswers(async (key) => ({ key, ...(await judgeFlip(bench, step, key)) }), kept);
  return (
    <>
      {options.length > 0 && <TryOut question={step.question} options={options} button="Set this and run" tries={tries} />}
      <Words of={[...options.map(({ text }) => text), ...saysOf(tries.all)]} but={[...told(earlier), ...textsOf(step)]} />
      <Running busy={loading.busy || tries.busy} error={loading.error + tries.error} />
      {tries.solved && <Found rows={[]} step={step} earlier={earlier} next={next} nextText={nextText} />}
    </>
  );
}

function EditLine({ step, id, earlier, bench, next, nextText, stands, ...kept }: StepProps<EditStep> & { readonly stands: Stands }) {
  const tries = useAnswers(async (key) => {
    const edit = step.edits[Number(key)];
    if (edit === undefined) return null;
    const judged = await judgeEdit(bench, step, Number(key));
    const evidence = await bench.evidence({ firmware: edit.firmware });
    stands(evidence, edit.firmware);
    return { key, ...judged, evidence };
  }, kept);
  const evidence = tries.last?.evidence ?? null;
  const rows = evidence === null ? [] : step.shows(evidence);
  const options = dealt(optionsOf(step.edits), id);
  return (
    <>
      <TryOut question={step.question} options={options} button="Run this edit" tries={tries} />
      <Words of={saysOf(tries.all)} but={[...told(earlier), ...textsOf(step)]} />
      <Running busy={tries.busy} error={tries.error} />
      {tries.solved ? <Found rows={rows} step={step} earlier={earlier} next={next} nextText={nextText} /> : <Rows rows={rows} />}
    </>
  );
}
