/** Which firmware: an example or one's own, with its sources; and for which chip. */
import { CONTROLS } from '../../src/report/story/controls.ts';
import { CHIP_NAMES } from '../chip-names.ts';
import { chosenFiles, type Dropped } from '../dropped.ts';
import type { Example, Piece, WhichChip, WhichFile } from '../setup.ts';

interface FirmwareProps {
  readonly examples: readonly Example[];
  /** Of the example; empty: one's own. */
  readonly name: string;
  readonly chip: string;
  readonly canRun: boolean;
  /** How many source files there are of one's own firmware. */
  readonly sources: number;
  readonly take: (example: Example) => void;
  readonly bring: (dropped: Promise<Dropped>) => void;
  readonly setChip: (chip: string) => void;
  readonly run: () => void;
}
export function Firmware({ examples, name, chip, canRun, sources, take, bring, setChip, run }: FirmwareProps) {
  const choose = (input: HTMLInputElement): void => {
    if (input.files !== null && input.files.length > 0) bring(chosenFiles(input.files));
  };
  return (
    <>
      <label>
        <span>Example</span>
        <select value={name} onChange={(e) => take(examples.find((x) => x.name === e.currentTarget.value)!)}>
          {name === '' && <option value="">your own</option>}
          {examples.map((e) => (
            <option key={e.name} value={e.name}>
              {e.title}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>or your own: ELF, HEX, BIN, UF2 (drop it)</span>
        <input type="file" multiple onChange={(e) => choose(e.currentTarget)} />
      </label>
      <label>
        <span>{CONTROLS.chip}</span>
        <input list="chips" value={chip} size={14} onInput={(e) => setChip(e.currentTarget.value)} placeholder="from the file" />
      </label>
      <datalist id="chips">
        {CHIP_NAMES.map((c) => (
          <option key={c} value={c} />
        ))}
      </datalist>
      <button type="button" class="main" disabled={!canRun} onClick={run}>
        {CONTROLS.run}
      </button>
      {name === '' && (
        <label>
          <span>
            {sources === 0
              ? 'Its sources (drop or choose the folder)'
              : `${sources} source ${sources === 1 ? 'file' : 'files'}, only in this browser`}
          </span>
          <input type="file" multiple {...{ webkitdirectory: true }} onChange={(e) => choose(e.currentTarget)} />
        </label>
      )}
    </>
  );
}

/** A button for each part that it can be. */
export function ChipQuestion({ question, choose }: { readonly question: WhichChip; readonly choose: (chip: string) => void }) {
  return (
    <section class="error" aria-labelledby="which-chip">
      <h2 id="which-chip">Which chip is it for?</h2>
      <p role="alert">It fits several chips that differ up to their ROM. Choose yours, and it runs:</p>
      <div class="row" role="group" aria-label="chips that fit">
        {question.chips.map((chip) => (
          <button key={chip} type="button" onClick={() => choose(chip)}>
            {chip.toUpperCase()}
          </button>
        ))}
      </div>
      <details>
        <summary>Why several fit</summary>
        <p>{question.message}</p>
      </details>
    </section>
  );
}

/** A button for each of the files that came together. */
export function FileQuestion({ question, choose }: { readonly question: WhichFile; readonly choose: (piece: Piece) => void }) {
  return (
    <section class="error" aria-labelledby="which-file">
      <h2 id="which-file">Which file is the firmware?</h2>
      <p role="alert">Several came, and they cannot be in one chip together: {question.why}. Choose one, and it runs:</p>
      <div class="row" role="group" aria-label="files that came">
        {question.pieces.map((piece) => (
          <button key={piece.name} type="button" onClick={() => choose(piece)}>
            {piece.name}
          </button>
        ))}
      </div>
    </section>
  );
}
