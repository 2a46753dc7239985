/**
 * DBGMCU: identity code and debug configuration. Low-power and freeze bits act only while a debugger has halted the core; the registers
 * keep what is written. Only power-on resets them (RM0481 DBGMCU, documented).
 */
import type { ModelFactory, RegisterModel } from '../emu/registers.ts';

export interface DbgmcuOptions {
  /** DEV_ID, e.g. 0x478. */
  readonly devId: number;
  readonly revId: number;
}

export const dbgmcu: ModelFactory = (layout, options): RegisterModel<object> => {
  const { devId, revId } = options as unknown as DbgmcuOptions;
  const idcode = layout.has('IDCODE') ? 'IDCODE' : 'IDC';
  const mailbox = /^DBG_AUTH/;
  return {
    about: {
      source: 'RM0481 DBGMCU and its siblings',
      confidence: 'documented',
      lacks: ['freezing of timers and watchdogs while a debugger has halted the core', 'low-power debugging', 'authentication mailbox'],
    },
    modelled: layout.registers.map((r) => r.name).filter((n) => !mailbox.test(n)),
    resets: { [idcode]: ((revId << 16) | devId) >>> 0 },
    create: () => ({}),
    keeps: (_r, kind) => kind !== 'power',
  };
};
