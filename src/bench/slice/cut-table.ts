/** A vector that the core took from another place than the program meant: VTOR has no low bits, or the table does not begin at a multiple of its size. */
import { vectorAddress } from '../../emu/core/arm/exceptions.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import type { WriteRecord } from '../../emu/history.ts';
import type { Session } from '../session/session.ts';
import { isCode } from './failure.ts';

export interface CutTable {
  /** What VTOR was written with, and what it is. */
  readonly written: number;
  readonly vtor: number;
  /** Where the vector was read, and where the program has it. */
  readonly takenAt: number;
  readonly meantAt: number;
  /** The handler that the program meant. */
  readonly meant: number;
  readonly writer: WriteRecord;
}

/** Of the exception in whose handler the session stands; null where its vector is the one that is meant. */
export function cutTable(s: Session): CutTable | null {
  const { machine } = s;
  const core = machine.bootCore;
  const exception = core.arm.ipsr;
  const writer = machine.history.lastWriter(`CPU${core.index === 0 ? '' : core.index}.VTOR`);
  if (exception === 0 || writer === null) return null;
  const vtor = core.get(SCS.VTOR) >>> 0;
  const cut = machine.state.notes.flatMap(({ about }) => (about?.is === 'vtor-cut' ? [about.written] : [])).at(-1);
  const written = cut !== undefined && (cut & core.profile.vtor) >>> 0 === vtor ? cut : vtor;
  const [takenAt, meantAt] = [vectorAddress(core, exception), (written + 4 * exception) >>> 0];
  const [taken, meant] = [takenAt, meantAt].map((at) => core.peek(at, 4) ?? 0) as [number, number];
  const isHandler = meant % 2 === 1 && isCode(s, meant - 1);
  return takenAt === meantAt || taken === meant || !isHandler ? null : { written, vtor, takenAt, meantAt, meant: meant - 1, writer };
}
