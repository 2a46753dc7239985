/** The playground: a firmware, its verdict, what happens if one thing is different, a machine to step, its DFU device, lessons. Nothing leaves the browser. */
import { render } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { piecesOf, type Dropped } from './dropped.ts';
import { keep, kept, type Kept } from './kept.ts';
import { linkedFile, linkOf, noteLink, readLink } from './link.ts';
import { HandOver, WhichRun } from './hand-over.tsx';
import { Gate } from './lessons/gate.tsx';
import { placeOf } from './lessons/place.ts';
import { Drop } from './panes/drop.tsx';
import { ChipQuestion, FileQuestion, Firmware } from './panes/firmware.tsx';
import { Stepper, type Controls } from './panes/machine.tsx';
import { drawing, TimelinePanel } from './panes/timeline.tsx';
import { Share } from './panes/share.tsx';
import { Tabs, type Tab } from './panes/tabs.tsx';
import { Headline, VerdictPanel } from './panes/verdict.tsx';
import { WhatIf } from './panes/what-if.tsx';
import { changesIn, drawnOver, turned, useWhatIf } from './second.ts';
import { fileIn } from './share.ts';
import {
  NO_FLIPS,
  type Example,
  type Flips,
  type Setup,
  type SourceTexts,
  type Verdict,
  type WhichChip,
  type WhichFile,
  asRun,
} from './setup.ts';
import { inWords } from './words.ts';
import { onRunner, runnerReady, Stopped, stopRuns, supplyWith } from './workers.ts';

const NO_EXAMPLES: readonly Example[] = [];

