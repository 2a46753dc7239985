/** The interfaces beside USB for C (rom/common/interface_table.c): pins from the profile, places, gates and resets from the chip's rows. */
import type { ChipDescription } from '../emu/chip.ts';
import { Layout } from '../emu/registers.ts';
import type { FdCanOptions } from '../peripherals/serial/fdcan.ts';
import { i2cAddress, type Pull, type RomInterface, type RomProfile } from './profile.ts';

const KINDS = ['I2C', 'SPI', 'USART', 'CAN', 'FDCAN'] as const;
type Kind = (typeof KINDS)[number];
const kindOf = (i: RomInterface): Kind | undefined => KINDS.find((k) => i.name.startsWith(k));
/** `USART3` of `USART3 (second place)`. */
const blockOf = (i: RomInterface): string => i.name.split(' ')[0]!;
const hex = (n: number): string => `0x${(n >>> 0).toString(16).toUpperCase().padStart(8, '0')}u`;

function baseOf(chip: ChipDescription, name: string): number {
  const block = chip.blocks.find((b) => b.name === name);
  if (!block) throw new Error(`${chip.name} has no ${name}`);
  return block.base;
}

/** Bits by register address, from `AHB1ENR.GPIOAEN` of the rows of these blocks. */
function gates(chip: ChipDescription, names: readonly string[], what: 'clock' | 'reset'): string {
  const rcc = new Layout(chip.facts[chip.rcc]!);
  const base = baseOf(chip, chip.rcc);
  const bits = new Map<number, number>();
  for (const name of new Set(names)) {
    const path = chip.blocks.find((b) => b.name === name)?.[what];
    if (path === undefined) throw new Error(`${chip.name}: ${name} has no ${what} bit`);
    const field = rcc.field(path);
    const address = base + field.register.offset;
    bits.set(address, ((bits.get(address) ?? 0) | field.mask) >>> 0);
  }
  return [...bits].map(([address, mask]) => `{ ${hex(address)}, ${hex(mask)} }`).join(', ');
}

const pullOf = (pull: Pull): string => `PULL_${pull.toUpperCase()}`;

export function interfaceMacros(profile: RomProfile): readonly string[] {
  const { tables } = profile.build;
  if (!tables) return [];
  const { chip, functions, pulls = { i2c: 'none', spi: 'down' } } = tables;
  const interfaces = profile.interfaces.value.filter((i) => kindOf(i) !== undefined);
  const of = (kind: Kind): readonly RomInterface[] => interfaces.filter((i) => kindOf(i) === kind);
  const pin = (name: string): string => `${hex(baseOf(chip, `GPIO${name[1]!}`))}, ${name.slice(2)}`;
  const af = (i: RomInterface, name: string): number => functions?.[name] ?? (kindOf(i) === 'I2C' ? 4 : blockOf(i) === 'SPI3' ? 6 : 5);
  /** TX stays an input until its USART is chosen. */
  const byLevel = (i: RomInterface): boolean => i.detection === 'falling-edge' || i.detection === 'frame';
  const used = (i: RomInterface): readonly string[] => (byLevel(i) ? [i.pins['rx']!] : Object.values(i.pins));
  const setup = (i: RomInterface): readonly string[] => {
    const kind = kindOf(i)!;
    if (byLevel(i)) return used(i).map((name) => `{ ${pin(name)}, PIN_INPUT, 0, ${pullOf(i.pull ?? (kind === 'USART' ? 'none' : 'up'))} }`);
    const [mode, pull] = kind === 'I2C' ? ['PIN_OPEN_DRAIN', pullOf(pulls.i2c)] : ['PIN_ALTERNATE', pullOf(pulls.spi)];
    return used(i).map((name) => `{ ${pin(name)}, ${mode}, ${af(i, name)}, ${pull} }`);
  };
  const bases = (kind: Kind): readonly string[] => [...new Set(of(kind).map((i) => hex(baseOf(chip, blockOf(i)))))];
  const ports = interfaces.flatMap(used).map((name) => `GPIO${name[1]!}`);
  const blocks = [...of('I2C'), ...of('SPI')].map(blockOf);
  const flash = chip.memories.find((m) => m.name === 'flash')!;
  const list = (name: string, items: readonly string[]): string => `#define ${name} ${items.join(', ')}`;
  return [
    `#define IRQ_COUNT ${chip.cores[0]!.nvicLines}u`,
    `#define FLASH_SIZE ${flash.size}u`,
    `#define HAS_I2C ${Number(of('I2C').length > 0)}`,
    `#define HAS_SPI ${Number(of('SPI').length > 0)}`,
    list('ROM_PINS', interfaces.flatMap(setup)),
    list(
      'ROM_RX',
      [...of('USART'), ...of('CAN'), ...of('FDCAN')].map((i) => `{ ${pin(i.pins['rx']!)} }`),
    ),
    list('ROM_FLAGS', [
      ...bases('I2C').map((b) => `{ ${b} + I2C_FLAGS, I2C_ADDR }`),
      ...bases('SPI').map((b) => `{ ${b} + SPI_SR, SPI_SR_RXNE }`),
    ]),
    list('ROM_I2C', bases('I2C')),
    list('ROM_SPI', bases('SPI')),
    list('ROM_CLOCKS', [gates(chip, [...ports, ...blocks], 'clock')]),
    list('ROM_RESETS', [gates(chip, [...blocks, ...[...of('USART'), ...of('CAN'), ...of('FDCAN')].map(blockOf)], 'reset')]),
  ];
}

