/** What happens if one thing is different at the jump. */
import { turned, type WhatIfRun } from '../second.ts';
import type { Flips, Verdict } from '../setup.ts';
import { OUTCOME } from '../words.ts';

interface WhatIfProps {
  readonly run: WhatIfRun;
  readonly base: Verdict;
  readonly flips: Flips;
  readonly setFlips: (flips: Flips) => void;
}
export function WhatIf({ run: { entry, second, error }, base, flips, setFlips }: WhatIfProps) {
  const outcome = second?.outcome ?? '';
  const without = <T,>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([k]) => k !== key));
  return (
    <>
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
                  <input type="checkbox" checked={now} onChange={() => setFlips(turned(flips, entry, f.id))} /> {f.label}:{' '}
                  <span class={now === f.on ? 'dim' : 'changed'}>{f.words[now ? 1 : 0]}</span>
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
    </>
  );
}