function App() {
  const [examples, setExamples] = useState(NO_EXAMPLES);
  const [name, setName] = useState('');
  const [chip, setChip] = useState('');
  const [setup, setSetup] = useState<Setup | null>(null);
  const [flips, setFlips] = useState<Flips>(NO_FLIPS);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [question, setQuestion] = useState<WhichChip | null>(null);
  const [files, setFiles] = useState<WhichFile | null>(null);
  const [busy, setBusy] = useState('');
  const [error, setError] = useState('');
  const [wanted, setWanted] = useState('');
  const [controls, setControls] = useState<Controls | null>(null);
  const [now, setNow] = useState<number | null>(null);
  const [isRepaired, setRepaired] = useState(false);
  const [tab, setTab] = useState<Tab>('verdict');
  const tried = useRef(0);
  /** Sources that came without their firmware. */
  const early = useRef<SourceTexts>({});

  /** `work` is told whether something newer has been asked for since. */
  const attempt = useCallback(async (what: string, work: (stale: () => boolean) => Promise<void>) => {
    const own = ++tried.current;
    setBusy(what);
    setError('');
    setQuestion(null);
    setFiles(null);
    try {
      await work(() => own !== tried.current);
    } catch (e) {
      if (own === tried.current) setError(e instanceof Stopped ? 'Stopped. “Run” begins again.' : inWords(e));
    } finally {
      if (own === tried.current) setBusy('');
    }
  }, []);

  const diagnose = useCallback(
    (next: Setup) =>
      attempt('loading the emulator', async (stale) => {
        setSetup(next);
        setVerdict(null);
        setRepaired(false);
        void runnerReady().then(
          () => {
            void drawing();
            if (!stale()) setBusy('running');
          },
          () => undefined,
        );
        const { verdict: found, question: asked, files: several } = await onRunner((lab) => lab.diagnose(next, NO_FLIPS));
        if (stale()) return;
        setQuestion(asked);
        setFiles(several);
        if (found === null) return;
        setSetup(asRun(next, found.result));
        setVerdict(found);
        if (next.trigger) await keep(found.sha256, next);
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
      await attempt('loading the emulator', async (stale) => {
        supplyWith(example.needs);
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
  /** What a link says; without one, the first example. */
  const follow = useCallback(
    async (hash: string, all: readonly Example[]) => {
      const link = readLink(hash);
      if (link.sha256 === '') return take(all.find((e) => e.name === link.example) ?? all[0]!, link.flips);
      const inside = linkedFile(hash);
      // without it, the link is about its hash
      const bytes = inside === null ? null : await fileIn(inside.text, link.sha256);
      const found: Kept | null = bytes === null ? await kept(link.sha256) : { name: inside!.name, bytes };
      setFlips(link.flips);
      setChip(link.chip.toLowerCase());
      setName('');
      setWanted(found === null ? link.sha256 : '');
      setVerdict(null);
      if (found !== null) await diagnose({ ...found, chip: link.chip === '' ? null : link.chip, scenario: {}, trigger: true });
    },
    [take, diagnose],
  );

  useEffect(() => {
    void attempt('loading the emulator', async () => {
      const all = (await (await fetch('examples/examples.json')).json()) as readonly Example[];
      setExamples(all);
      await follow(location.hash, all);
    });
  }, []);
  // back, forward, and a link into a page that is open
  useEffect(() => {
    const moved = (): void => {
      if (examples.length > 0 && placeOf(location.hash) === null) void follow(location.hash, examples);
    };
    window.addEventListener('popstate', moved);
    return () => window.removeEventListener('popstate', moved);
  }, [examples, follow]);

  const bring = (coming: Promise<Dropped>): void =>
    void attempt('reading', async (stale) => {
      const dropped = await coming;
      const { source } = dropped;
      if (stale()) return;
      const isOwn = name === '' && setup !== null;
      if (dropped.firmware === null) {
        if (Object.keys(source).length === 0) throw new Error('There is neither firmware nor a source file in what was dropped.');
        if (!isOwn) early.current = source;
        else await diagnose({ ...setup, source: { ...setup.source, ...source } });
        return;
      }
      setVerdict(null);
      const [first, ...others] = await piecesOf(dropped);
      if (stale()) return;
      setName('');
      if (wanted === '') setFlips(NO_FLIPS);
      // the chip of the example is not that of the file
      const typed = name === '' ? chip : '';
      setChip(typed);
      const texts = { ...(isOwn ? setup.source : {}), ...early.current, ...source };
      early.current = {};
      const all = { ...first!, ...(others.length > 0 && { others }) };
      await diagnose({ ...all, chip: typed === '' ? null : typed, scenario: {}, trigger: true, source: texts });
    });
  const stop = (): void => {
    stopRuns();
    controls?.stop();
  };
  const link = linkOf({ example: name, chip: verdict?.chip ?? chip, sha256: name === '' ? (verdict?.sha256 ?? '') : '', flips });
  useEffect(() => {
    if (verdict) noteLink(link);
  }, [link, verdict]);

  const own = setup && verdict ? { ...setup, chip: verdict.chip } : null;
  const whatIf = useWhatIf(own, flips);
  const { entry, second } = whatIf;
  // the second run comes into view
  useEffect(() => setRepaired(second !== null), [second]);
  const switches = useMemo(
    () =>
      new Map(
        (entry?.flips ?? []).map((f) => [
          f.id,
          { label: `${f.label}: ${f.words[(flips.state[f.id] ?? f.on) ? 1 : 0]}`, isOn: flips.state[f.id] ?? f.on },
        ]),
      ),
    [entry, flips],
  );
  const changes = second === null ? null : `${changesIn(flips, entry)}: ${second.outcome}`;
  const picture = verdict === null ? null : second === null ? verdict.picture : drawnOver(verdict.picture, second.picture, changes!);
  const show = (next: Tab): void => {
    setTab(next);
    // what was hidden had no width
    requestAnimationFrame(() => window.dispatchEvent(new Event('resize')));
  };
  return (
    <Drop onDrop={bring}>
      <header class="row top">
        <div>
          <h1>bootbench playground</h1>
          <p class="dim">Does your jump reach USB DFU?</p>
        </div>
        <Firmware
          examples={examples}
          name={name}
          chip={chip}
          canRun={setup !== null && busy === ''}
          sources={Object.keys(setup?.source ?? {}).length}
          take={(example) => void take(example)}
          bring={bring}
          setChip={setChip}
          run={() => setup && void diagnose({ ...setup, chip: chip === '' ? null : chip })}
        />
        {busy !== '' && (
          <button type="button" onClick={stop}>
            Stop
          </button>
        )}
        <span role="status" aria-live="polite" class="dim">
          {busy !== '' && `${busy}…`}
        </span>
        <nav aria-label="more">
          <a href="#lessons">Lessons</a>
        </nav>
      </header>
      <main>
        {wanted !== '' && (
          <p>
            This link is about a file with SHA-256 <code>{wanted.slice(0, 16)}…</code>: choose it above. It is not uploaded.
          </p>
        )}
        {wanted !== '' && verdict && verdict.sha256 !== wanted && <p class="bad">This is another file than the link is about.</p>}
        {error !== '' && (
          <section class="error" role="alert">
            {error}
          </section>
        )}
        {files && (
          <FileQuestion
            question={files}
            choose={(piece) => {
              if (setup === null) return;
              const { others: _, ...alone } = setup;
              void diagnose({ ...alone, ...piece });
            }}
          />
        )}
        {question && (
          <ChipQuestion
            question={question}
            choose={(part) => {
              setChip(part);
              if (setup) void diagnose({ ...setup, chip: part });
            }}
          />
        )}
        {verdict === null && busy !== '' && (
          <section class="pane">
            <progress aria-label="until the verdict" />
          </section>
        )}
        {own && verdict && (
          <div class="bench" data-tab={tab}>
            <div class="left">
              <section class="pane picture" aria-label="the hand-over">
                <WhichRun
                  isRepaired={isRepaired}
                  setRepaired={setRepaired}
                  repaired={changes ?? verdict.picture.repaired}
                  hint={
                    whatIf.busy
                      ? 'running…'
                      : whatIf.error !== ''
                        ? whatIf.error
                        : switches.size > 0
                          ? 'Click an underlined wire: what if?'
                          : ''
                  }
                />
                <HandOver
                  svg={second !== null && isRepaired ? second.handOver : verdict.handOver}
                  isRepaired={second === null && isRepaired}
                  setRepaired={setRepaired}
                  switches={switches}
                  turn={(wire) => entry && setFlips(turned(flips, entry, wire))}
                />
              </section>
              <TimelinePanel
                key={`time-${verdict.sha256}-${verdict.chip}-${verdict.result.outcome}-${changes ?? ''}`}
                verdict={verdict}
                picture={picture!}
                now={now}
                seek={(at) => controls?.seek(at)}
              />
            </div>
            <div class="right">
              <section class="pane side" aria-labelledby="verdict">
                <div class="row said">
                  <Headline verdict={verdict} />
                  <Tabs tab={tab} show={show} />
                </div>
                <div class="body" hidden={tab === 'what-if' || tab === 'share'}>
                  <VerdictPanel verdict={verdict} link={link} />
                </div>
                <div class="body" hidden={tab !== 'what-if'}>
                  <WhatIf run={whatIf} base={verdict} flips={flips} setFlips={setFlips} />
                </div>
                {tab === 'share' && (
                  <div class="body">
                    <Share
                      setup={own}
                      svg={(second !== null && isRepaired ? second.handOver : verdict.handOver).file}
                      link={link}
                      isOwn={name === ''}
                    />
                  </div>
                )}
              </section>
              <Stepper
                key={`step-${verdict.sha256}-${verdict.chip}`}
                setup={own}
                memories={verdict.memories}
                hold={setControls}
                onNow={setNow}
              />
            </div>
          </div>
        )}
      </main>
    </Drop>
  );
}

const app = document.getElementById('app')!;
app.replaceChildren();
render(<Gate playground={App} />, app);
