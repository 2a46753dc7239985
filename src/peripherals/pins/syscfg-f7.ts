/**
 * SYSCFG of STM32F7: EXTI sources, and on F76x the exchange of the banks. Nothing can be mapped to address 0.
 *
 * Facts: registers ST SVD; SWP_FB exchanges the banks of a flash with two: RM0410 7.2.1 (documented).
 * Wires driven: `flash.swap` = SWP_FB, `exti.source.<line>` = port number.
 */
import type { ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { extiSources } from './exti-sources.ts';
import { FLASH_SWAP } from '../wires.ts';

export const syscfgF7: ModelFactory = (layout): RegisterModel<object> => {
  const swap = layout.hasField('MEMRMP.SWP_FB') ? layout.field('MEMRMP.SWP_FB') : null;
  const sources = extiSources(layout, layout.field('EXTICR1.EXTI0').max);
  return {
    about: {
      source: 'RM0385 7, RM0410 7, RM0431 7',
      confidence: 'documented',
      lacks: ['MEM_BOOT (reads its reset value)', 'compensation cell', 'fast-mode-plus pins', 'Ethernet interface selection'],
    },
    modelled: ['MEMRMP', ...sources.names],
    create: () => ({}),
    onReset(c) {
      if (swap) c.env.setWire(FLASH_SWAP, swap.get(c));
      sources.follow(c);
    },
    wrote(c, r) {
      if (r === swap?.register) c.env.setWire(FLASH_SWAP, swap.get(c));
      else sources.follow(c);
    },
  };
};
