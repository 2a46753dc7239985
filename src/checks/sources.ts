/** Rules that several checks rest on, with where they stand. */
export const DEINIT =
  'AN2606 Rev 70 4.1: before the jump, switch off peripheral clocks and PLLs, disable interrupts and clear pending ones';
export const INTERRUPTS =
  'AN2606 Rev 70 4.1: on products whose bootloader uses interrupts, the application must enable them again before the jump';
export const NOTHING_PUBLISHED = 'ST publishes nothing about this for the jump from user code';
/** Where the ROM sets something up by itself, the clock rows say so; that it does not mind what it finds is a conclusion. */
export const CLOCK_ROWS = 'AN2606 Rev 70, clock rows of the product tables: the ROM sets up its own clocks';
