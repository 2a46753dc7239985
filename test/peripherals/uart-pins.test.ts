/** What a byte needs to come in at a USART: a pin that leads to it, with its supply, and a kernel clock that runs. */
import { expect, it } from 'vitest';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { uartPlaces } from '../../src/chips/uart-pins.ts';
import { pinsOfPort, romProfileOf, rxPins } from '../../src/rom/profiles.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const lost = (why: string): string => `the byte 0x41 is lost: ${why}`;
/** The port is on, and gets a byte; what is told of it, null if it was received. */
function told(h: StChip, port: string): string | null {
  h.write(`${port}.BRR`, 0x400);
  for (const bit of ['RE', 'UE']) h.set(`${port}.CR1.${bit}`, 1);
  h.notes.length = 0;
  const wire = `${port.toLowerCase()}.rx`;
  h.system.setWire(wire, 0x200);
  h.wait(MS);
  h.system.setWire(wire, 0x141);
  h.read(`${port}.${h.layout(port).has('RDR') ? 'RDR' : 'DR'}`);
  return h.notes.find((n) => n.includes('lost')) ?? null;
}
/** A pin in an alternate function: its port is on. */
function lead(h: StChip, pin: string, af: number): void {
  const n = Number(pin.slice(2));
  const port = `GPIO${pin[1]!}`;
  const afr = `${port}.AFR${n < 8 ? 'L' : 'H'}`;
  h.write(afr, (h.read(afr) | (af << (4 * (n & 7)))) >>> 0);
  h.write(`${port}.MODER`, ((h.read(`${port}.MODER`) & ~(3 << (2 * n))) | (2 << (2 * n))) >>> 0);
}
const l476 = new StChip(findChip('stm32l476zg')!);
function fresh(): StChip {
  const h = l476.again();
  for (const path of ['RCC.AHB2ENR.GPIOAEN', 'RCC.AHB2ENR.GPIOGEN', 'RCC.APB1ENR1.USART2EN', 'RCC.APB1ENR1.PWREN', 'RCC.APB2ENR.USART1EN'])
    h.set(path, 1);
  h.wait(MS);
  return h;
}

it('a pin in the alternate function of the block leads to it, and no other mode of the pin does', () => {
  const h = fresh();
  const none = lost("no pin leads to USART2's RX: GPIOA.MODER and GPIOA.AFRL do not give PA3 alternate function 7 (or PD6 in 7)");
  expect(told(h, 'USART2')).toBe(none);
  for (const mode of [0, 1, 3]) {
    h.write('GPIOA.MODER', ((0xabffffff & ~0xc0) | (mode << 6)) >>> 0);
    h.write('GPIOA.AFRL', 7 << 12);
    expect([mode, told(h, 'USART2')]).toEqual([mode, none]);
  }
  lead(h, 'PA3', 7);
  expect(told(h, 'USART2')).toBeNull();
});
it('another function of the pin is told', () => {
  const h = fresh();
  lead(h, 'PA3', 1);
  expect(told(h, 'USART2')).toBe(lost("no pin leads to USART2's RX: GPIOA.AFRL gives PA3 alternate function 1, and USART2 is 7"));
});
it('with SWAP, or on one wire, it listens at TX', () => {
  for (const path of ['USART2.CR2.SWAP', 'USART2.CR3.HDSEL']) {
    const h = fresh();
    lead(h, 'PA3', 7);
    h.set(path, 1);
    expect(told(h, 'USART2')).toMatch(/no pin leads to USART2's TX: .* give PA2 alternate function 7/);
    lead(h, 'PA2', 7);
    expect(told(h, 'USART2')).toBeNull();
  }
});
it('a kernel clock that is off hears nothing', () => {
  const h = fresh();
  lead(h, 'PA3', 7);
  h.set('RCC.CCIPR.USART2SEL', 2);
  expect(told(h, 'USART2')).toBe(lost('its kernel clock is off: RCC.CCIPR.USART2SEL selects one that does not run'));
  h.set('RCC.CR.HSION', 1);
  h.wait(MS);
  expect(told(h, 'USART2')).toBeNull();
});
it('VDDIO2 has to be declared valid for a pin that it supplies', () => {
  const h = fresh();
  lead(h, 'PG10', 7);
  expect(told(h, 'USART1')).toBe(lost("no pin leads to USART1's RX: PWR isolates PG10 from its supply"));
  h.set('PWR.CR2.IOSV', 1);
  expect(told(h, 'USART1')).toBeNull();
});

const f103 = new StChip(findChip('stm32f103rb')!);
it('on F1 the pin is an input, and AFIO says which', () => {
  const h = f103.again();
  for (const bit of ['AFIOEN', 'IOPAEN', 'IOPBEN', 'USART1EN']) h.set(`RCC.APB2ENR.${bit}`, 1);
  expect(told(h, 'USART1')).toBeNull();
  h.write('GPIOA.CRH', 0x44444044); // PA10 analog
  expect(told(h, 'USART1')).toBe(lost("no pin leads to USART1's RX: GPIOA.CRH makes PA10 analog"));
  h.set('AFIO.MAPR.USART1_REMAP', 1); // PB7
  expect(told(h, 'USART1')).toBeNull();
  h.write('GPIOB.CRL', 0x34444444); // PB7 output
  expect(told(h, 'USART1')).toBe(lost("no pin leads to USART1's RX: GPIOB.CRL makes PB7 an output"));
});

/** The dies have it, these parts do not. */
const WITHOUT = ['STM32L432 USART3', 'STM32L442 USART3'];
it('each line has pins for all its USARTs, and those of its ROM are among them', () => {
  const without: string[] = [];
  for (const chip of CHIPS) {
    const places = uartPlaces(chip.line);
    const ports = chip.blocks.filter((b) => b.model === 'usart-v4').map((b) => b.name);
    without.push(...ports.filter((name) => !places[name]?.pins.rx.length).map((name) => `${chip.line} ${name}`));
    const profile = romProfileOf(chip);
    for (const { name } of rxPins(profile)) {
      const { rx } = pinsOfPort(profile, name);
      const pins = places[name.split(' ')[0]!]?.pins.rx.map(([pin]) => pin) ?? [];
      expect([chip.name, name, pins.includes(rx!) ? rx : pins]).toEqual([chip.name, name, rx]);
    }
  }
  expect(without).toEqual(WITHOUT);
});
