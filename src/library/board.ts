/**
 * Devices around the chip, written in TypeScript: pins, UART peers, SPI and I2C devices, memory-mapped blocks. A function gets a `DeviceBoard` and connects its
 * devices to it. It is called once for each machine, including forks. A device keeps its state in `board.state`, so that checkpoints contain it.
 */
import { isRecord } from '../bench/documents/is-record.ts';
import { parseDuration } from '../bench/documents/duration.ts';
import { listensTo } from '../emu/wires.ts';
import type { Machine } from '../emu/machine.ts';
import type { Duration } from '../bench/documents/scenario-types.ts';
import { BYTE, tellRx } from '../bench/session/steps.ts';
import { nameIn, shown, UsageError, didYouMean } from '../bench/documents/usage-error.ts';
import type { BlockRow, ChipDescription } from '../emu/chip.ts';
import { clonePlain } from '../emu/component.ts';
import type { AnyModelFactory } from '../emu/registers.ts';
import { PS_PER_SECOND } from '../emu/time.ts';
import { I2C_ASK } from '../peripherals/pins/board-wires.ts';
import { PIN_FLOATING } from '../peripherals/pins/gpio-common.ts';

/** Level of a pin: low, high, or not driven. */
export type Level = 0 | 1 | 'z';
/** A pin seen from outside the chip. */
export interface BoardPin {
  /** Level that the input of the chip reads. */
  readonly level: 0 | 1;
  /** Level that the chip drives. */
  readonly driven: Level;
  /** Drives the pin from outside; `z` = stops driving it. */
  drive(level: Level): void;
  /** Calls `listener` when the level that the chip drives changes. */
  onDriven(listener: (level: Level) => void): void;
}
/** The peer of a UART of the chip. */
export interface UartPeer {
  /** Calls `listener` with every byte that the chip has sent. */
  onByte(listener: (byte: number) => void): void;
  /** Sends data to the chip, 8N1; default 115,200 baud. */
  send(data: string | Uint8Array, baud?: number): void;
}
/** An SPI device; the chip is the master. */
export interface SpiDevice {
  /** Exchanges one frame: gets what the chip sent and returns what the chip receives. Chip select is an ordinary pin. */
  exchange(sent: number, bits: number): number;
}
/** An I2C device; the chip is the master. */
export interface I2cDevice {
  /** The chip has sent the address of the device; return false for NACK. */
  start?(direction: 'read' | 'write'): boolean;
  /** The chip has sent a byte; return false for NACK. */
  write?(byte: number): boolean;
  /** Returns the next byte for the chip. */
  read?(): number;
  /** A STOP condition. */
  stop?(): void;
}
/** A memory-mapped device. */
export interface BoardBlock {
  /** Name in the report. */
  readonly name: string;
  /** Address of the first byte; must not overlap with anything of the chip, otherwise a UsageError is thrown. */
  readonly base: number;
  /** Size in bytes. */
  readonly size: number;
  /** Reads 1, 2 or 4 bytes at this offset from the base. */
  read(offset: number, size: number): number;
  /** Writes 1, 2 or 4 bytes at this offset from the base. */
  write(offset: number, size: number, value: number): void;
}
/** A timer in emulated time. */
export interface BoardTimer {
  /** Starts the timer; it fires once after this emulated time. A second call replaces the first. */
  start(after: Duration): void;
  /** Stops the timer. */
  stop(): void;
}

/** The board that devices are connected to. */
export interface DeviceBoard {
  /** Name of the part. */
  readonly chip: string;
  /** Emulated time since power-on, in seconds. */
  readonly now: number;
  /** A pin by its name, for example `PA8`. Throws a UsageError if the part has no such pin. */
  pin(name: string): BoardPin;
  /** The peer of a UART by the name of the port, for example `USART1` or `LPUART1`. The chip hears it where a pin leads to the receiver (MODER and AFR; AFIO on F1) and its clocks run. */
  uart(port: string): UartPeer;
  /** Connects a device to this SPI; one device per port. */
  spi(port: string, device: SpiDevice): void;
  /**
   * Connects a device to this I2C bus.
   * @param address seven bits, without the R/W bit
   */
  i2c(port: string, address: number, device: I2cDevice): void;
  /** Creates a timer that calls `fire`. */
  timer(fire: () => void): BoardTimer;
  /** State of a device as plain data; checkpoints and forks contain it. */
  state<T extends object>(initial: T): T;
}
/** Connects devices to a board; called once for each machine, including forks. */
export type Devices = (board: DeviceBoard) => void;

