/** Option bytes about low-power modes, as wires: which modes are forbidden, where the IWDG stands still. Fields that a chip lacks allow and freeze nothing. */
import type { Field, Layout, RegisterContext } from '../../emu/registers.ts';
import type { Wire } from '../../emu/wires.ts';
import { IWDG_FREEZE_STANDBY, IWDG_FREEZE_STOP, RESET_ON_SHUTDOWN, RESET_ON_STANDBY, RESET_ON_STOP } from '../wires.ts';

/** Wire by option; it is 1 while the option is 0. */
const WIRES: readonly (readonly [field: RegExp, wire: Wire])[] = [
  [/^n?RST_STOP(_D1)?$/i, RESET_ON_STOP],
  [/^n?RST_ST(D)?BY(_D1)?$/i, RESET_ON_STANDBY],
  [/^n?RST_SHDW$/i, RESET_ON_SHUTDOWN],
  [/^(FZ_)?IWDG_STOP$/, IWDG_FREEZE_STOP],
  [/^(FZ_)?IWDG_(STDBY|SDBY)$/, IWDG_FREEZE_STANDBY],
];

/** @param name the register that shows the options in force */
export function lowPowerOptions(layout: Layout, name: string): (c: RegisterContext<object>) => void {
  const options: { readonly field: Field; readonly wire: Wire }[] = [];
  for (const fact of layout.reg(name).fields) {
    const found = WIRES.find(([field]) => field.test(fact.name));
    if (found) options.push({ field: layout.field(`${name}.${fact.name}`), wire: found[1] });
  }
  return (c) => {
    for (const { field, wire } of options) c.env.setWire(wire, field.get(c) ? 0 : 1);
  };
}
