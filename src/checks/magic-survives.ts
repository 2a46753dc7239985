/** The request to enter the ROM that has to live through a reset. */
import type { ChipDescription, MemoryRow } from '../emu/chip.ts';
import {
  broken,
  hex,
  isDataEeprom,
  notApplicable,
  pass,
  type Check,
  type LostFlag,
  type Judgement,
  type MagicVariable,
  type MagicWord,
  type Repair,
  type Subject,
  type Writer,
} from './check.ts';
import { inC, inManual } from './families.ts';
import { backupAccessInC, backupClockInC, CCR, CCR_DC, keptInC, part } from './fix-in-c.ts';
import { judgeLostFlag, repairOfFlag } from './lost-flag.ts';
import { otherOrder } from './word-order.ts';

const STARTUP =
  'C11 6.7.9: objects with static storage start as zero or with their initialiser; start-up code writes them after every reset';
const BACKUP = 'STM32 reference manuals, PWR and RTC/TAMP: backup registers are write-protected until DBP is set, and need their bus clock';
const CACHE = 'ARMv7-M: CCR.DC is 0 after a reset, and a dirty line reaches memory only when it is cleaned or evicted';
const STANDBY =
  'STM32 reference manuals, PWR: Standby and Shutdown switch the RAM off, except backup registers and RAM with a retention bit (RRS)';
const ECC =
  'RM0433 2.4, AN5342: an incomplete ECC word is not written to RAM before a reset; ST’s FAQ on SRAM contents that a reset does not preserve';
const ERASED = 'RM0351, RM0434, RM0440, RM0456 (FLASH_OPTR), RM0481 (FLASH_OPTSR2): an option byte has a system reset erase a RAM';
const EEPROM =
  'RM0376 3.3.4, RM0038 3.4.2: data EEPROM can be written only after the two keys in FLASH_PEKEYR, and every reset sets PELOCK again';
const CUT =
  'RM0376 3.3.4, RM0038 3.4.2: writing a word of data EEPROM takes some milliseconds, during which FLASH_SR.BSY is set; a reset stops the operation';
const NARROW = 'RM0008 6.4.1: BKP_DRx keeps 16 bits';
const FLAGS =
  'STM32 reference manuals, RCC: reset flags stay set until RMVF clears them; internal resets drive NRST low, which sets the flag of the pin';
const FLOW = 'seen in the run: stores before the reset, loads and comparisons after it';

const holds = (m: MemoryRow, address: number): boolean =>
  [m.base, ...(m.aliases ?? [])].some((base) => address >= base && address < base + m.size);
const inRam = ({ state }: Subject, address: number): boolean =>
  state.chip.memories.some((m) => m.kind === 'ram' && m.gate?.writable === undefined && holds(m, address));

const inEeprom = ({ state }: Subject, address: number): boolean =>
  state.chip.memories.some((m) => isDataEeprom(m) && address >= m.base && address < m.base + m.size);

/** It was stored, and something else was read. */
const isLost = (w: MagicWord): boolean =>
  w.copyOf === undefined && w.writer !== null && w.wanted !== null && w.read !== null && w.read !== w.wanted;
const isKept = (w: MagicWord): boolean => w.wanted !== null && w.read === w.wanted;
/** What it had held is what the firmware looks for. */
const isMeant = (w: MagicWord): boolean => w.comparedWith !== null && w.comparedWith === w.wanted;
/** Smaller values are flags and counters of every kind, and all ones are the -1 that every other function returns. */
const SMALL = 0xffff;
const ALL_ONES = 0xffffffff;
const isDistinctive = ({ wanted }: MagicWord): boolean => (wanted ?? 0) > SMALL && wanted !== ALL_ONES;
/** The firmware asks whether it is zero, and it had not been: such a word may be a request, or any flag. */
const mayBeMeant = (w: MagicWord): boolean =>
  isMeant(w) || w.comparedWith === null || (w.comparedWith === 0 && w.wanted !== 0 && w.read === 0);

/** One half of a request lived through the reset, this one was never written. */
const isMissingHalf = (w: MagicWord, words: readonly MagicWord[]): boolean =>
  w.writer === null &&
  w.comparedWith !== null &&
  w.comparedWith > 0 &&
  words.some((other) => other.address === (w.address ^ 4) >>> 0 && isKept(other));

/** It was kept, and is compared with the same bytes in another order. */
const isReordered = (w: MagicWord): boolean =>
  w.writer !== null && isKept(w) && w.comparedWith !== null && otherOrder(w.wanted!, w.comparedWith) !== null;

