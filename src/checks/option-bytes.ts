/** Option bytes that reach into the boot path without any code. */
import type { ChipDescription } from '../emu/chip.ts';
import {
  broken,
  notApplicable,
  pass,
  unknown,
  type Check,
  type Repair,
  type ResetFacts,
  type Subject,
  type TargetHistory,
  type Writer,
} from './check.ts';
import { inManual, maskOf, registerOf } from './families.ts';

const WATCHDOG = 'reference manuals, option bytes: with the SW bit cleared, hardware starts the watchdog at every reset';
const LOADED = 'reference manuals, option bytes: a programmed value takes effect when the option bytes are loaded again';
/** Bits that hand a watchdog to the hardware when they are 0. */
const HARDWARE_WATCHDOG = /^(IWDG\d?|WDG)_SW$/;

interface Option {
  readonly name: string;
  readonly path: string;
  readonly value: number;
  readonly factory: number;
}
const options = ({ state }: Pick<Subject, 'state'>): readonly Option[] =>
  Object.entries(state.chip.optionBytes ?? {}).flatMap(([name, { field, factory }]) => {
    const value = state.field(field);
    return value === null ? [] : [{ name, path: field, value, factory: factory.value >>> 0 }];
  });
/** Fields whose programmed value differs from the one in force. */
const waiting = ({ state }: Subject): readonly string[] =>
  Object.values(state.chip.optionBytes ?? {}).flatMap(({ field }) => {
    if (!field.includes('_CUR.')) return [];
    const programmed = field.replace('_CUR.', '_PRG.');
    const [now, next] = [state.field(field), state.field(programmed)];
    return now === null || next === null || now === next
      ? []
      : [`${inManual(programmed)} = 0x${next.toString(16)}, in force 0x${now.toString(16)}`];
  });

/** Who programmed an option bit last, before a reset too. */
export function optionWriterOf(chip: ChipDescription, history: TargetHistory | null, field: string): Writer | null {
  const programmed = field.replace('_CUR.', '_PRG.');
  const [register, mask] = [registerOf(programmed), maskOf(chip, programmed)];
  return history?.lastWriter(register, mask) ?? history?.lastWriterBeforeReset?.(register, mask) ?? null;
}
export const newestWriter = (all: readonly (Writer | null)[]): Writer | null =>
  all.reduce((best, w) => (w !== null && (best === null || w.at > best.at) ? w : best), null);

/** Why what an instruction wrote was never programmed; null where it was, or nobody knows. */
export function neverProgrammed(history: TargetHistory | null, writer: Writer): string | null {
  const found = history?.neverProgrammed?.find(({ pc }) => pc === writer.pc);
  if (found === undefined) return null;
  const start = `FLASH_${found.start}`;
  return `the option bits that the firmware wrote were never programmed: ${found.running ? `a reset came before ${start} was done` : `${start} was not set before the reset`}`;
}

interface NotLoaded {
  readonly writer: Writer;
  /** What puts them in force. */
  readonly how: string;
  /** The chip was reset by software behind it. */
  readonly reset: boolean;
  /** Who asked for that reset, where a bit that loads the option bytes can be set in its place; null otherwise. */
  readonly asker: Writer | null;
  /** The firmware had closed a lock of the flash again before it. */
  readonly locked: boolean;
}
/** Option bits that firmware wrote and nothing has put in force, a software reset neither, and what would have. */
export function notLoaded({ state, history, entry }: Subject): NotLoaded | null {
  const how = putInForce({ state });
  if (entry || !history || how === null) return null;
  const fields = Object.values(state.chip.optionBytes ?? {}).map((o) => o.field.replace('_CUR.', '_PRG.'));
  const newest = (of: (register: string, mask: number) => Writer | null): Writer | null =>
    newestWriter(fields.map((f) => of(registerOf(f), maskOf(state.chip, f))));
  const loaded = (w: Writer): boolean => history.resets.some((r) => r.at >= w.at && LOADS.has(r.by));
  const before = newest((register, mask) => history.lastWriterBeforeReset?.(register, mask) ?? null);
  const lost = before === null ? undefined : history.resets.find((r) => r.at >= before.at && r.by === 'software');
  if (before !== null && lost && !loaded(before))
    return { writer: before, how, reset: true, ...inPlaceOf(lost, before, state.chip, history) };
  // what differs between programmed and in force has been judged where registers show both
  const since = how.includes('OBL_LAUNCH') ? newest((register, mask) => history.lastWriter(register, mask)) : null;
  return since?.kind === 'cpu' && !loaded(since) ? { writer: since, how, reset: false, asker: null, locked: false } : null;
}
/** The reset that did not load what was written before it. */
function inPlaceOf(
  { from }: ResetFacts,
  written: Writer,
  chip: ChipDescription,
  history: TargetHistory,
): Pick<NotLoaded, 'asker' | 'locked'> {
  const [flash] = Object.values(chip.optionBytes ?? {})[0]!.field.split('.');
  const mask = (bit: string): number => maskOf(chip, `${flash}.CR.${bit}`);
  const closed = history.lastWriterBeforeReset?.(`${flash}.CR`, (mask('LOCK') | mask('OPTLOCK')) >>> 0) ?? null;
  const launched = mask('OBL_LAUNCH') !== 0 && neverProgrammed(history, written) === null;
  return { asker: launched ? (from ?? null) : null, locked: closed !== null && closed.at > written.at };
}
/** What it takes where a write and a reset are not enough; null where they are, or where something else than the factory's is in force. */
function putInForce({ state }: Pick<Subject, 'state'>): string | null {
  const all = options({ state });
  const flash = all[0]?.path.split('.')[0] ?? '';
  const has = (field: string): boolean => maskOf(state.chip, `${flash}.${field}`) !== 0;
  if (has('CR.OBL_LAUNCH')) return `${flash}_CR.OBL_LAUNCH, which resets the chip itself, or power-on loads them`;
  if (!all.some((o) => o.path.includes('_CUR.')) || all.some((o) => o.value !== o.factory)) return null;
  return `${flash}_OPTCR.${has('OPTCR.OPTSTART') ? 'OPTSTART' : 'OPTSTRT'} programs them`;
}
/** In place of the reset, where its line is known and the locks are open there. */
function launchInC(flash: string, { asker, locked }: NotLoaded): string {
  const code = `${flash}->CR |= ${flash}_CR_OBL_LAUNCH;`;
  if (asker !== null && !locked) return `${code}   /* with ${flash} still unlocked: loads the option bytes and resets the chip */`;
  const when = locked ? `, and before ${flash} is locked` : '';
  return `/* in place of NVIC_SystemReset()${when}: ${code.slice(0, -1)}; it loads the option bytes and resets the chip */`;
}
const flashOf = (field: string): string => field.replace(/\..*/, '');
/** The bit that loads the option bytes by a reset, in the block of this field; null where there is none. */
export function launchOf(chip: ChipDescription, field: string): string | null {
  const launch = `${flashOf(field)}.CR.OBL_LAUNCH`;
  return maskOf(chip, launch) === 0 ? null : launch;
}
/** The next reset by software loads the option bytes. */
export const launches = (launch: string, fix: string): Repair => ({
  at: 'before-write',
  what: `${inManual(launch)} = 1 in place of the reset by software`,
  fix,
  seq: -1,
  value: null,
  launches: launch,
});
/** Resets that load the option bytes. */
const LOADS: ReadonlySet<string> = new Set(['option-bytes', 'power', 'brownout', 'low-power']);

