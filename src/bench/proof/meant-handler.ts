/** The run goes on as with the handler that the program meant, where the vector was taken from a wrong place. */
import { EXC } from '../../emu/core/arm/scs-state.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Session } from '../session/session.ts';
import { cutTable, type CutTable } from '../slice/cut-table.ts';
import { place } from '../slice/words.ts';
import { goOn } from './attempt.ts';
import { setOwnTable } from './own-table.ts';
import { repairTarget } from './repairs.ts';

export interface MeantHandler {
  readonly table: CutTable;
  /** `interrupt 38 (USART2)` */
  readonly exception: string;
  /** `main.c:28 (on_usart2)` */
  readonly handler: string;
  /** At multiples of this a table of this chip may begin. */
  readonly size: number;
  /** With that handler the goal is reached. */
  readonly reached: boolean;
}

/**
 * At the end of the run in that handler, or at the fault by the vector. Null where the vector is right. Leaves the session anywhere.
 *
 * @param hangsIn the handler in which the run ends
 */
export function meantHandler(s: Session, finished: Checkpoint, hangsIn: { readonly storm: boolean } | null): MeantHandler | null {
  const fault = finished.history.entries.length > 0 ? null : s.faultCheckpoint;
  const at = hangsIn === null ? fault : hangsIn.storm ? null : finished;
  if (at === null) return null;
  s.keepCheckpoints = false;
  s.restore(at);
  const core = s.machine.bootCore;
  const table = cutTable(s);
  if (table === null) return null;
  const size = Math.max(LEAST_ALIGNED, 2 ** Math.ceil(Math.log2(4 * vectorsOf(s))));
  const found = { table, size, exception: exceptionName(s.machine.chip, core.arm.ipsr), handler: place(s, table.meant) };
  // a loop that has called nothing: what the exception left in LR is still there
  if (core.arm.lr >>> 0 < EXC_RETURN) return { ...found, reached: false };
  // what its vector had in bit 0 is in EPSR
  repairTarget(s.machine).jumpTo!((table.meant | 1) >>> 0);
  return { ...found, reached: onAligned(s, table.written, size) };
}
/** Whether the goal is reached with a copy of the table where VTOR can point to: the next exceptions go by it, too. */
function onAligned(s: Session, table: number, size: number): boolean {
  const { machine } = s;
  const { bootCore: core } = machine;
  const to = spare(s, size);
  if (to === null) return goOn(s).reached;
  const [copy, before] = [table, to].map((from) => Uint8Array.from({ length: 4 * vectorsOf(s) }, (_, i) => core.peek(from + i, 1) ?? 0));
  machine.replace(to, copy!);
  setOwnTable(machine, to);
  try {
    return goOn(s).reached;
  } finally {
    machine.replace(to, before!);
  }
}
/** VTOR has no bits below, on any core. */
const LEAST_ALIGNED = 0x80;
const vectorsOf = ({ machine: { bootCore } }: Session): number => EXC.IRQ0 + bootCore.row.nvicLines;
/** The last place of this size in flash that is erased; null where there is none. */
function spare({ machine: { system, bootCore: core } }: Session, size: number): number | null {
  const flash = system.regions.findLast(({ memory }) => memory?.row.kind === 'flash' && memory.row.zone === 'user');
  if (flash === undefined) return null;
  const erased = ((flash.memory!.row.erased ?? 0xff) * 0x01010101) >>> 0;
  for (let at = flash.end - size - (flash.end % size), i = 0; at >= flash.base && i < MOST_PLACES; at -= size, i++)
    if (Array.from({ length: size / 4 }, (_, k) => core.peek(at + 4 * k, 4)).every((word) => word === erased)) return at;
  return null;
}
/** Effort. */
const MOST_PLACES = 64;
const EXC_RETURN = 0xffffff00;
