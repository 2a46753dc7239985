/** The summary: one sentence for people that says what happened. */
import type { BaseFacts, StuckInterrupt } from '../session/base-facts.ts';
import type { Confidence } from '../../emu/confidence.ts';
import { chainText, factsIn, UNCOPIED } from '../documents/note-facts.ts';
import type { Outcome, Place, RomDependency, RunResult } from '../documents/result.ts';
import { USB_GOAL } from '../documents/goal.ts';
import { badSteps, firstSet, isAround } from '../documents/proved.ts';

const where = (p: Place | null | undefined): string =>
  p ? (p.file ? ` (${p.file.slice(p.file.lastIndexOf('/') + 1)}:${p.line})` : p.symbol ? ` (${p.symbol})` : ` (${p.pc})`) : '';

/** With the folder, because each of several images may have a `main.c`. */
const inFull = (p: Place | null | undefined): string => (p?.file ? ` (${p.file}:${p.line})` : where(p));

const FAULT_NAMES: Readonly<Record<number, string>> = {
  2: 'NMI',
  3: 'HardFault',
  4: 'MemManage',
  5: 'BusFault',
  6: 'UsageFault',
  7: 'SecureFault',
};

type Told = Omit<RunResult, 'summary'>;

export function summarise(r: Told, base: BaseFacts, asked: string | null = null): string {
  const what = asked === null ? HAPPENED[r.outcome](r, base) : aboutGoal(r, base, asked);
  const because = why(r);
  // what a wait was told with may end as a question
  return what.endsWith('?') && because === '.' ? what : `${what}${because}`;
}

/** For another goal than USB; `asked`: what its host said. */
function aboutGoal(r: Told, base: BaseFacts, asked: string): string {
  if (r.goal.reached) return `the ROM acknowledges ${asked} after ${wayIn(r)}`;
  return r.outcome === 'rom-silent'
    ? `the ROM was entered${from(r)} but does not answer ${asked}${unfinished(base)}`
    : HAPPENED[r.outcome](r, base);
}
/** The line of the firmware that changed the boot selection. */
function chosenBy({ checks }: Told): string {
  const writer = checks.find(({ id }) => id === 'boot-selection')?.lastWriter;
  return writer ? `, as chosen by the firmware${where(writer)}` : '';
}
const from = (r: Told): string => where(r.entries.at(-1)?.from);
const unfinished = (base: BaseFacts): string => (base.end.settled ? '' : ', not finished');

const romOf = ({ rom }: Told): string => (rom.kind === 'dump' ? 'ROM from your dump' : 'stand-in ROM');
const wayIn = (r: Told, led = r.entries.at(-1)): string =>
  led?.how === 'boot' ? `the chip started in the ${romOf(r)}${chosenBy(r)}` : `the jump into the ${romOf(r)}${where(led?.from)}`;
