/**
 * What the versions of EXTI have in common: configurable lines that follow pins and wires, edges that RTSR and FTSR select, interrupts that lines share.
 * What an edge then does lies with the version.
 */
import type { Register, RegisterContext } from '../../emu/registers.ts';
import { eventOf, numberedWires, wire, type Wire } from '../../emu/wires.ts';
import { extiSource, inputLevel } from '../wires.ts';

export interface ExtiOptions {
  /** Port letters by source code. */
  readonly ports: string;
  /** Interrupt of lines 0, 1, …: index into the row's `irqs`; -1 = none. */
  readonly irqOfLine: readonly number[];
  /** Wires of configurable lines that are not pins, by line number. */
  readonly lines: Readonly<Record<string, string>>;
  /** Core that event outputs (EMR) go to: each is a change of `event.<core>`. */
  readonly event?: string;
  /** Wire that has a bit for each of lines 0 to 15 that asks for its interrupt. */
  readonly asks?: string;
}
export interface ExtiState {
  /** Levels of the lines, 32 a word. */
  level: Uint32Array;
  events: number;
}
/** The registers of lines 32 x n … 32 x n + 31. */
export interface EdgeBank {
  readonly rtsr: Register;
  readonly ftsr: Register;
}

export interface ExtiLines<C> {
  /** Wires of all pins that a line can follow, `in.PA0`…, and those in `lines`. */
  readonly pinWires: readonly Wire[];
  readonly otherWires: readonly Wire[];
  /** Lines 0 to 15 take the level of the pin that is selected now: another port at another level is an edge. */
  followPins(c: C): void;
  onWire(c: C, wire: Wire, value: number): void;
  /** No edge of this pin is selected: its line keeps the level alone. */
  ignores(c: C, wire: Wire): boolean;
  /** Sets the interrupts, each shared by its lines; `pending`: bank by bank, the lines that ask for theirs. */
  driveIrqs(c: C, pending: readonly number[], core?: number): void;
}

/** Where SYSCFG selects the ports. */
export const SOURCE_WIRES: readonly Wire[] = Array.from({ length: 16 }, (_, i) => extiSource(i));
export const sourceOf = (c: RegisterContext<object>, line: number): number => c.env.wire(SOURCE_WIRES[line]!);

/** An event output (EMR) of a chip with one core: wakes its WFE. */
export function pulseEvent(c: RegisterContext<ExtiState>, o: ExtiOptions): void {
  if (o.event !== undefined) c.env.setWire(eventOf(o.event), ++c.s.events);
}

export const bitOf = (line: number): number => (1 << (line & 31)) >>> 0;

/** The lines of bank `bank` whose bits are set. */
export function forLines(bank: number, bits: number, f: (line: number) => void): void {
  for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) f(32 * bank + bit);
}

/**
 * @param source which port a line follows: index into `ports`.
 * @param edge a selected edge has come.
 */
export function extiLines<S extends ExtiState>(
  o: ExtiOptions,
  banks: readonly EdgeBank[],
  source: (c: RegisterContext<S>, line: number) => number,
  edge: (c: RegisterContext<S>, line: number, rising: boolean) => void,
): ExtiLines<RegisterContext<S>> {
  type Context = RegisterContext<S>;
  const lineOfWire = new Map(Object.entries(o.lines).map(([line, name]) => [wire(name), Number(line)]));
  const irqIndexes = [...new Set(o.irqOfLine)].filter((i) => i >= 0);

  const setLevel = (c: Context, line: number, high: boolean): void => {
    const bank = banks[line >> 5]!;
    const bit = bitOf(line);
    const old = c.s.level[line >> 5]!;
    if (((old & bit) !== 0) === high) return;
    c.s.level[line >> 5] = high ? old | bit : old & ~bit;
    if (c.get(high ? bank.rtsr : bank.ftsr) & bit) edge(c, line, high);
  };
  const ports = [...o.ports];
  /** Levels of a port's pins, by port and line. */
  const inputs = ports.map((port) => Array.from({ length: 16 }, (_, line) => inputLevel(`P${port}${line}`)));
  /** 16 times the port and the line. */
  const pins = new Map(inputs.flatMap((port, i) => port.map((pin, line) => [pin, 16 * i + line] as const)));
  const pinOf = numberedWires(pins);
  const lineOf = numberedWires(lineOfWire);
  const followPin = (c: Context, line: number): void => {
    const pin = inputs[source(c, line)]?.[line];
    setLevel(c, line, pin !== undefined && c.env.wire(pin) === 1);
  };
  const asks = o.asks === undefined ? null : wire(o.asks);
  return {
    pinWires: [...pins.keys()],
    otherWires: [...lineOfWire.keys()],
    followPins(c) {
      for (let line = 0; line < 16; line++) followPin(c, line);
    },
    onWire(c, changed, value) {
      const other = lineOf(changed);
      if (other >= 0) return setLevel(c, other, value !== 0);
      const pin = pinOf(changed);
      if (pin < 0) followPin(c, SOURCE_WIRES.indexOf(changed));
      else if (ports[pin >> 4] === ports[source(c, pin & 15)]) setLevel(c, pin & 15, value === 1);
    },
    ignores(c, changed) {
      const pin = pinOf(changed);
      return pin >= 0 && ((c.get(banks[0]!.rtsr) | c.get(banks[0]!.ftsr)) & bitOf(pin & 15)) === 0;
    },
    driveIrqs(c, pending, core) {
      const active = new Set<number>();
      o.irqOfLine.forEach((index, line) => {
        if (index >= 0 && (pending[line >> 5]! >>> (line & 31)) & 1) active.add(index);
      });
      if (asks !== null) c.env.setWire(asks, pending[0]! & 0xffff);
      for (const index of irqIndexes) c.env.irq(index, active.has(index), core);
    },
  };
}
