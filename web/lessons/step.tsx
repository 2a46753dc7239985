/** One step: its text, the firmware's source, what is asked, and what the bench says. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { HandOver } from '../hand-over.tsx';
import { inWords } from '../words.ts';
import type { LessonBench } from './bench.ts';
import { Chooser, type Option, type Tried } from './chooser.tsx';
import { Code } from './code.tsx';
import { judgeChoice, judgeEdit, judgeFlip, judgeLine, linesOf, trueChoice, type Judgement } from './judge.ts';
import { shownFirmware } from './lessons.ts';
import type { Mark } from './progress.ts';
import type { SourceLine } from './source.ts';
import type { EditStep, Evidence, FlipStep, LookStep, PredictStep, Row, Step } from './types.ts';

export interface StepProps<S extends Step = Step> {
  readonly step: S;
  readonly bench: LessonBench;
  readonly heading: RefObject<HTMLHeadingElement | null>;
  readonly done: (how: Mark) => void;
  readonly next: string;
  readonly nextText: string;
}
const KINDS: Readonly<Record<Step['kind'], string>> = {
  look: 'Look',
  predict: 'Predict: commit, then the bench runs',
  find: 'Find the line',
  flip: 'Repair: change one thing',
  edit: 'Repair: choose an edit',
};

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

export function StepView(props: StepProps) {
  const { step, bench, heading } = props;
  const [source, setSource] = useState<{ readonly file: string; readonly chip: string; readonly lines: readonly SourceLine[] } | null>(
    null,
  );
  const [here, setHere] = useState<number | null>(null);
  const [clicked, setClicked] = useState<SourceLine | null>(null);
  const { busy, error, ask } = useBench();
  useEffect(() => {
    void ask(async () => {
      const name = shownFirmware(step);
      const [{ main, chip }, lines] = await Promise.all([bench.firmware(name), linesOf(bench, name)]);
      setSource({ file: main.split('/').at(-1)!, chip, lines });
    });
  }, []);
  const stands = (e: Evidence): void => setHere(e.view?.place.file?.endsWith(source?.file ?? '?') === true ? e.view.place.line : null);
  const pick = step.kind === 'find' ? setClicked : null;
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
        {step.kind === 'find' && <p class="question">{step.question}</p>}
      </section>
      <section class="program" aria-labelledby="program">
        <h3 id="program">{source ? `${source.file}, ${source.chip.toUpperCase()}` : 'The firmware'}</h3>
        {busy && source === null && <p class="dim">loading…</p>}
        {error !== '' && (
          <p class="bad" role="alert">
            {error}
          </p>
        )}
        {source && <Code lines={source.lines} here={here} chosen={clicked?.number ?? null} pick={pick} />}
      </section>
      <section class="work" aria-label="challenge">
        {step.kind === 'look' && <Look {...props} step={step} stands={stands} />}
        {step.kind === 'predict' && <Predict {...props} step={step} stands={stands} />}
        {step.kind === 'find' && <Find {...props} step={step} clicked={clicked} />}
        {step.kind === 'flip' && <Flip {...props} step={step} />}
        {step.kind === 'edit' && <EditLine {...props} step={step} />}
      </section>
    </div>
  );
}

/** What the bench found, the rule behind it, and the way on. */
function Found({
  rows,
  step,
  next,
  nextText,
}: {
  readonly rows: readonly Row[];
  readonly step: Step;
  readonly next: string;
  readonly nextText: string;
}) {
  return (
    <>
      <Rows rows={rows} />
      <p class="rule">{step.rule}</p>
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
const Picture = ({ evidence }: { readonly evidence: Evidence | null }) =>
  evidence === null || evidence.picture === '' ? null : (
    <details>
      <summary>The whole run as one picture</summary>
      <HandOver svg={evidence.picture} />
    </details>
  );
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

function Look({ step, bench, done, next, nextText, stands }: StepProps<LookStep> & { readonly stands: (e: Evidence) => void }) {
  const [evidence, setEvidence] = useState<Evidence | null>(null);
  const { busy, error, ask } = useBench();
  const look = (): Promise<void> =>
    ask(async () => {
      const found = await bench.evidence(step.ask);
      setEvidence(found);
      stands(found);
      done('first');
    });
  return (
    <>
      {evidence === null && (
        <button type="button" class="main" disabled={busy} onClick={() => void look()}>
          Run to there
        </button>
      )}
      <Running busy={busy} error={error} />
      {evidence && <Found rows={step.shows(evidence)} step={step} next={next} nextText={nextText} />}
    </>
  );
}

function Predict({ step, bench, done, next, nextText, stands }: StepProps<PredictStep> & { readonly stands: (e: Evidence) => void }) {
  const [evidence, setEvidence] = useState<Evidence | null>(null);
  const [tried, setTried] = useState<readonly Tried[]>([]);
  const { busy, error, ask } = useBench();
  const commit = (key: string): Promise<void> =>
    ask(async () => {
      const found = await bench.evidence(step.ask);
      const judged = judgeChoice(step, found, Number(key));
      setTried([{ key, ...judged }]);
      setEvidence(found);
      stands(found);
      done(judged.right ? 'first' : 'later');
    });
  const truth = evidence === null ? null : trueChoice(step, evidence);
  const options = step.choices.map(({ text }, i): Option => ({ key: String(i), text }));
  return (
    <>
      <Chooser
        question={step.question}
        options={options}
        commit={commit}
        button="Commit and run"
        busy={busy}
        tried={tried}
        over={evidence !== null}
        words={['true', 'not so']}
        truth={truth === null ? null : String(truth)}
      />
      <Running busy={busy} error={error} />
      {evidence && truth === null && <p class="bad">With this ROM none of the answers is true: what the bench found stands below.</p>}
      {evidence && <Found rows={step.shows(evidence)} step={step} next={next} nextText={nextText} />}
      <Picture evidence={evidence} />
    </>
  );
}

function Find({
  step,
  bench,
  done,
  next,
  nextText,
  clicked,
}: StepProps<Step & { kind: 'find' }> & { readonly clicked: SourceLine | null }) {
  const [judged, setJudged] = useState<Judgement | null>(null);
  const [wrong, setWrong] = useState(0);
  const { busy, error, ask } = useBench();
  const solved = judged?.right === true;
  const answer = useRef<HTMLParagraphElement>(null);
  // on a phone it stands below the source
  useEffect(() => answer.current?.scrollIntoView({ block: 'nearest' }), [judged]);
  useEffect(() => {
    if (clicked === null || solved) return;
    void ask(async () => {
      const found = await judgeLine(bench, step, clicked);
      setJudged(found);
      if (found.right) done(wrong === 0 ? 'first' : 'later');
      else setWrong(wrong + 1);
    });
  }, [clicked]);
  return (
    <>
      {judged === null && (
        <p class="dim">Click a line of the source. By keyboard: go to the source, move with the arrow keys, and press Enter.</p>
      )}
      <Running busy={busy} error={error} />
      {judged && clicked && (
        <p class={judged.right ? 'verdict good' : 'verdict bad'} role="status" data-testid="says" ref={answer}>
          Line {clicked.number}: {judged.right ? 'yes. ' : 'no. '}
          {judged.says}
        </p>
      )}
      {solved && <Found rows={[]} step={step} next={next} nextText={nextText} />}
    </>
  );
}

/** Tries until one is right. */
function useTries(judge: (key: string) => Promise<Judgement>, done: (how: Mark) => void) {
  const [tried, setTried] = useState<readonly Tried[]>([]);
  const { busy, error, ask } = useBench();
  const commit = (key: string): Promise<void> =>
    ask(async () => {
      const judged = await judge(key);
      const all = [...tried, { key, ...judged }];
      setTried(all);
      if (judged.right) done(all.length === 1 ? 'first' : 'later');
    });
  return { tried, busy, error, commit, solved: tried.some((t) => t.right) };
}

function Flip({ step, bench, done, next, nextText }: StepProps<FlipStep>) {
  const [options, setOptions] = useState<readonly Option[]>([]);
  const loading = useBench();
  useEffect(() => {
    void loading.ask(async () => {
      const entry = await bench.entry(step.firmware);
      setOptions(
        (entry?.flips ?? []).map(({ id, label, on, words }) => ({
          key: id,
          text: `${label}: ${words[on ? 1 : 0]} → ${words[on ? 0 : 1]}`,
        })),
      );
    });
  }, []);
  const tries = useTries((key) => judgeFlip(bench, step, key), done);
  return (
    <>
      {options.length > 0 && (
        <Chooser
          question={step.question}
          options={options}
          button="Change this and run"
          words={['helps', 'does not help']}
          over={tries.solved}
          truth={null}
          {...tries}
        />
      )}
      <Running busy={loading.busy || tries.busy} error={loading.error + tries.error} />
      {tries.solved && <Found rows={[]} step={step} next={next} nextText={nextText} />}
    </>
  );
}

function EditLine({ step, bench, done, next, nextText }: StepProps<EditStep>) {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [evidence, setEvidence] = useState<Evidence | null>(null);
  const judge = async (key: string): Promise<Judgement> => {
    const judged = await judgeEdit(bench, step, Number(key));
    const found = await bench.evidence({ firmware: step.edits[Number(key)]!.firmware });
    setEvidence(found);
    setRows(step.shows(found));
    return judged;
  };
  const tries = useTries(judge, done);
  const options = step.edits.map(({ text }, i): Option => ({ key: String(i), text }));
  return (
    <>
      <Chooser
        question={step.question}
        options={options}
        button="Run this edit"
        words={['helps', 'does not help']}
        over={tries.solved}
        truth={null}
        {...tries}
      />
      <Running busy={tries.busy} error={tries.error} />
      {tries.solved ? <Found rows={rows} step={step} next={next} nextText={nextText} /> : <Rows rows={rows} />}
      <Picture evidence={evidence} />
    </>
  );
}
