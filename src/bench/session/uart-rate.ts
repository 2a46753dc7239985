/** How long the bits are that a USART sends: a character of another rate is none to the other side. */
import type { Machine } from '../../emu/machine.ts';
import type { UsartOptions } from '../../peripherals/serial/usart-v4.ts';

/** Eight data bits, parity: the last of eleven bits is looked at in its middle, a twentieth away from its end; both sides share what is left. */
const TOLERANCE = 0.04;

/** Null: the port is off, or has no clock. */
export function baudOf(machine: Machine, port: string): number | null {
  const row = machine.chip.blocks.find((b) => b.name === port);
  const { clock, lowPower = false } = (row?.options ?? {}) as Partial<UsartOptions>;
  const rate = clock === undefined ? null : machine.system.clock(clock).rate;
  if (rate === null) return null;
  const { layout, state } = machine.system.block(port);
  const of = (name: string): number => (layout.has(name) ? state.regs[layout.reg(name).index]! >>> 0 : 0);
  const brr = of('BRR');
  const over8 = (of('CR1') & (1 << 15)) !== 0;
  const divisor = lowPower ? brr / 256 : over8 ? ((brr & 0xfff0) | ((brr & 7) << 1)) / 2 : brr;
  return divisor === 0 ? null : rate.num / rate.den / divisor;
}
/** A host at `baud` reads what comes from this port. */
export function isRead(machine: Machine, port: string, baud: number): boolean {
  const own = baudOf(machine, port);
  return own === null || Math.abs(own - baud) <= TOLERANCE * baud;
}
