/**
 * Dual modes of the ADC with ISR and ADSTART: what a master tells its slave, and the data that both share.
 *
 * Facts: RM0351 18.4.30, RM0399 26.4.32 (documented). That the slave's ADSTART and JADSTART follow the master's: ST's drivers, which start the master alone and wait
 * for both to stop (inferred). A read of CDR takes both results, as reads of DR would (inferred).
 * Wires, by the name of CCR's: `.order` a number that changes each time, the delay of an interleaved slave and what it shall do; `.cfgr` and `.jsqr` of the master;
 * `.taken` changes when CDR is read. By converter: `.data` is its DR when the common block looks, `.result` changes with each result that CDR waits for.
 */
import type { Layout, Register, RegisterContext } from '../../emu/registers.ts';
import { wire, type Wire } from '../../emu/wires.ts';
import { ofBlock } from '../wires.ts';

export type Group = 'regular' | 'injected';
export type Role = 'master' | 'slave';
/** How a group of both is started: at once, the slave later, or one of them at each trigger. */
export type Coupling = 'together' | 'interleaved' | 'alternate';
const MODES: Readonly<Record<number, Partial<Record<Group, Coupling>>>> = {
  1: { regular: 'together', injected: 'together' },
  2: { regular: 'together', injected: 'alternate' },
  3: { regular: 'interleaved', injected: 'together' },
  5: { injected: 'together' },
  6: { regular: 'together' },
  7: { regular: 'interleaved' },
  9: { injected: 'alternate' },
};
export const couplingOf = (ccr: number, group: Group): Coupling | undefined => MODES[ccr & 31]?.[group];
/** MDMA, H7: DAMDF: how many bits of each result CDR packs; 0 = every converter has its own request. */
export const packedBits = (ccr: number): number => (MODES[ccr & 31]?.regular ? ([0, 0, 16, 8][(ccr >>> 14) & 3] ?? 0) : 0);
/** Clocks of the converter between the end of the master's sampling and the slave's start. */
export const delayClocks = (ccr: number): number => ((ccr >>> 8) & 15) + 1;

/** What the slave shall do with a group: its ADSTART rises, it starts, it stops. */
export type Order = 'arm' | 'run' | 'stop';
const ORDERS: readonly Order[] = ['arm', 'run', 'stop'];
const GROUPS: readonly Group[] = ['regular', 'injected'];
const DELAYS = 0x10;
const COUNTS = 0x100000;
const MOST_COUNTS = 0x400;
/** @param before value of the wire now; @param halfClocks until the slave starts */
export const orderWire = (before: number, order: Order, group: Group, halfClocks = 0): number =>
  ((Math.floor(before / COUNTS) + 1) % MOST_COUNTS) * COUNTS + halfClocks * DELAYS + 4 * GROUPS.indexOf(group) + ORDERS.indexOf(order);
export const orderOf = (wire: number): { readonly order: Order; readonly group: Group; readonly halfClocks: number } => ({
  order: ORDERS[wire & 3]!,
  group: GROUPS[(wire >>> 2) & 1]!,
  halfClocks: Math.floor((wire % COUNTS) / DELAYS),
});
/** Bits of CFGR that a slave takes from its master: CONT, AUTDLY, DISCEN, DISCNUM, JDISCEN, JAUTO. */
export const SHARED_CFGR = (1 << 13) | (1 << 14) | (15 << 16) | (1 << 20) | (1 << 25);

export const dualWires = (ccr: string): Readonly<Record<'order' | 'cfgr' | 'jsqr' | 'taken', Wire>> => ({
  order: wire(`${ccr}.order`),
  cfgr: wire(`${ccr}.cfgr`),
  jsqr: wire(`${ccr}.jsqr`),
  taken: wire(`${ccr}.taken`),
});

export interface DualDataState {
  /** A result of the master, and one of the slave, that CDR has not given away. */
  readonly waiting: [boolean, boolean];
  /** CDR2 gives the slave's next. */
  slaveNext: boolean;
}
export const freshDualData = (): DualDataState => ({ waiting: [false, false], slaveNext: false });
type Ctx = RegisterContext<DualDataState>;

/** CDR, and CDR2 of H7. */
export class DualData {
  readonly cdr: Register | null;
  readonly cdr2: Register | null;
  readonly results: readonly Wire[];
  private readonly data: readonly Wire[];
  private readonly request: Wire;
  private readonly taken: Wire;
  private readonly ccr: Wire;

  constructor(layout: Layout, pair: readonly string[], ccr: string) {
    this.cdr = pair.length === 2 && layout.has('CDR') ? layout.reg('CDR') : null;
    this.cdr2 = this.cdr && layout.has('CDR2') ? layout.reg('CDR2') : null;
    this.results = this.cdr ? pair.map((name) => ofBlock(name, 'result')) : [];
    this.data = pair.map((name) => ofBlock(name, 'data'));
    this.request = ofBlock(pair[0]!, 'dma');
    this.taken = dualWires(ccr).taken;
    this.ccr = wire(ccr);
  }
  clear(c: Ctx): void {
    if (c.s.waiting[0] && c.s.waiting[1]) c.env.setWire(this.request, 0);
    c.s.waiting[0] = c.s.waiting[1] = false;
    c.s.slaveNext = false;
  }
  /** A converter has a result: the request rises with that of the second one. */
  came(c: Ctx, result: Wire): void {
    c.s.waiting[this.results.indexOf(result) as 0 | 1] = true;
    if (c.s.waiting[0] && c.s.waiting[1]) c.env.setWire(this.request, 1);
  }
  /** @returns what a read gives; both converters have been asked for their data */
  read(c: Ctx, r: Register): number {
    const [master, slave] = this.data.map((data) => c.env.wire(data)) as [number, number];
    const bits = packedBits(c.env.wire(this.ccr));
    const width = bits === 8 ? 8 : 16;
    const mask = 2 ** width - 1;
    const alternate = c.s.slaveNext ? slave : master;
    const value = r === this.cdr2 ? alternate >>> 0 : ((master & mask) | ((slave & mask) << width)) >>> 0;
    if (r === this.cdr2) c.s.slaveNext = !c.s.slaveNext;
    if (bits > 0) this.clear(c);
    c.env.setWire(this.taken, (c.env.wire(this.taken) + 1) % COUNTS);
    return value;
  }
}
