/** FLASH_ACR of L4 and F4 as the core's side of the flash controller sees it: wires `flash.latency`, `flash.prefetch` and `art.*`. */
import type { Field, RegisterContext } from '../emu/registers.ts';

export interface AcrFields {
  readonly latency: Field;
  readonly prften: Field;
  readonly icen: Field;
  readonly dcen: Field;
  readonly icrst: Field;
  readonly dcrst: Field;
}

/** A cache is reset by its bit while it is off. */
export function driveArt(c: RegisterContext<object>, f: AcrFields): void {
  c.env.setWire('flash.latency', f.latency.get(c));
  c.env.setWire('flash.prefetch', f.prften.get(c));
  c.env.setWire('art.icache', f.icen.get(c));
  c.env.setWire('art.dcache', f.dcen.get(c));
  c.env.setWire('art.icache.reset', f.icrst.get(c) && !f.icen.get(c) ? 1 : 0);
  c.env.setWire('art.dcache.reset', f.dcrst.get(c) && !f.dcen.get(c) ? 1 : 0);
}
