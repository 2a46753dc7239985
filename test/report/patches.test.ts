/** What holds of every patch, whatever C it goes into: each part of a fix in front of, behind and in place of each line of sources of several shapes. */
import { applyPatch } from 'diff';
import { describe, expect, it } from 'vitest';
import type { Place, ResultCause, RunResult } from '../../src/bench/documents/result.ts';
import { part } from '../../src/checks/fix-in-c.ts';
import { storyOf } from '../../src/report/story/story.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { patchOf, toMend, type Patch } from '../../src/report/patch.ts';
import { shortReport } from '../../src/report/short.ts';
import type { Note } from '../../src/bench/documents/note-facts.ts';
import type { SourceFile, Sources } from '../../src/report/source-lines.ts';
import { dfuResult, primaskCause, primaskResult, writer } from '../samples/results.ts';

const JUMP = ['uint32_t sp = *(volatile uint32_t *)0x0bf97000u;', 'uint32_t pc = *(volatile uint32_t *)0x0bf97004u;', '__asm volatile("msr msp, %0\\n\\tbx %1" : : "r"(sp), "r"(pc) : "memory");']; // prettier-ignore
const FIXES: Readonly<Record<string, string>> = {
  call: '__enable_irq();',
  two: 'SysTick->CTRL = 0;\nSCB->ICSR = SCB_ICSR_PENDSTCLR_Msk;',
  guard: 'if (0)',
  declares: 'uint32_t old = SCB->VTOR;\nSCB->VTOR = 0;',
  jump: JUMP.join('\n'),
  disordered: [JUMP[1], JUMP[0], JUMP[2]].join('\n'),
  erase: `${part('file', ', in RAM', 'static void erase_and_jump(void) {', '}')}\n${part('here', '', 'erase_and_jump();')}`,
  before: part('before', ': first', 'NVIC_DisableIRQ(USB_IRQn);'),
  after: part('after', '', '__DSB();', '__ISB();'),
  atJump: part('jump', ', where the ROM may rely on it', 'SCB->VTOR = 0;'),
  main: part('main', '', 'if (wanted()) { go(); }'),
  unmask: part('unmask', '', 'RCC->CR = 1;'),
  declaration: part('declaration', 'of flag (main.c:5)', '__attribute__((section(".noinit"))) uint32_t flag;'),
  elsewhere: part('declaration', 'of other', '__attribute__((section(".noinit"))) uint32_t other;'),
  handler: part('file', ': a handler', 'void NMI_Handler(void) {}'),
  attribute: '__attribute__((section(".noinit"))) static uint32_t flag;',
  remark: '/* nothing can be done */',
};
const SOURCES: Readonly<Record<string, string>> = {
  plain: `#include <stdint.h>
#include "board.h"

/* a flag */
static volatile uint32_t flag;
uint32_t other = 3, more;

int main(void)
{
  setup(); start();
  if (wanted)
    enter();
  else
    leave(a,
          b,
          c);
  for (;;) { work(); }
  call(a, // why
       b);
  return enter_dfu();
}`,
  braces: `#include <string.h>
#include <cstdint>
void main() {
    // all of it
    __enable_irq();
    while (busy) { poll(); } /* waits */
    if (a) {
        go(0x0bf90000u, 0x0BF90004);
    } else
        stop();
    do_it(); /* 0x0bf90000 */
    irq_on();
    switch (x) {
    case 1:
        __set_PRIMASK(0);
    }
}
uint32_t flag = 1;`,
  assembler: `  .thumb_func
enter_dfu:
  cpsie i
  ldr r0, =table
  bx r0`,
  // main in the first line, and a statement that the file ends in
  short: `int main(void) {
  step(a,
       b`,
  empty: '',
};
const cause = (fix: string, line: number | null, over: Partial<ResultCause> = {}): ResultCause => ({ ...primaskCause, fix, lastWriter: { ...writer, line }, ...over }); // prettier-ignore
function resultOf(causes: readonly ResultCause[], from: Place | null, over: Partial<RunResult> = {}): RunResult {
  const base = primaskResult();
  const entries = [{ ...base.entries[0]!, from }];
  return { ...base, diagnosis: { ...base.diagnosis, causes, sets: [causes.map((c) => c.id)] }, entries, ...over };
}

