/**
 * What stands between a board's connectors and BOOT0, VBUS, D+ of its chip, and what its buttons do to a pin. Data only, `reported`. `PA9`: VBUS leads to the chip's own sensing pin, so that firmware which
 * senses it attaches; `none`: nothing leads there, as on boards without a USB connector for the chip.
 */
export interface Circuit {
  /** How BOOT0 is raised, for a person; low else. */
  readonly boot0: string;
  readonly usb: string;
  readonly vbus: 'PA9' | 'none' | 'unknown';
  /** What pulls D+ up: the chip, a resistor of the board, a transistor that a pin switches, nothing. */
  readonly pullUp: 'chip' | 'board' | 'none' | 'unknown' | 'PG6';
  /** Levels by pull-ups of the board, where a button pulls down. An open pin reads 0 here, which would be a button held. */
  readonly pulledUp?: readonly string[];
  readonly source: string;
}

const NUCLEO_64: Circuit = {
  boot0: 'CN7 pin 7 to pin 5 (VDD)',
  usb: 'no connector: D- is PA11, D+ is PA12 on the headers ("vbus": true in the scenario if VBUS is wired to PA9)',
  vbus: 'none',
  pullUp: 'chip',
  pulledUp: ['PC13'],
  source: 'UM1724',
};
/** Its button pulls PC13 up, or has no resistor of its own. */
const notPulledUp = ({ pulledUp: _, ...circuit }: Circuit): Circuit => circuit;
/** With USB on the board, CN13 and later CN15. */
const NUCLEO_144: Circuit = { boot0: 'CN11 pin 7 to pin 5 (VDD)', usb: 'user connector', vbus: 'PA9', pullUp: 'chip', source: 'UM1974' };
const NUCLEO_32: Circuit = { ...notPulledUp(NUCLEO_64), boot0: 'the option byte nBOOT0, or its solder bridge', source: 'UM1956' };
const BUTTON: Circuit = { boot0: 'the button BOOT0', usb: 'its connector', vbus: 'none', pullUp: 'chip', source: '' };
const CONTROLLER: Circuit = { ...BUTTON, boot0: 'the boot button or pads', vbus: 'unknown' };
const DISCO: Circuit = { boot0: 'its solder bridge or header', usb: 'user connector', vbus: 'PA9', pullUp: 'chip', source: '' };
const TYPE_C: Circuit = { boot0: 'SW or jumper of BOOT0', usb: 'user connector, type C', vbus: 'none', pullUp: 'chip', source: '' };
const TINYUSB = 'TinyUSB hw/bsp: VBUS_SENSE_EN';
const sensed = (circuit: Circuit, board: string): Circuit => ({ ...circuit, vbus: 'PA9', source: `${TINYUSB} 1, ${board}` });
const unsensed = (circuit: Circuit, board: string): Circuit => ({ ...circuit, vbus: 'none', source: `${TINYUSB} 0, ${board}` });
const noPullUp = (circuit: Circuit): Circuit => ({ ...circuit, pullUp: 'none' });