/** It was kept, and is compared with a word of which the register has room for the lower half only: a driver may cut it before the store. */
const isHalfOfCompared = (subject: Subject, w: MagicWord): boolean =>
  w.writer !== null && isKept(w) && w.comparedWith !== null && isNarrow(subject, { ...w, wanted: w.comparedWith });

/** The instruction that wrote it last before the reset writes it again behind it: start-up code sets a variable, nobody asks for anything. */
const isSetAtStart = ({ writer, overwrittenBy }: MagicWord): boolean =>
  writer !== null && overwrittenBy !== null && writer.pc === overwrittenBy.pc && writer.lr === overwrittenBy.lr;

/** Words that were lost: those that are compared with what they had held first, and of these the values that nothing has by chance. */
const lostWords = (subject: Subject): readonly MagicWord[] => {
  const words = subject.history?.magic ?? [];
  const halves = words.filter((w) => isMissingHalf(w, words)).map((w) => ({ ...w, wanted: w.comparedWith }));
  const lost = words.filter((w) => isLost(w) && mayBeMeant(w) && !isSetAtStart(w));
  const reordered = words.filter((w) => isReordered(w) || isHalfOfCompared(subject, w)).map((w) => ({ ...w, wanted: w.comparedWith }));
  const meant = [...lost.filter(isMeant), ...reordered];
  const [distinctive, others] = [meant.filter(isDistinctive), meant.filter((w) => !isDistinctive(w))];
  const unmet = words.filter((w) => isAstray(w) || w.isOther).map((w) => ({ ...w, wanted: w.comparedWith }));
  return [...lastOnStack(distinctive), ...lastOnStack(others), ...halves, ...unmet, ...lost.filter((w) => !isMeant(w))];
};
/** What it is compared with stands in another word. */
const isAstray = ({ elsewhere }: MagicWord): boolean => elsewhere !== null;

/** A variable there is what a function leaves behind; a request is put there by mistake alone. */
const lastOnStack = (words: readonly MagicWord[]): MagicWord[] => [...words.filter((w) => !w.onStack), ...words.filter((w) => w.onStack)];

/** What was written in another order than it is looked for; null for any other word. */
const orderOf = (w: MagicWord): string | null =>
  w.writer === null || w.atReset !== w.read || w.overwrittenBy !== null ? null : otherOrder(w.atReset, w.wanted!);

/** It was not in memory when the reset came. */
function neverArrived(subject: Subject, w: MagicWord): Omit<Fate, 'blamed'> | null {
  if (w.inDirtyLine)
    return { because: 'at the reset, the request was still in a dirty line of the data cache and not in memory', source: CACHE };
  if (w.dropped)
    return { because: 'the line of the data cache that held the request was invalidated before it was written back', source: CACHE };
  if (w.heldBack !== undefined) return { because: w.heldBack.because, source: ECC };
  if (w.lostSupply) return { because: 'Standby or Shutdown switched off the RAM that held the request', source: STANDBY };
  if (w.atReset === w.wanted) return null;
  if (inEeprom(subject, w.address)) return w.writtenUnlocked ? CUT_OFF : LOCKED;
  if (isNarrow(subject, w))
    return { because: `the register keeps 16 bits: of ${hex(w.wanted!)} it holds ${hex(w.atReset)}`, source: NARROW };
  if (inRam(subject, w.address)) return LOST_IN_RAM;
  const what = notKeptBy(subject, w.address);
  return what === null ? ignored(w) : { because: `the write had no effect: ${elsewhere(subject, what)}`, source: BACKUP };
}

/** What the chip has at an address that it cannot keep a word at: nothing, or a register that is read only. Null where it may, or where that is not known. */
function notKeptBy({ state: { chip } }: Subject, address: number): string | null {
  const block = chip.blocks.find((b) => address >= b.base && address < b.base + b.size);
  const facts = block && chip.facts[block.facts ?? block.name];
  if (!facts) return null;
  const register = facts.registers.find((r) => r.offset === address - block.base);
  if (register === undefined) return `there is no register at ${hex(address)} on this chip`;
  return register.writable === 0 ? `${hex(address)} is ${block.name}->${register.name} on this chip, which is read only` : null;
}
/** `TAMP->BKP0R at 0x40002500` */
function firstBackupRegister({ state: { chip } }: Subject): string | null {
  for (const { name, base, facts } of chip.blocks) {
    const first = chip.facts[facts ?? name]?.registers.find((r) => /^(BKP0R|BKPR0|DR1)$/.test(r.name));
    if (first !== undefined) return `${name}->${first.name} at ${hex(base + first.offset)}`;
  }
  return null;
}
/** The same with what to take instead. */
function elsewhere(subject: Subject, what: string): string {
  const first = firstBackupRegister(subject);
  return `${what}${first === null ? '' : `; the first backup register is ${first}`}`;
}