interface Patched {
  readonly name: string;
  readonly at: ResultCause['at'];
  readonly fix: string;
  readonly code: string;
  readonly line: number;
  readonly text: string;
  readonly patch: Patch;
  /** The source with the patch applied; null: the patch is empty. */
  readonly after: string | null;
}
function patched(source: string, fix: string, at: ResultCause['at'], line: number): Patched {
  const [text, code] = [SOURCES[source]!, FIXES[fix]!];
  const file = source === 'assembler' ? 'start.s' : 'main.c';
  const place: Place = { pc: '0x08000430', symbol: 'f', file, line };
  const found = (name: string): SourceFile | null =>
    name === file ? { path: name, lines: text.split('\n'), newer: false, elsewhere: false } : null;
  const patch = patchOf(resultOf([cause(code, line, { at, lastWriter: { ...writer, ...place } })], place), found);
  const after = patch.text === '' ? null : applyPatch(text, patch.text);
  if (after === false) throw new Error(`${source}, ${fix}, ${at}, line ${line}: the patch does not apply:\n${patch.text}`);
  return { name: `${source}, ${fix}, ${at}, line ${line}`, at, fix, code, line, text, patch, after };
}
const all = Object.keys(SOURCES)
  .filter((source) => source !== 'empty')
  .flatMap((source) =>
    Object.keys(FIXES).flatMap((fix) =>
      (['entry', 'before-write', 'redirect', 'keep'] as const).flatMap((at) =>
        SOURCES[source]!.split('\n').map((_, i) => patched(source, fix, at, i + 1)),
      ),
    ),
  );
