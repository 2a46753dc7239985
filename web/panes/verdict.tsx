/** What the run tells, as every report does, and all checks. */
import type { ComponentChildren } from 'preact';
import { hasReached } from '../../src/bench/documents/reached.ts';
import type { ExplainedFact } from '../../src/report/explain.ts';
import { HandOver } from '../hand-over.tsx';
import type { Example, Verdict } from '../setup.ts';
import { Source } from './source.tsx';

/** A fact as every report tells it. */
function StoryFact({
  fact,
  good,
  children,
}: {
  readonly fact: ExplainedFact;
  readonly good: boolean;
  readonly children: ComponentChildren;
}) {
  if (fact.kind === 'verdict')
    return (
      <p class={`outcome ${good ? 'good' : 'bad'}`} data-testid="outcome">
        {fact.label === 'OK, but' ? `${fact.label} ` : ''}
        {fact.text}
      </p>
    );
  return (
    <div class={fact.kind}>
      <p>
        {fact.label !== '' && <strong>{fact.label} </strong>}
        {fact.text}
      </p>
      {children}
      {fact.details.length > 0 && (
        <ul class="plain dim">
          {fact.details.map((text, i) => (
            <li key={i}>{text}</li>
          ))}
        </ul>
      )}
      {fact.code.length > 0 && <pre tabIndex={0}>{fact.code.join('\n')}</pre>}
    </div>
  );
}

export function VerdictPanel({ verdict, example }: { readonly verdict: Verdict; readonly example: Example | null }) {
  const { result, took, chip } = verdict;
  const cause = result.diagnosis.causes.find((c) => c.proved) ?? result.diagnosis.causes[0];
  const line = cause?.lastWriter;
  return (
    <section aria-labelledby="verdict">
      <h2 id="verdict">Verdict</h2>
      <HandOver svg={verdict.handOver} />
      {verdict.story.map((fact, i) => (
        <StoryFact key={i} fact={fact} good={hasReached(result)}>
          {fact.kind === 'cause' && fact.text === verdict.story.find((f) => f.kind === 'cause')?.text && line?.file && (
            <Source example={example} file={line.file} line={line.line} title={`The line: ${line.file.split('/').at(-1)}:${line.line}`} />
          )}
        </StoryFact>
      ))}
      <details>
        <summary>All checks ({result.checks.filter((c) => c.verdict === 'fail').length} failed)</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label="checks">
          <table>
            <tbody>
              {[...result.checks]
                .sort((a, b) => rank(a.verdict) - rank(b.verdict))
                .filter((c) => c.verdict !== 'n/a')
                .map((c) => (
                  <tr key={c.id}>
                    <th scope="row">{c.id}</th>
                    <td class={c.verdict === 'fail' ? 'bad' : ''}>{c.verdict}</td>
                    <td>{c.because}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </details>
      <p class="dim">
        {chip}, {Number(result.time.seconds).toFixed(3)} s of virtual time, verdict in <span data-testid="took">{took.toFixed(0)}</span> ms
      </p>
    </section>
  );
}
const RANKS = ['fail', 'warn', 'unknown', 'pass'];
const rank = (verdict: string): number => RANKS.indexOf(verdict);
