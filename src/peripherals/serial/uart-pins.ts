/**
 * The pin on which a USART listens. GPIO leads one to it as an alternate function; on F1 the pin is an input, and AFIO says which one it is. A receiver without a pin hears
 * nothing, whatever is on the board's line.
 * Source: GPIO and AFIO chapters of the manuals (RM0351 8.3.2, RM0090 8.3.2, RM0008 9.1.11 and 9.3.8: documented); which pins: see src/chips/uart-pins.ts.
 */
import type { Env } from '../../emu/component.ts';
import type { Wire } from '../../emu/wires.ts';
import { alternateOf, chipLevel, deafPin, ISOLATED_PIN, usartRemap } from '../wires.ts';
import { PIN_FLOATING } from '../pins/gpio-common.ts';

/** `PA3` with what selects it: the number of its alternate function, on F1 a value of the block's remap field in AFIO_MAPR. */
export type UartPin = readonly [pin: string, selected: number];
export interface UartPinsOptions {
  readonly rx: readonly UartPin[];
  /** Listened to with SWAP, or on one wire (HDSEL). */
  readonly tx: readonly UartPin[];
  /** F1: pins are inputs that AFIO selects. */
  readonly remapped?: boolean;
}

class Pin {
  readonly name: string;
  readonly selected: number;
  readonly alternate: Wire;
  readonly deaf: Wire;
  readonly driven: Wire;

  constructor([name, selected]: UartPin) {
    this.name = name;
    this.selected = selected;
    this.alternate = alternateOf(name);
    this.deaf = deafPin(name);
    this.driven = chipLevel(name);
  }
  /** `GPIOA` */
  get port(): string {
    return `GPIO${this.name[1]}`;
  }
  /** Bits 7 to 0 of the sixteen pins are in the first of two registers. */
  get isLow(): boolean {
    return Number(this.name.slice(2)) < 8;
  }
}

export class UartPins {
  private readonly block: string;
  private readonly remapped: boolean;
  private readonly remap: Wire;
  private readonly rx: readonly Pin[];
  private readonly tx: readonly Pin[];

  /** Left out: it is not known where the block listens, so it always does. */
  constructor(block: string, options: UartPinsOptions | undefined) {
    this.block = block;
    this.remapped = options?.remapped === true;
    this.remap = usartRemap(block);
    this.rx = (options?.rx ?? []).map((pin) => new Pin(pin));
    this.tx = (options?.tx ?? []).map((pin) => new Pin(pin));
  }
  /**
   * Why no level comes in, null if one does.
   * @param onTx the block listens at its TX pin
   */
  deaf(env: Env, onTx: boolean): string | null {
    const all = onTx ? this.tx : this.rx;
    const pins = this.remapped ? all.filter((p) => p.selected === env.wire(this.remap)) : all;
    if (pins.length === 0) return null;
    const reasons = pins.map((pin) => (this.remapped ? whyNoInput(env, pin) : this.whyNotLed(env, pin)));
    if (reasons.includes(null)) return null;
    // a pin that is set up wrongly says more than those that nobody touched
    const meant = reasons.find((_, i) => env.wire(pins[i]!.alternate) !== 0);
    const others = meant === undefined ? pins.slice(1).map(({ name, selected }) => `${name} in ${selected}`) : [];
    return `no pin leads to ${this.block}'s ${onTx ? 'TX' : 'RX'}: ${meant ?? reasons[0]!}${others.length === 0 || this.remapped ? '' : ` (or ${others.join(', ')})`}`;
  }
  private whyNotLed(env: Env, pin: Pin): string | null {
    const { name, port, selected, isLow } = pin;
    const functions = `${port}.AFR${isLow ? 'L' : 'H'}`;
    const af = env.wire(pin.alternate) - 1;
    if (af === selected) return env.wire(pin.deaf) === ISOLATED_PIN ? `PWR isolates ${name} from its supply` : null;
    return af >= 0
      ? `${functions} gives ${name} alternate function ${af}, and ${this.block} is ${selected}`
      : `${port}.MODER and ${functions} do not give ${name} alternate function ${selected}`;
  }
}
/** F1. What an output drives wins over the board (inferred). */
function whyNoInput(env: Env, { name, port, isLow, deaf, driven }: Pin): string | null {
  const register = `${port}.CR${isLow ? 'L' : 'H'}`;
  if (env.wire(deaf) !== 0) return `${register} makes ${name} analog`;
  return env.wire(driven) === PIN_FLOATING ? null : `${register} makes ${name} an output`;
}
