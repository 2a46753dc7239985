/** Why a command that wants a USB device got none. */
import type { SessionEnd } from '../bench/session/live-run.ts';
import type { Session } from '../bench/session/session.ts';
import { familyOf } from '../checks/families.ts';

/** What happened, and what to type next. */
export function noDevice(session: Session, { outcome, reason }: SessionEnd): { readonly what: string; readonly next: string } {
  const { chip } = session.input;
  const other = familyOf(chip)?.romWithoutUsb?.instead;
  if (outcome === 'rom-silent' && session.profile?.dfu === null && other !== undefined)
    return {
      what: `no USB device appeared: the ROM of ${chip.name} has no USB, only ${other}`,
      next: '`bootbench uart` offers its USART, and `bootbench rom compare` tests every command of it against a dump',
    };
  return { what: `no USB device appeared: the run ended with ${outcome} (${reason})`, next: '`bootbench run` shows why' };
}
