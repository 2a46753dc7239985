/**
 * GPIO: general-purpose I/O port, the version with MODER. Modelled: mode, output type, pulls, IDR, ODR, BSRR, BRR, LCKR, AFR and speed (stored).
 *
 * Facts: registers ST SVD, behaviour RM GPIO chapter (documented). A floating input reads 0 (assumed; silicon reads noise).
 *
 * Wires, for pin PA5: `pin.PA5` is what the board drives: 0, 1, 2 (high impedance; the board drives 2 where nothing is connected) or 3 (a weak pull-up). `out.PA5` is what the
 * chip drives as an output: 0, 1 or 2 (not driving). `in.PA5` is the level that the digital input sees (0 in analog mode), for EXTI. `af.PA5` is the number of the
 * alternate function + 1 (of an isolated pin, too), 0 in the other modes. `deaf.PA5` says why the digital input sees nothing: 1 in analog mode, 2 where PWR isolates the pin.
 *
 * PG2 to PG15 of L4 and U5 have VDDIO2, which PWR isolates until software declares it valid (IOSV, IO2SV): RM0351 5.1.3, RM0456 10.4 (documented). Isolated inputs read 0
 * (zephyr#50158: reported), and outputs drive nothing.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { freshLock, lockedPins, PIN_FLOATING, PIN_IDLE_HIGH, readLock, writeLock, type PinLock } from './gpio-common.ts';
import { wire as wireOf } from '../../emu/wires.ts';
import { alternateOf, ANALOG_PIN, boardLevel, chipLevel, deafPin, inputLevel, ISOLATED_PIN } from '../wires.ts';

export interface GpioOptions {
  /** Port letter in pin names; by default the last letter of the block's name. */
  readonly port: string;
  readonly block: string;
  /** Pins, a bit each, that PWR isolates until the supply on this wire is declared valid, and the bit that does: `PWR.CR2.IOSV`. */
  readonly supply?: { readonly wire: string; readonly pins: number; readonly declared: string };
}

const Z = PIN_FLOATING;
const MODE_OUTPUT = 1;
const MODE_ALTERNATE = 2;
const MODE_ANALOG = 3;
const PULLED_UP = 1;
const PULLED_DOWN = 2;

type Context = RegisterContext<PinLock>;

