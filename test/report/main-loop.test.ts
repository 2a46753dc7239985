/** A jump that an interrupt makes, made by the loop of main(): what the file of main() has to be told of the function that jumps. */
import { expect, it } from 'vitest';
import { throughMainLoop } from '../../src/report/patch/main-loop.ts';
import type { SourceFile } from '../../src/report/source-lines.ts';

const DFU = '#include "dfu.h"\nvoid enter_dfu(void)\n{\n  jump();\n}\n';
const ISR = '#include "dfu.h"\nvoid EXTI0_IRQHandler(void)\n{\n  enter_dfu();\n}\n';
const main = (include: string): string => `${include}\nint main(void)\n{\n  while (1) {\n    work();\n  }\n}\n`;

/** The lines that are put in below the includes of main.c. */
function declared(files: Readonly<Record<string, string>>): readonly string[] {
  const find = (path: string): SourceFile | null =>
    path in files ? { path, lines: files[path]!.split('\n'), newer: false, elsewhere: false } : null;
  const sources = Object.assign(find, { codeFiles: () => Object.keys(files).filter((path) => path.endsWith('.c')) });
  const dfu = Object.keys(files).find((path) => path.endsWith('/dfu.c'))!;
  const edits = throughMainLoop('handler-mode', { file: dfu, line: 4 }, sources);
  if (typeof edits === 'string') throw new Error(edits);
  return edits.find((e) => e.how === 'below' && e.file.endsWith('main.c'))!.code.filter((text) => text.includes('enter_dfu'));
}

const HEADER = '#ifndef DFU_H\n#define DFU_H\nvoid enter_dfu(void);\n#endif\n';
const project = (include: string, headers: Readonly<Record<string, string>>, dfu = 'Core/Src/dfu.c'): readonly string[] =>
  declared({ 'Core/Src/main.c': main(include), 'Core/Src/isr.c': ISR, [dfu]: DFU, ...headers });

it('a function without a header gets its prototype', () => {
  expect(project('#include <stdint.h>', {})).toEqual(['void enter_dfu(void);']);
  // one that calls it or names it declares nothing
  const others = 'static inline int now(void) { enter_dfu(); return enter_dfu(); }\n/* see enter_dfu() */\nvoid enter_dfu_later(void);\n';
  expect(project('#include "dfu.h"', { 'Core/Inc/dfu.h': others })).toEqual(['void enter_dfu(void);']);
});
it('a header that declares it is enough: in the folder of headers, by way of another, and beside its own file', () => {
  expect(project('#include "dfu.h"', { 'Core/Inc/dfu.h': HEADER })).toEqual([]);
  const way = { 'Core/Inc/main.h': '#include "app.h"\n', 'Core/Inc/app.h': '#include "main.h"\n  extern void enter_dfu(void);\n' };
  expect(project('#include "main.h"', way)).toEqual([]);
  expect(project('#include "dfu.h"', { 'App/dfu.h': HEADER }, 'App/dfu.c')).toEqual([]);
  expect(project('#include "dfu.h"', { 'App/Inc/dfu.h': HEADER }, 'App/Src/dfu.c')).toEqual([]);
});
it('a header that nobody includes is not', () => {
  expect(project('#include "main.h"', { 'Core/Inc/dfu.h': HEADER })).toEqual(['void enter_dfu(void);']);
});
