/** The playground: a firmware, its verdict, what happens if one thing is different, a machine to step, its DFU device, lessons. Nothing leaves the browser. */
import { wrap, type Remote } from 'comlink';
import { render, type ComponentChildren } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { drawTimeline, type TimelineHandle } from '../src/report/app/timeline.ts';
import { hasReached } from '../src/bench/documents/reached.ts';
import type { ExplainedFact } from '../src/report/explain.ts';
import { CHIP_NAMES } from './chip-names.ts';
import type { Lab } from './lab.ts';
import { HandOver } from './hand-over.tsx';
import { LESSONS, type LessonStep } from './lessons.ts';
import { linkOf, readLink } from './link.ts';
import {
  NO_FLIPS,
  type Changed,
  type DfuDevice,
  type Entry,
  type Example,
  type Flips,
  type Go,
  type Setup,
  type Verdict,
  type View,
  asRun,
} from './setup.ts';

const lab = (): Remote<Lab> => wrap<Lab>(new Worker(new URL('./lab.js', import.meta.url), { type: 'module' }));
/** Whole runs, and the machine that is stepped: neither waits for the other. */
const runner = lab();
let held: Remote<Lab> | null = null;
/** Made when it is first needed: the first verdict has the processor to itself. */
const holder = (): Remote<Lab> => (held ??= lab());

const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
const ms = (seconds: number): string => `${(seconds * 1000).toFixed(3)} ms`;
/** What browsers say where the server is gone. */
const UNREACHED = /failed to fetch|networkerror|load failed/i;
const inWords = (e: unknown): string => {
  const said = e instanceof Error ? e.message : String(e);
  return UNREACHED.test(said)
    ? 'A part of this page could not be loaded: is its server still running, and the network up? Then try again.'
    : said;
};
const OUTCOME: Readonly<Record<string, string>> = {
  dfu: 'the DFU device appears',
  'dfu-lost': 'a DFU device appears and goes away',
  'reset-loop': 'the application starts again and again',
  fault: 'the core stands in a fault',
  'rom-silent': 'the ROM is entered, and no DFU device appears',
  'back-in-app': 'the application is back',
  stuck: 'the firmware waits for something that cannot come',
  'no-jump': 'the application runs on, nothing jumps',
};
const NO_EXAMPLES: readonly Example[] = [];