export const gpioV2: ModelFactory<Partial<GpioOptions>> = (layout, given): RegisterModel<PinLock> => {
  const { block = 'GPIOA', port = block.slice(-1) } = given;
  const pins = Array.from({ length: 16 }, (_, i) => `P${port}${i}`);
  const pinWires = pins.map(boardLevel);
  const outWires = pins.map(chipLevel);
  const inWires = pins.map(inputLevel);
  const afWires = pins.map(alternateOf);
  const deafWires = pins.map(deafPin);
  const supply = given.supply ? wireOf(given.supply.wire) : null;
  const isolated = (c: Context, pin: number): boolean =>
    supply !== null && ((given.supply!.pins >>> pin) & 1) !== 0 && c.env.wire(supply) === 0;
  const AFR = [layout.at(0x20)!, layout.at(0x24)!];
  const MODER = layout.reg('MODER');
  const OTYPER = layout.reg('OTYPER');
  const PUPDR = layout.reg('PUPDR');
  const ODR = layout.reg('ODR');
  const IDR = layout.reg('IDR');
  const BSRR = layout.reg('BSRR');
  const BRR = layout.has('BRR') ? layout.reg('BRR') : null;
  const LCKR = layout.reg('LCKR');
  // The lock freezes these: two bits a pin, one bit a pin, four bits a pin.
  const lockable = new Map([
    ['MODER', 2],
    ['OTYPER', 1],
    ['OSPEEDR', 2],
    ['PUPDR', 2],
    ['AFRL', 4],
    ['AFRH', 4],
  ]);

  const two = (value: number, pin: number): number => (value >>> (2 * pin)) & 3;
  const drive = (c: Context, pin: number): number => {
    if (two(c.get(MODER), pin) !== MODE_OUTPUT || isolated(c, pin)) return Z;
    const high = (c.get(ODR) >>> pin) & 1;
    return high && (c.get(OTYPER) >>> pin) & 1 ? Z : high;
  };
  const level = (c: Context, pin: number): number => {
    if (two(c.get(MODER), pin) === MODE_ANALOG || isolated(c, pin)) return 0;
    const driven = drive(c, pin);
    if (driven !== Z) return driven;
    const outside = c.env.wire(pinWires[pin]!);
    if (outside < Z) return outside;
    const pull = two(c.get(PUPDR), pin);
    return pull === PULLED_UP || (outside === PIN_IDLE_HIGH && pull !== PULLED_DOWN) ? 1 : 0;
  };
  const alternate = (c: Context, pin: number): number =>
    two(c.get(MODER), pin) === MODE_ALTERNATE ? ((c.get(AFR[pin >> 3]!) >>> (4 * (pin & 7))) & 15) + 1 : 0;
  const deaf = (c: Context, pin: number): number =>
    isolated(c, pin) ? ISOLATED_PIN : two(c.get(MODER), pin) === MODE_ANALOG ? ANALOG_PIN : 0;
  const route = (c: Context): void =>
    pins.forEach((_, pin) => {
      c.env.setWire(afWires[pin]!, alternate(c, pin));
      c.env.setWire(deafWires[pin]!, deaf(c, pin));
    });
  /** Brings these pins up to date, a bit each. */
  const update = (c: Context, changed: number): void => {
    for (let rest = changed & 0xffff; rest !== 0; rest &= rest - 1) {
      const pin = 31 - Math.clz32(rest & -rest);
      c.env.setWire(outWires[pin]!, drive(c, pin));
      const high = level(c, pin);
      // each by itself: the board may have answered with another pin of this port
      c.put(IDR, (c.get(IDR) & ~(1 << pin)) | (high << pin));
      c.env.setWire(inWires[pin]!, high);
    }
  };
  /** A bit for each pair of bits in which something is set. */
  const pairs = (bits: number): number => {
    let pins = 0;
    for (let pin = 0; pin < 16; pin++) if (two(bits, pin) !== 0) pins |= 1 << pin;
    return pins;
  };
  /** What ODR holds behind a write of this register; null: it is none of outputs. */
  const outputsBy = (c: Context, r: Register, raw: number): number | null => {
    const odr = c.get(ODR);
    if (r === BSRR) return ((odr & ~(raw >>> 16)) | raw) & 0xffff; // BS wins over BR
    if (r === BRR) return odr & ~raw & 0xffff;
    return r === ODR ? raw & 0xffff : null;
  };
  const output = (c: Context, odr: number): void => {
    const changed = c.get(ODR) ^ odr;
    c.put(ODR, odr);
    update(c, changed);
  };

  /** Bits of a register that the lock freezes. */
  const frozen = (c: Context, name: string): number => {
    const width = lockable.get(name);
    if (!width) return 0;
    const locked = lockedPins(c, LCKR);
    const first = name === 'AFRH' ? 8 : 0;
    let bits = 0;
    for (let pin = first; pin < 16 && (pin - first) * width < 32; pin++)
      if ((locked >>> pin) & 1) bits |= ((1 << width) - 1) << ((pin - first) * width);
    return bits;
  };

  return {
    wires: supply ? [...pinWires, supply] : pinWires,
    about: {
      source: 'RM chapters GPIO; a floating input reads 0 (assumed)',
      confidence: 'documented',
      lacks: ['pins driven by peripherals (alternate functions)', 'high-speed low-voltage mode', 'security'],
    },
    modelled: layout.registers.map((r) => r.name).filter((n) => n !== 'HSLVR' && n !== 'SECCFGR' && n !== 'PRIVCFGR'),
    create: freshLock,
    onReset(c) {
      c.s.lockStep = 0;
      update(c, 0xffff);
      route(c);
    },
    onWire(c, wire) {
      if (wire === supply) {
        update(c, given.supply!.pins);
        return route(c);
      }
      const pin = pinWires.indexOf(wire);
      const high = level(c, pin);
      c.put(IDR, (c.get(IDR) & ~(1 << pin)) | (high << pin));
      c.env.setWire(inWires[pin]!, high);
    },
    live: ['LCKR'],
    acting: ['LCKR'],
    read(c, r, value) {
      return r === LCKR ? readLock(c, LCKR, value) : value;
    },
    peek: (_c, _r, value) => value,
    write(c, r, merged, raw) {
      if (r === LCKR) return writeLock(c, LCKR, raw);
      if (r === IDR) return c.get(IDR);
      if (r === BSRR || r === BRR) {
        output(c, outputsBy(c, r, raw)!);
        return 0;
      }
      const keep = frozen(c, r.name);
      return (merged & ~keep) | (c.get(r) & keep);
    },
    repeats: (c, r, raw) => outputsBy(c, r, raw) === c.get(ODR),
    turns(c, r, raw) {
      const odr = outputsBy(c, r, raw);
      if (odr === null) return null;
      return pins.flatMap((_, pin) => (((odr ^ c.get(ODR)) >>> pin) & 1 ? [outWires[pin]!, inWires[pin]!] : []));
    },
    wrote(c, r, value, old) {
      if (r === MODER || r === PUPDR) update(c, pairs(value ^ old));
      else if (r === OTYPER || r === ODR) update(c, value ^ old);
      if (value !== old && (r === MODER || AFR.includes(r))) route(c);
    },
  };
};
