/** Words that people use for what bootbench calls otherwise. */

/** By id. */
const MEANINGS: Readonly<Record<string, readonly string[]>> = {
  primask: ['interrupts', 'cpsid', '__disable_irq', 'irq', 'masked'],
  'entry-address': ['address', 'jump', 'system memory'],
  'entry-dereference': ['pointer', 'dereference', 'asterisk'],
  'thumb-bit': ['thumb', 'even', 'odd'],
  msp: ['stack', 'stack pointer', 'sp'],
  vtor: ['vector table', 'vectors'],
  systick: ['hal_delay', 'tick'],
  hsi48: ['usb clock', '48 mhz'],
  hse: ['crystal', 'quartz', 'oscillator'],
  'magic-survives': ['magic', 'flag', 'backup register', 'noinit', 'request', 'dbp', 'bkp', 'bkp0r'],
  iwdg: ['watchdog', 'dog'],
  remap: ['memremap', 'syscfg', 'mem_mode'],
  'nvic-enabled': ['nvic', 'icer'],
  'nvic-pending': ['pending', 'icpr'],
  'handler-mode': ['isr', 'handler', 'callback'],
  control: ['psp', 'rtos', 'freertos'],
  fault: ['hardfault', 'crash', 'busfault', 'usagefault', 'memmanage', 'lockup'],
  'reset-loop': ['bootloop', 'resets', 'reboots'],
  'rom-silent': ['silent', 'nothing', 'no device'],
  'boot-selection': ['boot0', 'nboot0', 'boot pin', 'boot1', 'nboot1', 'nswboot0', 'nboot_sel', 'boot_lock', 'boot_add0'],
  'dual-bank': ['bfb2', 'ndbank', 'swap_bank', 'bank swap'],
  'empty-check': ['empty', 'erased'],
  protection: ['rdp', 'readout protection'],
  trustzone: ['tzen', 'secure', 'sau'],
  'reset-flags': ['sftrstf', 'sftrst', 'rmvf', 'reset flag', 'rcc_csr'],
  'stack-limit': ['msplim', 'psplim'],
  'usb-disconnect': ['pull-up', 'pullup', 'dppu', 'sdis'],
  'second-core': ['cm4', 'cm7', 'dual core'],
  'flash-latency': ['wait states', 'acr'],
  'voltage-range': ['vos', 'voltage scaling'],
  'peripherals-left-on': ['deinit', 'hal_deinit'],
};

/** Ids among `known` that a word means: `watchdog` is `iwdg`. */
export function meant(word: string, known: readonly string[]): string[] {
  const typed = word.trim().toLowerCase();
  const means = (words: readonly string[]): boolean => words.some((w) => w === typed || (typed.length > 3 && w.includes(typed)));
  return Object.entries(MEANINGS).flatMap(([id, words]) => (known.includes(id) && means(words) ? [id] : []));
}
