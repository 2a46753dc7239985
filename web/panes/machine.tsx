/** A machine to step, and what is in it. */
import { useEffect, useState } from 'preact/hooks';
import { CONTROLS } from '../../src/report/story/controls.ts';
import { eventButtons } from '../events.ts';
import { NO_FLIPS, type Changed, type Go, type Setup, type Verdict, type View } from '../setup.ts';
import { useRomCode } from '../rom-code.ts';
import { hex, inWords, ms } from '../words.ts';
import { holder } from '../workers.ts';
import { Board } from './board.tsx';
import { MemoryBar } from './memory.tsx';
import { DfuPanel } from './dfu.tsx';
import { CodePane } from './code.tsx';
import { Folded } from './folded.tsx';

const STEPS: readonly (readonly [Go, string])[] = [
  ['instruction', 'Instruction'],
  ['line', 'Line'],
  ['over', 'Line, over calls'],
  ['millisecond', '1 ms'],
  ['exception', 'Exception'],
  ['reset', 'Reset'],
  ['entry', 'ROM entry'],
  ['dfu', 'DFU'],
  ['end', CONTROLS.end],
];
/** What other panes ask of the machine that is shown. */
export interface Controls {
  readonly stop: () => void;
  /** To an instant, in seconds. */
  readonly seek: (seconds: number) => void;
}
interface StepperProps {
  readonly setup: Setup;
  /** Takes the controls of this machine, and null when it goes. */
  readonly hold: (controls: Controls | null) => void;
  readonly memories: Verdict['memories'];
  /** Told where it stands, in seconds. */
  readonly onNow: (seconds: number | null) => void;
}
const rows = (n: number): string => `${n} ${n === 1 ? 'row' : 'rows'}`;
export function Stepper({ setup, memories, hold, onNow }: StepperProps) {
  const [stands, setView] = useState<View | null>(null);
  const { view, texts } = useRomCode(stands);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const act = async (work: () => Promise<View>): Promise<View | null> => {
    setBusy(true);
    setError('');
    try {
      const next = await work();
      setView(next);
      onNow(next.at);
      return next;
    } catch (e) {
      setError(inWords(e));
      return null;
    } finally {
      setBusy(false);
    }
  };
  const stop = (): void => void holder().stop();
  const events = eventButtons(setup.found ?? setup.scenario.steps);
  const restart = () => act(() => holder().open(setup, NO_FLIPS));
  useEffect(() => {
    void restart();
    hold({ stop, seek: (at) => void act(() => holder().seek(at)) });
    return () => {
      hold(null);
      onNow(null);
    };
  }, []);
  return (
    <section class="pane machine" aria-labelledby="machine">
      <h2 id="machine">{CONTROLS.machine}</h2>
      <div class="row steps" role="group" aria-label="run to">
        <button type="button" disabled={busy} onClick={() => void restart()}>
          Power-on
        </button>
        <button type="button" disabled={busy || view === null} onClick={() => void act(() => holder().back())}>
          Step back
        </button>
        {STEPS.map(([go, label]) => (
          <button key={go} type="button" disabled={busy || view === null} onClick={() => void act(() => holder().go(go))}>
            {label}
          </button>
        ))}
        {busy && (
          <button type="button" onClick={stop}>
            Stop
          </button>
        )}
      </div>
      {events.length > 0 && (
        <div class="row events" role="group" aria-label="events of the run">
          {events.map(({ label, action }) => (
            <button
              key={label}
              type="button"
              disabled={busy || view === null}
              title="now, in the machine that stands here"
              onClick={() => void act(() => holder().act(action, label))}
            >
              {label}
            </button>
          ))}
        </div>
      )}
      {error !== '' && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      {view && (
        <Board
          chip={setup.chip?.toUpperCase() ?? ''}
          view={view}
          steps={setup.found ?? setup.scenario.steps}
          disabled={busy}
          act={(action, label, forth) => void act(() => holder().act(action, label, forth))}
        />
      )}
      {view && <Where view={view} />}
      {view && (
        <div class="halves">
          <div class="half" tabIndex={0} role="region" aria-label="code">
            <CodePane view={view} source={view.zone === 'rom' ? texts : (setup.source ?? {})} />
          </div>
          <div class="half" tabIndex={0} role="region" aria-label="state">
            <MemoryBar memories={memories} view={view} />
            <State view={view} />
            <DfuPanel view={view} />
          </div>
        </div>
      )}
    </section>
  );
}

const whereOf = ({ place }: View): string =>
  `${place.symbol ?? place.pc}${place.file ? `, ${place.file.split('/').at(-1)}:${place.line}` : ''}`;
const Where = ({ view }: { readonly view: View }) => (
  <p role="status" data-testid="where">
    {view.why}: {ms(view.at)}, {view.instructions} instructions, {view.zone === 'rom' ? 'in the ROM' : 'in the application'},{' '}
    {whereOf(view)}
  </p>
);
function State({ view }: { readonly view: View }) {
  return (
    <>
      <h3>Core registers</h3>
      <div class="registers mono">
        {view.registers.map((r) => (
          <div key={r.name} class={r.changed ? 'changed' : ''}>
            <span>
              {r.name}
              {r.changed ? ' *' : ''}
            </span>
            <span data-testid={`register-${r.name}`}>{hex(r.value)}</span>
          </div>
        ))}
      </div>
      <Told rows={view.told} label="at this instant" />
      <h3>Clocks</h3>
      {view.clocks.length === 0 ? <p class="dim">this chip's RCC does not tell</p> : <Told rows={view.clocks} label="clocks" />}
      <h3>Registers of peripherals that have changed</h3>
      {view.changes.length === 0 ? <p class="dim">none</p> : <Changes changes={view.changes} />}
      <Folded summary={`What happened (${rows(view.timeline.length)})`}>
        {() => <Rows rows={view.timeline.map((t) => [ms(t.at), t.kind, t.text])} label="events" />}
      </Folded>
      <Folded summary={`USB host (${rows(view.usb.length)})`}>
        {() => <Rows rows={view.usb.map((t) => [ms(t.at), '', t.text])} label="USB" />}
      </Folded>
      {view.console !== '' && <pre tabIndex={0}>{view.console}</pre>}
    </>
  );
}
const Told = ({ rows, label }: { readonly rows: View['told']; readonly label: string }) => (
  <dl class="told" aria-label={label}>
    {rows.map(([name, words], i) => (
      <div key={i}>
        <dt>{name}</dt>
        <dd>{words}</dd>
      </div>
    ))}
  </dl>
);
const Changes = ({ changes }: { readonly changes: readonly Changed[] }) => (
  <div class="scroll" tabIndex={0} role="region" aria-label="changed registers">
    <table>
      <tbody>
        {changes.map((c) => (
          <tr key={c.name}>
            <th scope="row">{c.name}</th>
            <td>{hex(c.value)}</td>
            <td>{c.fields.map((f) => `${f.name} ${f.before} → ${f.now}`).join(', ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
const Rows = ({ rows, label }: { readonly rows: readonly (readonly string[])[]; readonly label: string }) => (
  <div class="scroll" tabIndex={0} role="region" aria-label={label}>
    <table>
      <tbody>
        {rows.map((cells, i) => (
          <tr key={i}>
            {cells.map((cell, k) => (
              <td key={k}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
