/** Option bytes that the firmware has changed; they survive every reset and power-off. */
import type { Note } from '../documents/note-facts.ts';
import { changedOptions, optionInManual, type ChangedOption } from '../session/changed-options.ts';
import type { Session } from '../session/session.ts';
import { place } from '../slice/words.ts';

/** RDP of most families, RDPRT of F0, F1 and F3 (0 = open, 3 = level 2). */
const PROTECTION = /\.(RDP|RDPRT)$/;
const LEVEL_0 = { RDP: 0xaa, RDPRT: 0 } as const;
const LEVEL_2 = { RDP: 0xcc, RDPRT: 3 } as const;
const MOST_FIELDS = 4;

export function keptOptionNotes(s: Session): Note[] {
  const changed = changedOptions(s);
  return changed.length === 0 ? [] : [{ kind: 'kept-options', text: `${written(s, changed)}${protects(changed)}` }];
}

function written(s: Session, changed: readonly ChangedOption[]): string {
  const fields = changed.slice(0, MOST_FIELDS).map(({ path, value }) => `${optionInManual(path)} = 0x${value.toString(16)}`);
  const last = changed.reduce((a, b) => (b.by.at > a.by.at ? b : a)).by;
  const starts = s.machine.history.entries.at(-1)?.how === 'boot' ? ', so the chip now always boots into its ROM' : '';
  return `option bytes that ${place(s, last.pc)} wrote persist across resets and power-off${starts}: ${fields.join(', ')}${changed.length > MOST_FIELDS ? ', …' : ''}`;
}

/** AN3156 3.1, AN3155 3.4: with read-out protection the ROM refuses memory commands; removing it erases the flash (documented). */
function protects(changed: readonly ChangedOption[]): string {
  const level = changed.find(({ path }) => PROTECTION.test(path));
  if (level === undefined) return '';
  const name = PROTECTION.exec(level.path)![1] as keyof typeof LEVEL_0;
  if (level.value === LEVEL_0[name]) return '';
  return level.value === LEVEL_2[name]
    ? '; RDP level 2 is permanent and disables the ROM bootloader and the debugger (this run does not show it)'
    : '; at RDP level 1 the ROM refuses reads and writes until a Read Unprotect, which erases the flash, and a debugger cannot read the flash (this run does not show it)';
}
