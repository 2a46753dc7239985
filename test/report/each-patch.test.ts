/**
 * Where fixes go in C of any shape, beside where they went (each-patch.txt, which `BOOTBENCH_GOLDEN=write` writes anew): each part of a fix in front of, behind and in place of each line of some sources, as the
 * lines that the patch changes and as what it refuses.
 */
import { expect, it } from 'vitest';
import type { Place, ResultCause, RunResult } from '../../src/bench/documents/result.ts';
import { part } from '../../src/checks/fix-in-c.ts';
import { patchOf } from '../../src/report/patch.ts';
import type { SourceFile } from '../../src/report/source-lines.ts';
import { digest } from '../digest.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { primaskCause, primaskResult, writer } from '../samples/results.ts';

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
/** The lines that a patch changes, where they lie, and all else that it says. */
function told(result: RunResult, text: string, over: Partial<SourceFile> = {}, file = 'main.c'): string {
  const lines = text === '' ? [] : text.split('\n');
  const found = (name: string): SourceFile | null =>
    name === file ? { path: name, lines, newer: false, elsewhere: false, ...over } : null;
  const patch = patchOf(result, found);
  const changed = patch.text.split('\n').filter((line) => /^(?:[-+](?!\+\+ |-- )|@@)/.test(line));
  return [...changed, patch.causes.join(), ...patch.left, ...patch.needs, patch.elsewhere ? 'elsewhere' : '']
    .filter((l) => l !== '')
    .join(' ⏎ ');
}

it('each fix goes where it went', () => {
  const said: string[] = [];
  for (const [name, text] of Object.entries(SOURCES)) {
    const file = name === 'assembler' ? 'start.s' : 'main.c';
    for (const [fix, code] of Object.entries(FIXES))
      for (const at of ['entry', 'before-write', 'redirect', 'keep'] as const) {
        const lines = text.split('\n').map((_, i) => {
          const place: Place = { pc: '0x08000430', symbol: 'f', file, line: i + 1 };
          return told(resultOf([cause(code, i + 1, { at, lastWriter: { ...writer, ...place } })], place), text, {}, file);
        });
        // an edit of the same kind differs in its line alone
        const kinds = [...new Set(lines.map((line) => line.replace(/@@[^@]*@@/, '@@')))];
        said.push(`${name}, ${fix}, ${at}: ${digest(lines.join('\n'))}`, ...(at === 'entry' || at === 'before-write' ? kinds.slice(0, 24).map((l) => `  ${l}`) : []));
      }
  }
  expect(said.length).toBeGreaterThan(300);
  expectAsBefore(said, new URL('./each-patch.txt', import.meta.url));
}); // prettier-ignore

it('several fixes, places that are missing, and addresses of the table go where they went', () => {
  const text = SOURCES['plain']!;
  const place = (line: number | null, file: string | null = 'main.c'): Place => ({ pc: '0x08000430', symbol: 'f', file, line });
  const both = (a: string, b: string, lines: readonly [number, number], from: number): RunResult =>
    resultOf([cause(FIXES[a]!, lines[0]), cause(FIXES[b]!, lines[1], { id: 'msp' })], place(from));
  const pairs = Object.keys(FIXES).flatMap((a) =>
    ['call', 'jump', 'erase', 'declares'].flatMap((b) =>
      ([[10, 12], [12, 12], [15, 10]] as const).map((lines): [string, RunResult] => [`${a} and ${b} ${lines.join()}`, both(a, b, lines, 12)]),
    ),
  ); // prettier-ignore
  const redirect = (wrong: string, line = 8): ResultCause => cause(FIXES['call']!, line, { id: 'entry-address', at: 'redirect', repair: `reads of ${wrong} answer with the words of the table at 0x0bf97000` }); // prettier-ignore
  const cases: [string, RunResult, string, Partial<SourceFile>?][] = [
    ...pairs.map(([name, result]): [string, RunResult, string] => [name, result, text]),
    ...[null, 1, 21, 22, 40].map((line): [string, RunResult, string] => [`line ${line}`, resultOf([cause(FIXES['call']!, line)], place(line)), text]),
    ['no file', resultOf([cause(FIXES['call']!, 3, { lastWriter: null })], place(3, null)), text],
    ['no jump', resultOf([cause(FIXES['call']!, 10)], null), text],
    ['newer', resultOf([cause(FIXES['call']!, 10)], place(10)), text, { newer: true }],
    ['newer and elsewhere', resultOf([cause(FIXES['two']!, 10)], place(10)), text, { newer: true, elsewhere: true }],
    ['by an exception', resultOf([cause(FIXES['call']!, 10)], place(10), { entries: [{ ...primaskResult().entries[0]!, how: 'exception', from: place(14) }] }), text],
    ['jumped into nothing', resultOf([cause(FIXES['jump']!, 10)], null, { entries: [], notes: [{ kind: 'crash', text: 'main.c:12 (f) jumped to 0x00000000' }] }), text],
    ...['0x0bf90000', '0x0bf90004', '0x0bf91000'].flatMap((wrong) => [1, 8, 40].map((line): [string, RunResult, string] => [`redirect ${wrong} ${line}`, resultOf([redirect(wrong, line)], place(10)), SOURCES['braces']!])),
    ...['uint32_t flag = 3, more;', 'uint32_t more, flag;', 'uint32_t flag = (1, 2);', 'uint32_t flag = MAGIC(1, 2) ^ 5;', 'struct key flag = {1, 2};', 'uint32_t more = 1, flag = 2;'].map((declared): [string, RunResult, string] => [`declared ${declared}`, resultOf([cause(FIXES['declaration']!, 2)], place(2)), `int x;\n${declared}`]),
    ...['void f(void) {\n  uint32_t flag;\n}\n\nstatic uint32_t flag;', 'uint32_t flag;\n\n\nint x;\nuint32_t y;'].map((declared, i): [string, RunResult, string] => [`declared ${i}`, resultOf([cause(FIXES['declaration']!, 2)], place(2)), declared]),
    ...[4, 5, 6].map((n): [string, RunResult, string] => [`${n} addresses`, resultOf([redirect('0x0bf90000', 2)], place(3)), Array.from({ length: n }, () => 'go(0x0bf90000);').join('\n')]),
  ]; // prettier-ignore
  const lines = cases.map(([name, result, source, over]) => `${name}: ${told(result, source, over)}`);
  expect(lines.length).toBeGreaterThan(150);
  expectAsBefore(lines, new URL('./each-patch-more.txt', import.meta.url));
});
