/**
 * SYSCFG of STM32H7: EXTI sources, VOS0 overdrive, compensation cell, user registers that repeat the option bytes in force.
 *
 * Facts: registers ST SVD with the CMSIS header's names; that the user registers show option bytes: RM0399 SYSCFG (documented). The compensation cell is ready a
 * while after EN (no figure published, assumed). PKGR is the package that the part is in (src/chips/h7-packages.ts).
 * Wires driven: `exti.source.<line>` = port number, `vos0` = ODEN. Wires read: `option.<register>.<field>` (FLASH).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { extiSources } from './exti-sources.ts';
import { VOS0 } from '../wires.ts';
import { wire } from '../../emu/wires.ts';

/** User register fields by the wires that FLASH drives. */
const USER_FIELDS: readonly (readonly [field: string, wire: string])[] = [
  ['UR0.RDP', 'option.RDP'],
  ['UR1.BCM4', 'option.BCM4'],
  ['UR1.BCM7', 'option.BCM7'],
  ['UR2.BORH', 'option.BOR_LEV'],
  ['UR2.BCM7_ADD0', 'option.BCM7_ADD0'],
  ['UR3.BCM7_ADD1', 'option.BCM7_ADD1'],
  ['UR3.BCM4_ADD0', 'option.BCM4_ADD0'],
  ['UR4.BCM4_ADD1', 'option.BCM4_ADD1'],
  ['UR11.IWDG1M', 'option.IWDG1_SW'],
  ['UR12.IWDG2M', 'option.IWDG2_SW'],
  ['UR12.SECURE', 'option.SECURITY'],
  ['UR17.IO_HSLV', 'option.IO_HSLV'],
];

export const syscfgH7: ModelFactory = (layout): RegisterModel<object> => {
  const sources = extiSources(layout, 15);
  const oden = layout.field('PWRCR.ODEN');
  const cell = layout.field('CCCSR.EN');
  const ready = layout.field('CCCSR.READY');
  const pkg = layout.field('PKGR.PKG');
  const users = USER_FIELDS.map(([path, name]) => ({ field: layout.field(path), wire: wire(name) }));
  const userRegisters = [...new Set(users.map((u) => u.field.register.name))];
  const show = (c: RegisterContext<object>): void => {
    for (const u of users) u.field.set(c, c.env.wire(u.wire));
  };
  return {
    timers: ['cell'],
    wires: users.map((u) => u.wire),
    about: {
      source: 'RM0399 SYSCFG',
      confidence: 'documented',
      lacks: ['fast-mode-plus pins', 'Ethernet interface selection', 'analog switches', 'lock-up connections of CFGR'],
    },
    modelled: [...sources.names, 'PWRCR', 'CCCSR', 'PKGR', ...userRegisters],
    writable: {
      ...Object.fromEntries(userRegisters.map((name) => [name, 0])),
      CCCSR: layout.reg('CCCSR').writable & ~ready.mask,
    },
    // What they are depends on the option bytes; the SVD's values are those of one device.
    resets: Object.fromEntries(userRegisters.map((name) => [name, 0])),
    create: () => ({}),
    onReset(c) {
      c.env.disarm('cell');
      c.env.setWire(VOS0, 0);
      pkg.set(c, c.env.parameter('package.code') ?? 0);
      show(c);
      sources.follow(c);
    },
    onTimer: (c) => ready.set(c, cell.get(c)),
    onWire: show,
    wrote(c, r, value) {
      if (r === oden.register) c.env.setWire(VOS0, oden.of(value));
      else if (r === cell.register) {
        if (cell.of(value)) c.env.arm('cell', c.env.now() + (c.env.parameter('compensation.ready.ps') ?? 0));
        else ready.set(c, 0);
      } else sources.follow(c);
    },
  };
};
