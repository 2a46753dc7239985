/** What holds of every report of every result: results made by chance of what one may say, in any width, in colour or not, with sources or without. */
import { describe, expect, it } from 'vitest';
import type { Judgement } from '../../src/bench/documents/expect.ts';
import { CHECK_IDS, type Place, type ResultCause, type RomDependency, type RunResult } from '../../src/bench/documents/result.ts';
import { firstSet, proofOf } from '../../src/bench/documents/proved.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { handOverPicture } from '../../src/report/hand-over/picture.ts';
import { htmlReport } from '../../src/report/html.ts';
import { patchOf } from '../../src/report/patch.ts';
import { shortReport } from '../../src/report/short.ts';
import type { Sources } from '../../src/report/source-lines.ts';
import { checksReport, terminalReport } from '../../src/report/terminal.ts';
import { ansi } from '../../src/report/text.ts';
import { Chance } from '../emu/random-thumb.ts';
import { flawsOf } from './picture-kit.ts';
import { checks, dfuResult, primaskCause, primaskResult, writer } from '../samples/results.ts';

const RESULTS = 700;
const WORDS = ['the', 'ROM', 'answers', 'a_name_that_is_longer_than_others()', 'at', '0x0bf97000', 'which', 'was', 'not', 'expected'];
const words = (c: Chance, most: number): string => Array.from({ length: 1 + c.below(most) }, () => c.of(WORDS)).join(' ');
const time = (c: Chance): string => `${c.below(3)}.${String(c.below(1e9)).padStart(9, '0')}`;
const some = <T>(c: Chance, most: number, make: (i: number) => T): T[] => Array.from({ length: c.below(most + 1) }, (_, i) => make(i));
/** Half of the time nothing. */
const orNull = <T>(c: Chance, value: T): T | null => (c.below(2) ? value : null);

const LINES = ['int main(void)', '{', '  while (!done) {}', '  for (;;) { }', '  while (1) ; // done', '  while (TRUE) { work(); } /* done */', '  for (i = 0; i < n; i++) wait();', '\tgo(0x0bf90000u);', '  while (a(b) && (1)) {} while (c) {}', '  while (0x1f) {}', '  if (a) {', '  }', '  leave(a,', '        b);', '}']; // prettier-ignore
const FILES: Readonly<Record<string, readonly string[]>> = {
  'main.c': LINES,
  'src/usb/dfu.c': Array.from({ length: 120 }, (_, i) => LINES[i % 11]!),
  'start.s': ['start:', '  cpsid i', '  bx r0'],
};
const place = (c: Chance): Place => {
  const file = orNull(c, c.of(['main.c', 'main.c', 'src/usb/dfu.c', 'start.s', 'gone.c']));
  return { pc: `0x0800${String(1000 + c.below(9000))}`, symbol: orNull(c, c.of(['f', 'enter_dfu'])), file, line: file === null ? null : c.of([1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 14, 15, 16, 99, 119, 120, 121]) }; // prettier-ignore
};
const placeWords = (c: Chance): string => `${c.of(['main.c', 'src/usb/dfu.c', 'gone.c'])}:${1 + c.below(16)} (${c.of(['f', 'enter_dfu'])})`;

