/**
 * GTZC1_TZSC of STM32H5 as non-secure code meets it: which peripherals are secure. TrustZone of the core is not modelled, so code counts as secure while
 * the wire `core.secure` is 1 (from a boot through the vendor's first stage until user code runs).
 *
 * Facts: registers ST SVD; all 0 after a reset, non-secure writes are ignored (RM0481 5.4.6, 5.6: documented). What the first stage secures is a row of
 * the chip. The registers are read before any clock is switched on (public bring-up firmware for H523: measured).
 * Wires driven: `tzsc.1` to `tzsc.3`: SECCFGR1 to SECCFGR3.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { CORE_SECURE } from '../../emu/wires.ts';
import { securedBy } from '../wires.ts';

/** SECCFGR1 to SECCFGR3 behind the first stage. */
export interface TzscOptions {
  readonly firstStage: readonly number[];
}

export const tzscH5: ModelFactory<TzscOptions> = (layout, { firstStage }): RegisterModel<object> => {
  const registers = firstStage.map((_value, i) => layout.reg(`SECCFGR${i + 1}`));
  const put = (c: RegisterContext<object>, values: (i: number) => number): void =>
    registers.forEach((r, i) => {
      c.put(r, values(i));
      c.env.setWire(securedBy(i + 1), values(i));
    });
  return {
    about: {
      source: 'RM0481 GTZC; what a boot by pin leaves: measured on H523 (assumed for H562, H563, H573)',
      confidence: 'documented',
      lacks: ['privilege', 'TZIC', 'MPCBB and MPCWM: memories stay non-secure', 'secure code of users'],
    },
    modelled: registers.map((r) => r.name),
    wires: [CORE_SECURE],
    create: () => ({}),
    onReset: (c) => put(c, () => 0),
    onWire(c, _wire, value) {
      if (value === 1) put(c, (i) => firstStage[i]!);
    },
    write(c, r, merged) {
      const i = registers.indexOf(r);
      if (i < 0) return;
      if (c.env.wire(CORE_SECURE) !== 1) {
        c.env.note('guest', `GTZC1_TZSC_${r.name} written by non-secure code: ignored`, { is: 'lost', why: 'not-allowed' });
        return c.get(r);
      }
      c.env.setWire(securedBy(i + 1), merged);
      return merged;
    },
  };
};
