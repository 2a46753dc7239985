/**
 * EXTI: extended interrupt controller, the version with one pending register (F0, F3, F4, L4…). Modelled: edge selection, software trigger, pending, masks.
 * The ports' selection lies in SYSCFG.
 *
 * Facts: registers ST SVD, behaviour RM0091 and RM0351 EXTI (documented): the pending bit is set by a selected edge or SWIER whatever the mask says, the line to the
 * NVIC is pending AND IMR. ASSUMED: SWIER sets the pending bit also while IMR masks the line (RM0091 asks for the mask). Direct lines go straight from their
 * peripheral to the NVIC and are not handled here.
 *
 * Wires: listens to `in.PA0`… (GPIO), `exti.source.<line>` (SYSCFG) and those in `lines`; an event output (EMR) is a change of `event.<core>`.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import {
  bitOf,
  extiLines,
  forLines,
  pulseEvent,
  SOURCE_WIRES,
  sourceOf,
  type EdgeBank,
  type ExtiOptions,
  type ExtiState,
} from './exti-lines.ts';

const DEFAULTS: ExtiOptions = { ports: 'ABCDEFGHI', irqOfLine: Array.from({ length: 16 }, (_, i) => i), lines: {} };

type Context = RegisterContext<ExtiState>;

interface Bank extends EdgeBank {
  readonly swier: Register;
  readonly pr: Register;
  readonly imr: Register;
  readonly emr: Register;
}

export const extiV1: ModelFactory<Partial<ExtiOptions>> = (layout, given): RegisterModel<ExtiState> => {
  const o: ExtiOptions = { ...DEFAULTS, ...given };
  const suffixes = layout.has('PR') ? [''] : ['1', '2'].filter((n) => layout.has(`PR${n}`));
  const banks: readonly Bank[] = suffixes.map((n) => {
    const reg = (name: string): Register => layout.reg(`${name}${n}`);
    return { rtsr: reg('RTSR'), ftsr: reg('FTSR'), swier: reg('SWIER'), pr: reg('PR'), imr: reg('IMR'), emr: reg('EMR') };
  });
  const pending = (c: Context): number[] => banks.map(({ pr, imr }) => c.get(pr) & c.get(imr));
  const driveIrqs = (c: Context): void => lines.driveIrqs(c, pending(c));
  const trigger = (c: Context, line: number): void => {
    const bank = banks[line >> 5]!;
    const bit = bitOf(line);
    c.put(bank.pr, c.get(bank.pr) | bit);
    if (c.get(bank.emr) & bit) pulseEvent(c, o);
    driveIrqs(c);
  };
  const lines = extiLines<ExtiState>(o, banks, sourceOf, trigger);

  return {
    wires: [...lines.pinWires, ...SOURCE_WIRES, ...lines.otherWires],
    about: { source: 'RM0091 and RM0351 EXTI', confidence: 'documented', lacks: ['masks of direct lines'] },
    modelled: banks.flatMap((b) => [b.rtsr, b.ftsr, b.swier, b.pr, b.imr, b.emr].map((r) => r.name)),
    create: () => ({ level: new Uint32Array(banks.length), events: 0 }),
    onReset(c) {
      lines.followPins(c);
      driveIrqs(c);
    },
    onWire: lines.onWire,
    ignores: lines.ignores,
    write(c, r, merged, raw) {
      for (const [i, bank] of banks.entries()) {
        if (r === bank.pr) {
          // Writing one clears the pending bit and the software trigger.
          c.put(bank.swier, c.get(bank.swier) & ~raw);
          return c.get(r) & ~raw;
        }
        if (r === bank.swier) {
          const rising = merged & ~c.get(r);
          c.put(r, merged);
          forLines(i, rising, (line) => trigger(c, line));
          return merged;
        }
      }
      return merged;
    },
    wrote: driveIrqs,
  };
};
