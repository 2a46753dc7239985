/** A fault at an instruction of the FPU that nobody has switched on: with CPACR set there, the program reaches its goal. */
import type { FaultFacts, Writer } from '../../checks/check.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import { updateFpTrap } from '../../emu/core/arm/special.ts';
import type { Session } from '../session/session.ts';
import { imageAt } from '../../image/image.ts';
import { isIn, programsOf } from '../../image/programs.ts';
import { scanFunctions } from '../input/code-scan.ts';
import { writerAt } from '../slice/window.ts';
import { place } from '../slice/words.ts';
import { goOn } from './attempt.ts';
import type { OneCause } from './one-cause.ts';

const CP10_CP11 = 0xf << 20;
/** What switches it on in the start-up code that ST ships. */
const START_UP = 'SystemInit';
const GRANT = 'SCB->CPACR |= 0x00f00000u; __DSB(); __ISB();';

/** Null for another fault, or where the goal is not reached so. Leaves the session anywhere. */
export function fpuOff(s: Session, fault: FaultFacts): OneCause | null {
  const { faultCheckpoint, machine } = s;
  const core = machine.bootCore;
  if (fault.kind !== 'no-coprocessor' || faultCheckpoint === null || core.profile.fpu === 'none') return null;
  s.restore(faultCheckpoint);
  const off = machine.history.lastWriter('CPU.CPACR');
  const reset = resetCode(s, fault);
  if (reset === null && off === null) return null;
  const writer = off ?? { ...writerAt(core, machine.history.seq), pc: reset!, at: machine.history.resets.at(-1)?.at ?? 0 };
  core.set(SCS.CPACR, core.get(SCS.CPACR) | CP10_CP11);
  updateFpTrap(core);
  if (!goOn(s).reached) return null;
  return {
    id: 'state',
    what: 'SCB.CPACR',
    repair: 'access to CP10 and CP11 granted in SCB->CPACR',
    fix: off === null ? `${GRANT} /* in ${START_UP}(), which the reset handler calls first */` : GRANT,
    says: `${told(s, off, fault)} With access to it granted, `,
    further: 'the firmware comes further',
    writer,
    reached: true,
  };
}
/** Where the program that faulted begins. */
function resetCode({ input: { images }, machine: { chip } }: Session, { pc }: FaultFacts): number | null {
  return programsOf(images, chip.memories).find((program) => isIn(program, pc))?.start ?? null;
}
function told(s: Session, off: Writer | null, { pc }: FaultFacts): string {
  const runs = `${place(s, pc)} executes an instruction of it`;
  if (off !== null) return `This line takes the FPU away (SCB->CPACR), and ${runs}.`;
  const own = imageAt(s.input.images, pc);
  const functions = scanFunctions(own === undefined ? [] : [own]);
  const startUp = functions.find(({ symbol }) => symbol.name === START_UP)?.symbol.address;
  const isCalled = functions.some(({ calls }) => calls.some(({ target }) => target === startUp));
  const who = startUp === undefined ? 'this program does not have' : isCalled ? 'leaves it off here' : 'nothing calls here';
  return `Nothing has switched the FPU on (SCB->CPACR) since the reset, and ${runs}. In ST's start-up code that is done by ${START_UP}(), which ${who}.`;
}
