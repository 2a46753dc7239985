/** Preconditions that can be turned over at the entry into the ROM. Families have them in other registers. */
import type { ChipDescription } from '../src/emu/chip.ts';
import type { FlipView } from './setup.ts';

/** What a machine lets others see and change. */
export interface FlipTarget {
  readonly registers: Readonly<Record<string, number>>;
  setRegister(name: string, value: number): void;
  read(path: string): number;
  write(path: string, value: number): void;
  readMemory(address: number, length: number): Uint8Array;
}
interface Flip {
  readonly id: string;
  readonly label: string;
  readonly words: readonly [string, string];
  /** Null where this chip has no such thing. */
  read(m: FlipTarget, chip: ChipDescription): boolean | null;
  write(m: FlipTarget, chip: ChipDescription, on: boolean): void;
}

const APPLICATION = 0x08000000;
const tryRead = (m: FlipTarget, path: string): number | null => {
  try {
    return m.read(path);
  } catch {
    return null;
  }
};
const field = (id: string, label: string, paths: readonly string[], words: readonly [string, string], onValue = 1): Flip => ({
  id,
  label,
  words,
  read: (m) => {
    const path = paths.find((p) => tryRead(m, p) !== null);
    return path === undefined ? null : m.read(path) === onValue;
  },
  write: (m, _chip, on) => {
    const path = paths.find((p) => tryRead(m, p) !== null)!;
    m.write(path, on ? onValue : 0);
    if ((m.read(path) === onValue) !== on) throw new Error(`${path} does not take it here: the block has no clock`);
  },
});
const table = (chip: ChipDescription): number => chip.rom?.vectorTable.value ?? 0;
const word = (m: FlipTarget, address: number): number => m.readMemory(address, 4).reduceRight((n, b) => n * 256 + b, 0);

export const FLIPS: readonly Flip[] = [
  {
    id: 'primask',
    label: 'PRIMASK',
    words: ['0: interrupts can be taken', '1: interrupts are masked'],
    read: (m) => m.registers['primask'] === 1,
    write: (m, _chip, on) => m.setRegister('primask', on ? 1 : 0),
  },
  field('vddusb', 'USB supply (VDDUSB valid)', ['PWR.USBSCR.USB33SV', 'PWR.CR2.USV', 'PWR.CR3.USB33DEN'], ['off', 'on']),
  field('hsi48', 'HSI48', ['RCC.CRRCR.HSI48ON', 'RCC.CR2.HSI48ON', 'RCC.CR.HSI48ON'], ['off', 'on']),
  {
    id: 'vtor',
    label: 'VTOR',
    words: ["the application's table", "the ROM's table"],
    read: (m, chip) => (m.registers['vtor'] === undefined ? null : m.registers['vtor'] === table(chip)),
    write: (m, chip, on) => m.setRegister('vtor', on ? table(chip) : APPLICATION),
  },
  {
    id: 'msp',
    label: 'MSP',
    words: ['somewhere without RAM', 'as the ROM wants it'],
    read: (m, chip) => m.registers['msp'] === (word(m, table(chip)) & ~3) >>> 0,
    write: (m, chip, on) => m.setRegister('msp', on ? word(m, table(chip)) : 0),
  },
  field(
    'remap',
    'memory at address 0',
    ['SYSCFG.MEMRMP.MEM_MODE', 'SYSCFG.CFGR1.MEM_MODE', 'SYSCFG.MEMRM.MEM_MODE'],
    ['the flash', 'the ROM'],
  ),
];

export const flipViews = (m: FlipTarget, chip: ChipDescription): FlipView[] =>
  FLIPS.flatMap(({ id, label, words, read }) => {
    const on = read(m, chip);
    return on === null ? [] : [{ id, label, words, on }];
  });