interface Fate {
  readonly because: string;
  readonly source: string;
  readonly blamed: Writer | null;
}
const LOCKED = { because: 'the write was ignored: the data EEPROM is locked (PELOCK)', source: EEPROM };
const CUT_OFF = { because: 'the reset came while the data EEPROM was still being programmed', source: CUT };
/** A backup register of F1, and more was stored to it than it has bits for. */
const isNarrow = ({ state }: Subject, w: MagicWord): boolean =>
  w.wanted! > 0xffff &&
  w.atReset === (w.wanted! & 0xffff) &&
  state.chip.blocks.some((b) => b.name === 'BKP' && w.address >= b.base && w.address < b.base + b.size);
const LOST_IN_RAM = { because: 'the request was not in memory when the reset came', source: STARTUP };
function ignored({ writtenWithoutClock: unclocked, readWithoutClock }: MagicWord): Omit<Fate, 'blamed'> {
  const [protectedDomain, noClock] = ['the backup domain is write-protected (DBP)', 'its bus clock is off'];
  const why = unclocked === undefined ? `${protectedDomain} or ${noClock}` : unclocked ? noClock : protectedDomain;
  const again = readWithoutClock
    ? '; and the firmware reads the register behind the reset while its bus clock is off, which returns 0'
    : '';
  return { because: `the write was ignored: ${why}${again}`, source: BACKUP };
}
const howOverwritten = ({ overwrittenBy, byStack }: MagicWord): string => {
  if (byStack)
    return `: the stack had grown over it, down to ${hex(byStack.sp)}, ${byStack.below} bytes below the end of ${byStack.section} (${hex(byStack.end)})`;
  return overwrittenBy?.kind === 'dma' ? ', by a DMA transfer that was set up there' : '';
};
function fateOf(subject: Subject, w: MagicWord): Fate {
  if (isAstray(w))
    return {
      because: `the firmware writes the request to ${hex(w.elsewhere!.address)} and reads it from ${hex(w.address)}`,
      source: FLOW,
      blamed: w.reader,
    };
  if (w.isOther)
    return {
      because: `the firmware wrote ${hex(w.atReset)} and looks for ${hex(w.wanted!)} after the reset`,
      source: FLOW,
      blamed: w.writer,
    };
  if (w.writer === null) {
    const half = subject.history?.magic.find((other) => other.address === (w.address ^ 4) >>> 0);
    return { because: 'the firmware wrote only one half of the request before the reset', source: FLOW, blamed: half?.writer ?? w.reader };
  }
  if (w.lostBefore && w.overwrittenBy)
    return {
      because: inRam(subject, w.address)
        ? `the request was overwritten before the reset${howOverwritten(w)}`
        : 'the firmware wrote the request, then erased it with a backup domain reset before the chip reset',
      source: FLOW,
      blamed: w.overwrittenBy,
    };
  const order = orderOf(w);
  if (order !== null)
    return {
      because: `the firmware wrote ${hex(w.atReset)} and looks for ${hex(w.wanted!)} after the reset: ${order}`,
      source: FLOW,
      blamed: w.writer,
    };
  const inMemory = neverArrived(subject, w);
  // all that is stored of a request is cleaned behind the last store
  if (inMemory !== null) return { ...inMemory, blamed: w.inDirtyLine ? lastDirty(subject, w) : w.writer };
  return changedBehind(subject, w);
}
/** It was there when the reset came. */
function changedBehind(subject: Subject, w: MagicWord): Fate {
  const source = inRam(subject, w.address) ? STARTUP : inEeprom(subject, w.address) ? EEPROM : BACKUP;
  if (w.readWithoutClock)
    return {
      because: 'the request is there, but the firmware read the register while its bus clock was off, and such a read returns 0',
      source: BACKUP,
      blamed: w.reader,
    };
  if (w.overwrittenBy)
    return {
      because: w.becauseOf
        ? overwrittenFor(w.becauseOf)
        : `the request was overwritten after the reset, before the firmware ${w.lookedAtBefore ? 'asked for it: other code uses the same word' : 'read it'}${w.onStack ? `: the stack uses this word${linesOf(w)}` : ''}`,
      source: w.becauseOf ? FLAGS : source,
      blamed: w.overwrittenBy,
    };
  const eraser = eraserOf(subject, w.address);
  if (eraser !== null)
    return { because: `the reset erased the RAM that held the request: ${inManual(eraser)} is 0`, source: ERASED, blamed: w.writer };
  return { because: 'the request changed across the reset, but no instruction changed it', source, blamed: w.writer };
}
/** The line that took it is most often the start of a function, where nobody sees the request. */
const linesOf = ({ lines }: MagicWord): string => (lines === undefined ? '' : ` (written at ${lines.writer}, read at ${lines.reader})`);
/** The option byte that has a system reset erase the RAM there. */
function eraserOf({ state }: Subject, address: number): string | null {
  const ram = state.chip.memories.find((m) => holds(m, address));
  const erasers = Object.values(state.chip.optionBytes ?? {}).filter(({ erases }) => ram !== undefined && erases?.includes(ram.name));
  return erasers.find(({ field }) => state.field(field) === 0)?.field ?? null;
}

