/**
 * SYSCFG of STM32L4, F2, F4, F7, G4 and L1: memory at address 0, bank mapping where there are two, EXTI sources; L1: the pull-up of D+.
 *
 * Facts: registers ST SVD; MEM_MODE codes HAL-L4, RM0090 SYSCFG_MEMRMP (documented); MEM_MODE takes the boot mode at reset: RM0351 SYSCFG_MEMRMP (documented).
 * Wire read: `boot.remap` = MEM_MODE that the boot selection gave. Driven: `remap` = MEM_MODE, `flash.swap` = FB_MODE, `exti.source.<line>` = port number,
 * `usb.pu` = PMC.USB_PU (L1).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { extiSources } from './exti-sources.ts';
import { BOOT_REMAP } from '../../emu/wires.ts';
import { FLASH_SWAP, REMAP, USB_PU } from '../wires.ts';

export const syscfgL4: ModelFactory = (layout): RegisterModel<object> => {
  const memMode = layout.field('MEMRMP.MEM_MODE');
  const fbMode = layout.hasField('MEMRMP.FB_MODE') ? layout.field('MEMRMP.FB_MODE') : null;
  const pullUp = layout.hasField('PMC.USB_PU') ? layout.field('PMC.USB_PU') : null;
  // The boot that the pins select (RM0038 8.5.1).
  const bootMode = layout.hasField('MEMRMP.BOOT_MODE') ? layout.field('MEMRMP.BOOT_MODE') : null;
  // Three bits on L4, four elsewhere; reserved codes name no port in EXTI's row.
  const sources = extiSources(layout, layout.field('EXTICR1.EXTI0').max);
  const bootModeOf = (c: RegisterContext<object>): number => (c.env.parameter('boot0.level') ? c.env.wire(BOOT_REMAP) : 0);
  return {
    wires: [BOOT_REMAP],
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
    modelled: ['MEMRMP', ...(pullUp ? ['PMC'] : []), ...sources.names],
    create: () => ({}),
    onReset(c) {
      // ASSUMED: so does the block's own reset bit.
      memMode.set(c, c.env.wire(BOOT_REMAP));
      if (fbMode) c.env.setWire(FLASH_SWAP, fbMode.get(c));
      c.env.setWire(REMAP, memMode.get(c));
      bootMode?.set(c, bootModeOf(c));
      if (pullUp) c.env.setWire(USB_PU, pullUp.get(c));
      sources.follow(c);
    },
    onWire(c, _wire, value) {
      memMode.set(c, value);
      bootMode?.set(c, bootModeOf(c));
      c.env.setWire(REMAP, value);
    },
    wrote(c, r) {
      if (r === memMode.register) {
        if (fbMode) c.env.setWire(FLASH_SWAP, fbMode.get(c));
        c.env.setWire(REMAP, memMode.get(c));
      } else if (pullUp && r === pullUp.register) c.env.setWire(USB_PU, pullUp.get(c));
      else sources.follow(c);
    },
  };
};