/** Alternate function of USART pins on all families but F0. */
const USART_FUNCTION = 7;

/** The USARTs in the order of ROM_RX, and the device ID that they answer with (DBGMCU_IDCODE, AN3155 "Get ID"). */
export function serialMacros(profile: RomProfile): readonly string[] {
  const serial = profile.build.serial ?? profile.build.tables;
  if (!serial) return [];
  const { chip, functions } = serial;
  const { devId } = chip.blocks.find((b) => b.name === 'DBGMCU')!.options as { readonly devId: number };
  const af = (pin: string): number => functions?.[pin] ?? USART_FUNCTION;
  const usarts = profile.interfaces.value.filter((i) => i.detection === 'falling-edge');
  const entries = profile.interfaces.value
    .filter((i) => i.detection === 'falling-edge')
    .map((i) => {
      const { rx, tx } = i.pins as { readonly rx: string; readonly tx: string };
      const place = `${hex(baseOf(chip, blockOf(i)))}, ${gates(chip, [blockOf(i)], 'clock')}`;
      return `{ ${place}, ${hex(baseOf(chip, `GPIO${tx[1]!}`))}, ${tx.slice(2)}, ${af(tx)}, ${af(rx)} }`;
    });
  return [
    `#define ROM_PID ${hex(devId & 0xfff)}`,
    `#define ROM_SERIAL ${entries.join(', ')}`,
    `#define SERIAL_COUNT ${usarts.length}`,
    ...hostMacros(profile, chip),
  ];
}

/** Alternate function of CAN1 and CAN2 on F2, F4, F7 and L4, of FDCAN on H5, H7 and U5. */
const CAN_FUNCTION = 9;

/** Which of the other hosts are served, and where CAN lies. */
function hostMacros(profile: RomProfile, chip: ChipDescription): readonly string[] {
  const has = (kind: Kind): boolean => profile.interfaces.value.some((i) => kindOf(i) === kind && i.detection === 'flag');
  const can = servedCan(profile);
  const place = (pin: string): string => `${hex(baseOf(chip, `GPIO${pin[1]!}`))}, ${pin.slice(2)}`;
  // Where both are there, a pin's function in the table is SPI's or I2C's.
  const functions = can && isFdcan(can) ? (profile.build.serial ?? profile.build.tables)?.functions : {};
  const setup = (pin: string): string => `{ ${place(pin)}, PIN_ALTERNATE, ${functions?.[pin] ?? CAN_FUNCTION}, PULL_UP }`;
  return [
    `#define OWN_ADDRESS ${hex(i2cAddress(profile))}`,
    `#define SERVES_I2C ${Number(has('I2C'))}`,
    `#define SERVES_SPI ${Number(has('SPI'))}`,
    `#define SERVES_CAN ${Number(can !== undefined)}`,
    ...(can === undefined ? [] : canMacros(profile, chip, can, [setup(can.pins['rx']!), setup(can.pins['tx']!)])),
  ];
}

function canMacros(profile: RomProfile, chip: ChipDescription, can: RomInterface, setups: readonly string[]): readonly string[] {
  if (!isFdcan(can)) {
    const place = [hex(baseOf(chip, can.name)), hex(baseOf(chip, 'CAN1')), gates(chip, ['CAN1', can.name], 'clock')];
    return [`#define ROM_MHZ ${profile.sysclkHz.value / 1e6}u`, `#define ROM_CAN ${[...place, ...setups].join(', ')}`];
  }
  const block = chip.blocks.find((b) => b.name === can.name)!;
  const { ram, at } = block.options as unknown as FdCanOptions;
  const messages = chip.memories.find((m) => m.name === ram)!.base + at;
  return [
    `#define FDCAN_RAM_CONFIGURED ${Number(!new Layout(chip.facts[block.facts ?? block.name]!).has('RXGFC'))}`,
    `#define ROM_FDCAN ${[hex(block.base), hex(messages), gates(chip, [can.name], 'clock'), ...setups].join(', ')}`,
  ];
}

/** Its messages are FDCAN's, by AN5405. */
export const isFdcan = (i: RomInterface): boolean => kindOf(i) === 'FDCAN';
/** The CAN or FDCAN whose host is answered; that of F105 is not, whose pins are set up in another way. */
export const servedCan = (profile: RomProfile): RomInterface | undefined =>
  profile.build.folder === 'f1' ? undefined : profile.interfaces.value.find((i) => /^(FD)?CAN/.test(i.name) && i.detection === 'frame');