/** The watchdog that the hardware starts, and that nobody refreshed in time. */
function watchdogKept(option: string): Repair {
  return {
    at: 'before-write',
    what: `${option} = 0, and IWDG does not reset the chip`,
    fix: '/* IWDG->KR = 0xAAAAu; in time, from the start of the program on: 512 ms behind a reset, unless IWDG_PR and IWDG_RLR say otherwise */',
    seq: -1,
    value: null,
    vetoes: 'iwdg',
  };
}

export const optionBytes: Check = {
  id: 'option-bytes',
  question: 'Do option bytes, in force or still to be loaded, affect the way into the ROM?',
  path: true,
  judge(subject) {
    if (!subject.state.chip.optionBytes) return notApplicable('no option bytes are known for this chip');
    const all = options(subject);
    if (all.length === 0) return unknown('the option bytes cannot be read on this target');
    const dogs = all.filter((o) => HARDWARE_WATCHDOG.test(o.name) && o.value === 0);
    if (dogs.length > 0)
      return broken('warn', {
        observed: dogs.map((o) => `${inManual(o.path)} = 0`).join(', '),
        expected: dogs.map((o) => `${inManual(o.path)} = 1`).join(', '),
        because:
          'the watchdog runs from every reset on, whatever the firmware does: the firmware must refresh it until the jump, and the ROM must take over in time',
        source: WATCHDOG,
        confidence: 'documented',
      });
    const late = waiting(subject);
    if (late.length > 0)
      return broken('warn', {
        observed: late.join('; '),
        expected: 'the programmed option bytes are in force',
        because: 'option bytes were written but not loaded: the chip still uses the old ones',
        source: LOADED,
        confidence: 'documented',
      });
    const forgotten = notLoaded(subject);
    const unprogrammed = forgotten && neverProgrammed(subject.history, forgotten.writer);
    if (forgotten)
      return broken('warn', {
        observed: `option bytes were written${forgotten.reset ? ', then the chip was reset by software' : ' and never loaded'}`,
        expected: 'the written option bytes are in force',
        because:
          unprogrammed ??
          `${forgotten.reset ? 'a software reset does not load option bytes' : 'the written option bytes are not in force yet'}: ${forgotten.how}`,
        source: LOADED,
        confidence: 'documented',
        lastWriter: forgotten.asker ?? forgotten.writer,
      });
    const changed = all.filter((o) => o.value !== o.factory);
    return pass(
      changed.length === 0 ? 'factory values' : changed.map((o) => `${inManual(o.path)} = 0x${o.value.toString(16)}`).join(', '),
      changed.length === 0
        ? 'all option bytes have the values that bootbench assumes for a new chip'
        : 'other checks judge the option bytes that differ',
      null,
      null,
    );
  },
  repair(subject) {
    const { state, outcome } = subject;
    const dog = options(subject).find((o) => HARDWARE_WATCHDOG.test(o.name) && o.value === 0);
    if (dog) return outcome === 'reset-loop' ? watchdogKept(dog.name) : null;
    const forgotten = notLoaded(subject);
    const launch = launchOf(state.chip, Object.values(state.chip.optionBytes ?? {})[0]?.field ?? '');
    if (waiting(subject).length > 0 || forgotten?.reset !== true || launch === null) return null;
    // loading alone brings nothing back that was never programmed
    if (neverProgrammed(subject.history, forgotten.writer) !== null) return null;
    return launches(launch, launchInC(flashOf(launch), forgotten));
  },
  explanation: [
    'Option bytes act before the first instruction. If they start a watchdog (IWDG_SW = 0), no code can stop it, and it resets the chip if the ROM does not refresh it in time. Read-out protection, bank swap, dual-bank boot and boot addresses have their own checks.',
    'Writing option bytes is not enough: the chip loads them at power-on or by OBL_LAUNCH (OPTSTRT on H5 and H7). Read back the registers that show the values in force.',
  ].join('\n\n'),
};
