/**
 * A ROM without USB is asked over its first USART (AN3155: 0x7F is answered with ACK). Where it does not answer, repairs that make it answer are looked for as those that lead to
 * DFU are elsewhere. The outcome and the word `proved` are about DFU, which no repair brings to such a part: what comes of it stands in notes, and its causes unproved.
 */
import { printedBehind, type Printed } from '../../emu/console-text.ts';
import { attempt, type Attempt, type Starts } from './attempt.ts';
import { diagnose, diagnoseFor, type Cause, type Diagnosis, type Goal, type Judged } from './diagnosis.ts';
import { placeInWords } from './hand-over.ts';
import type { NamedRepair } from './repairs.ts';
import type { Note } from '../documents/note-facts.ts';
import type { CheckId, Outcome, RomDependency } from '../documents/result.ts';
import { isDocumented, otherValues } from '../session/rom-options.ts';
import { SERIAL, SERIAL_SET } from '../documents/serial-proof.ts';
import { LOADER_OPTIONS } from '../../rom/load.ts';
import { rxPins, speaksSerial } from '../../rom/profile.ts';
import type { Session } from '../session/session.ts';
import { baudOf, isRead } from '../session/uart-rate.ts';
import type { Variants } from './variants.ts';
import { MS, PS_PER_SECOND } from '../../emu/time.ts';

const SYNCHRONISATION = 0x7f;
const ACK = 'y'; // 0x79
/** Slow enough for every ROM: F358 is at 8 MHz, and measures 115200 too coarsely on one of its USARTs (AN2606 Table 66: 57600 at most). */
const BAUD = 9600;
const SYST_CVR = 0xe000e018;
const CHARACTER = Math.round((10 * PS_PER_SECOND) / BAUD);
/** Behind the ROM's start-up (AN2606 Table 227), with room. */
const READY = 150;

interface Port {
  readonly name: string;
  readonly pin: string;
}
/** The first USART of a ROM that has no USB and speaks AN3155; null for others. */
function serialPort({ profile }: Session): Port | null {
  return profile !== null && profile.dfu === null && speaksSerial(profile) ? (rxPins(profile)[0] ?? null) : null;
}

/** The ROM acknowledges 0x7F behind the judged entry, and stays. */
class Answers implements Goal {
  private readonly session: Session;
  private readonly port: Port;
  private readonly starts: Starts;
  private readonly answered = new WeakSet<Attempt>();
  /** Rates of answers that the host does not read. */
  private readonly unread = new WeakMap<Attempt, number>();

  constructor(session: Session, port: Port, starts: Starts) {
    this.session = session;
    this.port = port;
    this.starts = starts;
  }

  readonly attempt: Goal['attempt'] = (starts, repairs, options = {}) => {
    const { session: s, port } = this;
    const said = (): Printed | undefined => s.machine.state.console[port.name.toLowerCase()];
    let before = 0;
    const atEntry = (): readonly NamedRepair[] => {
      const more = options.atEntry?.(s) ?? [];
      before = said()?.count ?? 0;
      s.steps.append(
        { kind: 'uart', port: port.name, bytes: Uint8Array.of(SYNCHRONISATION), character: CHARACTER },
        (s.profile!.startUpMs.value + READY) * MS,
      );
      return more;
    };
    const run = attempt(s, starts, repairs, { ...options, atEntry });
    // an application that it went back to may have printed something
    if (run.outcome === 'rom-silent' && printedBehind(said(), before).startsWith(ACK)) {
      if (isRead(s.machine, port.name, BAUD)) this.answered.add(run);
      else this.unread.set(run, baudOf(s.machine, port.name)!);
    }
    return run;
  };

  readonly reached = (run: Attempt): boolean => this.answered.has(run);

  /** The ACK went out at this rate, which is not that of 0x7F. */
  readonly otherRate = (run: Attempt): number | null => this.unread.get(run) ?? null;

  /** With what SysTick had counted forgotten at the entry. */
  readonly counterCleared = (): Attempt =>
    this.attempt(this.starts, [], {
      atEntry: (s) => {
        s.machine.bootCore.debuggerStore(SYST_CVR, 4, 0);
        return [];
      },
    });

  readonly dependencies: Goal['dependencies'] = (repairs, run) =>
    this.flips(repairs, run).flatMap(({ reached, row }) => (reached ? [] : [row]));

  /** The run again with each other value of what the ROM acted on; what the loader fills in stays as it is. */
  flips(repairs: readonly NamedRepair[], run: Attempt): { reached: boolean; row: RomDependency }[] {
    const options = run.actedOn.filter((o) => !isDocumented(o) && !LOADER_OPTIONS.some((id) => id === o.id));
    return options.flatMap((option) =>
      otherValues(option).map((other) => {
        const flipped = this.attempt(this.starts, repairs, { flip: { [option.id]: other } });
        const { id, value, confidence } = option;
        return { reached: this.reached(flipped), row: { rom: id, value, other, confidence, outcomeIfOther: flipped.outcome } };
      }),
    );
  }
}