/** The firmware takes every reset for a power-on. */
const overwrittenFor = ({ flags, stale }: NonNullable<MagicWord['becauseOf']>): string => {
  const names = flags.map(inManual).join(' and ');
  return stale
    ? `the firmware overwrote the request after the reset because ${names} was still set from before: nothing had cleared the reset flags`
    : `the firmware overwrote the request after the reset because of ${names}, which every reset sets, not only power-on`;
};

function judgeLost(subject: Subject, w: MagicWord): Judgement {
  const { because, source, blamed } = fateOf(subject, w);
  return broken(isMeant(w) && !w.isOther ? 'fail' : 'warn', {
    observed: `${hex(w.address)} held ${hex(w.atReset !== w.wanted && w.writer !== null ? w.atReset : (w.read ?? 0))}`,
    expected: hex(w.wanted ?? 0),
    source,
    confidence: w.inDirtyLine ? 'inferred' : 'documented',
    because,
    lastWriter: blamed,
  });
}
/**
 * A request may have several words: all that were compared with what they had held are kept together. A distinctive one takes no small ones along, since
 * any flag of the firmware may be one of those; where the request has such a part, the choice that begins with it keeps all. What else was lost of the same variable
 * belongs to it: a reason, a check sum.
 */
function keep(subject: Subject, word: MagicWord): Repair {
  if (isNarrow(subject, word) && word.read === word.atReset && literalsOf(subject, word).length > 0) return keepHalf(subject, word);
  return keepAll(subject, keptWith(subject, word));
}
function keepAll(subject: Subject, words: readonly MagicWord[]): Repair {
  const values = words.map(({ address, wanted, resets, lookedAtBefore, overwrittenBy }) => ({
    address,
    value: wanted ?? 0,
    ...(resets === undefined ? {} : { resets }),
    ...(lookedAtBefore && overwrittenBy && { against: overwrittenBy.pc }),
  }));
  const each = values.map(({ address, value }) => `${hex(address)} keeps ${hex(value)}`);
  return {
    at: 'keep',
    what: `${each.join(', ')} until ${each.length === 1 ? 'it is' : 'they are'} read`,
    words: values,
    fix: keptParts(subject, words)
      .map(({ fix }) => fix)
      .join('\n'),
  };
}
/** Words that one piece of C keeps. */
interface KeptPart {
  readonly fix: string;
  readonly words: readonly MagicWord[];
}
/** By what keeps them. Words without a name are given one each. */
function keptParts(subject: Subject, words: readonly MagicWord[]): readonly KeptPart[] {
  const parts = new Map<string, MagicWord[]>();
  const unnamed = words.filter(({ variable }) => variable == null);
  for (const w of words) {
    const number = unnamed.indexOf(w) + 1;
    const fix = keptBy(subject, w, number > 1 ? `${NAME}_${number}` : NAME);
    parts.set(fix, [...(parts.get(fix) ?? []), w]);
  }
  return [...parts].map(([fix, of]) => ({ fix, words: of }));
}
const NAME = 'dfu_request';
/** The same of a repair that `keep` made. */
function partsKept(subject: Subject, repair: Repair): readonly KeptPart[] {
  if (repair.at !== 'keep') return [];
  const known = [...lostWords(subject), ...(subject.history?.magic ?? [])];
  return keptParts(
    subject,
    repair.words.flatMap(({ address }) => known.find((w) => w.address === address) ?? []),
  );
}
const nameOf = ({ words }: KeptPart): string => hex(words[0]!.address);
/** The words that are kept together with one that was lost. */
function keptWith(subject: Subject, word: MagicWord): readonly MagicWord[] {
  if (!isMeant(word)) return [word];
  const meant = lostWords(subject).filter((w) => isMeant(w) && (isDistinctive(w) || !isDistinctive(word)));
  return [...meant, ...restOf(subject, meant)];
}
/** A register that has room for half of the word keeps it where the program compares with that half. */
function keepHalf(subject: Subject, word: MagicWord): Repair {
  const half = word.atReset;
  return {
    at: 'keep',
    what: `the word that it is compared with is ${hex(half)}`,
    words: literalsOf(subject, word).map((address) => ({
      address,
      value: half,
      ...(word.resets !== undefined && { resets: word.resets }),
    })),
    fix: keptBy(subject, word, NAME),
  };
}
/** Where code in front of the comparison loads the word from, that is compared with the register, by LDR (literal) (Armv7-M ARM A7.7.44). */
function literalsOf({ state }: Subject, { decision, comparedWith }: MagicWord): readonly number[] {
  const found = new Set<number>();
  const half = (address: number): number => ((state.read((address & ~3) >>> 0, 4) ?? 0) >>> (8 * (address & 2))) & 0xffff;
  for (let pc = decision === null ? 0 : decision.pc - CODE_BEFORE; decision !== null && pc <= decision.pc; pc += 2) {
    const first = half(pc);
    const offset = (first & 0xf800) === 0x4800 ? (first & 0xff) * 4 : first === 0xf8df ? half(pc + 2) & 0xfff : null;
    const address = offset === null ? null : ((pc + 4) & ~3) + offset;
    if (address !== null && state.read(address, 4) === comparedWith) found.add(address);
  }
  return [...found];
}
const CODE_BEFORE = 256;
function restOf({ history }: Subject, meant: readonly MagicWord[]): readonly MagicWord[] {
  const isOne = (w: MagicWord, m: MagicWord): boolean =>
    w.variable != null && m.variable != null ? w.variable.name === m.variable.name : Math.abs(w.address - m.address) <= NEAR;
  const isRest = (w: MagicWord): boolean => meant.every((m) => m.address !== w.address) && meant.some((m) => isOne(w, m));
  return (history?.magic ?? []).filter((w) => w.writer !== null && w.wanted !== w.read && isRest(w));
}
/** Stores that were found by repeating the run have no number: the time tells which is the last. */
function lastDirty(subject: Subject, w: MagicWord): Writer | null {
  const dirty = [w, ...keptWith(subject, w), ...restOf(subject, [w])].filter(({ inDirtyLine }) => inDirtyLine);
  return dirty.flatMap(({ writer }) => writer ?? []).toSorted((a, b) => b.at - a.at)[0] ?? null;
}
/** Bytes from a word to others of the same request, where no names say it. */
const NEAR = 8;
/** By the names that people give to what start-up code leaves alone. */
const isNoInit = (section: string | null | undefined): boolean => /no_?init|no_?load|persist|retain/i.test(section ?? '');
const placeOf = ({ declared }: MagicVariable): string => (declared === null ? '' : ` (${declared.file}:${declared.line})`);
/** The same as C, by what became of the word. */
/** By its name, because another build has it elsewhere. */
function cleanedInC({ variable, address }: MagicWord): string {
  const name = variable?.name ?? '';
  const [place, size] = /^[A-Za-z_]\w*$/.test(name) ? [`&${name}`, `sizeof ${name}`] : [`${hex(address & ~31)}u`, '32'];
  return `SCB_CleanDCache_by_Addr((void *)${place}, ${size});`;
}
/** It was in the data cache, and not in memory. */
const isUncleaned = (w: MagicWord): boolean => w.inDirtyLine || w.dropped === true;
const cleanPart = (w: MagicWord): string => part('after', ', before the reset', cleanedInC(w));
/** The program runs with its data cache on: in another place as well, the word may be in a dirty line at the reset. */
const cleanedToo = ({ state }: Subject, w: MagicWord): readonly string[] =>
  !w.inDirtyLine && ((state.read(CCR, 4) ?? 0) & CCR_DC) !== 0 ? [cleanPart(w)] : [];
