/** What address 0 shows as the ROM leaves it. */
import { familyOf, inManual } from './families.ts';
import { leaveCheck } from './leave-left.ts';

export const leaveRemap = leaveCheck({
  id: 'leave-remap',
  kind: 'remap',
  question: 'After DFU leave, does the program rely on flash at address 0?',
  option: 'leave-remap',
  source: 'kept on F411 (blackmagic PR 1861, measured); seed 002 on F072 is explained by a mapping that stays',
  confidence: 'inferred',
  lacks: ({ state }) => (familyOf(state.chip)?.remap ? null : 'nothing can be mapped to address 0 on this chip'),
  fix: ({ state }) => {
    const { field } = familyOf(state.chip)!.remap!;
    const [block, register, name] = field.split('.');
    return `with the clock of ${block} on, ${block}->${register} &= ~${block}_${register}_${name}; before any interrupt is enabled (${inManual(field)} = 0)`;
  },
  explanation: [
    'System memory that was mapped to address 0, by the boot pin, by the firmware before its jump or by the ROM itself, is still there after leave. Cortex-M0 has no VTOR: its interrupts then go to the ROM. Elsewhere a program with VTOR = 0 is served the same.',
    'Set MEM_MODE back to flash before any interrupt is enabled.',
  ].join('\n\n'),
});
