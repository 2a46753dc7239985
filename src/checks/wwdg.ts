/** The window watchdog. */
import { broken, notApplicable, pass, type Check, type Subject } from './check.ts';
import { familyOf, inManual, maskOf, registerOf } from './families.ts';
import { byResetInC } from './fix-in-c.ts';
import { DEINIT } from './sources.ts';

const field = (subject: Subject): string | null => familyOf(subject.state.chip)?.wwdg.running ?? null;

export const wwdg: Check = {
  id: 'wwdg',
  question: 'Is the window watchdog off, which only a reset can do?',
  path: true,
  judge(subject) {
    const { state, history } = subject;
    const path = field(subject);
    const value = path ? state.field(path) : null;
    if (!path || value === null) return notApplicable('this chip has no WWDG');
    const bites = history?.resets.filter((r) => r.by === 'wwdg').length ?? 0;
    const count = bites === 0 ? '' : `, ${bites} reset${bites === 1 ? '' : 's'} by it so far`;
    if (value === 0) {
      if (bites === 0) return pass(`${inManual(path)} = 0`, 'WWDG was never started', DEINIT, 'documented');
      return broken('warn', {
        observed: `not running now${count}`,
        expected: 'no reset by WWDG',
        source: DEINIT,
        confidence: 'inferred',
        because: 'WWDG reset the chip earlier; it is not running at this moment',
        lastWriter: null,
      });
    }
    return broken(subject.entry ? 'fail' : 'warn', {
      observed: `${inManual(path)} = 1${count}`,
      expected: `${inManual(path)} = 0`,
      source: DEINIT,
      confidence: 'documented',
      because: history?.resets.some((r) => r.by === 'wwdg' && r.waited)
        ? 'WWDG bit while the flash was being erased or programmed: code in that flash stands still meanwhile, and whatever refreshes WWDG with it'
        : 'WWDG cannot be stopped, and nothing in the ROM is known to refresh it: it resets the chip within milliseconds',
      lastWriter: history?.lastWriter(registerOf(path), maskOf(state.chip, path)) ?? null,
    });
  },
  repair(subject) {
    const path = field(subject);
    if (!path || subject.state.field(path) !== 1) return null;
    const fix = byResetInC(
      subject,
      'or where the way to it begins, before WWDG is due; in main() the part below stands before WWDG is started',
    );
    if (subject.entry) return { at: 'entry', what: 'WWDG never started', fix, apply: (target) => target.stopTimersOf(path.split('.')[0]!) };
    const writer = subject.history?.lastWriter(registerOf(path), maskOf(subject.state.chip, path));
    return writer ? { at: 'before-write', what: 'WWDG never bites', fix, seq: writer.seq, value: null, vetoes: 'wwdg' } : null;
  },
  remark: ({ outcome, history }) => !(history?.resets.some((r) => r.by === 'wwdg') ?? outcome === 'reset-loop'),
  explanation: [
    'WWDG, once activated, counts down with the APB clock and cannot be stopped by software. Its longest period is some tens of milliseconds to a second. The ROM does not know it.',
    'The result is a chip that resets over and over, often before USB has even connected. Enter the ROM from a reset, before the application starts WWDG.',
  ].join('\n\n'),
};
