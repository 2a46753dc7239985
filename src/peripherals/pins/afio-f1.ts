/**
 * AFIO of STM32F1: which port feeds each EXTI line. Remaps of pins are stored without effect.
 *
 * Facts: registers ST SVD; RM0008 9.4 (documented). Wires driven: `exti.source.<line>` = port number.
 */
import type { ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { extiSources } from './exti-sources.ts';

export const afioF1: ModelFactory = (layout): RegisterModel<object> => {
  const sources = extiSources(layout, 15);
  return {
    about: { source: 'RM0008 9.4', confidence: 'documented', lacks: ['remaps of pins (stored)', 'event output'] },
    modelled: ['MAPR', ...sources.names],
    create: () => ({}),
    onReset: (c) => sources.follow(c),
    wrote: (c) => sources.follow(c),
  };
};