const BAUD = 115_200;
const BITS_OF_A_BYTE = 10;

type WireListener = (value: number) => void;

/** The board around one machine. */
export class MachineBoard implements DeviceBoard {
  private readonly machine: Machine;
  private readonly wires = new Map<string, WireListener[]>();
  private readonly consoles = new Map<string, ((text: string) => void)[]>();
  private readonly i2cDevices = new Map<string, Map<number, I2cDevice>>();

  constructor(machine: Machine) {
    this.machine = machine;
    const { observer } = machine;
    machine.observer = {
      ...observer,
      wire: listensTo(
        (name) => this.wires.has(name),
        (name, value) => {
          observer.wire?.(name, value);
          for (const listener of this.wires.get(name) ?? []) listener(value);
        },
        observer.wire,
      ),
      console: (channel, text) => {
        observer.console?.(channel, text);
        for (const listener of this.consoles.get(channel) ?? []) listener(text);
      },
    };
  }
  get chip(): string {
    return this.machine.chip.name;
  }
  get now(): number {
    return this.machine.now / PS_PER_SECOND;
  }
  private listen(wire: string, listener: WireListener): void {
    const list = this.wires.get(wire);
    if (list) list.push(listener);
    else this.wires.set(wire, [listener]);
  }
  private known(kind: RegExp, name: string, what: string): string {
    const names = this.machine.chip.blocks.map((b) => b.name).filter((n) => kind.test(n));
    const found = names.find((n) => n === nameIn(name).toUpperCase());
    if (found === undefined)
      throw new UsageError(`${this.chip} has no ${what} ${shown(name)}`, didYouMean(nameIn(name), names) ?? `it has ${names.join(', ')}`);
    return found;
  }

  pin(name: string): BoardPin {
    const { system } = this.machine;
    const checked = pinNamed(this.machine.chip, name);
    const levelOf = (value: number): Level => (value === PIN_FLOATING ? 'z' : value === 0 ? 0 : 1);
    return {
      get level() {
        return system.wire(`in.${checked}`) === 0 ? 0 : 1;
      },
      get driven() {
        return levelOf(system.wire(`out.${checked}`));
      },
      drive: (level) => {
        if (level !== 0 && level !== 1 && level !== 'z') throw new UsageError(`${checked}: level ${shown(level)}`, "0, 1 or 'z'");
        system.setWire(`pin.${checked}`, level === 'z' ? PIN_FLOATING : level);
      },
      onDriven: (listener) => this.listen(`out.${checked}`, (value) => listener(levelOf(value))),
    };
  }

  uart(port: string): UartPeer {
    const { machine } = this;
    const wire = this.known(/^(LP)?US?ART\d+$/, port, 'UART').toLowerCase();
    const state = this.state({ queue: [] as number[], sequence: 0, baud: BAUD });
    const slot = machine.system.addTimer(`board.${wire}`, () => {
      const byte = state.queue.shift();
      if (byte === undefined) return;
      tellRx(machine.system, wire, BYTE | byte, ++state.sequence);
      if (state.queue.length > 0) next();
    });
    const next = (): void => machine.system.scheduler.arm(slot, machine.now + Math.round((BITS_OF_A_BYTE * PS_PER_SECOND) / state.baud));
    return {
      onByte: (listener) => {
        const list = this.consoles.get(wire) ?? [];
        list.push((text) => {
          for (const c of text) listener(c.charCodeAt(0) & 0xff);
        });
        this.consoles.set(wire, list);
      },
      send: (data, baud = BAUD) => {
        if (typeof data !== 'string' && !(data instanceof Uint8Array))
          throw new UsageError(`send: ${shown(data)}`, 'a text or a Uint8Array');
        if (!(baud > 0 && baud <= 100_000_000)) throw new UsageError(`baud is ${baud}`, 'a number above 0');
        const idle = state.queue.length === 0;
        state.baud = baud;
        state.queue.push(...(typeof data === 'string' ? new TextEncoder().encode(data) : data));
        if (idle && state.queue.length > 0) next();
      },
    };
  }

  spi(port: string, device: SpiDevice): void {
    const { system } = this.machine;
    const wire = this.known(/^SPI\d+$/, port, 'SPI').toLowerCase();
    this.listen(`${wire}.asks`, (bits) => {
      if (bits === 0) return;
      const sent = system.wire(`${wire}.sent`);
      system.setWire(`${wire}.answer`, device.exchange(sent, bits) >>> 0);
      system.setWire(`${wire}.answered`, 1);
    });
  }

