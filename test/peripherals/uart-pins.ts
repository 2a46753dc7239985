/** The board support that leads a pin to each USART of a part, for tests without GPIO ports. */
import type { System } from '../../src/emu/system.ts';
import type { UsartOptions } from '../../src/peripherals/serial/usart-v4.ts';
import { alternateOf, deafPin } from '../../src/peripherals/wires.ts';

export function leadUartPins(system: System): void {
  for (const { row } of system.blocks) {
    const { pins } = (row.options ?? {}) as Partial<UsartOptions>;
    if (row.model !== 'usart-v4' || pins === undefined || pins.remapped) continue;
    const [pin, af] = pins.rx.find(([name]) => system.level(alternateOf(name)) === 0)!;
    system.drive(alternateOf(pin), af + 1);
    system.drive(deafPin(pin), 0);
  }
}
