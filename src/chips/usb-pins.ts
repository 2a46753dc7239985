/** The pins that are led to D- and D+ by an alternate function, by kind of block: ST's data sheets and STM32_open_pin_data (documented). */

/** Of OTG_FS, and of the device blocks of L4 and WB. */
export const USB_PINS = { dm: 'PA11', dp: 'PA12', af: 10 };
/** Of OTG_HS on its full-speed transceiver. */
export const USB_HS_PINS = { dm: 'PB14', dp: 'PB15', af: 12 };
/** Of F302xB, F302xC, F303xB, F303xC and F358. */
export const USB_F303_PINS = { dm: 'PA11', dp: 'PA12', af: 14 };
