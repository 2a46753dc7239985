/** What the run tells, as every report does, and all checks. */
import { hasReached } from '../../src/bench/documents/reached.ts';
import type { ResultCheck } from '../../src/bench/documents/result.ts';
import type { PatchFile, ShownFact, Verdict } from '../setup.ts';
import { Folded } from './folded.tsx';
import { Excerpt } from './source.tsx';

const TONES: Readonly<Record<string, string>> = { green: 'good', yellow: 'but', red: 'bad' };

/** The outcome in a line. */
export function Headline({ verdict: { told } }: { readonly verdict: Verdict }) {
  const [fact] = told;
  return (
    <h2 id="verdict" class={`outcome ${TONES[fact?.tone ?? ''] ?? ''}`} data-testid="outcome">
      {fact?.label === 'OK, but' ? `${fact.label} ` : ''}
      {fact?.text}
    </h2>
  );
}
const Below = ({ texts }: { readonly texts: readonly string[] }) =>
  texts.length === 0 ? null : (
    <ul class="plain dim">
      {texts.map((text, i) => (
        <li key={i}>{text}</li>
      ))}
    </ul>
  );

/** Changed lines, or code to put somewhere. */
function Code({ code }: { readonly code: ShownFact['code'] }) {
  if (code.length === 0) return null;
  return (
    <pre class="diff" tabIndex={0}>
      {code.map(({ mark, text }, i) => {
        const line = mark === ' ' ? text : `${mark}${text}`;
        return mark === '+' ? <ins key={i}>{line}</ins> : mark === '-' ? <del key={i}>{line}</del> : <div key={i}>{line}</div>;
      })}
    </pre>
  );
}

/** A fact as every report tells it. */
function Fact({ fact, patch }: { readonly fact: ShownFact; readonly patch: PatchFile }) {
  const { label } = fact;
  return (
    <article class={`fact ${fact.kind}`}>
      <p>
        {label !== '' && <strong class={TONES[fact.tone] ?? ''}>{label} </strong>}
        {fact.text}
      </p>
      {fact.place !== null && <p class="dim">{fact.place}</p>}
      {fact.source && <Excerpt source={fact.source} />}
      <Below texts={fact.more} />
      <Code code={fact.code} />
      {fact.kind === 'fix' && patch.text !== '' && (
        <p>
          <a download="fix.diff" href={`data:text/x-diff;charset=utf-8,${encodeURIComponent(patch.text)}`}>
            Download fix.diff
          </a>
          , and apply it in {patch.folder}: <code>patch -p1 &lt; fix.diff</code>
        </p>
      )}
    </article>
  );
}

/** What was found, who wrote it last, and where the rule stands. */
function CheckFacts({ check }: { readonly check: ResultCheck }) {
  const { observed, expected, lastWriter: w, source, confidence } = check;
  const place = w === null ? null : w.file === null ? w.pc : `${w.file}:${w.line}`;
  const texts = [
    ...(observed === null ? [] : [`found ${observed}${expected === null ? '' : ` (expected: ${expected})`}`]),
    ...(place === null ? [] : [`last written by ${place}${w!.symbol === null ? '' : ` (${w!.symbol})`}`]),
    ...(source === null ? [] : [confidence === null ? source : `${source}, ${confidence}`]),
  ];
  return <Below texts={texts} />;
}

/** What follows the headline. */
export function VerdictPanel({ verdict, link }: { readonly verdict: Verdict; readonly link: string }) {
  const { result, took, chip, told } = verdict;
  const [headline, ...facts] = told;
  const counts = RANKS.map((word) => [word, result.checks.filter(({ verdict: of }) => of === word).length] as const)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ');
  return (
    <div class={hasReached(result) ? 'reached' : ''}>
      {headline && <Below texts={headline.more} />}
      <div data-testid="story">
        {facts.map((fact, i) => (
          <Fact key={i} fact={fact} patch={verdict.patch} />
        ))}
      </div>
      <Folded summary={`All checks (${counts})`}>
        {() => (
          <div class="scroll" tabIndex={0} role="region" aria-label="checks">
            <table>
              <tbody>
                {[...result.checks]
                  .sort((a, b) => rank(a.verdict) - rank(b.verdict))
                  .map((c) => (
                    <tr key={c.id}>
                      <th scope="row">{c.id}</th>
                      <td class={c.verdict === 'fail' ? 'bad' : ''}>{c.verdict}</td>
                      <td>
                        {c.because}
                        <CheckFacts check={c} />
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        )}
      </Folded>
      <p class="dim">
        {chip}, {Number(result.time.seconds).toFixed(3)} s of virtual time, verdict in <span data-testid="took">{took.toFixed(0)}</span> ms
      </p>
      <p class="dim">
        Nothing is uploaded. A stand-in ROM, written from ST’s public documents, drives the emulated USB hardware: ST’s own code is not in
        here. With `bootbench serve --rom`, your dump runs instead. <a href={link}>Link to this</a>
      </p>
    </div>
  );
}
const RANKS = ['fail', 'warn', 'unknown', 'pass', 'n/a'];
const rank = (verdict: string): number => RANKS.indexOf(verdict);
