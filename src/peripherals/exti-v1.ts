/**
 * EXTI: extended interrupt controller, the version with one pending register (F0, F3, F4, L4…). Modelled: edge selection, software trigger, pending, masks.
 * The ports' selection lies in SYSCFG.
 *
 * Facts: registers ST SVD, behaviour RM0091 and RM0351 EXTI (documented): the pending bit is set by a selected edge or SWIER whatever the mask says, the line to the
 * NVIC is pending AND IMR. ASSUMED: SWIER sets the pending bit also while IMR masks the line (RM0091 asks for the mask). Direct lines go straight from their
 * peripheral to the NVIC and are not handled here.
 *
 * Wires: listens to `in.PA0`… (GPIO), `exti.source.<line>` (SYSCFG) and those in `lines`; each event output (EMR) increments `exti.event`.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';

export interface ExtiV1Options {
  /** Port letters by source code. */
  readonly ports: string;
  /** Interrupt of lines 0, 1, …: index into the row's `irqs`; -1 = none. */
  readonly irqOfLine: readonly number[];
  /** Wires of configurable lines that are not pins, by line number. */
  readonly lines: Readonly<Record<string, string>>;
}
const DEFAULTS: ExtiV1Options = { ports: 'ABCDEFGHI', irqOfLine: Array.from({ length: 16 }, (_, i) => i), lines: {} };

interface State {
  /** Levels of the lines, 32 a word. */
  level: Uint32Array;
  events: number;
}
type Context = RegisterContext<State>;

/** The registers of lines 32 x n … 32 x n + 31. */
interface Bank {
  readonly rtsr: Register;
  readonly ftsr: Register;
  readonly swier: Register;
  readonly pr: Register;
  readonly imr: Register;
  readonly emr: Register;
}

export const extiV1: ModelFactory = (layout: Layout, given): RegisterModel<State> => {
  const o: ExtiV1Options = { ...DEFAULTS, ...(given as Partial<ExtiV1Options>) };
  const suffixes = layout.has('PR') ? [''] : ['1', '2'].filter((n) => layout.has(`PR${n}`));
  const banks: readonly Bank[] = suffixes.map((n) => {
    const reg = (name: string): Register => layout.reg(`${name}${n}`);
    return { rtsr: reg('RTSR'), ftsr: reg('FTSR'), swier: reg('SWIER'), pr: reg('PR'), imr: reg('IMR'), emr: reg('EMR') };
  });
  const lineOfWire = new Map(Object.entries(o.lines).map(([line, wire]) => [wire, Number(line)]));
  const pinWires = [...o.ports].flatMap((port) => Array.from({ length: 16 }, (_, i) => `in.P${port}${i}`));
  const sourceWires = Array.from({ length: 16 }, (_, i) => `exti.source.${i}`);
  const irqIndexes = [...new Set(o.irqOfLine)].filter((i) => i >= 0);

  const portOf = (c: Context, line: number): string => o.ports[c.env.wire(`exti.source.${line}`)] ?? '';
  const driveIrqs = (c: Context): void => {
    const active = new Set<number>();
    o.irqOfLine.forEach((index, line) => {
      const bank = banks[line >> 5]!;
      if (index >= 0 && ((c.get(bank.pr) & c.get(bank.imr)) >>> (line & 31)) & 1) active.add(index);
    });
    for (const index of irqIndexes) c.env.irq(index, active.has(index));
  };
  const trigger = (c: Context, line: number): void => {
    const bank = banks[line >> 5]!;
    const bit = (1 << (line & 31)) >>> 0;
    c.put(bank.pr, c.get(bank.pr) | bit);
    if (c.get(bank.emr) & bit) c.env.setWire('exti.event', ++c.s.events);
    driveIrqs(c);
  };
  const setLevel = (c: Context, line: number, high: boolean): void => {
    const bank = banks[line >> 5]!;
    const bit = (1 << (line & 31)) >>> 0;
    const old = c.s.level[line >> 5]!;
    if (((old & bit) !== 0) === high) return;
    c.s.level[line >> 5] = high ? old | bit : old & ~bit;
    if (c.get(high ? bank.rtsr : bank.ftsr) & bit) trigger(c, line);
  };
  const followPin = (c: Context, line: number): void => setLevel(c, line, c.env.wire(`in.P${portOf(c, line)}${line}`) === 1);

  return {
    wires: [...pinWires, ...sourceWires, ...lineOfWire.keys()],
    about: { source: 'RM0091 and RM0351 EXTI', confidence: 'documented', lacks: ['wake-up from Stop'] },
    modelled: banks.flatMap((b) => [b.rtsr, b.ftsr, b.swier, b.pr, b.imr, b.emr].map((r) => r.name)),
    create: () => ({ level: new Uint32Array(banks.length), events: 0 }),
    onReset(c) {
      for (let line = 0; line < 16; line++) followPin(c, line);
      driveIrqs(c);
    },
    onWire(c, wire, value) {
      const other = lineOfWire.get(wire);
      if (other !== undefined) return setLevel(c, other, value !== 0);
      if (wire.startsWith('exti.')) return followPin(c, Number(wire.slice('exti.source.'.length))); // another port at another level is an edge
      const line = Number(wire.slice(5)); // in.PA12
      if (wire[4] === portOf(c, line)) setLevel(c, line, value === 1);
    },
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
          for (let bit = 0; bit < 32; bit++) if ((rising >>> bit) & 1) trigger(c, 32 * i + bit);
          return merged;
        }
      }
      return merged;
    },
    wrote: driveIrqs,
  };
};
