/**
 * SYSCFG of STM32L4, F2, F4, F7 and G4: memory at address 0, bank mapping where there are two, EXTI sources.
 *
 * Facts: registers ST SVD; MEM_MODE codes HAL-L4, RM0090 SYSCFG_MEMRMP (documented); MEM_MODE takes the boot mode at reset: RM0351 SYSCFG_MEMRMP (documented).
 * Wire read: `boot.remap` = MEM_MODE that the boot selection gave. Driven: `remap` = MEM_MODE, `flash.swap` = FB_MODE, `exti.source.<line>` = port number.
 */
import type { ModelFactory, RegisterModel } from '../emu/registers.ts';
import { extiSources } from './exti-sources.ts';

export const syscfgL4: ModelFactory = (layout): RegisterModel<object> => {
  const memMode = layout.field('MEMRMP.MEM_MODE');
  const fbMode = layout.hasField('MEMRMP.FB_MODE') ? layout.field('MEMRMP.FB_MODE') : null;
  // Three bits on L4, four elsewhere; reserved codes name no port in EXTI's row.
  const sources = extiSources(layout, layout.field('EXTICR1.EXTI0').max);
  return {
    wires: ['boot.remap'],
    about: {
      source: 'RM0351 and RM0090 SYSCFG, HAL-L4',
      confidence: 'documented',
      lacks: [
        'compensation cell (F4)',
        'firewall',
        'erase and write protection of SRAM2',
        'fast-mode-plus pins',
        'FPU interrupts',
        'lock bits for timers',
      ],
    },
    modelled: ['MEMRMP', ...sources.names],
    create: () => ({}),
    onReset(c) {
      // ASSUMED: so does the block's own reset bit.
      memMode.set(c, c.env.wire('boot.remap'));
      if (fbMode) c.env.setWire('flash.swap', fbMode.get(c));
      c.env.setWire('remap', memMode.get(c));
      sources.follow(c);
    },
    onWire(c, _wire, value) {
      memMode.set(c, value);
      c.env.setWire('remap', value);
    },
    wrote(c, r) {
      if (r === memMode.register) {
        if (fbMode) c.env.setWire('flash.swap', fbMode.get(c));
        c.env.setWire('remap', memMode.get(c));
      } else sources.follow(c);
    },
  };
};
