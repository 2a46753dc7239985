/**
 * SYSCFG of STM32F0, F3, G0, C0 and L0: memory at address 0, EXTI sources; G0 and C0: who asks on an interrupt line; L0: banks of the flash that change places, the reference of HSI48; F0 and F3: which
 * channel a DMA request goes to. CFGR1 also holds pin drive, which is stored without effect.
 *
 * Facts: registers ST SVD; MEM_MODE takes the boot mode at reset: RM0091 SYSCFG_CFGR1 (documented).
 * L0's reference and its flags: RM0376 10.2.3 (recalled); they follow at once (assumed).
 * Wire read: `boot.remap` = MEM_MODE that the boot selection gave. Driven: `remap` = MEM_MODE, `exti.source.<line>` = port number, `flash.swap` = UFB, `hsi48.reference`,
 * `usb.irq` = USB_IT_RMP (F3), `dma.remap.<field>`.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { extiSources } from './exti-sources.ts';
import { shownLines } from './syscfg-lines.ts';
import { BOOT_REMAP } from '../../emu/wires.ts';
import { dmaRemap, FLASH_SWAP, HSI48_REFERENCE, REMAP, USB_IRQ } from '../wires.ts';

export const syscfgF0: ModelFactory = (layout): RegisterModel<object> => {
  const memMode = layout.field('CFGR1.MEM_MODE');
  const usbIrq = layout.hasField('CFGR1.USB_IT_RMP') ? layout.field('CFGR1.USB_IT_RMP') : null;
  const remaps = ['CFGR1', 'CFGR3']
    .filter((name) => layout.has(name))
    .flatMap((name) =>
      layout
        .reg(name)
        .fields.filter((f) => /_DMA_RMP2?$/.test(f.name))
        .map((f) => layout.field(`${name}.${f.name}`)),
    )
    .map((field) => ({ field, wire: dmaRemap(field.name) }));
  const sources = extiSources(layout, 15);
  const lines = shownLines(layout);
  const ufb = layout.hasField('CFGR1.UFB') ? layout.field('CFGR1.UFB') : null;
  // The pins' selection, which BFB2 does not change.
  const bootMode = layout.hasField('CFGR1.BOOT_MODE') ? layout.field('CFGR1.BOOT_MODE') : null;
  const reference = layout.hasField('CFGR3.ENREF_HSI48')
    ? {
        vrefint: layout.field('CFGR3.EN_VREFINT'),
        hsi48: layout.field('CFGR3.ENREF_HSI48'),
        ready: layout.field('CFGR3.VREFINT_RDYF'),
      }
    : null;
  const follow = (c: RegisterContext<object>): void => {
    c.env.setWire(REMAP, memMode.get(c));
    if (ufb) c.env.setWire(FLASH_SWAP, ufb.get(c));
    if (usbIrq) c.env.setWire(USB_IRQ, usbIrq.get(c));
    for (const { field, wire } of remaps) c.env.setWire(wire, field.get(c));
    if (!reference) return;
    const on = reference.vrefint.get(c) | reference.hsi48.get(c);
    reference.ready.set(c, on);
    c.env.setWire(HSI48_REFERENCE, reference.hsi48.get(c));
  };
  const bootModeOf = (c: RegisterContext<object>): number => (c.env.parameter('boot0.level') ? c.env.wire(BOOT_REMAP) : 0);
  return {
    wires: [BOOT_REMAP],
    about: {
      source: 'RM0091 SYSCFG',
      confidence: 'documented',
      lacks: ['comparators (in the same block)', 'pin drive (stored)', 'lock bits for timers'],
    },
    modelled: [
      ...new Set(['CFGR1', ...(reference ? ['CFGR3'] : []), ...remaps.map(({ field }) => field.register.name)]),
      ...sources.names,
      ...lines.names,
    ],
    // they change with what other blocks ask for, which is an event
    live: lines.names,
    acting: [],
    holds: () => Infinity,
    read: (c, r, value) => lines.read(c, r) ?? value,
    peek: (c, r, value) => lines.read(c, r) ?? value,
    create: () => ({}),
    onReset(c) {
      // ASSUMED: so does the block's own reset bit.
      memMode.set(c, c.env.wire(BOOT_REMAP));
      follow(c);
      bootMode?.set(c, bootModeOf(c));
      sources.follow(c);
    },
    onWire(c, _wire, value) {
      memMode.set(c, value);
      bootMode?.set(c, bootModeOf(c));
      c.env.setWire(REMAP, value);
    },
    wrote(c, r) {
      if (r === memMode.register || r === reference?.hsi48.register || remaps.some(({ field }) => field.register === r)) follow(c);
      else sources.follow(c);
    },
  };
};
