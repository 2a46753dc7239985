/** Option bytes that the firmware has changed. */
import { maskOf, registerOf } from '../../checks/families.ts';
import type { WriteRecord } from '../../emu/history.ts';
import type { Session } from './session.ts';

export interface ChangedOption {
  /** `FLASH.OPTCR.RDP`. */
  readonly path: string;
  readonly value: number;
  readonly factory: number;
  readonly by: WriteRecord;
}

/** Those in force that differ from the factory values and were written by an instruction of this run. */
export function changedOptions({ machine }: Pick<Session, 'machine'>): readonly ChangedOption[] {
  const { chip, history } = machine;
  return Object.values(chip.optionBytes ?? {}).flatMap(({ field, factory }) => {
    const value = machine.fieldValue(field);
    if (value === factory.value >>> 0) return [];
    const programmed = field.replace('_CUR.', '_PRG.');
    const [register, mask] = [registerOf(programmed), maskOf(chip, programmed)];
    const by = history.lastWriter(register, mask) ?? history.lastWriterBeforeReset(register, mask);
    return by?.kind === 'cpu' ? [{ path: field, value, factory: factory.value >>> 0, by }] : [];
  });
}
/** As manuals write it: `FLASH_OPTCR.RDP`. */
export const optionInManual = (path: string): string => path.replace('.', '_');
