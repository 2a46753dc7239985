/**
 * EXTI: extended interrupt controller, the version with separate rising and falling pending registers (H5, L5, U5, G0…). Modelled: edge selection, software
 * trigger, pending, masks, EXTICR.
 *
 * Facts: registers ST SVD, behaviour RM EXTI chapter (documented): the pending bit is set by a selected edge or SWIER whatever the mask says, the line to the NVIC
 * is pending AND IMR. Lines without edge selection ("direct") go straight from their peripheral to the NVIC and are not handled here.
 *
 * Wires: listens to `in.PA0`… (GPIO) and those in `lines`; an event output (EMR) is a change of `event.<core>`.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { POWER_STOP } from '../wires.ts';
import { bitOf, extiLines, forLines, pulseEvent, type EdgeBank, type ExtiOptions, type ExtiState } from './exti-lines.ts';

const DEEPEST = 3;
const DEFAULTS: ExtiOptions = { ports: 'ABCDEFGHI', irqOfLine: Array.from({ length: 17 }, (_, i) => i), lines: {} };

interface State extends ExtiState {
  /** EXTICR4, where the layout lacks it: ST's H5 SVD gives it the offset of EXTICR1. */
  exticr4: number;
}
type Context = RegisterContext<State>;

interface Bank extends EdgeBank {
  readonly swier: Register;
  readonly rpr: Register;
  readonly fpr: Register;
  readonly imr: Register;
  readonly emr: Register;
}

export const extiV2: ModelFactory<Partial<ExtiOptions>> = (layout, given): RegisterModel<State> => {
  const o: ExtiOptions = { ...DEFAULTS, ...given };
  const banks: Bank[] = [];
  for (let n = 1; layout.has(`RTSR${n}`); n++) {
    const reg = (name: string): Register => layout.reg(`${name}${n}`);
    banks.push({
      rtsr: reg('RTSR'),
      ftsr: reg('FTSR'),
      swier: reg('SWIER'),
      rpr: reg('RPR'),
      fpr: reg('FPR'),
      imr: reg('IMR'),
      emr: reg('EMR'),
    });
  }
  const exticr1 = layout.reg('EXTICR1').offset;
  const exticr4 = exticr1 + 12;
  const exticr = [0, 1, 2, 3].map((i) => layout.at(exticr1 + 4 * i));
  const source = (c: Context, line: number): number => {
    const r = exticr[line >> 2];
    return ((r ? c.get(r) : c.s.exticr4) >>> (8 * (line & 3))) & 0xff;
  };
  const pending = (c: Context): number[] => banks.map(({ rpr, fpr, imr }) => (c.get(rpr) | c.get(fpr)) & c.get(imr));
  const driveIrqs = (c: Context): void => lines.driveIrqs(c, pending(c));
  const trigger = (c: Context, line: number, rising: boolean): void => {
    // Stop 3 of U5 leaves it without supply (RM0456 10.7.8, recalled: reported)
    if (c.env.wire(POWER_STOP) === DEEPEST) return;
    const bank = banks[line >> 5]!;
    const register = rising ? bank.rpr : bank.fpr;
    const bit = bitOf(line);
    c.put(register, c.get(register) | bit);
    if (c.get(bank.emr) & bit) pulseEvent(c, o);
    driveIrqs(c);
  };
  const lines = extiLines<State>(o, banks, source, trigger);

  return {
    wires: [...lines.pinWires, ...lines.otherWires],
    about: { source: 'RM0481 EXTI', confidence: 'documented', lacks: ['security and privilege registers, LOCKR', 'masks of direct lines'] },
    modelled: [
      ...banks.flatMap((b) => [b.rtsr, b.ftsr, b.swier, b.rpr, b.fpr, b.imr, b.emr].map((r) => r.name)),
      ...exticr.flatMap((r) => (r ? [r.name] : [])),
    ],
    create: () => ({ level: new Uint32Array(banks.length), events: 0, exticr4: 0 }),
    onReset(c) {
      c.s.exticr4 = 0;
      lines.followPins(c);
      driveIrqs(c);
    },
    onWire: lines.onWire,
    ignores: lines.ignores,
    write(c, r, merged, raw) {
      for (const [i, bank] of banks.entries()) {
        if (r === bank.rpr || r === bank.fpr) return c.get(r) & ~raw;
        if (r === bank.swier) {
          forLines(i, merged, (line) => trigger(c, line, true));
          return 0;
        }
      }
      return merged;
    },
    wrote(c, r) {
      if (exticr.includes(r)) lines.followPins(c); // a new port at another level is an edge
      driveIrqs(c);
    },
    readElse(c, offset, size) {
      if (offset >> 2 !== exticr4 >> 2) return 0;
      return (c.s.exticr4 >>> (8 * (offset & 3))) & (size === 4 ? -1 : (1 << (8 * size)) - 1);
    },
    writeElse(c, offset, size, value) {
      if (offset >> 2 !== exticr4 >> 2) return 0;
      const lanes = (size === 4 ? -1 : (1 << (8 * size)) - 1) << (8 * (offset & 3));
      c.s.exticr4 = ((c.s.exticr4 & ~lanes) | ((value << (8 * (offset & 3))) & lanes)) >>> 0;
      lines.followPins(c);
      return 0;
    },
  };
};
