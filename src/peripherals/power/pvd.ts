/** Programmable voltage detector: VDD against the threshold that PLS selects. Drives `pvd` (to EXTI). */
import type { Field, RegisterContext } from '../../emu/registers.ts';
import { PVD } from '../wires.ts';

/** @param volts thresholds by PLS; a value beyond them watches something else than VDD. */
export function watchVdd(
  f: { readonly pvde: Field; readonly pls: Field; readonly pvdo: Field },
  volts: readonly number[],
): (c: RegisterContext<object>) => void {
  return (c) => {
    const limit = volts[f.pls.get(c)];
    const fallen = f.pvde.get(c) === 1 && limit !== undefined && (c.env.parameter('vdd.volts') ?? 0) < limit;
    f.pvdo.set(c, fallen ? 1 : 0);
    c.env.setWire(PVD, fallen ? 1 : 0);
  };
}
