/** Where the chip starts: BOOT0 pin and option bytes against its boot table. */
import { decideBoot } from '../emu/boot-rules.ts';
import type { BootCondition, BootRule } from '../emu/chip.ts';
import {
  broken,
  hex,
  notApplicable,
  pass,
  unknown,
  type Check,
  type Judgement,
  type Repair,
  type ResetFacts,
  type Subject,
  type TargetState,
  type Writer,
} from './check.ts';
import { part } from './fix-in-c.ts';
import { inManual, maskOf, registerOf } from './families.ts';
import { launches, launchOf, neverProgrammed, newestWriter, notLoaded, optionWriterOf } from './option-bytes.ts';

const VECTORS = 'Armv7-M and Armv8-M: after reset the core loads SP and PC from the vector table; bit 0 of the vector is the Thumb bit';
const ERASED = 0xffffffff;
const ERASED_TABLE = 'it is erased';

/** Value that a boot rule looks at; null if the target cannot tell. */
function signalOf({ field, bootPin, emptyFlash, read, chip }: TargetState, signal: string): number | null {
  const [kind, name = ''] = signal.split(/:(.*)/s);
  if (kind === 'pin') return bootPin?.(name) ?? null;
  if (kind === 'field') return field(name);
  if (kind === 'flash' && emptyFlash) return Number(emptyFlash());
  const flash = chip.memories.find((m) => m.kind === 'flash');
  const first = kind === 'flash' && name === 'empty' && flash ? read(flash.base, 4) : null;
  return first === null ? null : Number(first === ERASED);
}
const shown = ({ signal }: BootCondition, value: number): string =>
  signal.startsWith('field:')
    ? `${inManual(signal.slice('field:'.length))} = 0x${value.toString(16)}`
    : `${signal.split(':')[1]} = ${value}`;

/** The row that decides, with what it and the rows before it looked at; null if something cannot be read. */
function decide({ state }: Subject): { readonly rule: BootRule; readonly seen: string } | null {
  const looked = new Map<string, string>();
  const rule = decideBoot(state.chip.boot ?? [], state.chip.cores[0]!.name, (condition) => {
    const value = signalOf(state, condition.signal);
    if (value !== null) looked.set(condition.signal, shown(condition, value));
    return value;
  });
  return rule === undefined || rule === 'unreadable' ? null : { rule, seen: [...looked.values()].join(', ') };
}
function tableOf({ field }: TargetState, { vectors }: BootRule): number | null {
  if (typeof vectors === 'number') return vectors;
  const value = field(vectors.field);
  return value === null ? null : (value * 2 ** vectors.shift) >>> 0;
}

/** Why the core cannot start from these two words. */
function wrongTable(sp: number | null, pc: number | null): string | null {
  if (sp === null || pc === null) return 'nothing answers there';
  if (sp === ERASED && pc === ERASED) return ERASED_TABLE;
  return (pc & 1) === 0 ? `its reset vector ${hex(pc)} is even` : null;
}

/** Where a row leads, and why the core cannot start there; null where that cannot be read. */
function tableIn({ state }: Subject, rule: BootRule): { readonly table: number; readonly wrong: string | null } | null {
  const table = tableOf(state, rule);
  return table === null ? null : { table, wrong: wrongTable(state.read(table, 4), state.read(table + 4, 4)) };
}

/** Who programmed what this row starts by: the boot address, or an option bit that it looks at. */
function optionWriter({ state, history }: Subject, { vectors, when }: Pick<BootRule, 'vectors' | 'when'>): Writer | null {
  const looked = when.map((w) => w.signal).filter((s) => s.startsWith('field:'));
  const fields = [...(typeof vectors === 'number' ? [] : [vectors.field]), ...looked.map((s) => s.slice('field:'.length))];
  return newestWriter(fields.map((f) => optionWriterOf(state.chip, history, f)));
}

/** Option bits that say where to start, not how the chip is protected. */
const chooses = ({ signal }: BootCondition): boolean => /^field:.*(BOOT|BFB2|nDBANK)/.test(signal);

const isReadable = ({ state }: Subject, { signal }: BootCondition): boolean => signalOf(state, signal) !== null;
/** Of each row that starts the ROM what it lacks, what cannot be read included. */
const missingForRom = (subject: Subject): BootCondition[][] =>
  (subject.state.chip.boot ?? [])
    .filter((rule) => rule.boots === 'system')
    .map(({ when }) => when.filter(({ signal, is }) => !is.some((value) => value === signalOf(subject.state, signal))));