const CIRCUITS: Readonly<Record<string, Circuit>> = {
  'stm32f072b-disco': { ...DISCO, vbus: 'none', source: 'UM1690: the USB block of F072 senses no VBUS' },
  'blackpill-f411ce': unsensed(BUTTON, 'stm32f411blackpill'),
  'blackpill-f401cc': unsensed(BUTTON, 'stm32f401blackpill'),
  'blackpill-f401ce': unsensed(BUTTON, 'stm32f401blackpill'),
  'stm32f411e-disco': sensed(DISCO, 'stm32f411disco'),
  'stm32f4-disco': sensed({ ...DISCO, boot0: 'header P2, BOOT0 to VDD beside it' }, 'stm32f407disco'),
  'stm32f412g-disco': sensed(DISCO, 'stm32f412disco'),
  'stm32f469i-disco': { ...DISCO, source: 'UM1932: VBUS of CN13 on PA9' },
  'stm32f429i-disc1': { ...DISCO, usb: 'user connector at PB14 and PB15 (OTG_HS), none for OTG_FS', vbus: 'none', source: 'UM1670' },
  'pyboard-v1.0': { ...sensed(BUTTON, 'pyboardv11'), boot0: 'P1, DFU to 3V3' },
  'pyboard-v1.1': { ...sensed(BUTTON, 'pyboardv11'), boot0: 'P1, DFU to 3V3' },
  'feather-stm32f405': { ...sensed(BUTTON, 'feather_stm32f405'), boot0: 'B0 to 3.3V' },
  matekf405: { ...CONTROLLER, source: 'Betaflight config MATEKF405' },
  omnibusf4: { ...CONTROLLER, source: 'Betaflight config OMNIBUSF4' },
  matekf411: { ...CONTROLLER, source: 'Betaflight config MATEKF411' },
  matekh743: { ...CONTROLLER, source: 'Betaflight config MATEKH743' },
  'weact-h743vi': unsensed(BUTTON, 'stm32h743_weact'),
  'stm32l476g-disco': { ...unsensed(DISCO, 'stm32l476disco'), usb: 'user connector; its VBUS leads to PC11' },
  'stm32f746g-disco': sensed(DISCO, 'stm32f746disco'),
  'stm32h745i-disco': sensed(DISCO, 'stm32h745disco'),
  'nucleo-f103rb': noPullUp(NUCLEO_64),
  'nucleo-f303re': noPullUp(NUCLEO_64),
  'nucleo-f303ze': { ...NUCLEO_144, vbus: 'none', pullUp: 'PG6', source: 'UM1974: PG6 switches the pull-up of the F303ZE' },
  'stm32f3-disco': { ...DISCO, vbus: 'none', pullUp: 'board', source: 'UM1570: USB user connector with 1.5 kΩ at D+' },
  bluepill: {
    boot0: 'jumper BOOT0 to 1',
    usb: 'its connector',
    vbus: 'none',
    pullUp: 'board',
    source: 'Blue Pill schematics: D+ pulled up at all times, by 10 kΩ instead of 1.5 kΩ on many',
  },
  'nucleo-l432kc': NUCLEO_32,
  'nucleo-u575zi-q': unsensed(TYPE_C, 'stm32u575nucleo'),
  'b-u585i-iot02a': unsensed(TYPE_C, 'b_u585i_iot2a'),
  'nucleo-h533re': { ...TYPE_C, source: 'UM3121: USB type C' },
  'nucleo-h503rb': { ...TYPE_C, source: 'UM3121: USB type C' },
  'nucleo-h563zi': { ...TYPE_C, source: 'UM3115: USB type C' },
  'nucleo-g431rb': { ...notPulledUp(NUCLEO_64), source: 'UM2505' },
  'nucleo-g474re': { ...notPulledUp(NUCLEO_64), source: 'UM2505' },
  'nucleo-wb55rg': { ...notPulledUp(NUCLEO_64), usb: 'user connector', source: 'UM2435' },
  'p-nucleo-wb55-usbdongle': { ...BUTTON, boot0: 'the switch SW2', usb: 'its plug', source: 'UM2435' },
  'flipper-zero': { ...BUTTON, boot0: 'OK and back held for 30 s', source: 'public documentation of the Flipper Zero' },
  'nucleo-c071rb': { ...notPulledUp(NUCLEO_64), usb: 'user connector, type C', source: 'Zephyr nucleo_c071rb' },
  'nucleo-l496zg': sensed({ ...NUCLEO_144, source: 'UM2179' }, 'stm32l496nucleo'),
  'nucleo-l4r5zi': sensed({ ...NUCLEO_144, source: 'UM2179' }, 'stm32l4r5nucleo'),
};

/** Nucleo boards that have no row of their own are as their manual says of all. */
export function circuitOf(name: string): Circuit {
  const own = CIRCUITS[name];
  if (own) return own;
  return /^nucleo-[a-z]\w+z[a-z](-q)?$/.test(name) ? NUCLEO_144 : NUCLEO_64;
}

/** The circuit in one line, for a person. */
export function circuitInWords(name: string, c: Circuit): string {
  const vbus = { PA9: 'VBUS at PA9', none: 'no VBUS at PA9', unknown: 'whether VBUS is at PA9 is not known' }[c.vbus];
  const pullUp = {
    chip: 'D+ pulled up by the chip',
    board: 'D+ pulled up by the board',
    none: 'nothing on the board pulls D+ up: the host never sees a chip without its own pull-up',
    unknown: '',
    PG6: 'PG6 switches the pull-up of D+',
  }[c.pullUp];
  return `${name}: BOOT0 is raised by ${c.boot0}; USB: ${[c.usb, vbus, pullUp].filter((part) => part !== '').join(', ')} (${c.source}; reported)`;
}