/** Start-up code clears what is cleaned, too. */
const dirtyInC = (subject: Subject, w: MagicWord, name: string): string =>
  [cleanPart(w), ...(w.overwrittenBy && inRam(subject, w.address) ? [keptInRam(subject, w, name)] : [])].join('\n');
/** The two sides of a request do not agree; null where they do. */
function unmetInC(w: MagicWord): string | null {
  const at = hex(w.address);
  if (isAstray(w)) return `/* the request is stored at ${hex(w.elsewhere!.address)} and read at ${at}: take one address for both */`;
  return w.isOther ? `/* the firmware stores ${hex(w.atReset)} and looks for ${hex(w.wanted!)}: take one value for both */` : null;
}
const keptBy = (subject: Subject, w: MagicWord, name: string): string => unmetInC(w) ?? savedBy(subject, w, name);
function savedBy(subject: Subject, w: MagicWord, name: string): string {
  const { chip } = subject.state;
  const at = hex(w.address);
  if (w.writer === null) return part('after', '', `*(volatile uint32_t *)${at}u = ${hex(w.wanted ?? 0)}u;   /* the other half */`);
  if (orderOf(w) !== null) return reorderedInC(subject, w);
  if (w.becauseOf && w.overwrittenBy) return flagsInC(chip, w.becauseOf);
  if (isUncleaned(w)) return dirtyInC(subject, w, name);
  if (w.heldBack !== undefined) return part('after', ', before the reset', wholeWordInC(w.address, w.heldBack.bytes));
  if (w.lostSupply) return '/* RAM is lost in Standby: keep the request in a backup register */';
  if (inRam(subject, w.address)) return keptInRam(subject, w, name);
  if (inEeprom(subject, w.address)) return inEepromInC(w);
  if (isNarrow(subject, w)) return `/* ${at} keeps 16 bits: store ${hex(w.atReset)} and compare with that, or use two registers */`;
  if (w.readWithoutClock) return readInC(subject, w);
  if (w.lostBefore) return `/* this line resets the backup domain, which clears ${at}: remove it, or write the request after it */`;
  if (w.overwrittenBy) return besideInC(chip, w);
  return writtenInC(subject, w);
}
/** Something else writes to its register behind the reset. */
const besideInC = (chip: ChipDescription, w: MagicWord): string =>
  w.lookedAtBefore
    ? `/* ${overwriterOf(w)} keeps another value in the same register: give the request a backup register of its own */`
    : part('before', ', so that it does nothing if the RTC runs', `if ((${rtcEnabled(chip)}) == 0)`);
