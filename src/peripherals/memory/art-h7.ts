/**
 * ART accelerator of STM32H7: caches the instructions that the Cortex-M4 fetches from one page of one megabyte. The cache itself belongs to the core's
 * fetch timing. Wires driven: `art.enabled`, `art.page` (bits 31:20 of the page's addresses).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { ART_ENABLED, ART_PAGE } from '../../emu/wires.ts';

export const artH7: ModelFactory = (layout): RegisterModel<object> => {
  const en = layout.field('CTR.EN');
  const page = layout.field('CTR.PCACHEADDR');
  const wires = (c: RegisterContext<object>): void => {
    c.env.setWire(ART_PAGE, page.get(c));
    c.env.setWire(ART_ENABLED, en.get(c));
  };
  return {
    about: { source: 'RM0399 chapter 6', confidence: 'documented', lacks: ['refills by the 64-bit port: a miss costs the wait states'] },
    modelled: ['CTR'],
    create: () => ({}),
    onReset: wires,
    wrote: wires,
  };
};
