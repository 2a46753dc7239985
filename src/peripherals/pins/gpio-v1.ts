/**
 * GPIO of STM32F1: four bits a pin in CRL and CRH. Modelled: mode, output type, pulls (by ODR), IDR, ODR, BSRR, BRR, LCKR.
 *
 * Facts: registers ST SVD, behaviour RM0008 9.1 and 9.2 (documented). A floating input reads 0 (assumed; silicon reads noise). Which peripheral drives a pin in alternate
 * mode is AFIO's business.
 *
 * Wires as gpio-v2's: `pin.PA5` from the board, `out.PA5`, `in.PA5`; `af.PA5` is 1 in an alternate mode, else 0; `deaf.PA5` is 1 in analog mode.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { freshLock, lockedPins, PIN_FLOATING, PIN_IDLE_HIGH, readLock, writeLock, type PinLock } from './gpio-common.ts';
import { alternateOf, ANALOG_PIN, boardLevel, chipLevel, deafPin, inputLevel } from '../wires.ts';

export interface GpioV1Options {
  /** Port letter in pin names; by default the last letter of the block's name. */
  readonly port: string;
  readonly block: string;
}

type Context = RegisterContext<PinLock>;

/** CNF of an input. */
const ANALOG = 0;
const PULLED = 2;

export const gpioV1: ModelFactory<Partial<GpioV1Options>> = (layout, given): RegisterModel<PinLock> => {
  const { block = 'GPIOA', port = block.slice(-1) } = given;
  const pins = Array.from({ length: 16 }, (_, i) => `P${port}${i}`);
  const pinWires = pins.map(boardLevel);
  const outWires = pins.map(chipLevel);
  const inWires = pins.map(inputLevel);
  const afWires = pins.map(alternateOf);
  const deafWires = pins.map(deafPin);
  const CR = [layout.reg('CRL'), layout.reg('CRH')] as const;
  const ODR = layout.reg('ODR');
  const IDR = layout.reg('IDR');
  const BSRR = layout.reg('BSRR');
  const BRR = layout.reg('BRR');
  const LCKR = layout.reg('LCKR');

  const nibble = (c: Context, pin: number): number => (c.get(CR[pin < 8 ? 0 : 1]) >>> (4 * (pin & 7))) & 15;
  const mode = (c: Context, pin: number): number => nibble(c, pin) & 3;
  const cnf = (c: Context, pin: number): number => nibble(c, pin) >>> 2;
  const odr = (c: Context, pin: number): number => (c.get(ODR) >>> pin) & 1;
  const drive = (c: Context, pin: number): number => {
    // Bit 1 of CNF: alternate function; bit 0: open drain.
    if (mode(c, pin) === 0 || cnf(c, pin) & 2) return PIN_FLOATING;
    return odr(c, pin) && cnf(c, pin) & 1 ? PIN_FLOATING : odr(c, pin);
  };
  const level = (c: Context, pin: number): number => {
    const input = mode(c, pin) === 0;
    if (input && cnf(c, pin) === ANALOG) return 0;
    const driven = drive(c, pin);
    if (driven !== PIN_FLOATING) return driven;
    const outside = c.env.wire(pinWires[pin]!);
    if (outside < PIN_FLOATING) return outside;
    if (input && cnf(c, pin) === PULLED) return odr(c, pin);
    return outside === PIN_IDLE_HIGH ? 1 : 0;
  };
  const show = (c: Context, pin: number): void => {
    const high = level(c, pin);
    c.put(IDR, (c.get(IDR) & ~(1 << pin)) | (high << pin));
    c.env.setWire(inWires[pin]!, high);
  };
  /** Brings these pins up to date, a bit each. */
  const update = (c: Context, changed: number): void => {
    for (let rest = changed; rest !== 0; rest &= rest - 1) {
      const pin = 31 - Math.clz32(rest & -rest);
      c.env.setWire(outWires[pin]!, drive(c, pin));
      c.env.setWire(deafWires[pin]!, mode(c, pin) === 0 && cnf(c, pin) === ANALOG ? ANALOG_PIN : 0);
      c.env.setWire(afWires[pin]!, mode(c, pin) !== 0 && cnf(c, pin) & 2 ? 1 : 0);
      show(c, pin);
    }
  };
  /** What ODR holds behind a write of this register; null: it is none of outputs. */
  const outputsBy = (c: Context, r: Register, raw: number): number | null => {
    if (r === BSRR) return ((c.get(ODR) & ~(raw >>> 16)) | raw) & 0xffff; // BS wins over BR
    if (r === BRR) return c.get(ODR) & ~raw & 0xffff;
    return r === ODR ? raw & 0xffff : null;
  };
  const output = (c: Context, odr: number): number => {
    const changed = c.get(ODR) ^ odr;
    c.put(ODR, odr);
    update(c, changed);
    return 0;
  };
  /** Pins of which four bits of CRL or CRH have changed. */
  const fours = (bits: number, half: number): number => {
    let pins = 0;
    for (let i = 0; i < 8; i++) if ((bits >>> (4 * i)) & 15) pins |= 1 << (8 * half + i);
    return pins;
  };
  /** Bits of CRL or CRH that the lock freezes. */
  const frozen = (c: Context, r: Register): number => {
    const half = CR.indexOf(r as (typeof CR)[number]);
    if (half < 0) return 0;
    const pins = lockedPins(c, LCKR);
    let bits = 0;
    for (let i = 0; i < 8; i++) if ((pins >>> (8 * half + i)) & 1) bits |= 15 << (4 * i);
    return bits;
  };

  return {
    wires: pinWires,
    about: {
      source: 'RM0008 9; a floating input reads 0 (assumed)',
      confidence: 'documented',
      lacks: ['pins driven by peripherals (alternate functions)'],
    },
    modelled: 'all',
    create: freshLock,
    onReset(c) {
      c.s.lockStep = 0;
      update(c, 0xffff);
    },
    onWire: (c, wire) => show(c, pinWires.indexOf(wire)),
    live: ['LCKR'],
    acting: ['LCKR'],
    read(c, r, value) {
      return r === LCKR ? readLock(c, LCKR, value) : value;
    },
    peek: (_c, _r, value) => value,
    write(c, r, merged, raw) {
      if (r === LCKR) return writeLock(c, LCKR, raw);
      if (r === IDR) return c.get(IDR);
      if (r === BSRR || r === BRR) return output(c, outputsBy(c, r, raw)!);
      const keep = frozen(c, r);
      return ((merged & ~keep) | (c.get(r) & keep)) >>> 0;
    },
    repeats: (c, r, raw) => outputsBy(c, r, raw) === c.get(ODR),
    turns(c, r, raw) {
      const odr = outputsBy(c, r, raw);
      if (odr === null) return null;
      return pins.flatMap((_, pin) => (((odr ^ c.get(ODR)) >>> pin) & 1 ? [outWires[pin]!, inWires[pin]!] : []));
    },
    wrote(c, r, value, old) {
      if (r === ODR) update(c, (value ^ old) & 0xffff);
      else if (r === CR[0] || r === CR[1]) update(c, fours(value ^ old, r === CR[1] ? 1 : 0));
    },
  };
};
