/** The request to enter the ROM that has to live through a reset. */
import { broken, hex, notApplicable, pass, type Check, type Judgement, type MagicWord, type Repair, type Subject } from './check.ts';

const STARTUP = 'C11 6.7.9: objects of static storage start as zero or as initialised; start-up code writes them after every reset';
const BACKUP = 'STM32 reference manuals, PWR and RTC/TAMP: backup registers are write-protected until DBP is set, and need their bus clock';

const CACHE = 'ARMv7-M: CCR.DC is 0 after a reset, and only cleaning or replacing a dirty line writes it to memory';

const isLost = (w: MagicWord): boolean => w.atReset !== w.wanted || (w.read !== null && w.read !== w.wanted);
const inRam = ({ state }: Subject, address: number): boolean =>
  state.chip.memories.some(
    (m) => m.kind === 'ram' && [m.base, ...(m.aliases ?? [])].some((base) => address >= base && address < base + m.size),
  );

/** Words that were lost, the one that was written last first, as a request is. */
const lostWords = ({ history }: Subject): readonly MagicWord[] =>
  (history?.magic.filter(isLost) ?? []).toSorted((a, b) => b.writer.seq - a.writer.seq || b.writer.at - a.writer.at);
const lost = (subject: Subject): MagicWord | null => lostWords(subject)[0] ?? null;

function judgeLost(subject: Subject, word: MagicWord, alone: boolean): Judgement {
  const dropped = word.atReset !== word.wanted;
  const ram = inRam(subject, word.address);
  // Something else survived and may be the request: then this loss proves nothing by itself.
  return broken(alone ? 'fail' : 'warn', {
    observed: `${hex(word.address)} held ${hex(dropped ? word.atReset : (word.read ?? 0))}`,
    expected: hex(word.wanted),
    source: word.inDirtyLine ? CACHE : ram ? STARTUP : BACKUP,
    confidence: word.inDirtyLine ? 'inferred' : 'documented',
    because: word.inDirtyLine
      ? 'it stood in a dirty line of the data cache when the reset came: memory never got it'
      : dropped
        ? ram
          ? 'the value never arrived in memory before the reset'
          : 'the write was ignored: the backup domain is write-protected (DBP) or its bus clock is off'
        : word.readWithoutClock
          ? 'it is there, but was read while the bus clock of the register was off: such a read gives 0'
          : word.overwrittenBy
            ? 'start-up code wrote over it after the reset, before the firmware looked at it'
            : 'it changed across the reset without an instruction that did it',
    lastWriter: dropped ? word.writer : ((word.readWithoutClock ? word.reader : word.overwrittenBy) ?? word.writer),
  });
}
const keep = (subject: Subject, word: MagicWord): Repair => ({
  at: 'keep',
  what: `${hex(word.address)} keeps ${hex(word.wanted)} until it has been read`,
  address: word.address,
  value: word.wanted,
  fix: word.inDirtyLine
    ? 'SCB_CleanDCache_by_Addr((uint32_t *)&request, sizeof request);   /* after writing it, before NVIC_SystemReset() */'
    : inRam(subject, word.address)
      ? '__attribute__((section(".noinit"))) static volatile uint32_t request;  /* a NOLOAD section that start-up code does not clear */'
      : word.readWithoutClock
        ? '__HAL_RCC_RTC_CLK_ENABLE();   /* the bus clock of RTC/TAMP (RTCAPBEN), before the backup register is read */'
        : 'HAL_PWR_EnableBkUpAccess();   /* DBP; and the clock of RTC/TAMP, before the backup register is written */',
});
const MOST_CHOICES = 8;

export const magicSurvives: Check = {
  id: 'magic-survives',
  question: 'Is the word that asks for the bootloader still there after the reset?',
  path: true,
  judge(subject) {
    const { history, entry } = subject;
    const words = history?.magic ?? [];
    if (words.length === 0) return notApplicable('no word was written before a software reset and read after it');
    const kept = words.filter((w) => !isLost(w));
    const word = lost(subject);
    if (entry || !word) {
      const shown = kept
        .map((w) => `${hex(w.wanted)} at ${hex(w.address)}`)
        .slice(0, 3)
        .join(', ');
      return pass(
        shown === '' ? null : shown,
        entry ? 'the request led to an entry' : 'what was written before the reset was read after it',
        STARTUP,
        'documented',
      );
    }
    return judgeLost(subject, word, kept.length === 0);
  },
  repair(subject) {
    const word = lost(subject);
    return word && keep(subject, word);
  },
  choices: (subject) => {
    const alone = !subject.history?.magic.some((w) => !isLost(w));
    return lostWords(subject)
      .slice(0, MOST_CHOICES)
      .map((word) => ({ judgement: judgeLost(subject, word, alone), repair: keep(subject, word) }));
  },
  explanation: [
    'The safest way into the ROM is to leave a word behind, reset, and test the word first thing in main(). The word has to live through the reset and through start-up code.',
    'An ordinary variable does not: start-up code clears .bss and copies .data before main(). Put the word into a section that is neither (NOLOAD, "noinit"), at an address that neither the stack nor another image uses.',
    'A backup register lives through resets too, but ignores writes until DBP is set and its bus clock is on, and reads as 0 while that clock is off, as it is after a reset. With a data cache the line has to be cleaned before the reset; with ECC RAM write a whole word and something after it.',
  ].join('\n\n'),
};
