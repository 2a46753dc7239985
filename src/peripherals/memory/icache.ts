/**
 * ICACHE: enable, full invalidation, monitors, error flag. The cache itself belongs to the core, which follows the wires.
 *
 * Facts: an invalidation starts by itself at power-on, at a system reset and when the cache is disabled, and the cache is bypassed until it
 * ends; EN reads 0 before that (HAL-H5 icache.c, documented). Its length is the parameter `icache.invalidate.clocks`.
 * Wires driven: `icache.enabled` (EN and not busy), `icache.ways` (1 or 2), `icache.invalidate` (number of invalidations since power-on).
 * ERRF: a write to cacheable memory while the cache is on (RM0456 as quoted in TrustedFirmware-M issue 30: documented); the write itself goes on to the flash
 * (reported there).
 * Wires read: `icache.hits`, `icache.misses`: totals since power-on, modulo 2^32; `icache.error` changes with each such write.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { ICACHE_ENABLED, ICACHE_ERROR, ICACHE_INVALIDATE, ICACHE_WAYS } from '../../emu/wires.ts';
import { ICACHE_HITS, ICACHE_MISSES } from '../../emu/wires.ts';

export interface IcacheState {
  /** Count of the clock at which the invalidation ends. */
  endCount: number;
  invalidations: number;
  /** Totals when each monitor was last started or reset, and what it had counted before it was stopped. */
  hitBase: number;
  hitHeld: number;
  missBase: number;
  missHeld: number;
}
type Ctx = RegisterContext<IcacheState>;

export const icache: ModelFactory<{ readonly clock?: string }> = (layout, { clock = 'hclk' }): RegisterModel<IcacheState> => {
  const en = layout.field('CR.EN');
  const waysel = layout.field('CR.WAYSEL');
  const inv = layout.field('CR.CACHEINV');
  const hit = { on: layout.field('CR.HITMEN'), reset: layout.field('CR.HITMRST'), reg: layout.reg('HMONR'), max: 0xffffffff };
  const miss = { on: layout.field('CR.MISSMEN'), reset: layout.field('CR.MISSMRST'), reg: layout.reg('MMONR'), max: 0xffff };
  const busy = layout.field('SR.BUSYF');
  const end = layout.field('SR.BSYENDF');
  const err = layout.field('SR.ERRF');
  const ier = layout.reg('IER');
  const sr = layout.reg('SR');
  const fcr = layout.reg('FCR');

  const wires = (c: Ctx): void => {
    c.env.setWire(ICACHE_WAYS, waysel.get(c) + 1);
    c.env.setWire(ICACHE_ENABLED, en.get(c) && !busy.get(c) ? 1 : 0);
  };
  const interrupt = (c: Ctx): void => c.env.irq(0, (c.get(sr) & c.get(ier)) !== 0);
  const invalidate = (c: Ctx): void => {
    busy.set(c, 1);
    c.s.endCount = c.env.clockCount(clock) + (c.env.parameter('icache.invalidate.clocks') ?? 0);
    c.env.arm('invalidate', c.env.clockTimeOf(clock, c.s.endCount));
    c.env.setWire(ICACHE_INVALIDATE, ++c.s.invalidations);
    wires(c);
  };
  const counted = (c: Ctx, which: 'hit' | 'miss'): number => {
    const m = which === 'hit' ? hit : miss;
    const base = which === 'hit' ? c.s.hitBase : c.s.missBase;
    const held = which === 'hit' ? c.s.hitHeld : c.s.missHeld;
    const total = c.env.total(which === 'hit' ? ICACHE_HITS : ICACHE_MISSES);
    return Math.min(m.max, held + (m.on.get(c) ? (total - base) >>> 0 : 0));
  };
  const hold = (c: Ctx, which: 'hit' | 'miss', value: number): void => {
    const total = c.env.total(which === 'hit' ? ICACHE_HITS : ICACHE_MISSES);
    if (which === 'hit') [c.s.hitHeld, c.s.hitBase] = [value, total];
    else [c.s.missHeld, c.s.missBase] = [value, total];
  };
  const isControl = (r: Register): boolean => r === en.register;

  return {
    timers: ['invalidate'],
    clocks: [clock],
    wires: [ICACHE_ERROR],
    about: { source: 'HAL-H5 icache.c', confidence: 'documented', lacks: ['region remapping'] },
    modelled: ['CR', 'SR', 'IER', 'FCR', 'HMONR', 'MMONR'],
    create: () => ({ endCount: 0, invalidations: 0, hitBase: 0, hitHeld: 0, missBase: 0, missHeld: 0 }),
    onReset(c) {
      hold(c, 'hit', 0);
      hold(c, 'miss', 0);
      invalidate(c);
      interrupt(c);
    },
    onClock(c) {
      if (busy.get(c)) c.env.arm('invalidate', c.env.clockTimeOf(clock, c.s.endCount));
    },
    onTimer(c) {
      busy.set(c, 0);
      end.set(c, 1);
      wires(c);
      interrupt(c);
    },
    onWire(c) {
      err.set(c, 1);
      interrupt(c);
    },
    live: [hit.reg.name, miss.reg.name],
    read(c, r, value) {
      return r === hit.reg ? counted(c, 'hit') : r === miss.reg ? counted(c, 'miss') : value;
    },
    write(c, r, merged, raw) {
      if (r === fcr) {
        c.put(sr, c.get(sr) & ~(raw & 0x6));
        interrupt(c);
        return 0;
      }
      if (!isControl(r)) return undefined;
      const old = c.get(r);
      hold(c, 'hit', raw & hit.reset.mask ? 0 : counted(c, 'hit'));
      hold(c, 'miss', raw & miss.reset.mask ? 0 : counted(c, 'miss'));
      // WAYSEL is frozen while the cache is enabled.
      const frozen = en.of(old) ? waysel.mask : 0;
      c.put(r, (merged & ~frozen) | (old & frozen));
      if ((en.of(old) && !en.get(c)) || raw & inv.mask) invalidate(c);
      wires(c);
      return c.get(r);
    },
    wrote(c, r) {
      if (r === ier) interrupt(c);
    },
  };
};
