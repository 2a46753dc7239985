/** The types of a result as users get it: its texts are strings. Inside of the program they are sentences (sentence.ts). */
import type * as Typed from './result.ts';

/** See `bootbench/run@1`. */
export type After = Typed.After<string>;
/** See `bootbench/run@1`. */
export type AfterResult = Typed.AfterResult<string>;
/** See `bootbench/run@1`. */
export type ResultCause = Typed.ResultCause<string>;
/** See `bootbench/run@1`. */
export type ResultCheck = Typed.ResultCheck<string>;
/** See `bootbench/run@1`. */
export type ResultDiagnosis = Typed.ResultDiagnosis<string>;
/** See `bootbench/run@1`. */
export type RunResult = Typed.RunResult<string>;
/** See `bootbench/run@1`. */
export type SymptomOption = Typed.SymptomOption<string>;
/** See `bootbench/run@1`. */
export type TimelineRow = Typed.TimelineRow<string>;
