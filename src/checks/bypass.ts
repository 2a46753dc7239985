/** An oscillator that firmware sets to take a signal where the board has a crystal: it never gets ready, and the firmware waits for it. */
import { broken, type Judgement, type Repair, type Subject, type TargetState, type Writer } from './check.ts';
import { inManual, locate } from './families.ts';

const SOURCE =
  'STM32 reference manuals, RCC: in bypass mode the oscillator is off, and a clock has to be fed in; a crystal alone gives none';

interface Bypassed {
  readonly name: 'hse' | 'lse';
  /** `RCC.CR.HSEBYP` */
  readonly path: string;
  readonly writer: Writer;
}
/** Of a run that never entered the ROM. */
export function bypassed({ state, history, entry, outcome }: Subject): Bypassed | null {
  if (entry || !history || !WAITS.has(outcome)) return null;
  for (const [name, register] of REGISTERS) {
    if (!isWaiting(state, name, register)) continue;
    const path = `${state.chip.rcc}.${register}.${name.toUpperCase()}BYP`;
    const writer = history.lastWriter(`${state.chip.rcc}.${register}`, locate(state.chip, path)?.mask ?? 0);
    if (writer) return { name, path, writer };
  }
  return null;
}
/** With a signal it would be ready by now. */
function isWaiting(state: TargetState, name: 'hse' | 'lse', register: string): boolean {
  const is = (bit: string): number | null => state.field(`${state.chip.rcc}.${register}.${name.toUpperCase()}${bit}`);
  return is('BYP') === 1 && is('ON') === 1 && is('RDY') === 0 && (state.crystalHz?.(name) ?? 0) > 0;
}
const WAITS: ReadonlySet<string> = new Set(['stuck', 'no-jump', 'reset-loop', 'fault']);
const REGISTERS = [['hse', 'CR'], ['lse', 'BDCR'], ['lse', 'CSR']] as const; // prettier-ignore

export const judgeBypassed = ({ name, path, writer }: Bypassed): Judgement =>
  broken('fail', {
    observed: `${inManual(path)} = 1, and a crystal on the board of this run`,
    expected: `${path.split('.')[2]} = 0`,
    because: `the firmware sets ${name.toUpperCase()} to bypass mode, which takes a clock signal, but the board of this run has a crystal there: ${name.toUpperCase()}RDY never rises`,
    source: SOURCE,
    confidence: 'documented',
    lastWriter: writer,
  });

/** The rest of the write is as it was. */
export function repairBypassed({ state }: Subject, { name, path, writer }: Bypassed): Repair | null {
  const at = locate(state.chip, path);
  const now = at && state.read(at.address, 4);
  if (!at || now === null) return null;
  const upper = name.toUpperCase();
  return {
    at: 'before-write',
    what: `${inManual(path)} = 0`,
    fix: `/* ${upper}ON without ${upper}BYP (HAL: ${upper}State = RCC_${upper}_ON); or the board has a signal there: then say so to bootbench */`,
    seq: writer.seq,
    value: (now & ~at.mask) >>> 0,
  };
}
