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
  type Subject,
  type TargetState,
  type Writer,
} from './check.ts';
import { inManual } from './families.ts';
import { newestWriter, notLoaded, optionWriterOf } from './option-bytes.ts';

const VECTORS = 'Armv7-M and Armv8-M: out of reset the core loads SP and PC from the vector table; bit 0 of the vector is the Thumb bit';
const ERASED = 0xffffffff;

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
  if (sp === ERASED && pc === ERASED) return 'it is erased';
  return (pc & 1) === 0 ? `its reset vector ${hex(pc)} is even` : null;
}

/** Who programmed what this row starts by: the boot address, or an option bit that it looks at. */
function optionWriter({ state, history }: Subject, { vectors, when }: Pick<BootRule, 'vectors' | 'when'>): Writer | null {
  const looked = when.map((w) => w.signal).filter((s) => s.startsWith('field:'));
  const fields = [...(typeof vectors === 'number' ? [] : [vectors.field]), ...looked.map((s) => s.slice('field:'.length))];
  return newestWriter(fields.map((f) => optionWriterOf(state.chip, history, f)));
}

/** Option bits that say where to start, not how the chip is protected. */
const chooses = ({ signal }: BootCondition): boolean => /^field:.*(BOOT|BFB2|nDBANK)/.test(signal);

/** The row that starts the ROM and asks for fewest changes of option bits, as far as they can be read. */
function nearestToRom({ state }: Subject): string {
  const rows = (state.chip.boot ?? [])
    .filter((rule) => rule.boots === 'system')
    .map((rule) =>
      rule.when.filter((condition) => {
        const value = signalOf(state, condition.signal);
        return value !== null && !condition.is.includes(value);
      }),
    )
    .filter((missing) => missing.every((condition) => chooses(condition) || condition.signal.startsWith('pin:')))
    .map((missing) => missing.map((condition) => shown(condition, condition.is[0]!)));
  return rows.sort((a, b) => a.length - b.length)[0]?.join(', ') ?? '';
}

/** User code is started: as it should be, unless the firmware programmed bits for something else. */
function startsUser(subject: Subject, { source, confidence }: BootRule, observed: string, table: number): Judgement {
  const { state, entry } = subject;
  const when = (state.chip.boot ?? []).flatMap((r) => r.when.filter(chooses));
  const lastWriter = entry ? null : optionWriter(subject, { vectors: 0, when });
  if (lastWriter?.kind !== 'cpu') return pass(observed, 'user code is started', source, confidence);
  const expected = nearestToRom(subject);
  const inRam = state.chip.memories.some((m) => m.kind === 'ram' && table >= m.base && table - m.base < m.size);
  const starts = inRam ? `starts in RAM at ${hex(table)}` : 'still starts user code';
  return broken('warn', {
    observed,
    expected,
    because: `with the option bits that the firmware programmed the chip ${starts}; the ROM starts with ${expected}`,
    source,
    confidence,
    lastWriter,
  });
}

export const bootSelection: Check = {
  id: 'boot-selection',
  question: 'Does the chip start where it should: by the BOOT0 pin, the option bytes and what is in flash?',
  path: true,
  judge(subject) {
    const { state, entry } = subject;
    if (!state.chip.boot) return notApplicable('this chip has no boot table in its row');
    if (!state.bootPin) return unknown('the boot pin cannot be read on this target');
    const decided = decide(subject);
    if (!decided) return unknown('not everything that the boot table looks at can be read on this target');
    const { rule, seen } = decided;
    const { source, confidence } = rule;
    const table = tableOf(state, rule);
    if (rule.boots === 'held') return pass(seen, 'this core waits until the other one lets it go', source, confidence);
    if (rule.boots === 'system') {
      const next = notLoaded(subject) ? 'the ROM starts as soon as these option bytes are loaded' : 'the next reset starts the ROM';
      if (entry?.how !== 'boot') return pass(seen, next, source, confidence);
      return { ...pass(seen, 'the ROM is chosen at reset', source, confidence), lastWriter: optionWriter(subject, rule) };
    }
    if (table === null) return unknown('the boot address cannot be read on this target');
    const observed = `${seen === '' ? '' : `${seen}; `}vector table at ${hex(table)}`;
    const wrong = wrongTable(state.read(table, 4), state.read(table + 4, 4));
    if (wrong !== null)
      return broken('fail', {
        observed: `${observed}: ${wrong}`,
        expected: 'a vector table where the chip starts',
        because:
          'the core starts with what it finds there and faults at once; a boot address, a bank swap or a missing first image is the usual reason',
        source: VECTORS,
        confidence: 'documented',
        lastWriter: optionWriter(subject, rule),
      });
    if (state.bootPin('BOOT0') === 1 && !entry)
      return broken('fail', {
        observed,
        expected: 'a row of the boot table that starts the ROM',
        because: 'BOOT0 is high, but with these option bytes the chip starts user code all the same',
        source,
        confidence,
      });
    return startsUser(subject, rule, observed, table);
  },
  repair: () => null,
  explanation: [
    'At every reset the chip decides where it starts: from the BOOT0 pin, from option bits that stand for or override the pin (nSWBOOT0, nBOOT0, nBOOT1), from boot addresses in option bytes (H5, H7), and on some parts from whether the flash is empty. `bootbench chips <chip>` prints the table.',
    'A pin that nobody looks at is the usual surprise: with nSWBOOT0 = 0 BOOT0 is ignored. The other is a boot address that points to a bank or an address without a program.',
    'Whether the flash is empty is found out when option bytes are loaded, at power-on for instance, and kept in a flag (FLASH_ACR.EMPTY, or FLASH_SR.PEMPTY on L4) that programming and other resets leave alone. Firmware can change it: a 1 that is written to PEMPTY turns it round, so whoever clears all flags of FLASH_SR with ones starts the ROM with the next reset.',
    'On H5 and H7 a pin-selected start passes a secure first stage before the ROM, a jump does not: `bootbench compare` shows what differs at the entry.',
  ].join('\n\n'),
};
