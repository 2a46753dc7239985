/** How long the bits are that a USART sends: a character of another rate is none to the other side. */
import type { GuestFact } from '../../emu/component.ts';
import type { LoadedImage } from '../../image/image.ts';
import type { Machine } from '../../emu/machine.ts';
import { PRESCALERS, type UsartOptions } from '../../peripherals/serial/usart-v4.ts';
import { countedCrystal, type CountedCrystal } from '../input/counted-crystal.ts';
import { givenInStop } from '../../peripherals/wires.ts';

/** Eight data bits, parity: the last of eleven bits is looked at in its middle, a twentieth away from its end; both sides share what is left. */
const TOLERANCE = 0.04;

const MHZ = 1e6;

const optionsOf = (machine: Machine, port: string): Partial<UsartOptions> =>
  machine.chip.blocks.find((b) => b.name === port)?.options ?? {};
const registerOf = ({ system }: Machine, port: string, name: string): number => {
  const { layout, state } = system.block(port);
  return layout.has(name) ? state.regs[layout.reg(name).index]! >>> 0 : 0;
};
/** In Stop, of the clock that the port asks for with a start bit. */
function kernelHertz({ system }: Machine, clock: string): number {
  const { rate } = system.clock(clock);
  return rate === null ? system.level(givenInStop(clock)) : rate.num / rate.den;
}
/** Null: no rate is set, or the port has no clock. */
export function baudOf(machine: Machine, port: string): number | null {
  const { clock, lowPower = false } = optionsOf(machine, port);
  const hertz = clock === undefined ? 0 : kernelHertz(machine, clock);
  if (hertz === 0) return null;
  const of = (name: string): number => registerOf(machine, port, name);
  const brr = of('BRR');
  const over8 = (of('CR1') & OVER8) !== 0;
  const divisor = lowPower ? brr / 256 : over8 ? ((brr & 0xfff0) | ((brr & 7) << 1)) / 2 : brr;
  const prescaler = PRESCALERS[of('PRESC') & 0xf] ?? 256;
  return divisor === 0 ? null : hertz / prescaler / divisor;
}
/** A host at `baud` reads what comes from this port. */
export function isRead(machine: Machine, port: string, baud: number): boolean {
  const own = baudOf(machine, port);
  return own === null || Math.abs(own - baud) <= TOLERANCE * baud;
}

// ---- who sends to it ---------------------------------------------------------------------------------------------------------------

/** UE and RE in two generations of USART. */
const [UE, UE_FIRST, RE, OVER8] = [1 << 0, 1 << 13, 1 << 2, 1 << 15];
/** Rates that terminal programs offer: those of termios and of Windows (CBR_…), MIDI's, and the one of 3D printers and DMX512. */
const STANDARD = [
  300, 600, 1200, 1800, 2400, 4800, 9600, 14_400, 19_200, 31_250, 38_400, 57_600, 115_200, 128_000, 230_400, 250_000, 256_000, 460_800,
  500_000, 576_000, 921_600, 1e6, 1.152e6, 1.5e6, 2e6, 2.5e6, 3e6, 3.5e6, 4e6,
];
const UNSET = 115_200;
/** Without parity ten bits have room for a little more than 4 % in all, and the sender is off, too. */
const OFF = 0.03;
const isNear = (own: number, baud: number): boolean => Math.abs(own - baud) <= OFF * baud;

const nearestTo = (own: number): number => STANDARD.reduce((a, b) => (Math.abs(Math.log(own / b)) < Math.abs(Math.log(own / a)) ? b : a));
const hasStandard = (own: number): boolean => isNear(own, nearestTo(own));
/** Who sends to a port: his rate, and the crystal of which the firmware believes that it gives the port the same. */
export interface Sender {
  readonly baud: number;
  readonly counts: CountedCrystal | null;
}
/** What somebody sets on his terminal who knows the port's rate, or what the firmware takes for it. */
export function senderOf(machine: Machine, port: string, images: readonly LoadedImage[], hse: number | null): Sender {
  const own = baudOf(machine, port) ?? UNSET;
  const usual = { baud: nearestTo(own), counts: null };
  if (hasStandard(own) || hse === null || machine.system.wire('hse.on') !== 1) return usual;
  const held = countedCrystal(images, machine.chip, hse);
  const counts = held?.isShifted === true ? null : held;
  const meant = counts === null ? own : (own * counts.hz) / hse;
  return counts !== null && hasStandard(meant) ? { baud: nearestTo(meant), counts } : usual;
}

