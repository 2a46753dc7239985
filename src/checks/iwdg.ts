/** The independent watchdog. */
import { broken, notApplicable, pass, unknown, type Check, type Judgement, type Subject, type Writer } from './check.ts';
import { familyOf, maskOf, registerOf } from './families.ts';
import { byResetInC } from './fix-in-c.ts';

const SOURCE = 'AN2606 Rev 70 4.8: the ROM sets the prescaler of a running IWDG to its maximum and refreshes it until it leaves';

const WINDOW_SOURCE = 'STM32 reference manuals, IWDG, window option: a reload while the counter is above IWDG_WINR resets the chip';

/** Whether it runs; null where neither the chip nor the target shows it. */
const isRunning = (subject: Subject): boolean | null => {
  const { state } = subject;
  const path = familyOf(state.chip)?.iwdgRunning;
  const value = path ? state.field(path) : null;
  if (value !== null) return value === 1;
  return state.watchdogRuns === undefined || blocksOf(subject).length === 0 ? null : runningOf(subject).length > 0;
};
/** The only one, or each core's. */
const blocksOf = ({ state }: Subject): string[] => state.chip.blocks.map((b) => b.name).filter((name) => /^IWDG[12]?$/.test(name));
const runningOf = (subject: Subject): string[] => blocksOf(subject).filter((name) => subject.state.watchdogRuns?.(name) === true);
/** The second core's, which nobody says that the ROM refreshes. */
const unfed = (subject: Subject): boolean => runningOf(subject).includes('IWDG2');
const starter = ({ state, history }: Subject): Writer | null => {
  const path = familyOf(state.chip)?.iwdgRunning;
  return (path ? history?.lastWriter(registerOf(path), maskOf(state.chip, path)) : null) ?? history?.watchdogStart ?? null;
};

/** The window that makes an early refresh a reset: that of the first watchdog that runs with one. */
function windowOf(subject: Subject): { readonly block: string; readonly win: number; readonly reload: number } | null {
  for (const block of runningOf(subject)) {
    const [win, reload] = [subject.state.field(`${block}.WINR.WIN`), subject.state.field(`${block}.RLR.RL`)];
    if (win !== null && reload !== null && win < reload) return { block, win, reload };
  }
  return null;
}
/** The window that is still shut when the program refreshes, and what has set it; null where the resets come of something else. */
function shutWindow(
  subject: Subject,
): { readonly block: string; readonly win: number; readonly reload: number; readonly writer: Writer } | null {
  const window = subject.history?.refreshedEarly === true ? windowOf(subject) : null;
  const writer = window && subject.history!.lastWriter(`${window.block}.WINR`, WINDOW_OFF);
  return window && writer ? { ...window, writer } : null;
}
const WINDOW_OFF = 0xfff;
/** The program left a request and waits for this very reset: without it nothing would ever look at the request. */
const isAwaited = ({ entry, history }: Subject): boolean =>
  !entry &&
  (history?.magic.length ?? 0) > 0 &&
  history!.resets.some((r) => r.by === 'iwdg') &&
  history!.resets.every((r) => r.by !== 'software' && r.by !== 'wwdg');

const ONLY_TALKERS =
  'IWDG cannot be stopped: this ROM refreshes it once, and again only while a host talks to it, so it resets the chip if no host comes in time';
function becauseRuns(subject: Subject, entered: boolean): string {
  if (unfed(subject))
    return 'IWDG2 cannot be stopped, and the ROM, which runs on the other core, does not refresh it: IWDG2 resets the whole chip unless the second core keeps refreshing it';
  if (subject.history?.resets.some((r) => r.by === 'iwdg' && r.waited))
    return 'IWDG reset the chip during a flash erase or program operation: code in that flash stalls during the operation and cannot refresh IWDG. Erase from RAM and refresh IWDG there, or give IWDG a longer timeout than the erase takes';
  const window = windowOf(subject);
  if (window !== null)
    return `IWDG cannot be stopped and has a window: a refresh before its counter has fallen to ${window.win} of ${window.reload} resets the chip, and the ROM does not respect the window`;
  if (entered && subject.rom.feedsOnlyTalkers != null) return ONLY_TALKERS;
  return entered
    ? 'IWDG cannot be stopped: it resets the chip unless the ROM, which is documented to refresh it, does so in time'
    : 'IWDG cannot be stopped: it resets the chip unless the firmware refreshes it until the jump and the ROM takes over';
}

