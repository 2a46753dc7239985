/** Inputs that nothing drives: they read 0 here, and anything on a board. Whether the way into the ROM hangs on one is seen with all of them at 1. */
import type { Block } from '../../emu/system.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS } from '../../emu/time.ts';
import { PIN_FLOATING } from '../../peripherals/pins/gpio-common.ts';
import { pinsMoved } from '../input/scenario.ts';
import { minimise } from './minimal-sets.ts';
import type { Session } from '../session/session.ts';

const PINS = 16;
/** Serial wire and JTAG: a debugger or the chip itself holds them. */
const DEBUG = /^(PA1[345]|PB[34])$/;

/** Pins on which the first entry hangs; empty where it does not come the less with all of them at 1. `at`: the entry. The session is left anywhere. */
export function decidingFloats(s: Session, powerOn: Checkpoint, at: Checkpoint): readonly string[] {
  s.restore(at);
  const entry = s.machine.history.entries[0];
  if (entry === undefined || entry.how === 'boot') return [];
  const pins = floatingInputs(s);
  const failsWith = (held: readonly string[]): boolean => held.length > 0 && !comesWith(s, powerOn, held, entry.at + MS);
  return failsWith(pins) ? minimise(pins, failsWith) : [];
}

/** The entry comes with these pins at 1, up to a time. */
function comesWith(s: Session, powerOn: Checkpoint, held: readonly string[], until: number): boolean {
  const { machine } = s;
  s.keepCheckpoints = false;
  s.restore(powerOn);
  for (const pin of held) {
    machine.system.setWire(`pin.${pin}`, 1);
    machine.state.heldWires.push(`pin.${pin}`);
  }
  s.run({ until, untilEntry: 1, counterfactual: true });
  return machine.history.entryCount > 0;
}

/** Digital inputs without a pull that neither the board nor a step of the scenario drives, of ports with a clock. */
function floatingInputs({ machine, input }: Session): string[] {
  const { system } = machine;
  const driven = new Set(pinsMoved(input.scenario.document));
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
