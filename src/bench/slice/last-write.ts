/** Who gave a register what it holds, in words: the last write, or one that the chip lost. */
import type { LostWrite } from '../../emu/history.ts';
import type { Session } from '../session/session.ts';
import { place } from './words.ts';

/**
 * @param register `SYSCFG.EXTICR4`
 * @param mask the bits that are asked about
 */
export function lastWriteText(s: Session, register: string, mask = 0xffffffff): string {
  const { history } = s.machine;
  const writer = history.lastWriter(register, mask);
  const lost = history.lost.findLast((l) => l.target === register);
  if (lost !== undefined && (writer === null || lost.last > writer.at)) return lostText(s, lost);
  return writer === null ? `nothing has written ${register}` : `${register} was last written at ${place(s, writer.pc)}`;
}
function lostText(s: Session, { target, pc, why, note }: LostWrite): string {
  const { chip, system } = s.machine;
  const gate = system.findBlock(target.slice(0, target.indexOf('.')))?.row.clock;
  const reason = why === 'no-clock' && gate !== undefined ? `${chip.rcc}.${gate} is 0 there` : note;
  return `the write to ${target} at ${place(s, pc)} is lost: ${reason}`;
}
