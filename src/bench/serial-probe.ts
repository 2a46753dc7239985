/**
 * A ROM without USB is asked over its first USART (AN3155: 0x7F is answered with ACK). Where it does not answer, the repairs that make it answer are found by running on from the
 * entry with them. What comes of it is told as notes: the outcome's word is about DFU, which no repair brings to such a part.
 */
import { isBroken, named, type Judged } from './diagnosis.ts';
import { attempt, type Starts } from './attempt.ts';
import { enoughAlone, minimise } from './minimal-sets.ts';
import type { NamedRepair } from './repairs.ts';
import { placeInWords } from './hand-over.ts';
import { rxPins, speaksSerial } from '../rom/profile.ts';
import type { Session } from './session.ts';
import { MS, PS_PER_SECOND } from '../emu/time.ts';

const SYNCHRONISATION = 0x7f;
const ACK = 'y'; // 0x79
/** Slow enough for every ROM: F358 is at 8 MHz, and measures 115200 too coarsely on one of its USARTs (AN2606 Table 66: 57600 at most). */
const BAUD = 9600;
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

/** Whether the ROM acknowledges 0x7F, from the judged entry on, with these repairs. */
function answers(s: Session, starts: Starts, port: Port, repairs: readonly NamedRepair[]): boolean {
  const channel = port.name.toLowerCase();
  let before = '';
  attempt(s, starts, repairs, {
    atEntry: () => {
      before = s.machine.state.console[channel] ?? '';
      s.steps.append(
        { kind: 'uart', port: port.name, bytes: Uint8Array.of(SYNCHRONISATION), character: CHARACTER },
        (s.profile!.startUpMs.value + READY) * MS,
      );
      return [];
    },
  });
  return (s.machine.state.console[channel] ?? '').slice(before.length).includes(ACK);
}

/** The smallest sets that were found: each that is enough alone, else one with nothing to spare. */
function enough(ask: (repairs: readonly Judged[]) => boolean, broken: readonly Judged[]): readonly (readonly Judged[])[] {
  const alone = enoughAlone(broken, ask);
  if (alone.length > 0) return alone.map((j) => [j]);
  return broken.length > 1 && ask(broken) ? [minimise(broken, ask)] : [];
}

function told(s: Session, { id, judgement, repair }: Judged): string {
  const writer = judgement.lastWriter;
  const place = writer == null ? '' : ` (${placeInWords(s, writer.pc)})`;
  const fix = repair?.fix === undefined ? '' : `; fix: ${repair.fix.trim().replaceAll(/\s*\n\s*/g, ' ')}`;
  return `${id}: ${judgement.observed ?? judgement.because}${place}${fix}`;
}

/** What is to be told of a run that entered a ROM without USB; nothing about others. */
export function serialNotes(s: Session, starts: Starts, judged: readonly Judged[]): { kind: string; text: string }[] {
  const port = serialPort(s);
  if (port === null || starts.entry === null) return [];
  const ask = (repairs: readonly Judged[]): boolean => answers(s, starts, port, repairs.map(named));
  const asked = `0x7F at ${BAUD} baud on ${port.name} (RX ${port.pin})`;
  const note = (text: string): { kind: string; text: string } => ({ kind: 'serial', text });
  if (ask([])) return [note(`the ROM acknowledges ${asked}: the jump itself works, and stm32flash goes on from there`)];
  const sets = enough(
    ask,
    judged.filter((j) => isBroken(j) && j.repair !== null && j.subject !== null),
  );
  if (sets.length === 0) return [note(`the ROM does not answer ${asked} either; no repair was found that makes it answer`)];
  const which = sets.length > 1 ? 'one of these' : sets[0]!.length > 1 ? 'these' : 'this';
  return [
    note(`the ROM does not answer ${asked} either; with ${which} repaired it does:`),
    ...sets.map((set) => note(set.map((j) => told(s, j)).join('; and '))),
  ];
}
