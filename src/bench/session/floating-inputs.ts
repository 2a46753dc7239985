/** Inputs that nothing drives: they read 0 here, and anything on a board. */
import type { Machine } from '../../emu/machine.ts';
import type { Block } from '../../emu/system.ts';
import { PIN_FLOATING } from '../../peripherals/pins/gpio-common.ts';
import type { Scenario } from '../documents/scenario-types.ts';
import { pinsMoved } from '../input/scenario.ts';

const PINS = 16;
/** Serial wire and JTAG: a debugger or the chip itself holds them. */
const DEBUG = /^(PA1[345]|PB[34])$/;

/** Digital inputs without a pull that neither the board nor a step of the scenario drives, of ports with a clock. */
export function floatingInputs({ system }: Machine, scenario: Scenario): string[] {
  const driven = new Set(pinsMoved(scenario));
  return system.blocks.flatMap((block) => {
    if (block.row.model?.startsWith('gpio') !== true || !system.isClocked(block)) return [];
    const port = block.row.name.slice(-1);
    return Array.from({ length: PINS }, (_, n) => n)
      .filter((n) => isBareInput(block, n) && system.wire(`pin.P${port}${n}`) === PIN_FLOATING)
      .map((n) => `P${port}${n}`)
      .filter((pin) => !DEBUG.test(pin) && !driven.has(pin));
  });
}
/** MODER = 0 and PUPDR = 0; on F1 MODE = 0 and CNF = 1 (RM0008 9.2.1). */
function isBareInput({ layout, state: { regs } }: Block, pin: number): boolean {
  const value = (register: string): number => regs[layout.reg(register).index]!;
  if (layout.has('MODER')) return (((value('MODER') | value('PUPDR')) >>> (2 * pin)) & 3) === 0;
  return ((value(pin < 8 ? 'CRL' : 'CRH') >>> (4 * (pin & 7))) & 15) === FLOATING_F1;
}
const FLOATING_F1 = 0b0100;
