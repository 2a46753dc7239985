/** Who gave a register what it holds, in words: the last write, or one that the chip lost. */
import type { LostWrite, WriteRecord } from '../../emu/history.ts';
import type { Session } from '../session/session.ts';
import { place } from './words.ts';

/** @param register `SYSCFG.EXTICR4` */
export function lastWriteText(s: Session, register: string): string {
  return lastText(s, register, s.machine.history.lastWriter(register), `nothing has written ${register}`);
}
/** Of a part of it: bits that are as after the reset were not changed, though the register may have been written. @param part `ADC1.CR.ADEN` */
export function lastChangeText(s: Session, register: string, mask: number, part: string): string {
  return lastText(s, register, s.machine.history.lastWriter(register, mask), `nothing has changed ${part}`);
}
function lastText(s: Session, register: string, writer: WriteRecord | null, never: string): string {
  const lost = s.machine.history.lost.findLast((l) => l.target === register);
  if (lost !== undefined && (writer === null || lost.last > writer.at)) return lostText(s, lost);
  return writer === null ? never : `${register} was last written at ${place(s, writer.pc)}`;
}
function lostText(s: Session, { target, pc, why, note }: LostWrite): string {
  const { chip, system } = s.machine;
  const gate = system.findBlock(target.slice(0, target.indexOf('.')))?.row.clock;
  const reason = why === 'no-clock' && gate !== undefined ? `${chip.rcc}.${gate} is 0 there` : note;
  return `the write to ${target} at ${place(s, pc)} is lost: ${reason}`;
}
