/** Behind a leave, the clocks as a reset leaves them, as C at the start of main(): what is tried is what is proposed. */
import { familyOf, inC, locate } from '../../checks/families.ts';
import type { Machine } from '../../emu/machine.ts';
import { repairTarget } from './repairs.ts';

export interface ClocksCode {
  readonly code: readonly string[];
  readonly apply: (machine: Machine) => void;
}

/** Registers that set clocks up: no clock enables, which start-up code may have set already, and no status. */
const SETTINGS = /^RCC\.(CFGR\d?|PLL\w*CFGR|PLLCKSELR|PLL\d(DIVR|FRACR)|D\dCFGR|CCIPR\d?|D\dCCIPR\w*|DCKCFGR\d?)$|^FLASH\.ACR$/;

/** @param left registers of RCC, PWR and the wait states that differ, with what a reset leaves there */
export function clocksInC({ chip }: Machine, left: readonly { readonly name: string; readonly reset: number }[]): ClocksCode | null {
  const f = familyOf(chip);
  if (f === undefined || f === null) return null;
  const settings = left.filter(({ name }) => SETTINGS.test(name));
  // wait states go where nothing runs fast any more
  const inOrder = [...settings.filter(({ name }) => name !== ACR), ...settings.filter(({ name }) => name === ACR)];
  const bit = (path: string): string => `${inC(path).replace('->', '_')}_${path.split('.')[2]}`;
  // its settings are locked until it has stopped
  const stopped = (on: string, ready = on.replace(/ON$/, 'RDY')): string =>
    locate(chip, ready) === null ? '' : ` while (${inC(ready)} & ${bit(ready)}) {}`;
  const off = f.plls.map(({ on }) => `${inC(on)} &= ~${bit(on)};${stopped(on)}`);
  return {
    code: [
      ...f.sysclk.code.split('\n'),
      ...off,
      ...inOrder.map(({ name, reset }) => `${inC(name)} = 0x${(reset >>> 0).toString(16).padStart(8, '0')}u;`),
    ],
    apply: (machine) => {
      const target = repairTarget(machine);
      target.setField(f.sysclk.oscillator, 1);
      target.setField(f.sysclk.select, f.sysclk.afterReset);
      for (const { on } of f.plls) target.setField(on, 0);
      for (const { name, reset } of inOrder) target.setField(name, reset);
    },
  };
}
const ACR = 'FLASH.ACR';
