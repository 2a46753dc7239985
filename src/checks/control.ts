/** Stack selection and privilege that the ROM gets. */
import { broken, hex, notApplicable, pass, type Check, type RomFacts, type TargetState } from './check.ts';
import { jumpOnMspInC, part } from './fix-in-c.ts';
import { inRomRam, isUsableStack } from './msp.ts';
import { NOTHING_PUBLISHED } from './sources.ts';

const NPRIV = 1;
const SPSEL = 2;
const RAM_USE = 'AN2606 Rev 70, product table: RAM that the bootloader uses';

/** Where VTOR points to the ROM by now, privileges were dropped behind that, by what the right jump replaces. */
const isStuckUnprivileged = (state: TargetState, { range: [from, to] }: RomFacts): boolean => {
  const vtor = state.core('vtor') ?? 0;
  return ((state.core('control') ?? 0) & NPRIV) !== 0 && !(vtor >= from && vtor <= to);
};
/** Only an exception gives privileges back. */
const privilegedInC = (rom: RomFacts): string =>
  [
    part('file', '; where an RTOS has SVC_Handler, a privileged task makes the jump', 'void SVC_Handler(void) { __set_CONTROL(0); }'),
    part('here', '', '__asm volatile("svc 0" : : : "memory");', jumpOnMspInC(rom)),
  ].join('\n');

export const control: Check = {
  id: 'control',
  question: 'Does the ROM start privileged and on MSP, as after a reset?',
  path: false,
  judge({ state, history, rom }) {
    const value = state.core('control');
    if (value === null) return notApplicable('CONTROL cannot be read on this target');
    const expected = 'CONTROL.SPSEL = 0, nPRIV = 0';
    const lastWriter = history?.lastWriter('CPU.CONTROL', NPRIV | SPSEL) ?? null;
    if ((value & (NPRIV | SPSEL)) === 0) return pass(`CONTROL = ${value & 7}`, 'privileged, on MSP', NOTHING_PUBLISHED, 'inferred');
    const psp = state.core('psp');
    const onPsp = (value & SPSEL) !== 0;
    const observed = [`CONTROL = ${value & 7}`, ...(onPsp && psp !== null ? [`PSP = ${hex(psp)}`] : [])].join(', ');
    if (onPsp && psp !== null && !isUsableStack(state.chip, psp))
      return broken('fail', {
        observed,
        expected,
        source: 'Arm: full descending stack',
        confidence: 'documented',
        lastWriter,
        because: 'the ROM runs on PSP, and there is no RAM below it',
      });
    if (onPsp && psp !== null && inRomRam(rom, psp))
      return broken('fail', {
        observed,
        expected,
        source: RAM_USE,
        confidence: 'documented',
        lastWriter,
        because:
          'the ROM runs on PSP, and that stack lies in the RAM that the ROM uses for its own variables; writing MSP did not change the stack in use',
      });
    return broken('warn', {
      observed,
      expected,
      source: NOTHING_PUBLISHED,
      confidence: 'inferred',
      lastWriter,
      because:
        (value & NPRIV) !== 0
          ? 'the ROM runs unprivileged: its accesses to NVIC and system control fault or are ignored'
          : 'the ROM runs on PSP, the stack of a task; writing MSP did not change the stack in use',
    });
  },
  repair: ({ state, rom }) => ({
    at: 'entry',
    what: 'CONTROL.SPSEL and nPRIV cleared before the first ROM instruction',
    fix: isStuckUnprivileged(state, rom) ? privilegedInC(rom) : jumpOnMspInC(rom),
    apply: (target) => target.setCore('control', (state.core('control') ?? 0) & ~(NPRIV | SPSEL)),
  }),
  explanation: [
    'After a reset the core is privileged and uses MSP. An RTOS task usually runs on PSP, sometimes unprivileged, and a branch keeps both.',
    'Setting MSP changes nothing then, because SP is PSP. The ROM goes on with the stack of the task; when that lies in the RAM that the ROM clears for itself, it destroys its own return addresses. Unprivileged code cannot program the NVIC at all, and its write to CONTROL is ignored.',
    'Jump from the main thread before the scheduler starts, best right after a reset with a flag. Otherwise write CONTROL = 0 and an ISB before MSP is set, in privileged code.',
  ].join('\n\n'),
};
