/** What the library takes of results, images and names from callers in JavaScript: checked here, as the functions behind it take each other's word. */
import type { ChipDescription } from './emu/chip.ts';
import { findChip as chipOf, suggestChips as near } from './chips/index.ts';
import { judge as judgeResult, type Judgement } from './bench/documents/expect.ts';
import type { RunResult } from './bench/documents/result.ts';
import type { SafeText } from './bench/documents/safe-text.ts';
import type { Expect } from './bench/documents/scenario-types.ts';
import { mustHaveForm, serialise as written } from './bench/documents/serialise.ts';
import { shown, UsageError } from './bench/documents/usage-error.ts';
import { inferChip as inferred, type InferredChip } from './bench/input/infer-chip.ts';
import type { NamedImage } from './bench/input/part-names.ts';
import { explain as explained, type ExplainedFact } from './report/explain.ts';
import type { StoryOptions } from './report/story/story.ts';
import { terminalReport as reported, type TerminalOptions } from './report/terminal.ts';
import { checkImages } from './library/options.ts';

/** Results that were looked at. */
const known = new WeakSet<RunResult>();
function mustBeResult(result: RunResult): void {
  if (known.has(result)) return;
  try {
    mustHaveForm(result);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${shown(result)} is no result: ${error.message}`, 'give what bench returns');
  }
  known.add(result);
}
function mustBeObject(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${what} is ${shown(value)}`, 'give an object');
}
/** Of two arguments of which the first is right: what goes wrong with it is of the second. */
function withSecond<T>(second: unknown, what: string, does: () => T): T {
  mustBeObject(second, what);
  try {
    return does();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${what} is ${shown(second)}: ${error.message}`);
  }
}
function mustBeName(name: unknown): void {
  if (typeof name !== 'string') throw new UsageError(`the name is ${shown(name)}`, 'give a part, for example stm32h533re');
}

/** Compares a result with what was expected of it. */
export function judge(result: RunResult, expect: Expect): Judgement {
  mustBeResult(result);
  return withSecond(expect, 'what is expected', () => judgeResult(result, expect));
}
/** The document as text, ended by a newline. */
export function serialise(result: RunResult): SafeText {
  mustBeResult(result);
  return written(result);
}
/** The full report as text for a terminal, as `bootbench run -v` prints it. */
export function terminalReport(result: RunResult, options: TerminalOptions = {}): string {
  mustBeResult(result);
  return withSecond(options, 'the second argument', () => reported(result, options));
}
/** Explains a result: what happened, the cause with its line, the fix, the proof and its conditions, what else was seen, and what to do next. */
export function explain(result: RunResult, options: StoryOptions = {}): readonly ExplainedFact[] {
  mustBeResult(result);
  return withSecond(options, 'the second argument', () => explained(result, options));
}
/**
 * Part numbers are `STM32` family(2–4) line … pins(1) flash(1) package(1) temperature(1) [options]: after pins and flash everything is
 * ignored but the package; an `x` stands for any character, unless a part has that letter: STM32H743XI is the one with 240 balls.
 */
export function findChip(name: string): ChipDescription | undefined {
  mustBeName(name);
  return chipOf(name);
}
/** Names near to one that is not in the catalogue, nearest first. */
export function suggestChips(name: string, limit = 3): readonly string[] {
  mustBeName(name);
  if (!Number.isInteger(limit) || limit < 0) throw new UsageError(`limit is ${shown(limit)}`, 'give a whole number');
  return near(name, limit);
}
/**
 * @throws UsageError where several parts fit that differ up to the ROM, where none does, and where the part is known and not modelled
 * @throws ImageError for a file that cannot be read
 */
export function inferChip(images: readonly NamedImage[]): InferredChip {
  checkImages(images);
  if (images.length === 0) throw new UsageError('images is empty', 'give a list of { path, bytes }');
  return inferred(images);
}
