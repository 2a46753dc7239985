/**
 * SYSCFG of STM32F0, G0 and C0: memory at address 0, EXTI sources. CFGR1 also holds DMA remaps and pin drive, which are stored without effect.
 *
 * Facts: registers ST SVD; MEM_MODE takes the boot mode at reset: RM0091 SYSCFG_CFGR1 (documented).
 * Wire read: `boot.remap` = MEM_MODE that the boot selection gave. Driven: `remap` = MEM_MODE, `exti.source.<line>` = port number.
 */
import type { ModelFactory, RegisterModel } from '../emu/registers.ts';
import { extiSources } from './exti-sources.ts';

export const syscfgF0: ModelFactory = (layout): RegisterModel<object> => {
  const memMode = layout.field('CFGR1.MEM_MODE');
  const sources = extiSources(layout, 15);
  return {
    wires: ['boot.remap'],
    about: {
      source: 'RM0091 SYSCFG',
      confidence: 'documented',
      lacks: ['comparators (in the same block)', 'DMA remaps and pin drive (stored)', 'lock bits for timers'],
    },
    modelled: ['CFGR1', ...sources.names],
    create: () => ({}),
    onReset(c) {
      // ASSUMED: so does the block's own reset bit.
      memMode.set(c, c.env.wire('boot.remap'));
      c.env.setWire('remap', memMode.get(c));
      sources.follow(c);
    },
    onWire(c, _wire, value) {
      memMode.set(c, value);
      c.env.setWire('remap', value);
    },
    wrote(c, r) {
      if (r === memMode.register) c.env.setWire('remap', memMode.get(c));
      else sources.follow(c);
    },
  };
};
