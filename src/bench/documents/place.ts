/** Where an instruction is. */

/** `0x` and 8 (addresses, register values) or 4 (USB ids) lower-case digits. */
export type Hex = `0x${string}`;

/** An instruction and its source line. */
export interface Place {
  /** Address of the instruction. */
  readonly pc: Hex;
  /** Function, with an offset if the line is not known; null = the image has no symbols. */
  readonly symbol: string | null;
  /** Source file, relative to the build folder; null = no line information. */
  readonly file: string | null;
  /** Line number from 1; null = no line information. */
  readonly line: number | null;
}
