/**
 * DBGMCU: identity code and debug configuration. DBG_STOP and DBG_STANDBY act with and without a debugger (PWR follows the wires `debug.stop` and `debug.standby`);
 * freeze bits act only while a debugger has halted the core: the registers keep what is written. Only power-on resets them (RM0481 DBGMCU, documented).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { DEBUG_STANDBY, DEBUG_STOP } from '../wires.ts';

export interface DbgmcuOptions {
  /** DEV_ID, e.g. 0x478. */
  readonly devId: number;
  readonly revId: number;
}

export const dbgmcu: ModelFactory<DbgmcuOptions> = (layout, { devId, revId }): RegisterModel<object> => {
  const idcode = layout.has('IDCODE') ? 'IDCODE' : 'IDC';
  const mailbox = /^DBG_AUTH/;
  const wires = (
    [
      ['CR.DBG_STOP', DEBUG_STOP],
      ['CR.DBG_STANDBY', DEBUG_STANDBY],
      ['CR.DBGSTPD1', DEBUG_STOP],
      ['CR.DBGSTBD1', DEBUG_STANDBY],
    ] as const
  )
    .filter(([path]) => layout.hasField(path))
    .map(([path, wire]) => ({ field: layout.field(path), wire }));
  const drive = (c: RegisterContext<object>): void => {
    for (const { field, wire } of wires) c.env.setWire(wire, field.get(c));
  };
  return {
    about: {
      source: 'RM0481 DBGMCU and its siblings',
      confidence: 'documented',
      lacks: ['freezing of timers and watchdogs while a debugger has halted the core', 'authentication mailbox'],
    },
    modelled: layout.registers.map((r) => r.name).filter((n) => !mailbox.test(n)),
    resets: { [idcode]: ((revId << 16) | devId) >>> 0 },
    create: () => ({}),
    keeps: (_r, kind) => kind !== 'power',
    onReset: drive,
    wrote: drive,
  };
};