const HAPPENED: Readonly<Record<Outcome, (r: Told, base: BaseFacts) => string>> = {
  dfu: (r) => {
    const session = r.usb.sessions.find((s) => s.enumerated && s.servedBy === 'system');
    const id = session?.vid && session.pid ? ` as ${session.vid.slice(2)}:${session.pid.slice(2)}` : '';
    // after a leave there may be later entries, for example an interrupt that goes to the ROM
    const led = r.entries.findLast((e) => session === undefined || Number(e.at) <= Number(session.at)) ?? r.entries.at(-1);
    return `DFU enumerated${id} after ${wayIn(r, led)}${unusable(r)}${wayBack(r)}`;
  },
  'dfu-lost': (r) => `DFU enumerated${from(r)}, then the device disconnected or stopped answering without a leave request`,
  'reset-loop': (r) => {
    const last = r.resets.at(-1);
    return `the chip keeps resetting (${last?.by ?? 'unknown cause'})${where(last?.from)}${callersOfReset(r)}`;
  },
  fault: (r, base) => {
    const note = r.notes.find((n) => n.kind === 'crash')?.text;
    const crash = note ? `; ${note}` : '';
    if (base.lockup) return `the core locked up: ${base.lockup}${crash}`;
    const name = FAULT_NAMES[base.fault?.exception ?? 3] ?? 'a fault';
    const when = r.entries.every((e) => e.how === 'exception')
      ? `before any jump into system memory${r.entries.length > 0 ? `${from(r)}, by a vector of the ROM's table` : ''}`
      : `after the jump into system memory${from(r)}`;
    return `${name} taken ${when}, and its handler does not return${crash}`;
  },
  'rom-silent': (r, base) => `the ROM was entered${from(r)} but never answered the USB host${unfinished(base)}`,
  'back-in-app': (r) => `the ROM was entered${from(r)} and ${wayOut(r)}`,
  stuck: (r, base) => {
    if (base.interrupt) return hangsIn(base.interrupt, r.images.length > 1 ? inFull : where);
    const told = r.notes.some((n) => n.kind === 'wait') ? `: ${waitsFor(r)}` : '';
    if (waitsForInput(r) && (told !== '' || !r.stuck?.register))
      return `the firmware stays${atLoop(r)} unless ${awaitedInput(r)}, and never jumps${told}`;
    if (told !== '') return `the firmware does not get any further and never jumps${told}`;
    // a main loop that only looks at it waits for nothing
    if (r.stuck?.register) return `the firmware does not leave the loop${atLoop(r)}, which reads ${r.stuck.register}, and never jumps`;
    // whether a value that it polls could change is not always known
    return r.stuck?.address == null
      ? `the firmware hangs in an endless loop${atLoop(r)} and never jumps`
      : `the firmware does not leave the loop${atLoop(r)} and never jumps`;
  },
  'no-jump': (r, base) =>
    base.semihostingExit !== null
      ? `the program ended by semihosting exit ${base.semihostingExit} without a jump into system memory`
      : r.notes.some((n) => n.kind === 'starved')
        ? `only interrupt handlers run, and the firmware never jumps into system memory${unfinished(base)}`
        : base.end.settled
          ? 'the application keeps running and never jumps into system memory'
          : // it may as well wait for something that ends, or does not
            'the application did not jump into system memory until then',
};

/** How control returned to the application; a reset by the board is named as such. */
function wayOut({ entries, resets }: Told): string {
  const first = resets.find((r) => Number(r.at) > Number(entries.at(-1)?.at));
  const outside = first?.by === 'pin' || first?.by === 'power';
  return outside
    ? `the board reset it there (${first.by === 'pin' ? 'NRST' : 'power'}, at ${Number(first.at)} s), which started the application`
    : 'control returned to the application';
}

/** The firmware waits for an input from outside, such as a button or a byte. */
export const waitsForInput = ({ outcome, notes }: Pick<RunResult, 'outcome' | 'notes'>): boolean =>
  outcome === 'stuck' && factsIn(notes, 'waits-for-input').length > 0;

function awaitedInput({ notes }: Told): string {
  const from = factsIn(notes, 'received').map((f) => f.from);
  return from.length === 0 ? 'something comes from outside' : `more comes than what it read of ${from.join(', ')}`;
}
/** The innermost place of the loop. */
function atLoop(r: Told): string {
  const [loop] = factsIn(r.notes, 'loop');
  return loop === undefined ? '' : ` at ${loop.where}`;
}

/** What the firmware waits for, and why that does not happen. */
const waitsFor = (r: Told): string =>
  r.notes
    .filter((n) => n.kind === 'wait')
    .map((n) => n.text)
    .join('; ');

/** The two callers of the function that requested the reset. */
function callersOfReset(r: Told): string {
  const [calls] = factsIn(r.notes.slice(r.notes.findIndex((n) => n.kind === 'reset')), 'calls');
  return calls === undefined || calls.frames.length === 0 ? '' : `, called by ${chainText(calls.frames.slice(0, 2))}`;
}

function hangsIn({ name, storm, handler, shared, wrongTable, enabledBy }: StuckInterrupt, at: typeof where): string {
  const who = enabledBy ? `, enabled at${at(enabledBy).replace(/[()]/g, '')},` : '';
  return storm
    ? `${name}${who} is taken again and again: its handler${at(handler)} returns without clearing its cause, and nothing else runs`
    : wrongTable
      ? `${name}${who} was taken by a wrong vector: the core does not read the table where the program has it, and the handler${at(handler)} that it went to never returns`
      : shared
        ? `${name}${who} was taken, but the program has no handler for it: its vector is the default handler${at(handler)}, which never returns`
        : `${name}${who} was taken, and its handler${at(handler)} never returns`;
}

