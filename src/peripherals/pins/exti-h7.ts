/**
 * EXTI of STM32H7 with two cores: edge selection and software trigger in common, masks and pending bits for each core. Direct lines reach the NVICs by
 * their peripherals; here they only count as events.
 *
 * Facts: registers ST SVD, CPU2's copies by the CMSIS header; a line's pending bit is set in both cores' registers whatever the masks say (inferred); lines 79
 * and 80 are the cores' SEV towards each other, lines 82 and 84 the other core's WWDG reset: RM0399 EXTI line table (recalled: reported).
 *
 * Wires: listens to `in.PA0`… (GPIO), `exti.source.<line>` (SYSCFG), those in `lines`, `sev.<core>`; an event output is a change of `event.<core>`.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { bitOf, extiLines, forLines, SOURCE_WIRES, sourceOf, type EdgeBank, type ExtiOptions, type ExtiState } from './exti-lines.ts';
import { eventOf, sevOf } from '../../emu/wires.ts';

interface ExtiH7Options extends ExtiOptions {
  readonly cores: readonly string[];
  /** Line and interrupt (index into `irqs`) at which each core hears the other's SEV, by listening core. */
  readonly sev: readonly { readonly line: number; readonly irq: number }[];
}
type Context = RegisterContext<ExtiState>;
interface CoreBank {
  readonly imr: Register;
  readonly emr: Register;
  readonly pr: Register;
}
interface Bank extends EdgeBank {
  readonly swier: Register;
  readonly cores: readonly CoreBank[];
}

export const extiH7: ModelFactory<ExtiH7Options> = (layout, o): RegisterModel<ExtiState> => {
  const banks: readonly Bank[] = [1, 2, 3].map((n) => ({
    rtsr: layout.reg(`RTSR${n}`),
    ftsr: layout.reg(`FTSR${n}`),
    swier: layout.reg(`SWIER${n}`),
    cores: o.cores.map((_name, i) => ({
      imr: layout.reg(`C${i + 1}IMR${n}`),
      emr: layout.reg(`C${i + 1}EMR${n}`),
      pr: layout.reg(`C${i + 1}PR${n}`),
    })),
  }));
  const sevWires = o.cores.map(sevOf);
  const events = o.cores.map(eventOf);

  const driveIrqs = (c: Context): void =>
    o.cores.forEach((_name, core) => {
      const pending = banks.map(({ cores }) => c.get(cores[core]!.pr) & c.get(cores[core]!.imr));
      lines.driveIrqs(c, pending, core);
    });
  const event = (c: Context, core: number): void => c.env.setWire(events[core]!, ++c.s.events + EVENT_BASE);
  const trigger = (c: Context, line: number): void => {
    const bit = bitOf(line);
    banks[line >> 5]!.cores.forEach((b, core) => {
      c.put(b.pr, c.get(b.pr) | bit);
      if (c.get(b.emr) & bit) event(c, core);
    });
    driveIrqs(c);
  };
  const lines = extiLines<ExtiState>(o, banks, sourceOf, trigger);
  /** The other core has executed SEV: a pulse on a direct line. */
  const heard = (c: Context, from: number): void => {
    o.sev.forEach(({ line, irq }, core) => {
      if (core === from) return;
      const b = banks[line >> 5]!.cores[core]!;
      const bit = 1 << (line & 31);
      if (c.get(b.emr) & bit) event(c, core);
      if (!(c.get(b.imr) & bit)) return;
      c.env.irq(irq, true, core);
      c.env.irq(irq, false, core);
    });
  };

  const prs = banks.flatMap((b) => b.cores.map((x) => x.pr));
  return {
    wires: [...lines.pinWires, ...SOURCE_WIRES, ...lines.otherWires, ...sevWires],
    about: {
      source: 'RM0399 EXTI; line numbers recalled',
      confidence: 'reported',
      lacks: ['pending and clear selection of the D3 domain', 'wake-up of domains from Stop'],
    },
    modelled: banks.flatMap((b) => [b.rtsr, b.ftsr, b.swier, ...b.cores.flatMap((x) => [x.imr, x.emr, x.pr])].map((r) => r.name)),
    writable: {
      // Pending bits clear by writing one.
      ...Object.fromEntries(prs.map((r) => [r.name, 0])),
      // The SVD has lost the write access of these; their fields are those of the lines.
      ...Object.fromEntries(['IMR3', 'EMR3'].flatMap((r) => o.cores.map((_n, i) => [`C${i + 1}${r}`, 0x01f5ffff]))),
    },
    create: () => ({ level: new Uint32Array(banks.length), events: 0 }),
    onReset(c) {
      lines.followPins(c);
      driveIrqs(c);
    },
    onWire(c, wire, value) {
      const core = sevWires.indexOf(wire);
      if (core >= 0) heard(c, core);
      else lines.onWire(c, wire, value);
    },
    ignores: lines.ignores,
    write(c, r, merged, raw) {
      if (prs.includes(r)) {
        for (const bank of banks) if (bank.cores.some((x) => x.pr === r)) c.put(bank.swier, c.get(bank.swier) & ~raw);
        return c.get(r) & ~raw;
      }
      for (const [i, bank] of banks.entries()) {
        if (r !== bank.swier) continue;
        const rising = merged & ~c.get(r);
        c.put(r, merged);
        forLines(i, rising, (line) => trigger(c, line));
        return merged;
      }
      return merged;
    },
    wrote: driveIrqs,
  };
};
/** Keeps values of this block's event wires apart from those of others that drive them. */
const EVENT_BASE = 0x40000000;
