/**
 * DMAMUX: leads each DMA channel the request that its DMAREQ_ID names. Request generator and synchronisation are left out.
 *
 * Facts: registers ST SVD; RM0399 17 (documented). Wires: `<block>.<n>` is driven with the level of the line that channel n has chosen.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { wiresByNumber, type Wire } from '../../emu/wires.ts';
import { ofBlock } from '../wires.ts';

export interface DmamuxOptions {
  readonly block: string;
  readonly channels: number;
  /** Request line by number. */
  readonly requests: Readonly<Record<number, string>>;
}
const ID = 0xff;

class Dmamux {
  private readonly channels: readonly Register[];
  /** Lines by number, and those that lead to the channels. */
  private readonly requests: Readonly<Record<number, Wire>>;
  private readonly outputs: readonly Wire[];

  constructor(layout: Layout, options: DmamuxOptions) {
    this.requests = wiresByNumber(options.requests);
    this.outputs = Array.from({ length: options.channels }, (_, i) => ofBlock(options.block, `${i}`));
    this.channels = Array.from({ length: options.channels }, (_, i) => layout.at(4 * i)!);
  }
  private drive(c: RegisterContext<object>, channel: number, value: number): void {
    c.env.setWire(this.outputs[channel]!, value);
  }
  private wireOf(c: RegisterContext<object>, channel: number): Wire | undefined {
    return this.requests[c.get(this.channels[channel]!) & ID];
  }
  get followed(): readonly Wire[] {
    return [...new Set(Object.values(this.requests))];
  }
  /** A channel has chosen a line: events of the past (values above 1, see dma-requests.ts) are none of its own. */
  choose(c: RegisterContext<object>, channel: number): void {
    const wire = this.wireOf(c, channel);
    this.drive(c, channel, wire !== undefined && c.env.wire(wire) === 1 ? 1 : 0);
  }
  chooseAll(c: RegisterContext<object>, r?: Register): void {
    this.channels.forEach((own, i) => {
      if (r === undefined || r === own) this.choose(c, i);
    });
  }
  ledTo(c: RegisterContext<object>, wire: Wire): readonly Wire[] {
    return this.outputs.filter((_, i) => this.wireOf(c, i) === wire);
  }
  /** A line has changed. */
  follow(c: RegisterContext<object>, wire: Wire, value: number): void {
    for (let i = 0; i < this.channels.length; i++) if (this.wireOf(c, i) === wire) this.drive(c, i, value);
  }
}

export const dmamux: ModelFactory<DmamuxOptions> = (layout, options): RegisterModel<object> => {
  const mux = new Dmamux(layout, options);
  return {
    wires: mux.followed,
    about: { source: 'RM0399 17', confidence: 'documented', lacks: ['request generator', 'synchronisation'] },
    modelled: layout.registers.filter((r) => r.offset < 4 * options.channels).map((r) => r.name),
    create: () => ({}),
    onReset: (c) => mux.chooseAll(c),
    onWire: (c, wire, value) => mux.follow(c, wire, value),
    leads: (c, wire) => mux.ledTo(c, wire),
    wrote: (c, r) => mux.chooseAll(c, r),
  };
};
