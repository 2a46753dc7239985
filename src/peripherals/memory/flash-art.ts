/** FLASH_ACR of F2, F4, F7, L4 and G4 as the core's side of the flash controller sees it: wires `flash.latency`, `flash.prefetch` and `art.*`. */
import type { Field, RegisterContext } from '../../emu/registers.ts';
import { ART_DCACHE, ART_DCACHE_RESET, ART_ICACHE, ART_ICACHE_RESET, FLASH_LATENCY, FLASH_PREFETCH } from '../../emu/wires.ts';

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
  c.env.setWire(FLASH_LATENCY, f.latency.get(c));
  c.env.setWire(FLASH_PREFETCH, f.prften.get(c));
  c.env.setWire(ART_ICACHE, f.icen.get(c));
  c.env.setWire(ART_DCACHE, f.dcen?.get(c) ?? 0);
  c.env.setWire(ART_ICACHE_RESET, f.icrst.get(c) && !f.icen.get(c) ? 1 : 0);
  c.env.setWire(ART_DCACHE_RESET, f.dcrst?.get(c) && !f.dcen?.get(c) ? 1 : 0);
}
