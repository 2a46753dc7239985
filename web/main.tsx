/** The playground: a firmware, its verdict, what happens if one thing is different, a machine to step, its DFU device, lessons. Nothing leaves the browser. */
import { render } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { CHIP_NAMES } from './chip-names.ts';
import { linkOf, readLink } from './link.ts';
import { Drop } from './panes/drop.tsx';
import { Lessons } from './panes/lessons.tsx';
import { Stepper, type Controls } from './panes/machine.tsx';
import { TimelinePanel } from './panes/timeline.tsx';
import { VerdictPanel } from './panes/verdict.tsx';
import { WhatIf } from './panes/what-if.tsx';
import { NO_FLIPS, type Example, type Flips, type Setup, type Verdict, asRun } from './setup.ts';
import { inWords } from './words.ts';
import { runner } from './workers.ts';

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
        {verdict && <VerdictPanel verdict={verdict} />}
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

const app = document.getElementById('app')!;
app.replaceChildren();
render(<App />, app);