function told(s: Session, { id, judged: { judgement }, repair, dependsOn }: Cause): string {
  const writer = judgement.lastWriter;
  const place = writer == null ? '' : ` (${placeInWords(s, writer.pc)})`;
  const fix = repair?.fix === undefined ? '' : `; fix: ${repair.fix.trim().replaceAll(/\s*\n\s*/g, ' ')}`;
  const doubt = dependsOn.map((d) => `, provided the real ROM has ${d.rom} "${d.value}" (${d.confidence})`);
  return `${id}: ${judgement.observed ?? judgement.because}${place}${fix}${[...new Set(doubt)].join('')}`;
}

const note = (text: string): Note => ({ kind: SERIAL, text });

/** Why the ROM does not answer, as notes: the sets that make it answer, one of which is enough. */
function notesOf(s: Session, asked: string, { causes, sets }: Diagnosis, letsThrough: readonly RomDependency[]): Note[] {
  const which = sets.length > 1 ? 'one of these' : sets[0]!.length > 1 ? 'these' : 'this';
  const inWords = (set: readonly CheckId[]): string =>
    set
      .map((id) =>
        told(
          s,
          causes.find((c) => c.id === id)!,
        ),
      )
      .join('; and ');
  const either = letsThrough.map(
    (d) => `without any repair, the ROM would answer if it had ${d.rom} "${d.other}" (assumed here: "${d.value}")`,
  );
  return [
    note(`the ROM does not answer ${asked} either; it does with ${which} repaired:`),
    ...sets.map((set) => note(inWords(set))),
    ...[...new Set(either)].map(note),
    ...sets.map((set): Note => ({ kind: SERIAL_SET, text: set.join(' + '), about: { is: 'set', ids: set } })),
  ];
}

/** The ROM has measured something else than the seven bits. */
function atOtherRate(goal: Answers, asked: string, rate: number): string {
  const says = `the ROM acknowledges ${asked}, but at ${Math.round(rate)} baud: no host reads that`;
  if (!goal.reached(goal.counterCleared())) return says;
  return `${says}; this ROM measures with SysTick without clearing its counter, in which something is left; fix: SysTick->VAL = 0 in front of the jump`;
}

/** The diagnosis of a run that did not reach DFU, and what is to be told beside it. */
export function diagnoseWhy(
  s: Session,
  starts: Starts,
  variants: Variants,
  judged: readonly Judged[],
  outcome: Outcome,
): { readonly diagnosis: Diagnosis; readonly notes: readonly Note[] } {
  const port = serialPort(s);
  const forDfu = (): Diagnosis => diagnose(s, starts, variants, judged, outcome, true);
  if (port === null) return { diagnosis: forDfu(), notes: [] };
  const goal = new Answers(s, port, starts);
  const asked = `0x7F at ${BAUD} baud on ${port.name} (RX ${port.pin})`;
  const plain = starts.entry === null ? null : goal.attempt(starts, []);
  if (plain !== null && goal.reached(plain))
    return {
      diagnosis: forDfu(),
      notes: [
        {
          ...note(`the ROM acknowledges ${asked}: the jump itself works, and stm32flash can take over from there`),
          about: { is: 'serial-answer' },
        },
      ],
    };
  const rate = plain === null ? null : goal.otherRate(plain);
  if (rate !== null) return { diagnosis: forDfu(), notes: [note(atOtherRate(goal, asked, rate))] };
  const found = diagnoseFor(goal, s, starts, judged, outcome);
  if (found.explained !== true) {
    const nothing = note(`the ROM does not answer ${asked} either, and no repair was found that makes it answer`);
    return starts.entry === null ? { diagnosis: found, notes: [] } : { diagnosis: forDfu(), notes: [nothing] };
  }
  const letsThrough = plain === null ? [] : goal.flips([], plain).flatMap(({ reached, row }) => (reached ? [row] : []));
  return { diagnosis: unproved(found, judged), notes: notesOf(s, asked, found, letsThrough) };
}

/** As the contract has it where no repair leads to DFU: what keeps the part from DFU first, then what keeps the ROM from answering. */
function unproved(found: Diagnosis, judged: readonly Judged[]): Diagnosis {
  const deciding = judged.filter((j) => j.check?.decides && j.judgement.verdict === 'fail');
  const causes = [
    ...deciding.map((j): Cause => ({ id: j.id, proved: false, repair: null, outcomeAfterRepair: null, dependsOn: [], judged: j })),
    ...found.causes.map((c): Cause => ({ ...c, proved: false })),
  ];
  return { ...found, explained: false, causes, sets: [], harmless: found.harmless.filter((id) => !deciding.some((j) => j.id === id)) };
}
