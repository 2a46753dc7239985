/**
 * What leaves instructions out, or executes them in another way than one by one. None may change a result: each can be switched off, and a test compares the bytes
 * (test/bench/shortcuts.test.ts). docs/dev/engine.md has the price of each.
 */
export const SHORTCUTS = {
  'steady-loops': 'a loop in which the core comes back to the same state is left out up to the next event',
  'counting-loops': 'a loop whose words move by a constant each iteration is left out',
  'loop-records': 'every place of an iteration is recorded, so that the core can be put where an event finds it',
  'kept-loops': 'several loops that count are left out again where they were found, whatever was waited in between',
  'known-loops': 'a recorded loop is recognised after a checkpoint was restored',
  'copied-words': 'a recorded loop is left out whatever value stands in a word that its iteration only copies',
  'turned-outputs': 'a loop that changes RAM and outputs of pins and puts them back is left out like one that changes nothing',
  'held-reads': 'a register that follows the time counts as steady until its value changes',
  'quiet-rounds': 'conversions that a DMA stores where the same stands already are passed over while the core waits',
  'device-reads': 'translated code reads devices without being left',
  translation: 'code that is executed often runs as WebAssembly',
  'reached-blocks': 'a repeated run in which the ROM is deaf ends where nothing that is scheduled reaches what its loop reads',
  'tick-rounds': 'a repeated run ends where the application is proved to do the same at each tick',
} as const;
export type ShortcutName = keyof typeof SHORTCUTS;
export const SHORTCUT_NAMES = Object.keys(SHORTCUTS) as readonly ShortcutName[];
export const isShortcut = (name: string): name is ShortcutName => Object.hasOwn(SHORTCUTS, name);