function App() {
  const [examples, setExamples] = useState(NO_EXAMPLES);
  const [name, setName] = useState('');
  const [chip, setChip] = useState('');
  const [setup, setSetup] = useState<Setup | null>(null);
  const [flips, setFlips] = useState<Flips>(NO_FLIPS);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [busy, setBusy] = useState('');
  const [error, setError] = useState('');
  const [wanted, setWanted] = useState('');
  const [controls, setControls] = useState<Controls | null>(null);
  const tried = useRef(0);

  /** `work` is told whether something newer has been asked for since. */
  const attempt = useCallback(async (what: string, work: (stale: () => boolean) => Promise<void>) => {
    const own = ++tried.current;
    setBusy(what);
    setError('');
    try {
      await work(() => own !== tried.current);
    } catch (e) {
      if (own === tried.current) setError(inWords(e));
    } finally {
      if (own === tried.current) setBusy('');
    }
  }, []);

  const diagnose = useCallback(
    (next: Setup) =>
      attempt('running', async (stale) => {
        setSetup(next);
        setVerdict(null);
        const found = await runner.diagnose(next, NO_FLIPS);
        if (stale()) return;
        setSetup(asRun(next, found.result));
        setVerdict(found);
      }),
    [attempt],
  );
  const take = useCallback(
    async (example: Example, turned: Flips = NO_FLIPS) => {
      setFlips(turned);
      setName(example.name);
      setChip(example.chip);
      setWanted('');
      // its machine goes with it: nothing may move the old one under the new name while the firmware is loaded
      setVerdict(null);
      await attempt('loading', async (stale) => {
        const bytes = new Uint8Array(await (await fetch(`examples/${example.name}.elf`)).arrayBuffer());
        if (stale()) return;
        await diagnose({
          name: 'firmware.elf',
          chip: example.chip,
          bytes,
          scenario: example.scenario,
          trigger: false,
          source: example.source,
        });
      });
    },
    [attempt, diagnose],
  );

  useEffect(() => {
    void attempt('loading', async () => {
      const all = (await (await fetch('examples/examples.json')).json()) as readonly Example[];
      setExamples(all);
      const link = readLink(location.hash);
      setFlips(link.flips);
      if (link.sha256 !== '') {
        setChip(link.chip);
        setWanted(link.sha256);
        return;
      }
      await take(all.find((e) => e.name === link.example) ?? all[0]!, link.flips);
    });
  }, []);

  const own = async (file: File): Promise<void> => {
    setVerdict(null);
    const bytes = new Uint8Array(await file.arrayBuffer());
    setName('');
    if (wanted === '') setFlips(NO_FLIPS);
    // the chip of the example is not that of the file
    const typed = name === '' ? chip : '';
    setChip(typed);
    await diagnose({ name: file.name, chip: typed === '' ? null : typed, bytes, scenario: {}, trigger: true });
  };
  const example = examples.find((e) => e.name === name) ?? null;
  const link = linkOf({ example: name, chip: verdict?.chip ?? chip, sha256: name === '' ? (verdict?.sha256 ?? '') : '', flips });
  useEffect(() => {
    if (verdict) history.replaceState(null, '', link);
  }, [link, verdict]);

  return (
    <Drop onFile={own}>
      <header class="row">
        <h1>bootbench playground</h1>
        <span class="dim">Does your jump into the STM32 ROM bootloader reach USB DFU? Runs here, nothing is uploaded.</span>
      </header>
      <main>
        <section aria-labelledby="firmware">
          <h2 id="firmware">Firmware</h2>
          <div class="row">
            <label>
              <span>Example</span>
              <select value={name} onChange={(e) => void take(examples.find((x) => x.name === e.currentTarget.value)!)}>
                {name === '' && <option value="">your own</option>}
                {examples.map((e) => (
                  <option key={e.name} value={e.name}>
                    {e.title}
                  </option>
                ))}
              </select>
            </label>
            <label>
              <span>or your own: ELF, HEX, BIN, UF2, DFU (drop it anywhere)</span>
              <input type="file" onChange={(e) => e.currentTarget.files?.[0] && void own(e.currentTarget.files[0])} />
            </label>
            <label>
              <span>Chip</span>
              <input list="chips" value={chip} size={14} onInput={(e) => setChip(e.currentTarget.value)} placeholder="from the file" />
            </label>
            <datalist id="chips">
              {CHIP_NAMES.map((c) => (
                <option key={c} value={c} />
              ))}
            </datalist>
            <button
              type="button"
              class="main"
              disabled={setup === null || busy !== ''}
              onClick={() => setup && void diagnose({ ...setup, chip: chip === '' ? null : chip })}
            >
              Run
            </button>
          </div>
          {wanted !== '' && (
            <p>
              This link is about a file with SHA-256 <code>{wanted.slice(0, 16)}…</code>: choose it above. It is not uploaded.
            </p>
          )}
          {wanted !== '' && verdict && verdict.sha256 !== wanted && <p class="bad">This is another file than the link is about.</p>}
        </section>
        <div role="status" aria-live="polite">
          {busy !== '' && <p class="dim">{busy}…</p>}
        </div>
        {error !== '' && (
          <section class="error" role="alert">
            {error}
          </section>
        )}
        {verdict && <VerdictPanel verdict={verdict} example={example} />}
        {verdict && <TimelinePanel key={`time-${verdict.sha256}-${verdict.chip}-${verdict.result.outcome}`} verdict={verdict} />}
        {setup && verdict && (
          <div class="columns">
            <div>
              <WhatIf
                key={`if-${verdict.sha256}-${verdict.chip}`}
                setup={{ ...setup, chip: verdict.chip }}
                base={verdict}
                flips={flips}
                setFlips={setFlips}
              />
            </div>
            <Stepper
              key={`step-${verdict.sha256}-${verdict.chip}`}
              setup={{ ...setup, chip: verdict.chip }}
              example={example}
              hold={setControls}
            />
          </div>
        )}
        {/* stays while a lesson's firmware is loaded: it knows which lesson that is for */}
        <Lessons examples={examples} current={verdict ? name : ''} controls={controls} take={take} />
        <p class="dim">
          A stand-in ROM, written from ST’s public documents, drives the emulated USB hardware: ST’s own code is not in here. With
          `bootbench serve --rom`, your dump runs instead. <a href={link}>Link to this</a>
        </p>
      </main>
    </Drop>
  );
}

