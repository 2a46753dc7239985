/**
 * EXTI: extended interrupt controller, the version with separate rising and falling pending registers (H5, L5, U5, G0…). Modelled: edge selection, software
 * trigger, pending, masks, EXTICR.
 *
 * Facts: registers ST SVD, behaviour RM EXTI chapter (documented): the pending bit is set by a selected edge or SWIER whatever the mask says, the line to the NVIC
 * is pending AND IMR. Lines without edge selection ("direct") go straight from their peripheral to the NVIC and are not handled here.
 *
 * Wires: listens to `in.PA0`… (GPIO) and those in `lines`; each event output (EMR) increments `exti.event`.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';

export interface ExtiOptions {
  /** Port letters by EXTICR value. */
  readonly ports: string;
  /** Interrupt of lines 0, 1, …: index into the row's `irqs`; -1 = none. */
  readonly irqOfLine: readonly number[];
  /** Wires of configurable lines that are not pins, by line number. */
  readonly lines: Readonly<Record<string, string>>;
}
const DEFAULTS: ExtiOptions = { ports: 'ABCDEFGHI', irqOfLine: Array.from({ length: 17 }, (_, i) => i), lines: {} };

interface State {
  /** Levels of the lines, 32 a word. */
  level: Uint32Array;
  events: number;
  /** EXTICR4, where the layout lacks it: ST's H5 SVD gives it the offset of EXTICR1. */
  exticr4: number;
}
type Context = RegisterContext<State>;

/** The registers of lines 32 x n … 32 x n + 31. */
interface Bank {
  readonly rtsr: Register;
  readonly ftsr: Register;
  readonly swier: Register;
  readonly rpr: Register;
  readonly fpr: Register;
  readonly imr: Register;
  readonly emr: Register;
}

export const extiV2: ModelFactory = (layout: Layout, given): RegisterModel<State> => {
  const o: ExtiOptions = { ...DEFAULTS, ...(given as Partial<ExtiOptions>) };
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
  const lineOfWire = new Map(Object.entries(o.lines).map(([line, wire]) => [wire, Number(line)]));
  const pinWires = [...o.ports].flatMap((port) => Array.from({ length: 16 }, (_, i) => `in.P${port}${i}`));

  const portOf = (c: Context, line: number): string => {
    const r = exticr[line >> 2];
    return o.ports[((r ? c.get(r) : c.s.exticr4) >>> (8 * (line & 3))) & 0xff] ?? '';
  };
  const driveIrqs = (c: Context): void => {
    const active = new Set<number>();
    o.irqOfLine.forEach((index, line) => {
      const bank = banks[line >> 5]!;
      if (index >= 0 && (((c.get(bank.rpr) | c.get(bank.fpr)) & c.get(bank.imr)) >>> (line & 31)) & 1) active.add(index);
    });
    for (const index of new Set(o.irqOfLine)) if (index >= 0) c.env.irq(index, active.has(index));
  };
  const trigger = (c: Context, line: number, pending: Register): void => {
    const bit = (1 << (line & 31)) >>> 0;
    c.put(pending, c.get(pending) | bit);
    if (c.get(banks[line >> 5]!.emr) & bit) c.env.setWire('exti.event', ++c.s.events);
    driveIrqs(c);
  };
  const setLevel = (c: Context, line: number, high: boolean): void => {
    const bank = banks[line >> 5]!;
    const bit = (1 << (line & 31)) >>> 0;
    const old = c.s.level[line >> 5]!;
    if (((old & bit) !== 0) === high) return;
    c.s.level[line >> 5] = high ? old | bit : old & ~bit;
    if (c.get(high ? bank.rtsr : bank.ftsr) & bit) trigger(c, line, high ? bank.rpr : bank.fpr);
  };
  const followPins = (c: Context): void => {
    for (let line = 0; line < 16; line++) setLevel(c, line, c.env.wire(`in.P${portOf(c, line)}${line}`) === 1);
  };

  return {
    wires: [...pinWires, ...lineOfWire.keys()],
    about: { source: 'RM0481 EXTI', confidence: 'documented', lacks: ['security and privilege registers, LOCKR', 'wake-up from Stop'] },
    modelled: [
      ...banks.flatMap((b) => [b.rtsr, b.ftsr, b.swier, b.rpr, b.fpr, b.imr, b.emr].map((r) => r.name)),
      ...exticr.flatMap((r) => (r ? [r.name] : [])),
    ],
    create: () => ({ level: new Uint32Array(banks.length), events: 0, exticr4: 0 }),
    onReset(c) {
      c.s.exticr4 = 0;
      followPins(c);
      driveIrqs(c);
    },
    onWire(c, wire, value) {
      const other = lineOfWire.get(wire);
      if (other !== undefined) return setLevel(c, other, value !== 0);
      const line = Number(wire.slice(5)); // in.PA12
      if (wire[4] === portOf(c, line)) setLevel(c, line, value === 1);
    },
    write(c, r, merged, raw) {
      for (const [i, bank] of banks.entries()) {
        if (r === bank.rpr || r === bank.fpr) return c.get(r) & ~raw;
        if (r === bank.swier) {
          for (let bit = 0; bit < 32; bit++) if ((merged >>> bit) & 1) trigger(c, 32 * i + bit, bank.rpr);
          return 0;
        }
      }
      return merged;
    },
    wrote(c, r) {
      if (exticr.includes(r)) followPins(c); // a new port at another level is an edge
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
      followPins(c);
      return 0;
    },
  };
};