/** The clock of its bus is off when it is read; where it was written in vain before, that comes first. */
function readInC(subject: Subject, w: MagicWord): string {
  const toRead = backupClockInC(subject.state.chip, w.address);
  if (w.atReset === w.wanted) return part('before', ', which reads it', ...toRead);
  const behind = part('main', ', before the register is read behind the reset: its clock is off again', ...toRead);
  return [writtenInC(subject, w), behind].join('\n');
}
/** It was written in vain. */
function writtenInC(subject: Subject, { address, writtenWithoutClock }: MagicWord): string {
  const what = notKeptBy(subject, address);
  if (what !== null) return `/* ${elsewhere(subject, what)} */`;
  return part('before', ', which writes it', ...backupAccessInC(subject.state.chip, address, writtenWithoutClock === false));
}
/** The value that the firmware looks for. */
function reorderedInC(subject: Subject, { address, wanted, atReset, inParts }: MagicWord): string {
  if (inParts) return `/* compare with ${hex(atReset)}u, or write the bytes of ${hex(wanted!)} in the other order */`;
  const bits = wanted! <= SMALL && inRam(subject, address) ? 16 : 32;
  return part('after', ', before the reset', `*(volatile uint${bits}_t *)${hex(address)}u = ${hex(wanted!)}u;`);
}
/** So that the firmware tells a power-on from other resets. */
function flagsInC({ resetFlags }: ChipDescription, { flags, stale }: NonNullable<MagicWord['becauseOf']>): string {
  const bit = (path: string): string => `${inC(path).replace('->', '_')}_${path.split('.')[2]}`;
  const clear = resetFlags === undefined ? '' : `${inC(resetFlags.clear)} |= ${bit(resetFlags.clear)};`;
  if (stale) return part('after', ', so that the flags tell only of later resets', clear);
  const power = resetFlags?.flags.find((f) => f.raisedBy.includes('power') && !f.raisedBy.includes('software'));
  const test = power === undefined ? '' : `test ${inC(power.field)} & ${bit(power.field)} instead, and then `;
  return `/* every reset sets ${flags.map(inManual).join(' and ')}: ${test}clear the flags with ${clear} */`;
}
/** Of a word that start-up code clears, or that something else writes to. */
function keptInRam(subject: Subject, w: MagicWord, name: string): string {
  const at = hex(w.address);
  const eraser = w.overwrittenBy === null && !w.lostBefore ? eraserOf(subject, w.address) : null;
  if (eraser !== null)
    return `/* ${inManual(eraser)} = 0 has each system reset erase this RAM: put ${w.variable?.name ?? 'the request'} into another RAM, or set that option byte to 1 */`;
  const remark = '; the start-up code does not clear a NOLOAD section';
  // where the two overlap, only their author knows which of them is too long
  if (w.byStack)
    return `/* the stack of this function reaches ${w.byStack.below} bytes into the variables: give it less (a large local array, a recursion), or the stack more RAM */`;
  if (w.lostBefore)
    return `/* ${overwriterOf(w)} also writes ${hex(w.atReset)} to ${at}${w.onStack ? ', which is on its stack' : ''}: ${w.onStack ? '' : 'shorten it, or '}give the request its own word in a NOLOAD section */`;
  const stays = w.overwrittenBy === null ? null : overwrittenInC(w);
  if (stays !== null) return stays;
  if (w.variable)
    return [
      part('declaration', `of ${w.variable.name}${placeOf(w.variable)}${remark}`, keptInC(w.variable.name, w.variable.bytes)),
      ...cleanedToo(subject, w),
    ].join('\n');
  return part('word', `at ${at} wherever that is written and read${remark}`, keptInC(name, 4));
}
/** Where no other section helps, since no start-up code has overwritten it, or since it is in such a section already; null where one does. */
function overwrittenInC(w: MagicWord): string | null {
  const [at, { variable, atRunTime }] = [hex(w.address), w];
  const where = variable ? `${at} (${variable.name})` : at;
  if (w.overwrittenBy!.kind === 'dma') return `/* a transfer writes to ${where}: give it a buffer of its own */`;
  if (atRunTime !== undefined) {
    const who = `${overwriterOf(w)}${atRunTime.caller === null ? '' : `, called from ${atRunTime.caller},`}`;
    return atRunTime.row === null
      ? `/* ${who} writes to ${where}, where the request is: check the address there, or do not write before the request was read */`
      : `/* ${who} fills ${hex(atRunTime.row)} and what follows, up to the request at ${where}: its index or length goes too far */`;
  }
  if (variable == null || !isNoInit(variable.section)) return null;
  return w.onStack
    ? `/* the stack reaches ${where}: put ${variable.section} where no stack is */`
    : `/* this overwrites ${variable.name} (${variable.section}): leave ${variable.section} out */`;
}
/** A repair may keep several words, and the place of the cause is that of the first. */
const overwriterOf = ({ overwriter, overwrittenBy }: MagicWord): string =>
  overwriter ?? `this ${overwrittenBy?.kind === 'dma' ? 'transfer' : 'line'}`;