function Drop({ onFile, children }: { readonly onFile: (file: File) => Promise<void>; readonly children: ComponentChildren }) {
  const [over, setOver] = useState(false);
  return (
    <div
      class={over ? 'drop over' : 'drop'}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        const file = e.dataTransfer?.files[0];
        if (file) void onFile(file);
      }}
    >
      {children}
    </div>
  );
}

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

function VerdictPanel({ verdict, example }: { readonly verdict: Verdict; readonly example: Example | null }) {
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
/** What the script of a report draws, too. */
function TimelinePanel({ verdict: { picture, result } }: { readonly verdict: Verdict }) {
  const holder = useRef<HTMLDivElement>(null);
  const handle = useRef<TimelineHandle | null>(null);
  const [row, setRow] = useState<number | null>(null);
  useEffect(() => {
    handle.current = drawTimeline(picture, holder.current!, setRow);
    return () => {
      handle.current?.close();
      holder.current?.replaceChildren();
    };
  }, []);
  return (
    <section id="timeline" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      {picture.repaired !== null && <p class="dim">Below, with ↻: the same run with {picture.repaired}.</p>}
      <div ref={holder} data-testid="timeline" />
      <details>
        <summary>{result.timeline.length} events</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label="events">
          <table>
            <tbody>
              {result.timeline.map((t, i) => (
                <tr key={i} class={i === row ? 'chosen' : ''} onClick={() => handle.current?.chooseRow(i)}>
                  <td class="mono">{t.at}</td>
                  <td>{t.kind}</td>
                  <td>{t.text}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
const RANKS = ['fail', 'warn', 'unknown', 'pass'];
const rank = (verdict: string): number => RANKS.indexOf(verdict);

/** A few lines around one, where the page has the source. */
function Source({
  example,
  file,
  line,
  title,
}: {
  readonly example: Example | null;
  readonly file: string;
  readonly line: number | null;
  readonly title: string;
}) {
  const text = example?.source[file];
  if (text === undefined || line === null)
    return (
      <p>
        {title} <span class="dim">({file})</span>
      </p>
    );
  const lines = text.split('\n');
  const from = Math.max(0, line - 4);
  return (
    <div>
      <h3>{title}</h3>
      <pre tabIndex={0}>
        {lines.slice(from, line + 3).map((l, i) => (
          <div key={i} class={from + i + 1 === line ? 'here' : ''}>
            {String(from + i + 1).padStart(4)} {l}
          </div>
        ))}
      </pre>
    </div>
  );
}

interface WhatIfProps {
  readonly setup: Setup;
  readonly base: Verdict;
  readonly flips: Flips;
  readonly setFlips: (flips: Flips) => void;
}
function WhatIf({ setup, base, flips, setFlips }: WhatIfProps) {
  const [entry, setEntry] = useState<Entry | null | undefined>(undefined);
  const [outcome, setOutcome] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const asked = useRef(0);

  useEffect(() => {
    runner.entry(setup).then(setEntry, (e: unknown) => setError(String(e)));
  }, []);
  const none = Object.keys(flips.state).length === 0 && flips.crystal === null && Object.keys(flips.rom).length === 0;
  useEffect(() => {
    setError('');
    setOutcome('');
    if (none) return;
    const own = ++asked.current;
    setBusy(true);
    runner
      .outcomeWith(setup, flips)
      .then(
        (o) => own === asked.current && setOutcome(o),
        (e: unknown) => own === asked.current && setError(inWords(e)),
      )
      .finally(() => own === asked.current && setBusy(false));
  }, [flips]);

  const without = <T,>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([k]) => k !== key));
  return (
    <section aria-labelledby="whatif">
      <h2 id="whatif">What if</h2>
      {entry === undefined && error === '' && <p class="dim">running to the entry…</p>}
      {entry === null && <p>The firmware does not enter the ROM by itself, so nothing can be turned over there.</p>}
      {entry && (
        <>
          <p class="dim">One thing is different at the instant of the jump; all else is as in the run.</p>
          <fieldset>
            <legend class="dim">At the entry into the ROM</legend>
            {entry.flips.map((f) => {
              const now = flips.state[f.id] ?? f.on;
              return (
                <label key={f.id}>
                  <input
                    type="checkbox"
                    checked={now}
                    onChange={(e) => {
                      const on = e.currentTarget.checked;
                      setFlips({ ...flips, state: on === f.on ? without(flips.state, f.id) : { ...flips.state, [f.id]: on } });
                    }}
                  />{' '}
                  {f.label}: <span class={now === f.on ? 'dim' : 'changed'}>{f.words[now ? 1 : 0]}</span>
                </label>
              );
            })}
          </fieldset>
          <fieldset>
            <legend class="dim">Board and ROM</legend>
            {entry.crystal && (
              <label>
                <input
                  type="checkbox"
                  checked={flips.crystal !== false}
                  onChange={(e) => setFlips({ ...flips, crystal: e.currentTarget.checked ? null : false })}
                />{' '}
                a crystal is fitted
              </label>
            )}
            <label>
              An undocumented choice of the ROM:{' '}
              <select
                value=""
                onChange={(e) => {
                  const [id = '', value = ''] = e.currentTarget.value.split('=');
                  if (id !== '') setFlips({ ...flips, rom: { ...without(flips.rom, id), [id]: value } });
                  e.currentTarget.value = '';
                }}
              >
                <option value="">choose</option>
                {entry.rom.map((o) => (
                  <optgroup key={o.id} label={`${o.id} (is ${o.value})`}>
                    {o.values
                      .filter((v) => v !== o.value)
                      .map((v) => (
                        <option key={v} value={`${o.id}=${v}`}>
                          {o.id} = {v}
                        </option>
                      ))}
                  </optgroup>
                ))}
              </select>
            </label>
            {Object.entries(flips.rom).map(([id, value]) => (
              <p key={id}>
                ROM option <code>{id}</code> = <code>{value}</code>{' '}
                <button type="button" onClick={() => setFlips({ ...flips, rom: without(flips.rom, id) })}>
                  take back
                </button>
                <br />
                <span class="dim">{entry.rom.find((o) => o.id === id)?.meaning}</span>
              </p>
            ))}
          </fieldset>
        </>
      )}
      <div role="status" aria-live="polite">
        {busy && <p class="dim">running…</p>}
        {outcome !== '' && (
          <p data-testid="whatif">
            <b>{base.result.outcome}</b> becomes{' '}
            <b class={outcome === 'dfu' ? 'good' : 'bad'}>
              {outcome}: {OUTCOME[outcome]}
            </b>
          </p>
        )}
        {error !== '' && <p class="bad">{error}</p>}
      </div>
    </section>
  );
}

const STEPS: readonly (readonly [Go, string])[] = [
  ['instruction', 'Instruction'],
  ['line', 'Line'],
  ['over', 'Line, over calls'],
  ['millisecond', '1 ms'],
  ['exception', 'Exception'],
  ['reset', 'Reset'],
  ['entry', 'ROM entry'],
  ['dfu', 'DFU'],
  ['end', 'End'],
];
/** The machine that lessons move is the one that is shown. */
interface Controls {
  readonly restart: () => Promise<View | null>;
  readonly move: (step: LessonStep) => Promise<View | null>;
}
interface StepperProps {
  readonly setup: Setup;
  readonly example: Example | null;
  /** Takes the controls of this machine, and null when it goes. */
  readonly hold: (controls: Controls | null) => void;
}
function Stepper({ setup, example, hold }: StepperProps) {
  const [view, setView] = useState<View | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const act = async (work: () => Promise<View>): Promise<View | null> => {
    setBusy(true);
    setError('');
    try {
      const next = await work();
      setView(next);
      return next;
    } catch (e) {
      setError(inWords(e));
      return null;
    } finally {
      setBusy(false);
    }
  };
  const restart = () => act(() => holder().open(setup, NO_FLIPS));
  useEffect(() => {
    void restart();
    const move = ({ turn, go }: LessonStep): Promise<View | null> =>
      turn ? act(() => holder().turn(...turn)) : go ? act(() => holder().go(go)) : Promise.resolve(null);
    hold({ restart, move });
    return () => hold(null);
  }, []);
  return (
    <section aria-labelledby="machine">
      <h2 id="machine">The machine</h2>
      <div class="row" role="group" aria-label="run to">
        <button type="button" disabled={busy} onClick={() => void restart()}>
          Power-on
        </button>
        {STEPS.map(([go, label]) => (
          <button key={go} type="button" disabled={busy || view === null} onClick={() => void act(() => holder().go(go))}>
            {label}
          </button>
        ))}
      </div>
      {error !== '' && (
        <p class="bad" role="alert">
          {error}
        </p>
      )}
      {view && <MachineView view={view} example={example} />}
      {view && <DfuPanel view={view} />}
    </section>
  );
}

function MachineView({ view, example }: { readonly view: View; readonly example: Example | null }) {
  const { place } = view;
  const where = `${place.symbol ?? place.pc}${place.file ? `, ${place.file.split('/').at(-1)}:${place.line}` : ''}`;
  return (
    <>
      <p role="status" data-testid="where">
        {view.why}: {ms(view.at)}, {view.instructions} instructions, {view.zone === 'rom' ? 'in the ROM' : 'in the application'}, {where}
      </p>
      {place.file && <Source example={example} file={place.file} line={place.line} title={where} />}
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
      <h3>Registers of peripherals that have changed</h3>
      {view.changes.length === 0 ? <p class="dim">none</p> : <Changes changes={view.changes} />}
      <details>
        <summary>What happened ({view.timeline.length} rows)</summary>
        <Rows rows={view.timeline.map((t) => [ms(t.at), t.kind, t.text])} label="events" />
      </details>
      <details>
        <summary>USB host ({view.usb.length} rows)</summary>
        <Rows rows={view.usb.map((t) => [ms(t.at), '', t.text])} label="USB" />
      </details>
      {view.console !== '' && <pre tabIndex={0}>{view.console}</pre>}
    </>
  );
}
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

function DfuPanel({ view }: { readonly view: View }) {
  const [device, setDevice] = useState<DfuDevice | null>(null);
  const [said, setSaid] = useState('');
  const there = view.device?.includes('(ROM)') === true;
  const attempt = (work: () => Promise<string>): void => {
    setSaid('…');
    work().then(setSaid, (e: unknown) => setSaid(inWords(e)));
  };
  if (!there) return <p class="dim">USB device: {view.device ?? 'none'}. Run to “DFU” and this page talks to it.</p>;
  return (
    <>
      <h3>DFU</h3>
      <p>{view.device}</p>
      <div class="row">
        <button
          type="button"
          onClick={() =>
            attempt(async () => {
              const found = await holder().dfuOpen();
              setDevice(found);
              return `${found.name}: ${found.alternates.join(' · ')}`;
            })
          }
        >
          Open with webdfu
        </button>
        <button
          type="button"
          disabled={device === null}
          onClick={() =>
            attempt(async () => {
              const bytes = await holder().dfuRead(0x08000000, 64);
              return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ');
            })
          }
        >
          Upload 64 bytes
        </button>
        <label>
          <span>Download to 0x08008000</span>
          <input
            type="file"
            disabled={device === null}
            onChange={(e) => {
              const file = e.currentTarget.files?.[0];
              if (file)
                attempt(async () => {
                  const bytes = new Uint8Array(await file.arrayBuffer());
                  await holder().dfuWrite(0x08008000, bytes);
                  return `${bytes.length} bytes are in flash`;
                });
            }}
          />
        </label>
      </div>
      {said !== '' && (
        <pre tabIndex={0} data-testid="dfu">
          {said}
        </pre>
      )}
    </>
  );
}

interface LessonsProps {
  readonly examples: readonly Example[];
  readonly current: string;
  readonly controls: Controls | null;
  readonly take: (example: Example) => Promise<void>;
}
function Lessons({ examples, current, controls, take }: LessonsProps) {
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

const app = document.getElementById('app')!;
app.replaceChildren();
render(<App />, app);
