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
import { runTo } from './window.ts';
import { place } from './words.ts';

const VECTOR = 4;

interface Watched extends Program {
  /** Who read its initial SP. */
  reader: number | null;
  started: boolean;
}

/**
 * In words, one line for each such program. The run is repeated up to `end`; the session is left anywhere.
 *
 * @param runsOn nothing entered the ROM, and nothing hangs: a program that was started and runs is told, too
 */
export function unstarted(s: Session, powerOn: Checkpoint, end: Ps, runsOn = false): Pick<Note, 'text' | 'advice'>[] {
  const { machine, input } = s;
  const programs = othersThanBooted(s).map((of): Watched => ({ ...of, reader: null, started: false }));
  if (programs.length === 0) return [];
  const running: Program[] = [];
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const tables = programs.flatMap((of) => aliasesOf(s, of.table).map((table) => ({ of, table })));
  const repairs = machine.setRepairs({
    pages: new Set(tables.map(({ table }) => table >>> PAGE_BITS)),
    read: (core, address) => {
      const found = tables.find(({ table }) => address === table || address === table + VECTOR);
      if (found !== undefined && address === found.table) found.of.reader ??= core.pc;
      else if (found !== undefined) found.of.started = true;
      return null;
    },
  });
  try {
    runTo(s, end);
    for (const p of programs) {
      const runs = isRunning(s, p);
      if (runs && runsOn && input.goal.name !== APP_GOAL) running.push(p);
      p.started ||= runs;
    }
  } finally {
    machine.setRepairs(repairs);
    s.keepCheckpoints = true;
  }
  return [
    ...running.map(({ title }) =>
      withAdvice({ is: 'other', said: `${title} was started and runs`, lead: ': ', command: 'with --goal app that is what is judged' }),
    ),
    ...programs.filter((p) => !p.started).map((p) => ({ text: inWords(s, p) })),
  ];
}

function inWords(s: Session, { title, sp, reader }: Watched): string {
  const where = `${title} was never started`;
  return reader === null
    ? `${where}: nothing read its vector table`
    : `${where}: ${place(s, reader)} read its initial SP, ${hex32(sp)}, but nothing read its reset vector, so the loader probably rejected that SP`;
}