const dependency = (c: Chance): RomDependency => ({
  rom: c.of(['primask', 'usb-supply', 'vtor', 'systick']),
  value: c.of(['keeps', 'sets']),
  other: 'clears',
  confidence: c.of(['documented', 'assumed', 'reported']),
  outcomeIfOther: c.of(['dfu', 'fault', 'rom-silent']),
});
const IDS = ['primask', 'msp', 'vtor', 'systick', 'rom-usb', 'entry-address', 'debugger', 'iwdg'] as const;
const FIXES = ['__enable_irq();\n', 'if (0)', 'SysTick->CTRL = 0;\nSCB->ICSR = 1;', '/* before the jump */ go();', 'a();\nb();\nc();\nd();\ne();\nf();\ng();\nh();\ni();\nj();\nk();\nl();', 'jump(); /* in place of the old jump */'] as const; // prettier-ignore
const causeOf = (c: Chance, id: ResultCause['id'], proved: boolean): ResultCause => ({
  ...primaskCause,
  id,
  proved,
  at: c.of(['entry', 'before-write', 'redirect', 'keep']),
  repair: orNull(c, 'it is repaired'),
  fix: orNull(c, c.of(FIXES)),
  outcomeAfterRepair: c.of(['dfu', 'dfu', 'fault', null]),
  dependsOn: some(c, 2, () => dependency(c)),
  lastWriter: orNull(c, { ...writer, ...place(c), at: time(c), kind: c.of(['cpu', 'dma']) as typeof writer.kind }),
  explanation: [words(c, 30), ...some(c, 1, () => words(c, 9))].join('\n\n'),
});
const OUTCOMES = ['dfu', 'dfu-lost', 'reset-loop', 'fault', 'rom-silent', 'back-in-app', 'stuck', 'no-jump'] as const;
const REASONS = ['settled', 'deadline', 'instructions', 'wall', 'memory', 'semihosting', 'signal'] as const;
const BY = ['power', 'software', 'option-bytes', 'iwdg', 'pin'] as const;
const NOTES: Readonly<Record<string, (c: Chance) => string>> = {
  crash: (c) => `${c.below(2) ? placeWords(c) : '0x08000100'} ${words(c, 30)}`,
  chain: (c) => words(c, 30),
  reset: (c) => words(c, 30),
  loop: (c) => [placeWords(c), ...some(c, 3, () => placeWords(c))].join(' < '),
  wait: (c) => c.of([words(c, 20), 'ETH has no clock: RCC.AHB1ENR.ETHEN is 0', 'HSERDY never rises', 'ETH.DMAMR, which always reads 0x00000001']), // prettier-ignore
  'not-triggered': (c) => c.of(['waits for PA0', words(c, 25), `waits for a byte: "uart" ${words(c, 3)}`]),
  guest: (c) => c.of(['FLASH: a write was refused, OPTLOCK = 1', 'FLASH: a write was refused', 'FLASH: FLASH_ACR has too few', 'another thing', '"uart" has an error']), // prettier-ignore
  control: (c) => `control run: ${words(c, 20)}`,
  watchdog: (c) => `${c.of(['IWDG', 'WWDG'])} ${words(c, 20)}`,
  serial: (c) => words(c, 30),
  'serial-set': (c) => c.of(['primask', 'primask + msp', 'vtor']),
  boot: (c) => `${c.of(['src/main.c:', 'a.c:'])} ${words(c, 9)}`,
};
const PLAIN = ['kept', 'force', 'kept-options', 'usb-clock', 'starved', 'polled', 'find-jump', 'trigger', 'chip', 'limit', 'bounded', 'symptom', 'ecc', 'boot-at', 'no-rom', 'restart', 'image']; // prettier-ignore
const notes = (c: Chance): RunResult['notes'] =>
  some(c, 4, () => c.of([...Object.keys(NOTES), 'crash', 'chain', 'reset', 'guest', ...PLAIN])).flatMap((kind) =>
    Array.from({ length: c.of([1, 1, 2, 3, 5, 7]) }, () => ({ kind, text: `${(NOTES[kind] ?? ((d) => words(d, 30)))(c)}${c.of(['', '', '!'])}` })),
  ); // prettier-ignore