const inEepromInC = (w: MagicWord): string => {
  const { address, overwrittenBy, atReset, wanted, writtenUnlocked } = w;
  return overwrittenBy && atReset === wanted
    ? `/* ${overwriterOf(w)} also writes to ${hex(address)}: give the request its own word */`
    : writtenUnlocked
      ? part('after', ', before the reset', 'while (FLASH->SR & FLASH_SR_BSY) {}')
      : part('before', ', which writes it', 'FLASH->PEKEYR = 0x89ABCDEFu;', 'FLASH->PEKEYR = 0x02030405u;');
};
/** A store of the whole ECC word empties the buffer into it. */
function wholeWordInC(address: number, bytes: number): string {
  const word = `(volatile uint${8 * bytes}_t *)${hex(address - (address % bytes))}u`;
  return `*${word} = *${word};   /* write a whole ECC word of the RAM */`;
}
/** The bit that the reset of the backup domain clears, and that stays set over every other reset. */
const rtcEnabled = (chip: ChipDescription): string => {
  const register = chip.facts[chip.rcc]?.registers.find((r) => r.fields.some((f) => f.name === 'RTCEN'))?.name ?? 'BDCR';
  return `${chip.rcc}->${register} & ${chip.rcc}_${register}_RTCEN`;
};
const MOST_CHOICES = 8;