  i2c(port: string, address: number, device: I2cDevice): void {
    const wire = this.known(/^I2C\d+$/, port, 'I2C').toLowerCase();
    if (!Number.isInteger(address) || address < 0 || address > 0x7f)
      throw new UsageError(`i2c: address ${address}`, 'seven bits, without the direction');
    const known = this.i2cDevices.get(wire);
    if (known) {
      known.set(address, device);
      return;
    }
    const devices = new Map([[address, device]]);
    this.i2cDevices.set(wire, devices);
    const { system } = this.machine;
    const state = this.state({ address: -1 });
    this.listen(`${wire}.asks`, (ask) => {
      if (ask === 0) return;
      system.setWire(`${wire}.answer`, answerI2c(devices, state, ask));
      system.setWire(`${wire}.answered`, 1);
    });
  }

  timer(fire: () => void): BoardTimer {
    const { machine } = this;
    const slot = machine.system.addTimer('board.timer', fire);
    return {
      start: (after) => machine.system.scheduler.arm(slot, machine.now + parseDuration(after, 'timer')),
      stop: () => machine.system.scheduler.disarm(slot),
    };
  }
  state<T extends object>(initial: T): T {
    mustBePlain(initial);
    const live = clonePlain(initial as never) as T;
    this.machine.attach({
      save: () => structuredClone(live),
      restore: (saved) => {
        for (const key of Object.keys(live)) delete (live as Record<string, unknown>)[key];
        Object.assign(live, structuredClone(saved));
      },
    });
    return live;
  }
}

// eslint-disable-next-line complexity -- the four things a controller can ask, of a device that may leave any of their methods out
function answerI2c(devices: ReadonlyMap<number, I2cDevice>, state: { address: number }, ask: number): number {
  const [kind, byte] = [(ask >>> 8) & 7, ask & 0xff];
  if (kind === I2C_ASK.address) {
    const device = devices.get(byte >>> 1);
    const answers = device !== undefined && (device.start?.(byte & 1 ? 'read' : 'write') ?? true);
    state.address = answers ? byte >>> 1 : -1;
    return answers ? 1 : 0;
  }
  const device = devices.get(state.address);
  if (kind === I2C_ASK.write) return (device?.write?.(byte) ?? device !== undefined) ? 1 : 0;
  if (kind === I2C_ASK.read) return (device?.read?.() ?? 0xff) & 0xff;
  device?.stop?.();
  state.address = -1;
  return 0;
}

function pinNamed(chip: ChipDescription, name: unknown): string {
  const typed = nameIn(name).toUpperCase();
  const port = /^P([A-K])(\d|1[0-5])$/.exec(typed)?.[1];
  const has = chip.blocks.some((b) => b.model?.startsWith('gpio') && (b.options?.['port'] ?? b.name.slice(-1)) === port);
  if (port === undefined || !has) throw new UsageError(`${chip.name} has no pin ${shown(name)}`, 'for example PA0');
  return typed;
}

/** Adds blocks to the bus of a chip. Throws a UsageError if an address is already in use. */
export function withBlocks(
  chip: ChipDescription,
  blocks: readonly BoardBlock[],
): { readonly chip: ChipDescription; readonly models: Readonly<Record<string, AnyModelFactory>> } {
  const rows: BlockRow[] = [];
  const models: Record<string, AnyModelFactory> = {};
  const facts: Record<string, ChipDescription['facts'][string]> = {};
  for (const block of blocks) {
    checkBlock(chip, rows, block);
    const model = `board:${block.name}`;
    rows.push({ name: block.name, model, base: block.base, size: block.size });
    facts[block.name] = { name: block.name, registers: [] };
    models[model] = () => ({
      modelled: 'all',
      create: () => ({}),
      readElse: (_c, offset, size) => block.read(offset, size) >>> 0,
      writeElse: (_c, offset, size, value) => {
        block.write(offset, size, value >>> 0);
        return 0;
      },
    });
  }
  const facets = Object.defineProperties({ ...facts }, Object.getOwnPropertyDescriptors(chip.facts)) as ChipDescription['facts'];
  return { chip: rows.length === 0 ? chip : { ...chip, blocks: [...chip.blocks, ...rows], facts: facets }, models };
}

