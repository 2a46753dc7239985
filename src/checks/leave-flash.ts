/** The flash controller as the ROM leaves it. */
import { leaveCheck } from './leave-left.ts';

export const leaveFlash = leaveCheck({
  id: 'leave-flash',
  kind: 'flash',
  question: 'After a DFU leave or a Go, does the program need a locked flash controller without error flags?',
  option: 'leave-flash',
  source: 'reported on G0 (unlocked: a second key sequence faults) and G4 (error bits stay in FLASH_SR: Opentrons PR 418)',
  confidence: 'reported',
  fix: () => 'write the keys only if LOCK is set in FLASH->CR, and clear the error flags in FLASH->SR before the first operation',
  explanation: [
    'The ROM may leave the flash controller unlocked. Writing the key sequence again is then an error: the controller locks until the next reset, on some parts with a bus fault. Error flags that are still set make the first operation fail if the driver tests them.',
    'Test LOCK before you write the keys, and clear the error flags first.',
  ].join('\n\n'),
});