/** The rate of a receiver that is not its sender's; null where they go together, or nothing is received. */
export function otherBaud(machine: Machine, port: string, baud: number): number | null {
  const own = baudOf(machine, port);
  return own === null || machine.state.inSystem || isNear(own, baud) || !receives(machine, port) ? null : own;
}

/** A byte has come from a sender at `baud`: says so where a receiver at its own rate reads something else. The ROM measures the rate of its host. */
export function tellOtherBaud(machine: Machine, port: string, { baud, counts }: Sender, hse: number | null): void {
  const own = otherBaud(machine, port, baud);
  if (own === null || (counts !== null && hasOtherRate(machine, port))) return;
  const odd = baud === nearestTo(own) && !hasStandard(own);
  const why = odd ? ': no standard rate is within 3 %' : `, and its sender at ${inWords(baud)}`;
  machine.note(
    'guest',
    `${port} runs at ${inWords(own)} baud${why}${counts === null ? '' : countsInWords(counts, hse)}`,
    port,
    otherRate(machine, port, counts, hse),
  );
}
/** A port has sent a character: says so where nobody reads it who goes by the crystal that the firmware counts on. */
export function tellOutputRate(machine: Machine, port: string, images: readonly LoadedImage[], hse: number | null): void {
  const own = baudOf(machine, port);
  if (own === null || machine.state.inSystem) return;
  const { baud, counts } = senderOf(machine, port, images, hse);
  if (counts === null || hasOtherRate(machine, port)) return;
  machine.note(
    'guest',
    `${port} sends at ${inWords(own)} baud in place of ${inWords(baud)}${countsInWords(counts, hse)}`,
    port,
    otherRate(machine, port, counts, hse),
  );
}
/** It is told that the other side has another rate than this port; of one direction, for both have the same. */
export const hasOtherRate = ({ state }: Machine, port: string): boolean =>
  state.notes.some(({ about, block }) => about?.is === 'other-baud' && block === port);
/** As data: the instruction that set the rate, and the crystal with which it would be right. */
const otherRate = (machine: Machine, port: string, counts: CountedCrystal | null, hse: number | null): GuestFact => ({
  is: 'other-baud',
  wrote: machine.history.lastWriter(`${port}.BRR`)?.pc ?? null,
  counts: counts === null ? null : { port, hz: counts.hz, by: counts.by, odd: isOddWith(machine, counts.hz, hse) },
});
function receives(machine: Machine, port: string): boolean {
  const cr1 = registerOf(machine, port, 'CR1');
  const on = machine.system.block(port).layout.has('SR') ? UE_FIRST : UE;
  return (cr1 & on) !== 0 && (cr1 & RE) !== 0;
}
/** The clocks are set up for the crystal that is there: the system clock is whole megahertz from it, and would not be from the other. */
function isOddWith({ system }: Machine, hz: number, hse: number | null): boolean {
  const { rate } = system.clock('sysclk');
  if (rate === null || hse === null) return false;
  const here = rate.num / rate.den;
  return here % MHZ === 0 && ((here * hz) / hse) % MHZ !== 0;
}
const countsInWords = ({ hz, by, name }: CountedCrystal, hse: number | null): string =>
  `: ${by} counts on a crystal of ${hz / MHZ} MHz (${name}), and this board has ${hse === null ? 'none' : `${hse / MHZ} MHz`}`;
const inWords = (baud: number): string => Math.round(baud).toLocaleString('en-US');
