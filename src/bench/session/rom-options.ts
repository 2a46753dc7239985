/** The undocumented options of the ROM that a run read or acted on. */
import { otherValues, ROM_OPTION_IDS, type RomOptionSetting } from '../../rom/options.ts';
import type { Session } from './session.ts';

export const optionSettings = (s: Session): readonly RomOptionSetting[] => s.rom?.options ?? [];

export const isDocumented = (o: RomOptionSetting): boolean => o.confidence === 'documented' || o.confidence === 'measured';

/** Options that the ROM's code has read, and those of the loader that mattered. */
export function optionsActedOn(s: Session): RomOptionSetting[] {
  const read = new Set<string>(s.machine.state.optionReads.map((word) => ROM_OPTION_IDS[word] ?? ''));
  if (s.machine.state.gapAccess) read.add('sysflash-gap');
  if (readsTable(s)) read.add('vector-table');
  return optionSettings(s).filter((o) => read.has(o.id));
}

/** User code has read the SP or the reset vector of the ROM's table as data. */
const readsTable = (s: Session): boolean => {
  const table = s.profile?.base ?? -8;
  return s.machine.state.vectorReads.some((r) => r.address >= table && r.address < table + 8);
};

export { otherValues };