/** What a result may say otherwise. */
const PARTS: readonly ((c: Chance, r: RunResult) => Partial<RunResult>)[] = [
  (c) => ({ outcome: c.of(OUTCOMES) }),
  (c) => ({ notes: notes(c) }),
  (c) => ({ notes: notes(c) }),
  (c) => ({ summary: words(c, 50) }),
  (c) => ({ ended: { reason: c.of(REASONS), at: time(c) } }),
  (c) => ({ dependsOn: some(c, 4, () => dependency(c)) }),
  (c) => ({ resets: [...primaskResult().resets, ...some(c, 4, (): RunResult['resets'][number] => ({ at: time(c), by: c.of(BY), flags: c.of([[], ['SFTRSTF']]), from: orNull(c, place(c)) }))] }),
  (c, r) => ({ entries: some(c, 2, () => ({ ...primaskResult().entries[0]!, at: time(c), from: orNull(c, place(c)), how: c.of(['branch', 'exception', 'boot']) as RunResult['entries'][number]['how'] })), stuck: r.stuck }),
  (c) => ({ stuck: { address: orNull(c, '0x40028000'), register: orNull(c, c.of(['ETH.DMAMR', 'USART1.ISR'])), value: orNull(c, '0x00000001'), pc: '0x08000412', force: orNull(c, 'ETH.DMAMR.SWR=0') } }),
  (c) => ({ checks: checks(Object.fromEntries(some(c, 12, () => c.of([...CHECK_IDS, ...IDS, 'leave-path', 'leave-vtor', 'magic-survives'] as const)).map((id) => [id, { verdict: c.of(['pass', 'fail', 'fail', 'warn', 'unknown', 'n/a']), observed: orNull(c, words(c, 8)), expected: orNull(c, words(c, 5)), because: words(c, 20), source: orNull(c, 'AN2606 4.1'), confidence: orNull(c, 'documented'), lastWriter: orNull(c, { ...writer, ...place(c) }) }]))) }),
  (c) => ({ symptom: { asked: c.of(['resets', 'nothing', 'hang', 'wrong-device']), matches: c.below(2) === 0, options: some(c, 2, () => ({ text: words(c, 12), rom: orNull(c, { primask: 'keeps' }) ?? {}, board: orNull(c, { hse: '8 MHz' }) ?? {}, outcome: c.of(OUTCOMES) })) } as unknown as RunResult['symptom'] }),
  (c) => ({ console: Object.fromEntries(some(c, 2, (i) => [`usart${i}${c.of(['', '-of-the-board'])}`, some(c, 6, () => words(c, 20)).join(c.of(['\n', '\r\n', '\n\n']))])) }),
  (c) => ({ rom: { ...primaskResult().rom, kind: c.of(['stand-in', 'dump', 'silicon']), version: orNull(c, 'V14.2'), options: c.below(2) ? { 'leave-vtor': { value: 'keeps', confidence: 'assumed', source: 'AN2606' } } : {} } as RunResult['rom'] }),
  (c) => ({ unmodelled: some(c, 8, (i) => ({ peripheral: c.of(['ETH', 'RNG']), register: i === 0 ? 'DMAMR' : `R${i}`, reads: i, writes: 1 })), uninitialisedReads: c.below(3) }),
  (c) => ({ usb: { sessions: some(c, 2, () => ({ ...dfuResult().usb.sessions[0]!, servedBy: c.of(['system', 'user', null]), enumerated: c.below(2) === 0, vid: orNull(c, '0x0483'), pid: orNull(c, '0xdf11'), product: orNull(c, 'DFU') })), log: c.below(2) ? dfuResult().usb.log : [] } }),
  // a wait for a byte
  (c) => ({ outcome: 'stuck', stuck: { address: null, register: c.of(['USART1.ISR', 'USART1.ISR', 'ETH.DMAMR']), value: null, pc: '0x08000412', force: c.of([null, null, 'USART1.ISR.RXNE=1']) }, notes: some(c, 3, () => ({ kind: c.of(['not-triggered', 'not-triggered', 'guest']), text: c.of(['waits for PA0', 'waits for a byte', '"uart" is told']) })) }),
  // a request that was kept, and no jump
  (c) => ({ outcome: 'no-jump', entries: [], stuck: null, diagnosis: { explained: false, causes: [], sets: [], harmless: [] }, notes: [{ kind: 'not-triggered', text: words(c, 25) }, ...notes(c)], checks: checks({ 'magic-survives': { verdict: c.of(['pass', 'pass', 'fail']), observed: orNull(c, words(c, 5)) } }), resets: [...primaskResult().resets, { at: time(c), by: c.of(BY), flags: c.of([[], ['SFTRSTF', 'PINRSTF']]), from: null }] }),
  (c, r) => ({ time: { ...r.time, seconds: time(c), cycles: orNull(c, c.below(1e9)) } }),
]; // prettier-ignore
function made(c: Chance): RunResult {
  let result = c.below(3) ? primaskResult() : dfuResult();
  // those of a whole run may all be no more than suspects
  const proves = c.below(2);
  const causes = [...new Set(some(c, c.of([0, 2, 5, 7]), () => c.of(IDS)))].map((id) => causeOf(c, id, proves > 0 && c.below(4) > 0));
  const ids = causes.filter((x) => x.proved).map((x) => x.id);
  const sets = c.below(2) ? [ids] : ids.map((id) => [id]);
  if (c.below(5)) result = { ...result, diagnosis: { explained: c.of([true, false, null]), causes, sets, harmless: some(c, 2, () => c.of(IDS)) } };
  for (let n = 2 + c.below(8); n > 0; n--) result = { ...result, ...c.of(PARTS)(c, result) };
  const nothing = { explained: c.of([false, null]), causes: [], sets: [], harmless: [] };
  return c.below(3) ? result : { ...result, diagnosis: nothing, ...c.of([{}, { entries: [], stuck: null }]), notes: [...result.notes, ...notes(c)] };
} // prettier-ignore
const judged = (c: Chance): Judgement | null => orNull(c, { holds: c.below(2) === 0, failures: some(c, 6, () => words(c, 25)) });
interface Told {
  readonly seed: number;
  readonly result: RunResult;
  readonly judgement: Judgement | null;
  readonly width: number;
  readonly sources: Sources;
  readonly short: string;
  readonly full: string;
}
function tell(seed: number): Told {
  const c = new Chance(seed);
  const result = made(c);
  const judgement = judged(c);
  const [newer, elsewhere] = [c.below(4) === 0, c.below(4) === 0];
  const known = c.below(4) > 0;
  const sources: Sources = (path) => (known && FILES[path] ? { path, lines: FILES[path], newer, elsewhere } : null);
  const width = 30 + c.below(100);
  const options = { width, judgement, sources };
  return {
    seed,
    result,
    judgement,
    width,
    sources,
    short: shortReport(result, options),
    full: terminalReport(result, { width, judgement }),
  };
}
const all = Array.from({ length: RESULTS }, (_, i) => tell(i + 1));
const except = (holds: (t: Told) => boolean): number[] => all.filter((t) => !holds(t)).map(({ seed }) => seed);
const squeezed = (text: string): string => text.replaceAll(/\s+/g, ' ');

