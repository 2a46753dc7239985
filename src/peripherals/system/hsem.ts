/**
 * HSEM: hardware semaphores between two cores: two-step lock, read lock, release, clear by key, one interrupt for each core.
 *
 * Facts: registers ST SVD; take, release and clear rules, core identifiers 3 (Cortex-M7) and 1 (Cortex-M4): RM0399 HSEM and CMSIS header (documented). A
 * semaphore's status bit rises when it is released and its interrupt enable bit is set; that the interrupt is an event for the core's WFE too is inferred
 * (ST's start-up code of the M4 waits so, without an enabled NVIC line).
 * Every access ends the turn of the running core (wire `core.meet`), so that the other one comes to the same time. Wires driven: `event.<core>`.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { CORE_MEET } from '../../emu/wires.ts';
import { eventOf } from '../../emu/wires.ts';

export interface HsemOptions {
  /** COREID and name by core index. */
  readonly cores: readonly { readonly id: number; readonly name: string }[];
}
interface State {
  meetings: number;
  events: number;
}
type Context = RegisterContext<State>;

const LOCK = 0x80000000;
const OWNER = 0x00000fff;
const SEMAPHORES = 32;

export const hsem: ModelFactory<HsemOptions> = (layout, { cores }): RegisterModel<State> => {
  const numbers = Array.from({ length: SEMAPHORES }, (_, i) => i);
  const R = numbers.map((i) => layout.reg(`R${i}`));
  const RLR = numbers.map((i) => layout.reg(`RLR${i}`));
  const banks = cores.map((_core, i) => ({
    ier: layout.reg(`C${i + 1}IER`),
    icr: layout.reg(`C${i + 1}ICR`),
    isr: layout.reg(`C${i + 1}ISR`),
    misr: layout.reg(`C${i + 1}MISR`),
  }));
  const CR = layout.reg('CR');
  const KEYR = layout.reg('KEYR');
  const rOf = new Map<Register, number>(R.map((r, i) => [r, i]));
  const rlrOf = new Map<Register, number>(RLR.map((r, i) => [r, i]));

  const meet = (c: Context): void => c.env.setWire(CORE_MEET, ++c.s.meetings);
  const idOf = (c: Context): number => cores[c.env.master()]?.id ?? 0;
  const interrupts = (c: Context): void => {
    banks.forEach((bank, i) => {
      const old = c.get(bank.misr);
      const now = (c.get(bank.isr) & c.get(bank.ier)) >>> 0;
      c.put(bank.misr, now);
      c.env.irq(i, now !== 0, i);
      if ((now & ~old) !== 0) c.env.setWire(eventOf(cores[i]!.name), ++c.s.events);
    });
  };
  const release = (c: Context, n: number): void => {
    const free = c.get(R[n]!) & LOCK;
    c.put(R[n]!, 0);
    if (!free) return;
    for (const bank of banks) if ((c.get(bank.ier) >>> n) & 1) c.put(bank.isr, c.get(bank.isr) | (1 << n));
    interrupts(c);
  };
  const take = (c: Context, n: number, owner: number): void => {
    if ((c.get(R[n]!) & LOCK) === 0) c.put(R[n]!, (LOCK | owner) >>> 0);
  };

  return {
    about: { source: 'RM0399 HSEM, CMSIS header', confidence: 'documented', lacks: [] },
    modelled: 'all',
    create: () => ({ meetings: 0, events: 0 }),
    onReset: interrupts,
    read(c, r, value) {
      const n = rlrOf.get(r);
      if (n !== undefined) {
        // The read takes a free semaphore with PROCID 0.
        take(c, n, idOf(c) << 8);
        meet(c);
        return c.get(R[n]!);
      }
      if (rOf.has(r)) meet(c);
      return value;
    },
    peek: (c, r, value) => (rlrOf.has(r) ? c.get(R[rlrOf.get(r)!]!) : value),
    live: RLR.map((r) => r.name),
    acting: [...R, ...RLR].map((r) => r.name),
    write(c, r, _merged, raw) {
      meet(c);
      const n = rOf.get(r);
      if (n !== undefined) {
        const owner = raw & OWNER;
        // Writes in another core's name do nothing.
        if (((raw >>> 8) & 15) !== idOf(c)) return c.get(r);
        if (raw & LOCK) take(c, n, owner);
        else if ((c.get(r) & OWNER) === owner) release(c, n);
        return c.get(r);
      }
      if (rlrOf.has(r)) return 0;
      if (r === CR) {
        const id = (raw >>> 8) & 15;
        if (raw >>> 16 !== c.get(KEYR) >>> 16) {
          c.env.note('guest', "HSEM_CR written with a key that is not HSEM_KEYR's: ignored", { is: 'lost', why: 'key' });
          return 0;
        }
        for (const i of numbers) if ((c.get(R[i]!) & LOCK) !== 0 && ((c.get(R[i]!) >>> 8) & 15) === id) release(c, i);
        return 0;
      }
      for (const bank of banks) {
        if (r !== bank.icr) continue;
        c.put(bank.isr, c.get(bank.isr) & ~raw);
        return 0;
      }
      return undefined;
    },
    wrote(c, r) {
      if (banks.some((b) => r === b.ier || r === b.icr)) interrupts(c);
    },
    writable: Object.fromEntries([...banks.map((b) => [b.icr.name, 0]), [CR.name, 0]]),
  };
};
