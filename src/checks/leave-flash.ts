/** The flash controller as the ROM leaves it. */
import { leaveCheck } from './leave-left.ts';

export const leaveFlash = leaveCheck({
  id: 'leave-flash',
  kind: 'flash',
  question: 'After DFU leave, does the program rely on a locked flash controller without error flags?',
  option: 'leave-flash',
  source: 'reported on G0 (unlocked: a second key sequence faults) and G4 (error bits stay in FLASH_SR: Opentrons PR 418)',
  confidence: 'reported',
  fix: () => 'write the keys only if FLASH->CR has LOCK set, and clear the error flags of FLASH->SR before the first operation',
  explanation: [
    'A ROM may leave the flash controller unlocked. The key sequence written once more is an error: the controller locks until the next reset, on some parts with a bus fault. Error flags that are still set make the first operation of a driver fail that looks at them.',
    'Ask for LOCK before the keys are written, and clear the flags first.',
  ].join('\n\n'),
});