/** What the row lacks that starts the ROM and asks for fewest changes of option bits, as far as they can be read. */
function nearestToRom(subject: Subject): readonly BootCondition[] {
  const readable = missingForRom(subject).map((missing) => missing.filter((condition) => isReadable(subject, condition)));
  const rows = readable.filter((missing) => missing.every((condition) => chooses(condition) || condition.signal.startsWith('pin:')));
  return rows.sort((a, b) => a.length - b.length)[0] ?? [];
}
const asked = (conditions: readonly BootCondition[]): string =>
  conditions.map((condition) => shown(condition, condition.is[0]!)).join(', ');

/** Who programmed a bit that chooses the memory. */
function chooser(subject: Subject): Writer | null {
  const when = (subject.state.chip.boot ?? []).flatMap((r) => r.when.filter(chooses));
  return optionWriter(subject, { vectors: 0, when });
}

/** The write of the option register with the bits that choose the ROM; null where they are not bits of one register that the firmware wrote. */
function chosenRight(subject: Subject): Repair | null {
  const { state, entry } = subject;
  const missing = nearestToRom(subject);
  const paths = missing.map(({ signal }) => signal.replace(/^field:/, ''));
  const register = registerOf(paths[0] ?? '');
  const writer = chooser(subject);
  const now = state.field(register);
  if (
    entry ||
    writer?.kind !== 'cpu' ||
    neverProgrammed(subject.history, writer) !== null ||
    now === null ||
    !missing.every((c, i) => c.signal.startsWith('field:') && registerOf(paths[i]!) === register)
  )
    return null;
  const value = missing.reduce((word, condition, i) => {
    const mask = maskOf(state.chip, paths[i]!);
    return ((word & ~mask) | ((condition.is[0]! * (mask & -mask)) & mask)) >>> 0;
  }, now);
  const [lvalue, bits] = [register.replace('.', '->'), paths.map((path) => path.replaceAll('.', '_'))];
  const lines = missing.map(({ is }, i) => (is[0] === 0 ? `${lvalue} &= ~${bits[i]!};` : `${lvalue} |= ${bits[i]!};`));
  return { at: 'before-write', what: asked(missing), fix: part('after', '', ...lines), seq: writer.seq, value };
}

const EMPTY_FLAG = /^field:.*\.P?EMPTY$/;
/**
 * The flash was erased since the chip last looked whether it is empty, which it does where it loads the option bytes: the reset by software that starts the erased flash, the flag that is
 * still 0, and the bit that has the option bytes loaded. Null where the ROM would not start with the flag, or there is no such reset.
 */
function emptyUnseen(subject: Subject): { readonly flag: string; readonly reset: ResetFacts; readonly launch: string } | null {
  const { state, history, entry } = subject;
  const reset = history?.resets.at(-1);
  const flag = missingForRom(subject)
    .find((lacks) => lacks.length === 1 && EMPTY_FLAG.test(lacks[0]!.signal))?.[0]!
    .signal.replace(/^field:/, '');
  if (entry || flag === undefined || reset?.by !== 'software') return null;
  const launch = launchOf(state.chip, flag);
  return launch === null ? null : { flag, reset, launch };
}
/** The boot table leads to erased flash. */
function isErased(subject: Subject): boolean {
  const decided = decide(subject);
  return decided !== null && tableIn(subject, decided.rule)?.wrong === ERASED_TABLE;
}
/** The same reset, with the option bytes loaded. */
function looksAgain(subject: Subject): Repair | null {
  const unseen = isErased(subject) ? emptyUnseen(subject) : null;
  if (unseen === null) return null;
  const [flash] = unseen.launch.split('.');
  const fix = `/* in place of NVIC_SystemReset(), with ${flash} and its option bytes unlocked: ${flash}->CR |= ${flash}_CR_OBL_LAUNCH; it looks again whether the flash is empty */`;
  return launches(unseen.launch, fix);
}

