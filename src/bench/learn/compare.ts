/** A dump and the stand-in side by side: options, registers, and every command of AN3155 and of DFU with its edge cases. */
import { DfuTarget } from '../dfu/dfu-target.ts';
import { jobInput, romProfileIfAny, type RunHooks, type RunJob } from '../input/job.ts';
import { HeldMachine } from '../session/held-machine.ts';
import { runConformance } from '../../usb-sim/conform/kit.ts';
import { learn, type Learned } from './learn.ts';
import { playSerial, serialPlacesOf, serialScripts, type SerialAnswer } from './serial-scripts.ts';

/** What was asked, and what each of the two did; null: it did not answer at all. */
export interface Compared {
  readonly what: string;
  readonly dump: string | null;
  readonly standIn: string | null;
}
export interface Comparison {
  readonly learned: Learned;
  /** Null: the ROM has no USART. */
  readonly serial: readonly Compared[] | null;
  /** Null: the ROM has no USB DFU. */
  readonly dfu: readonly Compared[] | null;
}

const inLine = (answer: SerialAnswer | null): string | null =>
  answer === null
    ? null
    : [
        answer.answers.map((a) => (a === '' ? '–' : a)).join(' '),
        ...Object.entries(answer.after).map(([what, is]) => `${what}: ${is}`),
      ].join('; ');

function serialOf(dump: RunJob, standIn: RunJob, hooks: RunHooks): readonly Compared[] | null {
  const places = serialPlacesOf(standIn);
  if (places === null) return null;
  const scripts = serialScripts(places);
  const [own, other] = [playSerial(dump, scripts, hooks), playSerial(standIn, scripts, hooks)];
  return scripts.flatMap(({ name }, i) => parted(name, own[i] ?? null, other[i] ?? null));
}
/** One row where both are alike, else one for each thing that is not. */
function parted(name: string, own: SerialAnswer | null, other: SerialAnswer | null): readonly Compared[] {
  const rows: Compared[] = [];
  const said = (a: SerialAnswer | null): string | null => a && a.answers.map((x) => (x === '' ? '–' : x)).join(' ');
  if (said(own) !== said(other)) rows.push({ what: name, dump: said(own), standIn: said(other) });
  for (const key of new Set([...Object.keys(own?.after ?? {}), ...Object.keys(other?.after ?? {})])) {
    const [a, b] = [own?.after[key], other?.after[key]];
    if (own !== null && other !== null && a !== b)
      rows.push({ what: `${name}: ${key}`, dump: a ?? 'as after a reset', standIn: b ?? 'as after a reset' });
  }
  return rows.length > 0 ? rows : [{ what: name, dump: inLine(own), standIn: inLine(other) }];
}

/** What the conformance kit finds, by requirement; null where no device comes up. */
async function conformance(job: RunJob, hooks: RunHooks): Promise<ReadonlyMap<string, string> | null> {
  const boot0 = { ...job.scenario, board: { ...job.scenario.board, boot0: 1 as const } };
  const held = new HeldMachine(jobInput({ ...job, scenario: boot0 }, hooks));
  held.bounded = true;
  try {
    held.start();
    if (!held.usb.outsideReady) return null;
    const { requirements } = await runConformance(new DfuTarget(held, undefined));
    return new Map(
      requirements.map(({ id, title, verdict, observed }) => [`${id}: ${title}`, [verdict, observed].filter(Boolean).join(': ')]),
    );
  } finally {
    held.release();
  }
}
async function dfuOf(dump: RunJob, standIn: RunJob, hooks: RunHooks): Promise<readonly Compared[] | null> {
  if (romProfileIfAny(jobInput(standIn).chip)?.dfu == null) return null;
  const [own, other] = [await conformance(dump, hooks), await conformance(standIn, hooks)];
  const names = [...new Set([...(own?.keys() ?? []), ...(other?.keys() ?? [])])];
  return names.map((what) => ({ what, dump: own?.get(what) ?? null, standIn: other?.get(what) ?? null }));
}

/** @throws CutShort where the limits of the jobs, or a signal of the hooks, end it */
export async function compareRoms(dump: RunJob, standIn: RunJob, hooks: RunHooks = {}): Promise<Comparison> {
  return { learned: learn(dump, standIn, hooks), serial: serialOf(dump, standIn, hooks), dfu: await dfuOf(dump, standIn, hooks) };
}
/** How many differ. */
export const differences = (rows: readonly Compared[]): readonly Compared[] => rows.filter((r) => r.dump !== r.standIn);
