/** The independent watchdog. */
import { broken, notApplicable, pass, unknown, type Check, type Subject, type Writer } from './check.ts';
import { familyOf, maskOf, registerOf } from './families.ts';
import { byResetInC } from './fix-in-c.ts';

const SOURCE = 'AN2606 Rev 70 4.8: the ROM sets the prescaler of a running IWDG to its maximum and refreshes it until it leaves';

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
function windowOf(subject: Subject): { readonly win: number; readonly reload: number } | null {
  for (const block of runningOf(subject)) {
    const [win, reload] = [subject.state.field(`${block}.WINR.WIN`), subject.state.field(`${block}.RLR.RL`)];
    if (win !== null && reload !== null && win < reload) return { win, reload };
  }
  return null;
}
/** The program left a request and waits for this very reset: without it nothing would ever look at the request. */
const isAwaited = ({ entry, history }: Subject): boolean =>
  !entry &&
  (history?.magic.length ?? 0) > 0 &&
  history!.resets.some((r) => r.by === 'iwdg') &&
  history!.resets.every((r) => r.by !== 'software' && r.by !== 'wwdg');

function becauseRuns(subject: Subject, entered: boolean): string {
  if (unfed(subject))
    return 'IWDG2 cannot be stopped, and the ROM on the other core does not refresh it: it resets the whole chip unless the second core goes on refreshing it';
  if (subject.history?.resets.some((r) => r.by === 'iwdg' && r.waited))
    return 'IWDG bit while the flash was being erased or programmed: code in that flash stands still meanwhile, and whatever refreshes IWDG with it. Erase from RAM and refresh there, or give IWDG more time than the erase takes';
  const window = windowOf(subject);
  if (window !== null)
    return `IWDG cannot be stopped and has a window: a refresh before its counter is down to ${window.win} of ${window.reload} resets the chip, and the ROM refreshes it when it likes`;
  return entered
    ? 'IWDG cannot be stopped: it bites in the ROM unless the ROM is fast enough to refresh it in time, as it is documented to do'
    : 'IWDG cannot be stopped: it bites unless it is refreshed until the jump and the ROM takes over';
}

export const iwdg: Check = {
  id: 'iwdg',
  question: 'Is the independent watchdog stopped, which only a reset can do?',
  path: true,
  judge(subject) {
    const { history, entry } = subject;
    if (blocksOf(subject).length === 0) return notApplicable('this chip has no IWDG');
    const bites = history?.resets.filter((r) => r.by === 'iwdg').length ?? 0;
    const running = isRunning(subject);
    const count = bites === 0 ? '' : `, ${bites} reset${bites === 1 ? '' : 's'} by it so far`;
    if (running === null && bites === 0) return unknown('this chip does not show whether IWDG runs');
    if (running === false || running === null) {
      if (bites === 0) return pass('not running', 'IWDG was never started', SOURCE, 'documented');
      if (isAwaited(subject))
        return pass(`not running now${count}`, 'a request was left, and this is the reset that carried it over', SOURCE, 'documented');
      return broken('warn', {
        observed: `${running === null ? 'unknown whether it runs now' : 'not running now'}${count}`,
        expected: 'no reset by IWDG',
        source: SOURCE,
        confidence: 'inferred',
        because: 'IWDG reset the chip earlier; it is not running at this moment',
        lastWriter: null,
      });
    }
    return broken('warn', {
      observed: `${blocksOf(subject).length > 1 ? `${runningOf(subject).join(' and ')} ` : ''}running${count}`,
      expected: 'not running',
      source: SOURCE,
      confidence: unfed(subject) ? 'inferred' : 'documented',
      because: becauseRuns(subject, entry !== null),
      lastWriter: starter(subject),
    });
  },
  repair(subject) {
    const fix = byResetInC(
      subject,
      'or where the way to it begins, before IWDG is due; in main() the part below stands before IWDG is started',
    );
    if (isRunning(subject) !== true || isAwaited(subject)) return null;
    const blocks = blocksOf(subject);
    if (subject.entry)
      return { at: 'entry', what: 'IWDG never started', fix, apply: (target) => blocks.forEach((block) => target.stopTimersOf(block)) };
    const writer = starter(subject);
    return writer ? { at: 'before-write', what: 'IWDG never bites', fix, seq: writer.seq, value: null, vetoes: 'iwdg' } : null;
  },
  // one that bites nobody is fed
  remark: ({ outcome, history }) => !(history?.resets.some((r) => r.by === 'iwdg') ?? outcome === 'reset-loop'),
  explanation: [
    'Once started, IWDG runs until the next reset. The ROM is documented to slow it to the longest time and to refresh it, but that begins only when the ROM has got so far: with a short period that is nearly over at the jump it bites first, and the application starts again.',
    'Enter the ROM after a reset instead: leave a flag that survives, reset, and test it before anything starts the watchdog. If an option byte starts IWDG in hardware, refresh it right before the jump.',
    'Where the application has given it a window (WINR), a refresh that comes too early is a reset as well; the ROM knows nothing of the window.',
    'Code in flash stands still while its bank is erased: 1 to 2 s for a sector of 128 KB (F2, F4, F7, H7). No loop and no interrupt in flash refreshes IWDG then.',
    'After the ROM has left, nobody refreshes it any more.',
  ].join('\n\n'),
};