function ruleOf(subject: Subject): Pick<Judgement, 'source' | 'confidence'> {
  if (unfed(subject)) return { source: SOURCE, confidence: 'inferred' };
  return (subject.entry && subject.rom.feedsOnlyTalkers) ?? { source: SOURCE, confidence: 'documented' };
}
function judgeRunning(subject: Subject, count: string): Judgement {
  const shut = shutWindow(subject);
  if (shut === null)
    return broken('warn', {
      observed: `${blocksOf(subject).length > 1 ? `${runningOf(subject).join(' and ')} ` : ''}running${count}`,
      expected: 'not running',
      ...ruleOf(subject),
      because: becauseRuns(subject, subject.entry !== null),
      lastWriter: starter(subject),
    });
  return broken('warn', {
    observed: `${shut.block}_WINR = ${shut.win}${count}`,
    expected: `${shut.block}_WINR = ${WINDOW_OFF}, no window`,
    source: WINDOW_SOURCE,
    confidence: 'documented',
    because: `the window of ${shut.block} stays until a reset, and a refresh before the counter has fallen from ${shut.reload} to ${shut.win} resets the chip`,
    lastWriter: shut.writer,
  });
}

export const iwdg: Check = {
  id: 'iwdg',
  question: 'Is the independent watchdog off (only a reset can stop it)?',
  path: true,
  judge(subject) {
    const { history } = subject;
    if (blocksOf(subject).length === 0) return notApplicable('this chip has no IWDG');
    const bites = history?.resets.filter((r) => r.by === 'iwdg').length ?? 0;
    const running = isRunning(subject);
    const count = bites === 0 ? '' : `, ${bites} reset${bites === 1 ? '' : 's'} by IWDG so far`;
    if (running === null && bites === 0) return unknown('this chip has no register that shows whether IWDG runs');
    if (running === false || running === null) {
      if (bites === 0) return pass('not running', 'IWDG was never started', SOURCE, 'documented');
      if (isAwaited(subject))
        return pass(`not running now${count}`, 'the firmware left a request, and this reset delivered it', SOURCE, 'documented');
      return broken('warn', {
        observed: `${running === null ? 'unknown whether it runs now' : 'not running now'}${count}`,
        expected: 'no reset by IWDG',
        source: SOURCE,
        confidence: 'inferred',
        because: 'IWDG reset the chip earlier; it is not running at this moment',
        lastWriter: null,
      });
    }
    return judgeRunning(subject, count);
  },
  repair(subject) {
    const fix = byResetInC(
      subject,
      'or where the code on the way to it begins, before IWDG expires; the part below belongs in main(), before IWDG is started',
    );
    if (isRunning(subject) !== true || isAwaited(subject)) return null;
    const shut = shutWindow(subject);
    if (shut !== null) {
      const late = `no window; or refresh only when the counter has fallen to ${shut.win}`;
      const set = `${shut.block}->WINR = 0x${WINDOW_OFF.toString(16).toUpperCase()}u;   /* ${late} */`;
      return { at: 'before-write', what: `${shut.block} without a window`, fix: set, seq: shut.writer.seq, value: WINDOW_OFF };
    }
    const blocks = blocksOf(subject);
    if (subject.entry)
      return { at: 'entry', what: 'IWDG never started', fix, apply: (target) => blocks.forEach((block) => target.stopTimersOf(block)) };
    const writer = starter(subject);
    return writer ? { at: 'before-write', what: 'IWDG never resets the chip', fix, seq: writer.seq, value: null, vetoes: 'iwdg' } : null;
  },
  // one that bites nobody is fed
  remark: ({ outcome, history }) => !(history?.resets.some((r) => r.by === 'iwdg') ?? outcome === 'reset-loop'),
  explanation: [
    'Once started, IWDG runs until the next reset. The ROM is documented to set the longest period and to refresh it, but it does so only some time after the jump. If the period is short and nearly over at the jump, IWDG resets the chip first, and the application starts again.',
    'Enter the ROM after a reset instead: leave a flag that survives the reset, reset the chip, and test the flag before anything starts the watchdog. If an option byte starts IWDG in hardware, refresh it right before the jump.',
    'If the application has set a window (WINR), a refresh that comes too early also resets the chip, and the ROM does not know the window.',
    'Code in flash stalls while its bank is being erased: 1 to 2 s for a sector of 128 KB (F2, F4, F7, H7). No code in that bank, interrupt handlers included, can refresh IWDG during that time.',
    'After the ROM has started the application, the application must refresh IWDG again.',
  ].join('\n\n'),
};
