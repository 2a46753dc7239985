/** The vector table in force. */
import { broken, hex, notApplicable, pass, type Check, type TargetState } from './check.ts';
import { romTableInC } from './fix-in-c.ts';
import { familyOf } from './families.ts';
import { nothingToIt } from './mask-registers.ts';
import { takenUnclocked } from './taken-unclocked.ts';

const SOURCE =
  'Klipper and MicroPython jump with VTOR still at the application and reach DFU, so the ROM seems to set it; ST publishes nothing';

/** The ROM's table seen at address 0, as after a boot by pin: system memory is mapped there. */
function isAtZero({ chip, field }: TargetState, base: number): boolean {
  const remap = familyOf(chip)?.remap;
  return base === 0 && remap != null && field(remap.field) === remap.systemMemory;
}

export const vtor: Check = {
  id: 'vtor',
  question: "Does VTOR point to the ROM's vector table?",
  path: false,
  judge({ state, history, rom }) {
    const value = state.core('vtor');
    if (value === null) return notApplicable('this core has no VTOR');
    const observed = `VTOR = ${hex(value)}`;
    if (value === rom.vectorTable) return pass(observed, "interrupts go to the ROM's handlers", SOURCE, 'inferred');
    if (isAtZero(state, value))
      return (
        takenUnclocked(state, history) ??
        pass(`${observed}, where system memory is mapped`, "interrupts go to the ROM's handlers", SOURCE, 'inferred')
      );
    const nothing = nothingToIt(rom, observed);
    if (nothing !== null) return nothing;
    return broken('warn', {
      observed,
      expected: `VTOR = ${hex(rom.vectorTable)}`,
      source: SOURCE,
      confidence: 'inferred',
      because:
        "VTOR does not point to the ROM's table: until the ROM sets it, every interrupt and fault goes to the application's handlers",
      lastWriter: history?.lastWriter('CPU.VTOR') ?? null,
    });
  },
  repair: ({ rom }) => ({
    at: 'entry',
    what: `VTOR set to ${hex(rom.vectorTable)}`,
    fix: romTableInC(rom),
    apply: (target) => target.setCore('vtor', rom.vectorTable),
  }),
  explanation: [
    "VTOR holds the address of the vector table. The ROM handles USB in an interrupt, so VTOR must point to the ROM's table before the first interrupt.",
    "Firmware that jumps with VTOR still at the application is known to reach DFU, so the ROM sets VTOR itself on the products that were tried. ST does not say so. Setting SCB->VTOR before the jump costs nothing, and a fault between the jump and the ROM's set-up then goes to the ROM's handler.",
    'The Cortex-M0 has no VTOR; it uses the memory mapped to address 0. See the check remap.',
  ].join('\n\n'),
};
