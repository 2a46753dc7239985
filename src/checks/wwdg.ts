/** The window watchdog. */
import { broken, notApplicable, pass, type Check, type Subject } from './check.ts';
import { familyOf, inManual, maskOf, registerOf } from './families.ts';
import { byResetInC } from './fix-in-c.ts';
import { DEINIT } from './sources.ts';

const field = (subject: Subject): string | null => familyOf(subject.state.chip)?.wwdg.running ?? null;

export const wwdg: Check = {
  id: 'wwdg',
  question: 'Is the window watchdog off (only a reset can stop it)?',
  path: true,
  judge(subject) {
    const { state, history } = subject;
    const path = field(subject);
    const value = path ? state.field(path) : null;
    if (!path || value === null) return notApplicable('this chip has no WWDG');
    const bites = history?.resets.filter((r) => r.by === 'wwdg').length ?? 0;
    const count = bites === 0 ? '' : `, ${bites} reset${bites === 1 ? '' : 's'} by WWDG so far`;
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
        ? 'WWDG reset the chip during a flash erase or program operation: code in that flash stalls during the operation and cannot refresh WWDG'
        : 'WWDG cannot be stopped, and the ROM is not known to refresh it: WWDG resets the chip within milliseconds',
      lastWriter: history?.lastWriter(registerOf(path), maskOf(state.chip, path)) ?? null,
    });
  },
  repair(subject) {
    const path = field(subject);
    if (!path || subject.state.field(path) !== 1) return null;
    const fix = byResetInC(
      subject,
      'or where the code on the way to it begins, before WWDG expires; the part below belongs in main(), before WWDG is started',
    );
    if (subject.entry) return { at: 'entry', what: 'WWDG never started', fix, apply: (target) => target.stopTimersOf(path.split('.')[0]!) };
    const writer = subject.history?.lastWriter(registerOf(path), maskOf(subject.state.chip, path));
    return writer ? { at: 'before-write', what: 'WWDG never resets the chip', fix, seq: writer.seq, value: null, vetoes: 'wwdg' } : null;
  },
  remark: ({ outcome, history }) => !(history?.resets.some((r) => r.by === 'wwdg') ?? outcome === 'reset-loop'),
  explanation: [
    'Once activated, WWDG counts down with the APB clock, and software cannot stop it. Its longest period is between some tens of milliseconds and a second. The ROM is not known to refresh it.',
    'The chip then resets repeatedly, often before USB has connected. Enter the ROM right after a reset, before the application starts WWDG.',
  ].join('\n\n'),
};