function checkBlock(chip: ChipDescription, rows: readonly BlockRow[], { name, base, size }: BoardBlock): void {
  const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;
  if (typeof name !== 'string' || !/^\w+$/.test(name)) throw new UsageError(`blocks: the name is ${shown(name)}`, 'letters, digits and _');
  if (
    !Number.isInteger(base) ||
    !Number.isInteger(size) ||
    base < 0 ||
    size <= 0 ||
    base + size > 2 ** 32 ||
    base % 4 !== 0 ||
    size % 4 !== 0
  )
    throw new UsageError(`blocks.${name}: base ${base} and size ${size} are not a range of whole words`);
  const taken = [...chip.blocks, ...rows, ...chip.memories].find((r) => base < r.base + r.size && r.base < base + size);
  if (taken) throw new UsageError(`blocks.${name}: ${taken.name} is at ${hex(taken.base)} to ${hex(taken.base + taken.size - 1)}`);
  if ([...chip.blocks, ...rows].some((r) => r.name === name)) throw new UsageError(`blocks: ${chip.name} already has ${name}`);
}

function mustBeBoard(board: unknown): void {
  if (!isRecord(board) || typeof board['state'] !== 'function')
    throw new UsageError(`the board is ${shown(board)}`, 'give what devices are called with');
}

/** A button matrix between row and column pins: the chip drives one side and reads the other. `press(row, column, true)` closes one button. */
export function buttonMatrix(
  board: DeviceBoard,
  pins: { readonly drives: readonly string[]; readonly reads: readonly string[] },
): {
  /** Closes the button between two pins, or opens it if `down` is false. */
  press(drive: string, read: string, down?: boolean): void;
} {
  mustBeBoard(board);
  if (!isRecord(pins) || !Array.isArray(pins.drives) || !Array.isArray(pins.reads))
    throw new UsageError(`the pins are ${shown(pins)}`, "give { drives: ['PA0'], reads: ['PB0'] }");
  const { drives, reads } = pins;
  const state = board.state({ closed: [] as string[] });
  const follow = (): void => {
    for (const read of reads) {
      const levels = drives.filter((d) => state.closed.includes(`${d}:${read}`)).map((d) => board.pin(d).driven);
      board.pin(read).drive(levels.includes(0) ? 0 : levels.includes(1) ? 1 : 'z');
    }
  };
  for (const drive of drives) board.pin(drive).onDriven(follow);
  return {
    press(drive, read, down = true) {
      if (!drives.includes(drive) || !reads.includes(read))
        throw new UsageError(`no button between ${drive} and ${read}`, `${drives.join(', ')} and ${reads.join(', ')}`);
      state.closed = state.closed.filter((name) => name !== `${drive}:${read}`);
      if (down) state.closed.push(`${drive}:${read}`);
      follow();
    },
  };
}

/** An I2C device with registers, such as a sensor or an EEPROM: the first bytes written select the address, further bytes are stored there, and reads continue from there. */
export function i2cRegisters(
  board: DeviceBoard,
  initial: Uint8Array,
  addressBytes: 1 | 2 = 1,
): I2cDevice & {
  /** A copy of the registers. */
  readonly bytes: () => Uint8Array;
} {
  mustBeBoard(board);
  if (!(initial instanceof Uint8Array)) throw new UsageError(`the registers are ${shown(initial)}`, 'give a Uint8Array');
  const state = board.state({ bytes: initial.slice(), at: 0, left: 0 });
  const advance = (): number => {
    const at = state.at;
    state.at = (at + 1) % state.bytes.length;
    return at;
  };
  return {
    bytes: () => state.bytes.slice(),
    start: (direction) => {
      if (direction === 'write') [state.left, state.at] = [addressBytes, 0];
      return true;
    },
    write: (byte) => {
      if (state.left > 0) {
        state.left--;
        state.at = (state.at * 256 + byte) % state.bytes.length;
      } else state.bytes[advance()] = byte;
      return true;
    },
    read: () => state.bytes[advance()]!,
  };
}

/** Checkpoints hold it: what cannot be copied would fail there, far from who gave it. */
function mustBePlain(initial: unknown): void {
  const wrong = new UsageError(`the state is ${shown(initial)}`, 'give an object of plain data: numbers, texts, lists, typed arrays');
  if (typeof initial !== 'object' || initial === null) throw wrong;
  try {
    structuredClone(initial);
  } catch {
    throw wrong;
  }
}
