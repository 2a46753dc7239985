/**
 * AFIO of STM32F1: which port feeds each EXTI line, and where ADC1 and ADC2 have their last external trigger from. Of the remaps of pins, those of USART1 to USART3 have an effect.
 *
 * Facts: registers ST SVD; RM0008 9.4 (documented). Wires driven: `exti.source.<line>` = port number, `adc1.remap.regular` … = TIM8 in place of a pin, `usart1.remap` … = which pins it has.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { triggerRemap, usartRemap } from '../wires.ts';
import { extiSources } from './exti-sources.ts';

/** Bits of MAPR, by converter and group. */
const ADC_REMAPS = [
  { field: 'ADC1_ETRGINJ_REMAP', wire: triggerRemap('ADC1', 'injected') },
  { field: 'ADC1_ETRGREG_REMAP', wire: triggerRemap('ADC1', 'regular') },
  { field: 'ADC2_ETRGINJ_REMAP', wire: triggerRemap('ADC2', 'injected') },
  { field: 'ADC2_ETRGREG_REMAP', wire: triggerRemap('ADC2', 'regular') },
];

export const afioF1: ModelFactory = (layout): RegisterModel<object> => {
  const sources = extiSources(layout, 15);
  // The connectivity line has no TIM8, and no such bits.
  const remaps = ADC_REMAPS.filter(({ field }) => layout.hasField(`MAPR.${field}`)).map(({ field, wire }) => ({
    field: layout.field(`MAPR.${field}`),
    wire,
  }));
  const usarts = [1, 2, 3].map((n) => ({ field: layout.field(`MAPR.USART${n}_REMAP`), wire: usartRemap(`USART${n}`) }));
  const follow = (c: RegisterContext<object>): void => {
    for (const { field, wire } of remaps) c.env.setWire(wire, field.get(c));
    for (const { field, wire } of usarts) c.env.setWire(wire, field.get(c));
    sources.follow(c);
  };
  return {
    about: { source: 'RM0008 9.4', confidence: 'documented', lacks: ['remaps of pins beside those of USARTs (stored)', 'event output'] },
    modelled: ['MAPR', ...sources.names],
    create: () => ({}),
    onReset: follow,
    wrote: follow,
  };
};