/** User code is started: as it should be, unless the firmware programmed bits for something else. */
function startsUser(subject: Subject, { source, confidence }: BootRule, observed: string, table: number): Judgement {
  const { state, entry } = subject;
  const lastWriter = entry ? null : chooser(subject);
  if (lastWriter?.kind !== 'cpu') return pass(observed, 'the chip starts user code', source, confidence);
  const lost = neverProgrammed(subject.history, lastWriter);
  if (lost !== null)
    return broken('warn', {
      observed,
      expected: 'the option bits as the firmware wrote them',
      because: `${lost}, and the chip still starts user code by the old ones`,
      source,
      confidence,
      lastWriter,
    });
  const expected = asked(nearestToRom(subject));
  const inRam = state.chip.memories.some((m) => m.kind === 'ram' && table >= m.base && table - m.base < m.size);
  const starts = inRam ? `the chip starts in RAM at ${hex(table)}` : 'the chip still starts user code';
  return broken('warn', {
    observed,
    expected,
    because: `with the option bits that the firmware programmed, ${starts}; the ROM starts with ${expected}`,
    source,
    confidence,
    lastWriter,
  });
}

/** There is no program where the chip starts. */
function startsNothing(subject: Subject, rule: BootRule, observed: string, wrong: string): Judgement {
  const unseen = wrong === ERASED_TABLE ? emptyUnseen(subject) : null;
  if (unseen === null)
    return broken('fail', {
      observed: `${observed}: ${wrong}`,
      expected: 'a vector table where the chip starts',
      because:
        'the core starts with these words and faults at once; the usual reason is a wrong boot address, a bank swap or a missing first image',
      source: VECTORS,
      confidence: 'documented',
      lastWriter: optionWriter(subject, rule),
    });
  const flag = inManual(unseen.flag);
  return broken('fail', {
    observed: `${observed}: ${wrong}`,
    expected: `${flag} = 1, or a vector table where the chip starts`,
    because: `the chip looks whether its flash is empty only when it loads the option bytes: behind this reset ${flag} is still 0, so the chip starts the erased flash and not the ROM`,
    source: rule.source,
    confidence: rule.confidence,
    lastWriter: unseen.reset.from ?? null,
  });
}

export const bootSelection: Check = {
  id: 'boot-selection',
  question: 'Does the chip boot from the right memory, given the BOOT0 pin, the option bytes and the contents of flash?',
  path: true,
  judge(subject) {
    const { state, entry } = subject;
    if (!state.chip.boot) return notApplicable('bootbench has no boot rules for this chip');
    if (!state.bootPin) return unknown('the boot pin cannot be read on this target');
    const decided = decide(subject);
    if (!decided) return unknown('some inputs of the boot decision cannot be read on this target');
    const { rule, seen } = decided;
    const { source, confidence } = rule;
    if (rule.boots === 'held') return pass(seen, 'this core waits until the other core starts it', source, confidence);
    if (rule.boots === 'system') {
      const next = notLoaded(subject) ? 'the ROM starts as soon as these option bytes are loaded' : 'the next reset starts the ROM';
      if (entry?.how !== 'boot') return pass(seen, next, source, confidence);
      return { ...pass(seen, 'the reset selects the ROM', source, confidence), lastWriter: optionWriter(subject, rule) };
    }
    const start = tableIn(subject, rule);
    if (start === null) return unknown('the boot address cannot be read on this target');
    const { table, wrong } = start;
    const observed = `${seen === '' ? '' : `${seen}; `}vector table at ${hex(table)}`;
    if (wrong !== null) return startsNothing(subject, rule, observed, wrong);
    if (state.bootPin('BOOT0') === 1 && !entry)
      return broken('fail', {
        observed,
        expected: 'boot settings that start the ROM',
        because: 'BOOT0 is high, but with these option bytes the chip still starts user code',
        source,
        confidence,
      });
    return startsUser(subject, rule, observed, table);
  },
  repair: (subject) => chosenRight(subject) ?? looksAgain(subject),
  explanation: [
    'At every reset the chip decides which memory it boots from. The decision depends on the BOOT0 pin, on option bits that replace or override the pin (nSWBOOT0, nBOOT0, nBOOT1), on boot addresses in option bytes (H5, H7), and on some parts on whether the flash is empty. `bootbench chips <chip>` prints the rules.',
    'Two mistakes are common: the chip ignores the BOOT0 pin (nSWBOOT0 = 0), or a boot address points to a bank or an address without a program.',
    'The chip tests whether the flash is empty only when it loads the option bytes, for example at power-on. It keeps the answer in a flag (FLASH_ACR.EMPTY, or FLASH_SR.PEMPTY on L4), which neither programming nor other resets change. Firmware can change it: writing 1 to PEMPTY inverts it. Code that clears all flags of FLASH_SR by writing ones therefore makes the next reset start the ROM.',
    'On H5 and H7, a boot selected by the pin runs a secure first stage before the ROM; a jump does not. `bootbench compare` shows the differences at the entry.',
  ].join('\n\n'),
};