const names = (list: readonly Patched[]): string[] => list.map(({ name }) => name);
const changed = all.filter(({ after }) => after !== null);
const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
/** Lines that the patch takes out and does not put back in another place. */
function lost({ text, after }: Patched): string[] {
  const left = lines(after!);
  return lines(text).filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
const depth = (text: string): number => [...text].reduce((sum, c) => sum + (c === '{' ? 1 : c === '}' ? -1 : 0), 0);
/** What of a fix is code and belongs to the place, without the marks of its parts. */
const statements = (code: string): string[] => lines(code).filter((line) => !/^\/[/*]/.test(line));

it('of a word that start-up code in assembly clears, changes the declaration, and tells what a word without a name needs', () => {
  const kept = '__attribute__((section(".noinit"))) volatile uint32_t';
  const named = part('declaration', 'of flag (main.c:5)', `${kept} flag;`);
  const unnamed = part('word', 'at 0x20000010 wherever that is written and read', `${kept} dfu_request;`);
  const main = { path: 'main.c', lines: SOURCES['plain']!.split('\n'), newer: false, elsewhere: false };
  const patchBy = (...fixes: readonly string[]): Patch => {
    const cleared = cause(fixes.join('\n'), 90, {
      id: 'magic-survives',
      at: 'keep',
      lastWriter: { ...writer, file: 'startup.s', line: 90 },
    });
    return patchOf(resultOf([cleared], null), (name) => (name === 'main.c' ? main : null));
  };
  const { text, left } = patchBy(named, unnamed);
  expect(text).toContain('+__attribute__((section(".noinit"))) static volatile uint32_t flag;');
  expect(left).toEqual([
    `magic-survives: with it, in place of the word at 0x20000010 wherever that is written and read: ${kept} dfu_request;`,
  ]);
  expect(patchBy(unnamed)).toMatchObject({ text: '', left: [expect.stringContaining('not a change of a single line')] });
});

describe('A patch', () => {
  it('is there for most places, and applies to the source that it was made for', () => {
    expect(changed.length).toBeGreaterThan(all.length / 4);
  });
  it('has the statements of its fix, each on a line of its own, or says why it leaves the cause out', () => {
    const silent = all.filter(({ patch, after }) => after === null && patch.left.length === 0 && patch.needs.length === 0);
    expect(names(silent.filter(({ fix }) => fix !== 'remark'))).toEqual([]);
    const known = ['call', 'two', 'guard', 'declares'];
    // elsewhere addresses or assembler stand for the names of CMSIS, which those sources do not have
    const without = changed.filter(
      ({ name, fix, code, after }) => name.startsWith('plain') && known.includes(fix) && !statements(code).every((s) => after!.includes(s)),
    );
    expect(names(without)).toEqual([]);
  });
  it('names the causes that it mends, and no cause that it leaves out', () => {
    expect(names(changed.filter(({ patch }) => !patch.causes.includes('primask') && patch.left.length === 0))).toEqual([]);
    expect(names(all.filter(({ patch, after }) => after === null && patch.causes.length > 0))).toEqual([]);
  });
  it('in front of a jump takes no statement away', () => {
    const taking = changed.filter((p) => p.at === 'entry' && ['call', 'two', 'before', 'declares'].includes(p.fix) && lost(p).length > 0);
    expect(names(taking)).toEqual([]);
  });
  it('in place of a write takes away that statement alone', () => {
    const taking = changed.filter((p) => p.at === 'before-write' && ['call', 'two'].includes(p.fix));
    expect(taking.length).toBeGreaterThan(10);
    const more = taking.filter((p) =>
      lost(p).some(
        (line) =>
          !p.text
            .split('\n')
            .slice(p.line - 1, p.line + 2)
            .some((own) => own.trim() === line),
      ),
    );
    expect(names(more)).toEqual([]);
  });
  it('shows its changes each with the line of the old file at which it begins', () => {
    const applied = ({ text, patch }: Patched): string => {
      const left: string[] = [];
      const old = text.split('\n');
      let at = 0;
      for (const { line, changed: own } of patch.hunks) {
        left.push(...old.slice(at, line - 1));
        const gone = own.filter(({ mark }) => mark === '-').map((l) => l.text);
        expect(old.slice(line - 1, line - 1 + gone.length)).toEqual(gone);
        left.push(...own.filter(({ mark }) => mark === '+').map((l) => l.text));
        at = line - 1 + gone.length;
      }
      return [...left, ...old.slice(at)].join('\n');
    };
    expect(names(changed.filter((p) => applied(p) !== p.after))).toEqual([]);
    expect(changed.some(({ patch }) => patch.hunks.length > 1)).toBe(true);
  });
  it('opens as many braces as it closes', () => {
    expect(names(changed.filter(({ text, after, code }) => depth(after!) - depth(text) !== 0 && depth(code) === 0))).toEqual([]);
  });
  it('leaves the last line without a line end as it was', () => {
    expect(names(changed.filter(({ text, after }) => after!.endsWith('\n') && !text.endsWith('\n')))).toEqual([]);
  });
});

describe('A patch is refused', () => {
  const place = (line: number | null, file: string | null = 'main.c'): Place => ({ pc: '0x08000430', symbol: 'f', file, line });
  const source =
    (over: Partial<SourceFile> = {}) =>
    (name: string): SourceFile | null =>
      name === 'main.c' ? { path: name, lines: SOURCES['plain']!.split('\n'), newer: false, elsewhere: false, ...over } : null;
  it.each<[string, RunResult]>([
    ['without a line', resultOf([cause(FIXES['call']!, null)], place(null))],
    ['without a file', resultOf([cause(FIXES['call']!, 3, { lastWriter: null })], place(3, null))],
    ['behind the end of the file', resultOf([cause(FIXES['call']!, 40)], place(40))],
  ])('%s', (_, result) => {
    const patch = patchOf(result, source());
    expect(patch.text).toBe('');
    expect(patch.left.length).toBeGreaterThan(0);
  });
  it('for a file that is newer than the image, and says so', () => {
    const patch = patchOf(resultOf([cause(FIXES['call']!, 10)], place(10)), source({ newer: true }));
    expect(patch.text).not.toBe('');
    expect(patch.left).toEqual([]);
    expect(patch.needs.join(' ')).toContain('main.c was changed after the image was built');
  });
});

it.each(['told', 'stands in the ROM'] as const)(
  'A fix for an access that faults goes before that access, and not to the line that wrote the state: the fault is %s',
  (how) => {
    const at: Place = { pc: '0x08000430', symbol: 'main', file: 'main.c', line: 12 };
    const note: Note = { kind: 'crash', text: 'it faults', about: { is: 'fault', at, jumped: false } };
    const causes = [cause('/* right before the access that faults */\nICACHE->CR &= ~0x1u;', 10)];
    // the handler of a fault is in the ROM: what it interrupted is the access
    const entries = [{ ...primaskResult().entries[0]!, how: 'exception' as const, from: at }];
    const result = how === 'told' ? resultOf(causes, null, { notes: [note] }) : resultOf(causes, null, { entries });
    const found = (): SourceFile => ({ path: 'main.c', lines: SOURCES['plain']!.split('\n'), newer: false, elsewhere: false });
    const lines = applyPatch(SOURCES['plain']!, patchOf(result, found).text).toString().split('\n');
    const fixed = lines.findIndex((line) => line.includes('&= ~0x1u'));
    expect([lines[fixed - 2]?.trim(), lines[fixed + 1]?.trim()]).toEqual(['if (wanted)', 'enter();']);
  },
);

it('A fix of the state at the entry goes to the jump that only a repaired run makes', () => {
  const at: Place = { pc: '0x08000430', symbol: 'main', file: 'main.c', line: 12 };
  const note: Note = { kind: 'repaired-jump', text: 'the jump is there', about: { is: 'jumps-at', at } };
  const found = (): SourceFile => ({ path: 'main.c', lines: SOURCES['plain']!.split('\n'), newer: false, elsewhere: false });
  const causes = [cause('ICACHE->CR &= ~0x1u;', 10, { at: 'entry' })];
  expect(patchOf(resultOf(causes, null), found).text).toBe('');
  const lines = applyPatch(SOURCES['plain']!, patchOf(resultOf(causes, null, { notes: [note] }), found).text)
    .toString()
    .split('\n');
  const fixed = lines.findIndex((line) => line.includes('&= ~0x1u'));
  expect([lines[fixed - 2]?.trim(), lines[fixed + 1]?.trim()]).toEqual(['if (wanted)', 'enter();']);
  // not what has to be done in time
  const [inTime, there] = [
    cause(part('jump', '', 'request();'), 10, { at: 'before-write' }),
    (notes: Note[]) => patchOf(resultOf([inTime], null, { notes }), found).text,
  ];
  expect(there([note])).toBe(there([]));
});

it('A fix of the state at the entry goes before the ROM gets its stack, and one of the NVIC before interrupts are let in', () => {
  const source = ['void leave(void)', '{', '  off();', '  __enable_irq();', '', '  __set_MSP(sp);', '  entry();', '}'];
  const from: Place = { pc: '0x08000430', symbol: 'leave', file: 'main.c', line: 7 };
  const found = (): SourceFile => ({ path: 'main.c', lines: source, newer: false, elsewhere: false });
  const line = (fix: string): number | undefined => patchOf(resultOf([cause(fix, 3, { at: 'entry' })], from), found).hunks[0]?.line;
  const jump = String.raw`__asm volatile("msr control, %2\n\tmsr msp, %0\n\tbx %1" : : "r"(sp), "r"(pc), "r"(0));`;
  expect(['SysTick->CTRL = 0;', 'NVIC_DisableIRQ((IRQn_Type)38);', '__set_CONTROL(0);', jump].map(line)).toEqual([6, 4, 7, 7]);
});
it('What a success hangs on by luck is patched as a cause is, once, and told as the next step', () => {
  const source = ['void leave(void)', '{', '  __set_MSP(sp);', '  entry();', '}'];
  const from: Place = { pc: '0x08000430', symbol: 'leave', file: 'main.c', line: 4 };
  const found = (): SourceFile => ({ path: 'main.c', lines: source, newer: false, elsewhere: false });
  const fixes = [{ id: 'nvic-enabled', fix: 'NVIC_DisableIRQ((IRQn_Type)38);' }] as const;
  const notes = [{ kind: 'but', text: 'interrupt 38 may come', about: { is: 'late-interrupt', fixes } as const }];
  const good = { ...dfuResult(), notes, entries: [{ ...dfuResult().entries[0]!, from }] };
  expect(patchOf(good, found)).toMatchObject({ causes: ['nvic-enabled'], hunks: [{ line: 3 }] });
  const screen = shortReport(good, { sources: Object.assign(found, { nameOf: (file: string) => file }) });
  expect(screen).toMatch(/^Fix +main\.c, line 3:$/m);
  expect(screen).toContain('add --fix > fix.diff for a patch');
  const own = { ...cause(fixes[0].fix, 4, { at: 'entry' }), id: 'nvic-enabled' } as const;
  expect(toMend(resultOf([own], from, { notes })).map(({ id }) => id)).toEqual(['nvic-enabled']);
});
it('A fix of what was written behind the stack of the ROM goes behind that write', () => {
  const source = ['void leave(void)', '{', '  __set_MSP(sp);', '  __set_MSPLIM(limit);', '  entry();', '}'];
  const from: Place = { pc: '0x08000430', symbol: 'leave', file: 'main.c', line: 5 };
  const found = (): SourceFile => ({ path: 'main.c', lines: source, newer: false, elsewhere: false });
  expect(patchOf(resultOf([cause('__set_MSPLIM(0);', 4, { at: 'entry' })], from), found).hunks[0]?.line).toBe(5);
});
it.each([
  ['around the jump', ['  __set_MSP(sp);', '  {', '    __DSB();', '    entry();', '  }'], 3],
  ['that is closed before it', ['  if (never) {', '    __set_MSP(sp);', '  }', '  entry();'], 6],
  ['that ends the function above', ['  __set_MSP(sp);', '}', 'void go(void)', '{', '  entry();'], 7],
  ['of another branch of the preprocessor', ['#if A', '  __set_MSP(sp);', '#else', '  entry();', '#endif'], 6],
  ['above such a condition', ['  __set_MSP(sp);', '#if A', '  other();', '#elif B', '  more();', '#else', '  entry();', '#endif'], 3],
])('A fix of the state at the entry and the stack of the ROM: a block %s', (_what, body, put) => {
  const source = ['void leave(void)', '{', ...body, '}'];
  const from: Place = { pc: '0x08000430', symbol: 'leave', file: 'main.c', line: body.findIndex((text) => text.includes('entry')) + 3 };
  const found = (): SourceFile => ({ path: 'main.c', lines: source, newer: false, elsewhere: false });
  expect(patchOf(resultOf([cause('SysTick->CTRL = 0;', 1, { at: 'entry' })], from), found).hunks[0]?.line).toBe(put);
});

it('An interrupt has the name by which the program calls it, where it does', () => {
  const files: Readonly<Record<string, readonly string[]>> = {
    'main.c': ['#include "stm32h7xx.h"', 'void leave(void)', '{', '  entry();', '}'],
    'tim.c': ['#include "stm32h7xx.h"', 'void start(void) { NVIC_EnableIRQ(TIM2_IRQn); HAL_NVIC_EnableIRQ(EXTI15_10_IRQn); }'],
  };
  const handlers: Readonly<Record<number, readonly string[]>> = { 40: ['RTC_Alarm_IRQn', 'EXTI15_10_IRQn'], 39: ['USART3_IRQn'] };
  const from: Place = { pc: '0x08000430', symbol: 'leave', file: 'main.c', line: 4 };
  const fix =
    'NVIC_DisableIRQ((IRQn_Type)28);   /* TIM2 */\nNVIC_DisableIRQ((IRQn_Type)39);   /* USART3 */\nNVIC_DisableIRQ((IRQn_Type)40);   /* EXTI */';
  const found: Sources = Object.assign(
    (file: string) => (files[file] === undefined ? null : { path: file, lines: files[file], newer: false, elsewhere: false }),
    { codeFiles: () => Object.keys(files), lineNames: (line: number) => handlers[line] ?? [] },
  );
  const { text } = patchOf(resultOf([cause(fix, 3, { at: 'entry' })], from), found);
  expect(text).toContain('NVIC_DisableIRQ(TIM2_IRQn);');
  expect(text).toContain('NVIC_DisableIRQ(EXTI15_10_IRQn);');
  expect(text).toContain('NVIC_DisableIRQ((IRQn_Type)39);');
});

it('A new jump says that the old one below it can go, for the patch leaves it there', () => {
  const lines = ['void leave(void)', '{', '  entry();', '}'];
  const from: Place = { pc: '0x08000430', symbol: 'leave', file: 'main.c', line: 3 };
  const found = (): SourceFile => ({ path: 'main.c', lines, newer: false, elsewhere: false });
  const fix = 'go(pc);   /* in place of the old jump */';
  const { text } = patchOf(resultOf([cause(fix, 3, { at: 'entry' })], from), found);
  expect(text).toContain('+  go(pc);   /* never returns: the old jump below can go */\n   entry();');
});

it("A vendor's file is not patched: what would mend it there is told", () => {
  const lines = ['void HAL_RTCEx_Wakeup(void)', '{', '  wait();', '}'];
  const file = 'Drivers/STM32F1xx_HAL_Driver/Src/stm32f1xx_hal_rtc_ex.c';
  const patched = (at: string) => {
    const found = (): SourceFile => ({ path: at, lines, newer: false, elsewhere: false });
    return patchOf(resultOf([cause(part('before', '', '__DSB();'), 3, { lastWriter: { ...writer, file: at, line: 3 } })], null), found);
  };
  const { text, left } = patched(file);
  expect(text).toBe('');
  expect(left).toEqual([expect.stringMatching(/stm32f1xx_hal_rtc_ex\.c:3 is the vendor's.*__DSB\(\);/)]);
  expect(patched('Core/Src/rtc.c').text).toMatch(/^\+ .*dsb/im);
});

describe('What goes to main()', () => {
  const source = ['int main(void)', '{', '    dfu_check();', '', '    HAL_Init();', '    run();', '}'];
  const found = (): SourceFile => ({ path: 'main.c', lines: source, newer: false, elsewhere: false });
  const patched = (goes: 'main' | 'init', ...put: string[]): string[] => {
    const { text } = patchOf(resultOf([cause(part(goes, '', ...put), 3, { at: 'entry' })], null), found);
    return applyPatch(source.join('\n'), text).toString().split('\n');
  };
  it('stands at its start, indented as the file is', () =>
    expect(patched('main', 'if (asked) {', '  go();', '}').slice(1, 6)).toEqual([
      '{',
      '    if (asked) {',
      '        go();',
      '    }',
      '    dfu_check();',
    ]));
  it("is where a finding stands that a vendor's code shows", () => {
    const file = 'Drivers/STM32F4xx_HAL_Driver/Src/stm32f4xx_hal_rcc.c';
    const shown = cause(part('main', '', 'go();'), 238, { lastWriter: { ...writer, file, line: 238 } });
    const sources: Sources = Object.assign(
      (name: string): SourceFile => (name === file ? { ...found(), path: file, lines: Array<string>(300).fill('') } : found()),
      { codeFiles: () => ['main.c', file] },
    );
    const [finding] = findingsOf('a.json', resultOf([shown], null), ['it fails'], sources);
    expect(finding).toMatchObject({ file: 'main.c', line: 3 });
  });
  it('stands behind HAL_Init() where that was tried', () =>
    expect(patched('init', 'go();').slice(4, 6)).toEqual(['    HAL_Init();', '    go();']));
});

it('A fix for two files is told file by file', () => {
  const sources = (name: string): SourceFile => ({ path: name, lines: SOURCES['plain']!.split('\n'), newer: false, elsewhere: false });
  const at = (file: string, line: number) => ({ lastWriter: { ...writer, file, line } });
  const causes = [
    cause(part('before', '', '__DSB();'), 10, at('boot.c', 10)),
    cause(part('before', '', '__ISB();'), 12, { id: 'msp', ...at('main.c', 12) }),
  ];
  const facts = storyOf(resultOf(causes, null), { sources }).flatMap((fact) => (fact.is === 'fix' ? [fact] : []));
  expect(facts.map(({ where }) => where.replace(/\d+$/, 'n'))).toEqual(['boot.c, line n', 'main.c, line n']);
  expect(facts.map(({ code }) => code.length > 0)).toEqual([true, true]);
});

describe('Two fixes in one patch', () => {
  const place = (line: number): Place => ({ pc: '0x08000430', symbol: 'f', file: 'main.c', line });
  const text = SOURCES['plain']!;
  const found = (): SourceFile => ({ path: 'main.c', lines: text.split('\n'), newer: false, elsewhere: false });
  it.each(Object.keys(FIXES).flatMap((a) => ['call', 'two', 'jump', 'declares'].map((b) => [a, b] as const)))(
    '%s and %s apply together',
    (a, b) => {
      for (const [first, second, from] of [
        [10, 12, 12],
        [12, 12, 12],
        [15, 10, 12],
      ] as const) {
        const patch = patchOf(resultOf([cause(FIXES[a]!, first), cause(FIXES[b]!, second, { id: 'msp' })], place(from)), found);
        if (patch.text !== '') expect(applyPatch(text, patch.text), patch.text).not.toBe(false);
        expect([...patch.causes, ...patch.left, ...patch.needs].length).toBeGreaterThan(0);
      }
    },
  );
});

describe('A patch of a file that STM32CubeMX writes', () => {
  const CUBE = `#include "main.h"

/* Private includes ----------------------------------------------------------*/
/* USER CODE BEGIN Includes */
/* USER CODE END Includes */

TIM_HandleTypeDef htim6;
/* USER CODE BEGIN PV */
int own;
/* USER CODE END PV */

void jump(void)
{
  go();
}

int main(void)
{
  /* USER CODE BEGIN 1 */

  /* USER CODE END 1 */
  HAL_Init();
  /* USER CODE BEGIN 2 */
  start();
  /* USER CODE END 2 */
}`;
  const patchAt = (fix: string, line: number, text = CUBE): { readonly patch: Patch; readonly pairOf: (text: string) => string | null } => {
    const found = (): SourceFile => ({ path: 'Core/Src/main.c', lines: text.split('\n'), newer: false, elsewhere: false });
    const place: Place = { pc: '0x08000430', symbol: 'f', file: 'main.c', line };
    const patch = patchOf(resultOf([cause(fix, line, { at: 'entry' })], place), found);
    const after = (applyPatch(text, patch.text) as string).split('\n');
    const pairOf = (text: string): string | null => {
      const before = after.slice(
        0,
        after.findIndex((l) => l.includes(text)),
      );
      const mark = before.findLast((l) => l.includes('USER CODE'));
      return /BEGIN (\w+)/.exec(mark ?? '')?.[1] ?? null;
    };
    return { patch, pairOf };
  };

  it('puts variables, functions and the start of main() where CubeMX keeps them', () => {
    const request = [
      part('file', ', in a NOLOAD section', 'static volatile uint32_t request;'),
      part('main', '', 'if (request) { go_on(); }'),
    ];
    const { patch, pairOf } = patchAt(request.join('\n'), 24);
    expect([pairOf('int request;'), pairOf('  if (request)')]).toEqual(['PV', '1']);
    expect(patch.needs.filter((text) => text.includes('CubeMX'))).toEqual([]);
    const erase = part('file', ', in RAM', 'static void erase_and_jump(void) {', '  work();', '}');
    expect(patchAt(`${erase}\n${part('here', '', 'erase_and_jump();')}`, 24).pairOf('static void erase_and_jump')).toBe('Includes');
  });
  it('a declaration stays in no pair of includes, and goes to the functions where no variables have a pair', () => {
    const declared = part('file', ', in a NOLOAD section', 'static volatile uint32_t request;');
    const request = `${declared}\n${part('here', '', 'request = 1;')}`;
    const inside = CUBE.replace('Includes */\n/* USER CODE END', 'Includes */\n#include <string.h>\n/* USER CODE END');
    expect(patchAt(request, 12, inside).pairOf('int request;')).toBe('PV');
    const functions = CUBE.replaceAll(/(?<=USER CODE (?:BEGIN|END) )PV/g, '0');
    expect(patchAt(request, 24, functions).pairOf('int request;')).toBe('0');
    // above its use
    const { patch, pairOf } = patchAt(request, 9, CUBE.replace('TIM_HandleTypeDef htim6;', 'void f(void)\n{\n  go();\n}'));
    expect(pairOf('int request;')).toBe('Includes');
    expect(patch.needs).toContainEqual(expect.stringContaining('main.c:9 is outside of USER CODE: STM32CubeMX drops the change'));
    const bare = patchAt(
      `${request}\n${part('main', '', 'go_on();')}`,
      9,
      inside.replaceAll(/.*USER CODE (?:BEGIN|END) (?:Inc.*|PV|1) .*\n/g, ''),
    );
    expect(bare.patch.needs).toContainEqual(expect.stringMatching(/main\.c:4, 9, 15 are outside/));
  });
  it('says which line CubeMX writes again, and says nothing of lines that it keeps', () => {
    const kept = patchAt('__enable_irq();', 24);
    expect([kept.pairOf('cpsie i'), kept.patch.needs.filter((text) => text.includes('CubeMX'))]).toEqual(['2', []]);
    const lost = patchAt('__enable_irq();', 22);
    expect([
      lost.pairOf('cpsie i'),
      lost.patch.needs.some((text) => text.includes('main.c:22 is') && text.includes('CubeMX drops')),
    ]).toEqual([null, true]);
    const elsewhere = patched('plain', 'call', 'entry', 12).patch.needs;
    expect(elsewhere.filter((text) => text.includes('CubeMX'))).toEqual([]);
  });
});