/** Asked for and never written; written and never looked at. No repair: nobody knows what was meant. */
function judgeUnmet({ history }: Subject, words: readonly MagicWord[]): Judgement | null {
  const unread = words.find((w) => w.reader === null && w.writer !== null);
  if (unread)
    return broken('warn', {
      observed: `${hex(unread.wanted ?? 0)} at ${hex(unread.address)}`,
      expected: 'a read of it after the reset',
      because: 'the firmware left a word there before the reset; the word survived, but nothing read it afterwards',
      source: FLOW,
      confidence: 'measured',
      lastWriter: unread.writer,
    });
  const absent = history?.resets.at(-1)?.by === 'software' && !words.some(isKept) ? words.find(isAbsent) : undefined;
  if (absent)
    return broken('warn', {
      observed: `${hex(absent.address)} held ${hex(absent.read ?? 0)}, and nothing wrote to it`,
      expected: hex(absent.comparedWith ?? 0),
      because: 'the firmware never wrote the word that it reads after the reset: without volatile, the compiler may remove the store',
      source: FLOW,
      confidence: 'measured',
      lastWriter: absent.reader,
    });
  return null;
}
/** A value that nothing has by chance is looked for in a word that no instruction has written to. */
const isAbsent = (w: MagicWord): boolean =>
  w.writer === null && w.reader !== null && w.overwrittenBy === null && (w.comparedWith ?? 0) > SMALL && w.comparedWith !== w.read;

/** The flag of the reset is the request, unless a word is looked for that was lost. */
function lostFlag(subject: Subject): LostFlag | null {
  const flag = subject.entry ? null : (subject.history?.lostFlag ?? null);
  const word = flag && lostWords(subject)[0];
  return word && isMeant(word) ? null : flag;
}

const NO_WORD = 'no word was passed across a reset';
const NO_WORD_KNOWN = 'no word is known that was passed across a reset';
/** Words are traced where the firmware has not come into the ROM; what it may have left behind the reset has then done its work. */
function whyNoWords({ history }: Subject): string {
  const wasReset = (history?.resets ?? []).some(({ by }) => by !== 'power');
  if (!wasReset) return NO_WORD;
  return (history?.entries ?? []).length > 0 ? 'the ROM was entered, so no word was looked for that a reset has lost' : NO_WORD_KNOWN;
}

export const magicSurvives: Check = {
  id: 'magic-survives',
  question: 'Does the word that requests the bootloader survive the reset?',
  path: true,
  isRequest: true,
  judge(subject) {
    const { history, entry } = subject;
    const words = history?.magic ?? [];
    const flag = lostFlag(subject);
    if (flag) return judgeLostFlag(flag);
    if (words.length === 0) return notApplicable(whyNoWords(subject));
    const shown = words
      .filter(isKept)
      .map((w) => `${hex(w.wanted ?? 0)} at ${hex(w.address)}`)
      .slice(0, 3)
      .join(', ');
    if (entry) return pass(shown === '' ? null : shown, 'the request led to an entry into the ROM', STARTUP, 'documented');
    const word = lostWords(subject)[0];
    if (word) return judgeLost(subject, word);
    return (
      judgeUnmet(subject, words) ??
      (shown === ''
        ? notApplicable(NO_WORD)
        : pass(shown, 'the firmware read after the reset what it had written before', STARTUP, 'documented'))
    );
  },
  repair(subject) {
    const flag = lostFlag(subject);
    if (flag) return repairOfFlag(subject.state.chip, flag);
    const word = lostWords(subject)[0];
    return word === undefined ? null : keep(subject, word);
  },
  choices: (subject) =>
    (lostFlag(subject) ? [] : lostWords(subject))
      .slice(0, MOST_CHOICES)
      .map((word) => ({ judgement: judgeLost(subject, word), repair: keep(subject, word) })),
  members: (subject, repair) => partsKept(subject, repair).map(nameOf),
  narrow(subject, members, repair) {
    const words = partsKept(subject, repair).flatMap((p) => (members.includes(nameOf(p)) ? p.words : []));
    return { judgement: judgeLost(subject, words[0]!), repair: keepAll(subject, words) };
  },
  isTentative(subject) {
    if (lostFlag(subject)) return false;
    const word = lostWords(subject)[0];
    return word !== undefined && !isMeant(word);
  },
  explanation: [
    'The safest way into the ROM is to store a request word, reset the chip, and test the word at the start of main(). The word must survive both the reset and the start-up code.',
    'An ordinary variable does not survive: start-up code clears .bss and copies .data before main(). Put the word into a separate NOLOAD section ("noinit"), at an address that neither the stack nor another image uses.',
    'A backup register survives resets, too. But it ignores writes until DBP is set and its bus clock is on, and it reads as 0 while that clock is off, as it is after a reset. With a data cache, clean the line before the reset. With ECC RAM, write a whole ECC word, then write another one.',
    'The flag of the reset itself may be the request. Then ask for it first: every reset sets the flag of the pin, too. Clear the flags (RMVF) only once they are read, and do clear them, or those of an earlier reset stay set.',
  ].join('\n\n'),
};