/** Confidence words, the least certain first. */
const SURENESS: readonly Confidence[] = ['assumed', 'fitted', 'inferred', 'reported', 'measured', 'documented'];
/** The most important ROM option for the verdict: one whose other value lets the firmware reach DFU, otherwise the least certain one. */
function doubtOf(r: Told, ofCause: readonly RomDependency[]): RomDependency | undefined {
  const [first] = doubts(r.dependsOn, ofCause);
  return first && letsThrough(first) ? first : doubts([], ofCause)[0];
}
/** With its other value the run reaches its goal. */
export const letsThrough = (d: RomDependency): boolean => d.usableIfOther ?? d.goalIfOther ?? d.outcomeIfOther === 'dfu';
/** Each option once, the most important first. */
export function doubts(ofRun: readonly RomDependency[], ofCause: readonly RomDependency[]): readonly RomDependency[] {
  const inVain = (d: RomDependency): number => Number(!letsThrough(d) || !ofRun.includes(d));
  const all = [...ofRun, ...ofCause].toSorted(
    (a, b) => inVain(a) - inVain(b) || SURENESS.indexOf(a.confidence) - SURENESS.indexOf(b.confidence),
  );
  return all.filter((d, i) => all.findIndex((other) => other.rom === d.rom) === i);
}

/** A clause about a device that cannot be used. */
function unusable({ after }: Told): string {
  const bad = after === null ? [] : badSteps(after);
  const [first] = bad;
  if (first === undefined) return '';
  if (first === 'list') return ', but the device does not stay';
  if (first === 'alive') return '; behind a leave, the application does not run as after a reset';
  return `, but the device cannot be used (${bad.join(', ')})`;
}

/** A clause about a failed leave. */
function wayBack(r: Told): string {
  const failed = r.checks.filter((c) => c.id.startsWith('leave-') && c.verdict === 'fail').map((c) => c.id);
  if (failed.length === 0) return '';
  const relied = failed.filter((id) => id !== 'leave-path');
  return `; after the DFU leave, the application does not start properly${relied.length > 0 ? ` (${relied.join(', ')})` : ''}`;
}

function why(r: Told): string {
  const proved = r.diagnosis.causes.filter((c) => c.proved);
  if (proved.length > 0) {
    const first = r.diagnosis.sets[0] ?? [proved[0]!.id];
    const set = firstSet({ sets: [first], causes: proved });
    const names = set.map((c) => `${c.what ?? c.id}${where(c.lastWriter)}`).join(' and ');
    const depends = doubtOf(
      r,
      proved.filter((c) => first.includes(c.id)).flatMap((c) => c.dependsOn),
    );
    const sure = depends
      ? `proved if the ROM option ${depends.rom} is "${depends.value}" (${depends.confidence})`
      : set.some((c) => c.id === 'image')
        ? 'proved by repair: the program then does what it does from reset'
        : set.every(isAround)
          ? 'proved by changing it'
          : `proved by repair on the ${romOf(r)}`;
    return `; cause: ${names}, ${sure}.`;
  }
  return r.diagnosis.explained === false ? notExplained(r) : '.';
}

/** No repair leads to DFU. */
function notExplained(r: Told): string {
  const usb = r.checks.find((c) => c.id === 'rom-usb' && c.verdict === 'fail');
  if (usb && r.goal.name === USB_GOAL) return `; no firmware can change that: ${usb.observed}.`;
  const { causes } = r.diagnosis;
  const tried = causes.filter((c) => c.repair !== null).map((c) => c.id);
  // notes explain the reset; without it, nothing would have jumped either
  if (r.outcome === 'reset-loop' && r.entries.length === 0 && r.notes.some((n) => n.kind === 'reset')) return '.';
  if (tried.length > 0) return `; not explained: repairing ${tried.join(', ')} does not help.`;
  const [suspect] = causes;
  if (suspect) return `; suspected, not proved: ${suspect.id}${where(suspect.lastWriter)}.`;
  if (r.notes.some((n) => n.kind === UNCOPIED)) return '; cause: what start-up code has to put into RAM is not there.';
  return r.outcome === 'no-jump' || r.stuck !== null ? '.' : '; not explained.';
}
