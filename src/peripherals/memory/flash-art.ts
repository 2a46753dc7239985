/** FLASH_ACR of F2, F4, F7, L4 and G4 as the core's side of the flash controller sees it: wires `flash.latency`, `flash.prefetch` and `art.*`. */
import type { Field, RegisterContext } from '../../emu/registers.ts';

export interface AcrFields {
  readonly latency: Field;
  readonly prften: Field;
  readonly icen: Field;
  /** Null where one cache serves both. */
  readonly dcen: Field | null;
  readonly icrst: Field;
  readonly dcrst: Field | null;
}

/** A cache is reset by its bit while it is off. */
export function driveArt(c: RegisterContext<object>, f: AcrFields): void {
  c.env.setWire('flash.latency', f.latency.get(c));
  c.env.setWire('flash.prefetch', f.prften.get(c));
  c.env.setWire('art.icache', f.icen.get(c));
  c.env.setWire('art.dcache', f.dcen?.get(c) ?? 0);
  c.env.setWire('art.icache.reset', f.icrst.get(c) && !f.icen.get(c) ? 1 : 0);
  c.env.setWire('art.dcache.reset', f.dcrst?.get(c) && !f.dcen?.get(c) ? 1 : 0);
}