const plainly = (text: string): string => text.replaceAll(/\u001b\[[0-9;]*m/g, '');

describe('The first screen', () => {
  it('begins with whether it holds, or with the outcome', () => {
    const word = ({ judgement, result }: Told): RegExp =>
      judgement === null
        ? result.outcome === 'dfu'
          ? /^(OK|FAIL)\b/
          : /^FAIL\b/
        : judgement.holds
          ? /^HOLDS\b/
          : /^(FAILS?|DOES NOT HOLD)\b/;
    expect(except((t) => word(t).test(t.short))).toEqual([]);
  });
  it('is as wide as it may be: a longer line is one word, or code, which is not wrapped', () => {
    const tooWide = ({ short, width }: Told): string[] =>
      short.split('\n').filter((line) => [...line].length > Math.max(width, 40) && !/^\s*([-+>]|\d+ \|)|\S{20,}/.test(line));
    expect(except((t) => tooWide(t).length === 0)).toEqual([]);
  });
  it('says the same in colour', () => {
    const same = ({ result, width, judgement, sources, short }: Told): boolean =>
      plainly(shortReport(result, { width, judgement, sources, paint: ansi })) === short;
    expect(except(same)).toEqual([]);
  });
  it('says the same twice', () => {
    expect(except(({ seed, short }) => tell(seed).short === short)).toEqual([]);
  });
});

describe('The whole report', () => {
  it('names every proved cause', () => {
    expect(
      except(
        ({ result, full }) => result.outcome === 'dfu' || result.diagnosis.causes.every(({ id, proved }) => !proved || full.includes(id)),
      ),
    ).toEqual([]);
  });
  it('says what the summary says', () => {
    expect(
      except(({ result, full }) =>
        squeezed(full)
          .toLowerCase()
          .includes(squeezed(String(result.summary)).slice(0, 40).toLowerCase()),
      ),
    ).toEqual([]);
  });
  it('names the ROM, and that a stand-in is not of ST', () => {
    expect(except(({ result, full }) => result.rom === null || result.rom.kind !== 'stand-in' || /stand-in/.test(full))).toEqual([]);
  });
});

describe('The list of checks', () => {
  it('has each check once, with its verdict', () => {
    const once = ({ result, width }: Told): boolean => {
      const text = checksReport(result, { width: Math.max(width, 80) });
      return result.checks.every(({ id }) => text.split('\n').filter((line) => new RegExp(`(^|\\s)${id}(\\s|:|$)`).test(line)).length >= 1);
    };
    expect(except(once)).toEqual([]);
  });
});

describe('Findings for CI', () => {
  const findings = ({ result, judgement, sources }: Told) => findingsOf('scenario.json', result, judgement?.failures ?? [], sources);
  it('have one for each proved cause, at its line where there is one', () => {
    const at = (t: Told): boolean =>
      t.result.diagnosis.causes
        .filter(({ proved, lastWriter }) => proved && lastWriter?.file && lastWriter.line !== null)
        .every(({ id, lastWriter }) => findings(t).some((f) => new RegExp(`${lastWriter!.line}|${id}`).test(JSON.stringify(f))));
    const failing = all.filter(
      ({ judgement, result }) =>
        judgement !== null &&
        result.outcome !== 'dfu' &&
        !judgement.holds &&
        judgement.failures.length > 0 &&
        result.diagnosis.explained === true,
    );
    expect(failing.length).toBeGreaterThan(20);
    expect(failing.filter((t) => !at(t)).map(({ seed }) => seed)).toEqual([]);
  });
});

describe('The page', () => {
  it('tells each proved cause, loads nothing from elsewhere, and shows no tag of what it was given', () => {
    const holds = ({ result, sources }: Told): boolean => {
      const page = htmlReport({ ...result, summary: `${result.summary} <b id="evil">` }, { sources });
      return (
        !page.includes('<b id="evil">') &&
        !/<(script|link|img)[^>]*(src|href)="https?:/.test(page) &&
        result.diagnosis.causes.filter((x) => x.proved).every(({ id }) => page.includes(id))
      );
    };
    expect(
      all
        .slice(0, 200)
        .filter((t) => !holds(t))
        .map(({ seed }) => seed),
    ).toEqual([]);
  });
});

describe('The picture of the hand-over', () => {
  it('is XML of at most 10 KB in which no text lies on another or is cut without a mark', () => {
    const flaws = all.flatMap(({ seed, result, sources }) =>
      flawsOf(String(handOverPicture(result, { sources }))).map((flaw) => `${seed}: ${flaw}`),
    );
    expect(flaws).toEqual([]);
  });
  it('has a broken wire for each proved cause of the first set that there is room for, by its id', () => {
    const has = ({ result, sources }: Told): boolean => {
      const ids = proofOf(result) === null ? [] : firstSet(result.diagnosis).map(({ id }) => id);
      const svg = String(handOverPicture(result, { sources }));
      return ids.slice(0, 7).every((id) => svg.includes(`data-wire="${id}" data-state="broken"`));
    };
    expect(except(has)).toEqual([]);
  });
});

describe('The patch', () => {
  it('has every proved cause that has a fix, or says why not', () => {
    const holds = ({ result, sources }: Told): boolean => {
      const { text, causes, left } = patchOf(result, sources);
      return (
        (text === '') === (causes.length === 0) &&
        (causes.length + left.length > 0 || !result.diagnosis.causes.some((x) => x.proved && x.fix !== null && x.lastWriter?.file))
      );
    };
    expect(except(holds)).toEqual([]);
  });
});
