/** A variable that its declaration puts into .noinit, and the linker script into .bss: the fix is the script's, and it was not run. */
import { expect, it } from 'vitest';
import { part } from '../../src/checks/fix-in-c.ts';
import { fixOfScript } from '../../src/report/patch/section.ts';
import { shortReport } from '../../src/report/short.ts';
import type { SourceFile, Sources } from '../../src/report/source-lines.ts';
import { primaskCause, primaskResult } from '../samples/results.ts';

const DECLARED = 'static volatile uint32_t flag __attribute__((section(".noinit")));';
const SCRIPT = ['SECTIONS {', '  .bss : { _sbss = .; *(.bss*) *(.noinit) *(.noinit*) _ebss = .; } >RAM', '}'];
const fix = part('declaration', 'of flag (main.c:2)', '__attribute__((section(".noinit"))) volatile uint32_t flag;');
const primask = primaskResult();
const result = {
  ...primask,
  diagnosis: { ...primask.diagnosis, causes: [{ ...primaskCause, fix }] },
};
const fileOf = (lines: readonly string[]): SourceFile => ({ lines, newer: false, home: null }) as unknown as SourceFile;
function told(declaration: string, scripts: readonly string[]): string {
  const files: Readonly<Record<string, SourceFile>> = { 'main.c': fileOf(['#include <stdint.h>', declaration]), 'a.ld': fileOf(SCRIPT) };
  const sources: Sources = Object.assign((file: string) => files[file] ?? null, { linkerScripts: () => scripts });
  return shortReport(result, { sources }).replace(/\s+/g, ' ');
}

it('names the line of the script, where one is beside the image', () => {
  expect(told(DECLARED, ['a.ld'])).toContain('flag (main.c:2) is in .noinit already');
  expect(told(DECLARED, ['a.ld'])).toContain('in a.ld:2, take .noinit out');
  expect(told(DECLARED, [])).toContain('in the linker script, take .noinit out');
});
it('says that the proof kept the word, and did not run that fix', () => {
  expect(told(DECLARED, ['a.ld'])).toContain('with the word kept over the reset (the linker script was not changed)');
});
it('is the declaration where that has no section yet', () => {
  const sources: Sources = () => fileOf(['#include <stdint.h>', 'static volatile uint32_t flag;']);
  expect(fixOfScript({ fix }, sources)).toBeNull();
});
