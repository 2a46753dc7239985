/** How long the bits are that a USART sends: a character of another rate is none to the other side. */
import type { Machine } from '../../emu/machine.ts';
import { PRESCALERS, type UsartOptions } from '../../peripherals/serial/usart-v4.ts';
import { givenInStop } from '../../peripherals/wires.ts';

/** Eight data bits, parity: the last of eleven bits is looked at in its middle, a twentieth away from its end; both sides share what is left. */
const TOLERANCE = 0.04;

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
/** What somebody who knows the port's rate sets on his terminal. */
export const senderBaud = (machine: Machine, port: string): number => nearestTo(baudOf(machine, port) ?? UNSET);

/** The rate of a receiver that is not its sender's; null where they go together, or nothing is received. */
export function otherBaud(machine: Machine, port: string, baud: number): number | null {
  const own = baudOf(machine, port);
  return own === null || machine.state.inSystem || isNear(own, baud) || !receives(machine, port) ? null : own;
}

/** A byte has come from a sender at `baud`: says so where a receiver at its own rate reads something else. The ROM measures the rate of its host. */
export function tellOtherBaud(machine: Machine, port: string, baud: number): void {
  const own = otherBaud(machine, port, baud);
  if (own === null) return;
  const nearest = nearestTo(own);
  const why = baud === nearest && !isNear(own, nearest) ? ': no standard rate is within 3 %' : `, and its sender at ${inWords(baud)}`;
  machine.note('guest', `${port} runs at ${inWords(own)} baud${why}`, port, {
    is: 'other-baud',
    wrote: machine.history.lastWriter(`${port}.BRR`)?.pc ?? null,
  });
}
function receives(machine: Machine, port: string): boolean {
  const cr1 = registerOf(machine, port, 'CR1');
  const on = machine.system.block(port).layout.has('SR') ? UE_FIRST : UE;
  return (cr1 & on) !== 0 && (cr1 & RE) !== 0;
}
const inWords = (baud: number): string => Math.round(baud).toLocaleString('en-US');
