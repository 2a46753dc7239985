/** Of several images, those whose program nobody started: a loader that looked at a vector table and turned away, or that looks elsewhere. */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { withAdvice } from '../documents/advice.ts';
import { APP_GOAL } from '../documents/goal.ts';
import type { Note } from '../documents/note-facts.ts';
import { hex32 } from '../documents/result.ts';
import { aliasesOf, isRunning, othersThanBooted } from '../session/programs.ts';
import type { Program } from '../../image/programs.ts';
import type { Session } from '../session/session.ts';
import { runByStops, runTo } from './window.ts';
import { place } from './words.ts';

const VECTOR = 4;

export interface Watched extends Program {
  /** Who read its initial SP, and when. */
  reader: number | null;
  readAt: Ps;
  /** Who read its reset vector. */
  vectorReader: number | null;
  /** Its first instruction was fetched. */
  started: boolean;
  /** … and runs at the end. */
  runs: boolean;
}

/**
 * In words, one line for each such program. The run is repeated up to `end`; the session is left anywhere.
 *
 * @param runsOn nothing entered the ROM, and nothing hangs: a program that was started and runs is told, too
 */
export function unstarted(s: Session, powerOn: Checkpoint, end: Ps, runsOn = false): Pick<Note, 'text' | 'advice'>[] {
  const programs = watched(s, powerOn, end);
  const running = runsOn && s.input.goal.name !== APP_GOAL ? programs.filter((p) => p.runs) : [];
  return [
    ...running.map(({ title }) =>
      withAdvice({ is: 'other', said: `${title} was started and runs`, lead: ': ', command: 'with --goal app that is what is judged' }),
    ),
    ...programs.filter((p) => !p.started).map((p) => ({ text: neverStarted(s, p) })),
  ];
}
/** The programs that the chip does not start by itself, as the run treated them up to `end`. */
export function watched(s: Session, powerOn: Checkpoint, end: Ps): readonly Watched[] {
  const { machine } = s;
  const programs = othersThanBooted(s).map((of): Watched => ({
    ...of,
    reader: null,
    readAt: 0,
    vectorReader: null,
    started: false,
    runs: false,
  }));
  if (programs.length === 0) return [];
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const tables = programs.flatMap((of) => aliasesOf(s, of.table).map((table) => ({ of, table })));
  const starts = new Map(programs.flatMap((of) => aliasesOf(s, of.start).map((at) => [at, of])));
  const repairs = machine.setRepairs({
    pages: new Set(tables.map(({ table }) => table >>> PAGE_BITS)),
    read: (core, address) => {
      const found = tables.find(({ table }) => address === table || address === table + VECTOR);
      if (found !== undefined && address === found.table) {
        if (found.of.reader === null) found.of.readAt = core.now();
        found.of.reader ??= core.pc;
      } else if (found !== undefined) found.of.vectorReader ??= core.pc;
      return null;
    },
  });
  try {
    runByStops(s, [...starts.keys()], end, (pc) => {
      starts.get(pc)!.started = true;
      return programs.every(({ started }) => started);
    });
    runTo(s, end);
    for (const p of programs) {
      p.runs = isRunning(s, p);
      // a jump that faulted, for want of the Thumb bit, was a start, too
      p.started ||= p.runs || (p.vectorReader !== null && machine.state.firstFault !== null);
    }
  } finally {
    machine.setRepairs(repairs);
    s.keepCheckpoints = true;
  }
  return programs;
}

export function neverStarted(s: Session, { title, sp, reader, vectorReader }: Watched): string {
  const where = `${title} was never started`;
  if (vectorReader !== null) return `${where}: ${place(s, vectorReader)} read its reset vector, and nothing jumped there`;
  return reader === null
    ? `${where}: nothing read its vector table`
    : `${where}: ${place(s, reader)} read its initial SP, ${hex32(sp)}, but nothing read its reset vector, so the loader probably rejected that SP`;
}
