/** Why a pin reads the same whatever the board does. */
import type { GpioOptions } from '../../peripherals/pins/gpio-v2.ts';
import { PIN_FLOATING } from '../../peripherals/pins/gpio-common.ts';
import { ANALOG_PIN, chipLevel, deafPin, ISOLATED_PIN } from '../../peripherals/wires.ts';
import type { Block } from '../../emu/system.ts';
import type { Session } from '../session/session.ts';
import { lastChangeText, lastWriteText } from './last-write.ts';
import { place } from './words.ts';

const optionsOf = (b: Block): Partial<GpioOptions> => (b.row.options ?? {}) as Partial<GpioOptions>;

/** The port of `PC13`. */
function portOf({ machine: { system } }: Session, pin: string): Block | undefined {
  return system.blocks.find((b) => b.row.model?.startsWith('gpio') === true && (optionsOf(b).port ?? b.row.name.at(-1)) === pin[1]);
}
/** Where the mode of a pin is, and its bits: two a pin in MODER, four in CRL and CRH. */
function modeOf({ row, layout }: Block, pin: string): { readonly register: string; readonly mask: number } {
  const n = Number(pin.slice(2));
  if (layout.has('MODER')) return { register: `${row.name}.MODER`, mask: (3 << (2 * n)) >>> 0 };
  return { register: `${row.name}.CR${n < 8 ? 'L' : 'H'}`, mask: (15 << (4 * (n & 7))) >>> 0 };
}

/** Pins of a port that show what the board drives, a bit each, as the session stands. */
export function heardPins({ machine: { system } }: Session, name: string): number {
  const port = system.blocks.find((b) => b.row.name === name);
  if (port === undefined || (port.row.clock !== undefined && !system.isClocked(port))) return 0;
  let heard = 0;
  for (let n = 0; n < 16; n++) {
    const pin = `P${optionsOf(port).port ?? name.at(-1)}${n}`;
    if (system.level(deafPin(pin)) === 0 && system.level(chipLevel(pin)) === PIN_FLOATING) heard |= 1 << n;
  }
  return heard;
}

/** Whether the firmware drives a pin that it reads, too, as the session stands: it is an output now, or was one before it became an input. */
export function isDrivenToo(s: Session, pin: string): boolean {
  const port = portOf(s, pin);
  if (port === undefined) return false;
  const { register, mask } = modeOf(port, pin);
  const first = (mask & -mask) >>> 0;
  const { offset } = port.layout.reg(register.slice(register.indexOf('.') + 1));
  const mode = (((s.machine.bootCore.peek(port.row.base + offset, 4) ?? 0) & mask) >>> 0) / first;
  const changed = (bits: number): number => s.machine.history.lastWriter(register, (bits * first) >>> 0)?.seq ?? -1;
  // F1 has 0 in the two bits of the speed for an input, whatever its pull
  if (!port.layout.has('MODER')) return (mode & 3) !== 0 || changed(3) >= 0;
  // 00 is an input, 01 an output: from analog mode (11) both bits change at once, from an alternate function (10) the upper one
  return mode === 1 || (mode === 0 && changed(1) > changed(2));
}

/** In words, as the session stands; null where what the board drives can be read. */
export function deafPinText(s: Session, pin: string): string | null {
  const { system, chip, history } = s.machine;
  const port = portOf(s, pin);
  if (port === undefined) return null;
  const { row } = port;
  if (!system.isClocked(port) && row.clock !== undefined) {
    const register = `${chip.rcc}.${row.clock.split('.')[0]!}`;
    return `${pin} reads 0 whatever the board drives: ${row.name} has no clock (${chip.rcc}.${row.clock} is 0; ${lastWriteText(s, register)})`;
  }
  const { register, mask } = modeOf(port, pin);
  switch (system.level(deafPin(pin))) {
    case ISOLATED_PIN: {
      const bit = optionsOf(port).supply!.declared;
      const last = lastWriteText(s, bit.slice(0, bit.lastIndexOf('.')));
      return `${pin} reads 0 whatever the board drives (reported): ${bit} is 0, which isolates it from VDDIO2; ${last}`;
    }
    case ANALOG_PIN:
      return `${pin} reads 0 whatever the board drives: it is in analog mode; ${lastChangeText(s, register, mask, `its mode in ${register}`)}`;
  }
  if (system.level(chipLevel(pin)) === PIN_FLOATING) return null;
  const writer = history.lastWriter(register, mask);
  return `${pin} reads what the chip drives: it is an output${writer === null ? '' : ` (${place(s, writer.pc)})`}`;
}
